//! The defaults of [`crate::Backend`]: what a machine need not do itself, composed of what it must.
//!
//! Each is plain tensor arithmetic on the device its operands live on. They are slow and clear on
//! purpose: every override is tested against them.

mod conv;
mod linalg;
mod loss;
mod norm;
mod optim;
mod recurrent;
mod window;

pub use conv::{conv, conv_input, conv_weight};
pub use linalg::linalg;
pub use loss::{loss, loss_grad};
pub use norm::{moments, normalized, normalized_grad};
pub use optim::optim_step;
pub use recurrent::{lstm_step, lstm_step_grad};
pub use window::{fold, max_pool, max_pool_grad, unfold};

use crate::buffer::{Storage, View};
use crate::derivative::{Algebra, derivative};
use crate::dtype::{DType, Element};
use crate::error::Result;
use crate::host::HostData;
use crate::op::{Activation, BinaryOp, CompareOp, ReduceOp, UnaryOp};
use crate::raw::RawTensor;
use crate::shape::Axes;
use std::cmp::Ordering;

impl Algebra for RawTensor {
    fn unary(&self, op: UnaryOp) -> Self {
        RawTensor::unary(self, op)
    }
    fn binary(&self, op: BinaryOp, other: &Self) -> Self {
        RawTensor::binary(self, op, other)
    }
    fn with_number(&self, op: BinaryOp, number: f64) -> Self {
        RawTensor::binary(self, op, number)
    }
    fn zeros(&self) -> Self {
        RawTensor::full(*self.shape(), 0, self.dtype(), self.device())
    }
    fn pick(&self, op: CompareOp, number: f64, a: &Self, b: &Self) -> Self {
        self.compare(op, number).choose(a, b)
    }
}

/// `a·b + c`
pub fn matmul_add(a: View, b: View, c: View) -> Result<Storage> {
    let product = RawTensor::from_view(a).bmm(&RawTensor::from_view(b));
    product.binary(BinaryOp::Add, &RawTensor::from_view(c)).into_storage()
}

/// `act(x·wᵀ + b)`
pub fn linear(x: View, w: View, b: Option<View>, act: Option<Activation>) -> Result<Storage> {
    let mut y = RawTensor::from_view(x).mm(&RawTensor::from_view(w).transpose(0, 1));
    if let Some(b) = b {
        y = y.binary(BinaryOp::Add, &RawTensor::from_view(b));
    }
    if let Some(act) = act {
        y = y.unary(UnaryOp::Act(act));
    }
    y.into_storage()
}

/// The gradients of [`linear`]: `g = act′(y)·grad`; `g·w`, `gᵀ·x`, `Σ g`.
pub fn linear_backward(
    x: View,
    w: View,
    y: Option<(View, Activation)>,
    grad: View,
    wants: [bool; 3],
) -> Result<[Option<Storage>; 3]> {
    let (x, w, grad) = (RawTensor::from_view(x), RawTensor::from_view(w), RawTensor::from_view(grad));
    let g = match y {
        Some((y, act)) => {
            let y = RawTensor::from_view(y);
            derivative(UnaryOp::Act(act), &y, &y, &grad)
        }
        None => grad,
    };
    let storage = |wanted: bool, make: &dyn Fn() -> RawTensor| {
        if wanted { make().into_storage().map(Some) } else { Ok(None) }
    };
    Ok([
        storage(wants[0], &|| g.mm(&w))?,
        storage(wants[1], &|| g.transpose(0, 1).mm(&x))?,
        storage(wants[2], &|| g.reduce(ReduceOp::Sum, Axes::one(0), false))?,
    ])
}

/// `f′(x)·grad`
pub fn unary_grad(op: UnaryOp, x: View, y: View, grad: View) -> Result<Storage> {
    derivative(op, &RawTensor::from_view(x), &RawTensor::from_view(y), &RawTensor::from_view(grad))
        .into_storage()
}

/// `min(max(x, low), high)`
pub fn clamp(x: View, low: f64, high: f64) -> Result<Storage> {
    let above = RawTensor::from_view(x).binary(BinaryOp::Maximum, low);
    above.binary(BinaryOp::Minimum, high).into_storage()
}

fn log_softmax(x: &RawTensor, axis: usize) -> RawTensor {
    if x.numel() == 0 {
        return x.copy();
    }
    let axes = Axes::one(axis);
    let shifted = x.binary(BinaryOp::Sub, &x.reduce(ReduceOp::Max, axes, true));
    let sum = shifted.unary(UnaryOp::Exp).reduce(ReduceOp::Sum, axes, true);
    shifted.binary(BinaryOp::Sub, &sum.unary(UnaryOp::Log))
}

/// Softmax or its logarithm; the largest element is taken off first, so nothing overflows.
pub fn softmax(x: View, axis: usize, log: bool) -> Result<Storage> {
    let x = RawTensor::from_view(x);
    if log || x.numel() == 0 {
        return log_softmax(&x, axis).into_storage();
    }
    let axes = Axes::one(axis);
    let e = x.binary(BinaryOp::Sub, &x.reduce(ReduceOp::Max, axes, true)).unary(UnaryOp::Exp);
    e.binary(BinaryOp::Div, &e.reduce(ReduceOp::Sum, axes, true)).into_storage()
}

/// The gradient of [`softmax`] from its result.
pub fn softmax_grad(y: View, grad: View, axis: usize, log: bool) -> Result<Storage> {
    let (y, g) = (RawTensor::from_view(y), RawTensor::from_view(grad));
    let sum = |t: &RawTensor| t.reduce(ReduceOp::Sum, Axes::one(axis), true);
    let grad = if log {
        g.binary(BinaryOp::Sub, &y.unary(UnaryOp::Exp).binary(BinaryOp::Mul, &sum(&g)))
    } else {
        y.binary(BinaryOp::Mul, &g.binary(BinaryOp::Sub, &sum(&y.binary(BinaryOp::Mul, &g))))
    };
    grad.into_storage()
}

/// Log-probabilities and the mean negative one of the targets.
pub fn cross_entropy(x: View, target: View) -> Result<(Storage, Storage)> {
    let log_p = log_softmax(&RawTensor::from_view(x), 1);
    let target = RawTensor::from_view(target);
    let rows = log_p.shape()[0] as f64;
    let picked = log_p.gather(1, &target.unsqueeze(1));
    let loss = picked.sum_all().binary(BinaryOp::Div, -rows);
    Ok((log_p.into_storage()?, loss.into_storage()?))
}

/// The gradient of [`cross_entropy`].
pub fn cross_entropy_grad(log_p: View, target: View, grad: View) -> Result<Storage> {
    let log_p = RawTensor::from_view(log_p);
    let target = RawTensor::from_view(target).unsqueeze(1);
    let rows = log_p.shape()[0] as f64;
    let minus_one = RawTensor::full(*target.shape(), -1.0, log_p.dtype(), log_p.device());
    let difference = log_p.unary(UnaryOp::Exp).scatter_add(1, &target, &minus_one);
    let scale = RawTensor::from_view(grad).binary(BinaryOp::Div, rows);
    difference.binary(BinaryOp::Mul, &scale).into_storage()
}

/// `(x/255 − mean)/std`
pub fn normalize(x: View, mean: f32, std: f32) -> Result<Storage> {
    let x = RawTensor::from_view(x).cast(DType::F32).binary(BinaryOp::Div, 255.0);
    x.binary(BinaryOp::Sub, mean).binary(BinaryOp::Div, std).into_storage()
}

/// [`normalize`] of the rows at `index`.
pub fn fetch_pixels(x: View, index: View, mean: f32, std: f32) -> Result<Storage> {
    let rows = RawTensor::from_view(x).index_select(0, &RawTensor::from_view(index));
    normalize(rows.view(), mean, std)
}

/// Views joined along a dimension: each written to its place in zeros.
pub fn cat(parts: &[View], axis: usize) -> Result<Storage> {
    let first = RawTensor::from_view(parts[0]);
    let size = parts.iter().map(|part| part.layout.shape()[axis]).sum();
    let out = RawTensor::full(first.shape().with(axis, size), 0, first.dtype(), first.device());
    let mut start = 0;
    for part in parts {
        let len = part.layout.shape()[axis];
        out.device().copy(*part, out.narrow(axis, start, len).view())?;
        start += len;
    }
    out.into_storage()
}

/// The smallest and the largest of integers.
pub fn index_range(x: View) -> Result<(i64, i64)> {
    let x = RawTensor::from_view(x);
    let extreme = |op| x.reduce(op, Axes::all(x.rank()), false).item().to_i64();
    Ok((extreme(ReduceOp::Min), extreme(ReduceOp::Max)))
}

/// A batch of pixels and its labels.
pub fn fetch_batch(
    x: View,
    labels: View,
    index: View,
    (mean, std): (f32, f32),
) -> Result<(Storage, Storage)> {
    let index = RawTensor::from_view(index);
    let pixels = RawTensor::from_view(x).fetch_pixels(&index, mean, std);
    Ok((pixels.into_storage()?, RawTensor::from_view(labels).index_select(0, &index).into_storage()?))
}

/// The first `k` of a stable sort.
pub fn topk(x: View, k: usize, largest: bool) -> Result<(Storage, Storage)> {
    let x = RawTensor::from_view(x);
    let last = x.rank() - 1;
    let (values, places) = x.sort(last, largest);
    Ok((values.narrow(last, 0, k).into_storage()?, places.narrow(last, 0, k).into_storage()?))
}

/// A stable sort of every run along the last dimension, on the host.
pub fn sort(x: View, descending: bool) -> Result<(Storage, Storage)> {
    fn runs<T: Element + PartialOrd>(values: &[T], len: usize, descending: bool) -> (HostData, HostData) {
        // NaN, the only value not equal to itself, is the largest.
        let order = |a: &T, b: &T| {
            #[expect(clippy::eq_op, reason = "x != x is the test for NaN")]
            let nan = |v: &T| v != v;
            a.partial_cmp(b).unwrap_or_else(|| nan(a).cmp(&nan(b)))
        };
        let (mut sorted, mut from) = (Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
        for run in values.chunks(len.max(1)) {
            let mut places: Vec<usize> = (0..run.len()).collect();
            places.sort_by(|&i, &j| {
                let ascending: Ordering = order(&run[i], &run[j]);
                if descending { ascending.reverse() } else { ascending }
            });
            sorted.extend(places.iter().map(|&i| run[i]));
            from.extend(places.iter().map(|&i| i as i32));
        }
        (sorted.into(), from.into())
    }
    let x = RawTensor::from_view(x);
    let device = x.device();
    let len = x.shape().last().copied().unwrap_or(1);
    // In the widest type of a kind, so that there are two sorts rather than six.
    let data = x.to_host()?;
    let (values, places) = match x.dtype().is_float() {
        true => runs::<f64>(&data.into_vec(), len, descending),
        false => runs::<i64>(&data.into_vec(), len, descending),
    };
    Ok((device.upload(&values.cast(x.dtype()))?, device.upload(&places)?))
}
