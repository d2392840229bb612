//! Firebrand's CPU backend: vectorised, threaded and bit-reproducible kernels.
//!
//! Sums run in an order fixed by shapes alone, functions are our own polynomials, and threads only
//! split work that does not meet again: the same program gives the same bits at any number of
//! threads and any vector width.

mod call;
pub mod gemm;
mod kernels;
mod linalg;
mod math;
mod nest;
pub mod simd;
mod storage;
mod team;
mod threads;
mod walk;
mod wide;

pub use threads::{num_threads, set_num_threads};

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use storage::{Block, CpuStorage, Pool};
use tensor_core::{
    Activation, ArgOp, Axes, Backend, BinaryOp, Buffer, CompareOp, DType, Device, HostData, LinalgOp, LossOp,
    Operand, OptimSlot, OptimStep, ReduceOp, Result, Scalar, ScanOp, Shape, Standard, Stats, Storage,
    UnaryOp, View, Window, compose,
};

/// The processor as a device.
#[derive(Debug, Default)]
pub struct Cpu {
    pool: Arc<Pool>,
    dispatches: AtomicU64,
    readbacks: AtomicU64,
}

/// The processor, one device for the whole program.
///
/// ```
/// use tensor_core::{DType, RawTensor};
/// let cpu = backend_cpu::device();
/// let x = RawTensor::full([2, 3], 1.5, DType::F32, &cpu);
/// assert_eq!(x.sum_all().item().to_f64(), 9.0);
/// ```
pub fn device() -> Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    DEVICE.get_or_init(|| Device::new(Cpu::default())).clone()
}

impl Cpu {
    /// Counts a kernel and wraps its block.
    fn wrap(&self, block: Result<Block>) -> Result<Storage> {
        self.dispatches.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(CpuStorage::new(block?)))
    }
}

impl Backend for Cpu {
    fn name(&self) -> String {
        "cpu".into()
    }

    fn supports(&self, _: DType) -> bool {
        true
    }

    fn upload(&self, data: &HostData) -> Result<Storage> {
        self.wrap(kernels::copy::upload(&self.pool, data))
    }

    fn download(&self, x: View) -> Result<HostData> {
        self.readbacks.fetch_add(1, Ordering::Relaxed);
        Ok(kernels::copy::download(x))
    }

    fn full(&self, len: usize, dtype: DType, value: Scalar) -> Result<Storage> {
        self.wrap(kernels::copy::full(&self.pool, len, dtype, value))
    }

    fn copy(&self, src: View, dst: View) -> Result<()> {
        self.dispatches.fetch_add(1, Ordering::Relaxed);
        kernels::copy::copy(src, dst);
        Ok(())
    }

    fn fill(&self, dst: View, value: Scalar) -> Result<()> {
        self.dispatches.fetch_add(1, Ordering::Relaxed);
        kernels::copy::fill(dst, value);
        Ok(())
    }

    fn cast(&self, x: View, dtype: DType) -> Result<Storage> {
        self.wrap(kernels::copy::cast(&self.pool, x, dtype))
    }

    fn cat(&self, parts: &[View], axis: usize) -> Result<Storage> {
        self.wrap(kernels::copy::cat(&self.pool, parts, axis))
    }

    fn unary(&self, op: UnaryOp, x: View) -> Result<Storage> {
        self.wrap(kernels::pointwise::unary(&self.pool, op, x))
    }

    fn binary(&self, op: BinaryOp, a: Operand, b: Operand) -> Result<Storage> {
        self.wrap(kernels::pair::binary(&self.pool, op, a, b))
    }

    fn add_assign(&self, sum: &Buffer, term: View) -> Result<bool> {
        self.dispatches.fetch_add(1, Ordering::Relaxed);
        kernels::pair::add_assign(sum, term);
        Ok(true)
    }

    fn compare(&self, op: CompareOp, a: Operand, b: Operand) -> Result<Storage> {
        self.wrap(kernels::pair::compare(&self.pool, op, a, b))
    }

    fn select(&self, condition: View, a: Operand, b: Operand, dtype: DType) -> Result<Storage> {
        self.wrap(kernels::pair::select(&self.pool, condition, a, b, dtype))
    }

    fn reduce(&self, op: ReduceOp, x: View, axes: Axes) -> Result<Storage> {
        self.wrap(kernels::reduce::reduce(&self.pool, op, x, axes))
    }

    fn arg_reduce(&self, op: ArgOp, x: View, axis: usize) -> Result<Storage> {
        self.wrap(kernels::along::arg_reduce(&self.pool, op, x, axis))
    }

    fn scan(&self, op: ScanOp, x: View, axis: usize) -> Result<Storage> {
        self.wrap(kernels::along::scan(&self.pool, op, x, axis))
    }

    fn matmul(&self, a: View, b: View) -> Result<Storage> {
        self.wrap(kernels::product::matmul(&self.pool, a, b))
    }

    fn linalg(&self, op: LinalgOp, args: &[View]) -> Result<Vec<Storage>> {
        linalg::linalg(&self.pool, op, args)?.into_iter().map(|block| self.wrap(Ok(block))).collect()
    }

    fn index_select(&self, x: View, axis: usize, index: View) -> Result<Storage> {
        self.wrap(kernels::index::index_select(&self.pool, x, axis, index))
    }

    fn gather(&self, x: View, axis: usize, index: View) -> Result<Storage> {
        self.wrap(kernels::index::gather(&self.pool, x, axis, index))
    }

    fn scatter_add(&self, x: View, axis: usize, index: View, src: View) -> Result<Storage> {
        self.wrap(kernels::index::scatter_add(&self.pool, x, axis, index, src))
    }

    fn index_range(&self, x: View) -> Result<(i64, i64)> {
        Ok(kernels::index::range(x))
    }

    fn stats(&self) -> Stats {
        let counts = self.pool.counts();
        Stats {
            live: counts.live,
            peak: counts.peak,
            pooled: counts.spare,
            allocations: counts.allocations,
            dispatches: self.dispatches.load(Ordering::Relaxed),
            readbacks: self.readbacks.load(Ordering::Relaxed),
            ..Stats::default()
        }
    }

    fn trim(&self) {
        self.pool.trim();
    }

    fn linear(&self, x: View, w: View, b: Option<View>, act: Option<Activation>) -> Result<Storage> {
        self.wrap(kernels::product::linear(&self.pool, x, w, b, act))
    }

    fn linear_backward(
        &self,
        x: View,
        w: View,
        y: Option<(View, Activation)>,
        grad: View,
        wants: [bool; 3],
    ) -> Result<[Option<Storage>; 3]> {
        let [dx, dw, db] = kernels::product::linear_backward(&self.pool, x, w, y, grad, wants)?;
        let wrap = |block: Option<Block>| block.map(|b| self.wrap(Ok(b))).transpose();
        Ok([wrap(dx)?, wrap(dw)?, wrap(db)?])
    }

    fn unary_grad(&self, op: UnaryOp, x: View, y: View, grad: View) -> Result<Storage> {
        let known = if kernels::slopes::reads_argument(op) { x } else { y };
        match kernels::slopes::unary_grad(&self.pool, op, known, grad) {
            Some(block) => self.wrap(block),
            None => compose::unary_grad(op, x, y, grad),
        }
    }

    fn clamp(&self, x: View, low: f64, high: f64) -> Result<Storage> {
        if low.is_nan() || high.is_nan() {
            return compose::clamp(x, low, high);
        }
        self.wrap(kernels::pointwise::clamp(&self.pool, x, low, high))
    }

    fn box_muller(&self, blocks: &mut [f32], mean: f32, std: f32) {
        kernels::random::box_muller(blocks, mean, std);
    }

    fn loss(&self, op: LossOp, x: View, y: View) -> Result<Storage> {
        self.wrap(kernels::loss::loss(&self.pool, op, x, y))
    }

    fn loss_grad(&self, op: LossOp, x: View, y: View, grad: View) -> Result<Storage> {
        self.wrap(kernels::loss::loss_grad(&self.pool, op, x, y, grad))
    }

    fn moments(&self, x: View, axes: Axes, centred: bool) -> Result<(Option<Storage>, Storage)> {
        let Some((mean, variance)) = kernels::norm::moments(&self.pool, x, axes, centred) else {
            return compose::moments(x, axes, centred);
        };
        Ok((mean.map(|block| self.wrap(block)).transpose()?, self.wrap(variance)?))
    }

    fn normalized(&self, of: Standard, bias: Option<View>) -> Result<Storage> {
        self.wrap(kernels::norm::normalized(&self.pool, of, bias))
    }

    fn normalized_grad(
        &self,
        of: Standard,
        grad: View,
        own: Option<Axes>,
        affine: &Shape,
        wants: [bool; 3],
    ) -> Result<[Option<Storage>; 3]> {
        let Some([dx, dw, db]) = kernels::norm::normalized_grad(&self.pool, of, grad, own, affine, wants)
        else {
            return compose::normalized_grad(of, grad, own, affine, wants);
        };
        let wrap = |block: Option<Result<Block>>| block.map(|b| self.wrap(b)).transpose();
        Ok([wrap(dx)?, wrap(dw)?, wrap(db)?])
    }

    fn softmax(&self, x: View, axis: usize, log: bool) -> Result<Storage> {
        match kernels::softmax::softmax(&self.pool, x, axis, log) {
            Some(block) => self.wrap(block),
            None => compose::softmax(x, axis, log),
        }
    }

    fn softmax_grad(&self, y: View, grad: View, axis: usize, log: bool) -> Result<Storage> {
        match kernels::softmax::softmax_grad(&self.pool, y, grad, axis, log) {
            Some(block) => self.wrap(block),
            None => compose::softmax_grad(y, grad, axis, log),
        }
    }

    fn cross_entropy(&self, x: View, target: View) -> Result<(Storage, Storage)> {
        let (log_p, loss) = kernels::softmax::cross_entropy(&self.pool, x, target)?;
        Ok((self.wrap(Ok(log_p))?, self.wrap(Ok(loss))?))
    }

    fn cross_entropy_grad(&self, log_p: View, target: View, grad: View) -> Result<Storage> {
        self.wrap(kernels::softmax::cross_entropy_grad(&self.pool, log_p, target, grad))
    }

    fn unfold(&self, x: View, windows: &[Window], pad: Scalar) -> Result<Storage> {
        self.wrap(kernels::window::unfold(&self.pool, x, windows, pad))
    }

    fn fold(&self, x: View, windows: &[Window], sizes: &[usize]) -> Result<Storage> {
        self.wrap(kernels::window::fold(&self.pool, x, windows, sizes))
    }

    fn conv(
        &self,
        x: View,
        w: View,
        bias: Option<View>,
        windows: &[Window],
        groups: usize,
    ) -> Result<Storage> {
        match kernels::conv::conv(&self.pool, x, w, bias, windows, groups)? {
            Some(block) => self.wrap(Ok(block)),
            None => compose::conv(x, w, bias, windows, groups),
        }
    }

    fn conv_input(
        &self,
        y: View,
        w: View,
        windows: &[Window],
        groups: usize,
        sizes: &[usize],
    ) -> Result<Storage> {
        match kernels::conv::conv_input(&self.pool, y, w, windows, groups, sizes)? {
            Some(block) => self.wrap(Ok(block)),
            None => compose::conv_input(y, w, windows, groups, sizes),
        }
    }

    fn conv_weight(&self, x: View, y: View, windows: &[Window], groups: usize) -> Result<Storage> {
        match kernels::conv::conv_weight(&self.pool, x, y, windows, groups)? {
            Some(block) => self.wrap(Ok(block)),
            None => compose::conv_weight(x, y, windows, groups),
        }
    }

    fn max_pool(&self, x: View, windows: &[Window]) -> Result<(Storage, Storage)> {
        let (values, index) = kernels::window::max_pool(&self.pool, x, windows)?;
        Ok((self.wrap(Ok(values))?, self.wrap(Ok(index))?))
    }

    fn max_pool_grad(
        &self,
        index: View,
        grad: View,
        _windows: &[Window],
        sizes: &[usize],
    ) -> Result<Storage> {
        self.wrap(kernels::window::max_pool_grad(&self.pool, index, grad, sizes))
    }

    fn lstm_step(&self, input: View, hidden: View, c: View) -> Result<Storage> {
        self.wrap(kernels::recurrent::lstm_step(&self.pool, input, hidden, c))
    }

    fn lstm_step_grad(&self, input: View, hidden: View, c: View, grad: View) -> Result<(Storage, Storage)> {
        let (gates, to_c) = kernels::recurrent::lstm_step_grad(&self.pool, [input, hidden, c], grad)?;
        Ok((self.wrap(Ok(gates))?, self.wrap(Ok(to_c))?))
    }

    fn optim_step(&self, step: OptimStep, slots: &[OptimSlot]) -> Result<()> {
        self.dispatches.fetch_add(slots.len() as u64, Ordering::Relaxed);
        kernels::optim::optim_step(step, slots);
        Ok(())
    }

    fn sort(&self, x: View, descending: bool) -> Result<(Storage, Storage)> {
        let (values, from) = kernels::sort::sort(&self.pool, x, descending)?;
        Ok((self.wrap(Ok(values))?, self.wrap(Ok(from))?))
    }

    fn topk(&self, x: View, k: usize, largest: bool) -> Result<(Storage, Storage)> {
        let (values, from) = kernels::topk::topk(&self.pool, x, k, largest)?;
        Ok((self.wrap(Ok(values))?, self.wrap(Ok(from))?))
    }

    fn normalize(&self, x: View, mean: f32, std: f32) -> Result<Storage> {
        match kernels::pixels::normalize(&self.pool, x, mean, std) {
            Some(block) => self.wrap(block),
            None => compose::normalize(x, mean, std),
        }
    }

    fn fetch_pixels(&self, x: View, index: View, mean: f32, std: f32) -> Result<Storage> {
        match kernels::pixels::fetch(&self.pool, x, index, mean, std) {
            Some(block) => self.wrap(block),
            None => compose::fetch_pixels(x, index, mean, std),
        }
    }
}
