//! Convolutions as products of filters and unfolded windows, sample by sample: see [`crate::window`].

use crate::buffer::{Storage, View};
use crate::error::Result;
use crate::op::ReduceOp;
use crate::raw::RawTensor;
use crate::shape::{Axes, Shape};
use crate::window::Window;

/// `y[n, m, o] = Σ w[m, c, k]·x[n, c, o·stride + k·dilation − padding]`, and a bias.
pub fn conv(x: View, w: View, bias: Option<View>, windows: &[Window], groups: usize) -> Result<Storage> {
    let (x, w) = (RawTensor::from_view(x), RawTensor::from_view(w));
    let batch = x.shape()[0];
    let (filters, columns) = (per_sample(&w, batch, groups), columns(&x, windows, groups));
    let y = match bias {
        None => filters.bmm(&columns),
        Some(bias) => {
            let bias = per_sample(&RawTensor::from_view(bias), batch, groups);
            filters.bmm_add(&columns, &bias.expand(&bias.shape().with(2, columns.shape()[2])))
        }
    };
    y.into_storage()
}

/// Its transpose in the input: what each place's filters spread, folded.
pub fn conv_input(y: View, w: View, windows: &[Window], groups: usize, sizes: &[usize]) -> Result<Storage> {
    let (y, w) = (RawTensor::from_view(y), RawTensor::from_view(w));
    let (batch, inputs) = (y.shape()[0], w.shape()[1] * groups);
    let columns = per_sample(&w, batch, groups).transpose(1, 2).bmm(&per_group(&y, groups));
    let dims: Vec<usize> = [batch, inputs]
        .into_iter()
        .chain(windows.iter().map(|w| w.size))
        .chain(y.shape()[2..].iter().copied())
        .collect();
    columns.reshape(&Shape::new(&dims)).fold(windows, sizes).into_storage()
}

/// Its transpose in the weight: samples are multiplied one by one and then added.
pub fn conv_weight(x: View, y: View, windows: &[Window], groups: usize) -> Result<Storage> {
    let (x, y) = (RawTensor::from_view(x), RawTensor::from_view(y));
    let batch = x.shape()[0];
    let each = per_group(&y, groups).bmm(&columns(&x, windows, groups).transpose(1, 2));
    let weights = groups * each.shape()[1] * each.shape()[2]; // of each sample, even if there is none
    let total = each.reshape(&Shape::new(&[batch, weights]));
    total.reduce(ReduceOp::Sum, Axes::one(0), false).into_storage()
}

/// `[N, C, S…] → [N·G, C/G·K, O]`: what a group's filters multiply, a column for each place.
fn columns(x: &RawTensor, windows: &[Window], groups: usize) -> RawTensor {
    let (batch, inputs) = (x.shape()[0], x.shape()[1]);
    let rows = inputs / groups * windows.iter().map(|w| w.size).product::<usize>();
    let places = windows.iter().zip(&x.shape()[2..]).map(|(w, &size)| w.places(size)).product();
    x.unfold(windows, 0).reshape(&Shape::new(&[batch * groups, rows, places]))
}

/// Filters `[M, C/G, K…] → [N·G, M/G, C/G·K]`, or biases `[M] → [N·G, M/G, 1]`, the same for each sample.
fn per_sample(w: &RawTensor, batch: usize, groups: usize) -> RawTensor {
    let outputs = w.shape()[0];
    let each = Shape::new(&[1, groups, outputs / groups, w.numel() / outputs.max(1)]);
    let all = w.reshape(&each).expand(&each.with(0, batch));
    all.reshape(&Shape::new(&[batch * groups, each[2], each[3]]))
}

/// Results `[N, M, O…] → [N·G, M/G, O]`.
fn per_group(y: &RawTensor, groups: usize) -> RawTensor {
    let (batch, outputs) = (y.shape()[0], y.shape()[1]);
    let places = y.shape()[2..].iter().product();
    y.reshape(&Shape::new(&[batch * groups, outputs / groups, places]))
}
