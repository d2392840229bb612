//! Losses of numbers: squared, absolute, and between the two.

use super::{Reduction, reduced, same_shape};
use autograd::Tensor;
use tensor_core::{LossOp, check};

/// (x − y)²
///
/// # Panics
/// When the shapes differ, as for all of these: see the hint that comes with it.
#[track_caller]
pub fn mse_loss(x: &Tensor, y: &Tensor, reduction: Reduction) -> Tensor {
    same_shape("mse_loss", x, y);
    reduced(x.loss(y, LossOp::Squared), reduction)
}

/// |x − y|
#[track_caller]
pub fn l1_loss(x: &Tensor, y: &Tensor, reduction: Reduction) -> Tensor {
    same_shape("l1_loss", x, y);
    reduced(x.loss(y, LossOp::Absolute), reduction)
}

/// ½d²/β where d = |x − y| < β, else d − ½β (Girshick 2015). PyTorch's default β is 1.
///
/// # Panics
/// For a negative β, and when the shapes differ.
#[track_caller]
pub fn smooth_l1_loss(x: &Tensor, y: &Tensor, beta: f64, reduction: Reduction) -> Tensor {
    same_shape("smooth_l1_loss", x, y);
    if beta < 0.0 {
        check::fail("smooth_l1_loss", format_args!("beta {beta}"), "it must not be negative");
    }
    if beta == 0.0 {
        return l1_loss(x, y, reduction);
    }
    reduced(x.loss(y, LossOp::SmoothAbsolute(beta)), reduction)
}

/// ½d² where d = |x − y| ≤ δ, else δ·(d − ½δ) (Huber 1964). PyTorch's default δ is 1.
///
/// # Panics
/// For a δ that is not positive, and when the shapes differ.
#[track_caller]
pub fn huber_loss(x: &Tensor, y: &Tensor, delta: f64, reduction: Reduction) -> Tensor {
    same_shape("huber_loss", x, y);
    if delta <= 0.0 {
        check::fail("huber_loss", format_args!("delta {delta}"), "it must be positive");
    }
    reduced(x.loss(y, LossOp::Huber(delta)), reduction)
}
