//! The nest of loops over several layouts of one shape, and the ways through it.
//!
//! Invariant: elements come in row-major order, whatever the layouts.

use std::ops::Range;
use tensor_core::{Layout, MAX_RANK, Shape};

/// Elements gathered at a time: little enough for the nearest cache, enough to fill vectors.
pub const PIECE: usize = 256;

/// The merged loop nest of `N` layouts of one shape, kept inline: small operations are many.
pub struct Nest<const N: usize> {
    /// Sizes and steps, outermost first; at least one.
    loops: [(usize, [isize; N]); MAX_RANK],
    depth: usize,
    start: [isize; N],
}

impl<const N: usize> Nest<N> {
    /// Merges what can be merged.
    #[inline(never)]
    pub fn new(shape: &Shape, layouts: [&Layout; N]) -> Self {
        // A single element is a run of memory, whatever its strides.
        let mut loops = [(1, [1; N]); MAX_RANK];
        let mut depth = 0;
        for axis in 0..shape.rank() {
            let (size, step) = (shape[axis], std::array::from_fn(|i| layouts[i].strides()[axis]));
            if size == 1 {
                continue;
            }
            match loops[..depth].last_mut() {
                Some((sizes, outer)) if (0..N).all(|i| outer[i] == step[i] * size as isize) => {
                    (*sizes, *outer) = (*sizes * size, step);
                }
                _ => {
                    loops[depth] = (size, step);
                    depth += 1;
                }
            }
        }
        Nest { loops, depth: depth.max(1), start: std::array::from_fn(|i| layouts[i].offset() as isize) }
    }

    /// Length of a row.
    pub fn row_len(&self) -> usize {
        self.loops[self.depth - 1].0
    }

    /// The operands' strides along a row.
    pub fn row_strides(&self) -> [isize; N] {
        self.loops[self.depth - 1].1
    }

    /// The loops' sizes and steps, outermost first.
    pub fn loops(&self) -> &[(usize, [isize; N])] {
        &self.loops[..self.depth]
    }

    /// Where each operand stands at a row-major element.
    #[inline(never)]
    pub fn offsets(&self, mut element: usize) -> [isize; N] {
        let mut at = self.start;
        for (size, stride) in self.loops[..self.depth].iter().rev() {
            let index = (element % size) as isize;
            element /= size;
            for (place, step) in at.iter_mut().zip(stride) {
                *place += index * step;
            }
        }
        at
    }

    /// Where each operand stands at the beginning of a row: without a division where rows are all there is.
    #[inline(always)]
    pub fn row(&self, row: usize) -> [isize; N] {
        match self.loops() {
            [(_, steps), _] => std::array::from_fn(|i| self.start[i] + row as isize * steps[i]),
            _ => self.offsets(row * self.row_len()),
        }
    }

    /// Calls `piece(offsets, range)` for pieces of the `count` elements from `first` on that lie within one row each, as
    /// short as buffers are where some operand has to be gathered; ranges count from `first`.
    pub fn pieces(&self, first: usize, count: usize, piece: &mut dyn FnMut([isize; N], Range<usize>)) {
        let (strides, len) = (self.row_strides(), self.row_len());
        let most = if strides.iter().all(|&s| s == 1) {
            usize::MAX
        } else if strides.iter().all(|s| matches!(s, 0 | 1)) && len >= 16 * PIECE {
            4 * PIECE // what repeats is laid out but once
        } else {
            PIECE
        };
        self.cut(first, count, most, piece);
    }

    /// As [`Nest::pieces`], of pieces at most `most` long.
    pub fn cut(
        &self,
        first: usize,
        count: usize,
        most: usize,
        piece: &mut dyn FnMut([isize; N], Range<usize>),
    ) {
        if count == 0 {
            return;
        }
        let len = self.row_len();
        let (mut at, mut done) = (Place::new(self, first), 0);
        while done < count {
            let take = (len - at.index[self.depth - 1]).min(count - done).min(most);
            piece(at.offsets, done..done + take);
            at.advance(self, take);
            done += take;
        }
    }
}

/// A place in a nest that moves on along a row, and from there to the next: no division a row, as there are many.
struct Place<const N: usize> {
    index: [usize; MAX_RANK],
    offsets: [isize; N],
}

impl<const N: usize> Place<N> {
    fn new(nest: &Nest<N>, mut element: usize) -> Self {
        let (mut index, offsets) = ([0; MAX_RANK], nest.offsets(element));
        for (index, (size, _)) in index.iter_mut().zip(nest.loops()).rev() {
            *index = element % size;
            element /= size;
        }
        Place { index, offsets }
    }

    /// Goes `step` elements on, at most to the row's end.
    #[inline(always)]
    fn advance(&mut self, nest: &Nest<N>, step: usize) {
        let loops = nest.loops();
        // A whole row leads to the same place in the next one.
        let (loops, mut step) =
            if step == nest.row_len() { (&loops[..loops.len() - 1], 1) } else { (loops, step) };
        for (index, (size, strides)) in self.index.iter_mut().zip(loops).rev() {
            *index += step;
            let back = if *index == *size { *index } else { 0 };
            *index -= back;
            for (offset, stride) in self.offsets.iter_mut().zip(strides) {
                *offset += (step as isize - back as isize) * stride;
            }
            if back == 0 {
                return;
            }
            step = 1;
        }
    }
}
