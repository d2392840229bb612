//! What is asked of matrices, as data: one method of [`crate::Backend`] answers all of it.

use crate::error::Error;

/// A factorisation of matrices, or what follows from one. `A` is `[M, N]`, or `[N, N]` where it is square; K = min(M, N).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinalgOp {
    /// `A` symmetric positive-definite, of which the lower triangle is read: L, `A = L·Lᵀ`.
    Cholesky,
    /// `A⁻¹`
    Inverse,
    /// `A`, `B` `[N, P]`: `A⁻¹·B`.
    Solve,
    /// `A` triangular, `B` `[N, P]`: `A⁻¹·B`. The other triangle is not read.
    SolveTriangular {
        /// Which triangle.
        upper: bool,
        /// Whether the diagonal, not read, counts as ones.
        unit: bool,
    },
    /// The determinant.
    Det,
    /// The determinant's sign, and the logarithm of its magnitude.
    SlogDet,
    /// P `[M, M]`, L `[M, K]`, U `[K, N]`, `A = P·L·U`.
    Lu,
    /// Q `[M, K]`, R `[K, N]`, with LAPACK's signs.
    Qr,
    /// `A` of full rank, `B` `[M, P]`: the least-squares solution `[N, P]`, the smallest of several.
    LeastSquares,
    /// `A` symmetric, of which the lower triangle is read: eigenvalues `[N]`, ascending, and with `vectors` the
    /// eigenvectors as columns, the last nonzero component of each positive.
    Eigh {
        /// Whether eigenvectors are wanted.
        vectors: bool,
    },
    /// With `vectors` U `[M, K]`, S `[K]` descending, Vᵀ `[K, N]`; else S.
    Svd {
        /// Whether singular vectors are wanted.
        vectors: bool,
    },
}

impl LinalgOp {
    /// PyTorch's name of the function, in `torch.linalg`.
    pub fn name(self) -> &'static str {
        match self {
            LinalgOp::Cholesky => "cholesky",
            LinalgOp::Inverse => "inv",
            LinalgOp::Solve => "solve",
            LinalgOp::SolveTriangular { .. } => "solve_triangular",
            LinalgOp::Det => "det",
            LinalgOp::SlogDet => "slogdet",
            LinalgOp::Lu => "lu",
            LinalgOp::Qr => "qr",
            LinalgOp::LeastSquares => "lstsq",
            LinalgOp::Eigh { .. } => "eigh",
            LinalgOp::Svd { .. } => "svd",
        }
    }

    /// The shapes of the results for one matrix `[m, n]`, `p` being the columns of the other operand, if there is one.
    pub fn results(self, [m, n]: [usize; 2], p: usize) -> Vec<Vec<usize>> {
        let k = m.min(n);
        match self {
            LinalgOp::Cholesky | LinalgOp::Inverse => vec![vec![n, n]],
            LinalgOp::Solve | LinalgOp::SolveTriangular { .. } | LinalgOp::LeastSquares => vec![vec![n, p]],
            LinalgOp::Det => vec![vec![]],
            LinalgOp::SlogDet => vec![vec![], vec![]],
            LinalgOp::Lu => vec![vec![m, m], vec![m, k], vec![k, n]],
            LinalgOp::Qr => vec![vec![m, k], vec![k, n]],
            LinalgOp::Eigh { vectors: true } => vec![vec![n], vec![n, n]],
            LinalgOp::Eigh { vectors: false } => vec![vec![n]],
            LinalgOp::Svd { vectors: true } => vec![vec![m, k], vec![k], vec![k, n]],
            LinalgOp::Svd { vectors: false } => vec![vec![k]],
        }
    }

    /// The error that matrix `index` of `count` has, its pivot being what failed.
    pub fn failed(self, index: usize, count: usize, pivot: usize) -> Error {
        let batch = (count > 1).then_some(index);
        match self {
            LinalgOp::Cholesky => Error::NotPositiveDefinite { batch, pivot },
            _ => Error::Singular { op: self.name(), batch, pivot },
        }
    }
}
