//! Optimizer steps, one pass over all parameters, with PyTorch's roundings.
//!
//! Rates are doubles rounded once to the element type; `axpy(x, y, s) = fma(y, s, x)`,
//! `lerp(x, y, w) = fma(w, y − x, x)` for |w| < ½ and `fma(−(y − x), 1 − w, y)` else,
//! `addcmul(x, a, b, s) = fma(s·a, b, x)`, `addcdiv(x, a, b, s) = x + (s·a)/b`.

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
    threads::each(parts.into_iter(), work, &|pieces| {
        for (p, g, state) in pieces {
            vectorize_or_compact::<T, _>(
                #[inline(always)]
                |compact| update(step, p, g.iter().map(|&g| opaque(compact, g)), state),
            );
        }
    });
}

#[inline(always)]
fn lerp<T: Real>(x: T, y: T, weight: f64) -> T {
    if weight < 0.5 { T::of(weight).fma(y - x, x) } else { (-(y - x)).fma(T::ONE - T::of(weight), y) }
}

/// `s·decay + (1 − decay)·g²`
#[inline(always)]
fn mean_square<T: Real>(s: T, g: T, decay: T, rest: T) -> T {
    (rest * g).fma(g, s * decay)
}

#[inline(always)]
fn update<T: Real>(step: OptimStep, p: &mut [T], g: impl Iterator<Item = T>, [a, b, c]: [&mut [T]; 3]) {
    match step {
        OptimStep::Sgd { lr, momentum, dampening, weight_decay, nesterov, first } => {
            let (wd, mu, keep, rate) =
                (T::of(weight_decay), T::of(momentum), T::of(1.0 - dampening), T::of(-lr));
            let decayed = |g: T, p: T| if weight_decay != 0.0 { p.fma(wd, g) } else { g };
            if momentum == 0.0 {
                for (p, g) in p.iter_mut().zip(g) {
                    *p = decayed(g, *p).fma(rate, *p);
                }
                return;
            }
            for ((p, g), buf) in p.iter_mut().zip(g).zip(a) {
                let g = decayed(g, *p);
                *buf = if first { g } else { g.fma(keep, *buf * mu) };
                let d = if nesterov { buf.fma(mu, g) } else { *buf };
                *p = d.fma(rate, *p);
            }
        }
        OptimStep::Adam { lr, betas: (b1, b2), eps, weight_decay, decoupled, amsgrad, step } => {
            let (c1, c2) = (1.0 - b1.powf(step as f64), 1.0 - b2.powf(step as f64));
            let (wd, shrink) = (T::of(weight_decay), T::of(1.0 - lr * weight_decay));
            let (beta2, rest, root, eps, rate) =
                (T::of(b2), T::of(1.0 - b2), T::of(c2.sqrt()), T::of(eps), T::of(-lr / c1));
            let one = |p: &mut T, g: T, m: &mut T, v: &mut T, most: Option<&mut T>| {
                let mut g = g;
                if decoupled {
                    *p = *p * shrink;
                } else if weight_decay != 0.0 {
                    g = p.fma(wd, g);
                }
                *m = lerp(*m, g, 1.0 - b1);
                *v = mean_square(*v, g, beta2, rest);
                let spread = match most {
                    Some(most) => {
                        *most = most.max(*v);
                        *most
                    }
                    None => *v,
                };
                *p += (rate * *m) / (spread.sqrt() / root + eps);
            };
            let each = p.iter_mut().zip(g).zip(a).zip(b);
            if amsgrad {
                each.zip(c).for_each(|((((p, g), m), v), most)| one(p, g, m, v, Some(most)));
            } else {
                each.for_each(|(((p, g), m), v)| one(p, g, m, v, None));
            }
        }
        OptimStep::RmsProp { lr, alpha, eps, weight_decay, momentum, centered } => {
            let (wd, decay, rest, eps) = (T::of(weight_decay), T::of(alpha), T::of(1.0 - alpha), T::of(eps));
            let (mu, rate) = (T::of(momentum), T::of(-lr));
            let (averages, buffers) = if centered { (b, c) } else { (&mut [][..], b) };
            for (i, (p, g)) in p.iter_mut().zip(g).enumerate() {
                let g = if weight_decay != 0.0 { p.fma(wd, g) } else { g };
                a[i] = mean_square(a[i], g, decay, rest);
                let mut spread = a[i];
                if centered {
                    averages[i] = lerp(averages[i], g, 1.0 - alpha);
                    spread = (-averages[i]).fma(averages[i], spread);
                }
                let average = spread.sqrt() + eps;
                if momentum > 0.0 {
                    buffers[i] = buffers[i] * mu + g / average;
                    *p = buffers[i].fma(rate, *p);
                } else {
                    *p += (rate * g) / average;
                }
            }
        }
        OptimStep::Adagrad { lr, eps, weight_decay } => {
            let (wd, eps, rate) = (T::of(weight_decay), T::of(eps), T::of(-lr));
            for ((p, g), s) in p.iter_mut().zip(g).zip(a) {
                let g = if weight_decay != 0.0 { p.fma(wd, g) } else { g };
                *s = g.fma(g, *s);
                *p += (rate * g) / (s.sqrt() + eps);
            }
        }
        OptimStep::Adadelta { lr, rho, eps, weight_decay } => {
            let (wd, decay, rest, eps, rate) =
                (T::of(weight_decay), T::of(rho), T::of(1.0 - rho), T::of(eps), T::of(-lr));
            for (((p, g), s), u) in p.iter_mut().zip(g).zip(a).zip(b) {
                let g = if weight_decay != 0.0 { p.fma(wd, g) } else { g };
                *s = mean_square(*s, g, decay, rest);
                let delta = (*u + eps).sqrt() / (*s + eps).sqrt() * g;
                *u = mean_square(*u, delta, decay, rest);
                *p = delta.fma(rate, *p);
            }
        }
        OptimStep::Adamax { lr, betas: (b1, b2), eps, weight_decay } => {
            let (wd, decay, eps, rate) = (T::of(weight_decay), T::of(b2), T::of(eps), T::of(-lr));
            for (((p, g), m), u) in p.iter_mut().zip(g).zip(a).zip(b) {
                let g = if weight_decay != 0.0 { p.fma(wd, g) } else { g };
                *m = lerp(*m, g, 1.0 - b1);
                *u = (*u * decay).max(g.abs() + eps);
                *p += (rate * *m) / *u;
            }
        }
        OptimStep::NAdam { betas: (b1, b2), eps, weight_decay, shrink, correction, rates } => {
            let (wd, beta2, rest, eps) = (T::of(weight_decay), T::of(b2), T::of(1.0 - b2), T::of(eps));
            let (shrink, correction) = (T::of(shrink), T::of(correction));
            let (now, mean) = (T::of(rates.0), T::of(rates.1));
            for (((p, g), m), v) in p.iter_mut().zip(g).zip(a).zip(b) {
                let g = if weight_decay != 0.0 { p.fma(wd, g) } else { g };
                *m = lerp(*m, g, 1.0 - b1);
                *v = mean_square(*v, g, beta2, rest);
                let root = (*v / correction).sqrt() + eps;
                *p = *p * shrink + (now * g) / root + (mean * *m) / root;
            }
        }
        OptimStep::RAdam { lr, betas: (b1, b2), eps, weight_decay, shrink, correction, adaptive } => {
            let (wd, beta2, rest, eps) = (T::of(weight_decay), T::of(b2), T::of(1.0 - b2), T::of(eps));
            let (lr, shrink, correction) = (T::of(lr), T::of(shrink), T::of(correction));
            for (((p, g), m), v) in p.iter_mut().zip(g).zip(a).zip(b) {
                let g = if weight_decay != 0.0 { p.fma(wd, g) } else { g };
                *m = lerp(*m, g, 1.0 - b1);
                *v = mean_square(*v, g, beta2, rest);
                let mut delta = *m / correction * lr;
                if let Some((root, rectify)) = adaptive {
                    // A number over a tensor is the number times the reciprocal.
                    delta = delta * (T::ONE / (v.sqrt() + eps) * T::of(root)) * T::of(rectify);
                }
                *p = *p * shrink - delta;
            }
        }
    }
}
