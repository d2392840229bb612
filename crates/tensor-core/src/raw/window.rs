//! Windows, and what convolutions make of them: see [`crate::window`].

use super::RawTensor;
use crate::check;
use crate::dtype::{DType, Scalar};
use crate::shape::Shape;
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
        let shape = Shape::new(&[&[self.shape()[0], w.shape()[0]], &self.places(windows)[..]].concat());
        let bias = bias.map(RawTensor::view);
        let storage = self.device().conv(self.view(), w.view(), bias, windows, groups);
        self.answer("conv", storage, self.dtype(), shape)
    }

    /// The transpose of [`RawTensor::conv`] in its input: `y` `[N, M, O…]` → `[N, C, S…]`, S being `sizes`.
    #[track_caller]
    pub fn conv_input(&self, w: &RawTensor, windows: &[Window], groups: usize, sizes: &[usize]) -> Self {
        let shape = Shape::new(&[&[self.shape()[0], w.shape()[1] * groups], sizes].concat());
        let storage = self.device().conv_input(self.view(), w.view(), windows, groups, sizes);
        self.answer("conv_input", storage, self.dtype(), shape)
    }

    /// The transpose of [`RawTensor::conv`] in its weight: `x` `[N, C, S…]`, `y` `[N, M, O…]` →
    /// `[M, C/G, K…]`.
    #[track_caller]
    pub fn conv_weight(&self, y: &RawTensor, windows: &[Window], groups: usize) -> Self {
        let (inputs, outputs) = (self.shape()[1], y.shape()[1]);
        let dims: Vec<usize> = [outputs, inputs / groups].into_iter().chain(kernel(windows)).collect();
        let storage = self.device().conv_weight(self.view(), y.view(), windows, groups);
        self.answer("conv_weight", storage, self.dtype(), Shape::new(&dims))
    }
}
