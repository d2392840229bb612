//! Gradient clipping, in place.

use autograd::{Tensor, no_grad};

/// Scales all gradients so that their joint 2-norm is at most `max_norm`; returns the norm before.
/// The factor is min(max_norm/(norm + 1e-6), 1), as PyTorch's.
///
/// # Panics
/// When no parameter has a gradient.
#[track_caller]
pub fn clip_grad_norm_(params: &[Tensor], max_norm: f64) -> Tensor {
    let grads: Vec<Tensor> = params.iter().filter_map(Tensor::grad).collect();
    assert!(!grads.is_empty(), "clip_grad_norm_: no parameter has a gradient: call it after backward()");
    no_grad(|| {
        let norms: Vec<Tensor> = grads.iter().map(|g| g.norm(2.0)).collect();
        let total = autograd::stack(&norms, 0).norm(2.0);
        let factor = (max_norm / (&total + 1e-6)).clamp(None, 1.0);
        grads.iter().for_each(|g| {
            g.mul_(&factor);
        });
        total
    })
}

/// Limits every gradient to `[−limit, limit]`.
pub fn clip_grad_value_(params: &[Tensor], limit: f64) {
    no_grad(|| {
        for g in params.iter().filter_map(Tensor::grad) {
            g.copy_(&g.clamp(-limit, limit));
        }
    });
}
