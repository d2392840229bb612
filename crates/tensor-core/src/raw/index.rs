//! Choosing by index tensors, and joining. Indices are checked on the host side of the CPU only
//! where they come from users: [`RawTensor::checked_index`].

use super::RawTensor;
use crate::check;
use crate::shape::Shape;

impl RawTensor {
    /// The smallest and the largest of integers; `None` if there are no elements.
    #[track_caller]
    pub fn index_range(&self, op: &str) -> Option<(i64, i64)> {
        check::index_type(op, self.dtype());
        (self.numel() > 0).then(|| check::done(op, self.device().index_range(self.view())))
    }

    /// This index tensor with negative entries counted from the end of `size`; panics on one out of range.
    #[track_caller]
    pub fn checked_index(&self, op: &str, size: usize) -> Self {
        let size = size as i64;
        if self.index_range(op).is_none_or(|(low, high)| low >= 0 && high < size) {
            return self.clone();
        }
        let values: Vec<i64> = self.to_vec();
        if let Some(odd) = values.iter().find(|&&v| v < -size || v >= size) {
            let hint =
                if size > 0 { format!("indices run from {} to {}", -size, size - 1) } else { String::new() };
            check::fail(op, format!("index {odd} is out of range for a dimension of size {size}"), hint);
        }
        let wrapped: Vec<i64> = values.into_iter().map(|v| if v < 0 { v + size } else { v }).collect();
        let data = crate::HostData::I64(wrapped).cast(self.dtype());
        check::done(op, RawTensor::from_host(&data, *self.shape(), self.device()))
    }

    /// The elements of `axis` at `index`, which is one-dimensional and in range.
    #[track_caller]
    pub fn index_select(&self, axis: usize, index: &RawTensor) -> Self {
        self.same_device("index_select", index);
        let shape = self.shape().with(axis, index.numel());
        let answer = self.device().index_select(self.view(), axis, index.view());
        self.answer("index_select", answer, self.dtype(), shape)
    }

    /// `out[…, i, …] = self[…, index[…, i, …], …]`; indices in range.
    #[track_caller]
    pub fn gather(&self, axis: usize, index: &RawTensor) -> Self {
        self.same_device("gather", index);
        let answer = self.device().gather(self.view(), axis, index.view());
        self.answer("gather", answer, self.dtype(), *index.shape())
    }

    /// A copy with `src` added at `index` along `axis`; indices in range.
    #[track_caller]
    pub fn scatter_add(&self, axis: usize, index: &RawTensor, src: &RawTensor) -> Self {
        self.same_device("scatter_add", index);
        self.same_device("scatter_add", src);
        let answer = self.device().scatter_add(self.view(), axis, index.view(), src.view());
        self.answer("scatter_add", answer, self.dtype(), *self.shape())
    }

    /// Tensors of one type joined along `axis`, sizes equal elsewhere.
    #[track_caller]
    pub fn cat(parts: &[RawTensor], axis: usize) -> Self {
        let first = &parts[0];
        for part in parts {
            first.same_device("cat", part); // in a closure it would not see the caller's line
        }
        let size = parts.iter().map(|p| p.shape()[axis]).sum();
        let views: Vec<_> = parts.iter().map(RawTensor::view).collect();
        first.answer("cat", first.device().cat(&views, axis), first.dtype(), first.shape().with(axis, size))
    }

    /// Zeros of `shape` with this written at `view` of them: the gradient of every view.
    #[track_caller]
    pub fn embed(&self, shape: &Shape, view: impl FnOnce(&RawTensor) -> RawTensor) -> Self {
        let out = RawTensor::full(*shape, 0, self.dtype(), self.device());
        let target = view(&out);
        check::done("copy", out.device().copy(self.view(), target.view()));
        out
    }
}
