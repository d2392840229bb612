//! Choosing and adding by index. Indices have been checked to be in range.

use super::{fresh, hold, packed, strided, with_type, with_width};
use crate::nest::Nest;
use crate::simd::vectorize;
use crate::storage::{Block, Plain, Pool};
use crate::threads;
use std::sync::Arc;
use tensor_core::{DType, Layout, MAX_RANK, Result, Shape, View};

/// An index tensor's values, row-major.
pub fn indices(view: View) -> Vec<usize> {
    let held = hold(view);
    match view.dtype() {
        DType::I32 => packed::<i32>(&held).iter().map(|&i| i as usize).collect(),
        _ => packed::<i64>(&held).iter().map(|&i| i as usize).collect(),
    }
}

/// The smallest and the largest of integers.
pub fn range(x: View) -> (i64, i64) {
    fn of<T: Plain + Ord + Into<i64>>(x: View) -> (i64, i64) {
        let held = hold(x);
        let values = packed::<T>(&held);
        let first = values[0];
        let ends = |part: &[T]| {
            vectorize(
                #[inline(always)]
                || part.iter().fold((first, first), |(low, high), &v| (low.min(v), high.max(v))),
            )
        };
        let mut parts = [(first, first); PARTS];
        let size = values.len().div_ceil(PARTS);
        threads::each(parts.iter_mut().zip(values.chunks(size)), values.len(), &|(o, part)| *o = ends(part));
        let low = parts.iter().map(|&(low, _)| low).min().unwrap_or(first);
        let high = parts.iter().map(|&(_, high)| high).max().unwrap_or(first);
        (low.into(), high.into())
    }
    // What is repeated counts once.
    let strides = x.layout.strides().iter().enumerate();
    let repeated = strides.filter(|&(_, &stride)| stride == 0).map(|(axis, _)| axis);
    let once = repeated.fold(*x.layout, |layout, axis| layout.slice(axis, 0, 1, 1));
    let x = View { buffer: x.buffer, layout: &once };
    match x.dtype() {
        DType::I32 => of::<i32>(x),
        _ => of::<i64>(x),
    }
}

/// Pieces whose ends are found apart.
const PARTS: usize = 16;

/// The types of indices.
trait Place: Plain {
    /// As a place; one below 0 becomes one that no slice has.
    fn place(self) -> usize;
}
impl Place for i32 {
    #[inline(always)]
    fn place(self) -> usize {
        self as usize
    }
}
impl Place for i64 {
    #[inline(always)]
    fn place(self) -> usize {
        self as usize
    }
}

/// Runs `$body` with `$I` standing for the Rust type of an index's `$dtype`.
macro_rules! with_index {
    ($dtype:expr, $I:ident => $body:expr) => {
        if $dtype == DType::I32 {
            type $I = i32;
            $body
        } else {
            type $I = i64;
            $body
        }
    };
}

/// `x` with `axis` replaced by the elements at `index`.
pub fn index_select(pool: &Arc<Pool>, x: View, axis: usize, index: View) -> Result<Block> {
    let held = hold(x);
    let count = index.numel();
    let shape = x.layout.shape().with(axis, count);
    let inner: usize = shape[axis + 1..].iter().product();
    with_width!(x.dtype(), W => {
        fresh(pool, shape.numel(), |out: &mut [W]| match held.flat::<W>() {
            // Whole runs of memory.
            Some(flat) if inner > 1 => {
                let (at, size) = (indices(index), x.layout.shape()[axis]);
                threads::groups(out, inner, inner, &|row, out| {
                    let from = (row / count) * size + at[row % count];
                    out.copy_from_slice(&flat[from * inner..][..inner]);
                });
            }
            _ => {
                let at = hold(index);
                let mut strides = [0; MAX_RANK];
                strides[axis] = 1;
                let layout = Layout::new(shape, &strides[..shape.rank()], 0);
                with_index!(index.dtype(), I => {
                    choose(held.of::<W>(), axis, (&*packed::<I>(&at), &layout), out);
                });
            }
        })
    })
}

/// `out[…, i, …] = x[…, index[…, i, …], …]`
pub fn gather(pool: &Arc<Pool>, x: View, axis: usize, index: View) -> Result<Block> {
    let (held, at) = (hold(x), hold(index));
    with_width!(x.dtype(), W => fresh(pool, index.numel(), |out: &mut [W]| {
        if x.layout.rank() == 0 {
            out[0] = packed::<W>(&held)[0];
        } else {
            with_index!(index.dtype(), I => choose(held.of::<W>(), axis, at.of::<I>(), out));
        }
    }))
}

/// A layout of `shape` in which `axis` stands still, and that axis's stride.
fn along(x: &Layout, axis: usize, shape: &Shape) -> (Layout, isize) {
    let mut strides = [0; MAX_RANK];
    strides[..shape.rank()].copy_from_slice(x.strides());
    let step = std::mem::take(&mut strides[axis]);
    (Layout::new(*shape, &strides[..shape.rank()], x.offset()), step)
}

/// The elements of `x` that an index of the result's shape names along `axis`.
fn choose<T: Plain, I: Place>(
    (data, x): (&[T], &Layout),
    axis: usize,
    (index, layout): (&[I], &Layout),
    out: &mut [T],
) {
    let (base, by) = along(x, axis, layout.shape());
    let nest = Nest::new(layout.shape(), [&base, layout]);
    let [step, index_step] = nest.row_strides();
    threads::chunks(out, &|first, part| {
        nest.pieces(first, part.len(), &mut |[at, place], range| {
            let out = &mut part[range];
            let run = &index[place as usize..];
            match (step, index_step, by) {
                // Along a row of memory.
                (0, 1, 1) => {
                    let row = &data[at as usize..];
                    // Four a round: how fast a loop of one is depends on where in memory its code comes to lie.
                    let (fours, rest) = out.as_chunks_mut::<4>();
                    let (four_places, others) = run[..fours.len() * 4 + rest.len()].as_chunks::<4>();
                    fours.iter_mut().zip(four_places).for_each(|(o, i)| *o = i.map(|i| row[i.place()]));
                    rest.iter_mut().zip(others).for_each(|(o, i)| *o = row[i.place()]);
                }
                (_, 1, _) => {
                    for (k, (o, i)) in out.iter_mut().zip(run).enumerate() {
                        *o = data[(at + k as isize * step + i.place() as isize * by) as usize];
                    }
                }
                // One index for the whole of it.
                (1, 0, _) => {
                    let from = (at + run[0].place() as isize * by) as usize;
                    out.copy_from_slice(&data[from..][..out.len()]);
                }
                _ => out.iter_mut().enumerate().for_each(|(k, o)| {
                    let i = index[(place + k as isize * index_step) as usize];
                    *o = data[(at + k as isize * step + i.place() as isize * by) as usize];
                }),
            }
        });
    });
}

/// What adding means for an element: wrapping for integers, or for booleans.
pub trait Accumulate: Plain {
    /// `self + other`
    fn plus(self, other: Self) -> Self;
}
macro_rules! accumulate {
    ($($ty:ty => $plus:expr),+) => {$(
        impl Accumulate for $ty {
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                $plus(self, other)
            }
        }
    )+};
}
accumulate!(f32 => |a, b| a + b, f64 => |a, b| a + b, i32 => i32::wrapping_add, i64 => i64::wrapping_add,
    u8 => |a, b| a | b);

/// `out = x; out[…, index[…, i, …], …] += src[…, i, …]`, in row-major order of `src`.
pub fn scatter_add(pool: &Arc<Pool>, x: View, axis: usize, index: View, src: View) -> Result<Block> {
    let (held, at, source) = (hold(x), hold(index), hold(src));
    let shape = *x.layout.shape();
    with_type!(x.dtype(), T => fresh(pool, shape.numel(), |out: &mut [T]| {
        strided::pack(held.of::<T>(), out);
        if shape.rank() == 0 {
            let (data, layout) = source.of::<T>();
            out[0] = out[0].plus(data[layout.offset()]);
        } else {
            with_index!(index.dtype(), I => add(out, &shape, axis, at.of::<I>(), source.of::<T>()));
        }
    }))
}

/// Where the elements of a source belong in a result, and how far from where a row of the index begins in it
/// everything lies that the row reaches.
struct Adding {
    /// Of the result with `axis` standing still, the index and the source.
    nest: Nest<3>,
    /// The stride of `axis`.
    by: usize,
    reach: usize,
}

impl Adding {
    #[inline(never)]
    fn new(shape: &Shape, axis: usize, index: &Layout, source: &Layout) -> Self {
        let (base, by) = along(&Layout::contiguous(*shape), axis, index.shape());
        let source = Layout::new(*index.shape(), source.strides(), source.offset());
        let nest = Nest::new(index.shape(), [&base, index, &source]);
        let across = (nest.row_len() - 1) * nest.row_strides()[0] as usize;
        Adding { nest, by: by as usize, reach: (shape[axis] - 1) * by as usize + across + 1 }
    }
}

/// Places that wasted sums go to: several, so that none waits for the one before.
const WASTE: usize = 8;

/// Adds to `out`, of `shape`, the elements of a source at an index along `axis`. Every thread walks all of the
/// index and adds what falls into its own part of `out`: so each element's additions keep their order.
fn add<T: Accumulate, I: Place>(
    out: &mut [T],
    shape: &Shape,
    axis: usize,
    (index, layout): (&[I], &Layout),
    (data, source): (&[T], &Layout),
) {
    let count = layout.numel();
    if count == 0 {
        return;
    }
    let Adding { nest, by, reach } = Adding::new(shape, axis, layout, source);
    let ([step, index_step, from_step], len) = (nest.row_strides(), nest.row_len());
    let part_len = out.len().div_ceil(threads::worth(count)).next_multiple_of(64);
    threads::each(out.chunks_mut(part_len).enumerate(), count, &|(k, part)| {
        let (start, last) = (k * part_len, part.len() - 1);
        let end = start + part.len();
        let mut waste = [T::zeroed(); WASTE];
        for element in (0..count).step_by(len) {
            let [to, place, from] = nest.offsets(element);
            let to = to as usize;
            if to >= end || to + reach <= start {
                continue;
            }
            if index_step == 0 && step == 1 {
                // One index for the whole row: what of the row falls into this part?
                let to = to + index[place as usize].place() * by;
                let (low, high) = (to.max(start), (to + len).min(end));
                if low < high {
                    let skip = (low - to) as isize;
                    add_run(&mut part[low - start..high - start], data, from + skip * from_step, from_step);
                }
                continue;
            }
            if to >= start && to + reach <= end {
                for i in 0..len as isize {
                    let chosen = index[(place + i * index_step) as usize].place();
                    let to = to + i as usize * step as usize + chosen * by;
                    if let Some(o) = part.get_mut(to.wrapping_sub(start)) {
                        *o = o.plus(data[(from + i * from_step) as usize]);
                    }
                }
                continue;
            }
            for i in 0..len as isize {
                let chosen = index[(place + i * index_step) as usize].place();
                let at = (to + i as usize * step as usize + chosen * by).wrapping_sub(start);
                // No branch foretells whose part a place is in: what is another's goes to waste.
                let (own, wasted) = (&mut part[at.min(last)], &mut waste[i as usize % WASTE]);
                let o = std::hint::select_unpredictable(at <= last, own, wasted);
                *o = o.plus(data[(from + i * from_step) as usize]);
            }
        }
    });
}

/// Adds elements `step` apart to a run.
#[inline(never)]
fn add_run<T: Accumulate>(out: &mut [T], data: &[T], from: isize, step: isize) {
    if step == 1 {
        let data = &data[from as usize..][..out.len()];
        out.iter_mut().zip(data).for_each(|(o, &v)| *o = o.plus(v));
    } else if step == 0 {
        let v = data[from as usize];
        out.iter_mut().for_each(|o| *o = o.plus(v));
    } else {
        for (i, o) in out.iter_mut().enumerate() {
            *o = o.plus(data[(from + i as isize * step) as usize]);
        }
    }
}
