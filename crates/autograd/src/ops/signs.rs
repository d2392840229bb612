//! Numbers as floating point holds them: signs, neighbours, powers of two; extremes that pass over NaN.

use super::TensorArg;
use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{Category, DType, HostData, check};

impl Tensor {
    /// Where the sign bit is set, to booleans: −0 has one.
    #[track_caller]
    pub fn signbit(&self) -> Tensor {
        // Only the reciprocal tells −0 from 0.
        let negative = self.detach().lt(0);
        if !self.dtype().is_float() {
            return negative;
        }
        let zero = self.detach().eq(0).logical_and(&self.detach().reciprocal().lt(0));
        negative.logical_or(&zero)
    }

    /// The magnitude of this tensor with the other's sign.
    #[track_caller]
    pub fn copysign(&self, other: impl Into<TensorArg>) -> Tensor {
        let other = match other.into() {
            TensorArg::Tensor(t) => t.detach(),
            TensorArg::Scalar(s) => self.detach().full_like(s),
        };
        let x = if self.dtype().is_float() { self.clone() } else { self.to_dtype(DType::F32) };
        // Where this is 0 the gradient is 0.
        let turn = x.detach().signbit().logical_xor(&other.signbit());
        let value = turn.where_(-&x, &x);
        x.detach().eq(0).where_(value.detach(), value).named("CopysignBackward0")
    }

    /// The next number of the type towards `other`. The gradient is this one's, and 0 where both are the same.
    #[track_caller]
    pub fn nextafter(&self, other: &Tensor) -> Tensor {
        check::float("nextafter", self.dtype());
        let shape = check::broadcast("nextafter", self.shape(), other.shape());
        let host = |t: &Tensor| {
            check::done("nextafter", t.detach().to_dtype(self.dtype()).expand_to(&shape).to_host())
        };
        macro_rules! stepped {
            ($variant:ident, $a:expr, $b:expr) => {
                HostData::$variant(
                    $a.iter()
                        .zip($b)
                        .map(|(&a, b)| match () {
                            () if a.is_nan() || b.is_nan() => a + b,
                            () if a < b => a.next_up(),
                            () if a > b => a.next_down(),
                            () => b,
                        })
                        .collect(),
                )
            };
        }
        let data = match (host(self), host(other)) {
            (HostData::F64(a), HostData::F64(b)) => stepped!(F64, a, b),
            (HostData::F32(a), HostData::F32(b)) => stepped!(F32, a, b),
            _ => unreachable!("both are of this floating point type"),
        };
        let next = Tensor::from_host(&data, shape, self.device());
        let sides = [&self.expand_to(&shape), &other.expand_to(&shape)];
        let same = sides[0].detach().eq(sides[1].detach());
        record("NextafterBackward0", sides, Keep::NOTHING, next.raw().clone(), move |_, g| {
            [Some(same.where_(0.0, g)), Some(g.zeros_like())]
        })
    }

    /// `self·2^other`
    #[track_caller]
    pub fn ldexp(&self, other: &Tensor) -> Tensor {
        let dtype = if self.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
        (self * other.to_dtype(dtype.promote(other.dtype())).pow_of(2.0)).named("MulBackward0")
    }

    /// Mantissas in ±[½, 1) and the powers of two that they are multiplied by, the default integers: PyTorch's
    /// `torch.frexp`. 0, infinities and NaN stay as they are, to the power 0.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// let x = Tensor::from_vec(vec![6.0f32, -0.25], 2, &backend_cpu::device());
    /// let (mantissa, exponent) = x.frexp();
    /// assert_eq!((mantissa.to_vec::<f32>(), exponent.to_vec::<i32>()), (vec![0.75, -0.5], vec![3, -1]));
    /// ```
    #[track_caller]
    pub fn frexp(&self) -> (Tensor, Tensor) {
        check::float("frexp", self.dtype());
        let parts: Vec<(f64, i32)> = self.to_vec::<f64>().into_iter().map(libm::frexp).collect();
        let of = |number: fn(&(f64, i32)) -> f64, dtype: DType| {
            let host = HostData::F64(parts.iter().map(number).collect()).cast(dtype);
            Tensor::from_host(&host, *self.shape(), self.device())
        };
        let mantissa = of(|&(mantissa, _)| mantissa, self.dtype());
        let scale = of(|&(_, exponent)| 2f64.powi(-exponent), self.dtype());
        let exponent = of(|&(_, exponent)| f64::from(exponent), DType::I32);
        (self.with_slope("FrexpBackward0", |_| mantissa, move |_| scale.clone()), exponent)
    }

    /// The larger of both; a NaN gives way to a number.
    #[track_caller]
    pub fn fmax(&self, other: &Tensor) -> Tensor {
        self.extreme_of_numbers(other, |a, b| a.ge(b), "FmaxBackward0")
    }

    /// The smaller of both; a NaN gives way to a number.
    #[track_caller]
    pub fn fmin(&self, other: &Tensor) -> Tensor {
        self.extreme_of_numbers(other, |a, b| a.le(b), "FminBackward0")
    }

    #[track_caller]
    fn extreme_of_numbers(
        &self,
        other: &Tensor,
        first: fn(&Tensor, &Tensor) -> Tensor,
        name: &'static str,
    ) -> Tensor {
        let (a, b) = (self.detach(), other.detach());
        first(&a, &b).logical_or(&b.isnan()).where_(self, other).named(name)
    }

    /// log₂(2ᵃ + 2ᵇ) without overflow.
    #[track_caller]
    pub fn logaddexp2(&self, other: &Tensor) -> Tensor {
        let ln2 = std::f64::consts::LN_2;
        let (a, b) = self.floats(other);
        ((a * ln2).logaddexp(&(b * ln2)) / ln2).named("Logaddexp2Backward0")
    }

    /// A power in double precision, whatever the types.
    #[track_caller]
    pub fn float_power(&self, exponent: impl Into<TensorArg>) -> Tensor {
        let exponent = match exponent.into() {
            TensorArg::Tensor(t) => TensorArg::Tensor(t.to_dtype(DType::F64)),
            TensorArg::Scalar(s) => TensorArg::Scalar(s),
        };
        self.to_dtype(DType::F64).pow(exponent)
    }

    /// To the nearest multiple of 10^(−`decimals`), ties to even: `torch.round(x, decimals=…)`.
    #[track_caller]
    pub fn round_to(&self, decimals: i32) -> Tensor {
        if decimals == 0 || self.dtype().category() != Category::Float {
            return self.round();
        }
        let scale = 10f64.powi(decimals.abs());
        let out = if decimals > 0 { (self * scale).round() / scale } else { (self / scale).round() * scale };
        out.named("RoundBackward1")
    }

    /// Where an element is among `others`, to booleans.
    #[track_caller]
    pub fn isin(&self, others: &Tensor, invert: bool) -> Tensor {
        let (x, others) = (self.detach().unsqueeze(-1), others.detach().flatten(0, -1));
        let found = x.eq(&others).any_dim(-1, false);
        if invert { found.logical_not() } else { found }
    }
}
