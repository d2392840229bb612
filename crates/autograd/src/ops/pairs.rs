//! More functions of two tensors: remainders, sums of logarithms, and whole numbers bit by bit.

use crate::TensorArg;
use crate::graph::{Keep, record};
use crate::mode::no_grad;
use crate::tensor::Tensor;
use std::ops::{BitAnd, BitOr, BitXor, Not};
use tensor_core::{BinaryOp, Category, DType, HostData, check, result_type};

impl Tensor {
    /// An argument as a tensor: numbers become 0-d tensors, which promote as numbers do.
    #[track_caller]
    fn side(&self, arg: TensorArg) -> Tensor {
        match arg {
            TensorArg::Tensor(t) => t,
            TensorArg::Scalar(s) => {
                let dtype = if s.category() > self.dtype().category() {
                    DType::default_of(s.category())
                } else {
                    self.dtype()
                };
                Tensor::full((), s, (dtype, self.device()))
            }
        }
    }

    /// Both in the type that a function of floats of both is computed in: so that no integer is rounded to a single that
    /// meets doubles.
    pub(super) fn floats(&self, other: &Tensor) -> (Tensor, Tensor) {
        let dtype = result_type(self.raw().into(), other.raw().into()).to_float();
        (self.to_dtype(dtype), other.to_dtype(dtype))
    }

    /// `value(a, b)` with the gradients of `rule(a, b, g)`, fitted to their inputs.
    #[track_caller]
    fn pair(
        name: &'static str,
        a: &Tensor,
        b: &Tensor,
        value: impl FnOnce(&Tensor, &Tensor) -> Tensor,
        rule: impl Fn(&Tensor, &Tensor, &Tensor) -> [Tensor; 2] + Send + Sync + 'static,
    ) -> Tensor {
        let out = no_grad(|| value(a, b));
        let (sa, da, sb, db) = (*a.shape(), a.dtype(), *b.shape(), b.dtype());
        record(name, [a, b], Keep::BOTH, out.raw().clone(), move |ctx, g| {
            let [ga, gb] = rule(&ctx.input(0), &ctx.input(1), g);
            [ctx.needs(0).then(|| ga.fit(&sa, da)), ctx.needs(1).then(|| gb.fit(&sb, db))]
        })
    }

    /// The remainder of division towards zero: C's `fmod`, with this tensor's sign.
    #[track_caller]
    pub fn fmod(&self, other: impl Into<TensorArg>) -> Tensor {
        let other = self.side(other.into());
        // Of magnitudes both remainders agree, and nothing is rounded.
        let value = |a: &Tensor, b: &Tensor| a.sign() * a.abs().remainder(b.abs());
        Tensor::pair("FmodBackward0", self, &other, value, |a, b, g| {
            [g.clone(), -(g * (a.detach() / b.detach()).trunc())]
        })
    }

    /// The quotient cut towards zero: `torch.div(x, y, rounding_mode='trunc')`. Integers stay integers.
    #[track_caller]
    pub fn div_trunc(&self, other: impl Into<TensorArg>) -> Tensor {
        let other = self.side(other.into());
        if self.dtype().promote(other.dtype()).is_float() {
            let value = |a: &Tensor, b: &Tensor| (a / b).trunc();
            return Tensor::pair("DivBackward1", self, &other, value, |_, _, g| {
                [g.zeros_like(), g.zeros_like()] // steps, flat between them
            });
        }
        let a = self;
        a.sign() * other.sign() * a.abs().floor_divide(other.abs())
    }

    /// √(a² + b²) without overflow in the squares.
    #[track_caller]
    pub fn hypot(&self, other: &Tensor) -> Tensor {
        let value = |a: &Tensor, b: &Tensor| {
            let (a, b) = (a.abs(), b.abs());
            let (long, short) = (a.maximum(&b), a.minimum(&b));
            // 0/0 and ∞/∞ are where the longer side is the answer.
            let plain = long.eq(0).logical_or(&long.isinf());
            plain.where_(&long, &long * ((short / &long).square() + 1.0).sqrt())
        };
        Tensor::pair("HypotBackward0", self, other, value, |a, b, g| {
            let length = a.hypot(b);
            [g * (a / &length), g * (b / length)]
        })
    }

    /// ln(eᵃ + eᵇ) without overflow.
    #[track_caller]
    pub fn logaddexp(&self, other: &Tensor) -> Tensor {
        let value = |a: &Tensor, b: &Tensor| {
            let top = a.maximum(b);
            // Equal infinities have no difference.
            let same = a.eq(b).logical_and(&a.isinf());
            same.where_(&top, &top + (-(a - b).abs()).exp().log1p())
        };
        Tensor::pair("LogaddexpBackward0", self, other, value, |a, b, g| {
            let d = a - b;
            [g * d.sigmoid(), g * (-d).sigmoid()]
        })
    }

    /// `self·ln other`, 0 where this is 0 (unless the other is NaN).
    #[track_caller]
    pub fn xlogy(&self, other: impl Into<TensorArg>) -> Tensor {
        let (this, other) = self.floats(&self.side(other.into()));
        let value = |a: &Tensor, b: &Tensor| {
            let none = a.eq(0).logical_and(&b.isnan().logical_not());
            none.where_(0.0, a * b.log())
        };
        Tensor::pair("XlogyBackward0", &this, &other, value, |a, b, g| {
            let none = a.detach().eq(0).logical_and(&b.detach().le(0));
            [g * none.where_(0.0, b.log()), g * (a / b)]
        })
    }

    #[track_caller]
    fn whole(&self, op: &str) {
        if self.dtype().is_float() {
            check::fail(op, format_args!("needs integers or booleans, got {}", self.dtype()), "");
        }
    }

    /// `a & b` bit by bit; also the operator `&`.
    #[track_caller]
    pub fn bitwise_and(&self, other: impl Into<TensorArg>) -> Tensor {
        let other = self.side(other.into());
        Tensor::from_raw(self.raw().binary(BinaryOp::And, other.raw()))
    }

    /// `a | b` bit by bit; also the operator `|`.
    #[track_caller]
    pub fn bitwise_or(&self, other: impl Into<TensorArg>) -> Tensor {
        let other = self.side(other.into());
        let both = self.bitwise_and(&other);
        if both.dtype() == DType::Bool { self.logical_or(&other) } else { self + other - both }
    }

    /// `a ^ b` bit by bit; also the operator `^`.
    #[track_caller]
    pub fn bitwise_xor(&self, other: impl Into<TensorArg>) -> Tensor {
        let other = self.side(other.into());
        let both = self.bitwise_and(&other);
        // a + b counts the common bits twice; arithmetic wraps, so nothing is lost at the top.
        if both.dtype() == DType::Bool { self.logical_xor(&other) } else { self + other - both * 2 }
    }

    /// All bits turned over; also the operator `!`.
    #[track_caller]
    pub fn bitwise_not(&self) -> Tensor {
        self.whole("bitwise_not");
        if self.dtype() == DType::Bool { self.logical_not() } else { -self - 1 }
    }

    /// `a << b`: by whole powers of two.
    #[track_caller]
    pub fn bitwise_left_shift(&self, other: impl Into<TensorArg>) -> Tensor {
        self.whole("bitwise_left_shift");
        let other = self.side(other.into());
        self * other.full_like(2).pow(&other)
    }

    /// `a >> b`, the sign staying: by whole powers of two.
    #[track_caller]
    pub fn bitwise_right_shift(&self, other: impl Into<TensorArg>) -> Tensor {
        self.whole("bitwise_right_shift");
        let other = self.side(other.into());
        // In two steps, since 2³¹ is no positive I32; beyond them the sign alone is left, however far.
        let far = if other.dtype() == DType::I64 { 33 } else { 30 };
        let (most, rest) = (other.minimum(30), (&other - 30).maximum(0).minimum(far));
        self.floor_divide(other.full_like(2).pow(most)).floor_divide(other.full_like(2).pow(rest))
    }

    /// The greatest common divisor of integers, computed on the host.
    #[track_caller]
    pub fn gcd(&self, other: &Tensor) -> Tensor {
        let dtype = self.dtype().promote(other.dtype());
        if dtype.category() != Category::Int {
            check::fail("gcd", format_args!("needs integers, got {dtype}"), "");
        }
        let shape = check::broadcast("gcd", self.shape(), other.shape());
        let (a, b) = (self.expand_to(&shape).to_vec::<i64>(), other.expand_to(&shape).to_vec::<i64>());
        let divisor = |(mut a, mut b): (i64, i64)| {
            while b != 0 {
                (a, b) = (b, a.wrapping_rem(b));
            }
            a.wrapping_abs()
        };
        let values: Vec<i64> = a.into_iter().zip(b).map(divisor).collect();
        Tensor::from_host(&HostData::I64(values).cast(dtype), shape, self.device())
    }

    /// The least common multiple of integers, ≥ 0.
    #[track_caller]
    pub fn lcm(&self, other: &Tensor) -> Tensor {
        let divisor = self.gcd(other);
        let zero = divisor.eq(0);
        (zero.where_(0, self).floor_divide(zero.where_(1, divisor)) * other).abs()
    }
}

macro_rules! bit_operator {
    ($($trait:ident $method:ident => $call:ident),+) => {$(
        impl<R: Into<TensorArg>> $trait<R> for &Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: R) -> Tensor {
                self.$call(other)
            }
        }
        impl<R: Into<TensorArg>> $trait<R> for Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: R) -> Tensor {
                self.$call(other)
            }
        }
    )+};
}
bit_operator!(BitAnd bitand => bitwise_and, BitOr bitor => bitwise_or, BitXor bitxor => bitwise_xor);

impl Not for &Tensor {
    type Output = Tensor;
    #[track_caller]
    fn not(self) -> Tensor {
        self.bitwise_not()
    }
}

impl Not for Tensor {
    type Output = Tensor;
    #[track_caller]
    fn not(self) -> Tensor {
        self.bitwise_not()
    }
}
