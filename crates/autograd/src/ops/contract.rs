//! Products over chosen dimensions, distances, and the scaled sums of BLAS.

use super::{Dims, factor};
use crate::tensor::Tensor;
use tensor_core::check;

/// Which dimensions [`tensordot`] multiplies and sums over.
#[derive(Clone, Debug)]
pub enum Contraction {
    /// The last ones of the first tensor and the first ones of the second, as many.
    Count(usize),
    /// These of the first with these of the second.
    Pairs(Vec<isize>, Vec<isize>),
}

impl From<usize> for Contraction {
    fn from(count: usize) -> Self {
        Contraction::Count(count)
    }
}
impl<A: Dims, B: Dims> From<(A, B)> for Contraction {
    fn from((a, b): (A, B)) -> Self {
        Contraction::Pairs(a.list(), b.list())
    }
}

/// The product of two tensors summed over dimensions of both (PyTorch's default is 2 of them); what is
/// left of the first comes before what is left of the second.
#[track_caller]
pub fn tensordot(a: &Tensor, b: &Tensor, dims: impl Into<Contraction>) -> Tensor {
    contracted(a, b, dims.into())
}

#[track_caller]
fn contracted(a: &Tensor, b: &Tensor, dims: Contraction) -> Tensor {
    let (left, right): (Vec<usize>, Vec<usize>) = match dims {
        Contraction::Count(n) if n <= a.rank().min(b.rank()) => {
            ((a.rank() - n..a.rank()).collect(), (0..n).collect())
        }
        Contraction::Count(n) => {
            check::fail("tensordot", format_args!("{n} dimensions of {} and {}", a.shape(), b.shape()), "")
        }
        Contraction::Pairs(left, right) => (
            left.iter().map(|&d| a.axis("tensordot", d)).collect(),
            right.iter().map(|&d| b.axis("tensordot", d)).collect(),
        ),
    };
    let inner = |t: &Tensor, axes: &[usize]| axes.iter().map(|&i| t.shape()[i]).collect::<Vec<_>>();
    if inner(a, &left) != inner(b, &right) {
        check::fail(
            "tensordot",
            format_args!("dimensions {left:?} of {} and {right:?} of {} differ", a.shape(), b.shape()),
            "sizes must agree pair by pair",
        );
    }
    let free = |t: &Tensor, axes: &[usize]| (0..t.rank()).filter(|i| !axes.contains(i)).collect::<Vec<_>>();
    let (rows, cols) = (free(a, &left), free(b, &right));
    let matrix = |t: &Tensor, first: &[usize], second: &[usize]| {
        let order: Vec<isize> = first.iter().chain(second).map(|&i| i as isize).collect();
        let size = |axes: &[usize]| inner(t, axes).iter().product::<usize>();
        t.permute(&order).reshape(vec![size(first), size(second)])
    };
    let product = matrix(a, &rows, &left).mm(&matrix(b, &right, &cols));
    product.reshape([inner(a, &rows), inner(b, &cols)].concat())
}

/// Every element of the first times the second, as one large block tensor.
#[track_caller]
pub fn kron(a: &Tensor, b: &Tensor) -> Tensor {
    let rank = a.rank().max(b.rank());
    let padded = |t: &Tensor| [vec![1; rank - t.rank()], t.shape().to_vec()].concat();
    let (sa, sb) = (padded(a), padded(b));
    let spread = |t: &Tensor, sizes: &[usize], first: bool| {
        let pairs = sizes.iter().flat_map(|&s| if first { [s, 1] } else { [1, s] });
        t.reshape(pairs.collect::<Vec<_>>())
    };
    let product = spread(a, &sa, true) * spread(b, &sb, false);
    product.reshape(sa.iter().zip(&sb).map(|(x, y)| x * y).collect::<Vec<_>>())
}

/// The `p`-norms of all differences between rows: `[…, P, M], [… , R, M] → […, P, R]` (PyTorch's
/// default is 2).
#[track_caller]
pub fn cdist(a: &Tensor, b: &Tensor, p: f64) -> Tensor {
    if a.rank() < 2 || b.rank() < 2 || a.dim(-1) != b.dim(-1) {
        check::fail(
            "cdist",
            format_args!("shapes {} and {} are not rows of one length", a.shape(), b.shape()),
            "",
        );
    }
    (a.unsqueeze(-2) - b.unsqueeze(-3)).norm_dim(p, -1, false).named("CdistBackward0")
}

impl Tensor {
    /// `beta·self + alpha·product`; with `beta` 0 what stands here does not count, not even NaN.
    #[track_caller]
    fn plus_product(&self, product: &Tensor, beta: f64, alpha: f64, name: &'static str) -> Tensor {
        let dtype = self.dtype().promote(product.dtype());
        let product = if alpha == 1.0 { product.clone() } else { product * factor(alpha, dtype) };
        let own = match beta {
            0.0 => self.zeros_like(),
            1.0 => self.clone(),
            _ => self * factor(beta, dtype),
        };
        (own + product).named(name)
    }

    /// `beta·self + alpha·a·b`, `[M, K]·[K, N]`: PyTorch's `torch.addmm(self, a, b, beta=…, alpha=…)`.
    #[track_caller]
    pub fn addmm_scaled(&self, a: &Tensor, b: &Tensor, beta: f64, alpha: f64) -> Tensor {
        self.plus_product(&a.mm(b), beta, alpha, "AddmmBackward0")
    }

    /// `beta·self + alpha·mat·vec`, `[M, K]·[K]` (PyTorch's defaults are 1 and 1).
    #[track_caller]
    pub fn addmv(&self, mat: &Tensor, vec: &Tensor, beta: f64, alpha: f64) -> Tensor {
        self.plus_product(&mat.mv(vec), beta, alpha, "AddmvBackward0")
    }

    /// `beta·self + alpha·a⊗b` of two vectors (PyTorch's defaults are 1 and 1).
    #[track_caller]
    pub fn addr(&self, a: &Tensor, b: &Tensor, beta: f64, alpha: f64) -> Tensor {
        self.plus_product(&a.outer(b), beta, alpha, "AddrBackward0")
    }

    /// `beta·self + alpha·a·b` batch by batch, `[B, M, K]·[B, K, N]` (PyTorch's defaults are 1 and 1).
    #[track_caller]
    pub fn baddbmm(&self, a: &Tensor, b: &Tensor, beta: f64, alpha: f64) -> Tensor {
        self.plus_product(&a.bmm(b), beta, alpha, "BaddbmmBackward0")
    }

    /// `beta·self + alpha·Σ a·b` over the batch, `[B, M, K]·[B, K, N] → [M, N]` (PyTorch's defaults are 1 and 1).
    #[track_caller]
    pub fn addbmm(&self, a: &Tensor, b: &Tensor, beta: f64, alpha: f64) -> Tensor {
        self.plus_product(&a.bmm(b).sum_dim(0, false), beta, alpha, "AddbmmBackward0")
    }

    /// The cross product along a dimension of size 3 (PyTorch's default is −1).
    #[track_caller]
    pub fn cross(&self, other: &Tensor, dim: isize) -> Tensor {
        let shape = check::broadcast("cross", self.shape(), other.shape());
        let axis = check::axis("cross", dim, shape.rank());
        let (a, b) = (self.expand_to(&shape), other.expand_to(&shape));
        if shape.get(axis) != Some(&3) {
            check::fail(
                "cross",
                format_args!("dimension {dim} of shape {shape} is not 3"),
                "name the one that is",
            );
        }
        let (next, last) = ([-1], [-2]);
        let dim = [axis as isize];
        let forth = a.roll(&next, &dim) * b.roll(&last, &dim);
        (forth - a.roll(&last, &dim) * b.roll(&next, &dim)).named("LinalgCrossBackward0")
    }

    /// `x₁ᵀ·Wₒ·x₂ + bₒ` for each output o: `[…, I]`, `[…, J]` and weight `[O, I, J]` → `[…, O]`, PyTorch's
    /// `F.bilinear`.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn bilinear(&self, other: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
        let (lead, rank) = (self.rank().saturating_sub(1), weight.rank());
        let fits = rank == 3
            && self.rank() == other.rank()
            && self.shape().last() == Some(&weight.dim(1))
            && other.shape().last() == Some(&weight.dim(2))
            && self.shape()[..lead] == other.shape()[..lead];
        if !fits {
            let shapes = [self, other, weight].map(|t| t.shape().to_string()).join(", ");
            check::fail("bilinear", format_args!("shapes {shapes}"), "give […, I], […, J] and [O, I, J]");
        }
        let [outputs, left, right] = weight.dims();
        let table = weight.permute(&[1, 0, 2]).reshape(vec![left, outputs * right]);
        let half = self.reshape(vec![self.numel() / left.max(1), left]);
        let each = half.matmul(&table).reshape(vec![half.dim(0), outputs, right]);
        let mut shape = self.shape()[..lead].to_vec();
        shape.push(outputs);
        let sums = (each * other.reshape(vec![half.dim(0), 1, right])).sum_dim(-1, false).reshape(shape);
        bias.map_or(sums.clone(), |bias| sums + bias)
    }

    /// The cosine of the angle between vectors along a dimension (PyTorch's defaults are 1 and 1e-8).
    #[track_caller]
    pub fn cosine_similarity(&self, other: &Tensor, dim: isize, eps: f64) -> Tensor {
        let shape = check::broadcast("cosine_similarity", self.shape(), other.shape());
        let unit = |t: &Tensor| {
            let t = t.expand_to(&shape);
            &t / t.norm_dim(2.0, dim, true).clamp_min(eps)
        };
        (unit(self) * unit(other)).sum_dim(dim, false)
    }

    /// The `p`-norm of the difference of vectors in the last dimension, to each of which `eps` is
    /// added (PyTorch's defaults are 2, 1e-6 and `false`).
    #[track_caller]
    pub fn pairwise_distance(&self, other: &Tensor, p: f64, eps: f64, keepdim: bool) -> Tensor {
        (self - other + eps).norm_dim(p, -1, keepdim)
    }

    /// Divided by the `p`-norm along a dimension, or by `eps` (PyTorch's defaults are 2, 1 and 1e-12).
    #[track_caller]
    pub fn normalize(&self, p: f64, dim: isize, eps: f64) -> Tensor {
        self / self.norm_dim(p, dim, true).clamp_min(eps)
    }

    /// Differences of neighbours along a dimension, `n` times over (PyTorch's defaults are 1 and −1).
    #[track_caller]
    pub fn diff(&self, n: usize, dim: isize) -> Tensor {
        (0..n)
            .fold(self.clone(), |x, _| {
                let size = x.dim(dim);
                let short = size.saturating_sub(1);
                let (late, early) = (x.narrow(dim, size - short, short), x.narrow(dim, 0, short));
                if x.dtype() == tensor_core::DType::Bool { late.logical_xor(&early) } else { late - early }
            })
            .apart_from(self)
    }

    /// The covariances of variables (rows) over observations (columns), divided by n − `correction`
    /// (PyTorch's default is 1).
    #[track_caller]
    pub fn cov(&self, correction: usize) -> Tensor {
        if self.rank() > 2 {
            check::fail("cov", format_args!("needs a matrix of observations, shape is {}", self.shape()), "");
        }
        let x = self.reshape([if self.rank() < 2 { 1 } else { self.dim(0) as isize }, -1]);
        let centred = &x - x.mean_dim(1, true);
        let divisor = x.dim(1).saturating_sub(correction) as f64;
        let c = centred.mm(&centred.t()) / divisor;
        if self.rank() < 2 { c.reshape([0isize; 0]) } else { c }
    }

    /// The correlations of variables (rows) over observations (columns).
    #[track_caller]
    pub fn corrcoef(&self) -> Tensor {
        let c = self.cov(1);
        if c.rank() == 0 {
            return c.clone() / c;
        }
        let deviation = c.diagonal(0, 0, 1).sqrt();
        (c / deviation.unsqueeze(1) / deviation.unsqueeze(0)).clamp(-1.0, 1.0)
    }
}
