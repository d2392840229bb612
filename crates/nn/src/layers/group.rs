//! Normalisation over groups of channels (Wu & He 2018), by the root mean square (Zhang & Sennrich 2019),
//! and by neighbouring channels (Krizhevsky et al. 2012).

use super::conv::tuple;
use super::norm::{affine_settings, affine_tensors};
use super::{display, number, python};
use crate::module::{Module, Role};
use autograd::Tensor;
use tensor_core::{Device, Shape, check};

/// `(x − mean)/√(var + eps)·γ + β` over groups of the channels of `[N, C, …]`.
///
/// ```
/// use nn::GroupNorm;
/// let norm = GroupNorm::new(3, 6, &backend_cpu::device());
/// assert_eq!(norm.to_string(), "GroupNorm(3, 6, eps=1e-05, affine=True, bias=True)");
/// ```
#[derive(Clone, Debug)]
pub struct GroupNorm {
    /// γ, `[C]`
    pub weight: Option<Tensor>,
    /// β, `[C]`
    pub bias: Option<Tensor>,
    groups: usize,
    channels: usize,
    eps: f64,
}

impl GroupNorm {
    /// For `num_channels` in `num_groups`, with PyTorch's eps 1e-5, γ 1 and β 0.
    ///
    /// # Panics
    /// When the groups do not divide the channels.
    #[track_caller]
    pub fn new(num_groups: usize, num_channels: usize, device: &Device) -> Self {
        if num_groups == 0 || !num_channels.is_multiple_of(num_groups) {
            check::fail(
                "GroupNorm",
                format_args!("{num_channels} channels in {num_groups} groups"),
                "the groups must divide the channels",
            );
        }
        GroupNorm {
            weight: Some(Tensor::ones(num_channels, device).into_parameter()),
            bias: Some(Tensor::zeros(num_channels, device).into_parameter()),
            groups: num_groups,
            channels: num_channels,
            eps: 1e-5,
        }
    }

    affine_settings!(affine);
}

impl Module for GroupNorm {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        if input.rank() < 2 || input.dim(1) != self.channels {
            check::fail(
                "GroupNorm",
                format_args!("input of shape {}", input.shape()),
                format_args!("give [N, {}, …]", self.channels),
            );
        }
        input.group_norm(self.groups, self.weight.as_ref(), self.bias.as_ref(), self.eps)
    }
    fn name(&self) -> String {
        "GroupNorm".into()
    }
    fn extra_repr(&self) -> String {
        format!(
            "{}, {}, eps={}, affine={}, bias={}",
            self.groups,
            self.channels,
            number(self.eps),
            python(self.weight.is_some()),
            python(self.bias.is_some())
        )
    }
    affine_tensors!();
}

/// `x/√(mean x² + eps)·γ` over the last dimensions.
///
/// ```
/// use nn::RMSNorm;
/// let norm = RMSNorm::new(8, &backend_cpu::device());
/// assert_eq!(norm.to_string(), "RMSNorm((8,), eps=None, elementwise_affine=True)");
/// ```
#[derive(Clone, Debug)]
pub struct RMSNorm {
    /// γ, of the normalised shape
    pub weight: Option<Tensor>,
    normalized_shape: Shape,
    eps: Option<f64>,
}

impl RMSNorm {
    /// For last dimensions of these sizes, with γ 1 and the element type's machine epsilon.
    pub fn new(normalized_shape: impl Into<Shape>, device: &Device) -> Self {
        let normalized_shape = normalized_shape.into();
        let weight = Some(Tensor::ones(normalized_shape, device).into_parameter());
        RMSNorm { weight, normalized_shape, eps: None }
    }

    /// Added to the mean square; `None` for the element type's machine epsilon.
    #[must_use]
    pub fn eps(self, eps: impl Into<Option<f64>>) -> Self {
        RMSNorm { eps: eps.into(), ..self }
    }

    /// Whether there is γ; it is to begin with.
    #[must_use]
    pub fn elementwise_affine(mut self, affine: bool) -> Self {
        if !affine {
            self.weight = None;
        }
        self
    }
}

impl Module for RMSNorm {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.rms_norm(&self.normalized_shape, self.weight.as_ref(), self.eps)
    }
    fn name(&self) -> String {
        "RMSNorm".into()
    }
    fn extra_repr(&self) -> String {
        format!(
            "{}, eps={}, elementwise_affine={}",
            tuple(&self.normalized_shape),
            self.eps.map_or_else(|| "None".into(), number),
            python(self.weight.is_some())
        )
    }
    fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
        self.weight.iter().map(|t| ("weight", t, Role::Parameter)).collect()
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        self.weight.iter_mut().collect()
    }
}

/// `x/(k + alpha·mean x²)^beta`, the mean over `size` neighbouring channels of `[N, C, …]`.
#[derive(Clone, Copy, Debug)]
pub struct LocalResponseNorm {
    size: usize,
    alpha: f64,
    beta: f64,
    k: f64,
}

impl LocalResponseNorm {
    /// Over `size` channels, with PyTorch's alpha 1e-4, beta 0.75 and k 1.
    pub fn new(size: usize) -> Self {
        LocalResponseNorm { size, alpha: 1e-4, beta: 0.75, k: 1.0 }
    }

    /// The factor of the mean square.
    #[must_use]
    pub fn alpha(self, alpha: f64) -> Self {
        LocalResponseNorm { alpha, ..self }
    }

    /// The exponent.
    #[must_use]
    pub fn beta(self, beta: f64) -> Self {
        LocalResponseNorm { beta, ..self }
    }

    /// What the mean square is added to.
    #[must_use]
    pub fn k(self, k: f64) -> Self {
        LocalResponseNorm { k, ..self }
    }
}

impl Module for LocalResponseNorm {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.local_response_norm(self.size, self.alpha, self.beta, self.k)
    }
    fn name(&self) -> String {
        "LocalResponseNorm".into()
    }
    fn extra_repr(&self) -> String {
        let [alpha, beta, k] = [self.alpha, self.beta, self.k].map(number);
        format!("{}, alpha={alpha}, beta={beta}, k={k}", self.size)
    }
}

display!(GroupNorm, RMSNorm, LocalResponseNorm);
