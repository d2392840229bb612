//! Matrices to upper bidiagonal form by Householder reflections from both sides, a few columns and rows at a time
//! (LAPACK's `gebrd` and `labrd`; Golub & Van Loan 5.4.8): within a block the matrix stays as it was, and what the
//! block's reflections make of it is two thin matrices that are taken off by one product.

use super::householder::{Block, reflector};
use super::rows::{add_rows, scale, times};
use crate::gemm::{Kernel, MatRef, Sizes, Update, gemm_into};

/// Columns in a block.
const BLOCK: usize = 32;

/// `A = Q·B·Pᵀ`.
pub struct Bidiagonal<T> {
    /// B's diagonal.
    pub diagonal: Vec<T>,
    /// What is above it.
    pub above: Vec<T>,
    /// Q, the reflections of rows.
    pub left: Vec<Block<T>>,
    /// P, those of columns.
    pub right: Vec<Block<T>>,
}

/// Reduces `a` `[m, n]`, m ≥ n; it is destroyed.
pub fn reduce<T: Kernel>(a: &mut [T], m: usize, n: usize) -> Bidiagonal<T> {
    let (mut diagonal, mut above) = (vec![T::ZERO; n], vec![T::ZERO; n.saturating_sub(1)]);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for first in (0..n).step_by(BLOCK) {
        let count = BLOCK.min(n - first);
        // A − v·yᵀ − x·uᵀ: the vectors v, then x, as rows; y, then u, likewise.
        let (mut tall, mut wide) = (vec![T::ZERO; 2 * count * m], vec![T::ZERO; 2 * count * n]);
        let (v, x) = tall.split_at_mut(count * m);
        let (y, u) = wide.split_at_mut(count * n);
        let (mut taus_v, mut taus_u) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for i in 0..count {
            let (j, next) = (first + i, first + i + 1);
            let entries = |rows: &[T], step: usize, upto: usize| -> Vec<T> {
                (0..upto).map(|k| rows[k * step + j]).collect()
            };
            let mut column: Vec<T> = (j..m).map(|row| a[row * n + j]).collect();
            add_rows(&v[j..], m, &entries(y, n, i), &mut column, true);
            add_rows(&x[j..], m, &entries(u, n, i), &mut column, true);
            let (tau, beta) = reflector(&mut column);
            diagonal[j] = beta;
            taus_v.push(tau);
            v[i * m + j..(i + 1) * m].copy_from_slice(&column);
            if next == n {
                continue;
            }
            let mut shares = vec![T::ZERO; 2 * (i + 1)];
            let (along_first, along_second) = shares.split_at_mut(i + 1);
            // y = τ·(Aᵀ·v − Y·Vᵀ·v − U·Xᵀ·v)
            let (earlier, new) = y.split_at_mut(i * n);
            let new = &mut new[next..n];
            add_rows(&a[j * n + next..], n, &column, new, false);
            if i > 0 {
                times(&v[j..], m, &column, &mut along_first[..i]);
                times(&x[j..], m, &column, &mut along_second[..i]);
                add_rows(&earlier[next..], n, &along_first[..i], new, true);
                add_rows(&u[next..], n, &along_second[..i], new, true);
            }
            scale(tau, new);
            // The row as it is by now.
            let mut row = a[j * n + next..next * n].to_vec();
            add_rows(&y[next..], n, &entries(v, m, i + 1), &mut row, true);
            add_rows(&u[next..], n, &entries(x, m, i), &mut row, true);
            let (tau, beta) = reflector(&mut row);
            above[j] = beta;
            taus_u.push(tau);
            u[i * n + next..(i + 1) * n].copy_from_slice(&row);
            // x = τ·(A·u − V·Yᵀ·u − X·Uᵀ·u)
            let (earlier, new) = x.split_at_mut(i * m);
            let new = &mut new[next..m];
            times(&a[next * n + next..], n, &row, new);
            times(&y[next..], n, &row, along_first);
            add_rows(&v[next..], m, along_first, new, true);
            if i > 0 {
                times(&u[next..], n, &row, &mut along_second[..i]);
                add_rows(&earlier[next..], m, &along_second[..i], new, true);
            }
            scale(tau, new);
        }
        let rest = first + count;
        if rest < n {
            let size = Sizes { m: m - rest, n: n - rest, k: 2 * count };
            let a_part = MatRef { data: &tall, offset: rest, row_stride: 1, col_stride: m as isize };
            let b_part = MatRef { data: &wide, offset: rest, row_stride: n as isize, col_stride: 1 };
            gemm_into(size, a_part, b_part, &mut a[rest * (n + 1)..], n, Update::Sub);
        }
        let vectors = tall.chunks(m).take(count).flat_map(|v| v[first..].iter().copied()).collect();
        left.push(Block::new(first, m - first, vectors, &taus_v));
        if !taus_u.is_empty() {
            let rows = wide.chunks(n).skip(count).take(taus_u.len());
            let vectors = rows.flat_map(|u| u[first + 1..].iter().copied()).collect();
            right.push(Block::new(first + 1, n - first - 1, vectors, &taus_u));
        }
    }
    Bidiagonal { diagonal, above, left, right }
}
