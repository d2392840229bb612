//! The product of matrices, `C = act(A·B + bias)`.
//!
//! Each element's sum runs over k in order, by fused multiply-adds, whatever the vector width, the
//! tile or the number of threads: vectors and threads only divide M and N.

use crate::math::Real;
use crate::simd::vectorize;
use crate::threads;

/// Rows and columns of the register tile.
const MR: usize = 8;
const NR: usize = 32;

/// A matrix in memory: element (i, j) is at `offset + i·row_stride + j·col_stride`.
#[derive(Clone, Copy, Debug)]
pub struct MatRef<'a, T> {
    /// The memory.
    pub data: &'a [T],
    /// Where element (0, 0) is.
    pub offset: usize,
    /// From one row to the next.
    pub row_stride: isize,
    /// From one column to the next.
    pub col_stride: isize,
}

impl<T: Copy> MatRef<'_, T> {
    #[inline(always)]
    fn at(&self, i: usize, j: usize) -> T {
        self.data
            [(self.offset as isize + i as isize * self.row_stride + j as isize * self.col_stride) as usize]
    }
}

/// What happens to each element on its way out.
#[derive(Clone, Copy, Debug)]
pub enum Epilogue<'a, T> {
    /// Nothing.
    None,
    /// A number per column is added.
    Bias(&'a [T]),
    /// A number per column is added, then max(·, 0).
    BiasRelu(&'a [T]),
    /// max(·, 0)
    Relu,
}

/// `[M, K] · [K, N] → c` of `[M, N]`, row-major, overwritten.
#[expect(clippy::too_many_arguments, reason = "three sizes and three matrices, as every gemm has")]
pub fn gemm<T: Real>(
    m: usize,
    n: usize,
    k: usize,
    a: MatRef<T>,
    b: MatRef<T>,
    c: &mut [T],
    epilogue: Epilogue<T>,
    threads: usize,
) {
    if m == 0 || n == 0 {
        return;
    }
    let panels = n.div_ceil(NR);
    let mut packed = vec![T::ZERO; panels * k * NR];
    for (panel, out) in packed.chunks_mut((k * NR).max(1)).enumerate() {
        let width = NR.min(n - panel * NR);
        for (p, row) in out.chunks_mut(NR).enumerate() {
            for (j, o) in row[..width].iter_mut().enumerate() {
                *o = b.at(p, panel * NR + j);
            }
        }
    }
    let band = if threads > 1 && m * n * k > 1 << 20 { m.div_ceil(threads).next_multiple_of(MR) } else { m };
    threads::groups_uneven(c, band * n, k * 64, |index, c| {
        let mut left = vec![T::ZERO; k * MR];
        for (tile, c) in c.chunks_mut(MR * n).enumerate() {
            let first = index * band + tile * MR;
            let rows = c.len() / n;
            for (p, column) in left.chunks_mut(MR).enumerate() {
                for (i, o) in column[..rows].iter_mut().enumerate() {
                    *o = a.at(first + i, p);
                }
            }
            for (panel, right) in packed.chunks((k * NR).max(1)).enumerate() {
                let tile = vectorize(
                    #[inline(always)]
                    || kernel(&left, right),
                );
                store(&tile, c, n, panel * NR, epilogue);
            }
            if k == 0 {
                for panel in 0..panels {
                    store(&[[T::ZERO; NR]; MR], c, n, panel * NR, epilogue);
                }
            }
        }
    });
}

#[inline(always)]
fn kernel<T: Real>(left: &[T], right: &[T]) -> [[T; NR]; MR] {
    let mut tile = [[T::ZERO; NR]; MR];
    for (column, row) in left.chunks_exact(MR).zip(right.chunks_exact(NR)) {
        for (line, &a) in tile.iter_mut().zip(column) {
            for (c, &b) in line.iter_mut().zip(row) {
                *c = a.fma(b, *c);
            }
        }
    }
    tile
}

fn store<T: Real>(tile: &[[T; NR]; MR], c: &mut [T], n: usize, column: usize, epilogue: Epilogue<T>) {
    let width = NR.min(n - column);
    let relu = |v: T| if v <= T::ZERO { T::ZERO } else { v };
    for (line, c) in tile.iter().zip(c.chunks_mut(n)) {
        for (j, (o, &v)) in c[column..column + width].iter_mut().zip(line).enumerate() {
            *o = match epilogue {
                Epilogue::None => v,
                Epilogue::Bias(bias) => v + bias[column + j],
                Epilogue::BiasRelu(bias) => relu(v + bias[column + j]),
                Epilogue::Relu => relu(v),
            };
        }
    }
}
