//! What networks do in one breath: softmax, cross-entropy, pixels.

use super::{flag, fresh, hold, hold_packed, over};
use crate::device::Shared;
use crate::pipelines::{Bind, Kernel};
use crate::pool::Block;
use crate::recorder::Launch;
use crate::strided::{MOST_TURNS, linear};
use std::sync::Arc;
use tensor_core::{DType, Result, View};

const SOFTMAX: Kernel = Kernel { text: firebrand_shaders::SOFTMAX, entry: "softmax" };
const SOFTMAX_GRADIENT: Kernel = Kernel { text: firebrand_shaders::SOFTMAX, entry: "softmax_gradient" };
const CROSS_ENTROPY: Kernel = Kernel { text: firebrand_shaders::SOFTMAX, entry: "cross_entropy" };
const CROSS_ENTROPY_GRADIENT: Kernel =
    Kernel { text: firebrand_shaders::SOFTMAX, entry: "cross_entropy_gradient" };
const FETCH: Kernel = Kernel { text: firebrand_shaders::PIXELS, entry: "fetch" };

/// Workgroup size of the softmax kernels.
const WIDTH: usize = 64;
/// The widest row, and the most rows of a loss, that one workgroup walks: beyond, the composed default serves.
pub const WIDEST: usize = WIDTH * MOST_TURNS;
/// The widest row that one invocation takes the log-softmax of.
const NARROW: usize = 1024;
/// Scores up to which one workgroup takes the log-softmax and the loss together.
const TOGETHER: usize = 1 << 15;

/// Rows, their length and the distance of their elements, for an axis of a packed tensor; and how many
/// invocations share a row.
fn rows(view: View, axis: usize) -> ([usize; 3], usize) {
    let shape = view.layout.shape();
    let (width, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let rows = view.numel() / width.max(1);
    ([rows, width, inner], if width <= 64 { 1 } else { WIDTH })
}

fn header([rows, width, inner]: [usize; 3], offsets: [usize; 4]) -> [u32; 8] {
    let [a, b, c, d] = offsets.map(|v| v as u32);
    [rows as u32, width as u32, inner as u32, (rows * width) as u32, a, b, c, d]
}

/// Softmax or its logarithm along `axis`.
pub fn softmax(shared: &Arc<Shared>, x: View, axis: usize, log: bool) -> Result<Arc<Block>> {
    let held = hold_packed(shared, x)?;
    let (sizes, lanes) = rows(x, axis);
    let out = fresh(shared, x.numel())?;
    let constants = [("LANES", lanes as f64), ("LOG", flag(log))];
    let binds = [Bind::Read(1, &held.block), Bind::Write(4, &out)];
    let params = header(sizes, [held.layout.offset(), 0, 0, 0]);
    over(shared, SOFTMAX, &constants, &binds, &params, (sizes[0] * lanes, WIDTH))?;
    Ok(out)
}

/// Its gradient from its result.
pub fn softmax_grad(shared: &Arc<Shared>, y: View, grad: View, axis: usize, log: bool) -> Result<Arc<Block>> {
    let (held, g) = (hold_packed(shared, y)?, hold_packed(shared, grad)?);
    let (sizes, lanes) = rows(y, axis);
    let out = fresh(shared, y.numel())?;
    let constants = [("LANES", lanes as f64), ("LOG", flag(log))];
    let binds = [Bind::Read(1, &held.block), Bind::Read(2, &g.block), Bind::Write(4, &out)];
    let params = header(sizes, [held.layout.offset(), g.layout.offset(), 0, 0]);
    over(shared, SOFTMAX_GRADIENT, &constants, &binds, &params, (sizes[0] * lanes, WIDTH))?;
    Ok(out)
}

/// Log-probabilities and the mean negative one of the targets. An empty batch has no mean: the caller's.
pub fn cross_entropy(shared: &Arc<Shared>, x: View, target: View) -> Result<(Arc<Block>, Arc<Block>)> {
    let held = hold_packed(shared, x)?;
    let target = hold(target);
    let together = x.numel() <= TOGETHER && x.layout.shape()[1] <= NARROW;
    let log_p = if together { fresh(shared, x.numel())? } else { softmax(shared, x, 1, true)? };
    let loss = fresh(shared, 1)?;
    let sizes = [x.layout.shape()[0], x.layout.shape()[1], 1];
    let step = target.layout.strides()[0] as usize;
    let params = header(sizes, [held.layout.offset(), 0, target.layout.offset(), step]);
    let binds = [
        Bind::Read(1, &held.block),
        Bind::Read(3, &target.block),
        Bind::Write(4, &log_p),
        Bind::Write(5, &loss),
    ];
    let constants = [("FUSED", flag(together))];
    let groups = [1, 1, 1];
    shared.launch(&Launch {
        kernel: CROSS_ENTROPY,
        constants: &constants,
        binds: &binds,
        params: &params,
        groups,
    })?;
    Ok((log_p, loss))
}

/// Its gradient.
pub fn cross_entropy_grad(shared: &Arc<Shared>, log_p: View, target: View, grad: View) -> Result<Arc<Block>> {
    let (held, g, target) = (hold_packed(shared, log_p)?, hold(grad), hold(target));
    let out = fresh(shared, log_p.numel())?;
    let sizes = [log_p.layout.shape()[0], log_p.layout.shape()[1], 1];
    let step = target.layout.strides()[0] as usize;
    let offsets = [held.layout.offset(), g.layout.offset(), target.layout.offset(), step];
    let binds = [
        Bind::Read(1, &held.block),
        Bind::Read(2, &g.block),
        Bind::Read(3, &target.block),
        Bind::Write(4, &out),
    ];
    let params = header(sizes, offsets);
    over(shared, CROSS_ENTROPY_GRADIENT, &[], &binds, &params, (log_p.numel(), WIDTH))?;
    Ok(out)
}

/// `(x/255 − mean)/std` of the bytes of `x`, all of them or its rows at `index`; `None` unless they are
/// bytes row-major.
pub fn fetch_pixels(
    shared: &Arc<Shared>,
    x: View,
    index: Option<View>,
    (mean, std): (f32, f32),
) -> Result<Option<Arc<Block>>> {
    Ok(fetch(shared, x, index, None, (mean, std))?.map(|(pixels, _)| pixels))
}

/// As [`fetch_pixels`], with the labels at `index`.
pub fn fetch_batch(
    shared: &Arc<Shared>,
    x: View,
    labels: View,
    index: View,
    (mean, std): (f32, f32),
) -> Result<Option<(Arc<Block>, Arc<Block>)>> {
    // The label comes with the row's first pixel: there has to be one.
    if labels.dtype() == DType::U8 || x.numel() == 0 {
        return Ok(None);
    }
    fetch(shared, x, Some(index), Some(labels), (mean, std))
}

fn fetch(
    shared: &Arc<Shared>,
    x: View,
    index: Option<View>,
    labels: Option<View>,
    (mean, std): (f32, f32),
) -> Result<Option<(Arc<Block>, Arc<Block>)>> {
    if x.dtype() != DType::U8 || !x.layout.is_contiguous() || x.layout.rank() == 0 {
        return Ok(None);
    }
    let held = hold(x);
    let rows = x.layout.shape()[0];
    let width = x.numel() / rows.max(1);
    let chosen = index.map_or(rows, |view| view.numel());
    let out = fresh(shared, chosen * width)?;
    let (index, labels) = (index.map(hold), labels.map(hold));
    let unused = shared.unused(0)?;
    let labels_out = if labels.is_some() { fresh(shared, chosen)? } else { shared.unused(1)? };
    let from = labels.as_ref().map_or((0, 0), |l| (l.layout.offset(), l.layout.strides()[0]));
    let (offset, step) = index.as_ref().map_or((0, 0), |i| (i.layout.offset(), i.layout.strides()[0]));
    let params = [
        (chosen * width) as u32,
        width as u32,
        rows as u32,
        u32::from(index.is_some()),
        held.layout.offset() as u32,
        offset as u32,
        step as u32,
        from.0 as u32,
        mean.to_bits(),
        std.to_bits(),
        from.1 as u32,
    ];
    let aligned = width.is_multiple_of(4) && held.layout.offset().is_multiple_of(4);
    let binds = [
        Bind::Read(1, &held.block),
        Bind::Read(2, index.as_ref().map_or(&unused, |i| &i.block)),
        Bind::Write(3, &out),
        Bind::Read(4, labels.as_ref().map_or(&unused, |l| &l.block)),
        Bind::Write(5, &labels_out),
    ];
    let groups = linear(chosen * width, 512);
    let constants = [("ALIGNED", flag(aligned)), ("LABELS", flag(labels.is_some()))];
    shared.launch(&Launch {
        kernel: FETCH,
        constants: &constants,
        binds: &binds,
        params: &params,
        groups,
    })?;
    Ok(Some((out, labels_out)))
}
