//! Many elements to one: sums, means, extremes, norms, running sums.

use super::Dims;
use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{ArgOp, Axes, BinaryOp, CompareOp, DType, RawTensor, ReduceOp, Shape, UnaryOp, check};

impl Tensor {
    #[track_caller]
    fn reduce(&self, name: &'static str, op: ReduceOp, axes: Axes, keepdim: bool) -> Tensor {
        let out = self.raw().reduce(op, axes, keepdim);
        let (shape, dtype, kept) = (*self.shape(), self.dtype(), self.shape().reduced(axes, true));
        let keep = if op == ReduceOp::Sum { Keep::NOTHING } else { Keep::FIRST.and(Keep::OUTPUT) };
        record(name, [self], keep, out, move |ctx, g| {
            let g = g.reshape_to(&kept);
            let grad = match op {
                ReduceOp::Sum => g.expand_to(&shape),
                ReduceOp::Prod => g.expand_to(&shape) * ctx.input(0).others_over(axes),
                ReduceOp::Max | ReduceOp::Min => {
                    // Equal extremes share the gradient, and so do the NaN where one is the result.
                    let (x, y) = (ctx.input(0).detach(), ctx.output().detach().reshape_to(&kept));
                    let hits = x.eq(&y).logical_or(&x.isnan().logical_and(&y.isnan())).to_dtype(dtype);
                    let count = hits.sum_axes(axes, true);
                    (g / count) * hits
                }
            };
            [Some(grad.to_dtype(dtype))]
        })
    }

    /// Π of the other elements over `axes`, which are flattened into one first: right also at zeros.
    fn others_over(&self, axes: Axes) -> Tensor {
        let order: Vec<isize> = (0..self.rank())
            .filter(|&a| !axes.contains(a))
            .chain(axes.iter().filter(|&a| a < self.rank()))
            .map(|a| a as isize)
            .collect();
        let moved = self.permute(&order);
        let kept = self.rank() - axes.iter().count();
        let mut flat = moved.shape()[..kept].to_vec();
        flat.push(moved.shape()[kept..].iter().product());
        let others = moved.reshape(&flat).exclusive(kept).reshape_to(moved.shape());
        let mut back = vec![0isize; self.rank()];
        order.iter().enumerate().for_each(|(i, &a)| back[a as usize] = i as isize);
        others.permute(&back)
    }

    /// Π of the elements before and after each along `axis`.
    fn exclusive(&self, axis: usize) -> Tensor {
        let dim = axis as isize;
        self.products_before(axis) * self.backwards(&[dim]).products_before(axis).backwards(&[dim])
    }

    /// Π of the other elements along the last dimension.
    pub(super) fn products_of_others(&self) -> Tensor {
        self.exclusive(self.rank() - 1)
    }

    #[track_caller]
    pub(crate) fn sum_axes(&self, axes: Axes, keepdim: bool) -> Tensor {
        let name = if axes == Axes::all(self.rank()) { "SumBackward0" } else { "SumBackward1" };
        self.reduce(name, ReduceOp::Sum, axes, keepdim)
    }

    /// Σ of all elements. Integers and booleans sum to integers.
    #[track_caller]
    pub fn sum(&self) -> Tensor {
        self.sum_axes(Axes::all(self.rank()), false)
    }

    /// Σ over some dimensions, which stay as size 1 with `keepdim`.
    #[track_caller]
    pub fn sum_dim(&self, dims: impl Dims, keepdim: bool) -> Tensor {
        let axes = check::axes("sum", &dims.list(), self.rank());
        self.reduce("SumBackward1", ReduceOp::Sum, axes, keepdim)
    }

    /// The mean of all elements.
    #[track_caller]
    pub fn mean(&self) -> Tensor {
        self.mean_axes("MeanBackward0", Axes::all(self.rank()), false)
    }

    /// The mean over some dimensions.
    #[track_caller]
    pub fn mean_dim(&self, dims: impl Dims, keepdim: bool) -> Tensor {
        self.mean_axes("MeanBackward1", check::axes("mean", &dims.list(), self.rank()), keepdim)
    }

    #[track_caller]
    fn mean_axes(&self, name: &'static str, axes: Axes, keepdim: bool) -> Tensor {
        check::float("mean", self.dtype());
        let count: usize = axes.iter().filter(|&a| a < self.rank()).map(|a| self.shape()[a]).product();
        let sum = self.raw().reduce(ReduceOp::Sum, axes, keepdim);
        let out = sum.binary(BinaryOp::Div, count as f64);
        let (shape, kept) = (*self.shape(), self.shape().reduced(axes, true));
        record(name, [self], Keep::NOTHING, out, move |_, g| {
            [Some((g.reshape_to(&kept) / count as f64).expand_to(&shape))]
        })
    }

    /// Π of all elements.
    #[track_caller]
    pub fn prod(&self) -> Tensor {
        self.reduce("ProdBackward0", ReduceOp::Prod, Axes::all(self.rank()), false)
    }

    /// Π over one dimension.
    #[track_caller]
    pub fn prod_dim(&self, dim: isize, keepdim: bool) -> Tensor {
        let axes = check::axes("prod", &[dim], self.rank());
        self.reduce("ProdBackward1", ReduceOp::Prod, axes, keepdim)
    }

    /// The variance over some dimensions, divided by n − `correction` (PyTorch's default is 1).
    #[track_caller]
    pub fn var_dim(&self, dims: impl Dims, correction: usize, keepdim: bool) -> Tensor {
        let axes = check::axes("var", &dims.list(), self.rank());
        let (out, divisor) = self.spread("var", axes, correction, keepdim);
        let kept = self.shape().reduced(axes, true);
        record("VarBackward0", [self], Keep::FIRST, out, move |ctx, g| {
            let centred = ctx.input(0).centred(axes);
            [Some(g.reshape_to(&kept) * (2.0 / divisor) * centred)]
        })
    }

    /// These less their mean over `axes`.
    fn centred(&self, axes: Axes) -> Tensor {
        self - self.mean_axes("MeanBackward1", axes, true)
    }

    /// The variance, and what its sum of squares was divided by.
    #[track_caller]
    fn spread(&self, op: &str, axes: Axes, correction: usize, keepdim: bool) -> (RawTensor, f64) {
        check::float(op, self.dtype());
        let count: usize = axes.iter().filter(|&a| a < self.rank()).map(|a| self.shape()[a]).product();
        let divisor = count.saturating_sub(correction) as f64;
        let squares = self.detach().centred(axes).raw().unary(UnaryOp::Square);
        (squares.reduce(ReduceOp::Sum, axes, keepdim).binary(BinaryOp::Div, divisor), divisor)
    }

    /// The variance of all elements, divided by n − 1.
    #[track_caller]
    pub fn var(&self) -> Tensor {
        self.var_dim((), 1, false)
    }

    /// The standard deviation over some dimensions, with n − `correction`; its gradient is 0 where it is 0.
    #[track_caller]
    pub fn std_dim(&self, dims: impl Dims, correction: usize, keepdim: bool) -> Tensor {
        let axes = check::axes("std", &dims.list(), self.rank());
        let (variance, divisor) = self.spread("std", axes, correction, keepdim);
        let (out, kept) = (variance.unary(UnaryOp::Sqrt), self.shape().reduced(axes, true));
        record("StdBackward0", [self], Keep::FIRST.and(Keep::OUTPUT), out, move |ctx, g| {
            let (centred, std) = (ctx.input(0).centred(axes), ctx.output().reshape_to(&kept));
            let grad = g.reshape_to(&kept) / (&std * divisor) * centred;
            [Some(std.eq(0.0).where_(0.0, grad))]
        })
    }

    /// The standard deviation of all elements, with n − 1.
    #[track_caller]
    pub fn std(&self) -> Tensor {
        self.std_dim((), 1, false)
    }

    /// That there is an element: an extreme of none has no value.
    #[track_caller]
    fn has_extremes(&self, op: &str) {
        if self.numel() == 0 {
            let hint = format!(
                "ask .numel() first, or reduce a dimension that is not empty: .{op}_dim(dim, keepdim)"
            );
            check::fail(op, format_args!("a tensor of shape {} has no elements", self.shape()), hint);
        }
    }

    /// The largest of all elements; equal ones share the gradient.
    #[track_caller]
    pub fn max(&self) -> Tensor {
        self.has_extremes("max");
        self.reduce("MaxBackward1", ReduceOp::Max, Axes::all(self.rank()), false)
    }

    /// The smallest of all elements; equal ones share the gradient.
    #[track_caller]
    pub fn min(&self) -> Tensor {
        self.has_extremes("min");
        self.reduce("MinBackward1", ReduceOp::Min, Axes::all(self.rank()), false)
    }

    /// The largest over some dimensions; equal ones share the gradient.
    #[track_caller]
    pub fn amax(&self, dims: impl Dims, keepdim: bool) -> Tensor {
        let axes = check::axes("amax", &dims.list(), self.rank());
        self.reduce("AmaxBackward0", ReduceOp::Max, axes, keepdim)
    }

    /// The smallest over some dimensions; equal ones share the gradient.
    #[track_caller]
    pub fn amin(&self, dims: impl Dims, keepdim: bool) -> Tensor {
        let axes = check::axes("amin", &dims.list(), self.rank());
        self.reduce("AminBackward0", ReduceOp::Min, axes, keepdim)
    }

    /// The largest along a dimension and its index; the gradient goes to that element alone.
    #[track_caller]
    pub fn max_dim(&self, dim: isize, keepdim: bool) -> (Tensor, Tensor) {
        self.extreme("max", ArgOp::Max, dim, keepdim)
    }

    /// The smallest along a dimension and its index; the gradient goes to that element alone.
    #[track_caller]
    pub fn min_dim(&self, dim: isize, keepdim: bool) -> (Tensor, Tensor) {
        self.extreme("min", ArgOp::Min, dim, keepdim)
    }

    #[track_caller]
    fn extreme(&self, name: &str, op: ArgOp, dim: isize, keepdim: bool) -> (Tensor, Tensor) {
        let axis = self.axis(name, dim);
        let node = if op == ArgOp::Max { "MaxBackward0" } else { "MinBackward0" };
        if self.rank() == 0 {
            let first = Tensor::from_raw(RawTensor::full((), 0, DType::I32, self.device()));
            return (self.copy().named(node), first);
        }
        check::extremes(name, axis, self.shape());
        let index = Tensor::from_raw(self.raw().arg_reduce(op, axis, true));
        let values = self.gather(dim, &index);
        let (values, index) =
            if keepdim { (values, index) } else { (values.squeeze_dim(dim), index.squeeze_dim(dim)) };
        (values.named(node), index)
    }

    /// Index of the first largest element, counted row-major.
    #[track_caller]
    pub fn argmax(&self) -> Tensor {
        self.has_extremes("argmax");
        self.flatten(0, -1).argmax_dim(0, false)
    }

    /// Index of the first smallest element, counted row-major.
    #[track_caller]
    pub fn argmin(&self) -> Tensor {
        self.has_extremes("argmin");
        self.flatten(0, -1).argmin_dim(0, false)
    }

    /// Index along a dimension of the first largest element.
    #[track_caller]
    pub fn argmax_dim(&self, dim: isize, keepdim: bool) -> Tensor {
        self.extreme("argmax", ArgOp::Max, dim, keepdim).1
    }

    /// Index along a dimension of the first smallest element.
    #[track_caller]
    pub fn argmin_dim(&self, dim: isize, keepdim: bool) -> Tensor {
        self.extreme("argmin", ArgOp::Min, dim, keepdim).1
    }

    /// Whether any element is true (nonzero).
    #[track_caller]
    pub fn any(&self) -> Tensor {
        self.any_dim((), false)
    }

    /// Whether all elements are true (nonzero).
    #[track_caller]
    pub fn all(&self) -> Tensor {
        self.all_dim((), false)
    }

    /// Whether any element over some dimensions is true (nonzero).
    #[track_caller]
    pub fn any_dim(&self, dims: impl Dims, keepdim: bool) -> Tensor {
        self.truth("any", false, &dims.list(), keepdim)
    }

    /// Whether all elements over some dimensions are true (nonzero).
    #[track_caller]
    pub fn all_dim(&self, dims: impl Dims, keepdim: bool) -> Tensor {
        self.truth("all", true, &dims.list(), keepdim)
    }

    #[track_caller]
    fn truth(&self, name: &str, of_none: bool, dims: &[isize], keepdim: bool) -> Tensor {
        let axes = check::axes(name, dims, self.rank());
        let x = self.raw().cast(DType::Bool);
        if axes.iter().any(|a| a < self.rank() && self.shape()[a] == 0) {
            let shape: Shape = self.shape().reduced(axes, keepdim);
            return Tensor::from_raw(RawTensor::full(shape, of_none, DType::Bool, self.device()));
        }
        let op = if of_none { ReduceOp::Min } else { ReduceOp::Max };
        Tensor::from_raw(x.reduce(op, axes, keepdim))
    }

    /// How many elements differ from zero.
    #[track_caller]
    pub fn count_nonzero(&self) -> Tensor {
        self.count_nonzero_dim(())
    }

    /// How many elements over some dimensions differ from zero.
    #[track_caller]
    pub fn count_nonzero_dim(&self, dims: impl Dims) -> Tensor {
        self.detach().to_dtype(DType::Bool).sum_dim(dims, false)
    }

    /// Σ of the elements over some dimensions that are not NaN.
    #[track_caller]
    pub fn nansum(&self, dims: impl Dims, keepdim: bool) -> Tensor {
        self.isnan().where_(0, self).sum_dim(dims, keepdim).named("NansumBackward0")
    }

    /// The mean of the elements over some dimensions that are not NaN; NaN where there is none.
    #[track_caller]
    pub fn nanmean(&self, dims: impl Dims, keepdim: bool) -> Tensor {
        let dims = dims.list();
        let count = self.detach().isnan().logical_not().sum_dim(&dims[..], keepdim);
        self.nansum(&dims[..], keepdim) / count
    }

    /// The smallest and the largest over some dimensions; equal ones share the gradient.
    #[track_caller]
    pub fn aminmax(&self, dims: impl Dims, keepdim: bool) -> (Tensor, Tensor) {
        let dims = dims.list();
        (self.amin(&dims[..], keepdim), self.amax(&dims[..], keepdim))
    }

    /// The variance and the mean over some dimensions, the variance with n − `correction`.
    #[track_caller]
    pub fn var_mean(&self, dims: impl Dims, correction: usize, keepdim: bool) -> (Tensor, Tensor) {
        let dims = dims.list();
        (self.var_dim(&dims[..], correction, keepdim), self.mean_dim(&dims[..], keepdim))
    }

    /// The standard deviation and the mean over some dimensions, with n − `correction`.
    #[track_caller]
    pub fn std_mean(&self, dims: impl Dims, correction: usize, keepdim: bool) -> (Tensor, Tensor) {
        let dims = dims.list();
        (self.std_dim(&dims[..], correction, keepdim), self.mean_dim(&dims[..], keepdim))
    }

    /// The `p`-norm of all elements, (Σ|x|ᵖ)^(1/p); p = 2 is PyTorch's default, infinities are extremes.
    #[track_caller]
    pub fn norm(&self, p: f64) -> Tensor {
        self.norm_dim(p, (), false)
    }

    /// The `p`-norm over some dimensions.
    #[track_caller]
    pub fn norm_dim(&self, p: f64, dims: impl Dims, keepdim: bool) -> Tensor {
        self.norm_over(p, &dims.list(), keepdim)
    }

    #[track_caller]
    fn norm_over(&self, p: f64, dims: &[isize], keepdim: bool) -> Tensor {
        check::float("norm", self.dtype());
        if p == 2.0 {
            return self.norm2(check::axes("norm", dims, self.rank()), keepdim);
        }
        let (name, size) = ("LinalgVectorNormBackward0", self.abs());
        let norm = if p == f64::INFINITY {
            size.amax(dims, keepdim)
        } else if p == f64::NEG_INFINITY {
            size.amin(dims, keepdim)
        } else if p == 1.0 {
            size.sum_dim(dims, keepdim)
        } else if p == 0.0 {
            return self.ne(0.0).to_dtype(self.dtype()).sum_dim(dims, keepdim);
        } else {
            // At 0 neither a power nor the root has a gradient: it counts as 0.
            let powers = size.eq(0).where_(0.0, size.eq(0).where_(1.0, &size).pow(p)).sum_dim(dims, keepdim);
            powers.eq(0).where_(0.0, powers.eq(0).where_(1.0, &powers).pow(1.0 / p))
        };
        norm.named(name)
    }

    /// `torch.linalg.vector_norm(x, ord, dim, keepdim)`: [`Tensor::norm_dim`] by its other name.
    #[track_caller]
    pub fn vector_norm(&self, ord: f64, dims: impl Dims, keepdim: bool) -> Tensor {
        self.norm_dim(ord, dims, keepdim)
    }

    /// The Euclidean norm, whose gradient x/‖x‖ is 0 at 0.
    #[track_caller]
    fn norm2(&self, axes: Axes, keepdim: bool) -> Tensor {
        let squares = self.raw().unary(UnaryOp::Square);
        let out = squares.reduce(ReduceOp::Sum, axes, keepdim).unary(UnaryOp::Sqrt);
        let kept = self.shape().reduced(axes, true);
        record("LinalgVectorNormBackward0", [self], Keep::FIRST.and(Keep::OUTPUT), out, move |ctx, g| {
            let (x, norm) = (ctx.input(0), ctx.output().reshape_to(&kept));
            let zero = Tensor::from_raw(norm.raw().compare(CompareOp::Eq, 0.0));
            [Some(zero.where_(0.0, x / &norm * g.reshape_to(&kept)))]
        })
    }

    /// ln Σ eˣ over some dimensions, the largest taken off first.
    #[track_caller]
    pub fn logsumexp(&self, dims: impl Dims, keepdim: bool) -> Tensor {
        let axes = check::axes("logsumexp", &dims.list(), self.rank());
        let largest = Tensor::from_raw(self.raw().reduce(ReduceOp::Max, axes, true));
        let shift = largest.abs().eq(f64::INFINITY).where_(0.0, &largest);
        let sum = (self - &shift).exp().sum_axes(axes, true).log() + shift;
        let out = if keepdim { sum } else { sum.reshape_to(&self.shape().reduced(axes, false)) };
        out.named("LogsumexpBackward0")
    }
}
