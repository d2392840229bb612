//! Layers that rearrange images: windows as columns and back, other sizes, borders, pixel shuffles.

use super::conv::tuple;
use super::{display, number};
use crate::module::Module;
use autograd::{Each, Resize, Tensor};
use std::fmt;
use tensor_core::check;

/// How windows slide over an image, as columns or back.
#[derive(Clone, Copy, Debug)]
struct Sliding {
    kernel_size: Each<2>,
    dilation: Each<2>,
    padding: Each<2>,
    stride: Each<2>,
}

/// A number for each dimension as Python prints it: one when both are equal.
fn sizes(Each(values): Each<2>) -> String {
    if values[0] == values[1] { values[0].to_string() } else { tuple(&values) }
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
        Sliding { kernel_size, dilation: Each([1; 2]), padding: Each([0; 2]), stride: Each([1; 2]) }
    }

    fn repr(&self) -> String {
        let Sliding { kernel_size, dilation, padding, stride } = *self;
        let [k, d, p, s] = [kernel_size, dilation, padding, stride].map(sizes);
        format!("kernel_size={k}, dilation={d}, padding={p}, stride={s}")
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
        format!("output_size={}, {}", sizes(self.output_size), self.sliding.repr())
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

display!(Unfold, Fold, Upsample, PixelShuffle, PixelUnshuffle);

/// The widths of a border: one number for all sides, or (left, right), (left, right, top, bottom) and so on.
#[derive(Clone, Debug)]
pub struct Sides(Vec<usize>);

impl From<usize> for Sides {
    fn from(width: usize) -> Self {
        Sides(vec![width])
    }
}
impl<const N: usize> From<[usize; N]> for Sides {
    fn from(widths: [usize; N]) -> Self {
        Sides(widths.to_vec())
    }
}

impl Sides {
    /// A width for each side of `dims` dimensions.
    #[track_caller]
    fn of(self, op: &str, dims: usize) -> Vec<usize> {
        match self.0[..] {
            [one] => vec![one; 2 * dims],
            _ if self.0.len() == 2 * dims => self.0,
            _ => check::fail(
                op,
                format!("{:?} are not the sides of {dims} dimensions", self.0),
                format!("give one number, or {}", 2 * dims),
            ),
        }
    }
}

/// Layers that pad: by their aliases of one to three dimensions.
macro_rules! pads {
    ($($(#[$doc:meta])* $name:ident, $label:literal, $one:ident, $two:ident, $three:ident,
        |$x:ident, $sides:ident| $body:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name<const D: usize> {
            sides: Vec<usize>,
        }
        #[doc = concat!("[`", stringify!($name), "`] of a line.")]
        pub type $one = $name<1>;
        #[doc = concat!("[`", stringify!($name), "`] of an image.")]
        pub type $two = $name<2>;
        #[doc = concat!("[`", stringify!($name), "`] of a volume.")]
        pub type $three = $name<3>;

        impl<const D: usize> $name<D> {
            /// One number for all sides, or (left, right), (left, right, top, bottom) and so on.
            ///
            /// # Panics
            /// For another number of them.
            #[track_caller]
            pub fn new(padding: impl Into<Sides>) -> Self {
                $name { sides: padding.into().of(concat!($label, "Pad"), D) }
            }
        }

        impl<const D: usize> Module for $name<D> {
            #[track_caller]
            fn forward(&self, $x: &Tensor) -> Tensor {
                let $sides = &self.sides;
                $body
            }
            fn name(&self) -> String {
                format!(concat!($label, "Pad{}d"), D)
            }
            fn extra_repr(&self) -> String {
                tuple(&self.sides)
            }
        }

        impl<const D: usize> fmt::Display for $name<D> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.repr())
            }
        }
    )+};
}

pads! {
    /// Zeros around.
    ///
    /// ```
    /// use nn::ZeroPad2d;
    /// assert_eq!(ZeroPad2d::new([1, 2, 0, 3]).to_string(), "ZeroPad2d((1, 2, 0, 3))");
    /// assert_eq!(ZeroPad2d::new(1).to_string(), "ZeroPad2d((1, 1, 1, 1))");
    /// ```
    ZeroPadNd, "Zero", ZeroPad1d, ZeroPad2d, ZeroPad3d, |x, sides| x.pad(sides, 0.0);
    /// The image mirrored at its border.
    ReflectionPadNd, "Reflection", ReflectionPad1d, ReflectionPad2d, ReflectionPad3d,
        |x, sides| x.pad_reflect(sides);
    /// The border repeated.
    ReplicationPadNd, "Replication", ReplicationPad1d, ReplicationPad2d, ReplicationPad3d,
        |x, sides| x.pad_replicate(sides);
    /// The image continued, as on a ring.
    CircularPadNd, "Circular", CircularPad1d, CircularPad2d, CircularPad3d, |x, sides| x.pad_circular(sides);
}

/// One value around; use it by its aliases [`ConstantPad1d`] to [`ConstantPad3d`].
#[derive(Clone, Debug)]
pub struct ConstantPadNd<const D: usize> {
    sides: Vec<usize>,
    value: f64,
}

/// One value around a line.
pub type ConstantPad1d = ConstantPadNd<1>;
/// One value around an image.
pub type ConstantPad2d = ConstantPadNd<2>;
/// One value around a volume.
pub type ConstantPad3d = ConstantPadNd<3>;

impl<const D: usize> ConstantPadNd<D> {
    /// One number for all sides, or (left, right), (left, right, top, bottom) and so on; and the value.
    ///
    /// # Panics
    /// For another number of them.
    #[track_caller]
    pub fn new(padding: impl Into<Sides>, value: f64) -> Self {
        ConstantPadNd { sides: padding.into().of("ConstantPad", D), value }
    }
}

impl<const D: usize> Module for ConstantPadNd<D> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.pad(&self.sides, self.value)
    }
    fn name(&self) -> String {
        format!("ConstantPad{D}d")
    }
    fn extra_repr(&self) -> String {
        format!("padding={}, value={}", tuple(&self.sides), number(self.value))
    }
}

impl<const D: usize> fmt::Display for ConstantPadNd<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}
