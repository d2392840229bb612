//! Triangular systems, `A·X = B` in place, by halves: the rows of X known so far are taken off the others by one
//! product of matrices (recursive TRSM; LAPACK's `trtrs`, Golub & Van Loan 3.1.4). Blocks of a few rows are solved in
//! strips of columns; few columns one by one, by sums along A's rows.

use super::rows::{axpy, dot};
use crate::gemm::{Kernel, MatRef, Sizes, Update, gemm_into};
use crate::simd::{opaque, vectorize_or_compact};

/// Rows that are solved at once.
const LEAF: usize = 8;
/// Columns in a strip.
const STRIP: usize = 32;
/// Columns below which each is solved on its own.
const FEW: usize = 4;

/// A triangular matrix as a function sees it.
#[derive(Clone, Copy)]
pub struct Triangle<'a, T> {
    /// The elements; those of the other triangle are not read.
    pub a: MatRef<'a, T>,
    /// Which triangle.
    pub upper: bool,
    /// Whether the diagonal counts as ones.
    pub unit: bool,
}

impl<'a, T: Kernel> Triangle<'a, T> {
    /// The row-major triangle of `n` columns at the start of `data`.
    pub fn new(data: &'a [T], step: usize, upper: bool, unit: bool) -> Self {
        Triangle { a: MatRef { data, offset: 0, row_stride: step as isize, col_stride: 1 }, upper, unit }
    }

    /// Its transpose.
    pub fn turned(self) -> Self {
        let a = MatRef { row_stride: self.a.col_stride, col_stride: self.a.row_stride, ..self.a };
        Triangle { a, upper: !self.upper, ..self }
    }

    fn at(&self, i: usize, j: usize) -> T {
        self.a.data[self.place(i, j)]
    }

    fn place(&self, i: usize, j: usize) -> usize {
        (self.a.offset as isize + i as isize * self.a.row_stride + j as isize * self.a.col_stride) as usize
    }

    fn part(&self, i: usize, j: usize) -> MatRef<'a, T> {
        MatRef { offset: self.place(i, j), ..self.a }
    }

    /// Solves for `x` `[n, m]`, whose rows begin every `step` elements.
    pub fn solve(self, n: usize, x: &mut [T], m: usize, step: usize) {
        if n == 0 || m == 0 {
            return;
        }
        if m < FEW && n > LEAF {
            let mut column = vec![T::ZERO; n];
            for j in 0..m {
                (0..n).for_each(|i| column[i] = x[i * step + j]);
                self.solve_one(&mut column);
                (0..n).for_each(|i| x[i * step + j] = column[i]);
            }
            return;
        }
        self.halves(n, x, |_| m, step);
    }

    /// Writes the inverse of a lower triangle over `x` `[n, n]`, which must hold ones on its diagonal, else zeros.
    pub fn invert_lower(self, n: usize, x: &mut [T], step: usize) {
        debug_assert!(!self.upper);
        if n > 0 {
            // Row i of the inverse has nothing right of column i.
            self.halves(n, x, |rows| rows, step);
        }
    }

    /// Solves rows `0..n`; `width(i)` says how many columns of the first i rows hold anything.
    fn halves(self, n: usize, x: &mut [T], width: impl Fn(usize) -> usize + Copy, step: usize) {
        self.range(0, n, x, width, step);
    }

    fn range(&self, first: usize, n: usize, x: &mut [T], width: impl Fn(usize) -> usize + Copy, step: usize) {
        if n <= LEAF {
            return self.leaf(first, n, x, width(first + n), step);
        }
        let half = (n / 2).next_multiple_of(LEAF);
        let (above, below) = x.split_at_mut(half * step);
        let middle = first + half;
        let of = |data, part| (part, MatRef { data, offset: 0, row_stride: step as isize, col_stride: 1 });
        if self.upper {
            self.range(middle, n - half, below, width, step);
            let (a, b) = of(&*below, self.part(first, middle));
            let size = Sizes { m: half, n: width(first + n), k: n - half };
            gemm_into(size, a, b, above, step, Update::Sub);
            self.range(first, half, above, width, step);
        } else {
            self.range(first, half, above, width, step);
            let (a, b) = of(&*above, self.part(middle, first));
            let size = Sizes { m: n - half, n: width(middle), k: half };
            gemm_into(size, a, b, below, step, Update::Sub);
            self.range(middle, n - half, below, width, step);
        }
    }

    /// Solves up to [`LEAF`] rows from row `first` of A on, strip by strip.
    fn leaf(&self, first: usize, n: usize, x: &mut [T], m: usize, step: usize) {
        let mut a = [[T::ZERO; LEAF]; LEAF];
        for (i, row) in a.iter_mut().enumerate().take(n) {
            for j in if self.upper { i..n } else { 0..i + 1 } {
                row[j] = if i == j && self.unit { T::ONE } else { self.at(first + i, first + j) };
            }
        }
        let (upper, unit) = (self.upper, self.unit);
        vectorize_or_compact!(T, |COMPACT| {
            for at in (0..m).step_by(STRIP) {
                let cols = STRIP.min(m - at);
                let mut strip = [[T::ZERO; STRIP]; LEAF];
                for (i, row) in strip.iter_mut().take(n).enumerate() {
                    row[..cols].copy_from_slice(&x[i * step + at..][..cols]);
                }
                for turn in 0..n {
                    let i = if upper { n - 1 - turn } else { turn };
                    let mut row = strip[i];
                    for j in if upper { i + 1..n } else { 0..i } {
                        let factor = -a[i][j];
                        for (v, &known) in row[..opaque::<COMPACT, _>(STRIP)].iter_mut().zip(&strip[j]) {
                            *v = factor.fma(opaque::<COMPACT, _>(known), *v);
                        }
                    }
                    if !unit {
                        row.iter_mut().for_each(|v| *v = opaque::<COMPACT, _>(*v) / a[i][i]);
                    }
                    strip[i] = row;
                }
                for (i, row) in strip.iter().take(n).enumerate() {
                    x[i * step + at..][..cols].copy_from_slice(&row[..cols]);
                }
            }
        });
    }

    /// Solves for one vector without gaps.
    fn solve_one(&self, x: &mut [T]) {
        let n = x.len();
        let along_rows = self.a.col_stride == 1;
        let run = |i: usize, j: usize, len: usize| &self.a.data[self.place(i, j)..][..len];
        for turn in 0..n {
            let i = if self.upper { n - 1 - turn } else { turn };
            if along_rows {
                let known = if self.upper { i + 1..n } else { 0..i };
                let row = run(i, known.start, known.len());
                x[i] = x[i] - dot(row, &x[known]);
            }
            if !self.unit {
                x[i] = x[i] / self.at(i, i);
            }
            if !along_rows {
                // A's columns are runs of memory: what is known now is taken off all others.
                let (before, rest) = x.split_at_mut(i);
                let (value, after) = (rest[0], &mut rest[1..]);
                let others = if self.upper { before } else { after };
                axpy(-value, run(if self.upper { 0 } else { i + 1 }, i, others.len()), others);
            }
        }
    }
}
