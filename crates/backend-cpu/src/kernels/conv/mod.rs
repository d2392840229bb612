//! Convolutions and their transposes, as products whose left matrix is the padded image where it lies.
//!
//! Channels are the columns and lie in the lanes of vectors, places of windows are the rows: each number of the image
//! is spread over a vector and multiplied by a vector of weights, so that nothing is laid out but the weights, once,
//! and no lane is idle at the edges of images. A sample (or, where samples are fewer than threads, some channels of
//! one) is one thread's work. Each sum runs over channels and window elements in their order, the gradient of the
//! weights over places and then samples, in runs of samples that the shapes alone decide.

mod few;
mod geometry;
mod weight;

pub use weight::conv_weight;

use super::window::{DIMS, Plan};
use super::{hold, packed, with_float};
use crate::gemm::{Epilogue, Image, Kernel, MatRef, Panels, SIDE, Turn, Update, listed};
use crate::storage::{Block, Pool, scratch};
use crate::threads;
use geometry::{Covering, Padded, Reading, grid, per_channel, steps};
use std::ops::Range;
use std::sync::Arc;
use tensor_core::{DType, Result, View, Window};

/// Columns below which most lanes would idle: places lie in them then ([`few`]).
const FEWEST_COLUMNS: usize = 4;
/// Places whose sums wait until they are turned: they stay in the second cache.
const PLACES: usize = 512;

/// Results that lie on one regular grid, and how they are computed from a padded image.
struct Phase {
    /// Where in the image the rows of the product begin.
    rows: Vec<usize>,
    /// Where from there its numbers along k stand.
    along: Vec<usize>,
    /// Where in a channel of the result each row belongs.
    targets: Vec<usize>,
    /// The elements of the window that take part.
    elements: Vec<usize>,
    /// The rows in pieces for [`few`].
    pieces: few::Pieces,
    /// Whether these stand side by side, each line's in the image and all of them in the result, from its beginning:
    /// whole lines of sums may be written then, since what comes behind is written later, by this phase or another.
    are_runs: bool,
}

impl Phase {
    /// Of so many channels in a group and places in a line.
    fn new(
        rows: Vec<usize>,
        along: Vec<usize>,
        targets: Vec<usize>,
        elements: Vec<usize>,
        (channels, line): (usize, usize),
    ) -> Self {
        let is_few = channels < FEWEST_COLUMNS;
        let pieces = if is_few { few::Pieces::new(&rows, line) } else { Default::default() };
        let side_by_side = |list: &[usize]| list.windows(2).all(|two| two[1] == two[0] + 1);
        let are_runs = is_few
            && targets.first() == Some(&0)
            && side_by_side(&targets)
            && rows.chunks(line.max(1)).all(side_by_side);
        Phase { rows, along, targets, elements, pieces, are_runs }
    }
}

/// Fills a panel with the weights of a group, a phase and some columns.
type Filling<'a, T> = &'a (dyn Fn(usize, &Phase, &Panels, Range<usize>, &mut [T]) + Sync);

/// Images times weights: what a convolution and its transpose in the input share.
struct Correlation<'a, T> {
    pool: &'a Arc<Pool>,
    batch: usize,
    groups: usize,
    padded: Padded,
    /// Channels of the image, and of the result, in a group.
    from: usize,
    to: usize,
    /// Numbers of a result's channel.
    plane: usize,
    phases: Vec<Phase>,
    bias: Option<&'a [T]>,
}

impl<T: Kernel> Correlation<'_, T> {
    /// The whole result; `weights(group, phase, columns, panel)` fills a panel with `k` rows of whole vectors.
    fn run(&self, image: &[T], weights: Filling<T>) -> Result<Block> {
        let (batch, groups) = (self.batch, self.groups);
        let mut result = self.pool.take::<T>(batch * groups * self.to * self.plane)?;
        let out = result.slice_mut::<T>(batch * groups * self.to * self.plane);
        let vectors = self.to.div_ceil(T::shape().lanes);
        let work = |phase: &Phase| phase.rows.len() * phase.along.len() * self.to * batch * groups;
        let tasks = batch * groups;
        let parts = if tasks < 2 * threads::num_threads() { threads::num_threads().min(vectors) } else { 1 };
        let lanes = T::shape().lanes;
        let parts: Vec<Range<usize>> = (0..parts)
            .map(|i| vectors * i / parts * lanes..(vectors * (i + 1) / parts * lanes).min(self.to))
            .collect();
        for phase in &self.phases {
            let panels = Panels::new::<T>(phase.along.len(), self.to);
            let all = panels_of_groups(&panels, groups, &parts);
            let whole = panels.width() * panels.k;
            let mut room = self.pool.take::<T>(groups * whole)?;
            let room = room.slice_mut::<T>(groups * whole);
            let lengths = all.iter().map(|(_, panel)| panel.len() * panels.k);
            let filling = cut(room, lengths).into_iter().zip(&all);
            threads::each(filling, groups * whole, &|(panel, (g, columns))| {
                weights(*g, phase, &panels, columns.clone(), panel);
            });
            let lengths = (0..tasks).flat_map(|_| parts.iter().map(|p| p.len() * self.plane));
            let results = cut(&mut *out, lengths).into_iter().enumerate();
            threads::each(results, work(phase) / 16, &|(index, out)| {
                let (task, part) = (index / parts.len(), &parts[index % parts.len()]);
                let image = &image[task * self.from * self.padded.sizes.iter().product::<usize>()..];
                let group = task % groups;
                self.sample(image, &room[group * whole..][..whole], phase, &panels, (group, part), out);
            });
        }
        Ok(result)
    }

    /// Some channels of one sample's result.
    fn sample(
        &self,
        image: &[T],
        weights: &[T],
        phase: &Phase,
        panels: &Panels,
        (group, part): (usize, &Range<usize>),
        out: &mut [T],
    ) {
        if self.to < FEWEST_COLUMNS {
            return self.few(image, weights, panels.width(), phase, group, out);
        }
        let (room, most) = (self.padded.room(self.from), T::shape().lanes * T::shape().vectors);
        let places = phase.rows.len().min(PLACES);
        scratch(room + (places + 1) * most, |memory| {
            let (room, memory) = memory.split_at_mut(room);
            let (sums, bias) = memory.split_at_mut(places * most);
            let image = self.padded.surround(image, self.from, room);
            for panel in panels.of(part.clone()) {
                let (width, columns) = (panel.len(), panel.start..panel.end.min(self.to));
                let bias = &mut bias[..width];
                if let Some(from) = self.bias {
                    bias[..columns.len()].copy_from_slice(&from[group * self.to..][columns.clone()]);
                }
                let last = Epilogue { bias: self.bias.is_some().then_some(&*bias), relu: false };
                let weights = &weights[panel.start * panels.k..];
                let out = &mut out[(panel.start - part.start) * self.plane..];
                for (rows, targets) in phase.rows.chunks(PLACES).zip(phase.targets.chunks(PLACES)) {
                    let left = Image { data: image, rows, along: &phase.along };
                    listed(left, (weights, width), (sums, width), Update::Write, last);
                    turn(sums, width, columns.len(), targets, out, self.plane);
                }
            }
        });
    }
}

/// The panels of each group's columns, in their order, with the group.
fn panels_of_groups(panels: &Panels, groups: usize, parts: &[Range<usize>]) -> Vec<(usize, Range<usize>)> {
    (0..groups).flat_map(|g| parts.iter().flat_map(|p| panels.of(p.clone())).map(move |p| (g, p))).collect()
}

/// `memory` in pieces of the given lengths.
fn cut<T>(mut memory: &mut [T], lengths: impl Iterator<Item = usize>) -> Vec<&mut [T]> {
    lengths
        .map(|len| {
            let (piece, rest) = std::mem::take(&mut memory).split_at_mut(len);
            memory = rest;
            piece
        })
        .collect()
}

/// Brings sums, `width` columns a row of which `columns` count, into channels: row i to place `targets[i]` of each.
fn turn<T: Turn>(sums: &[T], width: usize, columns: usize, targets: &[usize], out: &mut [T], plane: usize) {
    for (rows, targets) in sums.chunks(SIDE * width).zip(targets.chunks(SIDE)) {
        let (first, count) = (targets[0], targets.len());
        let row = |i: usize| &rows[i.min(count - 1) * width..][..columns];
        let square: [&[T]; SIDE] = std::array::from_fn(row);
        let is_run = targets[count - 1] - first == count - 1;
        let done = if is_run && count == SIDE { T::turn(&square, &mut out[first..], plane) } else { 0 };
        for column in done..columns {
            let out = &mut out[column * plane..];
            targets.iter().zip(&square).for_each(|(&at, row)| out[at] = row[column]);
        }
    }
}

/// `y[n, m, o] = Σ w[m, c, k]·x[n, c, o·stride + k·dilation − padding] + b[m]`; nothing where there is
/// nothing to do.
///
/// # Errors
/// When there is no memory for the result, here as below.
pub fn conv(
    pool: &Arc<Pool>,
    x: View,
    w: View,
    bias: Option<View>,
    windows: &[Window],
    groups: usize,
) -> Result<Option<Block>> {
    let (batch, inputs, outputs) = (x.layout.shape()[0], w.layout.shape()[1], w.layout.shape()[0] / groups);
    let plan = Plan::new(windows, &x.layout.shape()[2..], None);
    if x.layout.numel() == 0 || w.layout.numel() == 0 || plan.count() == 0 {
        return Ok(None);
    }
    let Reading { padded, places, elements } = Reading::new(&plan);
    let along = per_channel(&elements, inputs, padded.plane());
    let (k, count) = (along.len(), places.len());
    let phase = Phase::new(places, along, steps(count, 1), Vec::new(), (outputs, plan.places[2]));
    let (held_x, held_w, held_b) = (hold(x), hold(w), bias.map(hold));
    with_float!(x.dtype(), T => {
        let (image, w) = (packed::<T>(&held_x), packed::<T>(&held_w));
        let bias = held_b.as_ref().map(packed::<T>);
        let correlation = Correlation {
            pool,
            batch,
            groups,
            padded,
            from: inputs,
            to: outputs,
            plane: count,
            phases: vec![phase],
            bias: bias.as_deref(),
        };
        correlation.run(&image, &|group, _, panels, columns, out| {
            let offset = group * outputs * k;
            let filters = MatRef { data: &w[..], offset, row_stride: 1, col_stride: k as isize };
            panels.pack(&filters, columns, out);
        })
    })
    .map(Some)
}

/// The transpose in the input. An element of it gets from those windows that cover it, and which elements of a window
/// do depends on where it stands between two windows: one phase for each such place.
pub fn conv_input(
    pool: &Arc<Pool>,
    y: View,
    w: View,
    windows: &[Window],
    groups: usize,
    sizes: &[usize],
) -> Result<Option<Block>> {
    let (batch, inputs, outputs) = (y.layout.shape()[0], w.layout.shape()[1], w.layout.shape()[0] / groups);
    let plan = Plan::new(windows, sizes, Some(&y.layout.shape()[2..]));
    if y.layout.numel() == 0 || w.layout.numel() == 0 || plan.plane() == 0 {
        return Ok(None);
    }
    let axes: [Vec<Covering>; DIMS] = std::array::from_fn(|i| Covering::all(plan.windows[i], plan.sizes[i]));
    let before = axes.each_ref().map(|axis| axis.iter().map(Covering::before).max().unwrap_or(0));
    let whole = std::array::from_fn(|i| {
        let after = axes[i].iter().map(Covering::end).max().unwrap_or(0);
        before[i] + plan.places[i].max(after)
    });
    let padded = Padded { before, sizes: plan.places, whole };
    let window = plan.windows.map(|w| w.size);
    let mut phases = Vec::new();
    for d in &axes[0] {
        for h in &axes[1] {
            for w in &axes[2] {
                let phase = [d, h, w];
                let places = std::array::from_fn(|i| phase[i].places(before[i]));
                let along = per_channel(&grid(&places, whole), outputs, padded.plane());
                let rows = grid(&phase.map(|p| steps(p.count, 1)), whole);
                let targets = grid(&phase.map(Covering::targets), plan.sizes);
                let elements = grid(&phase.map(|p| p.elements.iter().map(|e| e.0).collect()), window);
                phases.push(Phase::new(rows, along, targets, elements, (inputs, w.count)));
            }
        }
    }
    let (held_y, held_w) = (hold(y), hold(w));
    let kernel = plan.kernel();
    with_float!(y.dtype(), T => {
        let (image, w) = (packed::<T>(&held_y), packed::<T>(&held_w));
        let correlation = Correlation {
            pool,
            batch,
            groups,
            padded,
            from: outputs,
            to: inputs,
            plane: plan.plane(),
            phases,
            bias: None,
        };
        correlation.run(&image, &|group, phase, _, columns, out| {
            let mut rows = out.chunks_exact_mut(columns.len());
            for output in 0..outputs {
                let filter = &w[(group * outputs + output) * inputs * kernel..];
                for &element in &phase.elements {
                    let row = rows.next().expect("a row for each output and element");
                    for (o, c) in row.iter_mut().zip(columns.start..inputs) {
                        *o = filter[c * kernel + element];
                    }
                }
            }
        })
    })
    .map(Some)
}
