//! Normalisation over a batch (Ioffe & Szegedy 2015) and over features (Ba et al. 2016).

use super::{display, number, python};
use crate::module::{Module, Role};
use autograd::{Tensor, no_grad};
use std::sync::atomic::{AtomicBool, Ordering};
use tensor_core::{DType, Device, Shape, check};

/// `(x − mean)/√(var + eps)·γ + β` for each feature of `[N, C]` or `[N, C, L]`: the batch's mean and
/// biased variance while training, running ones in evaluation. The running variance is the unbiased one.
///
/// ```
/// use autograd::Tensor;
/// use nn::{BatchNorm1d, Module};
/// let cpu = backend_cpu::device();
/// let norm = BatchNorm1d::new(3, &cpu).momentum(0.2);
/// let y = norm.forward(&Tensor::randn([64, 3], &cpu));
/// assert!(y.mean_dim(0, false).abs().max().item::<f32>() < 1e-5);
/// norm.eval(); // from now on by the running statistics
/// ```
#[derive(Debug)]
pub struct BatchNorm1d {
    /// γ, `[C]`
    pub weight: Option<Tensor>,
    /// β, `[C]`
    pub bias: Option<Tensor>,
    running: Option<Running>,
    features: usize,
    eps: f64,
    momentum: Option<f64>,
    training: AtomicBool,
}

/// What evaluation normalises by.
#[derive(Debug)]
struct Running {
    mean: Tensor,
    var: Tensor,
    batches: Tensor,
}

impl BatchNorm1d {
    /// For `features`, with PyTorch's eps 1e-5 and momentum 0.1, γ 1 and β 0.
    pub fn new(features: usize, device: &Device) -> Self {
        BatchNorm1d {
            weight: Some(Tensor::ones(features, device).into_parameter()),
            bias: Some(Tensor::zeros(features, device).into_parameter()),
            running: Some(Running {
                mean: Tensor::zeros(features, device),
                var: Tensor::ones(features, device),
                batches: Tensor::zeros((), (DType::I32, device)),
            }),
            features,
            eps: 1e-5,
            momentum: Some(0.1),
            training: AtomicBool::new(true),
        }
    }

    /// Added to the variance.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        BatchNorm1d { eps, ..self }
    }

    /// The new batch's share in the running statistics; `None` for the mean of all batches.
    #[must_use]
    pub fn momentum(self, momentum: impl Into<Option<f64>>) -> Self {
        BatchNorm1d { momentum: momentum.into(), ..self }
    }

    /// Whether there are γ and β; they are to begin with.
    #[must_use]
    pub fn affine(mut self, affine: bool) -> Self {
        if !affine {
            (self.weight, self.bias) = (None, None);
        }
        self
    }

    /// Whether there is β beside γ; it is to begin with.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        if !bias {
            self.bias = None;
        }
        self
    }

    /// Whether there are running statistics, as there are to begin with; without them evaluation
    /// normalises by the batch too.
    #[must_use]
    pub fn track_running_stats(mut self, track: bool) -> Self {
        if !track {
            self.running = None;
        }
        self
    }
}

impl Module for BatchNorm1d {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        let features = self.features;
        if !(2..=3).contains(&input.rank()) || input.dim(1) != features {
            check::fail(
                "BatchNorm1d",
                format!("input of shape {}", input.shape()),
                format!("give [N, {features}] or [N, {features}, L]"),
            );
        }
        let training = self.is_training();
        let mut momentum = self.momentum.unwrap_or(0.0);
        if let (true, Some(running)) = (training, &self.running) {
            no_grad(|| running.batches.add_(1));
            if self.momentum.is_none() {
                momentum = 1.0 / running.batches.item::<f64>();
            }
        }
        let (mean, var) = self.running.as_ref().map(|r| (&r.mean, &r.var)).unzip();
        let by_batch = training || self.running.is_none();
        input.batch_norm(mean, var, self.weight.as_ref(), self.bias.as_ref(), by_batch, momentum, self.eps)
    }
    fn name(&self) -> String {
        "BatchNorm1d".into()
    }
    fn extra_repr(&self) -> String {
        format!(
            "{}, eps={}, momentum={}, affine={}, bias={}, track_running_stats={}",
            self.features,
            number(self.eps),
            self.momentum.map_or_else(|| "None".into(), number),
            python(self.weight.is_some()),
            python(self.bias.is_some()),
            python(self.running.is_some())
        )
    }
    fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
        let mut all: Vec<_> = [("weight", &self.weight), ("bias", &self.bias)]
            .into_iter()
            .filter_map(|(name, t)| t.as_ref().map(|t| (name, t, Role::Parameter)))
            .collect();
        if let Some(running) = &self.running {
            all.extend([
                ("running_mean", &running.mean, Role::Buffer),
                ("running_var", &running.var, Role::Buffer),
                ("num_batches_tracked", &running.batches, Role::Buffer),
            ]);
        }
        all
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        let running = self.running.iter_mut().flat_map(|r| [&mut r.mean, &mut r.var, &mut r.batches]);
        self.weight.iter_mut().chain(&mut self.bias).chain(running).collect()
    }
    fn set_training(&self, training: bool) {
        self.training.store(training, Ordering::Relaxed);
    }
    fn is_training(&self) -> bool {
        self.training.load(Ordering::Relaxed)
    }
}

/// `(x − mean)/√(var + eps)·γ + β` over the last dimensions.
///
/// ```
/// use nn::{LayerNorm, Module};
/// let norm = LayerNorm::new([3, 4], &backend_cpu::device()).bias(false);
/// assert_eq!(norm.to_string(), "LayerNorm((3, 4), eps=1e-05, elementwise_affine=True, bias=False)");
/// ```
#[derive(Clone, Debug)]
pub struct LayerNorm {
    /// γ, of the normalised shape
    pub weight: Option<Tensor>,
    /// β, of the normalised shape
    pub bias: Option<Tensor>,
    normalized_shape: Shape,
    eps: f64,
}

impl LayerNorm {
    /// For last dimensions of these sizes, with PyTorch's eps 1e-5, γ 1 and β 0.
    pub fn new(normalized_shape: impl Into<Shape>, device: &Device) -> Self {
        let normalized_shape = normalized_shape.into();
        LayerNorm {
            weight: Some(Tensor::ones(normalized_shape, device).into_parameter()),
            bias: Some(Tensor::zeros(normalized_shape, device).into_parameter()),
            normalized_shape,
            eps: 1e-5,
        }
    }

    /// Added to the variance.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        LayerNorm { eps, ..self }
    }

    /// Whether there are γ and β; they are to begin with.
    #[must_use]
    pub fn elementwise_affine(mut self, affine: bool) -> Self {
        if !affine {
            (self.weight, self.bias) = (None, None);
        }
        self
    }

    /// Whether there is β beside γ; it is to begin with.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        if !bias {
            self.bias = None;
        }
        self
    }
}

impl Module for LayerNorm {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.layer_norm(&self.normalized_shape, self.weight.as_ref(), self.bias.as_ref(), self.eps)
    }
    fn name(&self) -> String {
        "LayerNorm".into()
    }
    fn extra_repr(&self) -> String {
        let sizes: Vec<String> = self.normalized_shape.iter().map(usize::to_string).collect();
        format!(
            "({}{}), eps={}, elementwise_affine={}, bias={}",
            sizes.join(", "),
            if sizes.len() == 1 { "," } else { "" },
            number(self.eps),
            python(self.weight.is_some()),
            python(self.bias.is_some())
        )
    }
    fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
        [("weight", &self.weight), ("bias", &self.bias)]
            .into_iter()
            .filter_map(|(name, t)| t.as_ref().map(|t| (name, t, Role::Parameter)))
            .collect()
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        self.weight.iter_mut().chain(&mut self.bias).collect()
    }
}

display!(BatchNorm1d, LayerNorm);
