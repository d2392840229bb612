//! Many elements to one, running sums, products of matrices, and what networks fuse.

use super::RawTensor;
use crate::check;
use crate::dtype::{Category, DType};
use crate::op::{Activation, ArgOp, ReduceOp, ScanOp};
use crate::shape::{Axes, Shape};

impl RawTensor {
    /// Reduces `axes`; they stay as size 1 with `keepdim`. Sums and products of booleans count.
    #[track_caller]
    pub fn reduce(&self, op: ReduceOp, axes: Axes, keepdim: bool) -> Self {
        let name = op.name();
        let adds = matches!(op, ReduceOp::Sum | ReduceOp::Prod);
        let x = if adds && matches!(self.dtype(), DType::Bool | DType::U8) {
            self.cast(DType::I32)
        } else {
            self.clone()
        };
        if !adds {
            for axis in axes.iter() {
                check::extremes(name, axis, self.shape());
            }
        }
        let shape = x.shape().reduced(axes, keepdim);
        if axes.is_empty() {
            return x.copy();
        }
        self.answer(name, x.device().reduce(op, x.view(), axes), x.dtype(), shape)
    }

    /// The sum over all elements, `[]`.
    #[track_caller]
    pub fn sum_all(&self) -> Self {
        self.reduce(ReduceOp::Sum, Axes::all(self.rank()), false)
    }

    /// Whether any element differs from zero, `[]`.
    #[track_caller]
    pub fn any(&self) -> Self {
        if self.numel() == 0 {
            return RawTensor::full((), false, DType::Bool, self.device());
        }
        self.cast(DType::Bool).reduce(ReduceOp::Max, Axes::all(self.rank()), false)
    }

    /// Sums away what broadcasting from `shape` had repeated: the gradient of [`RawTensor::expand`].
    #[track_caller]
    pub fn sum_to(&self, shape: &Shape) -> Self {
        if self.shape() == shape {
            return self.clone();
        }
        let added = self.rank() - shape.rank();
        let axes: Axes = (0..self.rank())
            .filter(|&a| a < added || (shape[a - added] == 1 && self.shape()[a] != 1))
            .collect();
        if axes.is_empty() {
            return self.reshape(shape);
        }
        self.reduce(ReduceOp::Sum, axes, true).reshape(shape)
    }

    /// Index of the extreme element along `axis`, as I32.
    #[track_caller]
    pub fn arg_reduce(&self, op: ArgOp, axis: usize, keepdim: bool) -> Self {
        check::extremes(op.name(), axis, self.shape());
        let shape = self.shape().reduced(Axes::one(axis), keepdim);
        self.answer(op.name(), self.device().arg_reduce(op, self.view(), axis), DType::I32, shape)
    }

    /// The running reduction along `axis`.
    #[track_caller]
    pub fn scan(&self, op: ScanOp, axis: usize) -> Self {
        let x = if self.dtype().category() == Category::Float {
            self.clone()
        } else {
            self.cast(self.dtype().promote(DType::I32))
        };
        self.answer(op.name(), x.device().scan(op, x.view(), axis), x.dtype(), *x.shape())
    }

    /// Sorted along `axis`, stable: the elements and where they stood.
    #[track_caller]
    pub fn sort(&self, axis: usize, descending: bool) -> (Self, Self) {
        if axis + 1 < self.rank() {
            let last = self.rank() - 1;
            let (values, indices) = self.transpose(axis, last).sort(last, descending);
            return (values.transpose(axis, last).contiguous(), indices.transpose(axis, last).contiguous());
        }
        let (values, indices) = check::done("sort", self.device().sort(self.view(), descending));
        let wrap = |storage, dtype| RawTensor::from_storage(self.device(), storage, dtype, *self.shape());
        (wrap(values, self.dtype()), wrap(indices, DType::I32))
    }

    /// The first `k` of [`RawTensor::sort`], at most as many as there are: the largest elements along `axis`, or the
    /// smallest, and where they stood.
    #[track_caller]
    pub fn topk(&self, k: usize, axis: usize, largest: bool) -> (Self, Self) {
        let last = self.rank() - 1;
        if axis < last {
            let (values, places) = self.transpose(axis, last).topk(k, last, largest);
            return (values.transpose(axis, last).contiguous(), places.transpose(axis, last).contiguous());
        }
        let (values, places) = check::done("topk", self.device().topk(self.view(), k, largest));
        let shape = self.shape().with(last, k);
        let wrap = |storage, dtype| RawTensor::from_storage(self.device(), storage, dtype, shape);
        (wrap(values, self.dtype()), wrap(places, DType::I32))
    }

    /// `[B, M, K] · [B, K, N] → [B, M, N]`, of one type; a batch of 1 is repeated by its strides.
    #[track_caller]
    pub fn bmm(&self, other: &RawTensor) -> Self {
        self.same_device("matmul", other);
        let shape = Shape::new(&[self.shape()[0], self.shape()[1], other.shape()[2]]);
        self.answer("matmul", self.device().matmul(self.view(), other.view()), self.dtype(), shape)
    }

    /// `[B, M, K] · [B, K, N] + [B, M, N]`, of one type; what is repeated is so by its strides.
    #[track_caller]
    pub fn bmm_add(&self, other: &RawTensor, c: &RawTensor) -> Self {
        self.same_device("matmul", other);
        self.same_device("matmul", c);
        let answer = self.device().matmul_add(self.view(), other.view(), c.view());
        self.answer("matmul", answer, self.dtype(), *c.shape())
    }

    /// `[M, K] · [K, N] → [M, N]`, of one type.
    #[track_caller]
    pub fn mm(&self, other: &RawTensor) -> Self {
        self.unsqueeze(0).bmm(&other.unsqueeze(0)).squeeze(0)
    }

    /// `act(x·wᵀ + b)`: `[N, I] · [O, I]ᵀ + [O] → [N, O]`, of one floating type.
    #[track_caller]
    pub fn linear(&self, w: &RawTensor, b: Option<&RawTensor>, act: Option<Activation>) -> Self {
        self.same_device("linear", w);
        let answer = self.device().linear(self.view(), w.view(), b.map(RawTensor::view), act);
        self.answer("linear", answer, self.dtype(), Shape::new(&[self.shape()[0], w.shape()[0]]))
    }

    /// The wanted gradients of [`RawTensor::linear`] (of `x` = `self`, `w` and the bias); with `y`, its result,
    /// they first pass back through the activation.
    #[track_caller]
    pub fn linear_backward(
        &self,
        w: &RawTensor,
        y: Option<(&RawTensor, Activation)>,
        grad: &RawTensor,
        wants: [bool; 3],
    ) -> [Option<Self>; 3] {
        let y = y.map(|(y, act)| (y.view(), act));
        let answer = self.device().linear_backward(self.view(), w.view(), y, grad.view(), wants);
        let shapes = [*self.shape(), *w.shape(), Shape::new(&[w.shape()[0]])];
        let mut shapes = shapes.into_iter();
        check::done("linear", answer).map(|storage| {
            let shape = shapes.next().expect("three gradients");
            storage.map(|s| RawTensor::from_storage(self.device(), s, self.dtype(), shape))
        })
    }

    /// `softmax` or its logarithm along `axis`.
    #[track_caller]
    pub fn softmax(&self, axis: usize, log: bool) -> Self {
        self.answer("softmax", self.device().softmax(self.view(), axis, log), self.dtype(), *self.shape())
    }

    /// Its gradient, `self` being its result.
    #[track_caller]
    pub fn softmax_grad(&self, grad: &RawTensor, axis: usize, log: bool) -> Self {
        let answer = self.device().softmax_grad(self.view(), grad.view(), axis, log);
        self.answer("softmax", answer, self.dtype(), *self.shape())
    }

    /// Log-probabilities `[N, C]` and the mean negative one of the targets, `[]`.
    #[track_caller]
    pub fn cross_entropy(&self, target: &RawTensor) -> (Self, Self) {
        self.same_device("cross_entropy", target);
        let answer = self.device().cross_entropy(self.view(), target.view());
        let (log_p, loss) = check::done("cross_entropy", answer);
        let wrap = |storage, shape| RawTensor::from_storage(self.device(), storage, self.dtype(), shape);
        (wrap(log_p, *self.shape()), wrap(loss, Shape::new(&[])))
    }

    /// Its gradient, `self` being the log-probabilities.
    #[track_caller]
    pub fn cross_entropy_grad(&self, target: &RawTensor, grad: &RawTensor) -> Self {
        let answer = self.device().cross_entropy_grad(self.view(), target.view(), grad.view());
        self.answer("cross_entropy", answer, self.dtype(), *self.shape())
    }

    /// `(x/255 − mean)/std` as F32.
    #[track_caller]
    pub fn normalize(&self, mean: f32, std: f32) -> Self {
        self.answer("normalize", self.device().normalize(self.view(), mean, std), DType::F32, *self.shape())
    }

    /// `(x/255 − mean)/std` as F32 of the rows at `index`, which is one-dimensional and in range.
    #[track_caller]
    pub fn fetch_pixels(&self, index: &RawTensor, mean: f32, std: f32) -> Self {
        self.same_device("fetch_pixels", index);
        let shape = self.shape().with(0, index.numel());
        let answer = self.device().fetch_pixels(self.view(), index.view(), mean, std);
        self.answer("fetch_pixels", answer, DType::F32, shape)
    }

    /// [`RawTensor::fetch_pixels`] with the elements of the one-dimensional `labels` at `index`.
    #[track_caller]
    pub fn fetch_batch(&self, labels: &RawTensor, index: &RawTensor, mean: f32, std: f32) -> (Self, Self) {
        self.same_device("fetch_batch", index);
        self.same_device("fetch_batch", labels);
        let shape = self.shape().with(0, index.numel());
        let answer = self.device().fetch_batch(self.view(), labels.view(), index.view(), (mean, std));
        let (pixels, chosen) = match answer {
            Ok((pixels, chosen)) => (Ok(pixels), Ok(chosen)),
            Err(error) => (Err(error.clone()), Err(error)),
        };
        let chosen = self.answer("fetch_batch", chosen, labels.dtype(), Shape::new(&[index.numel()]));
        (self.answer("fetch_batch", pixels, DType::F32, shape), chosen)
    }
}
