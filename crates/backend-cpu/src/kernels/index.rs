//! Choosing and adding by index. Indices have been checked to be in range.

use super::{fresh, hold, packed, with_type};
use crate::simd::vectorize;
use crate::storage::{Block, Plain, Pool};
use crate::threads;
use std::sync::Arc;
use tensor_core::{DType, Layout, Shape, View};

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
        let ends = vectorize(
            #[inline(always)]
            || values.iter().fold((values[0], values[0]), |(low, high), &v| (low.min(v), high.max(v))),
        );
        (ends.0.into(), ends.1.into())
    }
    match x.dtype() {
        DType::I32 => of::<i32>(x),
        _ => of::<i64>(x),
    }
}

/// `x` with `axis` replaced by the elements at `index`.
pub fn index_select(pool: &Arc<Pool>, x: View, axis: usize, index: View) -> Block {
    let index = indices(index);
    let held = hold(x);
    let shape = *x.layout.shape();
    let len = shape.with(axis, index.len()).numel();
    with_type!(x.dtype(), T => {
        let (data, layout) = held.of::<T>();
        let inner: usize = shape[axis + 1..].iter().product();
        let outer: usize = shape[..axis].iter().product();
        fresh(pool, len, |out: &mut [T]| match held.flat::<T>() {
            Some(flat) if inner > 0 => {
                let each = index.len() * inner;
                if outer == 1 {
                    threads::groups(out, inner, inner, |i, row| {
                        row.copy_from_slice(&flat[index[i] * inner..][..inner]);
                    });
                } else if each > 0 {
                    for (block, out) in out.chunks_mut(each).enumerate() {
                        for (row, &i) in out.chunks_mut(inner).zip(&index) {
                            row.copy_from_slice(&flat[(block * shape[axis] + i) * inner..][..inner]);
                        }
                    }
                }
            }
            _ => {
                let stride = layout.strides()[axis];
                let start = layout.select_shape(axis, index.len());
                for (o, (at, place)) in out.iter_mut().zip(start) {
                    *o = data[(at as isize + index[place] as isize * stride) as usize];
                }
            }
        })
    })
}

/// Walks a layout with `axis` held at 0 for `len` places: buffer index and place along `axis`.
trait SelectShape {
    fn select_shape(&self, axis: usize, len: usize) -> impl Iterator<Item = (usize, usize)>;
}

impl SelectShape for Layout {
    fn select_shape(&self, axis: usize, len: usize) -> impl Iterator<Item = (usize, usize)> {
        let mut strides = self.strides().to_vec();
        strides[axis] = 0;
        let shape = self.shape().with(axis, len);
        let mut places = Vec::from([0isize; tensor_core::MAX_RANK]);
        places.iter_mut().for_each(|p| *p = 0);
        places[axis] = 1;
        let at = Layout::new(shape, &strides, self.offset());
        let place = Layout::new(shape, &places[..shape.rank()], 0);
        at.indices().zip(place.indices())
    }
}

/// Buffer indices in `x` that an index of `shape` reaches along `axis`.
fn reached(x: &Layout, axis: usize, shape: &Shape, index: &[usize]) -> Vec<usize> {
    let mut strides = x.strides().to_vec();
    let stride = std::mem::replace(&mut strides[axis], 0);
    let base = Layout::new(*shape, &strides, x.offset());
    base.indices().zip(index).map(|(at, &i)| (at as isize + i as isize * stride) as usize).collect()
}

/// `out[…, i, …] = x[…, index[…, i, …], …]`
pub fn gather(pool: &Arc<Pool>, x: View, axis: usize, index: View) -> Block {
    let values = indices(index);
    let held = hold(x);
    if x.layout.rank() == 0 {
        return with_type!(x.dtype(), T => fresh(pool, 1, |out: &mut [T]| out[0] = packed::<T>(&held)[0]));
    }
    let from = reached(x.layout, axis, index.layout.shape(), &values);
    with_type!(x.dtype(), T => {
        let (data, _) = held.of::<T>();
        fresh(pool, values.len(), |out: &mut [T]| out.iter_mut().zip(&from).for_each(|(o, &i)| *o = data[i]))
    })
}

/// What adding means for an element: wrapping for integers, or for booleans.
pub trait Accumulate: Plain {
    /// `self + other`
    fn plus(self, other: Self) -> Self;
}
macro_rules! accumulate {
    ($($ty:ty => $plus:expr),+) => {$(
        impl Accumulate for $ty {
            fn plus(self, other: Self) -> Self {
                $plus(self, other)
            }
        }
    )+};
}
accumulate!(f32 => |a, b| a + b, f64 => |a, b| a + b, i32 => i32::wrapping_add, i64 => i64::wrapping_add,
    u8 => |a, b| a | b);

/// `out = x; out[…, index[…, i, …], …] += src[…, i, …]`, in row-major order of `src`.
pub fn scatter_add(pool: &Arc<Pool>, x: View, axis: usize, index: View, src: View) -> Block {
    let values = indices(index);
    let (held, source) = (hold(x), hold(src));
    let shape = *x.layout.shape();
    let to = if shape.rank() == 0 {
        vec![0; values.len()]
    } else {
        reached(&Layout::contiguous(shape), axis, index.layout.shape(), &values)
    };
    // The part of `src` that the index covers.
    let mut covered = *src.layout;
    for axis in 0..shape.rank() {
        covered = covered.slice(axis, 0, index.layout.shape()[axis], 1);
    }
    with_type!(x.dtype(), T => fresh(pool, shape.numel(), |out: &mut [T]| {
        out.copy_from_slice(&packed::<T>(&held));
        let (data, _) = source.of::<T>();
        for (&o, i) in to.iter().zip(covered.indices()) {
            out[o] = out[o].plus(data[i]);
        }
    }))
}
