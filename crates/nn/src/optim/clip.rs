//! Gradient clipping, in place.

use autograd::{Tensor, no_grad};
use std::borrow::Borrow;
use tensor_core::check;

/// Scales all gradients so that their joint 2-norm is at most `max_norm`; returns the norm before.
/// The factor is min(max_norm/(norm + 1e-6), 1), as PyTorch's.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::clip_grad_norm_;
/// let x = Tensor::ones(4, &backend_cpu::device()).into_parameter();
/// (&x * 3.0).sum().backward();
/// assert_eq!(clip_grad_norm_(&[&x], 1.0).item::<f32>(), 6.0);
/// assert!((x.grad().unwrap().norm(2.0).item::<f32>() - 1.0).abs() < 1e-6);
/// ```
#[track_caller]
pub fn clip_grad_norm_(params: &[impl Borrow<Tensor>], max_norm: f64) -> Tensor {
    clip_grad_norm_of_(params, max_norm, 2.0)
}

/// As [`clip_grad_norm_`], by another norm: 1, 2, `f64::INFINITY`, … Without any gradient the norm is 0.
///
/// # Panics
/// For no parameters, where PyTorch gives a 0 on its default device: here a tensor's device comes from its parameters.
#[track_caller]
pub fn clip_grad_norm_of_(params: &[impl Borrow<Tensor>], max_norm: f64, norm_type: f64) -> Tensor {
    let Some(first) = params.first() else {
        let hint = "pass &model.parameters(): their norm is a tensor, and nothing says on which device one of none is";
        check::fail("clip_grad_norm_", "got an empty parameter list", hint)
    };
    scale_down(&gradients(params), first.borrow(), max_norm, norm_type)
}

/// Those that the parameters have.
fn gradients(params: &[impl Borrow<Tensor>]) -> Vec<Tensor> {
    params.iter().filter_map(|p| p.borrow().grad()).collect()
}

/// What [`clip_grad_norm_of_`] does with gradients; without any, the result is a 0 like a parameter.
fn scale_down(grads: &[Tensor], param: &Tensor, max_norm: f64, norm_type: f64) -> Tensor {
    no_grad(|| {
        if grads.is_empty() {
            return Tensor::zeros((), (param.dtype(), param.device()));
        }
        let norms: Vec<Tensor> = grads.iter().map(|g| g.norm(norm_type)).collect();
        let total = autograd::stack(&norms, 0).norm(norm_type);
        let factor = (max_norm / (&total + 1e-6)).clamp(None, 1.0);
        grads.iter().for_each(|g| {
            g.mul_(&factor);
        });
        total
    })
}

/// Limits every gradient to `[−limit, limit]`.
pub fn clip_grad_value_(params: &[impl Borrow<Tensor>], limit: f64) {
    no_grad(|| {
        for g in gradients(params) {
            g.copy_(&g.clamp(-limit, limit));
        }
    });
}
