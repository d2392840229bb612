//! Gradients of functions of one element that are worth a pass of their own; the rest is composed.

use super::{fresh, hold, with_float};
use crate::math::{Real, sigmoid};
use crate::storage::{Block, Pool};
use crate::walk::map2;
use std::sync::Arc;
use tensor_core::derivative::Reads;
use tensor_core::{Activation, DType, Layout, Result, Shape, UnaryOp, View};

/// One operand in memory.
type Side<'a, T> = (&'a [T], &'a Layout);

/// `f′(x)·grad` where a kernel pays, `known` being what the derivative reads: `x` or `y = f(x)`.
pub fn unary_grad(pool: &Arc<Pool>, op: UnaryOp, known: View, grad: View) -> Option<Result<Block>> {
    if !matches!(op, UnaryOp::Exp | UnaryOp::Log | UnaryOp::Square | UnaryOp::Sqrt | UnaryOp::Act(_)) {
        return None;
    }
    let (known, g) = (hold(known), hold(grad));
    let (shape, len) = (*grad.layout.shape(), grad.numel());
    Some(with_float!(grad.dtype(), T => fresh(pool, len, |out: &mut [T]| {
        slopes(op, &shape, known.of(), g.of(), out);
    })))
}

/// Whether the derivative of a function reads its argument, rather than its result.
pub fn reads_argument(op: UnaryOp) -> bool {
    op.reads() == Reads::Argument
}

/// `k` is what the derivative reads.
fn slopes<T: Real>(op: UnaryOp, shape: &Shape, k: Side<T>, g: Side<T>, out: &mut [T]) {
    let half = T::of(0.5);
    match op {
        UnaryOp::Exp => map2(shape, k, g, out, |y: T, g: T| g * y),
        UnaryOp::Log => map2(shape, k, g, out, |x: T, g: T| g / x),
        UnaryOp::Square => map2(shape, k, g, out, |x: T, g: T| g * (x + x)),
        UnaryOp::Sqrt => map2(shape, k, g, out, |y: T, g: T| g / (y + y)),
        UnaryOp::Act(act) => match act {
            // NaN lets the gradient through, as PyTorch's.
            Activation::Relu => map2(shape, k, g, out, |y: T, g: T| if y <= T::ZERO { T::ZERO } else { g }),
            Activation::LeakyRelu(slope) => {
                let slope = T::of(slope);
                map2(shape, k, g, out, move |x: T, g: T| if x > T::ZERO { g } else { g * slope });
            }
            Activation::Elu(alpha) => {
                let alpha = T::of(alpha);
                map2(shape, k, g, out, move |x: T, g: T| {
                    // Of a positive number the exponential is not looked at.
                    let bent = g * (x.exp() * alpha);
                    if x <= T::ZERO { bent } else { g }
                });
            }
            Activation::Gelu => {
                let scale = T::of((2.0 * std::f64::consts::PI).sqrt().recip());
                map2(shape, k, g, out, move |x: T, g: T| {
                    g * (x.normal_cdf() + x * ((x * x * -half).exp() * scale))
                });
            }
            Activation::GeluTanh => {
                let (k0, c) = ((2.0 / std::f64::consts::PI).sqrt(), 0.044715);
                let (k0, c, c3) = (T::of(k0), T::of(c), T::of(3.0 * c));
                map2(shape, k, g, out, move |x: T, g: T| {
                    let square = x * x;
                    let tanh = (x * (square * c + T::ONE) * k0).tanh();
                    let slope = (square * c3 + T::ONE) * k0;
                    let (left, bell) = ((tanh + T::ONE) * half, T::ONE - tanh * tanh);
                    g * (left + x * bell * slope * half)
                });
            }
            Activation::Silu => map2(shape, k, g, out, move |x: T, g: T| {
                let s = sigmoid(x);
                g * (s * (x * (T::ONE - s) + T::ONE))
            }),
            Activation::Sigmoid => map2(shape, k, g, out, |y: T, g: T| g * (y * (T::ONE - y))),
            Activation::Tanh => map2(shape, k, g, out, |y: T, g: T| g * (T::ONE - y * y)),
            Activation::Softplus { beta, threshold } => {
                let (beta, threshold) = (T::of(beta), T::of(threshold));
                map2(shape, k, g, out, move |x: T, g: T| {
                    let scaled = x * beta;
                    let bent = g * sigmoid(scaled);
                    if scaled > threshold { g } else { bent }
                });
            }
        },
        other => unreachable!("the gradient of {} is composed", other.name()),
    }
}
