//! QR factors by Householder reflections (algorithm 5.2.1), with LAPACK's signs, and least squares.

use super::{Real, axpy, solve_triangular};

/// The smallest normal numbers by the epsilon.
const SMALL_F32: f64 = f32::MIN_POSITIVE as f64 / f32::EPSILON as f64;
const SMALL_F64: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// `A = Q·R` of `a` `[m, n]`: Q `[m, k]`, R `[k, n]`, k = min(m, n).
pub fn qr<T: Real>(a: &[T], m: usize, n: usize) -> (Vec<T>, Vec<T>) {
    let k = m.min(n);
    let mut r = a.to_vec();
    let mut reflectors: Vec<(Vec<T>, T)> = Vec::with_capacity(k);
    for j in 0..k {
        // v = x ∓ ‖x‖·e₁ scaled to v₁ = 1, H = I − τ·v·vᵀ; R's diagonal gets the sign opposite to x₁'s.
        let mut column: Vec<T> = (j..m).map(|i| r[i * n + j]).collect();
        // Of numbers that have few digits left the reflection would not be orthogonal.
        let largest = column.iter().fold(T::ZERO, |m, x| if x.abs() > m { x.abs() } else { m });
        if largest > T::ZERO && largest < T::of(if size_of::<T>() == 4 { SMALL_F32 } else { SMALL_F64 }) {
            column.iter_mut().for_each(|x| *x = *x / largest);
        }
        let tail = length(&column[1..]);
        let (mut v, mut tau) = (vec![T::ZERO; m - j], T::ZERO);
        v[0] = T::ONE;
        if tail > T::ZERO {
            let norm = length(&[column[0], tail]);
            let beta = if column[0] >= T::ZERO { -norm } else { norm };
            tau = (beta - column[0]) / beta;
            let scale = column[0] - beta;
            v.iter_mut().zip(&column).skip(1).for_each(|(v, &x)| *v = x / scale);
        }
        reflect(&v, tau, &mut r[j * n..], n);
        reflectors.push((v, tau));
    }
    let mut q = vec![T::ZERO; m * k];
    (0..k).for_each(|i| q[i * k + i] = T::ONE);
    for (j, (v, tau)) in reflectors.iter().enumerate().rev() {
        reflect(v, *tau, &mut q[j * k..], k);
    }
    let upper = (0..k * n).map(|e| if e % n >= e / n { r[e] } else { T::ZERO }).collect();
    (q, upper)
}

/// `√Σ x²`, of numbers whose squares may overflow or vanish.
fn length<T: Real>(x: &[T]) -> T {
    let squares = |by: T| x.iter().fold(T::ZERO, |s, &v| s + (v / by) * (v / by));
    let sum = squares(T::ONE);
    if sum > T::of(1e-25) && sum < T::of(1e30) {
        return sum.sqrt();
    }
    let largest = x.iter().fold(T::ZERO, |m, v| if v.abs() > m { v.abs() } else { m });
    if largest > T::ZERO { largest * squares(largest).sqrt() } else { sum.sqrt() }
}

/// `A ← (I − τ·v·vᵀ)·A` over the rows of `a`, of width `n`.
fn reflect<T: Real>(v: &[T], tau: T, a: &mut [T], n: usize) {
    if n == 0 || tau == T::ZERO {
        return;
    }
    let mut w = vec![T::ZERO; n];
    v.iter().zip(a.chunks(n)).for_each(|(&v, row)| axpy(v, row, &mut w));
    v.iter().zip(a.chunks_mut(n)).for_each(|(&v, row)| axpy(-(tau * v), &w, row));
}

/// The least-squares solution of `A·X = B`, `[m, n]·[n, p] = [m, p]`, of full rank; the smallest one
/// when there are several. Else the index of the column (or row) that depends on those before it.
pub fn lstsq<T: Real>(a: &[T], m: usize, n: usize, b: &[T], p: usize) -> Result<Vec<T>, usize> {
    let transposed = |x: &[T], rows: usize, cols: usize| -> Vec<T> {
        (0..rows * cols).map(|e| x[(e % rows) * cols + e / rows]).collect()
    };
    let k = m.min(n);
    let (q, r) = if m >= n { qr(a, m, n) } else { qr(&transposed(a, m, n), n, m) };
    if let Some(zero) = (0..k).find(|&i| r[i * k + i] == T::ZERO) {
        return Err(zero);
    }
    if m >= n {
        // X = R⁻¹·Qᵀ·B
        let mut x = multiply(&transposed(&q, m, k), b, k, m, p);
        solve_triangular(&r, k, &mut x, p, true, false);
        Ok(x)
    } else {
        // A = Rᵀ·Qᵀ: X = Q·R⁻ᵀ·B
        let mut y = b.to_vec();
        solve_triangular(&transposed(&r, k, k), k, &mut y, p, false, false);
        Ok(multiply(&q, &y, n, k, p))
    }
}

fn multiply<T: Real>(a: &[T], b: &[T], rows: usize, inner: usize, cols: usize) -> Vec<T> {
    let mut out = vec![T::ZERO; rows * cols];
    for (i, out) in out.chunks_mut(cols.max(1)).enumerate() {
        (0..inner).for_each(|j| axpy(a[i * inner + j], &b[j * cols..(j + 1) * cols], out));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_multiply_back_and_are_orthogonal() {
        let a = [12.0, -51.0, 4.0, 6.0, 167.0, -68.0, -4.0, 24.0, -41.0f64];
        let (q, r) = qr(&a, 3, 3);
        for (got, want) in r.iter().zip([-14.0, -21.0, 14.0, 0.0, -175.0, 70.0, 0.0, 0.0]) {
            assert!((got - want).abs() < 1e-10, "{r:?}");
        }
        let back = multiply(&q, &r, 3, 3, 3);
        assert!(back.iter().zip(&a).all(|(x, y)| (x - y).abs() < 1e-10));
    }

    #[test]
    fn least_squares_fits_a_line() {
        // y = 1 + 2x with an outlier pair that cancels.
        let a = [1.0, 0.0, 1.0, 1.0, 1.0, 2.0, 1.0, 3.0f64];
        let x = lstsq(&a, 4, 2, &[1.0, 3.0, 5.0, 7.0], 1).unwrap();
        assert!((x[0] - 1.0).abs() < 1e-12 && (x[1] - 2.0).abs() < 1e-12);
        let wide = lstsq(&[1.0, 1.0f64], 1, 2, &[2.0], 1).unwrap();
        assert!(wide.iter().all(|v| (v - 1.0).abs() < 1e-12));
        assert_eq!(lstsq(&[1.0, 0.0, 1.0, 0.0f64], 2, 2, &[1.0, 1.0], 1), Err(1));
    }
}
