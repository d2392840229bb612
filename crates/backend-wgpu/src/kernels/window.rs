//! Windows laid out, added back, searched, and the gradient of the search: one dispatch each.

use super::{Held, code, fresh, hold, hold_packed, over};
use crate::device::Shared;
use crate::pipelines::{Bind, Kernel};
use crate::pool::Block;
use crate::strided::MOST_TURNS;
use std::sync::Arc;
use tensor_core::{DType, Layout, Result, Scalar, View, Window};

const UNFOLD: Kernel = Kernel { text: firebrand_shaders::WINDOW, entry: "unfold" };
const FOLD: Kernel = Kernel { text: firebrand_shaders::WINDOW, entry: "fold" };
const MAX_POOL: Kernel = Kernel { text: firebrand_shaders::WINDOW, entry: "max_pool" };
const MAX_POOL_GRADIENT: Kernel = Kernel { text: firebrand_shaders::WINDOW, entry: "max_pool_gradient" };
/// Dimensions that windows may slide over at once.
const DIMS: usize = 3;

/// Elements of a padded plane whose numbers the kernels can take apart.
const LARGEST: usize = 1 << 20;

/// Whether the kernels take such windows: of at most three dimensions and not too many elements, none of them so far
/// apart that an invocation would walk long through one, or through those that reach one element.
pub fn takes(windows: &[Window], sizes: &[usize]) -> bool {
    let padded = |(w, &size): (&Window, &usize)| size + w.padding[0] + w.padding[1] + w.stride;
    let turns = |window: &Window, size: usize| {
        let reach = window.span() + window.padding[0] + window.padding[1];
        (reach / window.stride + 1).min(window.places(size)).max(window.size)
    };
    windows.len() <= DIMS
        && windows.iter().zip(sizes).map(padded).product::<usize>() < LARGEST
        && windows.iter().zip(sizes).map(|(w, &s)| turns(w, s)).product::<usize>() <= MOST_TURNS
}

/// Sizes of the three dimensions, those missing in front being 1, and their product.
fn whole(sizes: impl ExactSizeIterator<Item = usize>) -> [u32; 4] {
    let mut all = [1; 4];
    let missing = DIMS - sizes.len();
    for (all, size) in all[missing..].iter_mut().zip(sizes) {
        *all = size as u32;
    }
    all[DIMS] = all[..DIMS].iter().product();
    all
}

/// The steps of so many dimensions of a layout from `axis` on.
fn steps(layout: &Layout, axis: usize, dims: usize) -> [u32; 4] {
    let mut all = [0; 4];
    for (all, &stride) in all[DIMS - dims..].iter_mut().zip(&layout.strides()[axis..axis + dims]) {
        *all = stride as i32 as u32;
    }
    all
}

/// The one step from row to row of the leading dimensions, if there is one.
fn row_step(layout: &Layout, lead: usize) -> Option<isize> {
    if layout.numel() == 0 {
        return Some(0); // there is no row to step to
    }
    let mut step = None;
    let mut reach = 0;
    for axis in (0..lead).rev().filter(|&axis| layout.shape()[axis] != 1) {
        let (size, stride) = (layout.shape()[axis] as isize, layout.strides()[axis]);
        if step.is_some() && stride != reach {
            return None;
        }
        step = step.or(Some(stride));
        reach = stride * size;
    }
    Some(step.unwrap_or(0))
}

/// What a kernel of windows is told.
struct Walk<'a> {
    windows: &'a [Window],
    sizes: &'a [usize],
    places: &'a [usize],
    n: usize,
    pad: u32,
}

impl Walk<'_> {
    /// Its parameters, the operand's planes or places beginning at dimension `axis`, its elements of windows at
    /// `outer`.
    fn words(&self, layout: &Layout, row: isize, axis: usize, outer: Option<usize>) -> Vec<u32> {
        let dims = self.windows.len();
        let of = |f: fn(&Window) -> usize| whole(self.windows.iter().map(f));
        let mut before = of(|w| w.padding[0]);
        before[..DIMS - dims].fill(0);
        let mut words = vec![self.n as u32, self.pad, row as i32 as u32, layout.offset() as u32];
        words.extend(whole(self.sizes.iter().copied()));
        words.extend(whole(self.places.iter().copied()));
        words.extend(of(|w| w.size));
        words.extend(of(|w| w.stride));
        words.extend(of(|w| w.dilation));
        words.extend(before);
        words.extend(steps(layout, axis, dims));
        words.extend(outer.map_or([0; 4], |outer| steps(layout, outer, dims)));
        words
    }
}

/// A view whose leading dimensions have one step, and that step.
fn rows(shared: &Arc<Shared>, x: View, lead: usize) -> Result<(Held, isize)> {
    if let Some(step) = row_step(x.layout, lead) {
        return Ok((hold(x), step));
    }
    let held = hold_packed(shared, x)?;
    let step = row_step(&held.layout, lead).expect("it is row-major");
    Ok((held, step))
}

fn places(windows: &[Window], sizes: &[usize]) -> Vec<usize> {
    windows.iter().zip(sizes).map(|(w, &size)| w.places(size)).collect()
}

/// The windows of the last dimensions, which `pad` surrounds: `[L…, S…] → [L…, K…, O…]`.
pub fn unfold(shared: &Arc<Shared>, x: View, windows: &[Window], pad: Scalar) -> Result<Arc<Block>> {
    let lead = x.layout.rank() - windows.len();
    let (held, row) = rows(shared, x, lead)?;
    let sizes = &x.layout.shape()[lead..];
    let places = places(windows, sizes);
    let group: usize = windows.iter().map(|w| w.size).chain(places.iter().copied()).product();
    let n = x.layout.shape()[..lead].iter().product::<usize>() * group;
    let out = fresh(shared, n)?;
    let walk = Walk { windows, sizes, places: &places, n, pad: super::copy::word(pad, x.dtype()) };
    let binds = [Bind::Read(1, &held.block), Bind::Write(3, &out)];
    over(shared, UNFOLD, &[], &binds, &walk.words(&held.layout, row, lead, None), (n, 256))?;
    Ok(out)
}

/// Windows added back to where they came from: `[L…, K…, O…] → [L…, S…]`, S being `sizes`.
pub fn fold(shared: &Arc<Shared>, x: View, windows: &[Window], sizes: &[usize]) -> Result<Arc<Block>> {
    let dims = windows.len();
    let lead = x.layout.rank() - 2 * dims;
    let (held, row) = rows(shared, x, lead)?;
    let n = x.layout.shape()[..lead].iter().chain(sizes).product();
    let out = fresh(shared, n)?;
    let places = &x.layout.shape()[lead + dims..];
    let walk = Walk { windows, sizes, places, n, pad: 0 };
    let binds = [Bind::Read(1, &held.block), Bind::Write(3, &out)];
    let params = walk.words(&held.layout, row, lead + dims, Some(lead));
    over(shared, FOLD, &[("TYPE", code(x.dtype()))], &binds, &params, (n, 256))?;
    Ok(out)
}

/// The largest element of every window, and where it stands in its plane.
pub fn max_pool(shared: &Arc<Shared>, x: View, windows: &[Window]) -> Result<[Arc<Block>; 2]> {
    let lead = x.layout.rank() - windows.len();
    let (held, row) = rows(shared, x, lead)?;
    let sizes = &x.layout.shape()[lead..];
    let places = places(windows, sizes);
    let n = x.layout.shape()[..lead].iter().chain(&places).product();
    let (out, index) = (fresh(shared, n)?, fresh(shared, n)?);
    let walk = Walk { windows, sizes, places: &places, n, pad: 0 };
    let binds = [Bind::Read(1, &held.block), Bind::Write(3, &out), Bind::Write(4, &index)];
    over(shared, MAX_POOL, &[], &binds, &walk.words(&held.layout, row, lead, None), (n, 256))?;
    Ok([out, index])
}

/// Gradients back to the largest elements: `[L…, O…] → [L…, S…]`, S being `sizes`.
pub fn max_pool_grad(
    shared: &Arc<Shared>,
    index: View,
    grad: View,
    windows: &[Window],
    sizes: &[usize],
) -> Result<Arc<Block>> {
    let lead = grad.layout.rank() - windows.len();
    let (held, row) = rows(shared, grad, lead)?;
    let index = match index.layout {
        layout if layout.is_contiguous() && layout.offset() == 0 => hold(index).block,
        _ => super::copy::convert(shared, &hold(index), DType::I32, DType::I32)?,
    };
    let n = grad.layout.shape()[..lead].iter().chain(sizes).product();
    let out = fresh(shared, n)?;
    let walk = Walk { windows, sizes, places: &grad.layout.shape()[lead..], n, pad: 0 };
    let binds = [Bind::Read(1, &held.block), Bind::Read(2, &index), Bind::Write(3, &out)];
    let params = walk.words(&held.layout, row, lead, None);
    over(shared, MAX_POOL_GRADIENT, &[], &binds, &params, (n, 256))?;
    Ok(out)
}
