//! Moving elements: up, down, between views and between types.

use super::{fresh, hold, strided, with_type};
use crate::storage::{Block, CpuStorage, Plain, Pool};
use crate::threads;
use crate::walk::map;
use std::sync::Arc;
use tensor_core::{DType, Element, HostData, Layout, Scalar, View};

/// Host elements to a block.
pub fn upload(pool: &Arc<Pool>, data: &HostData) -> Block {
    fn put<T: Plain>(pool: &Arc<Pool>, values: &[T]) -> Block {
        fresh(pool, values.len(), |out| {
            threads::chunks(out, |first, part| part.copy_from_slice(&values[first..][..part.len()]));
        })
    }
    match data {
        HostData::F32(v) => put(pool, v),
        HostData::F64(v) => put(pool, v),
        HostData::I32(v) => put(pool, v),
        HostData::I64(v) => put(pool, v),
        HostData::U8(v) => put(pool, v),
        HostData::Bool(v) => {
            fresh(pool, v.len(), |out: &mut [u8]| out.iter_mut().zip(v).for_each(|(o, &b)| *o = b.into()))
        }
    }
}

/// A view's elements to the host, row-major.
pub fn download(x: View) -> HostData {
    fn get<T: Plain>(x: View) -> Vec<T> {
        let held = hold(x);
        super::packed(&held).into_owned()
    }
    match x.dtype() {
        DType::F32 => HostData::F32(get(x)),
        DType::F64 => HostData::F64(get(x)),
        DType::I32 => HostData::I32(get(x)),
        DType::I64 => HostData::I64(get(x)),
        DType::U8 => HostData::U8(get(x)),
        DType::Bool => HostData::Bool(get::<u8>(x).into_iter().map(|b| b != 0).collect()),
    }
}

/// A number as an element of `T`; booleans are bytes of 0 or 1.
pub fn number<T: Number>(value: Scalar, dtype: DType) -> T {
    if dtype == DType::Bool {
        T::from_scalar(Scalar::Int(value.to_bool().into()))
    } else {
        T::from_scalar(value)
    }
}

/// The element types as kernels hold them.
pub trait Number: Plain + Element {}
impl<T: Plain + Element> Number for T {}

/// `len` copies of a number.
pub fn full(pool: &Arc<Pool>, len: usize, dtype: DType, value: Scalar) -> Block {
    with_type!(dtype, T => {
        let value: T = number(value, dtype);
        fresh(pool, len, |out| threads::chunks(out, |_, part| part.fill(value)))
    })
}

/// In place: writes `src` to where `dst` sees its buffer.
pub fn copy(src: View, dst: View) {
    with_type!(src.dtype(), T => {
        let held = hold(src);
        dst.buffer.storage::<CpuStorage>().write(|block| {
            strided::place::<T>(held.of(), (block.slice_mut(dst.buffer.len()), dst.layout));
        });
    })
}

/// In place: fills what `dst` sees with a number.
pub fn fill(dst: View, value: Scalar) {
    with_type!(dst.dtype(), T => dst.buffer.storage::<CpuStorage>().write(|block| {
        let value: T = number(value, dst.dtype());
        strided::fill(value, (block.slice_mut(dst.buffer.len()), dst.layout));
    }))
}

/// Views of one type joined along `axis`, sizes equal elsewhere.
pub fn cat(pool: &Arc<Pool>, parts: &[View], axis: usize) -> Block {
    let first = parts[0].layout.shape();
    let outer: usize = first[..axis].iter().product();
    with_type!(parts[0].dtype(), T => {
        let held: Vec<_> = parts.iter().filter(|part| part.numel() > 0).map(|&part| hold(part)).collect();
        let parts: Vec<_> = held.iter().map(|part| strided::Lines::<T>::new(part, outer)).collect();
        let width: usize = parts.iter().map(strided::Lines::width).sum();
        fresh(pool, outer * width, |out| strided::join(&parts, width, out))
    })
}

/// Converts elements; to the same type it is a fresh contiguous copy.
pub fn cast(pool: &Arc<Pool>, x: View, dtype: DType) -> Block {
    let held = hold(x);
    let (shape, len) = (*x.layout.shape(), x.numel());
    with_type!(x.dtype(), A => {
        let from: (&[A], &Layout) = held.of();
        if dtype == x.dtype() {
            return fresh(pool, len, |out| strided::pack(from, out));
        }
        if dtype == DType::Bool {
            return fresh(pool, len, |out: &mut [u8]| {
                map(&shape, from, out, |v| u8::from(<A as Into<Scalar>>::into(v).to_bool()));
            });
        }
        with_type!(dtype, O => fresh(pool, len, |out: &mut [O]| {
            map(&shape, from, out, |v| O::from_scalar(v.into()));
        }))
    })
}
