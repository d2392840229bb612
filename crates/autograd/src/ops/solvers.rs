//! What follows from the factorisations: triangular and least-squares solutions, pseudo-inverses,
//! logarithms of determinants, norms, powers and exponentials of matrices.

use super::decompose::epsilon;
use super::linalg::{one, sizes};
use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{DType, Error, LinalgOp, Result, Shape, check};

/// Which norm [`Tensor::matrix_norm`] takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum MatrixNorm {
    /// √Σ x², PyTorch's default.
    #[default]
    Frobenius,
    /// Σ of the singular values.
    Nuclear,
    /// ±∞: the largest (smallest) sum of magnitudes in a row; ±1: in a column; ±2: singular value.
    Order(f64),
}

impl Tensor {
    /// The solution of `self·X = b` for triangular matrices, `[…, N, N], […, N, M]`; of `X·self = b` with
    /// `left` false. The other triangle is not read, nor the diagonal with `unitriangular`, where it
    /// counts as ones. PyTorch's `torch.linalg.solve_triangular`, whose defaults are true and false.
    #[track_caller]
    pub fn solve_triangular(&self, b: &Tensor, upper: bool, left: bool, unitriangular: bool) -> Tensor {
        if !left {
            return self.mt().solve_triangular(&b.mt(), !upper, true, unitriangular).mt();
        }
        let (n, ..) = sizes("solve_triangular", self, true);
        if b.rank() < 2 || b.dim(-2) != n || b.dtype() != self.dtype() {
            check::fail(
                "solve_triangular",
                format_args!("shapes {} and {} do not fit", self.shape(), b.shape()),
                "b is [.., N, M], of the same type",
            );
        }
        let lead = |t: &Tensor| Shape::new(&t.shape()[..t.rank() - 2]);
        let batch = check::broadcast("solve_triangular", &lead(self), &lead(b));
        let of = |t: &Tensor| t.expand_to(&[batch.dims(), &t.shape()[t.rank() - 2..]].concat().into());
        let (a, b) = (of(self), of(b));
        let out = LinalgOp::SolveTriangular { upper, unit: unitriangular };
        let out = check::done("solve_triangular", one(a.raw().linalg(out, Some(b.raw()))));
        record(
            "LinalgSolveTriangularBackward0",
            [&a, &b],
            Keep::FIRST.and(Keep::OUTPUT),
            out,
            move |ctx, g| {
                // ∂B = A⁻ᵀ·G, ∂A = the triangle of −∂B·Xᵀ
                let db = ctx.input(0).mt().solve_triangular(g, !upper, true, unitriangular);
                let da = ctx.needs(0).then(|| {
                    let full = -db.matmul(&ctx.output().mt());
                    let inside = isize::from(unitriangular);
                    if upper { full.triu(inside) } else { full.tril(-inside) }
                });
                [da, ctx.needs(1).then_some(db)]
            },
        )
    }

    /// The least-squares solution of `self·X = b`: `[M, N], [M] or [M, P] → [N] or [N, P]`, of full
    /// rank; the smallest one when there are several. Batches lead both. Of the other fields of PyTorch's
    /// `torch.linalg.lstsq`, its default driver leaves residuals and singular values empty, and the rank is full here.
    ///
    /// # Errors
    /// [`Error::Singular`] when the matrix is not of full rank.
    #[track_caller]
    pub fn lstsq(&self, b: &Tensor) -> Result<Tensor> {
        sizes("lstsq", self, false);
        if b.rank() == 1 && self.rank() == 2 {
            return Ok(self.lstsq(&b.unsqueeze(1))?.squeeze_dim(-1));
        }
        if self.rank() != b.rank() || b.shape()[..b.rank() - 1] != self.shape()[..self.rank() - 1] {
            check::fail(
                "lstsq",
                format_args!("shapes {} and {} do not fit", self.shape(), b.shape()),
                "b is [M], or [.., M, P] with the same batch",
            );
        }
        let out = one(self.raw().linalg(LinalgOp::LeastSquares, Some(b.raw())))?;
        Ok(record("LinalgLstsqBackward0", [self, b], Keep::BOTH, out, |ctx, g| {
            // X = A⁺·B
            let (a, b) = (ctx.input(0), ctx.input(1));
            let inverse = a.pinv(None);
            let da = ctx.needs(0).then(|| pinv_rule(&a, &inverse, &g.matmul(&b.mt())));
            [da, ctx.needs(1).then(|| inverse.mt().matmul(g))]
        }))
    }

    /// The pseudo-inverse of matrices: `[…, M, N] → […, N, M]`. Singular values up to `rtol` times the
    /// largest count as 0; PyTorch's default is max(M, N) times the type's epsilon.
    #[track_caller]
    pub fn pinv(&self, rtol: impl Into<Option<f64>>) -> Tensor {
        let (m, n, _) = sizes("pinv", self, false);
        let rtol = rtol.into().unwrap_or_else(|| m.max(n) as f64 * epsilon(self.dtype()));
        let (u, s, vt) = self.detach().svd(false);
        let counts = s.gt(s.amax(-1, true) * rtol);
        let scale = counts.where_(counts.where_(&s, 1.0).reciprocal(), 0.0);
        let out = (vt.mt() * scale.unsqueeze(-2)).matmul(&u.mt());
        record("LinalgPinvBackward0", [self], Keep::FIRST.and(Keep::OUTPUT), out.raw().clone(), |ctx, g| {
            [Some(pinv_rule(&ctx.input(0), &ctx.output(), g))]
        })
    }

    /// The sign of the determinant of square matrices, 0 for singular ones, and the logarithm of its
    /// magnitude: `[…, N, N] → […], […]`. The sign has no gradient.
    #[track_caller]
    pub fn slogdet(&self) -> (Tensor, Tensor) {
        sizes("slogdet", self, true);
        let mut results = check::done("slogdet", self.raw().linalg(LinalgOp::SlogDet, None));
        let (log, sign) = (results.swap_remove(1), results.swap_remove(0));
        let log = record("LinalgSlogdetBackward0", [self], Keep::FIRST, log, |ctx, g| {
            let inverse = check::done("slogdet", ctx.input(0).inverse());
            [Some(g.unsqueeze(-1).unsqueeze(-1) * inverse.mt())]
        });
        (Tensor::from_raw(sign), log)
    }

    /// ln det of square matrices: NaN where the determinant is negative.
    #[track_caller]
    pub fn logdet(&self) -> Tensor {
        let (sign, log) = self.slogdet();
        sign.lt(0).where_(f64::NAN, log)
    }

    /// A norm of the matrices in the last two dimensions, which go, or stay as size 1 with `keepdim`.
    #[track_caller]
    pub fn matrix_norm(&self, norm: MatrixNorm, keepdim: bool) -> Tensor {
        sizes("matrix_norm", self, false);
        let kept = |x: Tensor| if keepdim { x.unsqueeze(-1).unsqueeze(-1) } else { x };
        let extreme = |x: Tensor, largest: bool| if largest { x.amax(-1, false) } else { x.amin(-1, false) };
        match norm {
            MatrixNorm::Frobenius => self.norm_dim(2.0, [-2, -1], keepdim),
            MatrixNorm::Nuclear => kept(self.svdvals().sum_dim(-1, false)),
            MatrixNorm::Order(p) if p.abs() == 2.0 => kept(extreme(self.svdvals(), p > 0.0)),
            MatrixNorm::Order(p) if p.abs() == 1.0 => kept(extreme(self.abs().sum_dim(-2, false), p > 0.0)),
            MatrixNorm::Order(p) if p.is_infinite() => kept(extreme(self.abs().sum_dim(-1, false), p > 0.0)),
            MatrixNorm::Order(p) => {
                check::fail("matrix_norm", format_args!("there is no norm of order {p}"), "±1, ±2 or ±∞")
            }
        }
    }

    /// How many singular values exceed `rtol` times the largest; PyTorch's default is max(M, N) times
    /// the type's epsilon.
    #[track_caller]
    pub fn matrix_rank(&self, rtol: impl Into<Option<f64>>) -> Tensor {
        let (m, n, _) = sizes("matrix_rank", self, false);
        let rtol = rtol.into().unwrap_or_else(|| m.max(n) as f64 * epsilon(self.dtype()));
        let s = self.detach().svdvals();
        s.gt(s.amax(-1, true) * rtol).sum_dim(-1, false)
    }

    /// The ratio of the largest to the smallest singular value.
    #[track_caller]
    pub fn cond(&self) -> Tensor {
        let s = self.svdvals();
        s.amax(-1, false) / s.amin(-1, false)
    }

    /// The `n`-th power of square matrices by repeated squaring; negative powers are the inverse's.
    ///
    /// # Errors
    /// [`Error::Singular`] for a negative power of a singular matrix.
    #[track_caller]
    pub fn matrix_power(&self, n: i32) -> Result<Tensor> {
        let (size, ..) = sizes("matrix_power", self, true);
        let (mut base, mut left) = (if n < 0 { self.inverse()? } else { self.clone() }, n.unsigned_abs());
        let mut power: Option<Tensor> = None;
        while left > 0 {
            if left & 1 == 1 {
                power = Some(power.map_or_else(|| base.clone(), |p| p.matmul(&base)));
            }
            left >>= 1;
            if left > 0 {
                base = base.matmul(&base);
            }
        }
        let one = || Tensor::eye(size, (self.dtype(), self.device())).expand_to(self.shape()).contiguous();
        Ok(power.map_or_else(one, |power| power.apart_from(self)))
    }

    /// The exponential of square matrices, Σ Aᵏ/k!: `torch.linalg.matrix_exp`.
    ///
    /// Halved until no row's sum is above 1, summed to the last digit, and squared as often (Higham 2005).
    #[track_caller]
    pub fn matrix_exp(&self) -> Tensor {
        let (size, ..) = sizes("matrix_exp", self, true);
        if self.numel() == 0 {
            return self.clone();
        }
        let norm: f64 = self.detach().abs().sum_dim(-1, false).max().item();
        let halvings = if norm.is_finite() && norm > 1.0 { norm.log2().ceil() as i32 } else { 0 };
        let a = self * 0.5f64.powi(halvings);
        let one = Tensor::eye(size, (self.dtype(), self.device()));
        // The next term is below 1e-17, or 2e-10 in single precision.
        let terms = if self.dtype() == DType::F64 { 18 } else { 12 };
        let first = &one + &a / f64::from(terms);
        let sum = (1..terms).rev().fold(first, |sum, k| &one + a.matmul(&sum) / f64::from(k));
        (0..halvings).fold(sum, |power, _| power.matmul(&power)).named("LinalgMatrixExpBackward0")
    }

    /// The inverses of square matrices, and for each 0, or the number (from 1) of the pivot that is zero; its inverse
    /// is NaN then: `torch.linalg.inv_ex`.
    #[track_caller]
    pub fn inverse_ex(&self) -> (Tensor, Tensor) {
        self.each_or_nan("inv_ex", Tensor::inverse)
    }

    /// The lower Cholesky factors, and for each 0, or the order of the leading minor that is not positive; its factor
    /// is NaN then: `torch.linalg.cholesky_ex`.
    #[track_caller]
    pub fn cholesky_ex(&self) -> (Tensor, Tensor) {
        self.each_or_nan("cholesky_ex", Tensor::cholesky)
    }

    /// A function of each matrix that some have no result of, and what failed, counted from 1.
    #[track_caller]
    fn each_or_nan(&self, op: &str, f: impl Fn(&Tensor) -> Result<Tensor>) -> (Tensor, Tensor) {
        let (size, _, count) = sizes(op, self, true);
        let lead = Shape::new(&self.shape()[..self.rank() - 2]);
        if let Ok(whole) = f(self) {
            return (whole, Tensor::zeros(lead, (DType::I32, self.device())));
        }
        let (mut results, mut info) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for matrix in self.reshape(vec![count, size, size]).unbind(0) {
            let (result, failed) = match f(&matrix) {
                Ok(result) => (result, 0),
                Err(Error::Singular { pivot, .. } | Error::NotPositiveDefinite { pivot, .. }) => {
                    (matrix.detach().full_like(f64::NAN), pivot as i32 + 1)
                }
                Err(other) => check::done(op, Err(other)),
            };
            results.push(result);
            info.push(failed);
        }
        let info = Tensor::from_vec(info, lead, self.device());
        (crate::stack(&results, 0).reshape_to(self.shape()), info)
    }

    /// The solution of `A·X = self` from the Cholesky factor of `A`, lower unless `upper`:
    /// `torch.cholesky_solve`.
    #[track_caller]
    pub fn cholesky_solve(&self, factor: &Tensor, upper: bool) -> Tensor {
        let lower = if upper { factor.mt() } else { factor.clone() };
        let half = lower.solve_triangular(self, false, true, false);
        lower.mt().solve_triangular(&half, true, true, false)
    }
}

/// ∂A from that of its pseudo-inverse `p` (Golub & Pereyra 1973).
fn pinv_rule(a: &Tensor, p: &Tensor, g: &Tensor) -> Tensor {
    // dP = −P·dA·P + P·Pᵀ·dAᵀ·(1 − A·P) + (1 − P·A)·dAᵀ·Pᵀ·P
    let (gt, pt) = (g.mt(), p.mt());
    let k = gt.matmul(p);
    let kpt = k.matmul(&pt);
    let outside = &kpt - a.matmul(p).matmul(&kpt);
    outside - p.matmul(&k).mt() + pt.matmul(p).matmul(&(gt - k.matmul(a)))
}
