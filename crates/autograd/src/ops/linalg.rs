//! Linear algebra by the device's [`LinalgOp`]s, with gradients written in matrix products (Giles 2008, *Collected
//! matrix derivative results*).

use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{LinalgOp, RawTensor, Result, check};

/// Rows, columns and number of a batch of matrices.
#[track_caller]
pub(super) fn sizes(op: &str, a: &Tensor, square: bool) -> (usize, usize, usize) {
    check::float(op, a.dtype());
    if a.rank() < 2 || (square && a.dim(-1) != a.dim(-2)) {
        let kind = if square { "square matrices" } else { "matrices" };
        check::fail(
            op,
            format_args!("needs {kind}, shape is {}", a.shape()),
            "the last two dimensions are the matrix",
        );
    }
    let (m, n) = (a.dim(-2), a.dim(-1));
    (m, n, a.shape()[..a.rank() - 2].iter().product())
}

/// The only result of a function of matrices.
pub(super) fn one(results: Result<Vec<RawTensor>>) -> Result<RawTensor> {
    results.map(|mut all| all.swap_remove(0))
}

impl Tensor {
    /// The inverse of square matrices, `[…, N, N]`.
    ///
    /// # Errors
    /// [`tensor_core::Error::Singular`] with the index of the zero pivot.
    #[track_caller]
    pub fn inverse(&self) -> Result<Tensor> {
        sizes("inverse", self, true);
        let out = one(self.raw().linalg(LinalgOp::Inverse, None))?;
        Ok(record("LinalgInvExBackward0", [self], Keep::OUTPUT, out, |ctx, g| {
            // ∂A = −A⁻ᵀ·G·A⁻ᵀ
            let y = ctx.output().transpose(-2, -1);
            [Some(-y.matmul(g).matmul(&y))]
        }))
    }

    /// The solution of `self·X = b`: `[…, N, N], [N] or […, N, M]`.
    ///
    /// # Errors
    /// [`tensor_core::Error::Singular`] with the index of the zero pivot.
    #[track_caller]
    pub fn solve(&self, b: &Tensor) -> Result<Tensor> {
        sizes("solve", self, true);
        if b.rank() == 1 {
            return Ok(self.solve(&b.unsqueeze(1))?.squeeze_dim(-1));
        }
        if b.rank() != self.rank() || b.shape()[..b.rank() - 1] != self.shape()[..self.rank() - 1] {
            check::fail(
                "solve",
                format_args!("shapes {} and {} do not fit", self.shape(), b.shape()),
                "b is [N], or [.., N, M] with the same batch",
            );
        }
        let out = one(self.raw().linalg(LinalgOp::Solve, Some(b.raw())))?;
        Ok(record("LinalgSolveExBackward0", [self, b], Keep::FIRST.and(Keep::OUTPUT), out, |ctx, g| {
            // ∂B = A⁻ᵀ·G, ∂A = −∂B·Xᵀ; the forward pass met no zero pivot, so neither does this.
            let db = check::done("solve", ctx.input(0).transpose(-2, -1).contiguous().solve(g));
            let da = ctx.needs(0).then(|| -db.matmul(&ctx.output().transpose(-2, -1)));
            [da, ctx.needs(1).then(|| db.clone())]
        }))
    }

    /// The determinant of square matrices, `[…, N, N] → […]`; 0 for singular ones.
    #[track_caller]
    pub fn det(&self) -> Tensor {
        sizes("det", self, true);
        let out = one(self.raw().linalg(LinalgOp::Det, None));
        record(
            "LinalgDetBackward0",
            [self],
            Keep::FIRST.and(Keep::OUTPUT),
            check::done("det", out),
            |ctx, g| {
                // ∂A = g·(the cofactors of A), which are det·A⁻ᵀ when there is an inverse.
                let (x, g) = (ctx.input(0), g.unsqueeze(-1).unsqueeze(-1));
                let cofactors = match x.inverse() {
                    Ok(inverse) => ctx.output().unsqueeze(-1).unsqueeze(-1) * inverse.mt(),
                    Err(_) => x.cofactors(),
                };
                [Some(g * cofactors)]
            },
        )
    }

    /// The cofactors of square matrices, also of singular ones: det(U·Vᵀ)·U·diag(Π of the other σ)·Vᵀ.
    fn cofactors(&self) -> Tensor {
        let (u, s, vt) = self.svd(false);
        let sign = u.matmul(&vt).detach().det().round().unsqueeze(-1).unsqueeze(-1);
        let others = s.products_of_others();
        sign * (u * others.unsqueeze(-2)).matmul(&vt)
    }

    /// The lower Cholesky factor of symmetric positive-definite matrices: `A = L·Lᵀ`.
    ///
    /// # Errors
    /// [`tensor_core::Error::NotPositiveDefinite`] with the index of the pivot.
    #[track_caller]
    pub fn cholesky(&self) -> Result<Tensor> {
        sizes("cholesky", self, true);
        let out = one(self.raw().linalg(LinalgOp::Cholesky, None))?;
        Ok(record("LinalgCholeskyExBackward0", [self], Keep::OUTPUT, out, |ctx, g| {
            // With Φ taking the lower triangle and half the diagonal: S = L⁻ᵀ·Φ(Lᵀ·G)·L⁻¹, symmetrised.
            let l = ctx.output();
            let inverse = check::done("cholesky", l.inverse());
            let p = l.transpose(-2, -1).matmul(&g.tril(0));
            let phi = (p.tril(0) + p.tril(-1)) * 0.5;
            let s = inverse.transpose(-2, -1).matmul(&phi).matmul(&inverse);
            [Some((&s + s.transpose(-2, -1)) * 0.5)]
        }))
    }
}
