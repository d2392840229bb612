//! Running sums, products and extremes along a dimension.
//!
//! Those without a kernel are Hillis and Steele's (1986): log₂ n rounds, in each of which every element
//! takes in the one 2ᵏ places before it; exact for any associative operation, on any device.

use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use crate::{TensorArg, cat};
use tensor_core::{DType, RawTensor, ScanOp};

impl Tensor {
    /// The running sum along a dimension.
    #[track_caller]
    pub fn cumsum(&self, dim: isize) -> Tensor {
        let axis = self.axis("cumsum", dim);
        let dtype = self.dtype();
        if self.rank() == 0 {
            return self.unsqueeze(0).cumsum(0).squeeze_dim(0);
        }
        let out = self.raw().scan(ScanOp::Sum, axis);
        record("CumsumBackward0", [self], Keep::NOTHING, out, move |_, g| {
            // Each element counts in every later sum: a running sum from the other end.
            [Some(g.backwards(&[dim]).cumsum(dim).backwards(&[dim]).to_dtype(dtype))]
        })
    }

    /// The running product along a dimension.
    #[track_caller]
    pub fn cumprod(&self, dim: isize) -> Tensor {
        let axis = self.axis("cumprod", dim);
        let dtype = self.dtype();
        if self.rank() == 0 {
            return self.unsqueeze(0).cumprod(0).squeeze_dim(0);
        }
        let out = self.raw().scan(ScanOp::Prod, axis);
        record("CumprodBackward0", [self], Keep::FIRST, out, move |ctx, g| {
            // ∂xᵢ = (x₁ ⋯ xᵢ₋₁) · Sᵢ with Sᵢ = gᵢ + xᵢ₊₁·Sᵢ₊₁: no division, so zeros are nothing special.
            let x = ctx.input(0);
            let next = x.shifted(axis, 1, 0.0);
            let s = linear_recurrence(&next, g, axis);
            [Some((x.products_before(axis) * s).to_dtype(dtype))]
        })
    }

    /// Π of the elements before each along `axis`; 1 for the first.
    pub(super) fn products_before(&self, axis: usize) -> Tensor {
        self.cumprod(axis as isize).shifted(axis, -1, 1.0)
    }

    /// The element `by` places further along `axis` (before, when negative), `fill` beyond the end.
    fn shifted(&self, axis: usize, by: isize, fill: f64) -> Tensor {
        let (size, count) = (self.shape()[axis], by.unsigned_abs().min(self.shape()[axis]));
        let edge = Tensor::from_raw(RawTensor::full(
            self.shape().with(axis, count),
            fill,
            self.dtype(),
            self.device(),
        ));
        let dim = axis as isize;
        if by < 0 {
            cat(&[edge, self.narrow(dim, 0, size - count)], dim)
        } else {
            cat(&[self.narrow(dim, count, size - count), edge], dim)
        }
    }

    /// ln of the running sum of eˣ along a dimension.
    #[track_caller]
    pub fn logcumsumexp(&self, dim: isize) -> Tensor {
        let axis = self.axis("logcumsumexp", dim);
        if self.rank() == 0 {
            return self.copy().named("LogcumsumexpBackward0");
        }
        let mut out = self.clone();
        let mut reach = 1;
        while reach < self.shape()[axis] {
            let (first, rest) = (out.narrow(dim, 0, reach), self.shape()[axis] - reach);
            let joined = out.narrow(dim, reach, rest).logaddexp(&out.narrow(dim, 0, rest));
            out = cat(&[first, joined], axis as isize);
            reach *= 2;
        }
        out.apart_from(self).named("LogcumsumexpBackward0")
    }

    /// The running largest along a dimension and where it stands: the last of equal ones; NaN wins.
    #[track_caller]
    pub fn cummax(&self, dim: isize) -> (Tensor, Tensor) {
        self.running_extreme(dim, "cummax", "CummaxBackward0", |new, old| new.ge(old))
    }

    /// The running smallest along a dimension and where it stands: the last of equal ones; NaN wins.
    #[track_caller]
    pub fn cummin(&self, dim: isize) -> (Tensor, Tensor) {
        self.running_extreme(dim, "cummin", "CumminBackward0", |new, old| new.le(old))
    }

    #[track_caller]
    fn running_extreme(
        &self,
        dim: isize,
        op: &str,
        name: &'static str,
        wins: fn(&Tensor, &Tensor) -> Tensor,
    ) -> (Tensor, Tensor) {
        let axis = self.axis(op, dim);
        if self.rank() == 0 {
            return (self.copy().named(name), Tensor::zeros((), (DType::I32, self.device())));
        }
        let size = self.shape()[axis];
        let mut sizes = vec![1; self.rank()];
        sizes[axis] = size;
        let mut index =
            Tensor::arange(0, size as i64, 1, self.device()).reshape(&sizes).expand_to(self.shape());
        let mut value = self.detach();
        let mut reach = 1;
        while reach < size {
            let rest = size - reach;
            let (new, old) = (value.narrow(dim, reach, rest), value.narrow(dim, 0, rest));
            let take = new.isnan().logical_or(&wins(&new, &old).logical_and(&old.isnan().logical_not()));
            let join = |all: &Tensor| {
                let later =
                    take.where_(all.narrow(dim, reach, rest), TensorArg::from(all.narrow(dim, 0, rest)));
                cat(&[all.narrow(dim, 0, reach), later], axis as isize)
            };
            (value, index) = (join(&value), join(&index));
            reach *= 2;
        }
        let index = index.contiguous();
        let value =
            if self.requires_grad() { self.gather(dim, &index).named(name) } else { value.apart_from(self) };
        (value, index)
    }
}

/// `Sᵢ = bᵢ + aᵢ·Sᵢ₊₁` along `axis`, from the end.
fn linear_recurrence(a: &Tensor, b: &Tensor, axis: usize) -> Tensor {
    let (mut a, mut b) = (a.clone(), b.clone());
    let mut reach = 1;
    while reach < a.shape()[axis] {
        let by = reach as isize;
        b = &b + &a * b.shifted(axis, by, 0.0);
        a = &a * a.shifted(axis, by, 0.0);
        reach *= 2;
    }
    b
}
