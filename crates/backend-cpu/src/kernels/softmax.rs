//! Softmax and cross-entropy, a row at a time, each row in one pass over the nearest cache. (Where a macro names the
//! type, `x.exp()` would be the system's; `Real::exp` is ours, the same on every machine.)

use super::reduce::{By, in_lanes};
use super::{fresh, hold, packed, with_float};
use crate::math::Real;
use crate::simd::{opaque, vectorize_or_compact};
use crate::storage::{Block, Pool};
use crate::threads;
use std::sync::Arc;
use tensor_core::{DType, Layout, Result, View};

/// The largest element. NaN need not win: the sum of exponentials is NaN then, and so is every result.
#[inline(always)]
fn largest<T: Real>(row: &[T]) -> T {
    in_lanes(row, By(-T::INFINITY, |m: T, v: T| if v > m { v } else { m }))
}

/// `exp(v − shift)` to `out`, and their sum in a fixed order of sixteen lanes.
#[inline(always)]
fn exponentials<T: Real, const COMPACT: bool>(row: &[T], shift: T, out: &mut [T]) -> T {
    for (o, &v) in out.iter_mut().zip(row) {
        *o = (opaque::<COMPACT, _>(v) - shift).exp();
    }
    lane_sum(out)
}

#[inline(always)]
fn lane_sum<T: Real>(row: &[T]) -> T {
    in_lanes(row, By(T::ZERO, |a: T, b: T| a + b))
}

/// Rows that are shorter than this are computed side by side.
const NARROW: usize = 32;

/// Softmax or its logarithm of every row, `x` being `[…, C]` packed.
fn softmax_rows<T: Real>(x: &[T], width: usize, out: &mut [T], log: bool) {
    if width < NARROW {
        // As many as fill one or two vectors.
        return if size_of::<T>() == size_of::<f32>() {
            narrow_rows::<T, 16>(x, width, out, log)
        } else {
            narrow_rows::<T, 4>(x, width, out, log)
        };
    }
    threads::groups(out, width, 8 * width, &|index, out| {
        vectorize_or_compact!(T, |COMPACT| {
            let row = &x[index * width..][..width];
            let shift = largest(row);
            let sum = exponentials::<T, COMPACT>(row, shift, out);
            if log {
                let ln = sum.ln();
                for (o, &v) in out.iter_mut().zip(row) {
                    *o = (opaque::<COMPACT, _>(v) - shift) - ln;
                }
            } else {
                for o in out {
                    *o = opaque::<COMPACT, _>(*o) / sum;
                }
            }
        });
    });
}

/// [`softmax_rows`] of rows below [`NARROW`], `N` at a time.
fn narrow_rows<T: Real, const N: usize>(x: &[T], width: usize, out: &mut [T], log: bool) {
    let size = N * width;
    threads::groups(out, size, 8 * size, &|index, out| {
        let x = &x[index * size..][..out.len()];
        vectorize_or_compact!(T, |COMPACT| abreast::<T, N, COMPACT>(x, width, out, log));
    });
}

/// Softmax or its logarithm of up to `N` rows: turned, so that each is a lane of one vector. A row of a
/// few classes alone would leave most of a vector empty.
#[inline(always)]
fn abreast<T: Real, const N: usize, const COMPACT: bool>(x: &[T], width: usize, out: &mut [T], log: bool) {
    let mut turned = [[T::ZERO; N]; NARROW];
    let turned = &mut turned[..width];
    for (column, lanes) in turned.iter_mut().enumerate() {
        for (lane, row) in lanes.iter_mut().zip(x.chunks_exact(width)) {
            *lane = row[column];
        }
    }
    let mut shift = [-T::INFINITY; N];
    for lanes in &*turned {
        for (m, &v) in shift.iter_mut().zip(lanes) {
            *m = if v <= *m { *m } else { v };
        }
    }
    let mut sum = [T::ZERO; N];
    for lanes in &mut *turned {
        for ((v, &shift), sum) in lanes[..opaque::<COMPACT, _>(N)].iter_mut().zip(&shift).zip(&mut sum) {
            let shifted = opaque::<COMPACT, _>(*v) - shift;
            let e = shifted.exp();
            *sum += e;
            *v = if log { shifted } else { e };
        }
    }
    let mut ln = sum;
    for ln in &mut ln[..opaque::<COMPACT, _>(N)] {
        *ln = opaque::<COMPACT, _>(*ln).ln();
    }
    for lanes in &mut *turned {
        for ((v, &ln), &sum) in lanes[..opaque::<COMPACT, _>(N)].iter_mut().zip(&ln).zip(&sum) {
            *v = if log { opaque::<COMPACT, _>(*v) - ln } else { *v / sum };
        }
    }
    for (column, lanes) in turned.iter().enumerate() {
        for (lane, row) in lanes.iter().zip(out.chunks_exact_mut(width)) {
            row[column] = *lane;
        }
    }
}

/// Whether `axis` is the last, so that rows are runs.
fn is_last(layout: &Layout, axis: usize) -> bool {
    axis + 1 == layout.rank()
}

/// Softmax along the last axis; `None` for another, which is composed.
pub fn softmax(pool: &Arc<Pool>, x: View, axis: usize, log: bool) -> Option<Result<Block>> {
    let width = *x.layout.shape().last()?;
    if !is_last(x.layout, axis) || width == 0 {
        return None;
    }
    let held = hold(x);
    Some(with_float!(x.dtype(), T => {
        let flat = packed::<T>(&held);
        fresh(pool, flat.len(), |out: &mut [T]| softmax_rows(&flat, width, out, log))
    }))
}

/// The gradient of [`softmax`] along the last axis.
pub fn softmax_grad(pool: &Arc<Pool>, y: View, grad: View, axis: usize, log: bool) -> Option<Result<Block>> {
    let width = *y.layout.shape().last()?;
    if !is_last(y.layout, axis) || width == 0 {
        return None;
    }
    let (held_y, held_g) = (hold(y), hold(grad));
    Some(with_float!(y.dtype(), T => {
        let (y, g) = (packed::<T>(&held_y), packed::<T>(&held_g));
        fresh(pool, y.len(), |out: &mut [T]| threads::groups(out, width, 8 * width, &|index, out| {
            vectorize_or_compact!(T, |COMPACT| {
                let (y, g) = (&y[index * width..][..width], &g[index * width..][..width]);
                if log {
                    let sum = lane_sum(g);
                    for ((o, &y), &g) in out.iter_mut().zip(y).zip(g) {
                        *o = g - Real::exp(opaque::<COMPACT, _>(y)) * sum;
                    }
                } else {
                    for ((o, &y), &g) in out.iter_mut().zip(y).zip(g) {
                        *o = opaque::<COMPACT, _>(y) * g;
                    }
                    let sum = lane_sum(out);
                    for ((o, &y), &g) in out.iter_mut().zip(y).zip(g) {
                        *o = opaque::<COMPACT, _>(y) * (g - sum);
                    }
                }
            });
        }))
    }))
}

/// Target classes, row-major.
fn classes(target: View) -> Vec<usize> {
    let held = hold(target);
    match target.dtype() {
        DType::I32 => packed::<i32>(&held).iter().map(|&c| c as usize).collect(),
        _ => packed::<i64>(&held).iter().map(|&c| c as usize).collect(),
    }
}

/// Log-probabilities and the mean negative one of the targets.
pub fn cross_entropy(pool: &Arc<Pool>, x: View, target: View) -> Result<(Block, Block)> {
    let (rows, width) = (x.layout.shape()[0], x.layout.shape()[1]);
    let target = classes(target);
    let held = hold(x);
    with_float!(x.dtype(), T => {
        let flat = packed::<T>(&held);
        let log_p = fresh(pool, flat.len(), |out: &mut [T]| softmax_rows(&flat, width, out, true))?;
        let loss = {
            let p = log_p.slice::<T>(flat.len());
            let picked: Vec<T> = target.iter().enumerate().map(|(row, &c)| p[row * width + c]).collect();
            -(lane_sum(&picked) / T::of(rows as f64))
        };
        Ok((log_p, fresh(pool, 1, |out: &mut [T]| out[0] = loss)?))
    })
}

/// How many rows make a piece of work that fills vectors.
fn rows_at_a_time(width: usize) -> usize {
    (1024 / width.max(1)).max(1)
}

/// The gradient of [`cross_entropy`].
pub fn cross_entropy_grad(pool: &Arc<Pool>, log_p: View, target: View, grad: View) -> Result<Block> {
    let (rows, width) = (log_p.layout.shape()[0], log_p.layout.shape()[1]);
    let target = classes(target);
    let (held, held_g) = (hold(log_p), hold(grad));
    with_float!(log_p.dtype(), T => {
        let p = packed::<T>(&held);
        let scale = packed::<T>(&held_g)[0] / T::of(rows as f64);
        // Many short rows at a time: an exponential does not care whose row it is.
        let (rows, size) = (rows_at_a_time(width), rows_at_a_time(width) * width);
        fresh(pool, p.len(), |out: &mut [T]| threads::groups(out, size, 8 * size, &|index, out| {
            let p = &p[index * size..][..out.len()];
            vectorize_or_compact!(T, |COMPACT| {
                for (o, &p) in out.iter_mut().zip(p) {
                    *o = Real::exp(opaque::<COMPACT, _>(p)) * scale;
                }
            });
            for (row, &class) in out.chunks_exact_mut(width).zip(&target[index * rows..]) {
                row[class] -= scale;
            }
        }))
    })
}
