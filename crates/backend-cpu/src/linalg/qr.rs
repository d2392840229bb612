//! QR factors by blocks of Householder reflections (LAPACK's `geqrf`; Golub & Van Loan 5.2.3), and least squares.

use super::householder::{Block, product, reflector};
use super::rows::{axpy, dot, turned};
use super::triangular::Triangle;
use crate::gemm::Kernel;
use crate::math::Real;

/// Columns in a block.
const BLOCK: usize = 32;

/// The reflections that make `a` `[m, n]` upper triangular, in place: R is on and above its diagonal.
pub fn reduce<T: Kernel>(a: &mut [T], m: usize, n: usize) -> Vec<Block<T>> {
    let k = m.min(n);
    let mut blocks = Vec::with_capacity(k.div_ceil(BLOCK));
    for start in (0..k).step_by(BLOCK) {
        let (count, len) = (BLOCK.min(k - start), m - start);
        // Columns as runs of memory.
        let mut panel = turned(&a[start * (n + 1)..], len, count, n);
        let mut taus = [T::ZERO; BLOCK];
        for j in 0..count {
            let (done, rest) = panel.split_at_mut((j + 1) * len);
            let v = &mut done[j * len + j..];
            let (tau, beta) = reflector(v);
            for other in rest.chunks_mut(len) {
                let other = &mut other[j..];
                axpy(-tau * dot(v, other), v, other);
            }
            taus[j] = tau;
            // What is above the vector belongs to R.
            let column = &mut done[j * len..][..len];
            for (i, v) in column[..j].iter_mut().enumerate() {
                a[(start + i) * n + start + j] = std::mem::replace(v, T::ZERO);
            }
            a[(start + j) * (n + 1)] = beta;
        }
        let block = Block::new(start, len, panel, &taus[..count]);
        block.apply(&mut a[start * n..][start + count.min(n - start)..], n - start - count, n, true);
        blocks.push(block);
    }
    blocks
}

/// R `[k, n]` of what [`reduce`] left, into `r`.
pub fn upper<T: Real>(a: &[T], k: usize, n: usize, r: &mut [T]) {
    for (i, (to, from)) in r.chunks_mut(n.max(1)).zip(a.chunks(n.max(1))).take(k).enumerate() {
        to[..i.min(n)].fill(T::ZERO);
        to[i.min(n)..].copy_from_slice(&from[i.min(n)..]);
    }
}

/// Q `[m, k]` and R `[k, n]`.
pub fn qr<T: Kernel>(a: &[T], m: usize, n: usize, q: &mut [T], r: &mut [T]) {
    let mut work = a.to_vec();
    let blocks = reduce(&mut work, m, n);
    let k = m.min(n);
    upper(&work, k, n, r);
    q.copy_from_slice(&product(&blocks, m, k));
}

/// The least-squares solution `[n, p]` of `A·X = B`, the smallest one if there are several, into `x`; else the index
/// of the column (or row) that depends on those before it.
pub fn lstsq<T: Kernel>(a: &[T], m: usize, n: usize, b: &[T], p: usize, x: &mut [T]) -> Result<(), usize> {
    let (tall, k) = (m >= n, m.min(n));
    let mut work = if tall { a.to_vec() } else { turned(a, m, n, n) };
    let blocks = if tall { reduce(&mut work, m, n) } else { reduce(&mut work, n, m) };
    if let Some(zero) = (0..k).find(|&i| work[i * k + i] == T::ZERO) {
        return Err(zero);
    }
    let r = Triangle::new(&work, k, true, false);
    if tall {
        // X = R⁻¹·Qᵀ·B
        let mut y = b.to_vec();
        blocks.iter().for_each(|block| block.apply(&mut y[block.start * p..], p, p, true));
        r.solve(k, &mut y, p, p);
        x.copy_from_slice(&y[..n * p]);
    } else {
        // A = Rᵀ·Qᵀ: X = Q·R⁻ᵀ·B
        x.fill(T::ZERO);
        x[..k * p].copy_from_slice(b);
        r.turned().solve(k, &mut x[..k * p], p, p);
        blocks.iter().rev().for_each(|block| block.apply(&mut x[block.start * p..], p, p, false));
    }
    Ok(())
}
