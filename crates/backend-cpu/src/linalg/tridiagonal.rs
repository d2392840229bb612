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

/// Reduces `a` `[n, n]`, both of whose triangles are filled; it is destroyed.
pub fn reduce<T: Kernel>(a: &mut [T], n: usize) -> Tridiagonal<T> {
    let (mut diagonal, mut beside) = (vec![T::ZERO; n], vec![T::ZERO; n.saturating_sub(1)]);
    let mut blocks = Vec::new();
    let mut first = 0;
    while first + 1 < n {
        let count = BLOCK.min(n - 1 - first);
        // The vectors v, then the w of A − v·wᵀ − w·vᵀ, as rows.
        let mut thin = vec![T::ZERO; 2 * count * n];
        let mut taus = Vec::with_capacity(count);
        for i in 0..count {
            let (j, next) = (first + i, first + i + 1);
            let (v, w) = thin.split_at_mut(count * n);
            let entries = |rows: &[T]| -> Vec<T> { (0..i).map(|k| rows[k * n + j]).collect() };
            let mut column = a[j * n + j..(j + 1) * n].to_vec();
            add_rows(&v[j..], n, &entries(w), &mut column, true);
            add_rows(&w[j..], n, &entries(v), &mut column, true);
            diagonal[j] = column[0];
            let (tau, beta) = reflector(&mut column[1..]);
            (beside[j], column) = (beta, column.split_off(1));
            // w = τ·(A·v − V·Wᵀ·v − W·Vᵀ·v), made orthogonal to v.
            let (earlier, new) = w.split_at_mut(i * n);
            let new = &mut new[next..n];
            times(&a[next * n + next..], n, &column, new);
            let mut shares = vec![T::ZERO; 2 * i];
            let (along_v, along_w) = shares.split_at_mut(i);
            if i > 0 {
                times(&v[next..], n, &column, along_v);
                times(&earlier[next..], n, &column, along_w);
                add_rows(&v[next..], n, along_w, new, true);
                add_rows(&earlier[next..], n, along_v, new, true);
            }
            scale(tau, new);
            axpy(-T::of(0.5) * tau * dot(new, &column), &column, new);
            v[i * n + next..(i + 1) * n].copy_from_slice(&column);
            taus.push(tau);
        }
        let rest = first + count;
        let (v, w) = thin.split_at(count * n);
        let other = [w, v].concat();
        let size = Sizes { m: n - rest, n: n - rest, k: 2 * count };
        let left = MatRef { data: &thin, offset: rest, row_stride: 1, col_stride: n as isize };
        let right = MatRef { data: &other, offset: rest, row_stride: n as isize, col_stride: 1 };
        gemm_into(size, left, right, &mut a[rest * (n + 1)..], n, Update::Sub);
        let vectors = v.chunks(n).flat_map(|v| v[first + 1..].iter().copied()).collect();
        blocks.push(Block::new(first + 1, n - first - 1, vectors, &taus));
        first = rest;
    }
    if n > 0 {
        diagonal[n - 1] = a[n * n - 1];
    }
    Tridiagonal { diagonal, beside, blocks }
}
