//! Linear algebra, computed on the host in single or double precision, with gradients written in
//! matrix products (Giles 2008, *Collected matrix derivative results*).

use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::linalg::{self, Lu, Real};
use tensor_core::{Element, Error, RawTensor, Result, Shape, check};

/// Rows, columns and number of a batch of matrices.
#[track_caller]
pub(super) fn sizes(op: &str, a: &Tensor, square: bool) -> (usize, usize, usize) {
    check::float(op, a.dtype());
    if a.rank() < 2 || (square && a.dim(-1) != a.dim(-2)) {
        let kind = if square { "square matrices" } else { "matrices" };
        check::fail(
            op,
            format!("needs {kind}, shape is {}", a.shape()),
            "the last two dimensions are the matrix",
        );
    }
    let (m, n) = (a.dim(-2), a.dim(-1));
    (m, n, a.shape()[..a.rank() - 2].iter().product())
}

/// Which matrix of a batch failed, when there is more than one.
pub(super) fn which(index: usize, count: usize) -> Option<usize> {
    (count > 1).then_some(index)
}

#[track_caller]
pub(super) fn host<T: Element>(values: Vec<T>, shape: Shape, like: &Tensor) -> Result<RawTensor> {
    RawTensor::from_host(&values.into(), shape, like.device())
}

/// Runs `$body` with `$T` standing for the element type.
macro_rules! by_type {
    ($x:expr, $T:ident => $body:expr) => {
        if $x.dtype() == tensor_core::DType::F64 {
            type $T = f64;
            $body
        } else {
            type $T = f32;
            $body
        }
    };
}

pub(super) use by_type;

fn inverses<T: Real>(a: &Tensor, n: usize, count: usize) -> Result<RawTensor> {
    let values = a.to_vec::<T>();
    let mut out = Vec::with_capacity(values.len());
    for index in 0..count {
        let lu = Lu::new(&values[index * n * n..][..n * n], n);
        if let Some(pivot) = lu.singular() {
            return Err(Error::Singular { op: "inv", batch: which(index, count), pivot });
        }
        out.extend(lu.inverse());
    }
    host(out, *a.shape(), a)
}

impl Tensor {
    /// The inverse of square matrices, `[…, N, N]`.
    ///
    /// # Errors
    /// [`Error::Singular`] with the index of the zero pivot.
    #[track_caller]
    pub fn inverse(&self) -> Result<Tensor> {
        let (n, _, count) = sizes("inverse", self, true);
        let out = by_type!(self, T => inverses::<T>(self, n, count))?;
        Ok(record("LinalgInvExBackward0", [self], Keep::OUTPUT, out, |ctx, g| {
            // ∂A = −A⁻ᵀ·G·A⁻ᵀ
            let y = ctx.output().transpose(-2, -1);
            [Some(-y.matmul(g).matmul(&y))]
        }))
    }

    /// The solution of `self·X = b`: `[…, N, N], [N] or […, N, M]`.
    ///
    /// # Errors
    /// [`Error::Singular`] with the index of the zero pivot.
    #[track_caller]
    pub fn solve(&self, b: &Tensor) -> Result<Tensor> {
        fn raw<T: Real>(a: &Tensor, b: &Tensor, n: usize, m: usize, count: usize) -> Result<RawTensor> {
            let (left, right) = (a.to_vec::<T>(), b.to_vec::<T>());
            let mut out = Vec::with_capacity(right.len());
            for index in 0..count {
                let lu = Lu::new(&left[index * n * n..][..n * n], n);
                if let Some(pivot) = lu.singular() {
                    return Err(Error::Singular { op: "solve", batch: which(index, count), pivot });
                }
                out.extend(lu.solve(&right[index * n * m..][..n * m], m));
            }
            host(out, *b.shape(), b)
        }
        let (n, _, count) = sizes("solve", self, true);
        if b.rank() == 1 {
            return Ok(self.solve(&b.unsqueeze(1))?.squeeze_dim(-1));
        }
        if b.rank() != self.rank() || b.shape()[..b.rank() - 1] != self.shape()[..self.rank() - 1] {
            check::fail(
                "solve",
                format!("shapes {} and {} do not fit", self.shape(), b.shape()),
                "b is [N], or [.., N, M] with the same batch",
            );
        }
        let out = by_type!(self, T => raw::<T>(self, b, n, b.dim(-1), count))?;
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
        fn raw<T: Real>(a: &Tensor, n: usize, count: usize) -> Vec<T> {
            let values = a.to_vec::<T>();
            (0..count).map(|i| Lu::new(&values[i * n * n..][..n * n], n).det()).collect()
        }
        let (n, _, count) = sizes("det", self, true);
        let shape = Shape::new(&self.shape()[..self.rank() - 2]);
        let out = by_type!(self, T => host(raw::<T>(self, n, count), shape, self));
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
    /// [`Error::NotPositiveDefinite`] with the index of the pivot.
    #[track_caller]
    pub fn cholesky(&self) -> Result<Tensor> {
        fn raw<T: Real>(a: &Tensor, n: usize, count: usize) -> Result<RawTensor> {
            let values = a.to_vec::<T>();
            let mut out = Vec::with_capacity(values.len());
            for index in 0..count {
                let l = linalg::cholesky(&values[index * n * n..][..n * n], n)
                    .map_err(|pivot| Error::NotPositiveDefinite { batch: which(index, count), pivot })?;
                out.extend(l);
            }
            host(out, *a.shape(), a)
        }
        let (n, _, count) = sizes("cholesky", self, true);
        let out = by_type!(self, T => raw::<T>(self, n, count))?;
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
