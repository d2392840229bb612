//! Moving elements between layouts, unchanged: whole runs of memory where there are any, squares turned in
//! registers where a matrix lies transposed, one by one where nothing else is left.

use super::{Held, Packed, packed};
use crate::gemm::{SIDE, Turn};
use crate::nest::Nest;
use crate::simd::vectorize_for;
use crate::storage::Plain;
use crate::threads;
use crate::walk::map;
use tensor_core::{Layout, Shape};

/// Writes what a layout sees of `data` to `out`, row-major.
pub fn pack<T: Plain>((data, layout): (&[T], &Layout), out: &mut [T]) {
    use bytemuck::{cast_slice, cast_slice_mut};
    match size_of::<T>() {
        1 => pack_words::<u8>((cast_slice(data), layout), cast_slice_mut(out)),
        4 => pack_words::<u32>((cast_slice(data), layout), cast_slice_mut(out)),
        _ => pack_words::<u64>((cast_slice(data), layout), cast_slice_mut(out)),
    }
}

/// [`pack`] for all elements of one width.
fn pack_words<W: Plain>((data, layout): (&[W], &Layout), out: &mut [W]) {
    if out.is_empty() {
        return;
    }
    let shape = layout.shape();
    let nest = Nest::new(shape, [layout]);
    match nest.loops() {
        [(_, [0])] => threads::chunks(out, &|_, part| part.fill(data[layout.offset()])),
        [.., (_, [1])] => threads::chunks(out, &|first, part| {
            nest.pieces(first, part.len(), &mut |[at], run| {
                part[run.clone()].copy_from_slice(&data[at as usize..][..run.len()]);
            });
        }),
        [.., (rows, [1]), (cols, [step])] if *rows >= SIDE && *cols >= SIDE => {
            let (rows, cols) = (*rows, *cols);
            let block = rows * cols;
            let band = |at: isize, first: usize, band: &mut [W]| {
                let first = at + first as isize;
                let rows = band.len() / cols;
                let from = |col: usize| &data[(first + col as isize * step) as usize..][..rows];
                transpose(from, band, cols);
            };
            if out.len() == block {
                let [at] = nest.offsets(0);
                threads::groups(out, BAND * cols, BAND * cols, &|i, part| band(at, i * BAND, part));
            } else {
                threads::groups(out, block, block, &|i, part| {
                    let [at] = nest.offsets(i * block);
                    part.chunks_mut(BAND * cols).enumerate().for_each(|(i, part)| band(at, i * BAND, part));
                });
            }
        }
        _ => map(shape, (data, layout), out, |v| v),
    }
}

/// Whether [`pack`] turns a layout in squares.
pub fn is_turned(layout: &Layout) -> bool {
    matches!(Nest::new(layout.shape(), [layout]).loops(),
        [.., (rows, [1]), (cols, [step])] if *rows >= SIDE && *cols >= SIDE && *step != 0 && *step != 1)
}

/// Rows that are written together: each column they come from is then read in whole lines, four or more.
const BAND: usize = 64;

/// `out[r·cols + c] = from(c)[r]`
fn transpose<'a, T: Plain>(from: impl Fn(usize) -> &'a [T], out: &mut [T], cols: usize) {
    let rows = out.len() / cols;
    for first in (0..cols).step_by(SIDE) {
        let count = SIDE.min(cols - first);
        let columns: [&[T]; SIDE] = std::array::from_fn(|c| from(first + c.min(count - 1)));
        let columns = &columns[..count];
        let done = if count == SIDE { turn_any(columns, &mut out[first..], cols) } else { 0 };
        for (row, out) in out.chunks_exact_mut(cols).enumerate().take(rows).skip(done) {
            for (o, column) in out[first..][..count].iter_mut().zip(columns) {
                *o = column[row];
            }
        }
    }
}

/// [`Turn`] for elements of any type as large as an `f32`; none of the rows for others.
fn turn_any<T: Plain>(columns: &[&[T]], out: &mut [T], width: usize) -> usize {
    if size_of::<T>() != size_of::<f32>() || align_of::<T>() != align_of::<f32>() {
        return 0;
    }
    let numbers: [&[f32]; SIDE] = std::array::from_fn(|c| bytemuck::cast_slice(columns[c]));
    f32::turn(&numbers, bytemuck::cast_slice_mut(out), width)
}

/// Writes what a layout sees of `data` to where another of its shape sees `out`.
pub fn place<T: Plain>((data, from): (&[T], &Layout), (out, to): (&mut [T], &Layout)) {
    if to.is_contiguous() {
        return pack((data, from), &mut out[to.extent()]);
    }
    let nest = Nest::new(to.shape(), [from, to]);
    let (len, [step, to_step]) = (nest.row_len(), nest.row_strides());
    rows(&nest, out, |[at, to], out| match (step, to_step) {
        (1, 1) => out[to as usize..][..len].copy_from_slice(&data[at as usize..][..len]),
        (0, 1) => out[to as usize..][..len].fill(data[at as usize]),
        _ => {
            for i in 0..len as isize {
                out[(to + i * to_step) as usize] = data[(at + i * step) as usize];
            }
        }
    });
}

/// Writes `value` to where a layout sees `out`.
pub fn fill<T: Plain>(value: T, (out, to): (&mut [T], &Layout)) {
    if to.is_contiguous() {
        return threads::chunks(&mut out[to.extent()], &|_, part| part.fill(value));
    }
    let nest = Nest::new(to.shape(), [to]);
    let (len, [step]) = (nest.row_len(), nest.row_strides());
    rows(&nest, out, |[to], out| match step {
        1 => out[to as usize..][..len].fill(value),
        _ => (0..len as isize).for_each(|i| out[(to + i * step) as usize] = value),
    });
}

/// Calls `f` for every row of a nest whose last operand is `out`, with where the operands stand; on several
/// threads where the outermost loop cuts `out` into pieces, each of which `f` then sees alone.
fn rows<T: Plain, const N: usize>(nest: &Nest<N>, out: &mut [T], f: impl Fn([isize; N], &mut [T]) + Sync) {
    let loops = nest.loops();
    let elements: usize = loops.iter().map(|&(size, _)| size).product();
    let (len, (outermost, steps)) = (nest.row_len(), loops[0]);
    let inner = &loops[1..];
    let reach: isize = inner.iter().map(|&(size, steps)| (size as isize - 1) * steps[N - 1]).sum();
    let apart = inner.iter().all(|&(_, steps)| steps[N - 1] >= 0) && reach < steps[N - 1];
    if elements == 0 {
        return;
    }
    if inner.is_empty() || !apart {
        return (0..elements).step_by(len).for_each(|element| f(nest.offsets(element), out));
    }
    let start = nest.offsets(0)[N - 1] as usize;
    let (piece, each) = (steps[N - 1] as usize, elements / outermost);
    let span = (outermost - 1) * piece + reach as usize + 1;
    threads::groups(&mut out[start..][..span], piece, each, &|i, part| {
        for element in (i * each..(i + 1) * each).step_by(len) {
            let mut at = nest.offsets(element);
            at[N - 1] -= (start + i * piece) as isize;
            f(at, part);
        }
    });
}

/// A view as lines of one length, equally far apart: what is joined along a dimension.
pub struct Lines<'a, T: Plain> {
    data: Packed<'a, T>,
    start: usize,
    step: isize,
    width: usize,
}

impl<'a, T: Plain> Lines<'a, T> {
    /// A view, not empty, as `count` lines; copied only if it does not lie so.
    pub fn new(held: &'a Held, count: usize) -> Self {
        let (data, layout) = held.of::<T>();
        let width = layout.numel() / count;
        let lines =
            layout.reshape(&Shape::new(&[count, width])).filter(|l| width == 1 || l.strides()[1] == 1);
        match lines {
            Some(lines) => {
                Lines { data: Packed::InPlace(data), start: lines.offset(), step: lines.strides()[0], width }
            }
            None => Lines { data: packed(held), start: 0, step: width as isize, width },
        }
    }

    /// The length of a line.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Part of a line.
    fn part(&self, line: usize, from: usize, len: usize) -> &[T] {
        let start = (self.start as isize + line as isize * self.step) as usize;
        &self.data[start + from..][..len]
    }
}

/// Lines so short that they are better written part by part.
const SHORT: usize = 8;
/// Lines written at a time, so that they are still in the nearest cache when the next part's come between them.
const LINES: usize = 512;

/// As [`join`], part after part.
fn interleave<T: Plain>(parts: &[Lines<T>], width: usize, out: &mut [T]) {
    threads::groups(out, LINES * width, LINES * width, &|index, out| {
        let first = index * LINES;
        let lines = out.len() / width;
        if let [a, b] = parts
            && [a, b].iter().all(|part| part.width == 1 && part.step == 1)
        {
            let pairs = [a, b].map(|part| &part.data[part.start + first..][..lines]);
            let (out, _) = out.as_chunks_mut::<2>();
            return vectorize_for::<T, _>(
                #[inline(always)]
                || {
                    for ((o, &a), &b) in out.iter_mut().zip(pairs[0]).zip(pairs[1]) {
                        *o = [a, b];
                    }
                },
            );
        }
        let mut at = 0;
        for part in parts {
            for (line, out) in (first..).zip(out[at..].chunks_mut(width)) {
                match part.width {
                    1 => out[0] = part.data[(part.start as isize + line as isize * part.step) as usize],
                    len => out[..len].copy_from_slice(part.part(line, 0, len)),
                }
            }
            at += part.width;
        }
    });
}

/// Line by line, writes the parts' lines one after another; together they are `width` long.
pub fn join<T: Plain>(parts: &[Lines<T>], width: usize, out: &mut [T]) {
    if out.is_empty() {
        return;
    }
    if parts.iter().all(|part| part.width <= SHORT) {
        return interleave(parts, width, out);
    }
    threads::chunks(out, &|first, mut out| {
        let (mut line, mut skip) = (first / width, first % width);
        while !out.is_empty() {
            for part in parts {
                if skip >= part.width {
                    skip -= part.width;
                    continue;
                }
                let len = (part.width - skip).min(out.len());
                let (now, later) = std::mem::take(&mut out).split_at_mut(len);
                now.copy_from_slice(part.part(line, skip, len));
                (out, skip) = (later, 0);
            }
            line += 1;
        }
    });
}
