//! LU factors with partial pivoting, `P·A = L·U` (algorithm 3.4.1), and what follows from them.

use super::{Real, axpy, solve_triangular};

/// The factors of a matrix `[m, n]`, and the row exchanges.
#[derive(Clone, Debug)]
pub struct Lu<T> {
    m: usize,
    n: usize,
    /// U on and above the diagonal, L (with ones on its own) below.
    factors: Vec<T>,
    /// Row `order[i]` of the matrix is row i of the product.
    order: Vec<usize>,
    odd: bool,
    singular: Option<usize>,
}

impl<T: Real> Lu<T> {
    /// Factors a square `a` of `[n, n]`. A zero pivot is noted, see [`Lu::singular`].
    pub fn new(a: &[T], n: usize) -> Self {
        Lu::rectangular(a, n, n)
    }

    /// Factors `a` of `[m, n]`; determinants, solutions and inverses are those of square ones.
    pub fn rectangular(a: &[T], m: usize, n: usize) -> Self {
        let mut lu = Lu { m, n, factors: a.to_vec(), order: (0..m).collect(), odd: false, singular: None };
        for k in 0..m.min(n) {
            let size = |lu: &Self, i: usize| lu.factors[i * n + k].abs();
            let mut pivot = k;
            for i in k + 1..m {
                if size(&lu, i) > size(&lu, pivot) {
                    pivot = i;
                }
            }
            if size(&lu, pivot) == T::ZERO {
                lu.singular.get_or_insert(k);
                continue;
            }
            if pivot != k {
                let (above, below) = lu.factors.split_at_mut(pivot * n);
                above[k * n..(k + 1) * n].swap_with_slice(&mut below[..n]);
                lu.order.swap(k, pivot);
                lu.odd = !lu.odd;
            }
            let (top, rest) = lu.factors.split_at_mut((k + 1) * n);
            let lead = &top[k * n..];
            for row in rest.chunks_mut(n) {
                let factor = row[k] / lead[k];
                row[k] = factor;
                axpy(-factor, &lead[k + 1..], &mut row[k + 1..]);
            }
        }
        lu
    }

    /// Factors computed elsewhere: U on and above the diagonal of `factors`, L below; row `order[i]` of the matrix is
    /// row i of the product, after an `odd` number of exchanges or not; the first zero pivot.
    pub fn assemble(
        [m, n]: [usize; 2],
        factors: Vec<T>,
        order: Vec<usize>,
        odd: bool,
        singular: Option<usize>,
    ) -> Self {
        assert!(factors.len() == m * n && order.len() == m, "sizes of the factors");
        Lu { m, n, factors, order, odd, singular }
    }

    /// U on and above the diagonal of `[m, n]`, L below it.
    pub fn factors(&self) -> &[T] {
        &self.factors
    }

    /// The rows of the matrix in the order of the product's.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Index of the first zero pivot, if the matrix is singular.
    pub fn singular(&self) -> Option<usize> {
        self.singular
    }

    /// The determinant: the product of the pivots, signed by the row exchanges.
    pub fn det(&self) -> T {
        let sign = if self.odd { -T::ONE } else { T::ONE };
        (0..self.n).fold(sign, |product, i| product * self.factors[i * self.n + i])
    }

    /// The sign of the determinant (0 when singular), and the logarithm of its magnitude.
    pub fn slogdet(&self) -> (T, T) {
        let mut sign = if self.odd { -T::ONE } else { T::ONE };
        let mut sum = T::ZERO;
        for i in 0..self.n {
            let pivot = self.factors[i * self.n + i];
            sign = if pivot == T::ZERO {
                T::ZERO
            } else if pivot < T::ZERO {
                -sign
            } else {
                sign
            };
            sum = sum + pivot.abs().ln();
        }
        (sign, sum)
    }

    /// The factors in full, `A = P·L·U`, k = min(m, n): P `[m, m]` permutes rows, L `[m, k]` has ones on
    /// its diagonal, U is `[k, n]`.
    pub fn parts(&self) -> [Vec<T>; 3] {
        let (m, n, k) = (self.m, self.n, self.m.min(self.n));
        let mut p = vec![T::ZERO; m * m];
        (0..m).for_each(|i| p[self.order[i] * m + i] = T::ONE);
        let below = |i: usize, j: usize| if i == j { T::ONE } else { self.factors[i * n + j] };
        let l = (0..m * k).map(|e| if e / k >= e % k { below(e / k, e % k) } else { T::ZERO }).collect();
        let u = (0..k * n).map(|e| if e % n >= e / n { self.factors[e] } else { T::ZERO }).collect();
        [p, l, u]
    }

    /// Solves `A·X = B` for `B` of `[n, m]`; the matrix must not be singular.
    pub fn solve(&self, b: &[T], m: usize) -> Vec<T> {
        let mut x: Vec<T> =
            self.order.iter().flat_map(|&row| b[row * m..(row + 1) * m].iter().copied()).collect();
        solve_triangular(&self.factors, self.n, &mut x, m, false, true);
        solve_triangular(&self.factors, self.n, &mut x, m, true, false);
        x
    }

    /// The inverse; the matrix must not be singular.
    pub fn inverse(&self) -> Vec<T> {
        let n = self.n;
        let mut eye = vec![T::ZERO; n * n];
        (0..n).for_each(|i| eye[i * n + i] = T::ONE);
        self.solve(&eye, n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_matrices() {
        let a = [0.0, 2.0, 1.0, 1.0, 1.0, 0.0, 4.0, 0.0, 3.0f64];
        let lu = Lu::new(&a, 3);
        assert!((lu.det() - -10.0).abs() < 1e-12);
        let x = lu.solve(&[5.0, 2.0, 13.0], 1);
        let back: Vec<f64> = a.chunks(3).map(|r| r.iter().zip(&x).map(|(a, x)| a * x).sum()).collect();
        for (b, want) in back.iter().zip([5.0, 2.0, 13.0]) {
            assert!((b - want).abs() < 1e-12);
        }
        let singular = Lu::new(&[1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 1.0, 0.0, 1.0f32], 3);
        assert_eq!((singular.singular(), singular.det()), (Some(2), 0.0));
        assert_eq!((Lu::<f64>::new(&[], 0).det(), Lu::<f64>::new(&[], 0).inverse().len()), (1.0, 0));
    }

    #[test]
    fn the_inverse_of_a_hilbert_matrix_is_whole() {
        let n = 5;
        let hilbert: Vec<f64> = (0..n * n).map(|k| 1.0 / (k / n + k % n + 1) as f64).collect();
        let inverse = Lu::new(&hilbert, n).inverse();
        for (got, want) in inverse.iter().zip([25.0, -300.0, 1050.0, -1400.0, 630.0]) {
            assert!((got - want).abs() < 1e-7, "{got} {want}");
        }
    }
}
