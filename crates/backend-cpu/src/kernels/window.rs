//! Windows laid out, added back and searched, plane by plane: one plane is what the windows slide over
//! for one set of leading indices. Planes go to threads whole, so the order of every sum is fixed.

use super::copy::Number;
use super::index::Accumulate;
use super::{fresh, hold, packed, with_float, with_type, with_width};
use crate::math::Real;
use crate::simd::{opaque, vectorize_or_compact};
use crate::storage::{Block, Pool};
use crate::threads;
use std::ops::Range;
use std::sync::Arc;
use tensor_core::{DType, Layout, Result, Scalar, Shape, View, Window};

/// Dimensions that windows may slide over at once: depth, height, width.
pub(super) const DIMS: usize = 3;

/// Windows over the last dimensions of a tensor, brought to three by whole ones in front.
pub(super) struct Plan {
    pub windows: [Window; DIMS],
    pub sizes: [usize; DIMS],
    pub places: [usize; DIMS],
}

/// One line of places along the last dimension, all of one window element.
struct Line {
    /// Row-major number of the window's element, and of the line among the lines of places.
    element: usize,
    line: usize,
    /// Where in the plane the line's sources start, if the outer dimensions are not in the padding.
    row: Option<usize>,
    /// The element along the last dimension, and the places where it is inside.
    k: usize,
    inside: Range<usize>,
}

impl Plan {
    /// `places` may be fewer than fit, as where a transposed convolution leaves elements untouched.
    pub fn new(windows: &[Window], sizes: &[usize], places: Option<&[usize]>) -> Self {
        let missing = DIMS - windows.len();
        let mut plan = Plan { windows: [Window::WHOLE; DIMS], sizes: [1; DIMS], places: [1; DIMS] };
        for i in missing..DIMS {
            plan.windows[i] = windows[i - missing];
            plan.sizes[i] = sizes[i - missing];
            plan.places[i] = match places {
                Some(places) => places[i - missing],
                None => plan.windows[i].places(plan.sizes[i]),
            };
        }
        plan
    }

    pub fn plane(&self) -> usize {
        self.sizes.iter().product()
    }

    pub fn kernel(&self) -> usize {
        self.windows.iter().map(|w| w.size).product()
    }

    pub fn count(&self) -> usize {
        self.places.iter().product()
    }

    /// Where in the plane the first element of a place's window stands, or the nearest to it.
    fn nearest(&self, mut o: usize) -> usize {
        let (mut at, mut step) = (0, 1);
        for i in (0..DIMS).rev() {
            let place = self.windows[i].at(o % self.places[i], 0).clamp(0, self.sizes[i] as isize - 1);
            at += place as usize * step;
            step *= self.sizes[i];
            o /= self.places[i];
        }
        at
    }

    /// Calls `f` for each line of places of each window element, elements first.
    #[inline(always)]
    fn lines(&self, mut f: impl FnMut(Line)) {
        let [depth, height, width] = self.windows;
        let within = |at: isize, size: usize| (0..size as isize).contains(&at).then_some(at as usize);
        let mut element = 0;
        for kd in 0..depth.size {
            for kh in 0..height.size {
                for k in 0..width.size {
                    let inside = width.inside(k, self.sizes[2]);
                    let end = inside.end.min(self.places[2]);
                    let inside = inside.start.min(end)..end;
                    for od in 0..self.places[0] {
                        let d = within(depth.at(od, kd), self.sizes[0]);
                        for oh in 0..self.places[1] {
                            let h = within(height.at(oh, kh), self.sizes[1]);
                            let row = d.zip(h).map(|(d, h)| (d * self.sizes[1] + h) * self.sizes[2]);
                            let line = od * self.places[1] + oh;
                            f(Line { element, line, row, k, inside: inside.clone() });
                        }
                    }
                    element += 1;
                }
            }
        }
    }
}

/// `x` as `[planes…]` of `dims` last dimensions: the layout of the first plane and the planes' starts.
fn planes(layout: &Layout, dims: usize) -> (Layout, Vec<usize>) {
    let lead = layout.rank() - dims;
    let outer = Layout::new(Shape::new(&layout.shape()[..lead]), &layout.strides()[..lead], layout.offset());
    let inner = Layout::new(Shape::new(&layout.shape()[lead..]), &layout.strides()[lead..], 0);
    (inner, outer.indices().collect())
}

/// The windows of the last dimensions, which `pad` surrounds: `[L…, S…] → [L…, K…, O…]`.
pub fn unfold(pool: &Arc<Pool>, x: View, windows: &[Window], pad: Scalar) -> Result<Block> {
    let held = hold(x);
    let lead = x.layout.rank() - windows.len();
    let plan = Plan::new(windows, &x.layout.shape()[lead..], None);
    let rows: usize = x.layout.shape()[..lead].iter().product();
    let (group, width) = (plan.kernel() * plan.count(), plan.places[2]);
    let lines = plan.places[0] * plan.places[1];
    let stride = plan.windows[2].stride;
    let pad = Number::new(pad, x.dtype());
    with_width!(x.dtype(), W => {
        let pad: W = pad.of()[0];
        let data = packed::<W>(&held);
        fresh(pool, rows * group, |out: &mut [W]| {
            threads::groups(out, group, group, &|index, out| {
                let plane = &data[index * plan.plane()..][..plan.plane()];
                plan.lines(|at| {
                    let out = &mut out[(at.element * lines + at.line) * width..][..width];
                    let Some(row) = at.row.filter(|_| !at.inside.is_empty()) else { return out.fill(pad) };
                    let first = (row as isize + plan.windows[2].at(at.inside.start, at.k)) as usize;
                    let (before, rest) = out.split_at_mut(at.inside.start);
                    let (middle, after) = rest.split_at_mut(at.inside.len());
                    before.fill(pad);
                    after.fill(pad);
                    if stride == 1 {
                        middle.copy_from_slice(&plane[first..][..middle.len()]);
                    } else {
                        middle.iter_mut().zip(plane[first..].iter().step_by(stride)).for_each(|(o, &v)| *o = v);
                    }
                });
            });
        })
    })
}

/// Windows added back to where they came from: `[L…, K…, O…] → [L…, S…]`, S being `sizes`.
pub fn fold(pool: &Arc<Pool>, x: View, windows: &[Window], sizes: &[usize]) -> Result<Block> {
    let held = hold(x);
    let dims = windows.len();
    let (inner, starts) = planes(x.layout, 2 * dims);
    let plan = Plan::new(windows, sizes, Some(&inner.shape()[dims..]));
    // Where each window element's and each line's numbers begin, and how far apart they are.
    let part = |range: Range<usize>| {
        Layout::new(Shape::new(&inner.shape()[range.clone()]), &inner.strides()[range], 0)
    };
    let elements = signed(&part(0..dims));
    let lines = signed(&part(dims..2 * dims - 1));
    let (step, stride) = (inner.strides()[2 * dims - 1], plan.windows[2].stride);
    with_type!(x.dtype(), T => {
        let (data, _) = held.of::<T>();
        fresh(pool, starts.len() * plan.plane(), |out: &mut [T]| {
            threads::groups(out, plan.plane(), plan.kernel() * plan.count(), &|index, plane| {
                plane.fill(T::default());
                vectorize_or_compact!(T, |COMPACT| plan.lines(#[inline(always)] |at| {
                    let Some(row) = at.row.filter(|_| !at.inside.is_empty()) else { return };
                    let first = (row as isize + plan.windows[2].at(at.inside.start, at.k)) as usize;
                    let from = starts[index] as isize
                        + elements[at.element]
                        + lines[at.line]
                        + at.inside.start as isize * step;
                    let len = at.inside.len();
                    if step == 1 && stride == 1 && !COMPACT {
                        let from = &data[from as usize..][..len];
                        plane[first..].iter_mut().zip(from).for_each(|(o, &v)| *o = o.plus(v));
                    } else {
                        for i in 0..len {
                            let o = &mut plane[first + i * stride];
                            *o = o.plus(opaque::<COMPACT, _>(data[(from + i as isize * step) as usize]));
                        }
                    }
                }));
            });
        })
    })
}

/// Offsets of a layout's elements from its first, row-major.
fn signed(layout: &Layout) -> Vec<isize> {
    let dims = layout.shape().iter().zip(layout.strides());
    dims.fold(vec![0], |offsets, (&size, &stride)| {
        offsets.iter().flat_map(|&base| (0..size as isize).map(move |i| base + i * stride)).collect()
    })
}

/// Places of a line that are searched together.
const LANES: usize = 16;

/// The largest element of every window and where it stands in its plane, the first of equal ones;
/// NaN is larger than anything.
pub fn max_pool(pool: &Arc<Pool>, x: View, windows: &[Window]) -> Result<(Block, Block)> {
    let held = hold(x);
    let lead = x.layout.rank() - windows.len();
    let plan = Plan::new(windows, &x.layout.shape()[lead..], None);
    let rows: usize = x.layout.shape()[..lead].iter().product();
    let count = plan.count();
    with_float!(x.dtype(), T => {
        let data = packed::<T>(&held);
        let mut index = pool.take::<i32>(rows * count)?;
        let values = fresh(pool, rows * count, |out: &mut [T]| {
            let places = index.slice_mut::<i32>(rows * count);
            let mut both: Vec<(&mut [T], &mut [i32])> =
                out.chunks_mut(count.max(1)).zip(places.chunks_mut(count.max(1))).collect();
            threads::groups(&mut both, 1, plan.kernel() * count, &|row, both| {
                let (out, places) = &mut both[0];
                let data = &data[row * plan.plane()..];
                vectorize_or_compact!(T, |COMPACT| match plan.windows[2].stride {
                    1 if !COMPACT => largest::<T, 1>(&plan, data, out, places),
                    2 if !COMPACT => largest::<T, 2>(&plan, data, out, places),
                    _ => largest::<T, 0>(&plan, data, out, places),
                });
                // Nothing exceeds −∞: such a window names its first element, or the nearest to it.
                for (o, place) in places.iter_mut().enumerate().filter(|(_, place)| **place < 0) {
                    *place = plan.nearest(o) as i32;
                }
            });
        });
        Ok((values?, index))
    })
}

/// [`max_pool`] of the plane that `data` begins with, its windows `S` apart or, if that is 0, as far as they are.
/// A place is −1 where nothing exceeds −∞.
#[inline(always)]
fn largest<T: Real, const S: usize>(plan: &Plan, data: &[T], out: &mut [T], places: &mut [i32]) {
    let [depth, height, width] = plan.windows;
    let [depths, rows, line] = plan.sizes;
    let stride = if S == 0 { width.stride } else { S };
    let mut inside = Vec::with_capacity(width.size);
    (0..width.size).for_each(|k| inside.push(width.inside(k, line)));
    let lines = out.chunks_mut(plan.places[2]).zip(places.chunks_mut(plan.places[2]));
    for (number, (out, places)) in lines.enumerate() {
        let (od, oh) = (number / plan.places[1], number % plan.places[1]);
        let elements = |window: Window, o: usize, len: usize| {
            (0..window.size).map(move |k| window.at(o, k)).filter(move |&at| at >= 0 && at < len as isize)
        };
        for (first, (out, places)) in
            (0..).step_by(LANES).zip(out.chunks_mut(LANES).zip(places.chunks_mut(LANES)))
        {
            let count = out.len();
            let (mut best, mut at) = ([-T::INFINITY; LANES], [-1; LANES]);
            for d in elements(depth, od, depths) {
                for h in elements(height, oh, rows) {
                    let row = (d as usize * rows + h as usize) * line;
                    for (k, inside) in inside.iter().enumerate() {
                        let start = row as isize + width.at(first, k);
                        let is_whole = inside.start <= first && first + count <= inside.end;
                        let step = stride as i32;
                        match data.get(start.max(0) as usize..) {
                            // Lanes beyond the line's end read what follows it, which nobody will see.
                            Some(from) if is_whole && from.len() >= LANES * stride => {
                                let mut values = [T::ZERO; LANES];
                                if S > 0 {
                                    let groups = &from.as_chunks::<S>().0[..LANES];
                                    values = std::array::from_fn(|i| groups[i][0]);
                                } else {
                                    let groups = from.chunks_exact(stride);
                                    values.iter_mut().zip(groups).for_each(|(v, group)| *v = group[0]);
                                }
                                consider(&mut best, &mut at, values, start as i32, step);
                            }
                            _ => {
                                let lane = |place: usize| place.saturating_sub(first).min(count);
                                let lanes = lane(inside.start)..lane(inside.end);
                                let values = picked(data, start, stride, lanes);
                                consider(&mut best, &mut at, values, start as i32, step);
                            }
                        }
                    }
                }
            }
            out.copy_from_slice(&best[..count]);
            places.copy_from_slice(&at[..count]);
        }
    }
}

/// The elements `stride` apart from `start` on, but −∞ in other than the given lanes.
#[inline(never)]
fn picked<T: Real>(data: &[T], start: isize, stride: usize, lanes: Range<usize>) -> [T; LANES] {
    let value = |i: usize| {
        if lanes.contains(&i) { data[(start + (i * stride) as isize) as usize] } else { -T::INFINITY }
    };
    std::array::from_fn(value)
}

/// Takes the values, which stand `step` apart, that exceed the best so far.
#[inline(always)]
#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
fn consider<T: Real>(
    best: &mut [T; LANES],
    at: &mut [i32; LANES],
    values: [T; LANES],
    start: i32,
    step: i32,
) {
    for i in 0..LANES {
        let (v, old) = (values[i], best[i]);
        // Chosen without a branch, which no predictor could learn.
        let better = (v > old) | ((v != v) & (old == old));
        best[i] = if better { v } else { old };
        at[i] = if better { start + i as i32 * step } else { at[i] };
    }
}

/// Gradients added to where the largest of their windows stand: `[L…, O…] → [L…, S…]`, S being `sizes`.
pub fn max_pool_grad(pool: &Arc<Pool>, index: View, grad: View, sizes: &[usize]) -> Result<Block> {
    let (at, held) = (hold(index), hold(grad));
    let shape = grad.layout.shape();
    let (lead, plane): (usize, usize) = (shape.rank() - sizes.len(), sizes.iter().product());
    let (rows, count): (usize, usize) = (shape[..lead].iter().product(), shape[lead..].iter().product());
    with_float!(grad.dtype(), T => {
        let (places, data) = (packed::<i32>(&at), packed::<T>(&held));
        fresh(pool, rows * plane, |out: &mut [T]| {
            threads::groups(out, plane, plane + count, &|row, out| {
                out.fill(0.0);
                let part = row * count..(row + 1) * count;
                for (&place, &g) in places[part.clone()].iter().zip(&data[part]) {
                    out[place as usize] += g;
                }
            });
        })
    })
}
