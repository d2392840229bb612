//! Firebrand's GPU backend: the same tensors on any GPU that wgpu reaches (Vulkan, Metal, DX12).
//!
//! What costs on a GPU is the number of things asked of it, so kernels are few and fat: operations append to
//! one recording, a training step of the notebook's network is one submit of at most 16 dispatches, and
//! after the first steps nothing is created any more ([`tensor_core::Backend::stats`] tells).
//!
//! It holds `F32`, `I32`, `Bool` (a word each) and `U8` (four to a word). Through the host, and counted in
//! `host_fallbacks`: sorting. Linear algebra runs on the host on every device; products of booleans and bytes
//! are refused, as is every `F64` and `I64`, which GPUs do not have.

mod adapter;
mod device;
mod inspect;
mod kernels;
mod pipelines;
mod pool;
mod readback;
mod recorder;
mod strided;

pub use adapter::{Adapter, OpenError, adapters, choose};
pub use kernels::matmul::Plan;

use device::Shared;
use pool::{Block, GpuStorage, lock};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use tensor_core::{
    Activation, ArgOp, Axes, Backend, BinaryOp, CompareOp, DType, Device, Download, Error, HostData, Operand,
    OptimSlot, OptimStep, ReduceOp, Result, Scalar, ScanOp, Stats, Storage, UnaryOp, View, Window, compose,
};

/// How a device is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Bytes its tensors may take; `None` for as many as the driver gives.
    pub memory_limit: Option<u64>,
    /// Run the kernels meant for hardware on a software adapter too, for tests: slower there, but the same.
    pub as_hardware: bool,
}

/// A GPU as a device.
#[derive(Debug)]
pub struct Gpu {
    shared: Arc<Shared>,
}

/// The device that `spec` names (see [`choose`]), one for the whole program: asking again gives the same.
///
/// # Errors
/// When there is no such adapter, or it cannot run the kernels.
///
/// ```no_run
/// let gpu = backend_wgpu::open("wgpu")?;
/// println!("{gpu}");
/// # Ok::<(), backend_wgpu::OpenError>(())
/// ```
pub fn open(spec: &str) -> Result<Device, OpenError> {
    static OPENED: Mutex<Vec<(usize, Device)>> = Mutex::new(Vec::new());
    let adapter = choose(spec)?;
    let mut opened = lock(&OPENED);
    let healthy =
        |device: &Device| device.downcast_ref::<Gpu>().is_some_and(|gpu| gpu.shared.check().is_ok());
    if let Some((_, device)) =
        opened.iter().find(|(index, device)| *index == adapter.index && healthy(device))
    {
        return Ok(device.clone());
    }
    let device = open_with(&adapter, &Options::default())?;
    opened.retain(|(index, _)| *index != adapter.index);
    opened.push((adapter.index, device.clone()));
    Ok(device)
}

/// A device of its own on an adapter: tensors of two devices do not mix, even of one adapter.
///
/// # Errors
/// When the adapter's limits are too small for the kernels, or its driver refuses.
pub fn open_with(adapter: &Adapter, options: &Options) -> Result<Device, OpenError> {
    Ok(Device::new(Gpu { shared: Shared::open(adapter, options)? }))
}

impl Gpu {
    /// Loses the device, as a driver's reset would: everything after fails with an error. For tests.
    pub fn destroy(&self) {
        self.shared.device.destroy();
    }

    /// Counts an operation that goes through the host.
    fn through_host<T>(&self, f: impl FnOnce() -> Result<T>) -> Result<T> {
        self.shared.fallbacks.fetch_add(1, Ordering::Relaxed);
        f()
    }
}

fn wrap(block: Result<Arc<Block>>) -> Result<Storage> {
    Ok(Box::new(GpuStorage::new(block?)))
}

impl Backend for Gpu {
    fn name(&self) -> String {
        self.shared.name.clone()
    }

    fn supports(&self, dtype: DType) -> bool {
        matches!(dtype, DType::F32 | DType::I32 | DType::Bool | DType::U8)
    }

    fn upload(&self, data: &HostData) -> Result<Storage> {
        wrap(kernels::copy::upload(&self.shared, data))
    }

    fn download(&self, x: View) -> Result<HostData> {
        if x.numel() == 0 {
            return Ok(HostData::full(0, x.dtype(), 0.into()));
        }
        let (block, offset, bytes) = kernels::copy::run_of_words(&self.shared, x)?;
        let words = self.shared.read(&block, offset, bytes)?.wait()?;
        Ok(kernels::copy::elements(&words, x.dtype(), x.numel()))
    }

    fn download_async<'a>(&'a self, x: View<'a>) -> Download<'a> {
        // The copy is recorded and submitted now; only its arrival is awaited.
        let started = if x.numel() == 0 {
            Ok(None)
        } else {
            kernels::copy::run_of_words(&self.shared, x)
                .and_then(|(block, offset, bytes)| self.shared.read(&block, offset, bytes).map(Some))
        };
        let (dtype, len) = (x.dtype(), x.numel());
        Box::pin(async move {
            match started? {
                Some(pending) => Ok(kernels::copy::elements(&pending.arrive().await?, dtype, len)),
                None => Ok(HostData::full(0, dtype, 0.into())),
            }
        })
    }

    fn full(&self, len: usize, dtype: DType, value: Scalar) -> Result<Storage> {
        wrap(kernels::copy::full(&self.shared, len, dtype, value))
    }

    fn copy(&self, src: View, dst: View) -> Result<()> {
        kernels::copy::copy(&self.shared, src, dst)
    }

    fn fill(&self, dst: View, value: Scalar) -> Result<()> {
        kernels::copy::fill(&self.shared, dst, value)
    }

    fn cast(&self, x: View, dtype: DType) -> Result<Storage> {
        wrap(kernels::copy::cast(&self.shared, x, dtype))
    }

    fn unary(&self, op: UnaryOp, x: View) -> Result<Storage> {
        wrap(kernels::pointwise::unary(&self.shared, op, x))
    }

    fn binary(&self, op: BinaryOp, a: Operand, b: Operand) -> Result<Storage> {
        wrap(kernels::pointwise::binary(&self.shared, op, a, b))
    }

    fn compare(&self, op: CompareOp, a: Operand, b: Operand) -> Result<Storage> {
        wrap(kernels::pointwise::compare(&self.shared, op, a, b))
    }

    fn select(&self, condition: View, a: Operand, b: Operand, dtype: DType) -> Result<Storage> {
        wrap(kernels::pointwise::select(&self.shared, condition, a, b, dtype))
    }

    fn reduce(&self, op: ReduceOp, x: View, axes: Axes) -> Result<Storage> {
        wrap(kernels::reduce::reduce(&self.shared, op, x, axes))
    }

    fn arg_reduce(&self, op: ArgOp, x: View, axis: usize) -> Result<Storage> {
        wrap(kernels::reduce::arg_reduce(&self.shared, op, x, axis))
    }

    fn scan(&self, op: ScanOp, x: View, axis: usize) -> Result<Storage> {
        wrap(kernels::reduce::scan(&self.shared, op, x, axis))
    }

    fn matmul(&self, a: View, b: View) -> Result<Storage> {
        if matches!(a.dtype(), DType::F32 | DType::I32) {
            return wrap(kernels::matmul::matmul(&self.shared, a, b));
        }
        Err(Error::UnsupportedDType { device: self.name(), dtype: a.dtype() })
    }

    fn index_select(&self, x: View, axis: usize, index: View) -> Result<Storage> {
        wrap(kernels::index::index_select(&self.shared, x, axis, index))
    }

    fn gather(&self, x: View, axis: usize, index: View) -> Result<Storage> {
        wrap(kernels::index::gather(&self.shared, x, axis, index))
    }

    fn scatter_add(&self, x: View, axis: usize, index: View, src: View) -> Result<Storage> {
        wrap(kernels::index::scatter_add(&self.shared, x, axis, index, src))
    }

    fn sync(&self) -> Result<()> {
        let index = self.shared.submit(|_| ())?;
        self.shared.wait(&index)
    }

    fn checks_indices(&self) -> bool {
        false
    }

    fn stats(&self) -> Stats {
        let recorder = lock(&self.shared.recorder);
        let pool = lock(&self.shared.pool);
        Stats {
            live: pool.live as usize,
            peak: pool.peak as usize,
            pooled: pool.spare_bytes as usize,
            allocations: pool.allocations,
            dispatches: recorder.dispatches,
            submits: recorder.submits,
            readbacks: self.shared.readbacks.load(Ordering::Relaxed),
            host_fallbacks: self.shared.fallbacks.load(Ordering::Relaxed),
            creations: recorder.pipelines.creations,
        }
    }

    fn trim(&self) {
        lock(&self.shared.pool).trim();
        lock(&self.shared.staging).clear();
    }

    fn sort(&self, x: View, descending: bool) -> Result<(Storage, Storage)> {
        self.through_host(|| compose::sort(x, descending))
    }

    fn matmul_add(&self, a: View, b: View, c: View) -> Result<Storage> {
        if a.dtype() != DType::F32 {
            return compose::matmul_add(a, b, c);
        }
        wrap(kernels::matmul::matmul_add(&self.shared, a, b, c))
    }

    fn linear(&self, x: View, w: View, b: Option<View>, act: Option<Activation>) -> Result<Storage> {
        if kernels::matmul::fuses(act) {
            return wrap(kernels::matmul::linear(&self.shared, x, w, b, act));
        }
        compose::linear(x, w, b, act)
    }

    fn linear_backward(
        &self,
        x: View,
        w: View,
        y: Option<(View, Activation)>,
        grad: View,
        wants: [bool; 3],
    ) -> Result<[Option<Storage>; 3]> {
        let [rows, inputs] = [0, 1].map(|axis| x.layout.shape()[axis]);
        let sums = kernels::matmul::sums_on_the_way(rows, inputs);
        if !sums || !kernels::matmul::fuses(y.map(|(_, act)| act)) {
            return compose::linear_backward(x, w, y, grad, wants);
        }
        let [dx, dw, db] = kernels::matmul::linear_backward(&self.shared, x, w, y, grad, wants)?;
        let wrap = |block: Option<Arc<Block>>| block.map(|b| wrap(Ok(b))).transpose();
        Ok([wrap(dx)?, wrap(dw)?, wrap(db)?])
    }

    fn unary_grad(&self, op: UnaryOp, x: View, y: View, grad: View) -> Result<Storage> {
        wrap(kernels::pointwise::unary_grad(&self.shared, op, x, y, grad))
    }

    fn softmax(&self, x: View, axis: usize, log: bool) -> Result<Storage> {
        if x.layout.shape()[axis] > kernels::fused::WIDEST {
            return compose::softmax(x, axis, log);
        }
        wrap(kernels::fused::softmax(&self.shared, x, axis, log))
    }

    fn softmax_grad(&self, y: View, grad: View, axis: usize, log: bool) -> Result<Storage> {
        if y.layout.shape()[axis] > kernels::fused::WIDEST {
            return compose::softmax_grad(y, grad, axis, log);
        }
        wrap(kernels::fused::softmax_grad(&self.shared, y, grad, axis, log))
    }

    fn cross_entropy(&self, x: View, target: View) -> Result<(Storage, Storage)> {
        let widest = x.layout.shape().iter().any(|&size| size > kernels::fused::WIDEST);
        if x.numel() == 0 || widest {
            return compose::cross_entropy(x, target);
        }
        let (log_p, loss) = kernels::fused::cross_entropy(&self.shared, x, target)?;
        Ok((wrap(Ok(log_p))?, wrap(Ok(loss))?))
    }

    fn cross_entropy_grad(&self, log_p: View, target: View, grad: View) -> Result<Storage> {
        wrap(kernels::fused::cross_entropy_grad(&self.shared, log_p, target, grad))
    }

    fn unfold(&self, x: View, windows: &[Window], pad: Scalar) -> Result<Storage> {
        let sizes = &x.layout.shape()[x.layout.rank() - windows.len()..];
        if x.dtype() == DType::U8 || !kernels::window::takes(windows, sizes) {
            return compose::unfold(x, windows, pad);
        }
        wrap(kernels::window::unfold(&self.shared, x, windows, pad))
    }

    fn fold(&self, x: View, windows: &[Window], sizes: &[usize]) -> Result<Storage> {
        let adds = matches!(x.dtype(), DType::F32 | DType::I32);
        if !adds || !kernels::window::takes(windows, sizes) {
            return compose::fold(x, windows, sizes);
        }
        wrap(kernels::window::fold(&self.shared, x, windows, sizes))
    }

    fn max_pool(&self, x: View, windows: &[Window]) -> Result<(Storage, Storage)> {
        if !kernels::window::takes(windows, &x.layout.shape()[x.layout.rank() - windows.len()..]) {
            return compose::max_pool(x, windows);
        }
        let [values, index] = kernels::window::max_pool(&self.shared, x, windows)?;
        Ok((wrap(Ok(values))?, wrap(Ok(index))?))
    }

    fn max_pool_grad(&self, index: View, grad: View, windows: &[Window], sizes: &[usize]) -> Result<Storage> {
        if !kernels::window::takes(windows, sizes) {
            return compose::max_pool_grad(index, grad, windows, sizes);
        }
        wrap(kernels::window::max_pool_grad(&self.shared, index, grad, windows, sizes))
    }

    fn optim_step(&self, step: OptimStep, slots: &[OptimSlot]) -> Result<()> {
        kernels::optim::optim_step(&self.shared, step, slots)
    }

    fn normalize(&self, x: View, mean: f32, std: f32) -> Result<Storage> {
        match kernels::fused::fetch_pixels(&self.shared, x, None, (mean, std))? {
            Some(block) => wrap(Ok(block)),
            None => compose::normalize(x, mean, std),
        }
    }

    fn fetch_pixels(&self, x: View, index: View, mean: f32, std: f32) -> Result<Storage> {
        match kernels::fused::fetch_pixels(&self.shared, x, Some(index), (mean, std))? {
            Some(block) => wrap(Ok(block)),
            None => compose::fetch_pixels(x, index, mean, std),
        }
    }

    fn fetch_batch(
        &self,
        x: View,
        labels: View,
        index: View,
        (mean, std): (f32, f32),
    ) -> Result<(Storage, Storage)> {
        match kernels::fused::fetch_batch(&self.shared, x, labels, index, (mean, std))? {
            Some((pixels, labels)) => Ok((wrap(Ok(pixels))?, wrap(Ok(labels))?)),
            None => compose::fetch_batch(x, labels, index, (mean, std)),
        }
    }
}
