//! Choosing and adding by index. Indices stay on the device: the kernels clamp them.

use super::copy::{convert, pack};
use super::{Held, code, flag, fresh, hold, hold_words, over};
use crate::device::Shared;
use crate::pipelines::{Bind, Kernel};
use crate::pool::Block;
use crate::strided::{MOST_TURNS, Strided};
use std::sync::Arc;
use tensor_core::{DType, Layout, Result, Shape, View};

const GATHER: Kernel = Kernel { text: firebrand_shaders::INDEX, entry: "gather" };
const SCATTER_ADD: Kernel = Kernel { text: firebrand_shaders::INDEX, entry: "scatter_add" };

/// `layout` under another shape, the stride of `axis` being `stride`.
fn restrided(layout: &Layout, shape: &Shape, axis: usize, stride: isize) -> Layout {
    let mut strides = layout.strides().to_vec();
    strides[axis] = stride;
    Layout::new(*shape, &strides, layout.offset())
}

/// `out[i…] = x[i… with index at axis]`, the index's place given by a layout of the result's shape.
fn choose(
    shared: &Arc<Shared>,
    x: &Held,
    axis: usize,
    index: &Arc<Block>,
    places: &Layout,
) -> Result<Arc<Block>> {
    let base = restrided(&x.layout, places.shape(), axis, 0);
    let mut params = Strided::new(&[&base, places]);
    params.s = [x.layout.strides()[axis] as u32, x.layout.shape()[axis] as u32, 0, 0];
    let out = fresh(shared, places.numel())?;
    let binds = [Bind::Read(1, &x.block), Bind::Read(2, index), Bind::Write(3, &out)];
    let constants = [("FLAT", flag(params.flat()))];
    over(shared, GATHER, &constants, &binds, &params.words(), (params.n, 256))?;
    Ok(out)
}

/// `x` with `axis` replaced by the elements at `index`.
pub fn index_select(shared: &Arc<Shared>, x: View, axis: usize, index: View) -> Result<Arc<Block>> {
    let chosen = hold(index);
    let places = |shape: &Shape| {
        let mut strides = vec![0; shape.rank()];
        strides[axis] = chosen.layout.strides()[0];
        Layout::new(shape.with(axis, index.numel()), &strides, chosen.layout.offset())
    };
    if x.dtype() != DType::U8 {
        return choose(shared, &hold(x), axis, &chosen.block, &places(x.layout.shape()));
    }
    // Rows of whole words are moved as such; the set itself is never unpacked for a batch of it.
    let (shape, last) = (*x.layout.shape(), x.layout.rank() - 1);
    let whole = x.layout.is_contiguous()
        && x.layout.offset().is_multiple_of(4)
        && shape[last].is_multiple_of(4)
        && axis < last;
    if whole {
        let words = Layout::contiguous(shape.with(last, shape[last] / 4));
        let layout = Layout::new(*words.shape(), words.strides(), x.layout.offset() / 4);
        let held = Held { block: hold(x).block, layout };
        return choose(shared, &held, axis, &chosen.block, &places(words.shape()));
    }
    let out = choose(shared, &hold_words(shared, x)?, axis, &chosen.block, &places(&shape))?;
    pack(shared, &out, shape.with(axis, index.numel()).numel())
}

/// `out[…, i, …] = x[…, index[…, i, …], …]`
pub fn gather(shared: &Arc<Shared>, x: View, axis: usize, index: View) -> Result<Arc<Block>> {
    let (held, chosen) = (hold_words(shared, x)?, hold(index));
    if x.layout.rank() == 0 {
        return super::copy::cast(shared, x, x.dtype());
    }
    let out = choose(shared, &held, axis, &chosen.block, &chosen.layout)?;
    if x.dtype() == DType::U8 { pack(shared, &out, index.numel()) } else { Ok(out) }
}

/// `out = x; out[…, index[…, i, …], …] += src[…, i, …]`, in row-major order of `src`.
pub fn scatter_add(shared: &Arc<Shared>, x: View, axis: usize, index: View, src: View) -> Result<Arc<Block>> {
    let (held, chosen, from) = (hold_words(shared, x)?, hold(index), hold_words(shared, src)?);
    let out = convert(shared, &held, DType::I32, DType::I32)?;
    let lift = |layout: &Layout| if layout.rank() == 0 { layout.unsqueeze(0) } else { *layout };
    let (to, at, from_layout) =
        (lift(&Layout::contiguous(*x.layout.shape())), lift(&chosen.layout), lift(&from.layout));
    // The walk covers the index's shape; the axis itself is walked by the kernel.
    let cover = |layout: &Layout| restrided(layout, &at.shape().with(axis, 1), axis, 0);
    let (lines, index_lines, to_lines) = (cover(&from_layout), cover(&at), cover(&to));
    let mut params = Strided::new(&[&lines, &index_lines, &lines, &to_lines]);
    params.s = [
        to.strides()[axis] as u32,
        at.strides()[axis] as u32,
        from_layout.strides()[axis] as u32,
        to.shape()[axis] as u32,
    ];
    let binds = [Bind::Read(1, &from.block), Bind::Read(2, &chosen.block), Bind::Write(3, &out)];
    let ty = if x.dtype() == DType::U8 { DType::Bool } else { x.dtype() };
    let constants = [("TYPE", code(ty)), ("FLAT", flag(params.flat()))];
    let len = at.shape()[axis];
    for first in (0..len).step_by(MOST_TURNS) {
        params.len = MOST_TURNS.min(len - first);
        over(shared, SCATTER_ADD, &constants, &binds, &params.words(), (params.n, 256))?;
        params.offsets[0] += MOST_TURNS as i32 * from_layout.strides()[axis] as i32;
        params.offsets[1] += MOST_TURNS as i32 * at.strides()[axis] as i32;
    }
    if x.dtype() == DType::U8 { pack(shared, &out, x.numel()) } else { Ok(out) }
}
