//! Sliding windows as tensors: laid out, added back to where they came from, summed.
//!
//! Unfolding and folding are each other's transpose, so each is the other's gradient rule and second
//! derivatives follow. Convolutions and poolings are built on them.

use super::TensorArg;
use super::sliding::Each;
use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::BinaryOp::Add;
use tensor_core::{RawTensor, Shape, Window, check};

/// Windows of sizes, strides, dilations and equal paddings on both sides.
#[track_caller]
pub(crate) fn windows<const D: usize>(
    op: &str,
    size: [usize; D],
    stride: [usize; D],
    padding: [usize; D],
    dilation: [usize; D],
) -> [Window; D] {
    for (what, values) in [("kernel size", size), ("stride", stride), ("dilation", dilation)] {
        if values.contains(&0) {
            check::fail(op, format_args!("a {what} of {values:?}"), "every one must be positive");
        }
    }
    std::array::from_fn(|i| Window {
        size: size[i],
        stride: stride[i],
        dilation: dilation[i],
        padding: [padding[i]; 2],
    })
}

/// Panics when some window is longer than the padded dimension it slides along.
#[track_caller]
pub(crate) fn fits(op: &str, windows: &[Window], x: &Tensor) {
    let lead = x.rank() - windows.len();
    for (window, &len) in windows.iter().zip(&x.shape()[lead..]) {
        if window.places(len) == 0 {
            check::fail(
                op,
                format_args!(
                    "a window of {} elements does not fit a dimension of {len} with padding {:?}: input of shape {}",
                    window.span(),
                    window.padding,
                    x.shape()
                ),
                "use a smaller kernel or dilation, or more padding",
            );
        }
    }
}

impl Tensor {
    /// The windows of the last dimensions, zeros around: `[L…, S…] → [L…, K…, O…]`.
    #[track_caller]
    pub(crate) fn unfolded(&self, windows: &[Window]) -> Tensor {
        let lead = self.rank() - windows.len();
        let out = self.raw().unfold(windows, 0);
        let view = out.buffer().same(self.raw().buffer());
        let (sizes, windows) = (self.shape()[lead..].to_vec(), windows.to_vec());
        let result = record("Im2ColBackward0", [self], Keep::NOTHING, out, move |_, g| {
            [Some(g.folded(&windows, &sizes))]
        });
        if view { result.mark_view() } else { result }
    }

    /// Windows added back to where they came from: `[L…, K…, O…] → [L…, S…]`, S being `sizes`.
    #[track_caller]
    pub(crate) fn folded(&self, windows: &[Window], sizes: &[usize]) -> Tensor {
        let out = self.raw().fold(windows, sizes);
        let view = out.buffer().same(self.raw().buffer());
        let windows = windows.to_vec();
        let result =
            record("Col2ImBackward0", [self], Keep::NOTHING, out, move |_, g| [Some(g.unfolded(&windows))]);
        if view { result.mark_view() } else { result }
    }

    /// The sum of every window of the last dimensions, zeros around, over a constant that broadcasts:
    /// `[L…, S…] → [L…, O…]`. A dimension at a time, so a window of k×k costs 2k additions.
    #[track_caller]
    pub(crate) fn window_means(&self, name: &'static str, windows: &[Window], count: TensorArg) -> Tensor {
        let lead = self.rank() - windows.len();
        let mut out = self.raw().clone();
        for (i, &window) in windows.iter().enumerate() {
            let axis = lead + i;
            let size = out.shape()[axis];
            let around = padded(&out, axis, window);
            let part = |k: usize| {
                around.slice(axis, k * window.dilation, window.places(size), window.stride as isize)
            };
            out = (1..window.size).fold(part(0), |sum, k| sum.binary(Add, &part(k)));
        }
        let out = Tensor::from_raw(out).div(count.clone()).raw().clone();
        let (sizes, windows) = (self.shape()[lead..].to_vec(), windows.to_vec());
        let spread = {
            let mut dims = self.shape()[..lead].to_vec();
            dims.extend(windows.iter().map(|w| w.size));
            dims.extend(&out.shape()[lead..]);
            Shape::new(&dims)
        };
        record(name, [self], Keep::NOTHING, out, move |_, g| {
            // Every element of a window gets its gradient.
            let mut each = g.shape()[..lead].to_vec();
            each.extend(windows.iter().map(|_| 1));
            each.extend(&g.shape()[lead..]);
            let g = g.div(count.clone()).reshape(each);
            [Some(g.expand_to(&spread).folded(&windows, &sizes))]
        })
    }

    /// `dim` as the places of a window of `size` that slides along it by `step`, and the window's elements
    /// as a new last dimension; a view: PyTorch's `Tensor.unfold`.
    ///
    /// # Panics
    /// When the window is longer than the dimension.
    #[track_caller]
    pub fn unfold(&self, dim: isize, size: usize, step: usize) -> Tensor {
        let axis = self.axis("unfold", dim);
        if self.rank() == 0 {
            return self.reshape(vec![1]).unfold(0, size, step).squeeze_dim(0);
        }
        let [window] = windows("unfold", [size], [step], [0], [1]);
        let len = self.shape()[axis];
        if size > len {
            check::fail(
                "unfold",
                format_args!("a window of {size} is longer than dimension {axis} of shape {}", self.shape()),
                "use a smaller size",
            );
        }
        let out = self.raw().with_layout(self.raw().layout().windows(axis, window));
        record("UnfoldBackward0", [self], Keep::NOTHING, out, move |_, g| {
            // [A…, O, B…, K] → [A…, B…, K, O], folded to [A…, B…, S]
            let last = g.rank() as isize - 1;
            [Some(g.movedim(axis as isize, last).folded(&[window], &[len]).movedim(last - 1, axis as isize))]
        })
        .mark_view()
    }

    /// The windows of images as columns, `[N, C, H, W] → [N, C·kh·kw, places]`: PyTorch's `F.unfold`, which
    /// its C++ calls `im2col`. Images without a batch are taken too.
    ///
    /// # Panics
    /// When a window does not fit the padded image.
    #[track_caller]
    pub fn im2col(
        &self,
        kernel_size: impl Into<Each<2>>,
        dilation: impl Into<Each<2>>,
        padding: impl Into<Each<2>>,
        stride: impl Into<Each<2>>,
    ) -> Tensor {
        let op = "im2col";
        let windows = windows(op, *kernel_size.into(), *stride.into(), *padding.into(), *dilation.into());
        if self.rank() != 3 && self.rank() != 4 {
            check::fail(
                op,
                format_args!("input of shape {}", self.shape()),
                "give [N, C, H, W] or [C, H, W]",
            );
        }
        fits(op, &windows, self);
        let cols = self.unfolded(&windows);
        let lead = self.rank() - 3; // then come [C, kh, kw] and the places [oh, ow]
        cols.flatten(lead as isize, lead as isize + 2).flatten(-2, -1)
    }

    /// Columns of windows added back to images, `[N, C·kh·kw, places] → [N, C, H, W]`: the transpose of
    /// [`Tensor::im2col`], PyTorch's `F.fold`.
    ///
    /// # Panics
    /// When the numbers of rows or columns are not those of such images.
    #[track_caller]
    pub fn col2im(
        &self,
        output_size: impl Into<Each<2>>,
        kernel_size: impl Into<Each<2>>,
        dilation: impl Into<Each<2>>,
        padding: impl Into<Each<2>>,
        stride: impl Into<Each<2>>,
    ) -> Tensor {
        let (op, sizes, kernel) = ("col2im", *output_size.into(), *kernel_size.into());
        let windows = windows(op, kernel, *stride.into(), *padding.into(), *dilation.into());
        let places: [usize; 2] = std::array::from_fn(|i| windows[i].places(sizes[i]));
        let area = kernel[0] * kernel[1];
        let fits = matches!(self.rank(), 2 | 3)
            && self.dim(-2).is_multiple_of(area)
            && self.dim(-1) == places[0] * places[1];
        if !fits {
            check::fail(
                op,
                format_args!(
                    "columns of shape {} for images of {sizes:?} and windows of {kernel:?} in {places:?} places",
                    self.shape()
                ),
                format_args!("give [N, C·{area}, {}]", places[0] * places[1]),
            );
        }
        let mut dims = self.shape()[..self.rank() - 2].to_vec();
        dims.extend([self.dim(-2) / area, kernel[0], kernel[1], places[0], places[1]]);
        self.reshape(dims).folded(&windows, &sizes)
    }
}

/// A tensor with a window's padding of zeros around one dimension.
fn padded(x: &RawTensor, axis: usize, window: Window) -> RawTensor {
    let [before, after] = window.padding;
    let size = x.shape()[axis];
    if before + after == 0 {
        return x.clone();
    }
    x.embed(&x.shape().with(axis, before + size + after), |t| t.narrow(axis, before, size))
}
