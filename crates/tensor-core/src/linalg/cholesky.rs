//! The Cholesky factor, `A = L·Lᵀ` (algorithm 4.2.1).

use super::Real;

/// The lower factor of a symmetric positive-definite `a` of `[n, n]`, of which the lower triangle is
/// read; else the index of the first pivot that is not positive.
pub fn cholesky<T: Real>(a: &[T], n: usize) -> Result<Vec<T>, usize> {
    let mut l = vec![T::ZERO; n * n];
    for i in 0..n {
        for j in 0..=i {
            let (row_i, row_j) = (&l[i * n..i * n + j], &l[j * n..j * n + j]);
            let dot = row_i.iter().zip(row_j).fold(T::ZERO, |sum, (&a, &b)| sum + a * b);
            let rest = a[i * n + j] - dot;
            l[i * n + j] = if i > j {
                rest / l[j * n + j]
            } else if rest > T::ZERO {
                rest.sqrt()
            } else {
                return Err(i);
            };
        }
    }
    Ok(l)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_factor() {
        let a = [4.0, 12.0, -16.0, 12.0, 37.0, -43.0, -16.0, -43.0, 98.0f64];
        assert_eq!(cholesky(&a, 3).unwrap(), [2.0, 0.0, 0.0, 6.0, 1.0, 0.0, -8.0, 5.0, 3.0]);
        assert_eq!(cholesky(&[1.0, 2.0, 2.0, 1.0f32], 2), Err(1));
    }
}
