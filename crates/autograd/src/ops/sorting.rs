//! Order: sorting and the largest few. The gradient goes back to where the elements stood.

use crate::tensor::Tensor;
use tensor_core::check;

impl Tensor {
    /// Sorted along a dimension, stable, NaN largest: the elements and where they stood.
    #[track_caller]
    pub fn sort(&self, dim: isize, descending: bool) -> (Tensor, Tensor) {
        let axis = self.axis("sort", dim);
        let (values, index) = self.raw().sort(axis, descending);
        let index = Tensor::from_raw(index);
        if self.requires_grad() {
            (self.gather(dim, &index).named("SortBackward0"), index)
        } else {
            (Tensor::from_raw(values), index)
        }
    }

    /// Where the sorted elements stand.
    #[track_caller]
    pub fn argsort(&self, dim: isize, descending: bool) -> Tensor {
        self.sort(dim, descending).1
    }

    /// The `k` largest (or smallest) elements along a dimension, in order, and where they stand.
    #[track_caller]
    pub fn topk(&self, k: usize, dim: isize, largest: bool) -> (Tensor, Tensor) {
        let size = self.shape().get(self.axis("topk", dim)).copied().unwrap_or(1);
        if k > size {
            check::fail(
                "topk",
                format_args!("k = {k} of a dimension of size {size}"),
                "k must not exceed the size",
            );
        }
        if self.rank() == 0 {
            return self.sort(dim, largest);
        }
        let (values, index) = self.raw().topk(k, self.axis("topk", dim), largest);
        let index = Tensor::from_raw(index);
        if self.requires_grad() {
            (self.gather(dim, &index).named("TopkBackward0"), index)
        } else {
            (Tensor::from_raw(values), index)
        }
    }
}
