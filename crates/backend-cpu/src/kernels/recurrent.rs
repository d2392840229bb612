//! The step of long short-term memory and its gradient, one pass each (the formulas are
//! [`tensor_core::recurrent`]'s). The gradient computes the gates again: that is less work than to keep them.

use super::{fresh, hold, packed, with_float};
use crate::math::{Real, sigmoid};
use crate::simd::{opaque, vectorize_or_compact};
use crate::storage::{Block, Pool, scratch};
use crate::threads;
use std::sync::Arc;
use tensor_core::{DType, Result, View};

/// What the exponentials of a unit cost, in elements touched.
const COST: usize = 16;

/// What a row's step computes on its way, `width` numbers each: the gates after their functions, c', and tanh of it.
struct Step<'a, T> {
    gates: [&'a mut [T]; 4],
    next: &'a mut [T],
    tanh: &'a mut [T],
}

/// Rows of [`Step`].
const PARTS: usize = 6;

impl<'a, T: Real> Step<'a, T> {
    #[inline(never)]
    fn new(all: [&[T]; 3], row: usize, room: &'a mut [T]) -> Self {
        vectorize_or_compact!(T, |COMPACT| Self::computed::<COMPACT>(all, row, room))
    }

    /// Loops of few operands each: the compiler gives up on vectors where it would have to tell many apart.
    #[inline(always)]
    fn computed<const COMPACT: bool>([input, hidden, c]: [&[T]; 3], row: usize, room: &'a mut [T]) -> Self {
        let width = room.len() / PARTS;
        let mut parts = room.chunks_exact_mut(width);
        let mut part = || parts.next().expect("a row for each part");
        let (mut gates, next, tanh) = ([part(), part(), part(), part()], part(), part());
        for (gate, out) in gates.iter_mut().enumerate() {
            let of = |all: &'_ [T]| (row * 4 + gate) * width..all.len();
            let sums =
                hidden[of(hidden)].iter().zip(&input[of(input)]).map(|(&h, &x)| opaque::<COMPACT, _>(h) + x);
            match gate {
                2 => out.iter_mut().zip(sums).for_each(|(o, v)| *o = v.tanh()),
                _ => out.iter_mut().zip(sums).for_each(|(o, v)| *o = sigmoid(v)),
            }
        }
        let [i, f, g, _] = gates.each_ref();
        let kept = f.iter().zip(&c[row * width..]).map(|(&f, &c)| opaque::<COMPACT, _>(f) * c);
        let new = i.iter().zip(g.iter()).map(|(&i, &g)| i * g);
        next.iter_mut().zip(kept.zip(new)).for_each(|(o, (kept, new))| *o = kept + new);
        tanh.iter_mut().zip(&*next).for_each(|(o, &c)| *o = opaque::<COMPACT, _>(c).tanh());
        Step { gates, next, tanh }
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
            threads::each(rows, COST * count * width, &|(row, (h, next))| {
                scratch(PARTS * width, |room| {
                    let step = Step::new(all, row, room);
                    next.copy_from_slice(step.next);
                    let factors = step.gates[3].iter().zip(&*step.tanh);
                    h.iter_mut().zip(factors).for_each(|(h, (&o, &t))| *h = o * t);
                });
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
        let mut gates = pool.take::<T>(4 * count * width)?;
        let to_c = fresh(pool, count * width, |to_c: &mut [T]| {
            let gates = gates.slice_mut::<T>(4 * count * width).chunks_mut(4 * width.max(1));
            let rows = gates.zip(to_c.chunks_mut(width.max(1))).enumerate();
            threads::each(rows, COST * count * width, &|(row, (gates, to_c))| {
                let [dh, dc] = [row, count + row].map(|row| &grad[row * width..][..width]);
                let c = &all[2][row * width..][..width];
                scratch(PARTS * width, |room| {
                    let step = Step::new(all, row, room);
                    vectorize_or_compact!(T, |COMPACT| back::<T, COMPACT>(step, c, [dh, dc], gates, to_c));
                });
            });
        })?;
        Ok((gates, to_c))
    })
}

/// A row's gradients from those of h' and c'.
#[inline(always)]
fn back<T: Real, const COMPACT: bool>(
    step: Step<T>,
    c: &[T],
    [dh, dc]: [&[T]; 2],
    gates: &mut [T],
    to_c: &mut [T],
) {
    let Step { gates: [i, f, g, o], next: through, tanh } = step;
    let outer = dh.iter().zip(&*o).zip(&*tanh).map(|((&dh, &o), &t)| dh * o * (T::ONE - t * t));
    through
        .iter_mut()
        .zip(dc.iter().zip(outer))
        .for_each(|(o, (&dc, outer))| *o = opaque::<COMPACT, _>(dc) + outer);
    let slope = |s: T| s * (T::ONE - s);
    let width = c.len();
    let mut parts = gates.chunks_exact_mut(width);
    let mut part = || parts.next().expect("four gates").iter_mut();
    part()
        .zip(&*through)
        .zip(&*g)
        .zip(&*i)
        .for_each(|(((o, &dc), &g), &i)| *o = opaque::<COMPACT, _>(dc) * g * slope(i));
    part()
        .zip(&*through)
        .zip(c)
        .zip(&*f)
        .for_each(|(((o, &dc), &c), &f)| *o = opaque::<COMPACT, _>(dc) * c * slope(f));
    part()
        .zip(&*through)
        .zip(&*i)
        .zip(&*g)
        .for_each(|(((o, &dc), &i), &g)| *o = opaque::<COMPACT, _>(dc) * i * (T::ONE - g * g));
    part()
        .zip(dh)
        .zip(&*tanh)
        .zip(&*o)
        .for_each(|(((out, &dh), &t), &o)| *out = opaque::<COMPACT, _>(dh) * t * slope(o));
    to_c.iter_mut().zip(&*through).zip(&*f).for_each(|((o, &dc), &f)| *o = opaque::<COMPACT, _>(dc) * f);
}
