//! The Cholesky factor by halves (LAPACK's `potrf2`; Golub & Van Loan 4.2.6), as the upper `U = Lᵀ`: so every part of
//! it is made of runs of memory, and all but small squares on the diagonal is done by products of matrices.

use super::rows::turned;
use super::triangular::Triangle;
use crate::gemm::{Kernel, MatRef, Sizes, Update, gemm_into};
use crate::simd::{opaque, vectorize_or_compact};

/// Columns up to which a square is factored by plain loops.
const LEAF: usize = 16;
/// Rows of the rest that are updated at once: right of the diagonal, so that little is computed in vain.
const BAND: usize = 96;

/// The lower factor of `a` `[n, n]`, of which the lower triangle is read, into `l`; else the index of the first pivot
/// that is not positive.
pub fn cholesky<T: Kernel>(a: &[T], n: usize, l: &mut [T]) -> Result<(), usize> {
    let mut u = turned(a, n, n, n);
    factor(&mut u, n, n, 0)?;
    (0..n).for_each(|i| u[i * n..][..i].fill(T::ZERO));
    l.copy_from_slice(&turned(&u, n, n, n));
    Ok(())
}

/// Factors the leading `[n, n]` of `u`, whose rows begin every `step` elements; `first` is its place on the diagonal.
fn factor<T: Kernel>(u: &mut [T], n: usize, step: usize, first: usize) -> Result<(), usize> {
    if n <= LEAF {
        return leaf(u, n, step).map_err(|pivot| first + pivot);
    }
    let half = (n / 2).next_multiple_of(LEAF);
    let rest = n - half;
    factor(u, half, step, first)?;
    let mut square = vec![T::ZERO; half * half];
    square.chunks_mut(half).zip(u.chunks(step)).for_each(|(to, from)| to.copy_from_slice(&from[..half]));
    Triangle::new(&square, half, true, false).turned().solve(half, &mut u[half..], rest, step);
    let (above, below) = u.split_at_mut(half * step);
    for at in (0..rest).step_by(BAND) {
        let columns = half + at;
        let part = |row_stride, col_stride| MatRef { data: &*above, offset: columns, row_stride, col_stride };
        let size = Sizes { m: BAND.min(rest - at), n: n - columns, k: half };
        let (left, right) = (part(1, step as isize), part(step as isize, 1));
        gemm_into(size, left, right, &mut below[at * step + columns..], step, Update::Sub);
    }
    factor(&mut below[half..], rest, step, first + half)
}

fn leaf<T: Kernel>(u: &mut [T], n: usize, step: usize) -> Result<(), usize> {
    let mut square = [[T::ZERO; LEAF]; LEAF];
    square.iter_mut().zip(u.chunks(step)).take(n).for_each(|(to, from)| to[..n].copy_from_slice(&from[..n]));
    vectorize_or_compact!(T, |COMPACT| {
        for k in 0..n {
            let pivot = square[k][k];
            let positive = pivot > T::ZERO; // NaN is not
            if !positive {
                return Err(k);
            }
            let root = pivot.sqrt();
            square[k][..opaque::<COMPACT, _>(LEAF)]
                .iter_mut()
                .for_each(|v| *v = opaque::<COMPACT, _>(*v) / root);
            let row = square[k];
            for i in k + 1..n {
                let factor = -row[i];
                for (v, &x) in square[i][..opaque::<COMPACT, _>(LEAF)].iter_mut().zip(&row) {
                    *v = factor.fma(opaque::<COMPACT, _>(x), *v);
                }
            }
        }
        Ok(())
    })?;
    square.iter().zip(u.chunks_mut(step)).take(n).for_each(|(from, to)| to[..n].copy_from_slice(&from[..n]));
    Ok(())
}
