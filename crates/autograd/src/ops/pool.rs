//! Pooling: the largest or the average of every window, of a size given or of as many as asked for.

use super::TensorArg;
use super::adaptive::AdaptiveSize;
use super::sliding::Each;
use super::window::{fits, windows};
use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{BinaryOp, RawTensor, Shape, Window, check};

/// How a pooling slides, as PyTorch's arguments: `PoolOptions::new(3).stride(2).padding(1)`; a plain
/// kernel size is one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolOptions<const D: usize> {
    /// Elements of a window.
    pub kernel_size: Each<D>,
    /// From one place to the next; the kernel's size.
    pub stride: Each<D>,
    /// Elements imagined on both sides, at most half a kernel: −∞ to a maximum, 0 to an average.
    pub padding: Each<D>,
    /// From one element of a window to the next; 1. Not for averages.
    pub dilation: Each<D>,
    /// Whether a last window that does not fit whole is taken too.
    pub ceil_mode: bool,
    /// Whether an average divides by the padding's elements too.
    pub count_include_pad: bool,
    /// What an average divides by instead.
    pub divisor_override: Option<usize>,
}

impl<const D: usize> PoolOptions<D> {
    /// Windows side by side.
    pub fn new(kernel_size: impl Into<Each<D>>) -> Self {
        let kernel_size = kernel_size.into();
        PoolOptions {
            kernel_size,
            stride: kernel_size,
            padding: 0.into(),
            dilation: 1.into(),
            ceil_mode: false,
            count_include_pad: true,
            divisor_override: None,
        }
    }

    /// From one place to the next.
    #[must_use]
    pub fn stride(self, stride: impl Into<Each<D>>) -> Self {
        PoolOptions { stride: stride.into(), ..self }
    }

    /// Elements imagined on both sides.
    #[must_use]
    pub fn padding(self, padding: impl Into<Each<D>>) -> Self {
        PoolOptions { padding: padding.into(), ..self }
    }

    /// From one element of a window to the next.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<Each<D>>) -> Self {
        PoolOptions { dilation: dilation.into(), ..self }
    }

    /// Whether a last window that does not fit whole is taken too.
    #[must_use]
    pub fn ceil_mode(self, ceil_mode: bool) -> Self {
        PoolOptions { ceil_mode, ..self }
    }

    /// Whether an average divides by the padding's elements too.
    #[must_use]
    pub fn count_include_pad(self, count_include_pad: bool) -> Self {
        PoolOptions { count_include_pad, ..self }
    }

    /// What an average divides by instead.
    #[must_use]
    pub fn divisor_override(self, divisor: impl Into<Option<usize>>) -> Self {
        PoolOptions { divisor_override: divisor.into(), ..self }
    }

    /// The windows over `x`; those past the end reach into more padding.
    #[track_caller]
    fn windows(&self, op: &str, x: &Tensor) -> [Window; D] {
        check::float(op, x.dtype());
        if x.rank() != D + 1 && x.rank() != D + 2 {
            check::fail(
                op,
                format_args!("input of shape {}", x.shape()),
                format_args!("it has {} dimensions, or {} without a batch", D + 2, D + 1),
            );
        }
        let mut all = windows(op, *self.kernel_size, *self.stride, *self.padding, *self.dilation);
        for (window, &len) in all.iter_mut().zip(&x.shape()[x.rank() - D..]) {
            let [before, after] = window.padding;
            if before > window.span() / 2 {
                check::fail(
                    op,
                    format_args!("padding {before} of a window of {}", window.span()),
                    "it may be at most half of it",
                );
            }
            // One place more, which a window longer than the whole may be the first of, unless its window would start
            // in the padding at the end.
            let reach = (len + before + after + window.stride - 1).checked_sub(window.span());
            if let Some(reach) = reach.filter(|_| self.ceil_mode) {
                let start = reach / window.stride * window.stride;
                if start < len + before {
                    window.padding[1] = start + window.span() - len - before;
                }
            }
        }
        fits(op, &all, x);
        all
    }

    /// How many elements of each place's window count, along each dimension of `sizes`.
    fn counts(&self, windows: &[Window; D], sizes: &[usize]) -> [Vec<usize>; D] {
        std::array::from_fn(|i| {
            let (window, len, padding) = (windows[i], sizes[i], self.padding[i]);
            let counted = |o: usize| {
                // Padding counts if asked for; what ceil_mode added beyond it never does.
                let start = o * window.stride;
                let end = (start + window.size).min(len + 2 * padding);
                if self.count_include_pad { end - start } else { end.min(len + padding) - start.max(padding) }
            };
            (0..window.places(len)).map(counted).collect()
        })
    }
}

impl<const D: usize, T: Into<Each<D>>> From<T> for PoolOptions<D> {
    fn from(kernel_size: T) -> Self {
        PoolOptions::new(kernel_size)
    }
}

impl Tensor {
    /// `[R, S] → [R, P]` at an index of each row.
    fn gathered(&self, index: &RawTensor) -> Tensor {
        let (out, index, len) = (self.raw().gather(1, index), index.clone(), self.shape()[1]);
        record("GatherBackward0", [self], Keep::NOTHING, out, move |_, g| [Some(g.scattered(&index, len))])
    }

    /// `[R, P] → [R, S]`, S being `len`: added up at an index of each row, the transpose of
    /// [`Tensor::gathered`].
    fn scattered(&self, index: &RawTensor, len: usize) -> Tensor {
        let zeros = RawTensor::full([self.shape()[0], len], 0, self.dtype(), self.device());
        let (out, index) = (zeros.scatter_add(1, index, self.raw()), index.clone());
        record("ScatterAddBackward0", [self], Keep::NOTHING, out, move |_, g| [Some(g.gathered(&index))])
    }

    /// The largest of every window, and where.
    #[track_caller]
    pub(super) fn largest(&self, name: &'static str, windows: &[Window]) -> (Tensor, Tensor) {
        let (values, index) = self.raw().max_pool(windows);
        let shape = *self.shape();
        let lead = shape.rank() - windows.len();
        let rows: usize = shape[..lead].iter().product();
        let (plane, before) = (shape[lead..].iter().product(), *values.shape());
        let (at, windows) = (index.clone(), windows.to_vec());
        let pooled = record(name, [self], Keep::NOTHING, values, move |_, g| {
            let out = g.raw().max_pool_grad(&at, &windows, &shape[lead..]);
            let flat = at.reshape(&Shape::new(&[rows, before[lead..].iter().product()]));
            [Some(record("ScatterAddBackward0", [g], Keep::NOTHING, out, move |_, g| {
                [Some(g.reshape(vec![rows, plane]).gathered(&flat).reshape_to(&before))]
            }))]
        });
        (pooled, Tensor::from_raw(index))
    }

    /// The largest of every window of `D` dimensions, one to three, and where: see
    /// [`Tensor::max_pool2d_with_indices`].
    #[track_caller]
    pub fn max_pool_nd<const D: usize>(&self, options: impl Into<PoolOptions<D>>) -> (Tensor, Tensor) {
        let windows = options.into().windows(["max_pool1d", "max_pool2d", "max_pool3d"][D - 1], self);
        let names = ["SqueezeBackward1", "MaxPool2DWithIndicesBackward0", "MaxPool3DWithIndicesBackward0"];
        self.largest(names[D - 1], &windows)
    }

    /// The average of every window of `D` dimensions, one to three: see [`Tensor::avg_pool2d`].
    #[track_caller]
    pub fn avg_pool_nd<const D: usize>(&self, options: impl Into<PoolOptions<D>>) -> Tensor {
        let (options, op) = (options.into(), ["avg_pool1d", "avg_pool2d", "avg_pool3d"][D - 1]);
        if *options.dilation != [1; D] {
            check::fail(op, format_args!("dilation {}", options.dilation), "averages have none");
        }
        let windows = options.windows(op, self);
        let count = match options.divisor_override {
            Some(divisor) => TensorArg::from(divisor as f64),
            None => self.counts(&windows, &options.counts(&windows, &self.shape()[self.rank() - D..])),
        };
        let names = ["SqueezeBackward1", "AvgPool2DBackward0", "AvgPool3DBackward0"];
        self.window_means(names[D - 1], &windows, count)
    }

    /// The `p`-norm of every window of `D` dimensions, one to three, of their sums where those are positive:
    /// PyTorch's `F.lp_pool1d` to `F.lp_pool3d`.
    #[track_caller]
    pub fn lp_pool_nd<const D: usize>(&self, p: f64, options: impl Into<PoolOptions<D>>) -> Tensor {
        let options = options.into();
        let mean = self.pow(p).avg_pool_nd(options);
        let elements: usize = options.kernel_size.iter().product();
        (mean.sign() * mean.abs().relu() * elements as f64).pow(1.0 / p)
    }

    /// The reverse of a max pooling of `D` dimensions, one to three: see [`Tensor::max_unpool2d`].
    #[track_caller]
    pub fn max_unpool_nd<const D: usize>(
        &self,
        indices: &Tensor,
        options: impl Into<PoolOptions<D>>,
        output_size: Option<[usize; D]>,
    ) -> Tensor {
        let (options, op) = (options.into(), ["max_unpool1d", "max_unpool2d", "max_unpool3d"][D - 1]);
        if self.rank() != D + 1 && self.rank() != D + 2 {
            check::fail(op, format_args!("input of shape {}", self.shape()), "give the pooling's values");
        }
        let sizes = output_size.unwrap_or_else(|| {
            let places = &self.shape()[self.rank() - D..];
            std::array::from_fn(|i| {
                (places[i].saturating_sub(1) * options.stride[i] + options.kernel_size[i])
                    .saturating_sub(2 * options.padding[i])
            })
        });
        self.unpool(op, indices, &sizes)
    }

    /// The numbers of elements of each place's window, row-major, as a divisor of this tensor's sums: one
    /// number when all are equal.
    #[track_caller]
    pub(super) fn counts<const D: usize>(
        &self,
        windows: &[Window; D],
        counts: &[Vec<usize>; D],
    ) -> TensorArg {
        let table = counts.iter().fold(vec![1.0], |table, along| {
            table.iter().flat_map(|&outer: &f64| along.iter().map(move |&n| outer * n as f64)).collect()
        });
        if table.iter().all(|&count| count == table[0]) {
            return table[0].into();
        }
        let lead = self.rank() - D;
        let places: [usize; D] = std::array::from_fn(|i| windows[i].places(self.shape()[lead + i]));
        self.numbers("avg_pool", table, places).into()
    }

    /// The reverse of a max pooling: `[L…, O…] → [L…, S…]`, S being `sizes`, zeros elsewhere.
    #[track_caller]
    fn unpool(&self, op: &str, indices: &Tensor, sizes: &[usize]) -> Tensor {
        let lead = self.rank() - sizes.len();
        if indices.shape() != self.shape() {
            check::fail(
                op,
                format_args!("values of shape {} and indices of shape {}", self.shape(), indices.shape()),
                "give the indices that the pooling returned",
            );
        }
        check::index_type(op, indices.dtype());
        let rows: usize = self.shape()[..lead].iter().product();
        let (plane, places) = (sizes.iter().product::<usize>(), self.shape()[lead..].iter().product());
        let index = if self.device().checks_indices() {
            indices.raw().checked_index(op, plane)
        } else {
            indices.raw().clone()
        };
        let index = index.reshape(&Shape::new(&[rows, places]));
        // Overlapping windows may name a place twice, with the same value: it is written once.
        let ones = RawTensor::full([rows, places], 1, self.dtype(), self.device());
        let zeros = RawTensor::full([rows, plane], 0, self.dtype(), self.device());
        let times = zeros.scatter_add(1, &index, &ones).binary(BinaryOp::Maximum, 1.0);
        let sums = zeros.scatter_add(1, &index, &self.raw().reshape(&Shape::new(&[rows, places])));
        let shape = Shape::new(&[&self.shape()[..lead], sizes].concat());
        let before = *self.shape();
        let out = sums.binary(BinaryOp::Div, &times).reshape(&shape);
        record("MaxUnpool2DBackward0", [self], Keep::NOTHING, out, move |_, g| {
            [Some(g.reshape(vec![rows, plane]).gathered(&index).reshape_to(&before))]
        })
    }
}

/// The methods of one number of dimensions.
macro_rules! methods {
    ($($d:literal: $max:ident, $max_index:ident, $avg:ident, $adaptive_max:ident, $adaptive_max_index:ident,
        $adaptive_avg:ident, $unpool:ident;)+) => {
        impl Tensor {$(
            #[doc = concat!("The largest of every window, NaN if any is: PyTorch's `F.", stringify!($max), "`. \
                Options are a [`PoolOptions`] or a kernel size.\n\n# Panics\nWhen a window does not fit.")]
            #[track_caller]
            pub fn $max(&self, options: impl Into<PoolOptions<$d>>) -> Tensor {
                self.max_pool_nd(options).0
            }

            #[doc = concat!("As [`Tensor::", stringify!($max), "`], and where the largest stand among the last ",
                "dimensions flattened: its `return_indices`.")]
            #[track_caller]
            pub fn $max_index(&self, options: impl Into<PoolOptions<$d>>) -> (Tensor, Tensor) {
                self.max_pool_nd(options)
            }

            #[doc = concat!("The average of every window: PyTorch's `F.", stringify!($avg), "`. Options are a \
                [`PoolOptions`] or a kernel size.\n\n# Panics\nWhen a window does not fit.")]
            #[track_caller]
            pub fn $avg(&self, options: impl Into<PoolOptions<$d>>) -> Tensor {
                self.avg_pool_nd(options)
            }

            #[doc = concat!("The largest of as many windows as asked for: PyTorch's `F.",
                stringify!($adaptive_max), "`.")]
            #[track_caller]
            pub fn $adaptive_max(&self, output_size: impl Into<AdaptiveSize<$d>>) -> Tensor {
                self.adaptive_max_pool_nd(output_size).0
            }

            #[doc = concat!("As [`Tensor::", stringify!($adaptive_max), "`], and where the largest stand.")]
            #[track_caller]
            pub fn $adaptive_max_index(&self, output_size: impl Into<AdaptiveSize<$d>>) -> (Tensor, Tensor) {
                self.adaptive_max_pool_nd(output_size)
            }

            #[doc = concat!("The averages of as many windows as asked for: PyTorch's `F.",
                stringify!($adaptive_avg), "`.")]
            #[track_caller]
            pub fn $adaptive_avg(&self, output_size: impl Into<AdaptiveSize<$d>>) -> Tensor {
                self.adaptive_avg_pool_nd(output_size)
            }

            #[doc = concat!("The reverse of [`Tensor::", stringify!($max_index), "`]: values at `indices`, zeros ",
                "elsewhere. Without an `output_size` it is the smallest that the pooling may have had: PyTorch's \
                `F.", stringify!($unpool), "`.")]
            #[track_caller]
            pub fn $unpool(
                &self,
                indices: &Tensor,
                options: impl Into<PoolOptions<$d>>,
                output_size: Option<[usize; $d]>,
            ) -> Tensor {
                self.max_unpool_nd(indices, options, output_size)
            }
        )+}
    };
}
methods! {
    1: max_pool1d, max_pool1d_with_indices, avg_pool1d, adaptive_max_pool1d, adaptive_max_pool1d_with_indices,
        adaptive_avg_pool1d, max_unpool1d;
    2: max_pool2d, max_pool2d_with_indices, avg_pool2d, adaptive_max_pool2d, adaptive_max_pool2d_with_indices,
        adaptive_avg_pool2d, max_unpool2d;
    3: max_pool3d, max_pool3d_with_indices, avg_pool3d, adaptive_max_pool3d, adaptive_max_pool3d_with_indices,
        adaptive_avg_pool3d, max_unpool3d;
}
