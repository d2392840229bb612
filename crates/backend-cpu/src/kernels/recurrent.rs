//! The step of long short-term memory and its gradient, one pass each (the formulas are
//! [`tensor_core::recurrent`]'s). The gradient computes the gates again: that is less work than to keep them.

use super::{fresh, hold, packed, with_float};
use crate::math::Real;
use crate::simd::vectorize;
use crate::storage::{Block, Pool};
use crate::threads;
use std::sync::Arc;
use tensor_core::{DType, Result, View};

/// What the exponentials of a unit cost, in elements touched.
const COST: usize = 16;

#[inline(always)]
fn sigmoid<T: Real>(x: T) -> T {
    T::ONE / (T::ONE + (-x).exp())
}

/// The inputs of a row's step.
#[derive(Clone, Copy)]
struct Row<'a, T> {
    /// Projections of the input and of the hidden state, i, f, g and o one after the other.
    projections: [&'a [T]; 2],
    c: &'a [T],
}

impl<'a, T: Real> Row<'a, T> {
    fn of([input, hidden, c]: [&'a [T]; 3], row: usize, width: usize) -> Self {
        let projections = [input, hidden].map(|all| &all[row * 4 * width..][..4 * width]);
        Row { projections, c: &c[row * width..][..width] }
    }

    /// Calls `f` for each unit with its number, its gates i, f, g and o after their functions, and c and c'.
    #[inline(always)]
    fn units(self, mut f: impl FnMut(usize, [T; 4], [T; 2])) {
        let width = self.c.len();
        let [input, hidden] =
            self.projections.map(|all| std::array::from_fn::<_, 4, _>(|gate| &all[gate * width..][..width]));
        for j in 0..width {
            let gate = |i: usize| hidden[i][j] + input[i][j];
            let (i, forget, g, o) = (sigmoid(gate(0)), sigmoid(gate(1)), gate(2).tanh(), sigmoid(gate(3)));
            let c = self.c[j];
            f(j, [i, forget, g, o], [c, forget * c + i * g]);
        }
    }
}

/// h' and c' `[2, B, H]` of two projections `[B, 4·H]` and `c` `[B, H]`.
pub fn lstm_step(pool: &Arc<Pool>, input: View, hidden: View, c: View) -> Result<Block> {
    let (dtype, count, width) = (c.dtype(), c.layout.shape()[0], c.layout.shape()[1]);
    let held = [input, hidden, c].map(hold);
    with_float!(dtype, T => {
        let all = held.each_ref().map(packed::<T>);
        let all = all.each_ref().map(|part| &part[..]);
        fresh(pool, 2 * count * width, |out: &mut [T]| {
            let (h, next) = out.split_at_mut(count * width);
            let rows = h.chunks_mut(width.max(1)).zip(next.chunks_mut(width.max(1))).enumerate();
            threads::each(rows, COST * count * width, |(row, (h, next))| {
                vectorize(
                    #[inline(always)]
                    || {
                        let (h, next) = (&mut h[..width], &mut next[..width]);
                        Row::of(all, row, width).units(
                            #[inline(always)]
                            |j, [.., o], [_, c]| (h[j], next[j]) = (o * c.tanh(), c),
                        );
                    },
                );
            });
        })
    })
}

/// The gradients of either projection, and of `c`, from that of the state `[2, B, H]`.
pub fn lstm_step_grad(pool: &Arc<Pool>, [input, hidden, c]: [View; 3], grad: View) -> Result<(Block, Block)> {
    let (dtype, count, width) = (c.dtype(), c.layout.shape()[0], c.layout.shape()[1]);
    let (held, grad) = ([input, hidden, c].map(hold), hold(grad));
    with_float!(dtype, T => {
        let (all, grad) = (held.each_ref().map(packed::<T>), packed::<T>(&grad));
        let all = all.each_ref().map(|part| &part[..]);
        let (to_h, to_next) = grad.split_at(count * width);
        let mut gates = pool.take::<T>(4 * count * width)?;
        let to_c = fresh(pool, count * width, |to_c: &mut [T]| {
            let gates = gates.slice_mut::<T>(4 * count * width).chunks_mut(4 * width.max(1));
            let rows = gates.zip(to_c.chunks_mut(width.max(1))).enumerate();
            threads::each(rows, COST * count * width, |(row, (gates, to_c))| {
                let [to_h, to_next] = [to_h, to_next].map(|all| &all[row * width..][..width]);
                vectorize(
                    #[inline(always)]
                    || {
                        let (di, rest) = gates.split_at_mut(width);
                        let (df, rest) = rest.split_at_mut(width);
                        let (dg, dout) = rest.split_at_mut(width);
                        let (dout, to_c) = (&mut dout[..width], &mut to_c[..width]);
                        let (to_h, to_next) = (&to_h[..width], &to_next[..width]);
                        let slope = |s: T| s * (T::ONE - s);
                        Row::of(all, row, width).units(
                            #[inline(always)]
                            |j, [i, f, g, o], [c, next]| {
                                let (t, dh) = (next.tanh(), to_h[j]);
                                let dc = to_next[j] + dh * o * (T::ONE - t * t);
                                di[j] = dc * g * slope(i);
                                df[j] = dc * c * slope(f);
                                dg[j] = dc * i * (T::ONE - g * g);
                                dout[j] = dh * t * slope(o);
                                to_c[j] = dc * f;
                            },
                        );
                    },
                );
            });
        })?;
        Ok((gates, to_c))
    })
}
