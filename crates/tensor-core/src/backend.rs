//! `Backend`: the one contract between tensors and the machines that compute them.
//!
//! Object-safe, so that no type parameter reaches user code. Views come in, fresh contiguous
//! storage goes out; the few methods that write in place say so. Arguments have been checked and
//! broadcast by [`crate::RawTensor`]: operands of one call share a shape (repeats are strides of 0),
//! a device and, unless said otherwise, an element type. Results are row-major over the operands'
//! shape. A failure of the machine (memory, a lost device) is an [`Error`](enum@crate::Error), never a panic.
//!
//! Required methods are what every machine must do; each default below composes them (in
//! [`crate::compose`]) and may be overridden by something faster, which the conformance suite holds
//! against the default.

use crate::buffer::{Buffer, Storage, View};
use crate::compose;
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::host::HostData;
use crate::norm::Standard;
use crate::op::{
    Activation, ArgOp, BinaryOp, CompareOp, LinalgOp, LossOp, OptimStep, ReduceOp, ScanOp, UnaryOp,
};
use crate::shape::{Axes, Shape};
use crate::window::Window;
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// One side of a two-sided operation: elements, or a number that stands for all of them.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a> {
    /// Elements.
    View(View<'a>),
    /// One number, converted to the other side's element type.
    Scalar(Scalar),
}

/// The elements a backend downloads, some day.
pub type Download<'a> = Pin<Box<dyn Future<Output = Result<HostData>> + Send + 'a>>;

/// A parameter and all that one optimizer step touches. Buffers are contiguous and distinct.
#[derive(Debug)]
pub struct OptimSlot<'a> {
    /// Written in place.
    pub param: &'a Buffer,
    /// The gradient, of the parameter's shape.
    pub grad: View<'a>,
    /// Written in place; which and how many is up to the [`OptimStep`].
    pub state: Vec<&'a Buffer>,
}

/// What a device has done and holds. Counters only grow; `live` and `peak` are bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes held by buffers now, not counting the pool's spare ones.
    pub live: usize,
    /// The most bytes ever held at once.
    pub peak: usize,
    /// Bytes waiting in the pool.
    pub pooled: usize,
    /// Memory asked from the system, in times (a pool hit is none).
    pub allocations: u64,
    /// Kernels started.
    pub dispatches: u64,
    /// Batches of kernels handed to the machine (0 on the CPU).
    pub submits: u64,
    /// Downloads to the host.
    pub readbacks: u64,
    /// Operations that had no kernel and went through the host.
    pub host_fallbacks: u64,
    /// Pipelines, bind groups and shader modules made (0 on the CPU).
    pub creations: u64,
}

/// A machine that computes tensors. After a panic it goes on: its locks recover from poisoning, and what they guard is
/// whole, so that devices and tensors may cross `std::panic::catch_unwind`.
pub trait Backend: Any + Send + Sync + fmt::Debug {
    /// A short name: `cpu`, `wgpu:0 (NVIDIA …)`.
    fn name(&self) -> String;

    /// Whether it holds elements of this type.
    fn supports(&self, dtype: DType) -> bool;

    /// Host elements to the device.
    fn upload(&self, data: &HostData) -> Result<Storage>;

    /// A view's elements to the host, row-major.
    fn download(&self, x: View) -> Result<HostData>;

    /// As [`Backend::download`], for hosts that must not block (the browser).
    fn download_async<'a>(&'a self, x: View<'a>) -> Download<'a> {
        let ready = self.download(x);
        Box::pin(async move { ready })
    }

    /// `len` copies of a number.
    fn full(&self, len: usize, dtype: DType, value: Scalar) -> Result<Storage>;

    /// In place: writes `src` to where `dst` sees its buffer; shapes equal, indices of `dst` distinct.
    /// The two may share a buffer; the result is as if `src` had been read first.
    fn copy(&self, src: View, dst: View) -> Result<()>;

    /// In place: fills what `dst` sees with a number.
    fn fill(&self, dst: View, value: Scalar) -> Result<()>;

    /// Converts elements as `Tensor.to(dtype)`.
    fn cast(&self, x: View, dtype: DType) -> Result<Storage>;

    /// A function of each element: of floats, and for [`UnaryOp::Neg`], [`UnaryOp::Abs`],
    /// [`UnaryOp::Sign`], [`UnaryOp::Square`] of integers; [`UnaryOp::Not`] of booleans.
    fn unary(&self, op: UnaryOp, x: View) -> Result<Storage>;

    /// A function of two elements; at least one side is a view.
    fn binary(&self, op: BinaryOp, a: Operand, b: Operand) -> Result<Storage>;

    /// In place: adds to a whole buffer of floats the elements of `term`, of as many and of its type, in another buffer.
    /// `false`, and nothing done, where [`Backend::binary`] and its fresh memory cost no more.
    fn add_assign(&self, _sum: &Buffer, _term: View) -> Result<bool> {
        Ok(false)
    }

    /// A comparison of two elements, to booleans; at least one side is a view.
    fn compare(&self, op: CompareOp, a: Operand, b: Operand) -> Result<Storage>;

    /// `condition ? a : b`, of element type `dtype`; numbers on either side take the condition's shape.
    fn select(&self, condition: View, a: Operand, b: Operand, dtype: DType) -> Result<Storage>;

    /// Reduces the dimensions `axes`. `Sum` and `Prod` take floats and integers, `Max` and `Min` any
    /// type but over at least one element.
    fn reduce(&self, op: ReduceOp, x: View, axes: Axes) -> Result<Storage>;

    /// Index along `axis` of the extreme element, as I32.
    fn arg_reduce(&self, op: ArgOp, x: View, axis: usize) -> Result<Storage>;

    /// The running reduction along `axis`.
    fn scan(&self, op: ScanOp, x: View, axis: usize) -> Result<Storage>;

    /// `[B, M, K] · [B, K, N] → [B, M, N]`; transposed operands are strides.
    fn matmul(&self, a: View, b: View) -> Result<Storage>;

    /// `x` with `axis` replaced by the elements at `index` (I32 or I64, one-dimensional, in range).
    fn index_select(&self, x: View, axis: usize, index: View) -> Result<Storage>;

    /// `out[…, i, …] = x[…, index[…, i, …], …]` along `axis`; the index's shape is the result's.
    fn gather(&self, x: View, axis: usize, index: View) -> Result<Storage>;

    /// `out = x; out[…, index[…, i, …], …] += src[…, i, …]` along `axis`, in row-major order of `src`.
    fn scatter_add(&self, x: View, axis: usize, index: View, src: View) -> Result<Storage>;

    /// Views of one type joined along `axis`; at least one, sizes equal elsewhere.
    fn cat(&self, parts: &[View], axis: usize) -> Result<Storage> {
        compose::cat(parts, axis)
    }

    /// Waits until all that was asked is done, and says whether it went well.
    fn sync(&self) -> Result<()> {
        Ok(())
    }

    /// Whether reading an index back to check it is cheap here. Where it is not (a GPU would have to
    /// stop for it), an index out of range gives an unspecified element instead of a message.
    fn checks_indices(&self) -> bool {
        true
    }

    /// The smallest and the largest of integers, of which there is at least one: what a check of indices needs.
    fn index_range(&self, x: View) -> Result<(i64, i64)> {
        compose::index_range(x)
    }

    /// What it has done and holds.
    fn stats(&self) -> Stats;

    /// Gives the pool's spare memory back to the system.
    fn trim(&self) {}

    /// Sorted along the last dimension, stable, NaN last when ascending: the elements and, as I32, where they stood.
    fn sort(&self, x: View, descending: bool) -> Result<(Storage, Storage)> {
        compose::sort(x, descending)
    }

    /// A function of the matrices in `args`, each `[B, rows, columns]`, floating: the shapes of the results are B and
    /// [`LinalgOp::results`]. Of several matrices that fail, the first one's error is told.
    fn linalg(&self, op: LinalgOp, args: &[View]) -> Result<Vec<Storage>> {
        compose::linalg(op, args)
    }

    /// The first `k` of [`Backend::sort`] along the last dimension: the largest elements, or the smallest, and, as
    /// I32, where they stood.
    fn topk(&self, x: View, k: usize, largest: bool) -> Result<(Storage, Storage)> {
        compose::topk(x, k, largest)
    }

    /// `a·b + c`, `c` being shaped as the product: `[B, M, K] · [B, K, N] + [B, M, N]`.
    fn matmul_add(&self, a: View, b: View, c: View) -> Result<Storage> {
        compose::matmul_add(a, b, c)
    }

    /// `act(x·wᵀ + b)`: `[N, I] · [O, I]ᵀ + [O] → [N, O]`.
    fn linear(&self, x: View, w: View, b: Option<View>, act: Option<Activation>) -> Result<Storage> {
        compose::linear(x, w, b, act)
    }

    /// The gradients of [`Backend::linear`] with respect to `x`, `w` and `b`, those that `wants` asks for.
    /// With `y`, its result and the activation in it (one whose derivative reads its result alone),
    /// the gradient first passes back through the activation: `g = act′(y)·grad`;
    /// `dx = g·w [N, I]`, `dw = gᵀ·x [O, I]`, `db = Σ g [O]`.
    fn linear_backward(
        &self,
        x: View,
        w: View,
        y: Option<(View, Activation)>,
        grad: View,
        wants: [bool; 3],
    ) -> Result<[Option<Storage>; 3]> {
        compose::linear_backward(x, w, y, grad, wants)
    }

    /// `f′(x)·grad`, given also `y = f(x)`.
    fn unary_grad(&self, op: UnaryOp, x: View, y: View, grad: View) -> Result<Storage> {
        compose::unary_grad(op, x, y, grad)
    }

    /// Floats brought between two numbers, `min(max(x, low), high)`; NaN stays NaN.
    fn clamp(&self, x: View, low: f64, high: f64) -> Result<Storage> {
        compose::clamp(x, low, high)
    }

    /// On the host: turns whole blocks of sixteen uniform numbers into normal ones, the very bits of
    /// [`box_muller`](crate::random::box_muller).
    fn box_muller(&self, blocks: &mut [f32], mean: f32, std: f32) {
        crate::random::box_muller(blocks, mean, std);
    }

    /// The loss of each `x` held against its target `y`, floats.
    fn loss(&self, op: LossOp, x: View, y: View) -> Result<Storage> {
        compose::loss(op, x, y)
    }

    /// Its slope along `x`, times `grad`.
    fn loss_grad(&self, op: LossOp, x: View, y: View, grad: View) -> Result<Storage> {
        compose::loss_grad(op, x, y, grad)
    }

    /// Mean and biased variance of floats over `axes`, which stay as size 1; unless `centred`, the mean square alone.
    fn moments(&self, x: View, axes: Axes, centred: bool) -> Result<(Option<Storage>, Storage)> {
        compose::moments(x, axes, centred)
    }

    /// `(x − mean)·rstd·weight + bias`
    fn normalized(&self, of: Standard, bias: Option<View>) -> Result<Storage> {
        compose::normalized(of, bias)
    }

    /// The gradients of [`Backend::normalized`] that `wants` asks for: of `x`, weight and bias. With
    /// n = (x − mean)·rstd and h = grad·weight: `dx = (h − mean h − n·mean(h·n))·rstd`, the means over the
    /// dimensions `own` and the first only if there is a mean to take off; `dx = h·rstd` without `own`, where
    /// mean and rstd are constants. `dw = Σ grad·n` and `db = Σ grad` over the dimensions where `affine` has size 1.
    fn normalized_grad(
        &self,
        of: Standard,
        grad: View,
        own: Option<Axes>,
        affine: &Shape,
        wants: [bool; 3],
    ) -> Result<[Option<Storage>; 3]> {
        compose::normalized_grad(of, grad, own, affine, wants)
    }

    /// `exp(x) / Σ exp(x)` along `axis`, or its logarithm.
    fn softmax(&self, x: View, axis: usize, log: bool) -> Result<Storage> {
        compose::softmax(x, axis, log)
    }

    /// The gradient of [`Backend::softmax`], given its result `y`:
    /// `y·(g − Σ y·g)`, or of the logarithm `g − exp(y)·Σ g`.
    fn softmax_grad(&self, y: View, grad: View, axis: usize, log: bool) -> Result<Storage> {
        compose::softmax_grad(y, grad, axis, log)
    }

    /// The mean over rows of `−log softmax(x)[target]`: `[N, C]`, `[N]` of I32 or I64 in range → the
    /// log-probabilities `[N, C]` and the loss `[]`.
    fn cross_entropy(&self, x: View, target: View) -> Result<(Storage, Storage)> {
        compose::cross_entropy(x, target)
    }

    /// Its gradient: `(exp(log_p) − onehot(target))·grad/N → [N, C]`, `grad` being `[]`.
    fn cross_entropy_grad(&self, log_p: View, target: View, grad: View) -> Result<Storage> {
        compose::cross_entropy_grad(log_p, target, grad)
    }

    /// The windows of the last dimensions, which `pad` surrounds: `[L…, S…] → [L…, K…, O…]`
    /// (see [`crate::window`]).
    fn unfold(&self, x: View, windows: &[Window], pad: Scalar) -> Result<Storage> {
        compose::unfold(x, windows, pad)
    }

    /// Windows added back to where they came from, `[L…, K…, O…] → [L…, S…]`, S being `sizes`: each
    /// element's in the order of K, those on padding dropped.
    fn fold(&self, x: View, windows: &[Window], sizes: &[usize]) -> Result<Storage> {
        compose::fold(x, windows, sizes)
    }

    /// The convolution of `[N, C, S…]` by filters `[M, C/G, K…]` in `G` groups of channels, and a bias `[M]`:
    /// `y[n, m, o] = Σ w[m, c, k]·x[n, c, o·stride + k·dilation − padding] + b[m]`, `[N, M, O…]`.
    fn conv(
        &self,
        x: View,
        w: View,
        bias: Option<View>,
        windows: &[Window],
        groups: usize,
    ) -> Result<Storage> {
        compose::conv(x, w, bias, windows, groups)
    }

    /// The transpose of [`Backend::conv`] in its input: `[N, M, O…]`, `[M, C/G, K…] → [N, C, S…]`, S being `sizes`.
    fn conv_input(
        &self,
        y: View,
        w: View,
        windows: &[Window],
        groups: usize,
        sizes: &[usize],
    ) -> Result<Storage> {
        compose::conv_input(y, w, windows, groups, sizes)
    }

    /// The transpose of [`Backend::conv`] in its weight: `[N, C, S…]`, `[N, M, O…] → [M, C/G, K…]`.
    fn conv_weight(&self, x: View, y: View, windows: &[Window], groups: usize) -> Result<Storage> {
        compose::conv_weight(x, y, windows, groups)
    }

    /// The largest element of every window and, as I32, where it stands among the last dimensions
    /// flattened, the first of equal ones: floats `[L…, S…] → [L…, O…]`. A window of nothing but −∞
    /// names its first element, or the nearest to it that is not padding.
    fn max_pool(&self, x: View, windows: &[Window]) -> Result<(Storage, Storage)> {
        compose::max_pool(x, windows)
    }

    /// The gradient of [`Backend::max_pool`], given where the largest stand: each element of `grad` added to where
    /// its window's largest was, in row-major order, `[L…, O…] → [L…, S…]`, S being `sizes`.
    fn max_pool_grad(&self, index: View, grad: View, windows: &[Window], sizes: &[usize]) -> Result<Storage> {
        compose::max_pool_grad(index, grad, windows, sizes)
    }

    /// The next state of a long short-term memory, h' and c' as `[2, B, H]`, of two projections `[B, 4·H]` that are
    /// added, i, f, g and o a quarter each, and `c` `[B, H]` (see [`crate::recurrent`]).
    fn lstm_step(&self, input: View, hidden: View, c: View) -> Result<Storage> {
        compose::lstm_step(input, hidden, c)
    }

    /// The gradients of either projection, and of `c`, from that of the state `[2, B, H]`.
    fn lstm_step_grad(&self, input: View, hidden: View, c: View, grad: View) -> Result<(Storage, Storage)> {
        compose::lstm_step_grad(input, hidden, c, grad)
    }

    /// In place: one optimizer step over many parameters.
    fn optim_step(&self, step: OptimStep, slots: &[OptimSlot]) -> Result<()> {
        compose::optim_step(step, slots)
    }

    /// Bytes to normalised floats: `(x/255 − mean)/std` as F32, each operation rounded.
    fn normalize(&self, x: View, mean: f32, std: f32) -> Result<Storage> {
        compose::normalize(x, mean, std)
    }

    /// [`Backend::normalize`] of the rows of `x` at `index` (one-dimensional, in range): a batch of pixels
    /// on its way into a network. `[N, …], [B] → [B, …]`.
    fn fetch_pixels(&self, x: View, index: View, mean: f32, std: f32) -> Result<Storage> {
        compose::fetch_pixels(x, index, mean, std)
    }

    /// A whole batch: [`Backend::fetch_pixels`], and the elements of `labels` at `index`.
    /// `[N, …], [N], [B] → [B, …], [B]`.
    fn fetch_batch(
        &self,
        x: View,
        labels: View,
        index: View,
        (mean, std): (f32, f32),
    ) -> Result<(Storage, Storage)> {
        compose::fetch_batch(x, labels, index, (mean, std))
    }
}
