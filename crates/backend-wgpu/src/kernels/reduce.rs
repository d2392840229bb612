//! Many elements to one: reductions, arg-reductions, running reductions.

use super::copy::pack;
use super::{Held, code, flag, fresh, hold_words, over};
use crate::device::Shared;
use crate::pipelines::{Bind, Kernel};
use crate::pool::Block;
use crate::recorder::Launch;
use crate::strided::{Strided, linear};
use std::sync::Arc;
use tensor_core::{ArgOp, Axes, DType, Layout, ReduceOp, Result, ScanOp, View};

const SERIAL: Kernel = Kernel { text: firebrand_shaders::REDUCE, entry: "serial" };
const GROUPED: Kernel = Kernel { text: firebrand_shaders::REDUCE, entry: "grouped" };
const ARG_SERIAL: Kernel = Kernel { text: firebrand_shaders::REDUCE, entry: "arg_serial" };
const ARG_GROUPED: Kernel = Kernel { text: firebrand_shaders::REDUCE, entry: "arg_grouped" };
const RUNNING: Kernel = Kernel { text: firebrand_shaders::REDUCE, entry: "running" };

/// Elements that one invocation may reduce alone: longer lines go to workgroups, also for accuracy.
const ALONE: usize = 128;
/// Elements that one workgroup reduces before a line is cut into pieces for several.
const PIECE: usize = 16_384;
/// Pieces at most: a second pass by one workgroup joins them.
const PIECES: usize = 1024;

fn op_code(op: ReduceOp) -> f64 {
    match op {
        ReduceOp::Sum => 0.0,
        ReduceOp::Prod => 1.0,
        ReduceOp::Max => 2.0,
        ReduceOp::Min => 3.0,
    }
}

/// Bytes are unpacked to integers and compare as such; the result is packed again.
fn type_code(dtype: DType) -> f64 {
    code(if dtype == DType::U8 { DType::I32 } else { dtype })
}

/// Reduces the dimensions `axes`.
pub fn reduce(shared: &Arc<Shared>, op: ReduceOp, x: View, axes: Axes) -> Result<Arc<Block>> {
    let held = hold_words(shared, x)?;
    let layout = held.layout.axes_last(axes);
    let kept = layout.rank() - axes.iter().count();
    let out = lines(shared, (op_code(op), type_code(x.dtype())), &held.block, &layout, kept)?;
    if x.dtype() == DType::U8 { pack(shared, &out, layout.shape()[..kept].iter().product()) } else { Ok(out) }
}

fn lines(
    shared: &Arc<Shared>,
    (op, ty): (f64, f64),
    block: &Arc<Block>,
    layout: &Layout,
    kept: usize,
) -> Result<Arc<Block>> {
    let mut params = Strided::lines(&[layout], kept);
    let constants = [("OP", op), ("TYPE", ty), ("FLAT", flag(params.flat_lines()))];
    let (n, len) = (params.n, params.len);
    if len <= ALONE {
        let out = fresh(shared, n)?;
        let binds = [Bind::Read(1, block), Bind::Write(2, &out)];
        over(shared, SERIAL, &constants, &binds, &params.words(), (n, 64))?;
        return Ok(out);
    }
    let pieces = len.div_ceil(PIECE).min(PIECES);
    let out = fresh(shared, n * pieces)?;
    params.s[1] = pieces as u32;
    params.s[2] = len.div_ceil(pieces) as u32;
    let binds = [Bind::Read(1, block), Bind::Write(2, &out)];
    over(shared, GROUPED, &constants, &binds, &params.words(), (n * pieces, 1))?;
    if pieces == 1 {
        return Ok(out);
    }
    lines(shared, (op, ty), &out, &Layout::contiguous([n, pieces]), 1)
}

/// The lines along an axis: kept dimensions first. A number is a line of one.
fn along(layout: &Layout, axis: usize) -> Layout {
    if layout.rank() == 0 { layout.unsqueeze(0) } else { layout.axes_last(Axes::one(axis)) }
}

/// Index along `axis` of the first extreme element.
pub fn arg_reduce(shared: &Arc<Shared>, op: ArgOp, x: View, axis: usize) -> Result<Arc<Block>> {
    let held = hold_words(shared, x)?;
    let layout = along(&held.layout, axis);
    let params = Strided::lines(&[&layout], layout.rank() - 1);
    let op = op_code(if op == ArgOp::Max { ReduceOp::Max } else { ReduceOp::Min });
    let constants = [("OP", op), ("TYPE", type_code(x.dtype())), ("FLAT", flag(params.flat_lines()))];
    let out = fresh(shared, params.n)?;
    let binds = [Bind::Read(1, &held.block), Bind::Write(2, &out)];
    let (kernel, each) = if params.len <= ALONE { (ARG_SERIAL, 64) } else { (ARG_GROUPED, 1) };
    let groups = linear(params.n, each);
    shared.launch(&Launch {
        kernel,
        constants: &constants,
        binds: &binds,
        params: &params.words(),
        groups,
    })?;
    Ok(out)
}

/// The running reduction along `axis`.
pub fn scan(shared: &Arc<Shared>, op: ScanOp, x: View, axis: usize) -> Result<Arc<Block>> {
    let Held { block, layout } = hold_words(shared, x)?;
    let (from, to) = (along(&layout, axis), along(&Layout::contiguous(*layout.shape()), axis));
    // Operands beside x only fill the places between it and the result.
    let mut params = Strided::lines(&[&from, &from, &from, &to], from.rank() - 1);
    params.s[2] = to.strides()[to.rank() - 1] as u32;
    let out = fresh(shared, x.numel())?;
    let constants = [("OP", if op == ScanOp::Sum { 0.0 } else { 1.0 }), ("TYPE", type_code(x.dtype()))];
    let binds = [Bind::Read(1, &block), Bind::Write(2, &out)];
    over(shared, RUNNING, &constants, &binds, &params.words(), (params.n, 64))?;
    Ok(out)
}
