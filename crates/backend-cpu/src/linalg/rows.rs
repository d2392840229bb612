//! Sums and updates along rows: the loops that factorisations spend their time in where no product of matrices does.
//!
//! Invariant: a sum is kept in [`LANES`] parts, element i in part i mod `LANES`, which are added up pairwise; so bits
//! depend neither on the width of vectors nor on threads, which divide only results.

use crate::math::Real;
use crate::simd::vectorize;
use crate::threads;

/// Parts of a sum.
const LANES: usize = 16;
/// Rows that share a pass over a vector.
const ROWS: usize = 4;

/// Pairwise.
#[inline(always)]
fn total<T: Real>(mut parts: [T; LANES]) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            parts[i] += parts[i + width];
        }
        width /= 2;
    }
    parts[0]
}

/// Sums of products of `N` rows of `x`, `step` apart, with `y`.
#[inline(always)]
fn dots<T: Real, const N: usize>(x: &[T], step: usize, y: &[T]) -> [T; N] {
    let n = y.len();
    let rows: [&[T]; N] = std::array::from_fn(|i| &x[i * step..][..n]);
    let mut sums = [[T::ZERO; LANES]; N];
    let whole = n - n % LANES;
    for at in (0..whole).step_by(LANES) {
        let y: &[T; LANES] = y[at..at + LANES].try_into().expect("a whole run");
        for (sum, row) in sums.iter_mut().zip(&rows) {
            let row: &[T; LANES] = row[at..at + LANES].try_into().expect("a whole run");
            for i in 0..LANES {
                sum[i] = row[i].fma(y[i], sum[i]);
            }
        }
    }
    for (sum, row) in sums.iter_mut().zip(&rows) {
        for i in whole..n {
            sum[i - whole] = row[i].fma(y[i], sum[i - whole]);
        }
    }
    sums.map(total)
}

/// `Σ x·y`
pub fn dot<T: Real>(x: &[T], y: &[T]) -> T {
    let [sum] = vectorize(
        #[inline(always)]
        || dots::<T, 1>(x, 0, y),
    );
    sum
}

/// `y ← y + s·x`
pub fn axpy<T: Real>(s: T, x: &[T], y: &mut [T]) {
    vectorize(
        #[inline(always)]
        || {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = s.fma(x, *y);
            }
        },
    );
}

/// `x ← s·x`
pub fn scale<T: Real>(s: T, x: &mut [T]) {
    vectorize(
        #[inline(always)]
        || x.iter_mut().for_each(|x| *x = s * *x),
    );
}

/// `√Σ x²`, without overflow or underflow on the way.
pub fn norm<T: Real>(x: &[T]) -> T {
    let sum = dot(x, x);
    let (low, high) = (T::of(1e-25), T::of(1e30));
    if sum > low && sum < high {
        return sum.sqrt();
    }
    let largest = x.iter().fold(T::ZERO, |m, &v| m.max(v.abs()));
    if largest == T::ZERO || !(largest < T::INFINITY) {
        return sum.sqrt();
    }
    let parts = x.iter().fold(T::ZERO, |s, &v| s + (v / largest) * (v / largest));
    largest * parts.sqrt()
}

/// `y[i] = Σ a[i]·x` of the rows of `a`, which begin every `a_row` elements.
pub fn times<T: Real>(a: &[T], a_row: usize, x: &[T], y: &mut [T]) {
    let share = y.len().div_ceil(threads::worth(y.len() * x.len())).next_multiple_of(ROWS).max(ROWS);
    threads::groups(y, share, share * x.len(), |part, y| {
        let a = &a[part * share * a_row..];
        vectorize(
            #[inline(always)]
            || {
                for (i, y) in y.chunks_mut(ROWS).enumerate() {
                    let a = &a[i * ROWS * a_row..];
                    if let Ok(y) = <&mut [T; ROWS]>::try_from(&mut *y) {
                        *y = dots::<T, ROWS>(a, a_row, x);
                    } else {
                        for (k, y) in y.iter_mut().enumerate() {
                            [*y] = dots::<T, 1>(&a[k * a_row..], 0, x);
                        }
                    }
                }
            },
        );
    });
}

/// `y ← y ± Σ x[i]·a[i]` over the rows of `a`, which begin every `a_row` elements.
pub fn add_rows<T: Real>(a: &[T], a_row: usize, x: &[T], y: &mut [T], minus: bool) {
    let share = y.len().div_ceil(threads::worth(y.len() * x.len())).next_multiple_of(LANES).max(LANES);
    threads::groups(y, share, share * x.len(), |part, y| {
        let n = y.len();
        let row = |i: usize| &a[i * a_row + part * share..][..n];
        let factor = |i: usize| if minus { -x[i] } else { x[i] };
        vectorize(
            #[inline(always)]
            || {
                let whole = x.len() - x.len() % ROWS;
                for i in (0..whole).step_by(ROWS) {
                    let [p, q, r, s] = [row(i), row(i + 1), row(i + 2), row(i + 3)];
                    let [a, b, c, d] = [factor(i), factor(i + 1), factor(i + 2), factor(i + 3)];
                    for (k, y) in y.iter_mut().enumerate() {
                        *y = d.fma(s[k], c.fma(r[k], b.fma(q[k], a.fma(p[k], *y))));
                    }
                }
                for i in whole..x.len() {
                    let f = factor(i);
                    for (y, &x) in y.iter_mut().zip(row(i)) {
                        *y = f.fma(x, *y);
                    }
                }
            },
        );
    });
}

/// `x` `[rows, cols]`, whose rows begin every `step` elements, turned: `[cols, rows]` without gaps.
pub fn turned<T: Real>(x: &[T], rows: usize, cols: usize, step: usize) -> Vec<T> {
    const SQUARE: usize = 16;
    let mut out = vec![T::ZERO; rows * cols];
    for i0 in (0..rows).step_by(SQUARE) {
        for j0 in (0..cols).step_by(SQUARE) {
            for i in i0..(i0 + SQUARE).min(rows) {
                for j in j0..(j0 + SQUARE).min(cols) {
                    out[j * rows + i] = x[i * step + j];
                }
            }
        }
    }
    out
}
