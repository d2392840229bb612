//! Every [`LinalgOp`] on one matrix.

use super::{Lu, Real, cholesky, eigh, lstsq, qr, solve_triangular, svd};
use crate::op::LinalgOp;

/// A row-major operand.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    /// `rows × cols` elements.
    pub data: &'a [T],
    /// How many rows.
    pub rows: usize,
    /// How many columns.
    pub cols: usize,
}

/// The results for one matrix, or the index of the pivot that failed. Eigenvalues and singular values are computed in
/// double precision, all else in that of the elements.
pub fn apply<T: Real>(op: LinalgOp, args: &[Matrix<T>]) -> Result<Vec<Vec<T>>, usize> {
    let Matrix { data: a, rows: m, cols: n } = args[0];
    let double = || a.iter().map(|x| x.double()).collect::<Vec<f64>>();
    let rounded = |x: Vec<f64>| x.into_iter().map(T::of).collect::<Vec<T>>();
    match op {
        LinalgOp::Eigh { vectors } => {
            let (values, columns) = eigh(&double(), n);
            Ok(if vectors { vec![rounded(values), rounded(columns)] } else { vec![rounded(values)] })
        }
        LinalgOp::Svd { vectors } => {
            let (u, s, vt) = svd(&double(), m, n);
            Ok(if vectors { vec![rounded(u), rounded(s), rounded(vt)] } else { vec![rounded(s)] })
        }
        _ => eliminate(op, args),
    }
}

/// [`apply`] for what takes a fixed number of steps: all but eigenvalues and singular values.
///
/// # Panics
/// For those two.
pub fn eliminate<T: Real>(op: LinalgOp, args: &[Matrix<T>]) -> Result<Vec<Vec<T>>, usize> {
    let (Matrix { data: a, rows: m, cols: n }, b) = (args[0], args.last().copied().unwrap_or(args[0]));
    let regular = || {
        let lu = Lu::new(a, n);
        lu.singular().map_or(Ok(lu), Err)
    };
    Ok(match op {
        LinalgOp::Cholesky => vec![cholesky(a, n)?],
        LinalgOp::Inverse => vec![regular()?.inverse()],
        LinalgOp::Solve => vec![regular()?.solve(b.data, b.cols)],
        LinalgOp::SolveTriangular { upper, unit } => {
            let mut x = b.data.to_vec();
            solve_triangular(a, n, &mut x, b.cols, upper, unit);
            vec![x]
        }
        LinalgOp::Det => vec![vec![Lu::new(a, n).det()]],
        LinalgOp::SlogDet => {
            let (sign, log) = Lu::new(a, n).slogdet();
            vec![vec![sign], vec![log]]
        }
        LinalgOp::Lu => Lu::rectangular(a, m, n).parts().into(),
        LinalgOp::Qr => {
            let (q, r) = qr(a, m, n);
            vec![q, r]
        }
        LinalgOp::LeastSquares => vec![lstsq(a, m, n, b.data, b.cols)?],
        LinalgOp::Eigh { .. } | LinalgOp::Svd { .. } => unreachable!("{op:?} is not eliminated"),
    })
}
