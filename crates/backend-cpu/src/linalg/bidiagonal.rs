//! Matrices to upper bidiagonal form by Householder reflections from both sides, a few columns and rows at a time
//! (LAPACK's `gebrd` and `labrd`; Golub & Van Loan 5.4.8): within a block the matrix stays as it was, and what the
//! block's reflections make of it is two thin matrices that are taken off by one product.

use super::householder::{Block, reflector};
use super::rows::{add_rows, axpy, scale, times};
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

/// Reduces `a` `[m, n]`, m ≥ n; it is destroyed. Without `vectors` Q and P are not kept.
pub fn reduce<T: Kernel>(a: &mut [T], m: usize, n: usize, vectors: bool) -> Bidiagonal<T> {
    let (mut diagonal, mut above) = (vec![T::ZERO; n], vec![T::ZERO; n.saturating_sub(1)]);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    // The block's A − Σ (v·yᵀ + x·uᵀ), as rows v, x, v, x, … and y, u, y, u, …
    let most = 2 * BLOCK.min(n);
    let (mut tall, mut wide) = (vec![T::ZERO; most * m], vec![T::ZERO; most * n]);
    let mut factors = [T::ZERO; 2 * BLOCK];
    for first in (0..n).step_by(BLOCK) {
        let count = BLOCK.min(n - first);
        let (mut taus_v, mut taus_u) = ([T::ZERO; BLOCK], [T::ZERO; BLOCK]);
        for i in 0..count {
            let (j, next, done) = (first + i, first + i + 1, 2 * i);
            // A column as it is by now.
            let (earlier, v) = tall.split_at_mut(done * m);
            let (v, x) = v.split_at_mut(m);
            let v = &mut v[j..];
            v.iter_mut().zip(a[j * n + j..].iter().step_by(n)).for_each(|(to, &from)| *to = from);
            entries(&wide[j..], n, &mut factors[..done]);
            if i > 0 {
                add_rows(&earlier[j..], m, &factors[..done], v, true);
            }
            (taus_v[i], diagonal[j]) = reflector(v);
            if next == n {
                continue;
            }
            // y = τ·(Aᵀ·v − Y·Vᵀ·v − U·Xᵀ·v)
            let (sides, y) = wide.split_at_mut(done * n);
            let (y, u) = y.split_at_mut(n);
            let (y, u) = (&mut y[next..], &mut u[next..n]);
            y.fill(T::ZERO);
            add_rows(&a[j * n + next..], n, v, y, false);
            if i > 0 {
                times(&earlier[j..], m, v, &mut factors[..done]);
                add_rows(&sides[next..], n, &factors[..done], y, true);
            }
            scale(taus_v[i], y);
            // A row as it is by now; v has a one there.
            u.copy_from_slice(&a[j * n + next..next * n]);
            if i > 0 {
                entries(&earlier[j..], m, &mut factors[..done]);
                add_rows(&sides[next..], n, &factors[..done], u, true);
            }
            axpy(-T::ONE, y, u);
            (taus_u[i], above[j]) = reflector(u);
            // x = τ·(A·u − V·Yᵀ·u − X·Uᵀ·u)
            let x = &mut x[next..m];
            times(&a[next * n + next..], n, u, x);
            times(&wide[next..], n, &wide[(done + 1) * n + next..(done + 2) * n], &mut factors[..done + 1]);
            let (earlier, x) = tall.split_at_mut((done + 1) * m);
            let x = &mut x[next..m];
            add_rows(&earlier[next..], m, &factors[..done + 1], x, true);
            scale(taus_u[i], x);
        }
        let rest = first + count;
        if rest < n {
            let size = Sizes { m: m - rest, n: n - rest, k: 2 * count };
            let a_part = MatRef { data: &tall, offset: rest, row_stride: 1, col_stride: m as isize };
            let b_part = MatRef { data: &wide, offset: rest, row_stride: n as isize, col_stride: 1 };
            gemm_into(size, a_part, b_part, &mut a[rest * (n + 1)..], n, Update::Sub);
        }
        if vectors {
            left.push(kept(&tall, m, first, &taus_v[..count]));
            let count = count.min(n - 1 - first);
            if count > 0 {
                right.push(kept(&wide[n..], n, first + 1, &taus_u[..count]));
            }
        }
    }
    Bidiagonal { diagonal, above, left, right }
}

/// The first elements of rows that begin every `step` elements.
fn entries<T: Kernel>(rows: &[T], step: usize, out: &mut [T]) {
    out.iter_mut().zip(rows.iter().step_by(step)).for_each(|(to, &from)| *to = from);
}

/// Every other row of `rows` as the vectors of a block of reflections.
fn kept<T: Kernel>(rows: &[T], step: usize, start: usize, taus: &[T]) -> Block<T> {
    let mut vectors = Vec::with_capacity(taus.len() * (step - start));
    for i in 0..taus.len() {
        vectors.extend(std::iter::repeat_n(T::ZERO, i));
        vectors.extend_from_slice(&rows[2 * i * step + start + i..(2 * i + 1) * step]);
    }
    Block::new(start, step - start, vectors, taus)
}
