//! LU factors with partial pivoting, by halves of the columns (Toledo 1997; LAPACK's `getrf2`): a few columns at a
//! time are turned and factored as runs of memory; all else is triangular solutions and products of matrices.

use super::rows::{axpy, turned};
use super::triangular::Triangle;
use crate::gemm::{Kernel, MatRef, Sizes, Update, gemm_into};
use tensor_core::linalg::Lu;

/// Columns that are factored by plain loops.
const LEAF: usize = 8;

/// A matrix on its way to its factors.
struct Work<'a, T> {
    a: &'a mut [T],
    m: usize,
    n: usize,
    order: Vec<usize>,
    odd: bool,
    singular: Option<usize>,
}

/// Factors `a` `[m, n]`.
pub fn factor<T: Kernel + tensor_core::linalg::Real>(a: &[T], m: usize, n: usize) -> Lu<T> {
    let mut factors = a.to_vec();
    let mut work = Work { a: &mut factors, m, n, order: (0..m).collect(), odd: false, singular: None };
    let k = m.min(n);
    work.columns(0, k);
    if k < n {
        work.rest(0, k, n);
    }
    let (order, odd, singular) = (work.order, work.odd, work.singular);
    Lu::assemble([m, n], factors, order, odd, singular)
}

impl<T: Kernel> Work<'_, T> {
    /// Factors columns `from..to` below row `from`, what lies left of them being done.
    fn columns(&mut self, from: usize, to: usize) {
        if to - from <= LEAF {
            return self.leaf(from, to);
        }
        let middle = from + ((to - from) / 2).next_multiple_of(LEAF);
        self.columns(from, middle);
        self.rest(from, middle, to);
        self.columns(middle, to);
    }

    /// Brings columns `middle..to` up to date with the factored ones `from..middle`.
    fn rest(&mut self, from: usize, middle: usize, to: usize) {
        let (m, n, k) = (self.m, self.n, middle - from);
        let (above, below) = self.a.split_at_mut(middle * n);
        let above = &mut above[from * n..];
        let part = |rows: &[T], from: usize| -> Vec<T> {
            rows.chunks(n).flat_map(|row| row[from..from + k].iter().copied()).collect()
        };
        let square = part(above, from);
        Triangle::new(&square, k, false, true).solve(k, &mut above[middle..], to - middle, n);
        if middle < m {
            let left = part(below, from);
            let size = Sizes { m: m - middle, n: to - middle, k };
            let a = MatRef { data: &left, offset: 0, row_stride: k as isize, col_stride: 1 };
            let b = MatRef { data: &*above, offset: middle, row_stride: n as isize, col_stride: 1 };
            gemm_into(size, a, b, &mut below[middle..], n, Update::Sub);
        }
    }

    fn leaf(&mut self, from: usize, to: usize) {
        let (n, rows, cols) = (self.n, self.m - from, to - from);
        let mut panel = turned(&self.a[from * n + from..], rows, cols, n);
        let mut exchanged = [0; LEAF];
        for k in 0..cols {
            let (done, rest) = panel.split_at_mut((k + 1) * rows);
            let column = &mut done[k * rows..];
            let mut pivot = k;
            for i in k + 1..rows {
                if abs(column[i]) > abs(column[pivot]) {
                    pivot = i;
                }
            }
            exchanged[k] = pivot;
            if abs(column[pivot]) == T::ZERO {
                self.singular.get_or_insert(from + k);
                continue;
            }
            let lead = column[pivot];
            column.swap(k, pivot);
            column[k + 1..].iter_mut().for_each(|v| *v = *v / lead);
            for other in rest.chunks_mut(rows) {
                other.swap(k, pivot);
                let (top, below) = other.split_at_mut(k + 1);
                axpy(-top[k], &column[k + 1..], below);
            }
            done[..k * rows].chunks_mut(rows).for_each(|earlier| earlier.swap(k, pivot));
        }
        for (k, &pivot) in exchanged.iter().enumerate().take(cols) {
            if pivot != k {
                let (above, below) = self.a.split_at_mut((from + pivot) * n);
                above[(from + k) * n..][..n].swap_with_slice(&mut below[..n]);
                self.order.swap(from + k, from + pivot);
                self.odd = !self.odd;
            }
        }
        for (i, row) in self.a[from * n..].chunks_mut(n).enumerate() {
            for (j, v) in row[from..to].iter_mut().enumerate() {
                *v = panel[j * rows + i];
            }
        }
    }
}

fn abs<T: crate::math::Real>(x: T) -> T {
    x.abs()
}

/// The solution of `A·X = B` for `b` of `[n, m]`, from A's factors, into `x`.
pub fn solve<T: Kernel + tensor_core::linalg::Real>(lu: &Lu<T>, n: usize, b: &[T], m: usize, x: &mut [T]) {
    for (to, &from) in x.chunks_mut(m.max(1)).zip(lu.order()) {
        to.copy_from_slice(&b[from * m..][..m]);
    }
    Triangle::new(lu.factors(), n, false, true).solve(n, x, m, m);
    Triangle::new(lu.factors(), n, true, false).solve(n, x, m, m);
}

/// The inverse, `U⁻¹·L⁻¹·P`, into `x`.
pub fn inverse<T: Kernel + tensor_core::linalg::Real>(lu: &Lu<T>, n: usize, x: &mut [T]) {
    let mut y = vec![<T as crate::math::Real>::ZERO; n * n];
    (0..n).for_each(|i| y[i * n + i] = <T as crate::math::Real>::ONE);
    Triangle::new(lu.factors(), n, false, true).invert_lower(n, &mut y, n);
    Triangle::new(lu.factors(), n, true, false).solve(n, &mut y, n, n);
    // P moves columns.
    for (to, from) in x.chunks_mut(n.max(1)).zip(y.chunks(n.max(1))) {
        lu.order().iter().zip(from).for_each(|(&place, &v)| to[place] = v);
    }
}
