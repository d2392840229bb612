//! Normalisation, row by row: rows are the longest runs of memory along which mean and deviation stay the same.
//!
//! Each row's sums are taken in lanes over blocks, and rows are added up in their order in double precision; so
//! neither the number of threads nor the width of vectors shows in a result.

use super::reduce::{By, pairwise};
use super::{fresh, hold, packed, with_float};
use crate::math::Real;
use crate::nest::Nest;
use crate::simd::{opaque, vectorize_or_compact};
use crate::storage::{Block, Pool};
use crate::threads;
use crate::walk::Operand;
use std::sync::Arc;
use tensor_core::{Axes, DType, Layout, Result, Shape, Standard, View};

/// Numbers summed side by side: enough to keep the adders busy.
const LANES: usize = 32;
/// Elements of a row that are summed in single precision before their sum is widened.
const BLOCK: usize = 1024;
/// Rows whose sums for each feature are added up in single precision.
const ROWS: usize = 32;

/// Σ f(x, y) of two numbers each, over equally long runs.
#[inline(always)]
fn sums<T: Real + Into<f64>, const COMPACT: bool>(
    x: &[T],
    y: &[T],
    f: impl Fn(T, T) -> [T; 2] + Copy,
) -> [f64; 2] {
    let mut total = [0.0; 2];
    for (x, y) in x.chunks(BLOCK).zip(y.chunks(BLOCK)) {
        let (mut first, mut second) = ([T::ZERO; LANES], [T::ZERO; LANES]);
        let mut add = |x: &[T], y: &[T]| {
            for (((a, b), &x), &y) in first.iter_mut().zip(&mut second).zip(x).zip(y) {
                let [p, q] = f(opaque::<COMPACT, _>(x), y);
                *a += p;
                *b += q;
            }
        };
        let (mut xs, mut ys) =
            (x.chunks_exact(opaque::<COMPACT, _>(LANES)), y.chunks_exact(opaque::<COMPACT, _>(LANES)));
        for (x, y) in (&mut xs).zip(&mut ys) {
            add(x, y);
        }
        add(xs.remainder(), ys.remainder());
        for (total, lanes) in total.iter_mut().zip([first, second]) {
            *total += pairwise(lanes, By(T::ZERO, |a: T, b: T| a + b)).into();
        }
    }
    total
}

/// The rows of an input `shape`, and the places of what is the same throughout each.
struct Rows<const N: usize> {
    nest: Nest<N>,
    len: usize,
    count: usize,
}

impl<const N: usize> Rows<N> {
    fn new(shape: &Shape, layouts: [&Layout; N]) -> Self {
        let nest = Nest::new(shape, layouts);
        let len = nest.row_len();
        Rows { len, count: shape.numel() / len.max(1), nest }
    }

    /// Whether operand `which` has one number for each row.
    fn constant(&self, which: usize) -> bool {
        self.len == 1 || self.nest.row_strides()[which] == 0
    }

    /// Where the operands stand at a row.
    fn at(&self, row: usize) -> [usize; N] {
        self.nest.row(row).map(|at| at as usize)
    }

    /// Numbers of the rows added up that have the same place of operand `which`, of which there are `places`.
    fn total(&self, which: usize, places: usize, value: impl Fn(usize, &[usize; N]) -> f64) -> Vec<f64> {
        let mut out = vec![0.0; places];
        for row in 0..self.count {
            let at = self.at(row);
            out[at[which]] += value(row, &at);
        }
        out
    }
}

/// `shape` reduced over `axes`, laid out without gaps and seen in the whole shape.
fn kept(shape: &Shape, axes: Axes) -> Layout {
    Layout::contiguous(shape.reduced(axes, true)).expand(shape).expect("what is reduced expands")
}

/// How many elements share a number of `few`, whose sizes are 1 or the shape's.
fn sharing(shape: &Shape, few: &Shape) -> f64 {
    shape.numel() as f64 / few.numel() as f64
}

/// Mean and biased variance, or the mean square; `None` where rows would be short.
pub fn moments(
    pool: &Arc<Pool>,
    x: View,
    axes: Axes,
    centred: bool,
) -> Option<(Option<Result<Block>>, Result<Block>)> {
    let shape = x.layout.shape();
    let few = shape.reduced(axes, true);
    let rows = Rows::new(shape, [&Layout::contiguous(*shape), &kept(shape, axes)]);
    if shape.numel() == 0 || !rows.constant(1) || rows.len < LANES {
        return None;
    }
    let held = hold(x);
    Some(with_float!(x.dtype(), T => {
        let flat = packed::<T>(&held);
        let count = sharing(shape, &few);
        // Of as many rows at a time as make a piece of work.
        let several = (BLOCK / rows.len).max(1);
        let mean_of = |f: &(dyn Fn(usize, &mut [f64]) + Sync)| {
            let mut each = vec![0.0; rows.count];
            threads::groups(&mut each, several, several * rows.len, &|index, out| f(index * several, out));
            let total = rows.total(1, few.numel(), |row, _| each[row]);
            total.into_iter().map(|sum| T::of(sum / count)).collect::<Vec<T>>()
        };
        let kept = |means: &[T]| fresh(pool, means.len(), |out: &mut [T]| out.copy_from_slice(means));
        let row = |row: usize| &flat[row * rows.len..][..rows.len];
        let mean = centred.then(|| mean_of(&|first, out| vectorize_or_compact!(T, |COMPACT| {
            for (i, o) in out.iter_mut().enumerate() {
                *o = sums::<T, COMPACT>(row(first + i), row(first + i), |v, _| [v, T::ZERO])[0];
            }
        })));
        let variance = mean_of(&|first, out| vectorize_or_compact!(T, |COMPACT| {
            for (i, o) in out.iter_mut().enumerate() {
                let mean = mean.as_ref().map_or(T::ZERO, |mean| mean[rows.at(first + i)[1]]);
                let squared = |v: T, _| [(v - mean) * (v - mean), T::ZERO];
                *o = sums::<T, COMPACT>(row(first + i), row(first + i), squared)[0];
            }
        }));
        (mean.as_deref().map(kept), kept(&variance))
    }))
}

/// What an absent operand is: a number for all.
fn number<T: Real>(value: T) -> ([T; 1], Layout) {
    ([value], Layout::contiguous(()))
}

/// `(x − mean)·rstd·weight + bias`
pub fn normalized(pool: &Arc<Pool>, of: Standard, bias: Option<View>) -> Result<Block> {
    let shape = of.x.layout.shape();
    let (x, rstd) = (hold(of.x), hold(of.rstd));
    let [mean, weight, bias] = [of.mean, of.weight, bias].map(|view| view.map(hold));
    with_float!(of.x.dtype(), T => {
        let flat = packed::<T>(&x);
        let (zero, one) = (number(T::ZERO), number(T::ONE));
        let (zeros, ones) = (repeated(&zero.1, shape), repeated(&one.1, shape));
        let (mean, lm) = mean.as_ref().map_or((&zero.0[..], &zeros), |held| held.of::<T>());
        let (rstd, lr) = rstd.of::<T>();
        let (weight, lw) = weight.as_ref().map_or((&one.0[..], &ones), |held| held.of::<T>());
        let (bias, lb) = bias.as_ref().map_or((&zero.0[..], &zeros), |held| held.of::<T>());
        let rows = Rows::new(shape, [&Layout::contiguous(*shape), lm, lr, lw, lb]);
        let strides = rows.nest.row_strides();
        let moments_same = rows.constant(1) && rows.constant(2);
        let same = moments_same && rows.constant(3) && rows.constant(4);
        fresh(pool, flat.len(), |out: &mut [T]| {
            threads::chunks(out, &|first, out| {
                let [mut m, mut r] = [Operand::new(mean, strides[1]), Operand::new(rstd, strides[2])];
                let [mut w, mut b] = [Operand::new(weight, strides[3]), Operand::new(bias, strides[4])];
                rows.nest.pieces(first, out.len(), &mut |[at, am, ar, aw, ab], range| {
                    let out = &mut out[range];
                    let x = &flat[at as usize..][..out.len()];
                    if same {
                        let (m, r) = (mean[am as usize], rstd[ar as usize]);
                        let (w, b) = (weight[aw as usize], bias[ab as usize]);
                        return vectorize_or_compact!(T, |COMPACT| out.iter_mut().zip(x).for_each(|(o, &v)| *o = (opaque::<COMPACT, _>(v) - m) * r * w + b));
                    }
                    let (w, b) = (w.piece(aw, out.len()), b.piece(ab, out.len()));
                    if moments_same {
                        let (m, r) = (mean[am as usize], rstd[ar as usize]);
                        return vectorize_or_compact!(T, |COMPACT| {
                            for ((o, &v), (&w, &b)) in out.iter_mut().zip(x).zip(w.iter().zip(b)) {
                                *o = (opaque::<COMPACT, _>(v) - m) * r * w + b;
                            }
                        });
                    }
                    let (m, r) = (m.piece(am, out.len()), r.piece(ar, out.len()));
                    vectorize_or_compact!(T, |COMPACT| {
                            let by = m.iter().zip(r).zip(w).zip(b);
                            for ((o, &v), (((&m, &r), &w), &b)) in out.iter_mut().zip(x).zip(by) {
                                *o = (opaque::<COMPACT, _>(v) - m) * r * w + b;
                            }
                        });
                });
            });
        })
    })
}

fn repeated(layout: &Layout, shape: &Shape) -> Layout {
    layout.expand(shape).expect("a number expands to any shape")
}

/// The gradients of [`normalized`]; `None` where rows would be short, or mean and deviation change along them.
pub fn normalized_grad(
    pool: &Arc<Pool>,
    of: Standard,
    grad: View,
    own: Option<Axes>,
    affine: &Shape,
    wants: [bool; 3],
) -> Option<[Option<Result<Block>>; 3]> {
    let shape = of.x.layout.shape();
    let whole = Layout::contiguous(*shape);
    let features = Layout::contiguous(*affine).expand(shape)?;
    let (x, g, rstd) = (hold(of.x), hold(grad), hold(of.rstd));
    let [mean, weight] = [of.mean, of.weight].map(|view| view.map(hold));
    with_float!(of.x.dtype(), T => {
        let (zero, one) = (number(T::ZERO), number(T::ONE));
        let (zeros, ones) = (repeated(&zero.1, shape), repeated(&one.1, shape));
        let centred = mean.is_some();
        let (mean, lm) = mean.as_ref().map_or((&zero.0[..], &zeros), |held| held.of::<T>());
        let (rstd, lr) = rstd.of::<T>();
        let (weight, lw) = weight.as_ref().map_or((&one.0[..], &ones), |held| held.of::<T>());
        let shared = own.map_or(zeros, |axes| kept(shape, axes));
        let rows = Rows::new(shape, [&whole, lm, lr, lw, &features, &shared]);
        let constant = [1, 2, 5].into_iter().all(|which| rows.constant(which));
        if shape.numel() == 0 || !constant || rows.len < LANES {
            return None;
        }
        let (flat, g) = (packed::<T>(&x), packed::<T>(&g));
        let job = Job { pool, rows, x: &flat, g: &g, mean, rstd, weight, features: affine.numel(), wants };
        let own = own.map(|axes| Own { centred, count: sharing(shape, &shape.reduced(axes, true)) });
        if job.rows.constant(3) && job.rows.constant(4) {
            Some(job.features_of_rows(own))
        } else if job.rows.len == affine.numel() && own.is_none_or(|own| own.count as usize == job.rows.len) {
            Some(job.features_along_rows(own))
        } else {
            None
        }
    })
}

/// That mean (if any is taken off) and deviation are the input's own, and of how many elements each.
#[derive(Clone, Copy)]
struct Own {
    centred: bool,
    count: f64,
}

/// What the gradients are computed from. Operands of a row: the input, mean, rstd, weight, feature, shared moments.
struct Job<'a, T> {
    pool: &'a Arc<Pool>,
    rows: Rows<6>,
    x: &'a [T],
    g: &'a [T],
    mean: &'a [T],
    rstd: &'a [T],
    weight: &'a [T],
    features: usize,
    wants: [bool; 3],
}

impl<T: Real + Into<f64>> Job<'_, T> {
    /// A row of input and gradient, its mean and its rstd.
    #[inline(always)]
    fn row(&self, row: usize) -> (&[T], &[T], T, T) {
        let (len, [_, mean, rstd, ..]) = (self.rows.len, self.rows.at(row));
        let [x, g] = [self.x, self.g].map(|all| &all[row * len..][..len]);
        (x, g, self.mean[mean], self.rstd[rstd])
    }

    /// Sums of each feature, as the result.
    fn gradient(&self, wanted: bool, sums: &[f64]) -> Option<Result<Block>> {
        wanted.then(|| {
            fresh(self.pool, sums.len(), |out: &mut [T]| {
                out.iter_mut().zip(sums).for_each(|(o, &sum)| *o = T::of(sum));
            })
        })
    }

    /// Weight and bias are the same along a row: of channels of images, say.
    fn features_of_rows(&self, own: Option<Own>) -> [Option<Result<Block>>; 3] {
        let rows = &self.rows;
        // Σ g and Σ g·n of each row; all else is made of them.
        let mut each = vec![[0.0; 2]; rows.count];
        threads::groups(&mut each, 1, 2 * rows.len, &|row, out| {
            let (x, g, mean, rstd) = self.row(row);
            out[0] = vectorize_or_compact!(T, |COMPACT| sums::<T, COMPACT>(x, g, |x, g| [
                g,
                g * ((x - mean) * rstd)
            ]));
        });
        let shared = rows.at(rows.count - 1)[5] + 1;
        let means = own.map(|Own { centred, count }| {
            let mean = |which: usize| {
                let sums = rows.total(5, shared, |row, at| each[row][which] * self.weight[at[3]].into());
                sums.into_iter().map(|sum| T::of(sum / count)).collect::<Vec<T>>()
            };
            (if centred { mean(0) } else { vec![T::ZERO; shared] }, mean(1))
        });
        let dx = self.wants[0].then(|| {
            fresh(self.pool, self.x.len(), |out: &mut [T]| {
                threads::groups(out, rows.len, rows.len, &|row, out| {
                    let (x, g, mean, rstd) = self.row(row);
                    let [.., weight, _, shared] = rows.at(row);
                    let w = self.weight[weight];
                    let (h, hn) =
                        means.as_ref().map_or((T::ZERO, T::ZERO), |(h, hn)| (h[shared], hn[shared]));
                    vectorize_or_compact!(T, |COMPACT| {
                        for ((o, &x), &g) in out.iter_mut().zip(x).zip(g) {
                            *o = (opaque::<COMPACT, _>(g) * w - h - (x - mean) * rstd * hn) * rstd;
                        }
                    });
                });
            })
        });
        let features = |wanted: bool, which: usize| {
            self.gradient(wanted, &rows.total(4, self.features, |row, _| each[row][which]))
        };
        [dx, features(self.wants[1], 1), features(self.wants[2], 0)]
    }

    /// Every place along a row has its own weight and bias, and every row its own moments, if they are its own.
    fn features_along_rows(&self, own: Option<Own>) -> [Option<Result<Block>>; 3] {
        let (rows, len) = (&self.rows, self.rows.len);
        let stride = rows.nest.row_strides()[3];
        let dx = self.wants[0].then(|| {
            fresh(self.pool, self.x.len(), |out: &mut [T]| {
                threads::groups(out, ROWS * len, 3 * ROWS * len, &|block, out| {
                    let mut weights = Operand::new(self.weight, stride);
                    for (row, out) in (block * ROWS..).zip(out.chunks_exact_mut(len)) {
                        let (x, g, mean, rstd) = self.row(row);
                        let w = weights.piece(rows.at(row)[3] as isize, len);
                        vectorize_or_compact!(T, |COMPACT| gradient_along::<T, COMPACT>(
                            [x, g, w],
                            mean,
                            rstd,
                            own,
                            out
                        ));
                    }
                });
            })
        });
        if !self.wants[1] && !self.wants[2] {
            return [dx, None, None];
        }
        let mut parts = vec![T::ZERO; rows.count.div_ceil(ROWS) * 2 * len];
        threads::groups(&mut parts, 2 * len, 2 * ROWS * len, &|block, out| {
            let (dw, db) = out.split_at_mut(len);
            for row in block * ROWS..rows.count.min((block + 1) * ROWS) {
                let (x, g, mean, rstd) = self.row(row);
                vectorize_or_compact!(T, |COMPACT| {
                    for (((dw, db), &x), &g) in dw.iter_mut().zip(&mut *db).zip(x).zip(g) {
                        *dw += opaque::<COMPACT, _>(g) * ((x - mean) * rstd);
                        *db += g;
                    }
                });
            }
        });
        let mut total = vec![0.0; 2 * len];
        for part in parts.chunks_exact(2 * len) {
            total.iter_mut().zip(part).for_each(|(total, &part)| *total += part.into());
        }
        [dx, self.gradient(self.wants[1], &total[..len]), self.gradient(self.wants[2], &total[len..])]
    }
}

/// The gradient of a row's input, whose places have their own weights.
#[inline(always)]
fn gradient_along<T: Real + Into<f64>, const COMPACT: bool>(
    [x, g, w]: [&[T]; 3],
    mean: T,
    rstd: T,
    own: Option<Own>,
    out: &mut [T],
) {
    for ((o, &g), &w) in out.iter_mut().zip(g).zip(w) {
        *o = opaque::<COMPACT, _>(g) * w;
    }
    let Some(Own { centred, count }) = own else {
        return out.iter_mut().for_each(|o| *o = opaque::<COMPACT, _>(*o) * rstd);
    };
    let [h, hn] = sums::<T, COMPACT>(x, out, |x, h| [h, h * ((x - mean) * rstd)]);
    let (h, hn) = (T::of(if centred { h / count } else { 0.0 }), T::of(hn / count));
    for (o, &x) in out.iter_mut().zip(x) {
        *o = (opaque::<COMPACT, _>(*o) - h - (x - mean) * rstd * hn) * rstd;
    }
}
