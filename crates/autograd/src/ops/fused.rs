//! What networks do in one breath: the affine layer, softmax, cross-entropy, pixels.
//!
//! Without a graph of the backward pass the rules are single backend calls; with one they are
//! written in tensor operations.

use crate::graph::{Keep, record, record_many};
use crate::mode::is_grad_enabled;
use crate::tensor::Tensor;
use tensor_core::derivative::derivative;
use tensor_core::{Activation, Axes, RawTensor, Shape, UnaryOp, check};

impl Tensor {
    /// `x·wᵀ + b`: `[…, I], [O, I], [O] → […, O]`, PyTorch's `F.linear`.
    #[track_caller]
    pub fn linear(&self, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
        self.linear_act(weight, bias, None)
    }

    /// `act(x·wᵀ + b)` in one pass over the result. `act` must have a derivative that reads its result
    /// alone (ReLU, sigmoid, tanh).
    #[track_caller]
    pub fn linear_act(&self, weight: &Tensor, bias: Option<&Tensor>, act: Option<Activation>) -> Tensor {
        let [out, inp] = weight.dims::<2>();
        if self.rank() == 0 || self.dim(-1) != inp {
            let hint = if self.rank() > 1 && self.shape()[1..].iter().product::<usize>() == inp {
                format!("flatten it first: .flatten(1, -1) gives [{}, {inp}]", self.shape()[0])
            } else {
                format!("the last dimension must be {inp}")
            };
            check::fail(
                "linear",
                format_args!(
                    "input of shape {} does not fit a layer of {inp} inputs (weight {})",
                    self.shape(),
                    weight.shape()
                ),
                hint,
            );
        }
        if self.dtype() != weight.dtype() {
            check::fail(
                "linear",
                format_args!("the input is {}, the weight {}", self.dtype(), weight.dtype()),
                format_args!("convert the input with .to_dtype(DType::{:?})", weight.dtype()),
            );
        }
        if !self.dtype().is_float() && act.is_none() {
            // The fused product is of floats; whole numbers go the way of matmul, as PyTorch's do.
            let y = self.matmul(&weight.t());
            return bias.map_or_else(|| y.clone(), |b| &y + b);
        }
        check::float("linear", self.dtype());
        if self.rank() != 2 {
            let rows = self.shape()[..self.rank() - 1].iter().product();
            let flat = self.reshape(vec![rows, inp]).linear_act(weight, bias, act);
            return flat.reshape_to(&self.shape().with(self.rank() - 1, out));
        }
        let y = self.raw().linear(weight.raw(), bias.map(Tensor::raw), act);
        let name = match act {
            Some(Activation::Relu) => "ReluBackward0",
            Some(Activation::Sigmoid) => "SigmoidBackward0",
            Some(Activation::Tanh) => "TanhBackward0",
            Some(other) => {
                unreachable!("{} cannot be fused: its derivative reads its argument", other.name())
            }
            None if bias.is_some() => "AddmmBackward0",
            None => "MmBackward0",
        };
        let has_bias = bias.is_some();
        let mut inputs = vec![self, weight];
        inputs.extend(bias);
        let keep = if act.is_some() { Keep::BOTH.and(Keep::OUTPUT) } else { Keep::BOTH };
        record_many(name, &inputs, keep, y, move |ctx, g| {
            let wants = [ctx.needs(0), ctx.needs(1), has_bias && ctx.needs(2)];
            let mut grads: Vec<Option<Tensor>> = if is_grad_enabled() {
                let g = match act {
                    None => g.clone(),
                    Some(act) => {
                        let y = ctx.output();
                        derivative(UnaryOp::Act(act), &y, &y, g)
                    }
                };
                vec![
                    wants[0].then(|| g.mm(&ctx.input(1))),
                    wants[1].then(|| g.t().mm(&ctx.input(0))),
                    wants[2].then(|| g.sum_dim(0, false)),
                ]
            } else {
                let y = act.map(|act| (ctx.output(), act));
                let y = y.as_ref().map(|(y, act)| (y.raw(), *act));
                let (x, w) = (ctx.input(0), ctx.input(1));
                x.raw().linear_backward(w.raw(), y, g.raw(), wants).map(|d| d.map(Tensor::from_raw)).into()
            };
            grads.truncate(2 + usize::from(has_bias));
            grads
        })
    }

    /// `eˣ / Σ eˣ` along a dimension.
    #[track_caller]
    pub fn softmax(&self, dim: isize) -> Tensor {
        self.softmax_as("SoftmaxBackward0", dim, false)
    }

    /// ln softmax, accurate where softmax itself would underflow.
    #[track_caller]
    pub fn log_softmax(&self, dim: isize) -> Tensor {
        self.softmax_as("LogSoftmaxBackward0", dim, true)
    }

    #[track_caller]
    fn softmax_as(&self, name: &'static str, dim: isize, log: bool) -> Tensor {
        check::float(if log { "log_softmax" } else { "softmax" }, self.dtype());
        let axis = self.axis("softmax", dim);
        if self.rank() == 0 {
            return self.reshape(vec![1]).softmax_as(name, 0, log).reshape_to(&Shape::new(&[]));
        }
        let y = self.raw().softmax(axis, log);
        record(name, [self], Keep::OUTPUT, y, move |ctx, g| {
            let y = ctx.output();
            let sum = |t: Tensor| t.sum_axes(Axes::one(axis), true);
            [Some(if !is_grad_enabled() {
                Tensor::from_raw(y.raw().softmax_grad(g.raw(), axis, log))
            } else if log {
                g - y.exp() * sum(g.clone())
            } else {
                &y * (g - sum(&y * g))
            })]
        })
    }

    /// The mean of −ln softmax(x)\[target\]: `[N, C], [N] → []`, also of `[C], []` and of `[N, C, d1, …], [N, d1, …]`.
    /// The other choices of `F.cross_entropy` (ignored targets, probabilities, weights, smoothing, reductions) are
    /// `nn::loss::cross_entropy`'s.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// # let cpu = backend_cpu::device();
    /// let scores = Tensor::zeros([2, 4, 5], &cpu); // four classes at five places
    /// let target = Tensor::new(&[[0, 1, 2, 3, 0]; 2], &cpu);
    /// assert_eq!(scores.cross_entropy(&target).item::<f32>(), 4f32.ln());
    /// ```
    ///
    /// # Panics
    /// When a target is not one of the C classes.
    #[track_caller]
    pub fn cross_entropy(&self, target: &Tensor) -> Tensor {
        let name = "cross_entropy";
        check::float(name, self.dtype());
        if self.rank() != 2 || target.shape().dims() != [self.dim(0)] {
            let (rows, classes) = class_rows(name, self, target);
            return rows.cross_entropy(&classes);
        }
        check::index_type(name, target.dtype());
        let classes = self.dim(1);
        if self.device().checks_indices() {
            in_range(name, target, classes);
        }
        let (log_p, loss) = self.raw().cross_entropy(target.raw());
        record("NllLossBackward0", [self, target], Keep::BOTH, loss, move |ctx, g| {
            let target = ctx.input(1);
            let grad = if is_grad_enabled() {
                let p = ctx.input(0).softmax(1);
                let one_hot = one_hot(target.raw(), &p);
                (p - one_hot) * (g / target.numel() as f64)
            } else {
                Tensor::from_raw(log_p.cross_entropy_grad(target.raw(), g.raw()))
            };
            [Some(grad), None]
        })
    }

    /// `(x/255 − mean)/std` of pixels, as floats: PyTorch's `ToTensor` and `Normalize` in one pass.
    #[track_caller]
    pub fn normalize_pixels(&self, mean: f32, std: f32) -> Tensor {
        Tensor::from_raw(self.raw().normalize(mean, std))
    }

    /// [`Tensor::normalize_pixels`] of the items at `index`, a batch from a set that stays on the device as
    /// bytes: `[N, …], [B] → [B, …]`. Indices run from 0 to N − 1.
    ///
    /// # Panics
    /// When an index is out of range, where the device can tell.
    #[track_caller]
    pub fn fetch_pixels(&self, index: &Tensor, mean: f32, std: f32) -> Tensor {
        let index = self.index("fetch_pixels", index, self.dim(0));
        Tensor::from_raw(self.raw().fetch_pixels(index.raw(), mean, std))
    }

    /// A batch at once: [`Tensor::fetch_pixels`] and the `labels` of the items, `[N, …], [N], [B] → [B, …], [B]`.
    ///
    /// # Panics
    /// As it does, and unless there is one label for each item.
    #[track_caller]
    pub fn fetch_batch(&self, labels: &Tensor, index: &Tensor, mean: f32, std: f32) -> (Tensor, Tensor) {
        if labels.rank() != 1 || labels.dim(0) != self.dim(0) {
            check::fail(
                "fetch_batch",
                format_args!("labels of shape {} for items of shape {}", labels.shape(), self.shape()),
                "there is one label for each item",
            );
        }
        let index = self.index("fetch_batch", index, self.dim(0));
        let (images, labels) = self.raw().fetch_batch(labels.raw(), index.raw(), mean, std);
        (Tensor::from_raw(images), Tensor::from_raw(labels))
    }
}

/// Scores as `[rows, C]` and classes as `[rows]`, of those that a loss of classes takes: `[N, C]` and `[N]`, `[C]`
/// and `[]`, or `[N, C, d1, …]` and `[N, d1, …]`.
#[doc(hidden)]
#[track_caller]
pub fn class_rows(op: &str, scores: &Tensor, target: &Tensor) -> (Tensor, Tensor) {
    let (x, t) = (scores.shape(), target.shape());
    let fits = match x.rank() {
        0 => false,
        1 => t.rank() == 0,
        rank => t.rank() == rank - 1 && t[0] == x[0] && t[1..] == x[2..],
    };
    if !fits {
        let hint = if x.rank() == 2 && t.dims() == [x[0], 1] {
            "the targets have a dimension too many: .squeeze_dim(1)"
        } else if x == t && target.dtype().is_float() {
            "probabilities as targets are for nn::loss::cross_entropy"
        } else if x == t {
            "targets in the scores' own shape are probabilities: convert them with .to_dtype(DType::F32)"
        } else {
            "scores are [N, C] or [N, C, d1, …], targets are class indices [N] or [N, d1, …]"
        };
        check::fail(op, format_args!("scores of shape {x} and targets of shape {t}"), hint);
    }
    check::index_type(op, target.dtype());
    let rows = if x.rank() < 3 { scores.clone() } else { scores.movedim(1, -1) };
    let classes = x[usize::from(x.rank() > 1)];
    (rows.reshape(vec![target.numel(), classes]), target.reshape(vec![target.numel()]))
}

/// Panics when a class index is not one.
#[track_caller]
pub(crate) fn in_range(op: &str, target: &Tensor, classes: usize) {
    let Some((low, high)) = target.raw().index_range(op) else { return };
    if low < 0 || high >= classes as i64 {
        let odd = if low < 0 { low } else { high };
        let mut hint = format!("targets run from 0 to {}", classes as i64 - 1);
        if odd == -100 {
            hint += "; nn::loss::cross_entropy ignores those of -100";
        }
        check::fail(op, format_args!("target {odd} is not one of {classes} classes"), hint);
    }
}

/// Rows of zeros with a one at each target.
fn one_hot(target: &RawTensor, like: &Tensor) -> Tensor {
    let zeros = RawTensor::full(*like.shape(), 0.0, like.dtype(), like.device());
    let index = target.unsqueeze(1);
    let ones = RawTensor::full(*index.shape(), 1.0, like.dtype(), like.device());
    Tensor::from_raw(zeros.scatter_add(1, &index, &ones))
}
