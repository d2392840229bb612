//! Losses of pairs of elements and their slopes, each in one pass.

use super::{fresh, hold, with_float};
use crate::math::{Real, sigmoid};
use crate::storage::{Block, Pool};
use crate::walk::{map2, map3};
use std::sync::Arc;
use tensor_core::{DType, Layout, LossOp, Result, Shape, View};

/// One operand in memory.
type Side<'a, T> = (&'a [T], &'a Layout);

/// −1, 0 or 1; 0 of NaN too, as PyTorch's.
#[inline(always)]
fn sign<T: Real>(v: T) -> T {
    let positive = if v > T::ZERO { T::ONE } else { T::ZERO };
    if v < T::ZERO { -T::ONE } else { positive }
}

fn losses<T: Real>(op: LossOp, shape: &Shape, x: Side<T>, y: Side<T>, out: &mut [T]) {
    let half = T::of(0.5);
    match op {
        LossOp::Squared => map2(shape, x, y, out, |x: T, y: T| (x - y) * (x - y)),
        LossOp::Absolute => map2(shape, x, y, out, |x: T, y: T| (x - y).abs()),
        LossOp::SmoothAbsolute(beta) => {
            // A product for the quotient: exact for powers of two.
            let (beta, by, shift) = (T::of(beta), T::of(0.5 / beta), T::of(0.5 * beta));
            map2(shape, x, y, out, move |x: T, y: T| {
                let d = (x - y).abs();
                let (inside, outside) = (d * d * by, d - shift);
                if d < beta { inside } else { outside }
            });
        }
        LossOp::Huber(delta) => {
            let (delta, shift) = (T::of(delta), T::of(0.5 * delta));
            map2(shape, x, y, out, move |x: T, y: T| {
                let d = (x - y).abs();
                let (inside, outside) = (d * d * half, (d - shift) * delta);
                if d < delta { inside } else { outside }
            });
        }
        LossOp::Logits => map2(shape, x, y, out, |x: T, y: T| {
            let below = if x < T::ZERO { -x } else { T::ZERO };
            (T::ONE - y) * x + ((-x.abs()).exp().ln_1p() + below)
        }),
        LossOp::Divergence => map2(shape, x, y, out, |x: T, y: T| {
            // Of what is not positive the logarithm is not looked at.
            let entropy = y * y.ln();
            (if y > T::ZERO { entropy } else { T::ZERO }) - y * x
        }),
        LossOp::LogDivergence => map2(shape, x, y, out, |x: T, y: T| y.exp() * (y - x)),
    }
}

fn slopes<T: Real>(op: LossOp, shape: &Shape, x: Side<T>, y: Side<T>, g: Side<T>, out: &mut [T]) {
    let two = T::of(2.0);
    match op {
        LossOp::Squared => map3(shape, x, y, g, out, move |x: T, y: T, g: T| g * ((x - y) * two)),
        LossOp::Absolute => map3(shape, x, y, g, out, |x: T, y: T, g: T| g * sign(x - y)),
        LossOp::SmoothAbsolute(beta) => {
            let (beta, by) = (T::of(beta), T::of(1.0 / beta));
            map3(shape, x, y, g, out, move |x: T, y: T, g: T| {
                let d = x - y;
                let (inside, outside) = (d * by, sign(d));
                g * if d.abs() < beta { inside } else { outside }
            });
        }
        LossOp::Huber(delta) => {
            let delta = T::of(delta);
            map3(shape, x, y, g, out, move |x: T, y: T, g: T| {
                let d = x - y;
                let outside = sign(d) * delta;
                g * if d.abs() < delta { d } else { outside }
            });
        }
        LossOp::Logits => map3(shape, x, y, g, out, |x: T, y: T, g: T| g * (sigmoid(x) - y)),
        LossOp::Divergence => map2(shape, y, g, out, |y: T, g: T| g * -y),
        LossOp::LogDivergence => map2(shape, y, g, out, |y: T, g: T| g * -y.exp()),
    }
}

/// The loss of each `x` held against its target `y`.
pub fn loss(pool: &Arc<Pool>, op: LossOp, x: View, y: View) -> Result<Block> {
    let (shape, len, dtype) = (*x.layout.shape(), x.numel(), x.dtype());
    let (x, y) = (hold(x), hold(y));
    with_float!(dtype, T => fresh(pool, len, |out| losses::<T>(op, &shape, x.of(), y.of(), out)))
}

/// Its slope along `x`, times `grad`.
pub fn loss_grad(pool: &Arc<Pool>, op: LossOp, x: View, y: View, grad: View) -> Result<Block> {
    let (shape, len, dtype) = (*x.layout.shape(), x.numel(), x.dtype());
    let (x, y, g) = (hold(x), hold(y), hold(grad));
    with_float!(dtype, T => fresh(pool, len, |out| slopes::<T>(op, &shape, x.of(), y.of(), g.of(), out)))
}
