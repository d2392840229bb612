//! Poolings of one to three dimensions.

use super::conv::tuple;
use super::{python, scalar};
use crate::module::Module;
use autograd::{AdaptiveSize, Each, PoolOptions, Tensor};
use std::fmt;
use tensor_core::Scalar;

/// The largest of every window; use it by its aliases [`MaxPool1d`] to [`MaxPool3d`].
#[derive(Clone, Copy, Debug)]
pub struct MaxPoolNd<const D: usize>(PoolOptions<D>);

/// The average of every window; use it by its aliases [`AvgPool1d`] to [`AvgPool3d`].
#[derive(Clone, Copy, Debug)]
pub struct AvgPoolNd<const D: usize>(PoolOptions<D>);

/// The largest of windows over a line.
pub type MaxPool1d = MaxPoolNd<1>;
/// The largest of windows over an image.
///
/// ```
/// use autograd::Tensor;
/// use nn::{MaxPool2d, Module};
/// let x = Tensor::arange(0.0, 16.0, 1.0, &backend_cpu::device()).reshape([1, 1, 4, 4]);
/// assert_eq!(MaxPool2d::new(2).forward(&x).to_vec::<f32>(), [5.0, 7.0, 13.0, 15.0]);
/// assert_eq!(
///     MaxPool2d::new(3).stride(2).padding(1).to_string(),
///     "MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False)"
/// );
/// ```
pub type MaxPool2d = MaxPoolNd<2>;
/// The largest of windows over a volume.
pub type MaxPool3d = MaxPoolNd<3>;
/// The average of windows over a line.
pub type AvgPool1d = AvgPoolNd<1>;
/// The average of windows over an image.
pub type AvgPool2d = AvgPoolNd<2>;
/// The average of windows over a volume.
pub type AvgPool3d = AvgPoolNd<3>;

/// What both poolings let one choose.
macro_rules! settings {
    ($name:ident) => {
        /// Windows of a size, side by side.
        pub fn new(kernel_size: impl Into<Each<D>>) -> Self {
            $name(PoolOptions::new(kernel_size))
        }

        /// From one place to the next; the kernel's size to begin with.
        #[must_use]
        pub fn stride(self, stride: impl Into<Each<D>>) -> Self {
            $name(self.0.stride(stride))
        }

        /// Elements imagined on both sides; none to begin with.
        #[must_use]
        pub fn padding(self, padding: impl Into<Each<D>>) -> Self {
            $name(self.0.padding(padding))
        }

        /// Whether a last window that does not fit whole is taken too; no.
        #[must_use]
        pub fn ceil_mode(self, ceil_mode: bool) -> Self {
            $name(self.0.ceil_mode(ceil_mode))
        }
    };
}

impl<const D: usize> MaxPoolNd<D> {
    settings!(MaxPoolNd);

    /// From one element of a window to the next; 1 to begin with.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<Each<D>>) -> Self {
        MaxPoolNd(self.0.dilation(dilation))
    }
}

impl<const D: usize> AvgPoolNd<D> {
    settings!(AvgPoolNd);

    /// Whether the padding counts; yes.
    #[must_use]
    pub fn count_include_pad(self, count_include_pad: bool) -> Self {
        AvgPoolNd(self.0.count_include_pad(count_include_pad))
    }

    /// What sums are divided by instead of the window's size; for images and volumes.
    #[must_use]
    pub fn divisor_override(self, divisor: impl Into<Option<usize>>) -> Self {
        AvgPoolNd(self.0.divisor_override(divisor))
    }
}

impl<const D: usize> Module for MaxPoolNd<D> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.max_pool_nd(self.0).0
    }
    fn name(&self) -> String {
        format!("MaxPool{D}d")
    }
    fn extra_repr(&self) -> String {
        let o = &self.0;
        format!(
            "kernel_size={}, stride={}, padding={}, dilation={}, ceil_mode={}",
            o.kernel_size,
            o.stride,
            o.padding,
            o.dilation,
            python(o.ceil_mode)
        )
    }
}

impl<const D: usize> Module for AvgPoolNd<D> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.avg_pool_nd(self.0)
    }
    fn name(&self) -> String {
        format!("AvgPool{D}d")
    }
    fn extra_repr(&self) -> String {
        // PyTorch makes tuples of its numbers in one dimension alone.
        let text = |values: Each<D>| if D == 1 { tuple(&*values) } else { values.to_string() };
        let o = &self.0;
        format!("kernel_size={}, stride={}, padding={}", text(o.kernel_size), text(o.stride), text(o.padding))
    }
}

/// The averages, or `LARGEST` of as many windows as asked for. Use it by its aliases
/// [`AdaptiveAvgPool1d`] to [`AdaptiveAvgPool3d`] and [`AdaptiveMaxPool1d`] to [`AdaptiveMaxPool3d`].
#[derive(Clone, Copy, Debug)]
pub struct AdaptivePoolNd<const D: usize, const LARGEST: bool> {
    output_size: AdaptiveSize<D>,
}

/// The averages of as many windows over a line as asked for.
pub type AdaptiveAvgPool1d = AdaptivePoolNd<1, false>;
/// The averages of as many windows over an image as asked for; 1 is the average of the whole.
pub type AdaptiveAvgPool2d = AdaptivePoolNd<2, false>;
/// The averages of as many windows over a volume as asked for.
pub type AdaptiveAvgPool3d = AdaptivePoolNd<3, false>;
/// The largest of as many windows over a line as asked for.
pub type AdaptiveMaxPool1d = AdaptivePoolNd<1, true>;
/// The largest of as many windows over an image as asked for.
pub type AdaptiveMaxPool2d = AdaptivePoolNd<2, true>;
/// The largest of as many windows over a volume as asked for.
pub type AdaptiveMaxPool3d = AdaptivePoolNd<3, true>;

impl<const D: usize, const LARGEST: bool> AdaptivePoolNd<D, LARGEST> {
    /// So many windows along each dimension; `None` keeps the input's size.
    pub fn new(output_size: impl Into<AdaptiveSize<D>>) -> Self {
        AdaptivePoolNd { output_size: output_size.into() }
    }
}

impl<const D: usize, const LARGEST: bool> Module for AdaptivePoolNd<D, LARGEST> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        if LARGEST {
            input.adaptive_max_pool_nd(self.output_size).0
        } else {
            input.adaptive_avg_pool_nd(self.output_size)
        }
    }
    fn name(&self) -> String {
        format!("Adaptive{}Pool{D}d", if LARGEST { "Max" } else { "Avg" })
    }
    fn extra_repr(&self) -> String {
        format!("output_size={}", self.output_size)
    }
}

/// The `p`-norm of every window; use it by its aliases [`LPPool1d`] to [`LPPool3d`].
#[derive(Clone, Copy, Debug)]
pub struct LPPoolNd<const D: usize> {
    norm_type: Scalar,
    options: PoolOptions<D>,
    stride: Option<Each<D>>,
}

/// The `p`-norms of windows over a line.
pub type LPPool1d = LPPoolNd<1>;
/// The `p`-norms of windows over an image.
pub type LPPool2d = LPPoolNd<2>;
/// The `p`-norms of windows over a volume.
pub type LPPool3d = LPPoolNd<3>;

impl<const D: usize> LPPoolNd<D> {
    /// Norms of an order, of windows of a size, side by side.
    pub fn new(norm_type: impl Into<Scalar>, kernel_size: impl Into<Each<D>>) -> Self {
        LPPoolNd { norm_type: norm_type.into(), options: PoolOptions::new(kernel_size), stride: None }
    }

    /// From one place to the next; the kernel's size to begin with.
    #[must_use]
    pub fn stride(self, stride: impl Into<Each<D>>) -> Self {
        let stride = stride.into();
        LPPoolNd { options: self.options.stride(stride), stride: Some(stride), ..self }
    }

    /// Whether a last window that does not fit whole is taken too; no.
    #[must_use]
    pub fn ceil_mode(self, ceil_mode: bool) -> Self {
        LPPoolNd { options: self.options.ceil_mode(ceil_mode), ..self }
    }
}

impl<const D: usize> Module for LPPoolNd<D> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.lp_pool_nd(self.norm_type.to_f64(), self.options)
    }
    fn name(&self) -> String {
        format!("LPPool{D}d")
    }
    fn extra_repr(&self) -> String {
        format!(
            "norm_type={}, kernel_size={}, stride={}, ceil_mode={}",
            scalar(self.norm_type),
            self.options.kernel_size,
            self.stride.map_or_else(|| "None".into(), |stride| stride.to_string()),
            python(self.options.ceil_mode)
        )
    }
}

/// Prints generic layers as PyTorch does.
macro_rules! display {
    ($([$($generics:tt)*] $name:ty),+) => {$(
        impl<$($generics)*> fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.repr())
            }
        }
    )+};
}
display!(
    [const D: usize] MaxPoolNd<D>,
    [const D: usize] AvgPoolNd<D>,
    [const D: usize] LPPoolNd<D>,
    [const D: usize, const LARGEST: bool] AdaptivePoolNd<D, LARGEST>
);
