//! Choosing by index tensors, and joining. Indices are checked on the host side of the CPU only
//! where they come from users: [`RawTensor::checked_index`], and [`RawTensor::wrapped_index`] where negative ones count
//! from the end.

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

    /// Whether every entry is from `low` to `size` - 1.
    #[track_caller]
    fn entries_within(&self, op: &str, low: i64, size: usize) -> bool {
        self.index_range(op).is_none_or(|(least, most)| least >= low && most < size as i64)
    }

    /// This index tensor, whose entries are 0 to `size` - 1; panics on any other. A negative one is refused as
    /// PyTorch's `gather`, `index_select` and `embedding` do: a stray -1 in data is not the last row.
    #[track_caller]
    pub fn checked_index(&self, op: &str, size: usize) -> Self {
        if self.entries_within(op, 0, size) {
            return self.clone();
        }
        let values: Vec<i64> = self.to_vec();
        let odd = values.iter().find(|&&v| v < 0 || v >= size as i64).expect("one is out of range");
        let hint = match size.checked_sub(1) {
            None => String::new(),
            Some(last) if *odd < 0 => {
                format!("indices run from 0 to {last}; .i(s![…]) counts negative ones from the end")
            }
            Some(last) => format!("indices run from 0 to {last}"),
        };
        check::fail(op, format_args!("index {odd} is out of range for a dimension of size {size}"), hint)
    }

    /// This index tensor with negative entries counted from the end of `size`, as `x[index]` takes them; panics on
    /// one out of range.
    #[track_caller]
    pub fn wrapped_index(&self, op: &str, size: usize) -> Self {
        if self.entries_within(op, 0, size) {
            return self.clone();
        }
        let size = size as i64;
        let values: Vec<i64> = self.to_vec();
        if let Some(odd) = values.iter().find(|&&v| v < -size || v >= size) {
            let hint =
                if size > 0 { format!("indices run from {} to {}", -size, size - 1) } else { String::new() };
            check::fail(op, format_args!("index {odd} is out of range for a dimension of size {size}"), hint);
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
