//! Choosing and adding by index tensors.

use crate::graph::{Keep, record};
use crate::mode::no_grad;
use crate::tensor::Tensor;
use std::collections::HashMap;
use tensor_core::{DType, RawTensor, Shape, check};

/// One zero seen as a whole shape of them, of a gradient's type.
fn zeros(shape: &Shape, g: &Tensor) -> Tensor {
    Tensor::from_raw(RawTensor::full((), 0.0, g.dtype(), g.device()).expand(shape))
}

impl Tensor {
    /// The elements of a dimension at an index of one dimension; repeats add up their gradients.
    ///
    /// # Panics
    /// When an index is negative or not below the dimension's size; `.i(s![index])` counts negative ones from the end.
    #[track_caller]
    pub fn index_select(&self, dim: isize, index: &Tensor) -> Tensor {
        let axis = self.axis("index_select", dim);
        if index.rank() > 1 || self.rank() == 0 {
            check::fail(
                "index_select",
                format_args!("the index has shape {}", index.shape()),
                "give one dimension of indices",
            );
        }
        self.selected(["index_select", "IndexSelectBackward0"], axis, &index.flatten(0, -1))
    }

    /// The rows of this table `[N, D]` that indices of any shape name, `[…] → […, D]`: PyTorch's `F.embedding`, the
    /// table being its weight.
    ///
    /// # Panics
    /// When an index is not 0 to N - 1, or this is no matrix.
    #[track_caller]
    pub fn embedding(&self, indices: &Tensor) -> Tensor {
        if self.rank() != 2 {
            check::fail("embedding", format_args!("a table of shape {}", self.shape()), "it is [N, D]");
        }
        let mut shape = indices.shape().to_vec();
        shape.push(self.dim(1));
        self.selected(["embedding", "EmbeddingBackward0"], 0, &indices.flatten(0, -1)).reshape(shape)
    }

    /// Shrinks, in place, those rows of this table `[N, D]` that indices name and whose `norm_type`-norm is above
    /// `max_norm`: PyTorch's `embedding_renorm_`, what `F.embedding(…, max_norm=…)` does first. Not recorded.
    ///
    /// # Panics
    /// When an index is not one of N, or this is no matrix.
    #[track_caller]
    pub fn embedding_renorm_(&self, indices: &Tensor, max_norm: f64, norm_type: f64) {
        no_grad(|| {
            let indices = indices.flatten(0, -1);
            let table = self.detach();
            let norms = table.embedding(&indices).norm_dim(norm_type, 1, false);
            let factors = norms.gt(max_norm).where_((&norms + 1e-7).reciprocal() * max_norm, 1.0);
            let host = |t: &Tensor| check::done("embedding_renorm_", t.to_host());
            let (rows, by) = (host(&indices), host(&factors));
            let long = (0..rows.len()).map(|i| (rows.get(i).to_i64(), by.get(i).to_f64()));
            let long: HashMap<i64, f64> = long.filter(|&(_, factor)| factor != 1.0).collect();
            // A few rows are written where they stand; many in one pass over the table.
            if long.len() * 64 > self.dim(0) {
                let all = Tensor::ones(self.dim(0), (self.dtype(), self.device()));
                table.mul_(all.scatter(0, &indices, &factors).unsqueeze(1));
            } else {
                for (row, factor) in long {
                    table.select(0, row as isize).mul_(factor);
                }
            }
        });
    }

    /// The elements of a dimension at indices.
    #[track_caller]
    fn selected(&self, [op, name]: [&'static str; 2], axis: usize, index: &Tensor) -> Tensor {
        let index = self.index(op, index, self.shape()[axis]);
        let out = self.raw().index_select(axis, index.raw());
        let shape = *self.shape();
        record(name, [self, &index], Keep::SECOND, out, move |ctx, g| {
            let index = ctx.input(1).raw().clone();
            // Repeats of one index add up: the index spread over the other dimensions.
            let mut sizes = vec![1; shape.rank()];
            sizes[axis] = index.numel();
            let spread = index.reshape(&Shape::new(&sizes)).expand(g.shape());
            [Some(zeros(&shape, g).scatter_add(axis as isize, &Tensor::from_raw(spread), g)), None]
        })
    }

    /// `out[…, i, …] = self[…, index[…, i, …], …]` along a dimension.
    ///
    /// # Panics
    /// When an index is negative or not below the dimension's size. [`Tensor::take_along_dim`] counts negative ones
    /// from the end, as PyTorch's.
    #[track_caller]
    pub fn gather(&self, dim: isize, index: &Tensor) -> Tensor {
        let axis = self.axis("gather", dim);
        self.fits_index("gather", axis, index);
        let index = self.index("gather", index, self.shape().get(axis).copied().unwrap_or(1));
        let out = self.raw().gather(axis, index.raw());
        let shape = *self.shape();
        record("GatherBackward0", [self, &index], Keep::SECOND, out, move |ctx, g| {
            [Some(zeros(&shape, g).scatter_add(axis as isize, &ctx.input(1), g)), None]
        })
    }

    /// A copy with `src` added at `index` along a dimension: the transpose of [`Tensor::gather`].
    #[track_caller]
    pub fn scatter_add(&self, dim: isize, index: &Tensor, src: &Tensor) -> Tensor {
        check::arithmetic("scatter_add", self.dtype());
        let axis = self.axis("scatter_add", dim);
        self.fits_index("scatter_add", axis, index);
        if src.rank() != index.rank() || (0..src.rank()).any(|a| index.shape()[a] > src.shape()[a]) {
            check::fail(
                "scatter_add",
                format_args!("an index of shape {} for a source of shape {}", index.shape(), src.shape()),
                "the source must be at least as large as the index",
            );
        }
        let index = self.index("scatter_add", index, self.shape().get(axis).copied().unwrap_or(1));
        let out = self.raw().scatter_add(axis, index.raw(), src.to_dtype(self.dtype()).raw());
        let (src_shape, src_dtype) = (*src.shape(), src.dtype());
        record("ScatterAddBackward0", [self, src, &index], Keep::THIRD, out, move |ctx, g| {
            let from = || {
                let picked = g.gather(axis as isize, &ctx.input(2));
                let mut padding = Vec::new();
                for a in (0..src_shape.rank()).rev() {
                    padding.extend([0, src_shape[a] - picked.shape()[a]]);
                }
                picked.pad(&padding, 0.0).to_dtype(src_dtype)
            };
            [ctx.needs(0).then(|| g.clone()), ctx.needs(1).then(from), None]
        })
    }

    /// The elements where a boolean mask is true, in row-major order, as one dimension.
    #[track_caller]
    pub fn masked_select(&self, mask: &Tensor) -> Tensor {
        if mask.dtype() != DType::Bool {
            let hint = "compare first: x.gt(0)";
            check::fail("masked_select", format_args!("the mask must be bool, got {}", mask.dtype()), hint);
        }
        let shape = check::broadcast("masked_select", self.shape(), mask.shape());
        // As one dimension: one index, not one per dimension.
        let mask = crate::Index::Tensor(mask.expand_to(&shape).flatten(0, -1));
        self.expand_to(&shape).flatten(0, -1).i(&[mask]).named("MaskedSelectBackward0")
    }

    /// An index on this tensor's device, checked: from 0 to `size` - 1.
    #[track_caller]
    pub(super) fn index(&self, op: &str, index: &Tensor, size: usize) -> Tensor {
        check::index_type(op, index.dtype());
        let checks = self.device().checks_indices();
        Tensor::from_raw(if checks { index.raw().checked_index(op, size) } else { index.raw().clone() })
    }

    /// As [`Tensor::index`], for the operations that count negative entries from the end.
    #[track_caller]
    pub(super) fn wrapped(&self, op: &str, index: &Tensor, size: usize) -> Tensor {
        check::index_type(op, index.dtype());
        if self.device().checks_indices() {
            return Tensor::from_raw(index.raw().wrapped_index(op, size));
        }
        index.lt(0).where_(index + size as i64, index)
    }

    #[track_caller]
    fn fits_index(&self, op: &str, axis: usize, index: &Tensor) {
        let fits = index.rank() == self.rank()
            && (0..self.rank()).all(|a| a == axis || index.shape()[a] <= self.shape()[a]);
        if !fits {
            check::fail(
                op,
                format_args!("an index of shape {} for a tensor of shape {}", index.shape(), self.shape()),
                "both have the same dimensions, and the index fits in all but the one it chooses along",
            );
        }
    }
}
