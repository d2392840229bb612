//! More functions of each element, composed of those that have kernels. Where the composition's own
//! gradient would lose digits, or stand at a kink, the function has a slope of its own.

use super::factor;
use crate::graph::{Keep, record};
use crate::mode::no_grad;
use crate::tensor::Tensor;
use tensor_core::{DType, check};

impl Tensor {
    /// `value(x)`, whose derivative is `slope(x)`; the name is that of PyTorch's node.
    #[track_caller]
    pub(super) fn with_slope(
        &self,
        name: &'static str,
        value: impl FnOnce(&Tensor) -> Tensor,
        slope: impl Fn(&Tensor) -> Tensor + Send + Sync + 'static,
    ) -> Tensor {
        self.with_slope_of(name, no_grad(|| value(self)), Box::new(slope))
    }

    #[track_caller]
    fn with_slope_of(
        &self,
        name: &'static str,
        value: Tensor,
        slope: Box<dyn Fn(&Tensor) -> Tensor + Send + Sync>,
    ) -> Tensor {
        record(name, [self], Keep::FIRST, value.raw().clone(), move |ctx, g| [Some(g * slope(&ctx.input(0)))])
    }

    /// Arc tangent, in (−π/2, π/2)
    #[track_caller]
    pub fn atan(&self) -> Tensor {
        self.with_slope("AtanBackward0", |x| x.atan2(1.0), |x| (x.square() + 1.0).reciprocal())
    }

    /// Arc sine, in [−π/2, π/2]; NaN outside [−1, 1]
    #[track_caller]
    pub fn asin(&self) -> Tensor {
        let angle = |x: &Tensor| x.atan2(((1f64 - x) * (x + 1.0)).sqrt());
        self.with_slope("AsinBackward0", angle, |x| (1f64 - x.square()).rsqrt())
    }

    /// Arc cosine, in [0, π]; NaN outside [−1, 1]
    #[track_caller]
    pub fn acos(&self) -> Tensor {
        let angle = |x: &Tensor| ((1f64 - x) * (x + 1.0)).sqrt().atan2(x);
        self.with_slope("AcosBackward0", angle, |x| -(1f64 - x.square()).rsqrt())
    }

    /// The inverse of tanh, for |x| < 1
    #[track_caller]
    pub fn atanh(&self) -> Tensor {
        let value = |x: &Tensor| (x.log1p() - (-x).log1p()) * 0.5;
        self.with_slope("AtanhBackward0", value, |x| (1f64 - x.square()).reciprocal())
    }

    /// 2ˣ
    #[track_caller]
    pub fn exp2(&self) -> Tensor {
        self.with_slope("Exp2Backward0", |x| x.pow_of(2.0), |x| x.exp2() * std::f64::consts::LN_2)
    }

    /// 1 − erf x, the error function's complement
    #[track_caller]
    pub fn erfc(&self) -> Tensor {
        // Not 1 − erf, which has no digits left beyond 4.
        let slope = |x: &Tensor| (-x.square()).exp() * -std::f64::consts::FRAC_2_SQRT_PI;
        self.with_slope("ErfcBackward0", |x| x.on_host("erfc", &libm::erfc), slope)
    }

    /// ln(x/(1 − x)), the inverse of the sigmoid; x is first limited to [eps, 1 − eps] when one is given.
    #[track_caller]
    pub fn logit(&self, eps: impl Into<Option<f64>>) -> Tensor {
        let eps = eps.into();
        let value = |x: &Tensor| {
            let x = eps.map_or_else(|| x.clone(), |eps| x.clamp(eps, 1.0 - eps));
            (&x / (1f64 - &x)).log()
        };
        let (least, beyond) = eps.map_or((0.0, f64::NAN), |eps| (eps, 0.0));
        let slope = move |x: &Tensor| {
            let inside = x.ge(least).logical_and(&x.le(1.0 - least));
            inside.where_((x * (1f64 - x)).reciprocal(), beyond)
        };
        self.with_slope("LogitBackward0", value, slope)
    }

    /// The part after the point, with x's sign
    #[track_caller]
    pub fn frac(&self) -> Tensor {
        (self - self.trunc()).named("FracBackward0")
    }

    /// Degrees to radians
    #[track_caller]
    pub fn deg2rad(&self) -> Tensor {
        self * (std::f64::consts::PI / 180.0)
    }

    /// Radians to degrees
    #[track_caller]
    pub fn rad2deg(&self) -> Tensor {
        self * (180.0 / std::f64::consts::PI)
    }

    /// 0 where x < 0, 1 where x > 0, and `values` (broadcast) where x = 0
    #[track_caller]
    pub fn heaviside(&self, values: &Tensor) -> Tensor {
        let step = self.detach().gt(0).to_dtype(self.dtype());
        self.detach().eq(0).where_(values.detach(), &step)
    }

    /// NaN and the infinities replaced; by `None`, an infinity by the type's largest number of its sign.
    /// PyTorch's default for NaN is 0.
    #[track_caller]
    pub fn nan_to_num(
        &self,
        nan: f64,
        posinf: impl Into<Option<f64>>,
        neginf: impl Into<Option<f64>>,
    ) -> Tensor {
        if !self.dtype().is_float() {
            return self.copy();
        }
        let most = if self.dtype() == DType::F64 { f64::MAX } else { f64::from(f32::MAX) };
        let (top, bottom) = (posinf.into().unwrap_or(most), neginf.into().unwrap_or(-most));
        let bounded = self.eq(f64::INFINITY).where_(top, self.eq(f64::NEG_INFINITY).where_(bottom, self));
        self.isnan().where_(nan, bounded).named("NanToNumBackward0")
    }

    /// Where x is +∞, to booleans.
    #[track_caller]
    pub fn isposinf(&self) -> Tensor {
        self.eq(f64::INFINITY)
    }

    /// Where x is −∞, to booleans.
    #[track_caller]
    pub fn isneginf(&self) -> Tensor {
        self.eq(f64::NEG_INFINITY)
    }

    /// Where |a − b| ≤ atol + rtol·|b|, to booleans; NaN is close to NaN with `equal_nan`. PyTorch's
    /// defaults are 1e-5, 1e-8 and `false`.
    #[track_caller]
    pub fn isclose(&self, other: &Tensor, rtol: f64, atol: f64, equal_nan: bool) -> Tensor {
        let (a, b) = (self.detach(), other.detach());
        let near = a.eq(&b);
        if !a.dtype().promote(b.dtype()).is_float() && rtol == 0.0 && atol == 0.0 {
            return near;
        }
        // An infinity is close to itself alone.
        let within =
            (&a - &b).abs().le(b.abs() * rtol + atol).logical_and(&a.isfinite().logical_and(&b.isfinite()));
        let near = near.logical_or(&within);
        if equal_nan { near.logical_or(&a.isnan().logical_and(&b.isnan())) } else { near }
    }

    /// From this to `end` by `weight`: `self + weight·(end − self)`, computed from the nearer end.
    #[track_caller]
    pub fn lerp(&self, end: &Tensor, weight: impl Into<crate::TensorArg>) -> Tensor {
        let span = end - self;
        match weight.into() {
            crate::TensorArg::Scalar(w) => {
                let w = w.to_f64();
                let out = if w.abs() < 0.5 { self + span * w } else { end - span * (1f64 - w) };
                out.named("LerpBackward0")
            }
            crate::TensorArg::Tensor(w) => {
                let near = self + &w * &span;
                let far = end - span * (1f64 - &w);
                w.detach().abs().lt(0.5).where_(near, far).named("LerpBackward1")
            }
        }
    }

    /// `self + value·a·b`
    #[track_caller]
    pub fn addcmul(&self, a: &Tensor, b: &Tensor, value: f64) -> Tensor {
        let value = factor(value, self.dtype().promote(a.dtype()).promote(b.dtype()));
        (self + a * value * b).named("AddcmulBackward0")
    }

    /// `self + value·a/b`
    #[track_caller]
    pub fn addcdiv(&self, a: &Tensor, b: &Tensor, value: f64) -> Tensor {
        check::float("addcdiv", self.dtype().promote(a.dtype()).promote(b.dtype()));
        (self + a * value / b).named("AddcdivBackward0")
    }

    /// `self + alpha·other`: PyTorch's `torch.add(x, y, alpha=alpha)`.
    #[track_caller]
    pub fn add_scaled(&self, other: &Tensor, alpha: impl Into<tensor_core::Scalar>) -> Tensor {
        self + other * alpha.into()
    }

    /// `self − alpha·other`: PyTorch's `torch.sub(x, y, alpha=alpha)`.
    #[track_caller]
    pub fn sub_scaled(&self, other: &Tensor, alpha: impl Into<tensor_core::Scalar>) -> Tensor {
        self - other * alpha.into()
    }
}
