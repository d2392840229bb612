//! Sums and updates along rows: the loops that factorisations spend their time in where no product of matrices does.
//!
//! Invariant: a long sum is kept in [`LANES`] parts, element i in part i mod `LANES`, which are added up pairwise, a
//! shorter one in order; so bits depend neither on the width of vectors nor on threads, which divide only results.
//! None is inlined: many call them, and each has a loop for every width.

use crate::math::Real;
use crate::simd::{opaque, vectorize_for, vectorize_or_compact};
use crate::threads;

/// Parts of a sum.
const LANES: usize = 16;
/// Rows that share a pass over a vector.
const ROWS: usize = 4;

/// Pairwise.
#[inline(always)]
fn total<T: Real>(parts: [T; LANES]) -> T {
    let eight: [T; 8] = std::array::from_fn(|i| parts[i] + parts[i + 8]);
    let four: [T; 4] = std::array::from_fn(|i| eight[i] + eight[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// Sums of products of `N` rows of `x`, `step` apart, with `y`.
#[inline(always)]
fn dots<T: Real, const N: usize, const COMPACT: bool>(x: &[T], step: usize, y: &[T]) -> [T; N] {
    let n = y.len();
    let rows: [&[T]; N] = std::array::from_fn(|i| &x[i * step..][..n]);
    if n < LANES {
        let mut sums = [T::ZERO; N];
        for (i, &y) in y.iter().enumerate() {
            for (sum, row) in sums.iter_mut().zip(&rows) {
                *sum = opaque::<COMPACT, _>(row[i]).fma(y, *sum);
            }
        }
        return sums;
    }
    let mut sums = [[T::ZERO; LANES]; N];
    let whole = n - n % LANES;
    for at in (0..whole).step_by(LANES) {
        let y: &[T; LANES] = y[at..at + LANES].try_into().expect("a whole run");
        for (sum, row) in sums.iter_mut().zip(&rows) {
            let row: &[T; LANES] = row[at..at + LANES].try_into().expect("a whole run");
            for i in 0..LANES {
                sum[i] = opaque::<COMPACT, _>(row[i]).fma(y[i], sum[i]);
            }
        }
    }
    if whole < n {
        // What is left is filled up by zeros: indices that vary would keep the sums out of registers.
        let filled = |x: &[T]| {
            let mut run = [T::ZERO; LANES];
            run[..n - whole].copy_from_slice(&x[whole..n]);
            run
        };
        let y = filled(y);
        for (sum, row) in sums.iter_mut().zip(&rows) {
            let row = filled(row);
            for i in 0..LANES {
                sum[i] = opaque::<COMPACT, _>(row[i]).fma(y[i], sum[i]);
            }
        }
    }
    sums.map(total)
}

/// `Σ x·y`
#[inline(never)]
pub fn dot<T: Real>(x: &[T], y: &[T]) -> T {
    let [sum] = vectorize_or_compact!(T, |COMPACT| dots::<T, 1, COMPACT>(x, 0, y));
    sum
}

/// `y ← y + s·x`
#[inline(never)]
pub fn axpy<T: Real>(s: T, x: &[T], y: &mut [T]) {
    vectorize_for::<T, _>(
        #[inline(always)]
        || {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = s.fma(x, *y);
            }
        },
    );
}

/// `x ← s·x`
#[inline(never)]
pub fn scale<T: Real>(s: T, x: &mut [T]) {
    vectorize_for::<T, _>(
        #[inline(always)]
        || x.iter_mut().for_each(|x| *x = s * *x),
    );
}

/// `√Σ x²`, without overflow or underflow on the way.
#[inline(never)]
pub fn norm<T: Real>(x: &[T]) -> T {
    let sum = dot(x, x);
    let (low, high) = (T::of(1e-25), T::of(1e30));
    if sum > low && sum < high {
        return sum.sqrt();
    }
    let largest = x.iter().fold(T::ZERO, |m, &v| m.max(v.abs()));
    if largest > T::ZERO && largest < T::INFINITY {
        let parts = x.iter().fold(T::ZERO, |s, &v| s + (v / largest) * (v / largest));
        return largest * parts.sqrt();
    }
    sum.sqrt()
}

/// `y[i] = Σ a[i]·x` of the rows of `a`, which begin every `a_row` elements.
#[inline(never)]
pub fn times<T: Real>(a: &[T], a_row: usize, x: &[T], y: &mut [T]) {
    let share = y.len().div_ceil(threads::worth(y.len() * x.len())).next_multiple_of(ROWS).max(ROWS);
    threads::groups(y, share, share * x.len(), &|part, y| {
        let a = &a[part * share * a_row..];
        vectorize_or_compact!(T, |COMPACT| {
            for (i, y) in y.chunks_mut(ROWS).enumerate() {
                let a = &a[i * ROWS * a_row..];
                match <&mut [T; ROWS]>::try_from(&mut *y) {
                    Ok(y) if !COMPACT => *y = dots::<T, ROWS, false>(a, a_row, x),
                    _ => y.iter_mut().enumerate().for_each(|(k, y)| *y = dot(&a[k * a_row..][..x.len()], x)),
                }
            }
        });
    });
}

/// `y ← y ± Σ x[i]·a[i]` over the rows of `a`, which begin every `a_row` elements.
#[inline(never)]
pub fn add_rows<T: Real>(a: &[T], a_row: usize, x: &[T], y: &mut [T], minus: bool) {
    let share = y.len().div_ceil(threads::worth(y.len() * x.len())).next_multiple_of(LANES).max(LANES);
    threads::groups(y, share, share * x.len(), &|part, y| {
        let a = &a[part * share..];
        vectorize_or_compact!(T, |COMPACT| {
            if COMPACT {
                strips::<T, 1, 1>(a, a_row, x, y, minus);
            } else if y.len() >= 16 {
                strips::<T, 16, 64>(a, a_row, x, y, minus);
            } else if y.len() >= 4 {
                strips::<T, 4, 4>(a, a_row, x, y, minus);
            } else {
                strips::<T, 1, 1>(a, a_row, x, y, minus);
            }
        });
    });
}

/// [`add_rows`] by strips of `WIDE` columns, then of `W`; the last lies over the one before it.
#[inline(always)]
fn strips<T: Real, const W: usize, const WIDE: usize>(
    a: &[T],
    a_row: usize,
    x: &[T],
    y: &mut [T],
    minus: bool,
) {
    let n = y.len();
    let last = strip::<T, W>(a, a_row, x, y, n - W, minus);
    let mut at = 0;
    while at + WIDE <= n {
        let sums = strip::<T, WIDE>(a, a_row, x, y, at, minus);
        y[at..at + WIDE].copy_from_slice(&sums);
        at += WIDE;
    }
    while at + W <= n {
        let sums = strip::<T, W>(a, a_row, x, y, at, minus);
        y[at..at + W].copy_from_slice(&sums);
        at += W;
    }
    y[n - W..].copy_from_slice(&last);
}

/// What becomes of the `W` numbers of `y` from `at` on, which stay in registers while the rows pass.
#[inline(always)]
fn strip<T: Real, const W: usize>(a: &[T], a_row: usize, x: &[T], y: &[T], at: usize, minus: bool) -> [T; W] {
    let mut sums: [T; W] = y[at..at + W].try_into().expect("a whole strip");
    for (i, &x) in x.iter().enumerate() {
        let factor = if minus { -x } else { x };
        let row: &[T; W] = a[i * a_row + at..][..W].try_into().expect("a whole strip");
        for k in 0..W {
            sums[k] = factor.fma(row[k], sums[k]);
        }
    }
    sums
}

/// `x` `[rows, cols]`, whose rows begin every `step` elements, turned: `[cols, rows]` without gaps.
#[inline(never)]
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
