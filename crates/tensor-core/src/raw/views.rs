//! Views: other ways to see the same elements. Nothing moves, except where `reshape` must copy.

use super::RawTensor;
use crate::check;
use crate::shape::Shape;

impl RawTensor {
    /// Broadcast to `shape` by strides of 0.
    #[track_caller]
    pub fn expand(&self, shape: &Shape) -> Self {
        match self.layout.expand(shape) {
            Some(layout) => self.with_layout(layout),
            None => check::fail(
                "expand",
                format_args!("shape {} does not expand to {shape}", self.shape()),
                "only dimensions of size 1, and new leading ones, can be repeated",
            ),
        }
    }

    /// Another shape for the same elements; a view where strides allow, else a copy.
    #[track_caller]
    pub fn reshape(&self, shape: &Shape) -> Self {
        match self.layout.reshape(shape) {
            Some(layout) => self.with_layout(layout),
            None if self.numel() == shape.numel() => {
                let copy = self.copy();
                copy.with_layout(crate::Layout::contiguous(*shape))
            }
            None => self.misfit("reshape", shape),
        }
    }

    /// Another shape for the same elements, never copying.
    #[track_caller]
    pub fn view_as(&self, shape: &Shape) -> Self {
        match self.layout.reshape(shape) {
            Some(layout) => self.with_layout(layout),
            None if self.numel() == shape.numel() => check::fail(
                "view",
                format_args!(
                    "shape {shape} cannot be seen in a tensor of shape {} and strides {:?} without a copy",
                    self.shape(),
                    self.layout.strides()
                ),
                "use .reshape(…), which copies when it must",
            ),
            None => self.misfit("view", shape),
        }
    }

    #[track_caller]
    fn misfit(&self, op: &str, shape: &Shape) -> ! {
        check::fail(
            op,
            format_args!(
                "shape {shape} has {} elements, the tensor of shape {} has {}",
                shape.numel(),
                self.shape(),
                self.numel()
            ),
            "the products of the sizes must agree; one size may be -1 to be worked out",
        )
    }

    /// Dimension `order[i]` moved to place `i`.
    pub fn permute(&self, order: &[usize]) -> Self {
        self.with_layout(self.layout.permute(order))
    }

    /// Two dimensions swapped.
    pub fn transpose(&self, a: usize, b: usize) -> Self {
        self.with_layout(self.layout.transpose(a, b))
    }

    /// Every `step`-th of `axis` from `start`, `len` of them.
    pub fn slice(&self, axis: usize, start: usize, len: usize, step: isize) -> Self {
        self.with_layout(self.layout.slice(axis, start, len, step))
    }

    /// `len` of `axis` from `start`.
    pub fn narrow(&self, axis: usize, start: usize, len: usize) -> Self {
        self.slice(axis, start, len, 1)
    }

    /// The view at `index` of `axis`, which goes.
    pub fn select(&self, axis: usize, index: usize) -> Self {
        self.with_layout(self.layout.select(axis, index))
    }

    /// A dimension of size 1 before `axis`.
    #[track_caller]
    pub fn unsqueeze(&self, axis: usize) -> Self {
        self.with_layout(self.layout.unsqueeze(axis))
    }

    /// Without `axis`, whose size is 1.
    pub fn squeeze(&self, axis: usize) -> Self {
        self.with_layout(self.layout.remove(axis))
    }

    /// `axis` backwards.
    pub fn flip(&self, axis: usize) -> Self {
        let size = self.shape()[axis];
        self.slice(axis, size.saturating_sub(1), size, -1)
    }

    /// The diagonal of two dimensions, moved to the end.
    pub fn diagonal(&self, offset: isize, a: usize, b: usize) -> Self {
        self.with_layout(self.layout.diagonal(offset, a, b))
    }
}
