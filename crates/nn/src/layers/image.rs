//! Layers that rearrange images: windows as columns and back, other sizes, shuffles of pixels and channels.

use super::conv::tuple;
use super::{display, number};
use crate::module::Module;
use autograd::{Each, Resize, Tensor};

/// How windows slide over an image, as columns or back.
#[derive(Clone, Copy, Debug)]
struct Sliding {
    kernel_size: Each<2>,
    dilation: Each<2>,
    padding: Each<2>,
    stride: Each<2>,
}

/// The settings of both.
macro_rules! sliding {
    ($name:ident) => {
        /// From one element of a window to the next; 1 to begin with.
        #[must_use]
        pub fn dilation(mut self, dilation: impl Into<Each<2>>) -> Self {
            self.sliding.dilation = dilation.into();
            self
        }

        /// Zeros on both sides; none to begin with.
        #[must_use]
        pub fn padding(mut self, padding: impl Into<Each<2>>) -> Self {
            self.sliding.padding = padding.into();
            self
        }

        /// From one place to the next; 1 to begin with.
        #[must_use]
        pub fn stride(mut self, stride: impl Into<Each<2>>) -> Self {
            self.sliding.stride = stride.into();
            self
        }
    };
}

impl Sliding {
    fn new(kernel_size: Each<2>) -> Self {
        Sliding { kernel_size, dilation: 1.into(), padding: 0.into(), stride: 1.into() }
    }

    fn repr(&self) -> String {
        let Sliding { kernel_size, dilation, padding, stride } = *self;
        format!("kernel_size={kernel_size}, dilation={dilation}, padding={padding}, stride={stride}")
    }
}

/// The windows of images as columns: `[N, C, H, W] → [N, C·kh·kw, places]`.
#[derive(Clone, Copy, Debug)]
pub struct Unfold {
    sliding: Sliding,
}

impl Unfold {
    /// Windows of a size.
    pub fn new(kernel_size: impl Into<Each<2>>) -> Self {
        Unfold { sliding: Sliding::new(kernel_size.into()) }
    }
    sliding!(Unfold);
}

impl Module for Unfold {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        let Sliding { kernel_size, dilation, padding, stride } = self.sliding;
        input.im2col(kernel_size, dilation, padding, stride)
    }
    fn name(&self) -> String {
        "Unfold".into()
    }
    fn extra_repr(&self) -> String {
        self.sliding.repr()
    }
}

/// Columns of windows added back to images: `[N, C·kh·kw, places] → [N, C, H, W]`.
#[derive(Clone, Copy, Debug)]
pub struct Fold {
    output_size: Each<2>,
    sliding: Sliding,
}

impl Fold {
    /// Images of a size from windows of a size.
    pub fn new(output_size: impl Into<Each<2>>, kernel_size: impl Into<Each<2>>) -> Self {
        Fold { output_size: output_size.into(), sliding: Sliding::new(kernel_size.into()) }
    }
    sliding!(Fold);
}

impl Module for Fold {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        let Sliding { kernel_size, dilation, padding, stride } = self.sliding;
        input.col2im(self.output_size, kernel_size, dilation, padding, stride)
    }
    fn name(&self) -> String {
        "Fold".into()
    }
    fn extra_repr(&self) -> String {
        format!("output_size={}, {}", self.output_size, self.sliding.repr())
    }
}

/// Another size of `[N, C, …]`.
///
/// ```
/// use autograd::{Resize, Tensor};
/// use nn::{Module, Upsample};
/// let up = Upsample::new(Resize::scale_factor([2.0]).mode("bilinear"));
/// assert_eq!(up.to_string(), "Upsample(scale_factor=2.0, mode='bilinear')");
/// let x = Tensor::zeros([1, 3, 4, 5], &backend_cpu::device());
/// assert_eq!(up.forward(&x).shape().dims(), [1, 3, 8, 10]);
/// ```
#[derive(Clone, Debug)]
pub struct Upsample {
    resize: Resize,
}

impl Upsample {
    /// As [`Tensor::interpolate`].
    pub fn new(resize: Resize) -> Self {
        Upsample { resize }
    }
}

impl Module for Upsample {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.interpolate(&self.resize)
    }
    fn name(&self) -> String {
        "Upsample".into()
    }
    fn extra_repr(&self) -> String {
        let size = match &self.resize.to {
            Ok(sizes) if sizes.len() == 1 => format!("size={}", sizes[0]),
            Ok(sizes) => format!("size={}", tuple(sizes)),
            Err(factors) if factors.len() == 1 => format!("scale_factor={}", number(factors[0])),
            Err(factors) => {
                let factors: Vec<String> = factors.iter().map(|&f| number(f)).collect();
                format!("scale_factor=({})", factors.join(", "))
            }
        };
        format!("{size}, mode='{}'", self.resize.mode)
    }
}

/// [`Upsample`] of images under its older names.
macro_rules! upsamplings {
    ($($name:ident, $mode:literal, $corners:literal;)+) => {$(
        #[doc = concat!("[`Upsample`] of images by `\"", $mode, "\"`, under its older name.")]
        #[derive(Clone, Debug)]
        pub struct $name(Upsample);

        impl $name {
            /// To sizes or by factors; the mode is its own.
            pub fn new(resize: Resize) -> Self {
                $name(Upsample::new(resize.mode($mode).align_corners($corners)))
            }
        }

        impl Module for $name {
            #[track_caller]
            fn forward(&self, input: &Tensor) -> Tensor {
                self.0.forward(input)
            }
            fn name(&self) -> String {
                stringify!($name).into()
            }
            fn extra_repr(&self) -> String {
                self.0.extra_repr()
            }
        }
        display!($name);
    )+};
}
upsamplings! {
    UpsamplingNearest2d, "nearest", false;
    UpsamplingBilinear2d, "bilinear", true;
}

/// Channels as places: `[…, C·r², H, W] → […, C, H·r, W·r]` (Shi et al. 2016).
#[derive(Clone, Copy, Debug)]
pub struct PixelShuffle {
    upscale_factor: usize,
}

impl PixelShuffle {
    /// By a factor r of height and width.
    pub fn new(upscale_factor: usize) -> Self {
        PixelShuffle { upscale_factor }
    }
}

impl Module for PixelShuffle {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.pixel_shuffle(self.upscale_factor)
    }
    fn name(&self) -> String {
        "PixelShuffle".into()
    }
    fn extra_repr(&self) -> String {
        format!("upscale_factor={}", self.upscale_factor)
    }
}

/// Places as channels: `[…, C, H·r, W·r] → […, C·r², H, W]`.
#[derive(Clone, Copy, Debug)]
pub struct PixelUnshuffle {
    downscale_factor: usize,
}

impl PixelUnshuffle {
    /// By a factor r of height and width.
    pub fn new(downscale_factor: usize) -> Self {
        PixelUnshuffle { downscale_factor }
    }
}

impl Module for PixelUnshuffle {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.pixel_unshuffle(self.downscale_factor)
    }
    fn name(&self) -> String {
        "PixelUnshuffle".into()
    }
    fn extra_repr(&self) -> String {
        format!("downscale_factor={}", self.downscale_factor)
    }
}

/// The channels of `[N, C, …]` in another order: the first of each group, then the second, and so on.
#[derive(Clone, Copy, Debug)]
pub struct ChannelShuffle {
    groups: usize,
}

impl ChannelShuffle {
    /// Of so many groups.
    pub fn new(groups: usize) -> Self {
        ChannelShuffle { groups }
    }
}

impl Module for ChannelShuffle {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.channel_shuffle(self.groups)
    }
    fn name(&self) -> String {
        "ChannelShuffle".into()
    }
    fn extra_repr(&self) -> String {
        format!("groups={}", self.groups)
    }
}

display!(Unfold, Fold, Upsample, PixelShuffle, PixelUnshuffle, ChannelShuffle);
