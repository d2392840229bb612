//! Normalisation over a batch (Ioffe & Szegedy 2015), over each sample's channels (Ulyanov et al. 2016),
//! and over features (Ba et al. 2016).

use super::conv::tuple;
use super::{display, number, python};
use crate::module::{Mode, Module, Role};
use autograd::{Tensor, no_grad};
use tensor_core::{DType, Device, Shape, check};

/// `(x − mean)/√(var + eps)·γ + β` for each channel, over the batch or, if `ALONE`, over each sample by
/// itself. Use it by its aliases [`BatchNorm1d`] to [`BatchNorm3d`] and [`InstanceNorm1d`] to
/// [`InstanceNorm3d`].
///
/// Normalises by the mean and the biased variance of what it sees, which move the running ones (of the
/// unbiased variance), and in evaluation by the running ones, if there are any.
#[derive(Clone, Debug)]
pub struct ChannelNorm<const D: usize, const ALONE: bool> {
    /// γ, `[C]`
    pub weight: Option<Tensor>,
    /// β, `[C]`
    pub bias: Option<Tensor>,
    running: Option<Running>,
    features: usize,
    eps: f64,
    momentum: Option<f64>,
    /// Where what a setting adds is made.
    device: Device,
    training: Mode,
}

/// Of `[N, C]` or `[N, C, L]`.
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
pub type BatchNorm1d = ChannelNorm<1, false>;
/// Of `[N, C, H, W]`.
pub type BatchNorm2d = ChannelNorm<2, false>;
/// Of `[N, C, D, H, W]`.
pub type BatchNorm3d = ChannelNorm<3, false>;
/// Of `[N, C, L]` or `[C, L]`.
pub type InstanceNorm1d = ChannelNorm<1, true>;
/// Of `[N, C, H, W]` or `[C, H, W]`.
pub type InstanceNorm2d = ChannelNorm<2, true>;
/// Of `[N, C, D, H, W]` or `[C, D, H, W]`.
pub type InstanceNorm3d = ChannelNorm<3, true>;

/// The type that counts batches: PyTorch's int64, so that files carry it; the default integer on a GPU, which has
/// no other.
fn whole(device: &Device) -> DType {
    if device.supports(DType::I64) { DType::I64 } else { DType::I32 }
}

/// What evaluation normalises by.
#[derive(Clone, Debug)]
struct Running {
    mean: Tensor,
    var: Tensor,
    batches: Tensor,
}

impl<const D: usize, const ALONE: bool> ChannelNorm<D, ALONE> {
    /// For `features` channels, with PyTorch's eps 1e-5 and momentum 0.1. To begin with, a batch norm has γ 1,
    /// β 0 and running statistics, an instance norm none of them.
    pub fn new(features: usize, device: &Device) -> Self {
        let norm = ChannelNorm {
            weight: None,
            bias: None,
            running: None,
            features,
            eps: 1e-5,
            momentum: Some(0.1),
            device: device.clone(),
            training: Mode::default(),
        };
        norm.affine(!ALONE).track_running_stats(!ALONE)
    }

    /// Whether there are γ and β.
    #[must_use]
    pub fn affine(mut self, affine: bool) -> Self {
        self.weight = affine.then(|| Tensor::ones(self.features, &self.device).into_parameter());
        self.bias = affine.then(|| Tensor::zeros(self.features, &self.device).into_parameter());
        self
    }

    /// Whether there are running statistics; without them evaluation normalises by its input too.
    #[must_use]
    pub fn track_running_stats(mut self, track: bool) -> Self {
        self.running = track.then(|| Running {
            mean: Tensor::zeros(self.features, &self.device),
            var: Tensor::ones(self.features, &self.device),
            batches: Tensor::zeros((), (whole(&self.device), &self.device)),
        });
        self
    }

    /// Added to the variance.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        ChannelNorm { eps, ..self }
    }

    /// The new batch's share in the running statistics; `None` for the mean of all batches.
    #[must_use]
    pub fn momentum(self, momentum: impl Into<Option<f64>>) -> Self {
        ChannelNorm { momentum: momentum.into(), ..self }
    }

    /// Whether there is β beside γ.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        if !bias {
            self.bias = None;
        }
        self
    }
}

impl<const D: usize, const ALONE: bool> Module for ChannelNorm<D, ALONE> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        let (features, rank) = (self.features, input.rank());
        if ALONE && rank == D + 1 {
            return self.forward(&input.unsqueeze(0)).squeeze_dim(0);
        }
        let single = D == 1 && !ALONE && rank == 2; // a line of one place
        if !(rank == D + 2 || single) || input.dim(1) != features {
            let sizes = ["L", "H, W", "D, H, W"][D - 1];
            let hint = match (ALONE, D) {
                (true, _) => format!("give [N, {features}, {sizes}] or [{features}, {sizes}]"),
                (false, 1) => format!("give [N, {features}] or [N, {features}, L]"),
                (false, _) => format!("give [N, {features}, {sizes}]"),
            };
            check::fail(&self.name(), format_args!("input of shape {}", input.shape()), hint);
        }
        let training = self.is_training();
        let mut momentum = self.momentum.unwrap_or(0.0);
        if let (true, false, Some(running)) = (training, ALONE, &self.running) {
            no_grad(|| running.batches.add_(1));
            if self.momentum.is_none() {
                momentum = 1.0 / running.batches.item::<f64>();
            }
        }
        let (mean, var) = self.running.as_ref().map(|r| (&r.mean, &r.var)).unzip();
        let (weight, bias) = (self.weight.as_ref(), self.bias.as_ref());
        let by_input = training || self.running.is_none();
        if ALONE {
            input.instance_norm(mean, var, weight, bias, by_input, momentum, self.eps)
        } else {
            input.batch_norm(mean, var, weight, bias, by_input, momentum, self.eps)
        }
    }
    fn name(&self) -> String {
        format!("{}Norm{D}d", if ALONE { "Instance" } else { "Batch" })
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
        self.training.set(training);
    }
    fn is_training(&self) -> bool {
        self.training.get()
    }
}

/// What layers of γ and β let one choose.
macro_rules! affine_settings {
    ($affine:ident) => {
        /// Added to the variance.
        #[must_use]
        pub fn eps(self, eps: f64) -> Self {
            Self { eps, ..self }
        }

        /// Whether there are γ and β; they are to begin with.
        #[must_use]
        pub fn $affine(mut self, affine: bool) -> Self {
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
    };
}
pub(super) use affine_settings;

/// Their part of a [`Module`]: γ and β, where there are any.
macro_rules! affine_tensors {
    () => {
        fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
            [("weight", &self.weight), ("bias", &self.bias)]
                .into_iter()
                .filter_map(|(name, t)| t.as_ref().map(|t| (name, t, Role::Parameter)))
                .collect()
        }
        fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
            self.weight.iter_mut().chain(&mut self.bias).collect()
        }
    };
}
pub(super) use affine_tensors;

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

    affine_settings!(elementwise_affine);
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
        format!(
            "{}, eps={}, elementwise_affine={}, bias={}",
            tuple(&self.normalized_shape),
            number(self.eps),
            python(self.weight.is_some()),
            python(self.bias.is_some())
        )
    }
    affine_tensors!();
}

display!(LayerNorm);

impl<const D: usize, const ALONE: bool> std::fmt::Display for ChannelNorm<D, ALONE> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.repr())
    }
}
