//! Normalisation: over a batch (Ioffe & Szegedy 2015) and over features (Ba et al. 2016).

use super::display;
use crate::module::{Module, Role};
use autograd::{Tensor, no_grad};
use std::sync::atomic::{AtomicBool, Ordering};
use tensor_core::{DType, Device, check};

/// `(x − mean)/√(var + eps)·γ + β` for each feature of `[N, C]`: the batch's mean and biased variance
/// while training, running ones in evaluation. The running variance is the unbiased one.
#[derive(Debug)]
pub struct BatchNorm1d {
    /// γ, `[C]`
    pub weight: Tensor,
    /// β, `[C]`
    pub bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    num_batches_tracked: Tensor,
    eps: f64,
    momentum: f64,
    training: AtomicBool,
}

impl BatchNorm1d {
    /// For `features`, with PyTorch's eps 1e-5 and momentum 0.1.
    pub fn new(features: usize, device: &Device) -> Self {
        BatchNorm1d {
            weight: Tensor::ones(features, device).into_parameter(),
            bias: Tensor::zeros(features, device).into_parameter(),
            running_mean: Tensor::zeros(features, device),
            running_var: Tensor::ones(features, device),
            num_batches_tracked: Tensor::zeros((), (DType::I32, device)),
            eps: 1e-5,
            momentum: 0.1,
            training: AtomicBool::new(true),
        }
    }
}

impl Module for BatchNorm1d {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        let features = self.weight.numel();
        if input.rank() != 2 || input.dim(1) != features {
            check::fail(
                "BatchNorm1d",
                format!("input of shape {}", input.shape()),
                format!("give [N, {features}]"),
            );
        }
        let (mean, var) = if self.training.load(Ordering::Relaxed) {
            let count = input.dim(0);
            if count < 2 {
                check::fail(
                    "BatchNorm1d",
                    "one row has no variance to normalise by",
                    "train on batches of two or more",
                );
            }
            let mean = input.mean_dim(0, false);
            let var = (input - &mean).square().mean_dim(0, false);
            no_grad(|| {
                let track = |running: &Tensor, new: Tensor| {
                    running.copy_(&(running * (1.0 - self.momentum) + new * self.momentum));
                };
                track(&self.running_mean, mean.detach());
                track(&self.running_var, var.detach() * (count as f64 / (count - 1) as f64));
                self.num_batches_tracked.add_(1);
            });
            (mean, var)
        } else {
            (self.running_mean.clone(), self.running_var.clone())
        };
        (input - mean) * ((var + self.eps).rsqrt() * &self.weight) + &self.bias
    }
    fn name(&self) -> String {
        "BatchNorm1d".into()
    }
    fn extra_repr(&self) -> String {
        let features = self.weight.numel();
        format!("{features}, eps=1e-05, momentum={}, affine=True, track_running_stats=True", self.momentum)
    }
    fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
        vec![
            ("weight", &self.weight, Role::Parameter),
            ("bias", &self.bias, Role::Parameter),
            ("running_mean", &self.running_mean, Role::Buffer),
            ("running_var", &self.running_var, Role::Buffer),
            ("num_batches_tracked", &self.num_batches_tracked, Role::Buffer),
        ]
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        vec![
            &mut self.weight,
            &mut self.bias,
            &mut self.running_mean,
            &mut self.running_var,
            &mut self.num_batches_tracked,
        ]
    }
    fn set_training(&self, training: bool) {
        self.training.store(training, Ordering::Relaxed);
    }
}

/// `(x − mean)/√(var + eps)·γ + β` over the last dimension: `[…, D] → […, D]`.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    /// γ, `[D]`
    pub weight: Tensor,
    /// β, `[D]`
    pub bias: Tensor,
    eps: f64,
}

impl LayerNorm {
    /// For a last dimension of `features`, with PyTorch's eps 1e-5.
    pub fn new(features: usize, device: &Device) -> Self {
        LayerNorm {
            weight: Tensor::ones(features, device).into_parameter(),
            bias: Tensor::zeros(features, device).into_parameter(),
            eps: 1e-5,
        }
    }
}

impl Module for LayerNorm {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        let centred = input - input.mean_dim(-1, true);
        let var = centred.square().mean_dim(-1, true);
        centred * (var + self.eps).rsqrt() * &self.weight + &self.bias
    }
    fn name(&self) -> String {
        "LayerNorm".into()
    }
    fn extra_repr(&self) -> String {
        format!("({},), eps=1e-05, elementwise_affine=True", self.weight.numel())
    }
    fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
        vec![("weight", &self.weight, Role::Parameter), ("bias", &self.bias, Role::Parameter)]
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        vec![&mut self.weight, &mut self.bias]
    }
}

display!(BatchNorm1d, LayerNorm);
