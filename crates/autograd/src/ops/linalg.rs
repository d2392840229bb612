//! Linear algebra, computed on the host in single or double precision, with gradients written in
//! matrix products (Giles 2008, *Collected matrix derivative results*).

use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::linalg::{self, Lu, Real};
use tensor_core::{DType, Element, Error, RawTensor, Result, Shape, check};

/// Rows, columns and number of a batch of matrices.
#[track_caller]
fn sizes(op: &str, a: &Tensor, square: bool) -> (usize, usize, usize) {
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
fn which(index: usize, count: usize) -> Option<usize> {
    (count > 1).then_some(index)
}

#[track_caller]
fn host<T: Element>(values: Vec<T>, shape: Shape, like: &Tensor) -> Result<RawTensor> {
    RawTensor::from_host(&values.into(), shape, like.device())
}

/// Runs `$body` with `$T` standing for the element type.
macro_rules! by_type {
    ($x:expr, $T:ident => $body:expr) => {
        if $x.dtype() == DType::F64 {
            type $T = f64;
            $body
        } else {
            type $T = f32;
            $body
        }
    };
}

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
                // ∂A = g·det·A⁻ᵀ
                let scale = (g * ctx.output()).unsqueeze(-1).unsqueeze(-1);
                let inverse = check::done("det", ctx.input(0).inverse());
                [Some(scale * inverse.transpose(-2, -1))]
            },
        )
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

    /// `A = Q·R` of a matrix `[M, N]`: Q `[M, K]` with orthonormal columns, R `[K, N]` upper
    /// triangular, K = min(M, N). Without gradients.
    #[track_caller]
    pub fn qr(&self) -> (Tensor, Tensor) {
        fn raw<T: Real>(a: &Tensor, m: usize, n: usize) -> Result<(RawTensor, RawTensor)> {
            let (q, r) = linalg::qr(&a.to_vec::<T>(), m, n);
            let k = m.min(n);
            Ok((host(q, Shape::new(&[m, k]), a)?, host(r, Shape::new(&[k, n]), a)?))
        }
        let (m, n, _) = sizes("qr", self, false);
        if self.rank() != 2 {
            check::fail("qr", format!("needs one matrix, shape is {}", self.shape()), "");
        }
        let (q, r) = check::done("qr", by_type!(self, T => raw::<T>(self, m, n)));
        (Tensor::from_raw(q), Tensor::from_raw(r))
    }

    /// The least-squares solution of `self·X = b`: `[M, N], [M] or [M, P] → [N] or [N, P]`, of full
    /// rank; the smallest one when there are several. Without gradients.
    ///
    /// # Errors
    /// [`Error::Singular`] when the matrix is not of full rank.
    #[track_caller]
    pub fn lstsq(&self, b: &Tensor) -> Result<Tensor> {
        fn raw<T: Real>(a: &Tensor, b: &Tensor, m: usize, n: usize, p: usize) -> Result<RawTensor> {
            let x = linalg::lstsq(&a.to_vec::<T>(), m, n, &b.to_vec::<T>(), p)
                .map_err(|pivot| Error::Singular { op: "lstsq", batch: None, pivot })?;
            host(x, Shape::new(&[n, p]), a)
        }
        let (m, n, _) = sizes("lstsq", self, false);
        if b.rank() == 1 {
            return Ok(self.lstsq(&b.unsqueeze(1))?.squeeze_dim(-1));
        }
        if self.rank() != 2 || b.rank() != 2 || b.dim(0) != m {
            check::fail(
                "lstsq",
                format!("shapes {} and {} do not fit", self.shape(), b.shape()),
                "b is [M] or [M, P]",
            );
        }
        Ok(Tensor::from_raw(by_type!(self, T => raw::<T>(self, b, m, n, b.dim(1)))?))
    }
}
