//! Optimizer steps, one pass over all parameters, with PyTorch's roundings.
//!
//! Rates are doubles rounded once to the element type; `axpy(x, y, s) = fma(y, s, x)`,
//! `lerp(x, y, w) = fma(w, y − x, x)` for |w| < ½ and `fma(−(y − x), 1 − w, y)` else,
//! `addcmul(x, a, b, s) = fma(s·a, b, x)`, `addcdiv(x, a, b, s) = x + (s·a)/b`.
//!
//! Invariant: no loop asks for a setting; each has the loop that it needs. A condition within would leave it to the
//! compiler's mood whether a loop becomes one of vectors.

use super::{Held, hold, packed};
use crate::math::Real;
use crate::simd::{opaque, vectorize_or_compact};
use crate::storage::{CpuStorage, Open};
use crate::threads;
use tensor_core::{Buffer, DType, OptimSlot, OptimStep};

/// Elements of a parameter below which it is one piece.
const PIECE: usize = 1 << 10;

/// A piece of a parameter, its gradient, and the same piece of each state; states not in use are empty.
type Piece<'a, T> = (&'a mut [T], &'a [T], [&'a mut [T]; 3]);

/// One optimizer step over many parameters: all of one type in a single parallel region.
pub fn optim_step(step: OptimStep, slots: &[OptimSlot]) {
    let of = |dtype| slots.iter().filter(move |slot| slot.param.dtype() == dtype);
    run::<f32>(step, of(DType::F32));
    run::<f64>(step, of(DType::F64));
}

fn run<'a, T: Real>(step: OptimStep, slots: impl Iterator<Item = &'a OptimSlot<'a>> + Clone) {
    let held: Vec<Held> = slots.clone().map(|slot| hold(slot.grad)).collect();
    let grads: Vec<_> = held.iter().map(packed::<T>).collect();
    let mut opened: Vec<(Open, Vec<Open>)> = slots
        .map(|slot| {
            let open = |buffer: &'a Buffer| buffer.storage::<CpuStorage>().open();
            (open(slot.param), slot.state.iter().copied().map(open).collect())
        })
        .collect();
    // Each parameter falls into as many parts as there are threads, as in the products that made its gradient and
    // will use it: what a thread needs is in its cache.
    let threads = threads::num_threads();
    let mut parts: Vec<Vec<Piece<T>>> = (0..threads).map(|_| Vec::with_capacity(held.len())).collect();
    for ((param, states), grad) in opened.iter_mut().zip(&grads) {
        let len = grad.len();
        let piece = len.div_ceil(threads).max(PIECE);
        let mut states = states.iter_mut().map(|state| state.slice_mut::<T>(len).chunks_mut(piece));
        let mut states: [_; 3] = std::array::from_fn(|_| states.next());
        let pieces = param.slice_mut::<T>(len).chunks_mut(piece).zip(grad.chunks(piece));
        for ((p, g), part) in pieces.zip(&mut parts) {
            part.push((
                p,
                g,
                states.each_mut().map(|s| s.as_mut().and_then(Iterator::next).unwrap_or_default()),
            ));
        }
    }
    let work = grads.iter().map(|g| g.len()).sum();
    let penalty = penalty(step);
    let wd = T::of(penalty);
    threads::each(parts.into_iter(), work, &|pieces| {
        for piece in pieces {
            vectorize_or_compact!(T, |COMPACT| if penalty == 0.0 {
                update::<T, COMPACT, false>(step, wd, piece);
            } else {
                update::<T, COMPACT, true>(step, wd, piece);
            });
        }
    });
}

/// `lerp(x, y, weight)`, PyTorch's two formulas as one.
#[derive(Clone, Copy)]
struct Lerp<T> {
    factor: T,
    from_x: bool,
}

impl<T: Real> Lerp<T> {
    #[inline(always)]
    fn new(weight: f64) -> Self {
        let from_x = weight < 0.5;
        Lerp { factor: if from_x { T::of(weight) } else { -(T::ONE - T::of(weight)) }, from_x }
    }

    #[inline(always)]
    fn of(self, x: T, y: T) -> T {
        self.factor.fma(y - x, if self.from_x { x } else { y })
    }
}

/// `s·decay + (1 − decay)·g²`
#[inline(always)]
fn mean_square<T: Real>(s: T, g: T, decay: T, rest: T) -> T {
    (rest * g).fma(g, s * decay)
}

/// The factor of the L2 penalty, whose gradient is part of the gradient.
fn penalty(step: OptimStep) -> f64 {
    match step {
        OptimStep::Adam { decoupled: true, .. } => 0.0,
        OptimStep::Sgd { weight_decay, .. }
        | OptimStep::Adam { weight_decay, .. }
        | OptimStep::RmsProp { weight_decay, .. }
        | OptimStep::Adagrad { weight_decay, .. }
        | OptimStep::Adadelta { weight_decay, .. }
        | OptimStep::Adamax { weight_decay, .. }
        | OptimStep::NAdam { weight_decay, .. }
        | OptimStep::RAdam { weight_decay, .. } => weight_decay,
    }
}

/// A step of a piece, its gradient's penalty being `wd` times the parameter if it is `PENALIZED`.
#[inline(always)]
fn update<T: Real, const COMPACT: bool, const PENALIZED: bool>(
    step: OptimStep,
    wd: T,
    (p, g, [a, b, c]): Piece<T>,
) {
    let each = p.iter_mut().zip(g).map(|(p, &g)| {
        let g = opaque::<COMPACT, _>(g);
        let g = if PENALIZED { p.fma(wd, g) } else { g };
        (p, g)
    });
    match step {
        OptimStep::Sgd { lr, momentum, dampening, nesterov, first, weight_decay: _ } => {
            let (mu, keep, rate) = (T::of(momentum), T::of(1.0 - dampening), T::of(-lr));
            if momentum == 0.0 {
                for (p, g) in each {
                    *p = g.fma(rate, *p);
                }
                return;
            }
            let each = each.zip(a);
            match (first, nesterov) {
                (false, false) => {
                    for ((p, g), buf) in each {
                        *buf = g.fma(keep, *buf * mu);
                        *p = buf.fma(rate, *p);
                    }
                }
                (false, true) => {
                    for ((p, g), buf) in each {
                        *buf = g.fma(keep, *buf * mu);
                        *p = buf.fma(mu, g).fma(rate, *p);
                    }
                }
                (true, false) => {
                    for ((p, g), buf) in each {
                        *buf = g;
                        *p = g.fma(rate, *p);
                    }
                }
                (true, true) => {
                    for ((p, g), buf) in each {
                        *buf = g;
                        *p = g.fma(mu, g).fma(rate, *p);
                    }
                }
            }
        }
        OptimStep::Adam { lr, betas: (b1, b2), eps, weight_decay, decoupled, amsgrad, corrections } => {
            // To multiply by 1 changes nothing.
            let shrink = T::of(if decoupled { 1.0 - lr * weight_decay } else { 1.0 });
            let (mean, beta2, rest) = (Lerp::new(1.0 - b1), T::of(b2), T::of(1.0 - b2));
            let (root, eps, rate) = (T::of(corrections.1.sqrt()), T::of(eps), T::of(-lr / corrections.0));
            let each = each.zip(a).zip(b);
            if amsgrad {
                for ((((p, g), m), v), most) in each.zip(c) {
                    *m = mean.of(*m, g);
                    *v = mean_square(*v, g, beta2, rest);
                    *most = most.max(*v);
                    *p = *p * shrink + (rate * *m) / (most.sqrt() / root + eps);
                }
            } else {
                for (((p, g), m), v) in each {
                    *m = mean.of(*m, g);
                    *v = mean_square(*v, g, beta2, rest);
                    *p = *p * shrink + (rate * *m) / (v.sqrt() / root + eps);
                }
            }
        }
        OptimStep::RmsProp { lr, alpha, eps, momentum, centered, weight_decay: _ } => {
            let (decay, rest, eps) = (T::of(alpha), T::of(1.0 - alpha), T::of(eps));
            let (mu, rate, mean) = (T::of(momentum), T::of(-lr), Lerp::new(1.0 - alpha));
            let each = each.zip(a);
            match (centered, momentum > 0.0) {
                (false, false) => {
                    for ((p, g), s) in each {
                        *s = mean_square(*s, g, decay, rest);
                        *p += (rate * g) / (s.sqrt() + eps);
                    }
                }
                (false, true) => {
                    for (((p, g), s), buf) in each.zip(b) {
                        *s = mean_square(*s, g, decay, rest);
                        *buf = *buf * mu + g / (s.sqrt() + eps);
                        *p = buf.fma(rate, *p);
                    }
                }
                (true, false) => {
                    for (((p, g), s), average) in each.zip(b) {
                        *s = mean_square(*s, g, decay, rest);
                        *average = mean.of(*average, g);
                        *p += (rate * g) / ((-*average).fma(*average, *s).sqrt() + eps);
                    }
                }
                (true, true) => {
                    for ((((p, g), s), average), buf) in each.zip(b).zip(c) {
                        *s = mean_square(*s, g, decay, rest);
                        *average = mean.of(*average, g);
                        *buf = *buf * mu + g / ((-*average).fma(*average, *s).sqrt() + eps);
                        *p = buf.fma(rate, *p);
                    }
                }
            }
        }
        OptimStep::Adagrad { lr, eps, weight_decay: _ } => {
            let (eps, rate) = (T::of(eps), T::of(-lr));
            for ((p, g), s) in each.zip(a) {
                *s = g.fma(g, *s);
                *p += (rate * g) / (s.sqrt() + eps);
            }
        }
        OptimStep::Adadelta { lr, rho, eps, weight_decay: _ } => {
            let (decay, rest, eps, rate) = (T::of(rho), T::of(1.0 - rho), T::of(eps), T::of(-lr));
            for (((p, g), s), u) in each.zip(a).zip(b) {
                *s = mean_square(*s, g, decay, rest);
                let delta = (*u + eps).sqrt() / (*s + eps).sqrt() * g;
                *u = mean_square(*u, delta, decay, rest);
                *p = delta.fma(rate, *p);
            }
        }
        OptimStep::Adamax { lr, betas: (b1, b2), eps, weight_decay: _ } => {
            let (mean, decay, eps, rate) = (Lerp::new(1.0 - b1), T::of(b2), T::of(eps), T::of(-lr));
            for (((p, g), m), u) in each.zip(a).zip(b) {
                *m = mean.of(*m, g);
                *u = (*u * decay).max(g.abs() + eps);
                *p += (rate * *m) / *u;
            }
        }
        OptimStep::NAdam { betas: (b1, b2), eps, shrink, correction, rates, weight_decay: _ } => {
            let (mean, beta2, rest) = (Lerp::new(1.0 - b1), T::of(b2), T::of(1.0 - b2));
            let (eps, shrink, correction) = (T::of(eps), T::of(shrink), T::of(correction));
            let rates = (T::of(rates.0), T::of(rates.1));
            for (((p, g), m), v) in each.zip(a).zip(b) {
                *m = mean.of(*m, g);
                *v = mean_square(*v, g, beta2, rest);
                let root = (*v / correction).sqrt() + eps;
                *p = *p * shrink + (rates.0 * g) / root + (rates.1 * *m) / root;
            }
        }
        OptimStep::RAdam { lr, betas: (b1, b2), eps, shrink, correction, adaptive, weight_decay: _ } => {
            let (mean, beta2, rest) = (Lerp::new(1.0 - b1), T::of(b2), T::of(1.0 - b2));
            let (lr, eps, shrink, correction) = (T::of(lr), T::of(eps), T::of(shrink), T::of(correction));
            let each = each.zip(a).zip(b);
            if let Some((root, rectify)) = adaptive {
                let (root, rectify) = (T::of(root), T::of(rectify));
                for (((p, g), m), v) in each {
                    *m = mean.of(*m, g);
                    *v = mean_square(*v, g, beta2, rest);
                    // A number over a tensor is the number times the reciprocal.
                    let delta = *m / correction * lr * (T::ONE / (v.sqrt() + eps) * root) * rectify;
                    *p = *p * shrink - delta;
                }
            } else {
                for (((p, g), m), v) in each {
                    *m = mean.of(*m, g);
                    *v = mean_square(*v, g, beta2, rest);
                    *p = *p * shrink - *m / correction * lr;
                }
            }
        }
    }
}
