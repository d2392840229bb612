//! The launches, by theme: each takes checked views and returns a fresh block.

pub mod copy;
pub mod fused;
pub mod index;
pub mod matmul;
pub mod optim;
pub mod pointwise;
pub mod reduce;
pub mod window;

use crate::device::Shared;
use crate::pipelines::{Bind, Kernel};
use crate::pool::{Block, GpuStorage};
use crate::recorder::Launch;
use crate::strided::linear;
use std::sync::Arc;
use tensor_core::{DType, Layout, Result, View};

/// A view's block, and how it is seen.
#[derive(Clone, Debug)]
pub struct Held {
    /// The memory.
    pub block: Arc<Block>,
    /// How it is seen.
    pub layout: Layout,
}

/// A view as it is stored.
pub fn hold(view: View) -> Held {
    Held { block: view.buffer.storage::<GpuStorage>().read(), layout: *view.layout }
}

/// A view of 32-bit elements: bytes are unpacked to integers first.
pub fn hold_words(shared: &Arc<Shared>, view: View) -> Result<Held> {
    if view.dtype() != DType::U8 {
        return Ok(hold(view));
    }
    let block = copy::convert(shared, &hold(view), DType::U8, DType::I32)?;
    Ok(Held { block, layout: Layout::contiguous(*view.layout.shape()) })
}

/// A view of 32-bit elements, row-major without gaps.
pub fn hold_packed(shared: &Arc<Shared>, view: View) -> Result<Held> {
    let held = hold_words(shared, view)?;
    if held.layout.is_contiguous() {
        return Ok(held);
    }
    let block = copy::convert(shared, &held, DType::I32, DType::I32)?;
    Ok(Held { block, layout: Layout::contiguous(*view.layout.shape()) })
}

/// A fresh block of `len` 32-bit elements.
pub fn fresh(shared: &Arc<Shared>, len: usize) -> Result<Arc<Block>> {
    Ok(Arc::new(shared.alloc(len as u64 * 4)?))
}

/// The shaders' code of an element type; bytes only where a kernel reads them packed.
pub fn code(dtype: DType) -> f64 {
    match dtype {
        DType::F32 => 0.0,
        DType::I32 => 1.0,
        DType::Bool => 2.0,
        DType::U8 => 3.0,
        other => unreachable!("{other} tensors never reach a GPU"),
    }
}

/// As the constant of an overridable boolean.
pub fn flag(value: bool) -> f64 {
    f64::from(u8::from(value))
}

/// Starts a kernel over `n` elements, `each` a workgroup.
pub fn over(
    shared: &Shared,
    kernel: Kernel,
    constants: &[(&'static str, f64)],
    binds: &[Bind],
    params: &[u32],
    (n, each): (usize, usize),
) -> Result<()> {
    shared.launch(&Launch { kernel, constants, binds, params, groups: linear(n, each) })
}
