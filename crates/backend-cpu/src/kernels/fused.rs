//! What networks do in one breath: products, softmax, cross-entropy, pixels.

use super::{fresh, hold, packed, with_float};
use crate::gemm::{Epilogue, MatRef, Sizes, gemm};
use crate::math::Real;
use crate::simd::vectorize;
use crate::storage::{Block, Pool};
use crate::threads;
use std::sync::Arc;
use tensor_core::{Activation, DType, Layout, View};

fn matrix<'a, T>(data: &'a [T], layout: &Layout, offset: isize) -> MatRef<'a, T> {
    let axis = layout.rank() - 2;
    MatRef {
        data,
        offset: (layout.offset() as isize + offset) as usize,
        row_stride: layout.strides()[axis],
        col_stride: layout.strides()[axis + 1],
    }
}

/// `[B, M, K] · [B, K, N]`; integers by plain loops, floats by the blocked product.
pub fn matmul(pool: &Arc<Pool>, a: View, b: View) -> Block {
    let (la, lb) = (a.layout, b.layout);
    let (batch, m, k, n) = (la.shape()[0], la.shape()[1], la.shape()[2], lb.shape()[2]);
    let (held_a, held_b) = (hold(a), hold(b));
    macro_rules! integers {
        ($T:ty) => {{
            let (x, y) = (packed::<$T>(&held_a), packed::<$T>(&held_b));
            fresh(pool, batch * m * n, |out: &mut [$T]| {
                out.fill(0);
                for (row, out) in out.chunks_mut(n.max(1)).enumerate() {
                    let (i, bi) = (row % m, row / m);
                    for p in 0..k {
                        let v = x[(bi * m + i) * k + p];
                        for (o, &w) in out.iter_mut().zip(&y[(bi * k + p) * n..]) {
                            *o = o.wrapping_add(v.wrapping_mul(w));
                        }
                    }
                }
            })
        }};
    }
    match a.dtype() {
        DType::I32 => integers!(i32),
        DType::I64 => integers!(i64),
        DType::U8 | DType::Bool => integers!(u8),
        dtype => with_float!(dtype, T => {
            let ((x, _), (y, _)) = (held_a.of::<T>(), held_b.of::<T>());
            fresh(pool, batch * m * n, |out: &mut [T]| {
                for (i, out) in out.chunks_mut((m * n).max(1)).enumerate() {
                    let i = i as isize;
                    let (a, b) = (matrix(x, la, i * la.strides()[0]), matrix(y, lb, i * lb.strides()[0]));
                    gemm(Sizes { m, n, k }, a, b, out, Epilogue::NONE);
                }
            })
        }),
    }
}

/// `act(x·wᵀ + b)`, bias and ReLU on the product's way out, other activations after it.
pub fn linear(pool: &Arc<Pool>, x: View, w: View, b: Option<View>, act: Option<Activation>) -> Block {
    let (lx, lw) = (x.layout, w.layout.transpose(0, 1));
    let (m, k, n) = (lx.shape()[0], lx.shape()[1], lw.shape()[1]);
    let (held_x, held_w, held_b) = (hold(x), hold(w), b.map(hold));
    with_float!(x.dtype(), T => {
        let ((x, _), (w, _)) = (held_x.of::<T>(), held_w.of::<T>());
        let bias = held_b.as_ref().map(packed::<T>);
        let relu = act == Some(Activation::Relu);
        let epilogue = Epilogue { bias: bias.as_deref(), relu };
        let product = fresh(pool, m * n, |out: &mut [T]| {
            gemm(Sizes { m, n, k }, matrix(x, lx, 0), matrix(w, &lw, 0), out, epilogue);
        });
        match act {
            Some(act) if !relu => {
                let layout = Layout::contiguous([m, n]);
                let from = (product.slice::<T>(m * n), &layout);
                fresh(pool, m * n, |out: &mut [T]| super::pointwise::activation(act, layout.shape(), from, out))
            }
            _ => product,
        }
    })
}

/// The largest element, NaN if any is.
#[inline(always)]
fn largest<T: Real>(row: &[T]) -> T {
    row.iter().fold(-T::INFINITY, |m, &v| if v <= m { m } else { v })
}

/// `exp(v − shift)` to `out`, and their sum in a fixed order of sixteen lanes.
#[inline(always)]
fn exponentials<T: Real>(row: &[T], shift: T, out: &mut [T]) -> T {
    for (o, &v) in out.iter_mut().zip(row) {
        *o = (v - shift).exp();
    }
    lane_sum(out)
}

#[inline(always)]
fn lane_sum<T: Real>(row: &[T]) -> T {
    let mut lanes = [T::ZERO; 16];
    for chunk in row.chunks(16) {
        for (lane, &v) in lanes.iter_mut().zip(chunk) {
            *lane += v;
        }
    }
    let mut width = 16;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
    }
    lanes[0]
}

/// Softmax or its logarithm of every row, `x` being `[…, C]` packed.
fn softmax_rows<T: Real>(x: &[T], width: usize, out: &mut [T], log: bool) {
    threads::groups(out, width, 8 * width, |index, out| {
        vectorize(
            #[inline(always)]
            || {
                let row = &x[index * width..][..width];
                let shift = largest(row);
                let sum = exponentials(row, shift, out);
                if log {
                    let ln = sum.ln();
                    for (o, &v) in out.iter_mut().zip(row) {
                        *o = (v - shift) - ln;
                    }
                } else {
                    for o in out {
                        *o = *o / sum;
                    }
                }
            },
        );
    });
}

/// Whether `axis` is the last, so that rows are runs.
fn is_last(layout: &Layout, axis: usize) -> bool {
    axis + 1 == layout.rank()
}

/// Softmax along the last axis; `None` for another, which is composed.
pub fn softmax(pool: &Arc<Pool>, x: View, axis: usize, log: bool) -> Option<Block> {
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
pub fn softmax_grad(pool: &Arc<Pool>, y: View, grad: View, axis: usize, log: bool) -> Option<Block> {
    let width = *y.layout.shape().last()?;
    if !is_last(y.layout, axis) || width == 0 {
        return None;
    }
    let (held_y, held_g) = (hold(y), hold(grad));
    Some(with_float!(y.dtype(), T => {
        let (y, g) = (packed::<T>(&held_y), packed::<T>(&held_g));
        fresh(pool, y.len(), |out: &mut [T]| threads::groups(out, width, 8 * width, |index, out| {
            vectorize(#[inline(always)] || {
                let (y, g) = (&y[index * width..][..width], &g[index * width..][..width]);
                if log {
                    let sum = lane_sum(g);
                    for ((o, &y), &g) in out.iter_mut().zip(y).zip(g) {
                        *o = g - y.exp() * sum;
                    }
                } else {
                    for ((o, &y), &g) in out.iter_mut().zip(y).zip(g) {
                        *o = y * g;
                    }
                    let sum = lane_sum(out);
                    for ((o, &y), &g) in out.iter_mut().zip(y).zip(g) {
                        *o = y * (g - sum);
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
pub fn cross_entropy(pool: &Arc<Pool>, x: View, target: View) -> (Block, Block) {
    let (rows, width) = (x.layout.shape()[0], x.layout.shape()[1]);
    let target = classes(target);
    let held = hold(x);
    with_float!(x.dtype(), T => {
        let flat = packed::<T>(&held);
        let log_p = fresh(pool, flat.len(), |out: &mut [T]| softmax_rows(&flat, width, out, true));
        let loss = {
            let p = log_p.slice::<T>(flat.len());
            let picked: Vec<T> = target.iter().enumerate().map(|(row, &c)| p[row * width + c]).collect();
            -(lane_sum(&picked) / T::of(rows as f64))
        };
        (log_p, fresh(pool, 1, |out: &mut [T]| out[0] = loss))
    })
}

/// The gradient of [`cross_entropy`].
pub fn cross_entropy_grad(pool: &Arc<Pool>, log_p: View, target: View, grad: View) -> Block {
    let (rows, width) = (log_p.layout.shape()[0], log_p.layout.shape()[1]);
    let target = classes(target);
    let (held, held_g) = (hold(log_p), hold(grad));
    with_float!(log_p.dtype(), T => {
        let p = packed::<T>(&held);
        let scale = packed::<T>(&held_g)[0] / T::of(rows as f64);
        fresh(pool, p.len(), |out: &mut [T]| threads::groups(out, width, 8 * width, |row, out| {
            vectorize(#[inline(always)] || {
                for (o, &p) in out.iter_mut().zip(&p[row * width..][..width]) {
                    *o = p.exp() * scale;
                }
            });
            out[target[row]] -= scale;
        }))
    })
}

/// `(x/255 − mean)/std` of bytes, by a table of the 256 possible results.
pub fn normalize(pool: &Arc<Pool>, x: View, mean: f32, std: f32) -> Option<Block> {
    if x.dtype() != DType::U8 {
        return None;
    }
    let table: [f32; 256] = std::array::from_fn(|v| (v as f32 / 255.0 - mean) / std);
    let held = hold(x);
    Some(fresh(pool, x.numel(), |out: &mut [f32]| {
        crate::walk::map(x.layout.shape(), held.of::<u8>(), out, |v| table[v as usize]);
    }))
}
