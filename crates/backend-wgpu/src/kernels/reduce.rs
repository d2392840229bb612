//! Many elements to one: reductions, arg-reductions, running reductions.

use super::copy::pack;
use super::{Held, code, flag, fresh, hold_words, over};
use crate::device::Shared;
use crate::pipelines::{Bind, Kernel};
use crate::pool::Block;
use crate::strided::{MOST_TURNS, Strided};
use std::sync::Arc;
use tensor_core::{ArgOp, Axes, DType, Layout, ReduceOp, Result, ScanOp, View};

const SERIAL: Kernel = Kernel { text: firebrand_shaders::REDUCE, entry: "serial" };
const GROUPED: Kernel = Kernel { text: firebrand_shaders::REDUCE, entry: "grouped" };
const ARG_SERIAL: Kernel = Kernel { text: firebrand_shaders::REDUCE, entry: "arg_serial" };
const ARG_GROUPED: Kernel = Kernel { text: firebrand_shaders::REDUCE, entry: "arg_grouped" };
const ARG_JOIN: Kernel = Kernel { text: firebrand_shaders::REDUCE, entry: "arg_join" };
const RUNNING_GROUPED: Kernel = Kernel { text: firebrand_shaders::REDUCE, entry: "running_grouped" };
const RUNNING: Kernel = Kernel { text: firebrand_shaders::REDUCE, entry: "running" };

/// Elements that one invocation may reduce alone: longer lines go to workgroups, also for accuracy.
const ALONE: usize = 128;
/// Elements that one workgroup reduces before a line is cut into pieces for several.
const PIECE: usize = MOST_TURNS;
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
    let pieces = cut(&mut params, PIECES);
    let out = fresh(shared, n * pieces)?;
    let binds = [Bind::Read(1, block), Bind::Write(2, &out)];
    over(shared, GROUPED, &constants, &binds, &params.words(), (n * pieces, 1))?;
    if pieces == 1 {
        return Ok(out);
    }
    lines(shared, (op, ty), &out, &Layout::contiguous([n, pieces]), 1)
}

/// Cuts lines into pieces, at most as many as given; says how many.
fn cut(params: &mut Strided, most: usize) -> usize {
    let size = params.len.div_ceil(params.len.div_ceil(PIECE).min(most));
    let pieces = params.len.div_ceil(size);
    params.s[1] = pieces as u32;
    params.s[2] = size as u32;
    pieces
}

/// The lines along an axis: kept dimensions first. A number is a line of one.
fn along(layout: &Layout, axis: usize) -> Layout {
    if layout.rank() == 0 { layout.unsqueeze(0) } else { layout.axes_last(Axes::one(axis)) }
}

/// Index along `axis` of the first extreme element.
pub fn arg_reduce(shared: &Arc<Shared>, op: ArgOp, x: View, axis: usize) -> Result<Arc<Block>> {
    let held = hold_words(shared, x)?;
    let layout = along(&held.layout, axis);
    let mut params = Strided::lines(&[&layout], layout.rank() - 1);
    let op = op_code(if op == ArgOp::Max { ReduceOp::Max } else { ReduceOp::Min });
    let constants = [("OP", op), ("TYPE", type_code(x.dtype())), ("FLAT", flag(params.flat_lines()))];
    let out = fresh(shared, params.n)?;
    let pass = |kernel, params: &Strided, to: &Arc<Block>, places: &Arc<Block>, work| {
        let binds = [Bind::Read(1, &held.block), Bind::Write(2, to), Bind::Read(3, places)];
        over(shared, kernel, &constants, &binds, &params.words(), work)
    };
    let none = shared.unused(0)?;
    if params.len <= ALONE {
        pass(ARG_SERIAL, &params, &out, &none, (params.n, 64))?;
        return Ok(out);
    }
    let pieces = cut(&mut params, PIECES);
    let places = if pieces == 1 { out.clone() } else { fresh(shared, params.n * pieces)? };
    pass(ARG_GROUPED, &params, &places, &none, (params.n * pieces, 1))?;
    if pieces > 1 {
        pass(ARG_JOIN, &params, &out, &places, (params.n, 64))?;
    }
    Ok(out)
}

/// The running reduction along `axis`.
pub fn scan(shared: &Arc<Shared>, op: ScanOp, x: View, axis: usize) -> Result<Arc<Block>> {
    let Held { block, layout } = hold_words(shared, x)?;
    let (from, to) = (along(&layout, axis), along(&Layout::contiguous(*layout.shape()), axis));
    let op = if op == ScanOp::Sum { 0.0 } else { 1.0 };
    running(shared, (op, type_code(x.dtype())), &block, [&from, &to])
}

/// The running reductions of lines, the last dimension of `from`, written where `to` says.
fn running(
    shared: &Arc<Shared>,
    (op, ty): (f64, f64),
    block: &Arc<Block>,
    [from, to]: [&Layout; 2],
) -> Result<Arc<Block>> {
    // Operands beside the input only fill the places between it and the result.
    let mut params = Strided::lines(&[from, from, from, to], from.rank() - 1);
    params.s[3] = to.strides()[to.rank() - 1] as u32;
    let out = fresh(shared, from.numel())?;
    let constants = [("OP", op), ("TYPE", ty), ("FLAT", flag(params.flat_lines()))];
    let pass = |kernel, params: &Strided, to: &Arc<Block>, carries: &Arc<Block>, work| {
        let binds = [Bind::Read(1, block), Bind::Write(2, to), Bind::Read(3, carries)];
        over(shared, kernel, &constants, &binds, &params.words(), work)
    };
    let none = shared.unused(0)?;
    if params.len <= ALONE {
        pass(RUNNING, &params, &out, &none, (params.n, 64))?;
        return Ok(out);
    }
    let pieces = cut(&mut params, usize::MAX);
    let carries = if pieces == 1 {
        none
    } else {
        let totals = fresh(shared, params.n * pieces)?;
        let binds = [Bind::Read(1, block), Bind::Write(2, &totals)];
        over(shared, GROUPED, &constants, &binds, &params.words(), (params.n * pieces, 1))?;
        let lines = Layout::contiguous([params.n, pieces]);
        running(shared, (op, ty), &totals, [&lines, &lines])?
    };
    pass(RUNNING_GROUPED, &params, &out, &carries, (params.n * pieces, 1))?;
    Ok(out)
}
