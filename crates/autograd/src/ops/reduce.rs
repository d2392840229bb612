//! Many elements to one: sums, means, extremes, norms, running sums.

use super::Dims;
use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{ArgOp, Axes, CompareOp, DType, RawTensor, ReduceOp, ScanOp, Shape, check};

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
                    // Equal extremes share the gradient.
                    let hits =
                        ctx.input(0).detach().eq(ctx.output().detach().reshape_to(&kept)).to_dtype(dtype);
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
        let (dim, size) = (axis as isize, self.shape()[axis]);
        let parts: Vec<Tensor> = (0..size)
            .map(|i| {
                let before = self.narrow(dim, 0, i);
                let after = self.narrow(dim, i + 1, size - i - 1);
                let product = |t: Tensor| t.multiply_along(axis);
                product(before) * product(after)
            })
            .collect();
        if parts.is_empty() { self.clone() } else { crate::cat(&parts, dim) }
    }

    /// Π along `axis` by multiplications, whose gradients are simple; 1 for an empty one.
    fn multiply_along(&self, axis: usize) -> Tensor {
        let dim = axis as isize;
        let start =
            Tensor::from_raw(RawTensor::full(self.shape().with(axis, 1), 1.0, self.dtype(), self.device()));
        (0..self.shape()[axis]).fold(start, |product, i| product * self.narrow(dim, i, 1))
    }

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
        let out = sum.binary(tensor_core::BinaryOp::Div, count as f64);
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
        let count: usize = axes.iter().filter(|&a| a < self.rank()).map(|a| self.shape()[a]).product();
        let centred = self - self.mean_axes("MeanBackward1", axes, true);
        let divisor = count.saturating_sub(correction) as f64;
        centred.square().sum_axes(axes, keepdim) / divisor
    }

    /// The variance of all elements, divided by n − 1.
    #[track_caller]
    pub fn var(&self) -> Tensor {
        self.var_dim((), 1, false)
    }

    /// The standard deviation over some dimensions, with n − `correction`.
    #[track_caller]
    pub fn std_dim(&self, dims: impl Dims, correction: usize, keepdim: bool) -> Tensor {
        self.var_dim(dims, correction, keepdim).sqrt()
    }

    /// The standard deviation of all elements, with n − 1.
    #[track_caller]
    pub fn std(&self) -> Tensor {
        self.var().sqrt()
    }

    /// The largest of all elements; equal ones share the gradient.
    #[track_caller]
    pub fn max(&self) -> Tensor {
        self.reduce("MaxBackward1", ReduceOp::Max, Axes::all(self.rank()), false)
    }

    /// The smallest of all elements; equal ones share the gradient.
    #[track_caller]
    pub fn min(&self) -> Tensor {
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
        self.extreme(ArgOp::Max, dim, keepdim)
    }

    /// The smallest along a dimension and its index; the gradient goes to that element alone.
    #[track_caller]
    pub fn min_dim(&self, dim: isize, keepdim: bool) -> (Tensor, Tensor) {
        self.extreme(ArgOp::Min, dim, keepdim)
    }

    #[track_caller]
    fn extreme(&self, op: ArgOp, dim: isize, keepdim: bool) -> (Tensor, Tensor) {
        let axis = self.axis(op.name(), dim);
        if self.rank() == 0 {
            return (self.clone(), Tensor::from_raw(RawTensor::full((), 0, DType::I32, self.device())));
        }
        let index = Tensor::from_raw(self.raw().arg_reduce(op, axis, true));
        let values = self.gather(dim, &index);
        if keepdim { (values, index) } else { (values.squeeze_dim(dim), index.squeeze_dim(dim)) }
    }

    /// Index of the first largest element, counted row-major.
    #[track_caller]
    pub fn argmax(&self) -> Tensor {
        self.flatten(0, -1).argmax_dim(0, false)
    }

    /// Index of the first smallest element, counted row-major.
    #[track_caller]
    pub fn argmin(&self) -> Tensor {
        self.flatten(0, -1).argmin_dim(0, false)
    }

    /// Index along a dimension of the first largest element.
    #[track_caller]
    pub fn argmax_dim(&self, dim: isize, keepdim: bool) -> Tensor {
        self.extreme(ArgOp::Max, dim, keepdim).1
    }

    /// Index along a dimension of the first smallest element.
    #[track_caller]
    pub fn argmin_dim(&self, dim: isize, keepdim: bool) -> Tensor {
        self.extreme(ArgOp::Min, dim, keepdim).1
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
        self.detach().to_dtype(DType::Bool).sum()
    }

    /// The `p`-norm of all elements, (Σ|x|ᵖ)^(1/p); p = 2 is PyTorch's default, infinities are extremes.
    #[track_caller]
    pub fn norm(&self, p: f64) -> Tensor {
        self.norm_dim(p, (), false)
    }

    /// The `p`-norm over some dimensions.
    #[track_caller]
    pub fn norm_dim(&self, p: f64, dims: impl Dims, keepdim: bool) -> Tensor {
        check::float("norm", self.dtype());
        if p == 2.0 {
            return self.norm2(check::axes("norm", &dims.list(), self.rank()), keepdim);
        }
        let size = self.abs();
        if p == f64::INFINITY {
            size.amax(dims, keepdim)
        } else if p == f64::NEG_INFINITY {
            size.amin(dims, keepdim)
        } else if p == 1.0 {
            size.sum_dim(dims, keepdim)
        } else if p == 0.0 {
            self.ne(0.0).to_dtype(self.dtype()).sum_dim(dims, keepdim)
        } else {
            size.pow(p).sum_dim(dims, keepdim).pow(1.0 / p)
        }
    }

    /// The Euclidean norm, whose gradient x/‖x‖ is 0 at 0.
    #[track_caller]
    fn norm2(&self, axes: Axes, keepdim: bool) -> Tensor {
        use tensor_core::UnaryOp::{Sqrt, Square};
        let out = self.raw().unary(Square).reduce(ReduceOp::Sum, axes, keepdim).unary(Sqrt);
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
        if keepdim { sum } else { sum.reshape_to(&self.shape().reduced(axes, false)) }
    }

    /// The running sum along a dimension.
    #[track_caller]
    pub fn cumsum(&self, dim: isize) -> Tensor {
        let axis = self.axis("cumsum", dim);
        let dtype = self.dtype();
        let out = self.raw().scan(ScanOp::Sum, axis);
        record("CumsumBackward0", [self], Keep::NOTHING, out, move |_, g| {
            // Each element counts in every later sum: a running sum from the other end.
            let reversed = if g.rank() == 0 { g.clone() } else { g.flip(&[dim]).cumsum(dim).flip(&[dim]) };
            [Some(reversed.to_dtype(dtype))]
        })
    }
}
