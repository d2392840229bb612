//! Windows, and what convolutions make of them: see [`crate::window`].

use super::RawTensor;
use crate::check;
use crate::dtype::{DType, Scalar};
use crate::op::ReduceOp;
use crate::shape::{Axes, Shape};
use crate::window::Window;

/// Sizes of a window in each dimension.
fn kernel(windows: &[Window]) -> impl Iterator<Item = usize> + '_ {
    windows.iter().map(|w| w.size)
}

impl RawTensor {
    /// Numbers of places along the last dimensions.
    fn places(&self, windows: &[Window]) -> Vec<usize> {
        let lead = self.rank() - windows.len();
        windows.iter().zip(&self.shape()[lead..]).map(|(w, &size)| w.places(size)).collect()
    }

    /// The windows of the last dimensions, which `pad` surrounds: `[L…, S…] → [L…, K…, O…]`.
    #[track_caller]
    pub fn unfold(&self, windows: &[Window], pad: impl Into<Scalar>) -> Self {
        let lead = self.rank() - windows.len();
        let dims: Vec<usize> =
            self.shape()[..lead].iter().copied().chain(kernel(windows)).chain(self.places(windows)).collect();
        let shape = Shape::new(&dims);
        if windows.iter().all(|&w| w == Window::WHOLE) {
            return self.reshape(&shape);
        }
        self.answer("unfold", self.device().unfold(self.view(), windows, pad.into()), self.dtype(), shape)
    }

    /// Windows added back to where they came from: `[L…, K…, O…] → [L…, S…]`, S being `sizes`.
    #[track_caller]
    pub fn fold(&self, windows: &[Window], sizes: &[usize]) -> Self {
        let lead = self.rank() - 2 * windows.len();
        let shape = Shape::new(&[&self.shape()[..lead], sizes].concat());
        if windows.iter().all(|&w| w == Window::WHOLE) {
            return self.reshape(&shape);
        }
        self.answer("fold", self.device().fold(self.view(), windows, sizes), self.dtype(), shape)
    }

    /// The largest element of every window of the last dimensions, and where it stands in them
    /// flattened: `[L…, S…] → [L…, O…]` and the same of I32.
    #[track_caller]
    pub fn max_pool(&self, windows: &[Window]) -> (Self, Self) {
        let lead = self.rank() - windows.len();
        let shape = Shape::new(&[&self.shape()[..lead], &self.places(windows)].concat());
        let (values, index) = check::done("max_pool", self.device().max_pool(self.view(), windows));
        let wrap = |storage, dtype| RawTensor::from_storage(self.device(), storage, dtype, shape);
        (wrap(values, self.dtype()), wrap(index, DType::I32))
    }

    /// The gradient of [`RawTensor::max_pool`] from where the largest stand: `[L…, O…] → [L…, S…]`, S being `sizes`.
    #[track_caller]
    pub fn max_pool_grad(&self, index: &RawTensor, windows: &[Window], sizes: &[usize]) -> Self {
        let lead = self.rank() - windows.len();
        let shape = Shape::new(&[&self.shape()[..lead], sizes].concat());
        let storage = self.device().max_pool_grad(index.view(), self.view(), windows, sizes);
        self.answer("max_pool_grad", storage, self.dtype(), shape)
    }

    /// The convolution `y[n, m, o] = Σ w[m, c, k]·x[n, c, o·stride + k·dilation − padding]`:
    /// `x` `[N, C, S…]`, `w` `[M, C/G, K…]` → `[N, M, O…]`, in G groups of channels; and a bias `[M]`.
    #[track_caller]
    pub fn conv(&self, w: &RawTensor, bias: Option<&RawTensor>, windows: &[Window], groups: usize) -> Self {
        let (batch, outputs) = (self.shape()[0], w.shape()[0]);
        let places = self.places(windows);
        let columns = self.columns(windows, groups);
        let filters = w.per_sample(batch, groups);
        let y = bias.map_or_else(
            || filters.bmm(&columns),
            |bias| {
                let bias = bias.per_sample(batch, groups);
                filters.bmm_add(&columns, &bias.expand(&bias.shape().with(2, columns.shape()[2])))
            },
        );
        y.reshape(&Shape::new(&[&[batch, outputs], &places[..]].concat()))
    }

    /// The transpose of [`RawTensor::conv`] in its input: `y` `[N, M, O…]` → `[N, C, S…]`, S being `sizes`.
    #[track_caller]
    pub fn conv_input(&self, w: &RawTensor, windows: &[Window], groups: usize, sizes: &[usize]) -> Self {
        let (batch, inputs) = (self.shape()[0], w.shape()[1] * groups);
        let columns = w.per_sample(batch, groups).transpose(1, 2).bmm(&self.per_group(groups));
        let dims: Vec<usize> = [batch, inputs]
            .into_iter()
            .chain(kernel(windows))
            .chain(self.shape()[2..].iter().copied())
            .collect();
        columns.reshape(&Shape::new(&dims)).fold(windows, sizes)
    }

    /// The transpose of [`RawTensor::conv`] in its weight: `x` `[N, C, S…]`, `y` `[N, M, O…]` →
    /// `[M, C/G, K…]`. Samples are multiplied one by one and then added.
    #[track_caller]
    pub fn conv_weight(&self, y: &RawTensor, windows: &[Window], groups: usize) -> Self {
        let (batch, inputs, outputs) = (self.shape()[0], self.shape()[1], y.shape()[1]);
        let each = y.per_group(groups).bmm(&self.columns(windows, groups).transpose(1, 2));
        let total = each.reshape(&Shape::new(&[batch, each.numel() / batch.max(1)]));
        let dims: Vec<usize> = [outputs, inputs / groups].into_iter().chain(kernel(windows)).collect();
        total.reduce(ReduceOp::Sum, Axes::one(0), false).reshape(&Shape::new(&dims))
    }

    /// `[N, C, S…] → [N·G, C/G·K, O]`: what a group's filters multiply, a column for each place.
    fn columns(&self, windows: &[Window], groups: usize) -> Self {
        let (batch, inputs) = (self.shape()[0], self.shape()[1]);
        let rows = inputs / groups * kernel(windows).product::<usize>();
        let places = self.places(windows).iter().product();
        self.unfold(windows, 0).reshape(&Shape::new(&[batch * groups, rows, places]))
    }

    /// Filters `[M, C/G, K…] → [N·G, M/G, C/G·K]`, or biases `[M] → [N·G, M/G, 1]`, the same for each sample.
    fn per_sample(&self, batch: usize, groups: usize) -> Self {
        let outputs = self.shape()[0];
        let each = Shape::new(&[1, groups, outputs / groups, self.numel() / outputs.max(1)]);
        let all = self.reshape(&each).expand(&each.with(0, batch));
        all.reshape(&Shape::new(&[batch * groups, each[2], each[3]]))
    }

    /// Results `[N, M, O…] → [N·G, M/G, O]`.
    fn per_group(&self, groups: usize) -> Self {
        let (batch, outputs) = (self.shape()[0], self.shape()[1]);
        let places = self.shape()[2..].iter().product();
        self.reshape(&Shape::new(&[batch * groups, outputs / groups, places]))
    }
}
