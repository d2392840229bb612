//! `+ − · / %` and negation on tensors, references and numbers, in every combination.
//!
//! On the left a number is an `f64` or an `i64`: with one type of each kind a literal's type follows from the
//! operation, so that `(1.0 - &x).log()` and `3 * x.square() - &y` compile. Two would need a suffix.

use super::arithmetic::from_number;
use crate::tensor::Tensor;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use tensor_core::BinaryOp;

macro_rules! operator {
    ($($trait:ident $method:ident => $call:ident $op:ident),+) => {$(
        impl<R: Into<crate::TensorArg>> $trait<R> for &Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: R) -> Tensor {
                Tensor::$call(self, other)
            }
        }
        impl<R: Into<crate::TensorArg>> $trait<R> for Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: R) -> Tensor {
                Tensor::$call(&self, other)
            }
        }
        operator!(@numbers $trait $method $op; f64, i64);
    )+};
    (@numbers $trait:ident $method:ident $op:ident; $($ty:ty),+) => {$(
        impl $trait<&Tensor> for $ty {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: &Tensor) -> Tensor {
                from_number(BinaryOp::$op, self.into(), other)
            }
        }
        impl $trait<Tensor> for $ty {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: Tensor) -> Tensor {
                from_number(BinaryOp::$op, self.into(), &other)
            }
        }
    )+};
}
operator!(Add add => add Add, Sub sub => sub Sub, Mul mul => mul Mul, Div div => div Div, Rem rem => remainder Remainder);

impl Neg for &Tensor {
    type Output = Tensor;
    #[track_caller]
    fn neg(self) -> Tensor {
        Tensor::neg(self)
    }
}

impl Neg for Tensor {
    type Output = Tensor;
    #[track_caller]
    fn neg(self) -> Tensor {
        Tensor::neg(&self)
    }
}

impl Tensor {
    /// `numberˢᵉˡᶠ`: PyTorch's `torch.pow(2.0, x)`.
    #[track_caller]
    pub fn pow_of(&self, number: f64) -> Tensor {
        from_number(BinaryOp::Pow, number.into(), self)
    }
}
