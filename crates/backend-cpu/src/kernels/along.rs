//! Along one dimension: where the extreme element stands, and running sums.
//!
//! Runs that lie in one piece are searched one by one, columns side by side in vectors. Each run's elements are
//! taken in their order, so neither the layout nor the number of threads shows in a result.

use super::reduce::Reduced;
use super::{fresh, hold, packed, with_float, with_type};
use crate::simd::{opaque, vectorize_or_compact};
use crate::storage::{Block, Plain, Pool};
use crate::threads;
use std::sync::Arc;
use tensor_core::{ArgOp, Axes, DType, ReduceOp, Result, ScanOp, View};

/// Columns that are searched side by side.
const ABREAST: usize = 256;

/// Whether `v` takes the place of `best`: it is more extreme, or the first NaN, which is more so than anything.
#[inline(always)]
#[expect(clippy::eq_op, reason = "x != x is the test for NaN, and false for integers")]
fn takes<T: Plain + PartialOrd>(op: ArgOp, v: T, best: T) -> bool {
    let more = match op {
        ArgOp::Max => v > best,
        ArgOp::Min => v < best,
    };
    (more | (v != v)) & (best == best)
}

/// The first extreme element of a run.
fn first_extreme<T: Reduced + PartialOrd>(op: ArgOp, run: &[T]) -> usize {
    const CHUNK: usize = 64;
    let best = match op {
        ArgOp::Max => T::by(ReduceOp::Max).run(run),
        ArgOp::Min => T::by(ReduceOp::Min).run(run),
    };
    #[expect(clippy::eq_op, reason = "NaN is what differs from itself")]
    let is_best = |v: T| v == best || (v != v && best != best);
    // A whole chunk is asked at a time, which vectors do.
    let chunk = run.chunks(CHUNK).position(|chunk| {
        vectorize_or_compact!(T, |COMPACT| chunk
            .iter()
            .fold(false, |found, &v| found | is_best(opaque::<COMPACT, _>(v))))
    });
    let first = chunk.unwrap_or(0) * CHUNK;
    first + run[first..].iter().position(|&v| is_best(v)).unwrap_or(0)
}

/// The first extreme element of each of as many columns as `out` has places, from `data[at]` on; `stride` from
/// one row to the next.
#[inline(always)]
fn columns<T: Plain + PartialOrd, const COMPACT: bool>(
    op: ArgOp,
    data: &[T],
    at: usize,
    stride: isize,
    out: &mut [i32],
    len: usize,
) {
    let mut best = [data[at]; ABREAST];
    let best = &mut best[..out.len()];
    best.copy_from_slice(&data[at..][..out.len()]);
    out.fill(0);
    for i in 1..len {
        let row = &data[(at as isize + i as isize * stride) as usize..][..out.len()];
        for ((o, best), &v) in out.iter_mut().zip(&mut *best).zip(row) {
            let better = takes(op, opaque::<COMPACT, _>(v), *best);
            *o = if better { i as i32 } else { *o };
            *best = if better { v } else { *best };
        }
    }
}

/// Index along `axis` of the first extreme element; NaN is more extreme than anything.
pub fn arg_reduce(pool: &Arc<Pool>, op: ArgOp, x: View, axis: usize) -> Result<Block> {
    let len = x.layout.shape().get(axis).copied().unwrap_or(1);
    let held = hold(x);
    fresh(pool, x.numel() / len.max(1), |out: &mut [i32]| {
        if x.layout.rank() == 0 || len == 0 {
            return out.fill(0);
        }
        let layout = x.layout.axes_last(Axes::one(axis));
        let (stride, outer) = (layout.strides()[layout.rank() - 1], layout.select(layout.rank() - 1, 0));
        let starts: Vec<usize> = outer.indices().collect();
        // Neighbours in the result whose runs start side by side.
        let side = match (outer.shape().last(), outer.strides().last()) {
            (Some(&size), Some(1)) if stride != 1 => size,
            _ => 1,
        };
        with_type!(x.dtype(), T => {
            let (data, _) = held.of::<T>();
            if side > 1 {
                // No group may reach from one run of neighbours into the next.
                let fits = |w: &usize| starts.len() == side || side.is_multiple_of(*w);
                let width = (1..=side.min(ABREAST)).rev().find(fits).unwrap_or(1);
                threads::groups(out, width, len * width, &|index, out| {
                    vectorize_or_compact!(T, |COMPACT| columns::<T, COMPACT>(op, data, starts[index * width], stride, out, len));
                });
            } else {
                threads::groups(out, 1, len, &|index, out| {
                    let start = starts[index];
                    out[0] = if stride == 1 {
                        first_extreme(op, &data[start..][..len]) as i32
                    } else {
                        let at = |i: usize| data[(start as isize + i as isize * stride) as usize];
                        first_extreme(op, &(0..len).map(at).collect::<Vec<T>>()) as i32
                    };
                });
            }
        });
    })
}

/// The running reduction along `axis`, element after element.
pub fn scan(pool: &Arc<Pool>, op: ScanOp, x: View, axis: usize) -> Result<Block> {
    let shape = x.layout.shape();
    let len = shape.get(axis).copied().unwrap_or(1);
    let inner: usize = shape.iter().skip(axis + 1).product();
    let held = hold(x);
    macro_rules! running {
        ($T:ty, $add:expr, $mul:expr) => {{
            let flat = packed::<$T>(&held);
            fresh(pool, flat.len(), |out: &mut [$T]| match op {
                ScanOp::Sum => scans(&flat, len, inner, out, $add),
                ScanOp::Prod => scans(&flat, len, inner, out, $mul),
            })
        }};
    }
    match x.dtype() {
        DType::I32 => running!(i32, i32::wrapping_add, i32::wrapping_mul),
        DType::I64 => running!(i64, i64::wrapping_add, i64::wrapping_mul),
        dtype => with_float!(dtype, T => running!(T, |a: T, b: T| a + b, |a: T, b: T| a * b)),
    }
}

/// `x` and `out` being `[…, len, inner]`.
fn scans<T: Plain>(x: &[T], len: usize, inner: usize, out: &mut [T], join: impl Fn(T, T) -> T + Copy + Sync) {
    let size = len * inner;
    threads::groups(out, size, size, &|index, out| {
        let x = &x[index * size..][..out.len()];
        vectorize_or_compact!(T, |COMPACT| {
            if inner == 1 {
                let mut total = x[0];
                out[0] = total;
                for (o, &v) in out[1..].iter_mut().zip(&x[1..]) {
                    total = join(total, opaque::<COMPACT, _>(v));
                    *o = total;
                }
                return;
            }
            out[..inner].copy_from_slice(&x[..inner]);
            for at in (inner..out.len()).step_by(inner) {
                let (done, rest) = out.split_at_mut(at);
                let before = &done[at - inner..];
                for ((o, &total), &v) in rest.iter_mut().zip(before).zip(&x[at..][..inner]) {
                    *o = join(total, opaque::<COMPACT, _>(v));
                }
            }
        });
    });
}
