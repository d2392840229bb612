//! Householder reflections in blocks, `H₁·H₂·… = I − V·T·Vᵀ` (compact WY, Schreiber & Van Loan 1989; LAPACK's `larfg`,
//! `larft`, `larfb`; Golub & Van Loan 5.1.7), so that applying them is three products of matrices.

use super::rows::{dot, norm, scale};
use crate::gemm::{Kernel, MatRef, Sizes, Update, gemm_into};
use crate::math::Real;

/// Makes `x` the vector v of the reflection `I − τ·v·vᵀ`, v₁ = 1, that turns it into (β, 0, …): (τ, β). β has the sign
/// opposite to x₁'s, as LAPACK has it.
pub fn reflector<T: Real>(x: &mut [T]) -> (T, T) {
    let alpha = x[0];
    x[0] = T::ONE;
    let tail = norm(&x[1..]);
    if tail == T::ZERO {
        return (T::ZERO, alpha);
    }
    let (low, high) = if alpha.abs() < tail { (alpha.abs(), tail) } else { (tail, alpha.abs()) };
    let length = high * (T::ONE + low / high * (low / high)).sqrt();
    if length < T::TINY {
        // So few digits are left that the reflection would not be orthogonal.
        x[0] = alpha;
        scale(T::ONE / T::TINY, x);
        let (tau, beta) = reflector(x);
        return (tau, beta * T::TINY);
    }
    let beta = if alpha < T::ZERO { length } else { -length };
    scale(T::ONE / (alpha - beta), &mut x[1..]);
    ((beta - alpha) / beta, beta)
}

/// Reflections one after the other, of vectors that begin at row `start`.
pub struct Block<T> {
    /// The row of the first vector's one.
    pub start: usize,
    /// How many.
    count: usize,
    /// Elements of a vector; vector i begins with i zeros.
    len: usize,
    vectors: Vec<T>,
    t: Vec<T>,
}

fn whole<T>(data: &[T], step: usize) -> MatRef<'_, T> {
    MatRef { data, offset: 0, row_stride: step as isize, col_stride: 1 }
}

fn flipped<T>(data: &[T], step: usize) -> MatRef<'_, T> {
    MatRef { data, offset: 0, row_stride: 1, col_stride: step as isize }
}

impl<T: Kernel> Block<T> {
    /// The reflections of the rows of `vectors`, each `len` long.
    pub fn new(start: usize, len: usize, vectors: Vec<T>, taus: &[T]) -> Self {
        let count = taus.len();
        let mut t = vec![T::ZERO; count * count];
        for j in 0..count {
            // The new column is −τ·T·Vᵀ·v.
            let v = &vectors[j * len..][..len];
            let inner: Vec<T> = (0..j).map(|i| dot(&vectors[i * len + j..][..len - j], &v[j..])).collect();
            for i in 0..j {
                let sum = (i..j).fold(T::ZERO, |s, k| s + t[i * count + k] * inner[k]);
                t[i * count + j] = -taus[j] * sum;
            }
            t[j * count + j] = taus[j];
        }
        Block { start, count, len, vectors, t }
    }

    /// `C ← H₁·H₂·…·C`, or `…·H₂·H₁·C` with `back`, over rows of C from the vectors' start on: `c` begins there, has
    /// `cols` columns and a row every `step` elements.
    pub fn apply(&self, c: &mut [T], cols: usize, step: usize, back: bool) {
        let (count, len) = (self.count, self.len);
        if cols == 0 || count == 0 {
            return;
        }
        let mut w = vec![T::ZERO; 2 * count * cols];
        let (inner, weighted) = w.split_at_mut(count * cols);
        let size = Sizes { m: count, n: cols, k: len };
        gemm_into(size, whole(&self.vectors, len), whole(c, step), inner, cols, Update::Write);
        let t = if back { flipped(&self.t, count) } else { whole(&self.t, count) };
        let size = Sizes { k: count, ..size };
        gemm_into(size, t, whole(inner, cols), weighted, cols, Update::Write);
        let size = Sizes { m: len, n: cols, k: count };
        gemm_into(size, flipped(&self.vectors, len), whole(weighted, cols), c, step, Update::Sub);
    }
}

/// The first `k` columns of `H₁·H₂·…` of all blocks, `[m, k]`, where no column before a block's start is touched by it.
pub fn product<T: Kernel>(blocks: &[Block<T>], m: usize, k: usize) -> Vec<T> {
    let mut q = vec![T::ZERO; m * k];
    (0..k.min(m)).for_each(|i| q[i * k + i] = T::ONE);
    for block in blocks.iter().rev() {
        if block.start < k {
            block.apply(&mut q[block.start * (k + 1)..], k - block.start, k, false);
        }
    }
    q
}
