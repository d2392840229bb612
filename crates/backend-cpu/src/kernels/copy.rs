//! Moving elements: up, down, between views and between types.

use super::{Held, fresh, hold, strided, with_type, with_width};
use crate::simd::{opaque, vectorize_or_compact};
use crate::storage::{Block, CpuStorage, Plain, Pool};
use crate::threads;
use crate::walk::map;
use std::sync::Arc;
use tensor_core::{DType, Element, HostData, Layout, Result, Scalar, View};

/// Host elements to a block.
pub fn upload(pool: &Arc<Pool>, data: &HostData) -> Result<Block> {
    fn put<T: Plain>(pool: &Arc<Pool>, values: &[T]) -> Result<Block> {
        fresh(pool, values.len(), |out| {
            threads::chunks(out, &|first, part| part.copy_from_slice(&values[first..][..part.len()]));
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
        super::packed(&held).to_vec()
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

/// A number as an element of some type, in memory for the widest; booleans are bytes of 0 or 1.
pub struct Number([u64; 1]);

impl Number {
    /// The number as an element of `dtype`.
    pub fn new(value: Scalar, dtype: DType) -> Self {
        let value = if dtype == DType::Bool { Scalar::Int(value.to_bool().into()) } else { value };
        let mut memory = [0];
        with_type!(dtype, T => bytemuck::cast_slice_mut(&mut memory)[0] = T::from_scalar(value));
        Number(memory)
    }

    /// The element, `T` being its type or as wide as it.
    pub fn of<T: Plain>(&self) -> &[T] {
        &bytemuck::cast_slice(&self.0)[..1]
    }
}

/// `len` copies of a number.
pub fn full(pool: &Arc<Pool>, len: usize, dtype: DType, value: Scalar) -> Result<Block> {
    let value = Number::new(value, dtype);
    with_width!(dtype, W => {
        fresh(pool, len, |out: &mut [W]| threads::chunks(out, &|_, part| part.fill(value.of()[0])))
    })
}

/// In place: writes `src` to where `dst` sees its buffer.
pub fn copy(src: View, dst: View) {
    with_width!(src.dtype(), W => {
        let held = hold(src);
        dst.buffer.storage::<CpuStorage>().write(|block| {
            strided::place::<W>(held.of(), (block.slice_mut(dst.buffer.len()), dst.layout));
        });
    })
}

/// In place: fills what `dst` sees with a number.
pub fn fill(dst: View, value: Scalar) {
    let value = Number::new(value, dst.dtype());
    with_width!(dst.dtype(), W => dst.buffer.storage::<CpuStorage>().write(|block| {
        strided::fill::<W>(value.of()[0], (block.slice_mut(dst.buffer.len()), dst.layout));
    }))
}

/// Views of one type joined along `axis`, sizes equal elsewhere.
pub fn cat(pool: &Arc<Pool>, parts: &[View], axis: usize) -> Result<Block> {
    let first = parts[0].layout.shape();
    let outer: usize = first[..axis].iter().product();
    with_width!(parts[0].dtype(), W => {
        let held: Vec<_> = parts.iter().filter(|part| part.numel() > 0).map(|&part| hold(part)).collect();
        let parts: Vec<_> = held.iter().map(|part| strided::Lines::<W>::new(part, outer)).collect();
        let width: usize = parts.iter().map(strided::Lines::width).sum();
        fresh(pool, outer * width, |out| strided::join(&parts, width, out))
    })
}

/// Converts elements; to the same type it is a fresh contiguous copy.
pub fn cast(pool: &Arc<Pool>, x: View, dtype: DType) -> Result<Block> {
    let held = hold(x);
    let (shape, len) = (*x.layout.shape(), x.numel());
    if dtype == x.dtype() {
        return with_width!(dtype, W => fresh(pool, len, |out| strided::pack::<W>(held.of(), out)));
    }
    with_type!(x.dtype(), A => {
        let from: (&[A], &Layout) = held.of();
        if dtype == DType::Bool {
            return fresh(pool, len, |out: &mut [u8]| {
                map(&shape, from, out, |v| u8::from(<A as Into<Scalar>>::into(v).to_bool()));
            });
        }
        if let Some(block) = cut(pool, &held, x.dtype(), dtype) {
            return block;
        }
        with_type!(dtype, O => fresh(pool, len, |out: &mut [O]| {
            map(&shape, from, out, |v| O::from_scalar(v.into()));
        }))
    })
}

/// Floats in one run of memory, cut towards zero; `None` for other types and layouts.
fn cut(pool: &Arc<Pool>, held: &Held, from: DType, to: DType) -> Option<Result<Block>> {
    fn all<A: Plain + Into<f64>, O: Plain>(
        pool: &Arc<Pool>,
        held: &Held,
        narrow: impl Fn(i64) -> O + Sync + Copy,
    ) -> Option<Result<Block>> {
        let from = held.flat::<A>()?;
        Some(fresh(pool, from.len(), |out| {
            threads::chunks(out, &|first, part| {
                for (out, from) in part.chunks_mut(GROUP).zip(from[first..].chunks(GROUP)) {
                    vectorize_or_compact!(O, |COMPACT| cut_group::<_, _, COMPACT>(from, out, narrow));
                }
            });
        }))
    }
    match (from, to) {
        (DType::F32, DType::I64) => all::<f32, i64>(pool, held, |v| v),
        (DType::F64, DType::I64) => all::<f64, i64>(pool, held, |v| v),
        (DType::F32, DType::I32) => all::<f32, i32>(pool, held, |v| v as i32),
        (DType::F64, DType::I32) => all::<f64, i32>(pool, held, |v| v as i32),
        (DType::F32, DType::U8) => all::<f32, u8>(pool, held, |v| v as u8),
        (DType::F64, DType::U8) => all::<f64, u8>(pool, held, |v| v as u8),
        _ => None,
    }
}

/// Floats that are cut together, all of them fast or all of them one by one.
const GROUP: usize = 512;

/// Floats cut towards zero. Few machines have an instruction for whole vectors; but below 2⁵¹ a float that is added
/// to 1.5·2⁵² leaves its integer in the sum's lower bits.
#[inline(always)]
fn cut_group<A: Plain + Into<f64>, O: Plain, const COMPACT: bool>(
    from: &[A],
    out: &mut [O],
    narrow: impl Fn(i64) -> O,
) {
    const LIMIT: f64 = (1u64 << 51) as f64;
    const SHIFT: f64 = 3.0 * LIMIT;
    let small = !COMPACT && from.iter().fold(true, |small, &v| small & (v.into().abs() < LIMIT));
    if small {
        for (o, &v) in out.iter_mut().zip(from) {
            let bits = (v.into().trunc() + SHIFT).to_bits() as i64;
            *o = narrow(bits.wrapping_sub(const { SHIFT.to_bits() as i64 }));
        }
    } else {
        out.iter_mut().zip(from).for_each(|(o, &v)| *o = narrow(opaque::<COMPACT, _>(v).into() as i64));
    }
}

#[cfg(test)]
mod tests {
    use tensor_core::{DType, HostData, RawTensor};

    /// Each alone among small ones, so that both ways are taken; the host's conversion is the measure.
    #[test]
    fn floats_are_cut_the_same_in_groups_and_alone() {
        let limit = (1u64 << 51) as f64;
        let mut odd: Vec<f64> = vec![0.5, -0.0, 1e-310, 3e9, 1e18, 1e19, 1e300, f64::INFINITY, f64::NAN];
        odd.extend([limit, limit - 0.5, limit - 1.0, limit - 1.5, limit + 2.0, limit * 2.0 + 1.0, 255.9]);
        for value in odd.into_iter().flat_map(|v| [v, -v]) {
            let mut values: Vec<f64> = (0..1500).map(|i| f64::from(i) * 0.37 - 200.0).collect();
            values[700] = value;
            for from in [DType::F32, DType::F64] {
                let data = HostData::F64(values.clone()).cast(from);
                let x = RawTensor::from_host(&data, values.len(), &crate::device()).expect("an upload");
                for to in [DType::I64, DType::I32, DType::U8] {
                    let got = x.cast(to).to_host().expect("a download");
                    assert_eq!(got, data.clone().cast(to), "{value} to {to}");
                }
            }
        }
    }
}
