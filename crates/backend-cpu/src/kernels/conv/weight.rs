//! The gradient of a convolution's weights: window elements are the rows, places what is summed over.

use super::geometry::{Reading, per_channel, steps};
use super::{FEWEST_COLUMNS, cut, few, turn};
use crate::gemm::{Epilogue, Image, Kernel, MatRef, Panels, Update, listed};
use crate::kernels::window::Plan;
use crate::kernels::{fresh, hold, packed, with_float};
use crate::storage::{Block, Pool, scratch};
use crate::threads;
use std::ops::Range;
use std::sync::Arc;
use tensor_core::{DType, Result, View, Window};

/// Runs of samples whose gradients of the weights are summed apart, at most, and their numbers in all.
const RUNS: usize = 16;
const RUN_NUMBERS: usize = 1 << 20;

/// The samples of one of so many runs.
fn samples(batch: usize, runs: usize, run: usize) -> Range<usize> {
    batch * run / runs..batch * (run + 1) / runs
}

/// The gradient of weights `[M, C/G, K…]`: what both ways of summing share.
struct Transpose<'a, T> {
    pool: &'a Arc<Pool>,
    x: &'a [T],
    y: &'a [T],
    batch: usize,
    groups: usize,
    /// Channels of `x` and of `y` in a group.
    inputs: usize,
    outputs: usize,
    /// Numbers of a channel of `x`.
    plane: usize,
    /// Places of the windows along the last dimension.
    line: usize,
    reading: &'a Reading,
    /// Where in a padded sample each weight of an output meets its first number.
    rows: &'a [usize],
}

/// The transpose in the weight: `[N, C, S…]`, `[N, M, O…] → [M, C/G, K…]`.
pub fn conv_weight(
    pool: &Arc<Pool>,
    x: View,
    y: View,
    windows: &[Window],
    groups: usize,
) -> Result<Option<Block>> {
    if x.layout.numel() == 0 || y.layout.numel() == 0 {
        return Ok(None);
    }
    let (batch, outputs) = (x.layout.shape()[0], y.layout.shape()[1] / groups);
    let inputs = x.layout.shape()[1] / groups;
    let plan = Plan::new(windows, &x.layout.shape()[2..], None);
    let reading = &Reading::new(&plan);
    let rows = &per_channel(&reading.elements, inputs, reading.padded.plane());
    let (plane, line) = (plan.plane(), plan.places[2]);
    let (held_x, held_y) = (hold(x), hold(y));
    with_float!(x.dtype(), T => {
        let (x, y) = (&packed::<T>(&held_x)[..], &packed::<T>(&held_y)[..]);
        let all = Transpose { pool, x, y, batch, groups, inputs, outputs, plane, line, reading, rows };
        if outputs < FEWEST_COLUMNS { all.by_places() } else { all.by_outputs() }
    })
    .map(Some)
}

impl<T: Kernel> Transpose<'_, T> {
    /// Of few outputs: places lie in the lanes, each weight's sums are added last.
    fn by_places(&self) -> Result<Block> {
        let Transpose { batch, groups, inputs, outputs, rows, .. } = *self;
        let Reading { padded, places, .. } = self.reading;
        let (weights, count) = (rows.len(), places.len());
        let (runs, each) = (1 << batch.min(RUNS).ilog2(), outputs * weights);
        let pieces = few::Pieces::new(places, self.line);
        let mut sums = few::none::<T>(runs * groups * each);
        threads::groups(&mut sums, each, batch / runs * each * count / 4, &|index, sums| {
            let (run, group) = (index / groups, index % groups);
            for n in samples(batch, runs, run) {
                let sample = n * groups + group;
                // The last piece may reach beyond the image.
                scratch(inputs * padded.plane() + few::LANES, |room| {
                    let data = padded.lay_out(&self.x[sample * inputs * self.plane..], inputs, room);
                    let left = Image { data, rows, along: places };
                    let gradients = &self.y[sample * outputs * count..][..outputs * count];
                    few::weights(left, &pieces, gradients, sums);
                });
            }
        });
        fresh(self.pool, groups * each, |out: &mut [T]| {
            for run in 0..runs {
                let sums = &sums[run * groups * each..];
                out.iter_mut().zip(sums).for_each(|(o, &lanes)| {
                    let sum = few::total(lanes);
                    *o = if run == 0 { sum } else { *o + sum };
                });
            }
        })
    }

    /// Of many outputs: they lie in the lanes, as the columns of a product, and are turned last.
    fn by_outputs(&self) -> Result<Block> {
        let Transpose { batch, groups, inputs, outputs, rows, .. } = *self;
        let Reading { padded, places, elements } = self.reading;
        let (weights, count, kernel) = (rows.len(), places.len(), elements.len());
        let panels = Panels::new::<T>(count, outputs);
        let sums = weights * panels.width();
        // Powers of two, so that they are shared out evenly.
        let limit = batch.min(RUNS).min(RUN_NUMBERS / (groups * sums)).max(1);
        let runs = 1 << limit.ilog2();
        let parts = (2 * threads::num_threads()).div_ceil(runs * groups).min(inputs);
        let channels = |part: usize| inputs * part / parts..inputs * (part + 1) / parts;
        let mut partial = self.pool.take::<T>(runs * groups * sums)?;
        let partial = partial.slice_mut::<T>(runs * groups * sums);
        let lengths = (0..runs * groups)
            .flat_map(|_| (0..parts).map(|part| channels(part).len() * kernel * panels.width()));
        let tasks = cut(partial, lengths).into_iter().enumerate();
        threads::each(tasks, batch * groups * weights * outputs / 16 * count, &|(index, sums)| {
            let (run, group, channels) =
                (index / parts / groups, index / parts % groups, channels(index % parts));
            let room = padded.room(channels.len());
            scratch(room + panels.width() * count, |memory| {
                let (room, right) = memory.split_at_mut(room);
                let samples = samples(batch, runs, run);
                for n in samples.clone() {
                    let sample = n * groups + group;
                    let image = &self.x[(sample * inputs + channels.start) * self.plane..];
                    let left = padded.surround(image, channels.len(), room);
                    let gradient = MatRef {
                        data: self.y,
                        offset: sample * outputs * count,
                        row_stride: 1,
                        col_stride: count as isize,
                    };
                    panels.pack(&gradient, 0..outputs, right);
                    for panel in panels.of(0..outputs) {
                        let (at, width) = (panel.start * count, panel.len());
                        let sums = (&mut sums[panel.start..], panels.width());
                        let image =
                            Image { data: left, rows: &rows[..channels.len() * kernel], along: places };
                        let update = if n > samples.start { Update::Add } else { Update::Write };
                        listed(image, (&right[at..], width), sums, update, Epilogue::NONE);
                    }
                }
            });
        });
        let (total, others) = partial.split_at_mut(groups * sums);
        threads::chunks(total, &|at, total| {
            for run in others.chunks_exact(groups * sums) {
                total.iter_mut().zip(&run[at..]).for_each(|(o, &v)| *o += v);
            }
        });
        fresh(self.pool, groups * outputs * weights, |out: &mut [T]| {
            let targets = steps(weights, 1);
            for (sums, out) in total.chunks_exact(sums).zip(out.chunks_exact_mut(outputs * weights)) {
                turn(sums, panels.width(), outputs, &targets, out, weights);
            }
        })
    }
}
