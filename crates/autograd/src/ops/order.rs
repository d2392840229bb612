//! Statistics of order: medians, quantiles, and where numbers belong among sorted ones.

use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{DType, check};

/// How [`Tensor::quantile`] reads between two elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuantileMode {
    /// On the straight line between them.
    #[default]
    Linear,
    /// The lower one.
    Lower,
    /// The higher one.
    Higher,
    /// The nearer one, ties to even places.
    Nearest,
    /// Halfway.
    Midpoint,
}

impl Tensor {
    /// The `k`-th smallest element along a dimension, counted from 1, and where it stands.
    #[track_caller]
    pub fn kthvalue(&self, k: usize, dim: isize, keepdim: bool) -> (Tensor, Tensor) {
        self.ranked("kthvalue", "KthvalueBackward0", dim, keepdim, |size| {
            if k == 0 || k > size {
                check::fail(
                    "kthvalue",
                    format_args!("k = {k} of a dimension of size {size}"),
                    "k counts from 1",
                );
            }
            k - 1
        })
    }

    /// The element at a place of the sorted dimension, and where it stands in this.
    #[track_caller]
    fn ranked(
        &self,
        op: &str,
        name: &'static str,
        dim: isize,
        keepdim: bool,
        place: impl FnOnce(usize) -> usize,
    ) -> (Tensor, Tensor) {
        let axis = self.axis(op, dim);
        let size = self.shape().get(axis).copied().unwrap_or(1);
        if size == 0 {
            check::fail(op, format_args!("dimension {axis} of shape {} is empty", self.shape()), "");
        }
        let index = self.detach().sort(dim, false).1;
        if self.rank() == 0 {
            return (self.copy().named(name), index);
        }
        let index = index.narrow(dim, place(size), 1);
        self.picked_at(&index, name, dim, keepdim)
    }

    /// The elements at an index with one place along a dimension, and that index.
    #[track_caller]
    fn picked_at(&self, index: &Tensor, name: &'static str, dim: isize, keepdim: bool) -> (Tensor, Tensor) {
        let values = self.gather(dim, index);
        let (values, index) = if keepdim {
            (values, index.contiguous())
        } else {
            (values.squeeze_dim(dim), index.squeeze_dim(dim).contiguous())
        };
        (values.named(name), index)
    }

    /// One element of all, chosen by `middle`; equal ones share the gradient, and so do NaN if it is one.
    #[track_caller]
    fn shared(&self, name: &'static str, middle: impl FnOnce(&Tensor) -> Tensor) -> Tensor {
        let out = middle(&self.detach().flatten(0, -1));
        record(name, [self], Keep::FIRST.and(Keep::OUTPUT), out.raw().clone(), |ctx, g| {
            let (x, out) = (ctx.input(0).detach(), ctx.output().detach());
            let equal = x.eq(&out).logical_or(&x.isnan().logical_and(&out.isnan()));
            let count = equal.sum();
            [Some(equal.where_(g / count, 0.0))]
        })
    }

    /// The middle element of all, the lower of two; NaN if there is one. Equal ones share the gradient.
    #[track_caller]
    pub fn median(&self) -> Tensor {
        self.shared("MedianBackward0", |flat| flat.median_dim(0, false).0)
    }

    /// The middle element along a dimension, the lower of two, and where it stands; NaN if there is one.
    #[track_caller]
    pub fn median_dim(&self, dim: isize, keepdim: bool) -> (Tensor, Tensor) {
        let axis = self.axis("median", dim);
        if self.rank() == 0 || self.shape()[axis] == 0 || !self.dtype().is_float() {
            return self.ranked("median", "MedianBackward1", dim, keepdim, |size| (size - 1) / 2);
        }
        let middle = self.detach().sort(dim, false).1.narrow(dim, (self.shape()[axis] - 1) / 2, 1);
        // The first NaN is the largest of all, if there is one.
        let largest = self.argmax_dim(dim, true);
        let index = self.detach().gather(dim, &largest).isnan().where_(largest, middle);
        self.picked_at(&index, "MedianBackward1", dim, keepdim)
    }

    /// The middle element of all but NaN, the lower of two. Equal ones share the gradient.
    #[track_caller]
    pub fn nanmedian(&self) -> Tensor {
        self.shared("NanmedianBackward0", |flat| {
            let count = flat.isnan().logical_not().sum().item::<i64>() as usize;
            flat.ranked("nanmedian", "NanmedianBackward0", 0, false, |_| count.saturating_sub(1) / 2).0
        })
    }

    /// The middle element along a dimension of all but NaN, the lower of two, and where it stands.
    #[track_caller]
    pub fn nanmedian_dim(&self, dim: isize, keepdim: bool) -> (Tensor, Tensor) {
        let (axis, _) = self.sized_axis("nanmedian", dim);
        let index = self.detach().sort(dim, false).1;
        // NaN sorts last.
        let count = self.detach().isnan().logical_not().sum_dim(axis as isize, true);
        let index = index.gather(dim, &(count - 1).clamp_min(0.0).floor_divide(2));
        self.picked_at(&index, "NanmedianBackward1", dim, keepdim)
    }

    /// The commonest element along a dimension, the smallest of equally common ones, and where it stands
    /// last. Counted on the host.
    #[track_caller]
    pub fn mode(&self, dim: isize, keepdim: bool) -> (Tensor, Tensor) {
        let axis = self.axis("mode", dim);
        let size = self.shape().get(axis).copied().unwrap_or(1);
        if size == 0 {
            check::fail("mode", format_args!("dimension {axis} of shape {} is empty", self.shape()), "");
        }
        if self.rank() == 0 {
            return (self.copy(), Tensor::zeros((), (DType::I32, self.device())));
        }
        let (sorted, index) = self.detach().sort(dim, false);
        let rows = |t: &Tensor| t.movedim(dim, -1);
        let (values, places) = (rows(&sorted).to_vec::<f64>(), rows(&index).to_vec::<i32>());
        let best = |(run, places): (&[f64], &[i32])| {
            let (mut best, mut most, mut start) = (0, 0, 0);
            for end in 1..=size {
                if end == size || run[end] != run[start] {
                    if end - start > most {
                        (best, most) = (end - 1, end - start);
                    }
                    start = end;
                }
            }
            places[best]
        };
        let found: Vec<i32> = values.chunks(size).zip(places.chunks(size)).map(best).collect();
        let shape = rows(self).shape().with(self.rank() - 1, 1);
        let index = Tensor::from_vec(found, shape, self.device()).movedim(-1, dim).contiguous();
        self.picked_at(&index, "ModeBackward0", dim, keepdim)
    }

    /// The `q`-quantiles over all elements, read on the line between neighbours: `q` is `[]` or `[Q]`,
    /// in [0, 1]; NaN if there is one.
    #[track_caller]
    pub fn quantile(&self, q: &Tensor) -> Tensor {
        self.flatten(0, -1).quantile_dim(q, 0, false, QuantileMode::Linear)
    }

    /// The `q`-quantiles along a dimension; the dimension of `q`, if it has one, comes first.
    #[track_caller]
    pub fn quantile_dim(&self, q: &Tensor, dim: isize, keepdim: bool, between: QuantileMode) -> Tensor {
        self.quantiles(q, dim, keepdim, between, false)
    }

    /// As [`Tensor::quantile`], of all elements but NaN; NaN if there are no others.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// let dev = backend_cpu::device();
    /// let x = Tensor::from_vec(vec![3.0f32, f32::NAN, 1.0], 3, &dev);
    /// assert_eq!(x.nanquantile(&Tensor::full((), 0.5, &dev)).item::<f32>(), 2.0);
    /// ```
    #[track_caller]
    pub fn nanquantile(&self, q: &Tensor) -> Tensor {
        self.flatten(0, -1).nanquantile_dim(q, 0, false, QuantileMode::Linear)
    }

    /// As [`Tensor::quantile_dim`], of all elements but NaN; NaN where there are no others.
    #[track_caller]
    pub fn nanquantile_dim(&self, q: &Tensor, dim: isize, keepdim: bool, between: QuantileMode) -> Tensor {
        self.quantiles(q, dim, keepdim, between, true)
    }

    #[track_caller]
    fn quantiles(
        &self,
        q: &Tensor,
        dim: isize,
        keepdim: bool,
        between: QuantileMode,
        passing: bool,
    ) -> Tensor {
        let op = if passing { "nanquantile" } else { "quantile" };
        check::float(op, self.dtype());
        if q.rank() > 1 || q.dtype() != self.dtype() || self.numel() == 0 {
            check::fail(
                op,
                format_args!(
                    "q of shape {} and {} for shape {} and {}",
                    q.shape(),
                    q.dtype(),
                    self.shape(),
                    self.dtype()
                ),
                "q has at most one dimension and the type of a tensor that is not empty",
            );
        }
        if q.lt(0).logical_or(&q.gt(1)).any().item() {
            check::fail(op, "q leaves [0, 1]", "give shares, not percentages");
        }
        let x = if self.rank() == 0 { self.unsqueeze(0) } else { self.clone() };
        let axis = self.axis(op, dim);
        let sorted = x.movedim(dim, -1).sort(-1, false).0;
        let size = sorted.dim(-1);
        let q_flat = q.detach().flatten(0, -1);
        // NaN sorts last: a run with one is NaN throughout, or shorter where they are passed over.
        let last = sorted.narrow(-1, size - 1, 1);
        let rank = if passing {
            let count = sorted.detach().isnan().logical_not().sum_dim(-1, true);
            (count - 1).clamp_min(0.0).to_dtype(self.dtype()) * q_flat
        } else {
            q_flat * (size - 1) as f64
        };
        let rank = match between {
            QuantileMode::Lower => rank.floor(),
            QuantileMode::Higher => rank.ceil(),
            QuantileMode::Nearest => rank.round(),
            QuantileMode::Linear | QuantileMode::Midpoint => rank,
        };
        let below = rank.floor();
        let at = |rank: &Tensor| {
            let rank = rank.to_dtype(DType::I32);
            if passing { sorted.gather(-1, &rank) } else { sorted.index_select(-1, &rank) }
        };
        let (low, high) = (at(&below), at(&rank.ceil()));
        let weight = if between == QuantileMode::Midpoint { below.full_like(0.5) } else { &rank - &below };
        let on_line = matches!(between, QuantileMode::Linear | QuantileMode::Midpoint);
        let value = if on_line { low.lerp(&high, &weight) } else { low };
        let value = if passing { value } else { last.detach().isnan().where_(&last, value) };
        let value = if keepdim && self.rank() > 0 { value.unsqueeze(axis as isize) } else { value };
        if q.rank() == 0 { value.squeeze_dim(-1) } else { value.movedim(-1, 0) }
    }

    /// Where each value would be inserted into this sorted sequence: its last dimension holds the
    /// sequence, one for all values or one per leading place. Before equal elements, or after with `right`.
    #[track_caller]
    pub fn searchsorted(&self, values: &Tensor, right: bool) -> Tensor {
        if self.rank() == 0
            || (self.rank() > 1 && {
                let lead = self.rank() - 1;
                values.rank() != self.rank() || values.shape()[..lead] != self.shape()[..lead]
            })
        {
            check::fail(
                "searchsorted",
                format_args!("values of shape {} among sequences of shape {}", values.shape(), self.shape()),
                "all dimensions but the last must agree, or the sequence has only one",
            );
        }
        let (sequence, wanted) = (self.detach(), values.detach());
        let wanted = if self.rank() == 1 { wanted.flatten(0, -1) } else { wanted };
        let size = self.dim(-1);
        let mut found = Tensor::zeros(*wanted.shape(), (DType::I32, self.device()));
        // A binary search of all values at once: `found` elements are known to come before.
        let mut step = if size == 0 { 0 } else { size.next_power_of_two() };
        while step > 0 {
            let probe = &found + step;
            let element = sequence.gather(-1, &(&probe - 1).minimum(size - 1));
            let stays = if right { element.gt(&wanted) } else { element.ge(&wanted) };
            found = probe.le(size).logical_and(&stays.logical_not()).where_(&probe, &found);
            step /= 2;
        }
        found.reshape_to(values.shape())
    }

    /// Which of the sorted `boundaries` each element falls behind: `[…] → […]`, integers.
    #[track_caller]
    pub fn bucketize(&self, boundaries: &Tensor, right: bool) -> Tensor {
        if boundaries.rank() != 1 {
            check::fail(
                "bucketize",
                format_args!("boundaries of shape {}", boundaries.shape()),
                "give one dimension",
            );
        }
        boundaries.searchsorted(self, right)
    }
}
