//! Symmetric matrices to tridiagonal form by Householder reflections, a few columns at a time (LAPACK's `sytrd` and
//! `latrd`; Golub & Van Loan 8.3.1): within a block the matrix stays as it was, and what the block's reflections make of
//! it is two thin matrices that are taken off by one product.

use super::householder::{Block, reflector};
use super::rows::{add_rows, axpy, dot, scale, times};
use crate::gemm::{Kernel, MatRef, Sizes, Update, gemm_into};

/// Columns in a block.
const BLOCK: usize = 32;

/// `A = Q·T·Qᵀ`.
pub struct Tridiagonal<T> {
    /// T's diagonal.
    pub diagonal: Vec<T>,
    /// What is beside it.
    pub beside: Vec<T>,
    /// Q.
    pub blocks: Vec<Block<T>>,
}

/// Reduces `a` `[n, n]`, both of whose triangles are filled; it is destroyed. Without `vectors` Q is not kept.
pub fn reduce<T: Kernel>(a: &mut [T], n: usize, vectors: bool) -> Tridiagonal<T> {
    let (mut diagonal, mut beside) = (vec![T::ZERO; n], vec![T::ZERO; n.saturating_sub(1)]);
    let mut blocks = Vec::new();
    // The block's A − Σ (v·wᵀ + w·vᵀ), as rows v, w, v, w, …
    let mut thin = vec![T::ZERO; 2 * BLOCK.min(n) * n];
    let mut factors = [T::ZERO; 2 * BLOCK];
    let mut first = 0;
    while first + 1 < n {
        let count = BLOCK.min(n - 1 - first);
        let mut taus = [T::ZERO; BLOCK];
        for i in 0..count {
            let (j, next) = (first + i, first + i + 1);
            let (earlier, new) = thin.split_at_mut(2 * i * n);
            let (v, w) = new.split_at_mut(n);
            let factors = &mut factors[..2 * i];
            let v = &mut v[j..];
            v.copy_from_slice(&a[j * n + j..(j + 1) * n]);
            if i > 0 {
                factors.iter_mut().zip(earlier[j..].iter().step_by(n)).for_each(|(to, &from)| *to = from);
                exchange(factors);
                add_rows(&earlier[j..], n, factors, v, true);
            }
            diagonal[j] = v[0];
            v[0] = T::ZERO;
            let (v, w) = (&mut v[1..], &mut w[next..n]);
            (taus[i], beside[j]) = reflector(v);
            // w = τ·(A·v − V·Wᵀ·v − W·Vᵀ·v), less what makes v·wᵀ + w·vᵀ the whole change.
            w.fill(T::ZERO);
            add_rows(&a[next * n + next..], n, v, w, false);
            if i > 0 {
                times(&earlier[next..], n, v, factors);
                exchange(factors);
                add_rows(&earlier[next..], n, factors, w, true);
            }
            scale(taus[i], w);
            axpy(-T::of(0.5) * taus[i] * dot(w, v), v, w);
        }
        let rest = first + count;
        let thin = &thin[..2 * count * n];
        if rest + 1 < n {
            let mut other = Vec::with_capacity(thin.len());
            for two in thin.chunks(2 * n) {
                other.extend_from_slice(&two[n..]);
                other.extend_from_slice(&two[..n]);
            }
            let size = Sizes { m: n - rest, n: n - rest, k: 2 * count };
            let left = MatRef { data: thin, offset: rest, row_stride: 1, col_stride: n as isize };
            let right = MatRef { data: &other, offset: rest, row_stride: n as isize, col_stride: 1 };
            gemm_into(size, left, right, &mut a[rest * (n + 1)..], n, Update::Sub);
        } else {
            // One number is left.
            let change = thin.chunks(2 * n).fold(T::ZERO, |sum, two| sum + two[n - 1] * two[2 * n - 1]);
            a[n * n - 1] = a[n * n - 1] - (change + change);
        }
        if vectors {
            let mut rows = Vec::with_capacity(count * (n - first - 1));
            for (i, two) in thin.chunks(2 * n).enumerate() {
                rows.extend(std::iter::repeat_n(T::ZERO, i));
                rows.extend_from_slice(&two[first + i + 1..n]);
            }
            blocks.push(Block::new(first + 1, n - first - 1, rows, &taus[..count]));
        }
        first = rest;
    }
    if n > 0 {
        diagonal[n - 1] = a[n * n - 1];
    }
    Tridiagonal { diagonal, beside, blocks }
}

/// What belongs to v now belongs to w, and the other way round.
fn exchange<T>(pairs: &mut [T]) {
    pairs.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
}
