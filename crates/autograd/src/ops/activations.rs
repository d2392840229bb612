//! Activations of networks that need no kernel of their own, with PyTorch's sides at the kinks.

use super::factor;
use crate::graph::{Keep, record};
use crate::mode::no_grad;
use crate::tensor::Tensor;
use tensor_core::check;

impl Tensor {
    /// `scale·x` if x > 0, else `alpha·scale·(e^(input_scale·x) − 1)`: the shape of every ELU.
    #[track_caller]
    fn elu_of(&self, alpha: f64, scale: f64, input_scale: f64) -> Tensor {
        // NaN is on the straight side, as PyTorch has it.
        let bent = self.le(0);
        // The half that is not taken is fed 0, where nothing overflows.
        let bend = (bent.where_(self, 0.0) * input_scale).expm1() * (alpha * scale);
        bent.where_(bend, self * scale).named("EluBackward0")
    }

    /// Klambauer et al. 2017: an ELU with the two constants that keep mean 0 and variance 1.
    #[track_caller]
    pub fn selu(&self) -> Tensor {
        self.elu_of(1.673_263_242_354_377_2, 1.050_700_987_355_480_5, 1.0)
    }

    /// x if x > 0, else `alpha`·(e^(x/alpha) − 1), smooth for every alpha (PyTorch's default is 1).
    #[track_caller]
    pub fn celu(&self, alpha: f64) -> Tensor {
        if alpha == 0.0 {
            check::fail("celu", "alpha is 0", "give a nonzero alpha");
        }
        self.elu_of(alpha, 1.0, 1.0 / alpha)
    }

    /// x·tanh(softplus x), Misra 2019
    #[track_caller]
    pub fn mish(&self) -> Tensor {
        (self * self.softplus(1.0, 20.0).tanh()).named("MishBackward0")
    }

    /// x limited to [`min`, `max`] (PyTorch's defaults are −1 and 1); no gradient at the ends.
    #[track_caller]
    pub fn hardtanh(&self, min: f64, max: f64) -> Tensor {
        self.clamp(min, max).named("HardtanhBackward0")
    }

    /// x limited to [0, 6]
    #[track_caller]
    pub fn relu6(&self) -> Tensor {
        self.hardtanh(0.0, 6.0)
    }

    /// The sigmoid's straight-line relative: x/6 + ½ limited to [0, 1]
    #[track_caller]
    pub fn hardsigmoid(&self) -> Tensor {
        ((self + 3.0).clamp(0.0, 6.0) / 6.0).named("HardsigmoidBackward0")
    }

    /// x·hardsigmoid(x), Howard et al. 2019
    #[track_caller]
    pub fn hardswish(&self) -> Tensor {
        let slope = |x: &Tensor| x.le(-3.0).where_(0.0, x.lt(3.0).where_(x / 3.0 + 0.5, 1.0));
        self.with_slope("HardswishBackward0", |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0, slope)
    }

    /// x/(1 + |x|)
    #[track_caller]
    pub fn softsign(&self) -> Tensor {
        self / (self.abs() + 1.0)
    }

    /// x − tanh x
    #[track_caller]
    pub fn tanhshrink(&self) -> Tensor {
        self - self.tanh()
    }

    /// x moved towards 0 by `lambda`, and 0 within it (PyTorch's default is 0.5).
    #[track_caller]
    pub fn softshrink(&self, lambda: f64) -> Tensor {
        let out = no_grad(|| {
            let below = self.lt(-lambda).where_(self + lambda, self * 0.0);
            self.gt(lambda).where_(self - lambda, below)
        });
        record("SoftshrinkBackward0", [self], Keep::FIRST, out.raw().clone(), move |ctx, g| {
            [Some(ctx.input(0).abs().le(lambda).where_(0.0, g))]
        })
    }

    /// x, but 0 where |x| ≤ `lambda` (PyTorch's default is 0.5).
    #[track_caller]
    pub fn hardshrink(&self, lambda: f64) -> Tensor {
        self.abs().le(lambda).where_(0.0, self).named("HardshrinkBackward0")
    }

    /// x if x > `threshold`, else `value`.
    #[track_caller]
    pub fn threshold(&self, threshold: f64, value: f64) -> Tensor {
        let whole = |v: f64| factor(v, self.dtype());
        self.le(whole(threshold)).where_(whole(value), self).named("ThresholdBackward0")
    }

    /// ln σ(x), without the sigmoid's underflow
    #[track_caller]
    pub fn logsigmoid(&self) -> Tensor {
        let value = |x: &Tensor| x.minimum(0.0) - (-x.abs()).exp().log1p();
        self.with_slope("LogSigmoidBackward0", value, |x| (-x).sigmoid())
    }

    /// x if x > 0, else `weight`·x; the weight is one number or one per channel (dimension 1).
    #[track_caller]
    pub fn prelu(&self, weight: &Tensor) -> Tensor {
        let channels = if self.rank() > 1 { self.shape()[1] } else { 1 };
        let weight = match weight.numel() {
            1 => weight.reshape([1isize; 0]),
            n if n == channels => {
                let mut sizes = vec![1; self.rank()];
                sizes[1] = n;
                weight.reshape(&sizes)
            }
            n => check::fail(
                "prelu",
                format_args!("{n} weights for {channels} channels of shape {}", self.shape()),
                "give one weight, or one per channel",
            ),
        };
        self.gt(0).where_(self, weight * self).named("PreluKernelBackward0")
    }

    /// The first half of a dimension, gated by the sigmoid of the second, Dauphin et al. 2017.
    #[track_caller]
    pub fn glu(&self, dim: isize) -> Tensor {
        let size = self.shape().get(self.axis("glu", dim)).copied().unwrap_or(1);
        if !size.is_multiple_of(2) {
            check::fail(
                "glu",
                format_args!("dimension {dim} of shape {} is odd", self.shape()),
                "it is cut in half",
            );
        }
        let (a, b) = (self.narrow(dim, 0, size / 2), self.narrow(dim, size / 2, size / 2));
        (a * b.sigmoid()).named("GluBackward0")
    }

    /// e⁻ˣ / Σ e⁻ˣ along a dimension
    #[track_caller]
    pub fn softmin(&self, dim: isize) -> Tensor {
        (-self).softmax(dim)
    }
}
