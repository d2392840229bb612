//! Products of matrices, and the affine layer with its gradients.

use super::{fresh, hold, packed, pointwise, reduce, slopes, with_float};
use crate::gemm::{Epilogue, MatRef, SERIAL_WORK, Sizes, gemm};
use crate::storage::{Block, Pool};
use crate::threads;
use std::sync::Arc;
use tensor_core::{Activation, DType, Layout, Result, UnaryOp, View};

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
pub fn matmul(pool: &Arc<Pool>, a: View, b: View) -> Result<Block> {
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
                let product = |i: usize, out: &mut [T]| {
                    let i = i as isize;
                    let (a, b) = (matrix(x, la, i * la.strides()[0]), matrix(y, lb, i * lb.strides()[0]));
                    gemm(Sizes { m, n, k }, a, b, out, Epilogue::NONE);
                };
                let (each, work) = ((m * n).max(1), m * n * k);
                if work < SERIAL_WORK {
                    // Too small to be divided, so several go to each thread; a multiply-add is a fraction of an
                    // element touched.
                    threads::groups(out, each, each.max(work / 8), &product);
                } else {
                    out.chunks_mut(each).enumerate().for_each(|(i, out)| product(i, out));
                }
            })
        }),
    }
}

/// `act(x·wᵀ + b)`, bias and ReLU on the product's way out, other activations after it.
pub fn linear(pool: &Arc<Pool>, x: View, w: View, b: Option<View>, act: Option<Activation>) -> Result<Block> {
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
        })?;
        match act {
            Some(act) if !relu => {
                let layout = Layout::contiguous([m, n]);
                let from = (product.slice::<T>(m * n), &layout);
                fresh(pool, m * n, |out: &mut [T]| pointwise::activation(act, layout.shape(), from, out))
            }
            _ => Ok(product),
        }
    })
}

/// The gradients of [`linear`] that are wanted: of `x`, `w` and the bias.
pub fn linear_backward(
    pool: &Arc<Pool>,
    x: View,
    w: View,
    y: Option<(View, Activation)>,
    grad: View,
    wants: [bool; 3],
) -> Result<[Option<Block>; 3]> {
    let (rows, inputs, outputs) = (x.layout.shape()[0], x.layout.shape()[1], w.layout.shape()[0]);
    let (held_x, held_w, held_g) = (hold(x), hold(w), hold(grad));
    let through = y.map(|(y, act)| {
        slopes::unary_grad(pool, UnaryOp::Act(act), y, grad).expect("an activation's gradient has a kernel")
    });
    let through = through.transpose()?;
    let whole = Layout::contiguous([rows, outputs]);
    with_float!(grad.dtype(), T => {
        let ((x, lx), (w, lw)) = (held_x.of::<T>(), held_w.of::<T>());
        let (g, lg) = match &through {
            Some(block) => (block.slice::<T>(rows * outputs), &whole),
            None => held_g.of::<T>(),
        };
        let product = |size: Sizes, a, b| {
            fresh(pool, size.m * size.n, |out: &mut [T]| gemm(size, a, b, out, Epilogue::NONE))
        };
        let [to_x, to_w, to_b] = wants;
        Ok([
            to_x.then(|| {
                product(Sizes { m: rows, n: inputs, k: outputs }, matrix(g, lg, 0), matrix(w, lw, 0))
            })
            .transpose()?,
            to_w.then(|| {
                let turned = matrix(g, &lg.transpose(0, 1), 0);
                product(Sizes { m: outputs, n: inputs, k: rows }, turned, matrix(x, lx, 0))
            })
            .transpose()?,
            to_b.then(|| fresh(pool, outputs, |out: &mut [T]| reduce::sum_rows(g, lg, out))).transpose()?,
        ])
    })
}
