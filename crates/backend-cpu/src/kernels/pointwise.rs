//! Functions of one element. Each operator becomes one closure, compiled for each element type and
//! vectorised by the walk.

use super::{fresh, hold, with_float};
use crate::math::{Real, sigmoid};
use crate::simd::vectorize;
use crate::storage::{Block, Pool};
use crate::walk::map;
use crate::wide;
use std::sync::Arc;
use tensor_core::{Activation, DType, Layout, Result, Shape, UnaryOp, View};

/// A function of each element.
pub fn unary(pool: &Arc<Pool>, op: UnaryOp, x: View) -> Result<Block> {
    let held = hold(x);
    let (shape, len) = (*x.layout.shape(), x.numel());
    match x.dtype() {
        DType::Bool | DType::U8 => {
            fresh(pool, len, |out| map(&shape, held.of(), out, |v: u8| u8::from(v == 0)))
        }
        DType::I32 => fresh(pool, len, |out| {
            let x = held.of::<i32>();
            match op {
                UnaryOp::Neg => map(&shape, x, out, i32::wrapping_neg),
                UnaryOp::Abs => map(&shape, x, out, i32::wrapping_abs),
                UnaryOp::Sign => map(&shape, x, out, i32::signum),
                UnaryOp::Square => map(&shape, x, out, |v: i32| v.wrapping_mul(v)),
                other => unreachable!("{} of integers", other.name()),
            }
        }),
        DType::I64 => fresh(pool, len, |out| {
            let x = held.of::<i64>();
            match op {
                UnaryOp::Neg => map(&shape, x, out, i64::wrapping_neg),
                UnaryOp::Abs => map(&shape, x, out, i64::wrapping_abs),
                UnaryOp::Sign => map(&shape, x, out, i64::signum),
                UnaryOp::Square => map(&shape, x, out, |v: i64| v.wrapping_mul(v)),
                other => unreachable!("{} of integers", other.name()),
            }
        }),
        dtype => {
            with_float!(dtype, T => fresh(pool, len, |out| float_unary::<T>(op, &shape, held.of(), out)))
        }
    }
}

fn float_unary<T: Real>(op: UnaryOp, shape: &Shape, x: (&[T], &Layout), out: &mut [T]) {
    match op {
        UnaryOp::Neg => map(shape, x, out, |v: T| -v),
        UnaryOp::Abs => map(shape, x, out, T::abs),
        UnaryOp::Sign => map(shape, x, out, |v: T| {
            if v > T::ZERO {
                T::ONE
            } else if v < T::ZERO {
                -T::ONE
            } else {
                T::ZERO // of NaN too, as PyTorch's
            }
        }),
        UnaryOp::Sqrt => map(shape, x, out, T::sqrt),
        UnaryOp::Rsqrt => map(shape, x, out, |v: T| T::ONE / v.sqrt()),
        UnaryOp::Square => map(shape, x, out, |v: T| v * v),
        UnaryOp::Reciprocal => map(shape, x, out, |v: T| T::ONE / v),
        UnaryOp::Exp => map(shape, x, out, T::exp),
        UnaryOp::Expm1 => map(shape, x, out, |v: T| v.double(wide::expm1, libm::expm1)),
        UnaryOp::Log => map(shape, x, out, T::ln),
        UnaryOp::Log2 => map(shape, x, out, |v: T| v.double(wide::log2, libm::log2)),
        UnaryOp::Log10 => map(shape, x, out, |v: T| v.double(wide::log10, libm::log10)),
        UnaryOp::Log1p => map(shape, x, out, |v: T| v.double(wide::log1p, libm::log1p)),
        UnaryOp::Sin => circular(shape, x, out, wide::sin, libm::sin),
        UnaryOp::Cos => circular(shape, x, out, wide::cos, libm::cos),
        UnaryOp::Tan => circular(shape, x, out, wide::tan, libm::tan),
        UnaryOp::Sinh => map(shape, x, out, |v: T| v.double(wide::sinh, libm::sinh)),
        UnaryOp::Cosh => map(shape, x, out, |v: T| v.double(wide::cosh, libm::cosh)),
        UnaryOp::Asinh => map(shape, x, out, |v: T| v.double(wide::asinh, libm::asinh)),
        UnaryOp::Acosh => map(shape, x, out, |v: T| v.double(wide::acosh, libm::acosh)),
        UnaryOp::Erf => map(shape, x, out, |v: T| v.double(wide::erf, libm::erf)),
        UnaryOp::Round => map(shape, x, out, T::round),
        UnaryOp::Floor => map(shape, x, out, T::floor),
        UnaryOp::Ceil => map(shape, x, out, T::ceil),
        UnaryOp::Trunc => map(shape, x, out, T::trunc),
        UnaryOp::Not => unreachable!("logical_not of floats"),
        UnaryOp::Act(act) => activation(act, shape, x, out),
    }
}

/// Sine or its kin, `near` unless some element lies so far from 0 that it would not hold.
fn circular<T: Real>(
    shape: &Shape,
    x: (&[T], &Layout),
    out: &mut [T],
    near: impl Fn(f64) -> f64 + Sync + Copy,
    exact: impl Fn(f64) -> f64 + Sync + Copy,
) {
    let (data, limit) = (&x.0[x.1.extent()], T::of(wide::TURNS));
    let far = vectorize(
        #[inline(always)]
        || data.iter().fold(false, |far, v| far | (v.abs() > limit)),
    );
    if far {
        map(shape, x, out, move |v: T| v.double(exact, exact));
    } else {
        map(shape, x, out, move |v: T| v.double(near, exact));
    }
}

/// xᵖ with p a number: by products and roots where PyTorch has them, else `None`.
pub fn power(pool: &Arc<Pool>, x: View, p: f64) -> Option<Result<Block>> {
    if !x.dtype().is_float() {
        return None;
    }
    let (shape, len) = (*x.layout.shape(), x.numel());
    match p {
        2.0 => Some(unary(pool, UnaryOp::Square, x)),
        0.5 => Some(unary(pool, UnaryOp::Sqrt, x)),
        -0.5 => Some(unary(pool, UnaryOp::Rsqrt, x)),
        -1.0 => Some(unary(pool, UnaryOp::Reciprocal, x)),
        3.0 | -2.0 => {
            let held = hold(x);
            Some(with_float!(x.dtype(), T => fresh(pool, len, |out| match p {
                3.0 => map(&shape, held.of(), out, |v: T| v * v * v),
                _ => map(&shape, held.of(), out, |v: T| T::ONE / (v * v)),
            })))
        }
        _ => None,
    }
}

/// An activation of each element.
pub fn activation<T: Real>(act: Activation, shape: &Shape, x: (&[T], &Layout), out: &mut [T]) {
    match act {
        // Written so that NaN stays NaN: a comparison with it is false.
        Activation::Relu => map(shape, x, out, |v: T| if v <= T::ZERO { T::ZERO } else { v }),
        Activation::LeakyRelu(slope) => {
            let slope = T::of(slope);
            map(shape, x, out, move |v: T| if v > T::ZERO { v } else { v * slope });
        }
        Activation::Elu(alpha) => {
            let alpha = T::of(alpha);
            map(
                shape,
                x,
                out,
                move |v: T| if v > T::ZERO { v } else { alpha * v.double(wide::expm1, libm::expm1) },
            );
        }
        Activation::Gelu => {
            map(shape, x, out, |v: T| v * v.normal_cdf());
        }
        Activation::GeluTanh => {
            let (k, c, half) = (T::of((2.0 / std::f64::consts::PI).sqrt()), T::of(0.044715), T::of(0.5));
            map(shape, x, out, move |v: T| half * v * (T::ONE + (k * (v + c * (v * v * v))).tanh()));
        }
        Activation::Silu => map(shape, x, out, |v: T| v / (T::ONE + (-v).exp())),
        Activation::Sigmoid => map(shape, x, out, sigmoid::<T>),
        Activation::Tanh => map(shape, x, out, T::tanh),
        Activation::Softplus { beta, threshold } => {
            let (beta, threshold) = (T::of(beta), T::of(threshold));
            map(shape, x, out, move |v: T| {
                let scaled = v * beta;
                if scaled > threshold { v } else { scaled.exp().ln_1p() / beta }
            });
        }
    }
}

/// Every element brought between two numbers, neither of them NaN.
pub fn clamp(pool: &Arc<Pool>, x: View, low: f64, high: f64) -> Result<Block> {
    let held = hold(x);
    let (shape, len) = (*x.layout.shape(), x.numel());
    with_float!(x.dtype(), T => fresh(pool, len, |out: &mut [T]| {
        let (low, high) = (T::of(low), T::of(high));
        map(&shape, held.of(), out, move |v: T| {
            let v = if v <= low { low } else { v };
            if v >= high { high } else { v }
        });
    }))
}
