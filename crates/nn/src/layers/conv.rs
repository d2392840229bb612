//! Convolutions and their transposes, of one to three dimensions.

use super::python;
use crate::init;
use crate::module::{Module, Role};
use autograd::{ConvOptions, Each, Padding, Tensor};
use std::fmt;
use tensor_core::{Device, Shape, check};

/// What stands around an image that a convolution pads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaddingMode {
    /// Zeros.
    Zeros,
    /// The image mirrored at its border.
    Reflect,
    /// The border's elements.
    Replicate,
    /// The image again, as on a ring.
    Circular,
}

/// PyTorch's words.
impl From<&str> for PaddingMode {
    #[track_caller]
    fn from(word: &str) -> Self {
        match word {
            "zeros" => PaddingMode::Zeros,
            "reflect" => PaddingMode::Reflect,
            "replicate" => PaddingMode::Replicate,
            "circular" => PaddingMode::Circular,
            _ => check::fail(
                "padding_mode",
                format_args!("\"{word}\" is not known"),
                "use \"zeros\", \"reflect\", \"replicate\" or \"circular\"",
            ),
        }
    }
}

/// Filters slid over `D` dimensions; `TRANSPOSED`, spread from them. Use it by its aliases
/// [`Conv1d`] to [`Conv3d`] and [`ConvTranspose1d`] to [`ConvTranspose3d`].
///
/// Weight and bias start uniform in ±1/√fan, fan being the weight's size without its first dimension.
#[derive(Clone, Debug)]
pub struct ConvNd<const D: usize, const TRANSPOSED: bool> {
    /// `[M, C/groups, k…]`, transposed `[C, M/groups, k…]`
    pub weight: Tensor,
    /// `[M]`
    pub bias: Option<Tensor>,
    options: ConvOptions<D>,
    mode: PaddingMode,
}

/// `[N, C, L] → [N, M, L′]`
pub type Conv1d = ConvNd<1, false>;

/// `[N, C, H, W] → [N, M, H′, W′]`
///
/// ```
/// use autograd::{ConvOptions, Tensor};
/// use nn::{Conv2d, Module};
/// let cpu = backend_cpu::device();
/// let conv = Conv2d::new(1, 16, 3, &cpu).stride(2).padding(1);
/// let y = conv.forward(&Tensor::zeros([8, 1, 28, 28], &cpu));
/// assert_eq!(y.shape().dims(), [8, 16, 14, 14]);
/// let conv = Conv2d::without_bias(16, 32, 3, &cpu).stride(2).padding(1);
/// assert!(conv.bias.is_none());
/// // Groups decide what is drawn, so they are named at once, with the bias or without:
/// let conv = Conv2d::with(4, 8, (3, 5), ConvOptions::new().groups(2), false, &cpu);
/// assert_eq!(conv.to_string(), "Conv2d(4, 8, kernel_size=(3, 5), stride=(1, 1), groups=2, bias=False)");
/// ```
pub type Conv2d = ConvNd<2, false>;

/// `[N, C, D, H, W] → [N, M, D′, H′, W′]`
pub type Conv3d = ConvNd<3, false>;

/// The transpose of a [`Conv1d`]: `[N, C, L] → [N, M, L′]`.
pub type ConvTranspose1d = ConvNd<1, true>;

/// The transpose of a [`Conv2d`]: `[N, C, H, W] → [N, M, H′, W′]`.
///
/// ```
/// use autograd::Tensor;
/// use nn::{ConvTranspose2d, Module};
/// let cpu = backend_cpu::device();
/// let up = ConvTranspose2d::new(16, 8, 3, &cpu).stride(2).padding(1).output_padding(1);
/// assert_eq!(up.forward(&Tensor::zeros([1, 16, 7, 7], &cpu)).shape().dims(), [1, 8, 14, 14]);
/// ```
pub type ConvTranspose2d = ConvNd<2, true>;

/// The transpose of a [`Conv3d`]: `[N, C, D, H, W] → [N, M, D′, H′, W′]`.
pub type ConvTranspose3d = ConvNd<3, true>;

impl<const D: usize, const TRANSPOSED: bool> ConvNd<D, TRANSPOSED> {
    /// A layer of `in_channels` to `out_channels`, with a bias. Draws the weight, then the bias.
    #[track_caller]
    pub fn new(
        in_channels: usize,
        out_channels: usize,
        kernel_size: impl Into<Each<D>>,
        device: &Device,
    ) -> Self {
        Self::with(in_channels, out_channels, kernel_size, ConvOptions::new(), true, device)
    }

    /// As [`ConvNd::new`], without a bias, which a normalisation that follows would take off again.
    #[track_caller]
    pub fn without_bias(
        in_channels: usize,
        out_channels: usize,
        kernel_size: impl Into<Each<D>>,
        device: &Device,
    ) -> Self {
        Self::with(in_channels, out_channels, kernel_size, ConvOptions::new(), false, device)
    }

    /// With everything at once: options, groups among them, and whether there is a bias.
    ///
    /// # Panics
    /// When the groups do not divide both numbers of channels.
    #[track_caller]
    pub fn with(
        in_channels: usize,
        out_channels: usize,
        kernel_size: impl Into<Each<D>>,
        options: ConvOptions<D>,
        bias: bool,
        device: &Device,
    ) -> Self {
        let groups = options.groups;
        if groups == 0 || !in_channels.is_multiple_of(groups) || !out_channels.is_multiple_of(groups) {
            check::fail(
                &Self::label(),
                format_args!("{in_channels} to {out_channels} channels in {groups} groups"),
                "the groups must divide both",
            );
        }
        let (first, second) =
            if TRANSPOSED { (in_channels, out_channels) } else { (out_channels, in_channels) };
        let mut dims = vec![first, second / groups];
        dims.extend(*kernel_size.into());
        let weight = Tensor::zeros(Shape::new(&dims), device);
        if weight.numel() > 0 {
            init::kaiming_uniform_(&weight, 5f64.sqrt(), init::Fan::In, init::Nonlinearity::LeakyReLU);
        }
        let fan: usize = weight.shape()[1..].iter().product();
        let bias = bias.then(|| {
            let bias = Tensor::zeros(out_channels, device);
            if fan > 0 {
                let bound = 1.0 / (fan as f64).sqrt();
                init::uniform_(&bias, -bound, bound);
            }
            bias.into_parameter()
        });
        ConvNd { weight: weight.into_parameter(), bias, options, mode: PaddingMode::Zeros }
    }

    /// From one place to the next; 1 to begin with.
    #[must_use]
    pub fn stride(self, stride: impl Into<Each<D>>) -> Self {
        ConvNd { options: self.options.stride(stride), ..self }
    }

    /// Elements around: numbers, `"same"` or `"valid"`; none to begin with.
    #[must_use]
    #[track_caller]
    pub fn padding(self, padding: impl Into<Padding<D>>) -> Self {
        ConvNd { options: self.options.padding(padding), ..self }
    }

    /// From one element of the kernel to the next; 1 to begin with.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<Each<D>>) -> Self {
        ConvNd { options: self.options.dilation(dilation), ..self }
    }

    fn label() -> String {
        format!("Conv{}{D}d", if TRANSPOSED { "Transpose" } else { "" })
    }

    /// The input with the padding around that is not zeros, and the options that are left.
    #[track_caller]
    fn around(&self, input: &Tensor) -> (Tensor, ConvOptions<D>) {
        if self.mode == PaddingMode::Zeros {
            return (input.clone(), self.options);
        }
        let pairs = |i: usize| match self.options.padding {
            Padding::Zeros(padding) => [padding[i]; 2],
            Padding::Valid => [0, 0],
            Padding::Same => {
                let total = self.options.dilation[i] * (self.weight.shape()[2 + i] - 1);
                [total / 2, total - total / 2]
            }
        };
        let padding: Vec<usize> = (0..D).rev().flat_map(pairs).collect();
        let padded = match self.mode {
            PaddingMode::Reflect => input.pad_reflect(&padding),
            PaddingMode::Replicate => input.pad_replicate(&padding),
            _ => input.pad_circular(&padding),
        };
        (padded, self.options.padding(0))
    }
}

impl<const D: usize> ConvNd<D, false> {
    /// What stands around; zeros to begin with.
    #[must_use]
    #[track_caller]
    pub fn padding_mode(self, mode: impl Into<PaddingMode>) -> Self {
        ConvNd { mode: mode.into(), ..self }
    }
}

impl<const D: usize> ConvNd<D, true> {
    /// Extra size at the end of the result; 0 to begin with.
    #[must_use]
    pub fn output_padding(self, extra: impl Into<Each<D>>) -> Self {
        ConvNd { options: self.options.output_padding(extra), ..self }
    }
}

/// Numbers as a Python tuple.
pub(super) fn tuple(values: &[usize]) -> String {
    let values: Vec<String> = values.iter().map(usize::to_string).collect();
    format!("({}{})", values.join(", "), if values.len() == 1 { "," } else { "" })
}

impl<const D: usize, const TRANSPOSED: bool> Module for ConvNd<D, TRANSPOSED> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        if TRANSPOSED {
            return input.conv_transpose_nd(&self.weight, self.bias.as_ref(), self.options);
        }
        let (input, options) = self.around(input);
        input.conv_nd(&self.weight, self.bias.as_ref(), options)
    }
    fn name(&self) -> String {
        Self::label()
    }
    fn extra_repr(&self) -> String {
        let (o, weight) = (&self.options, self.weight.shape());
        let (mut inputs, mut outputs) = (weight[1] * o.groups, weight[0]);
        if TRANSPOSED {
            (inputs, outputs) = (outputs, inputs);
        }
        let mut text =
            format!("{inputs}, {outputs}, kernel_size={}, stride={}", tuple(&weight[2..]), tuple(&o.stride));
        match o.padding {
            Padding::Zeros(zeros) if zeros == [0; D] => {}
            Padding::Zeros(zeros) => text += &format!(", padding={}", tuple(&zeros)),
            Padding::Same => text += ", padding=same",
            Padding::Valid => text += ", padding=valid",
        }
        if o.dilation != [1; D] {
            text += &format!(", dilation={}", tuple(&o.dilation));
        }
        if o.output_padding != [0; D] {
            text += &format!(", output_padding={}", tuple(&o.output_padding));
        }
        if o.groups != 1 {
            text += &format!(", groups={}", o.groups);
        }
        if self.bias.is_none() {
            text += &format!(", bias={}", python(false));
        }
        match self.mode {
            PaddingMode::Zeros => text,
            PaddingMode::Reflect => text + ", padding_mode=reflect",
            PaddingMode::Replicate => text + ", padding_mode=replicate",
            PaddingMode::Circular => text + ", padding_mode=circular",
        }
    }
    fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
        let mut all = vec![("weight", &self.weight, Role::Parameter)];
        all.extend(self.bias.as_ref().map(|b| ("bias", b, Role::Parameter)));
        all
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        std::iter::once(&mut self.weight).chain(&mut self.bias).collect()
    }
}

impl<const D: usize, const TRANSPOSED: bool> fmt::Display for ConvNd<D, TRANSPOSED> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}
