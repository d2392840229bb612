//! The loops around the tile: which rows of A, columns of B and blocks of k meet when, so that each is still near when
//! it is needed again.
//!
//! Invariant: the order in which an element's blocks of k are added is that of k; all else only divides M and N.

use super::kernel::{Kernel, TURNED_COLUMNS, Tile};
use super::operands::Out;
use super::{BLOCK_K, DIRECT_B_ROWS, Epilogue, MatRef, UNIT_K, Update, pack, pieces};
use crate::storage::scratch;
use std::ops::Range;

/// Blocks of k in a pass.
pub const BLOCKS: usize = 4;
/// Bytes of A in the rows that pass over the panels, one after the other: most of a second cache of 1 MiB.
const BLOCK_A: usize = 640 << 10;
/// Columns of B that wait, packed, for the next rows of A: whole panels of any shape.
pub const BLOCK_N: usize = 1536;
/// Columns of C from which packing A pays, if its rows are not runs of memory.
pub const PACKED_A_COLUMNS: usize = 512;

/// Rows of A, `depth` deep, that stay in the second cache: whole tiles.
pub fn block_rows<T: Kernel>(depth: usize) -> usize {
    let tile = T::shape().rows;
    BLOCK_A / (size_of::<T>() * depth.max(1)) / tile * tile
}

/// A product, as its threads see it.
pub struct Work<'a, T> {
    pub c_row: usize,
    pub update: Update,
    pub k: usize,
    pub a: &'a MatRef<'a, T>,
    pub b: &'a MatRef<'a, T>,
    pub out: Out<T>,
    pub epilogue: Epilogue<'a, T>,
}

/// Where the packed panels of a pass are.
struct PackedB<'a, T> {
    /// Panel after panel if they are kept, else one place for all of them.
    room: &'a mut [T],
    /// Whether further rows of A will pass over the panels.
    kept: bool,
    /// Whether earlier rows of A have left them there.
    filled: bool,
}

impl<T: Kernel> Work<'_, T> {
    /// Computes the given rows and columns of C, the first column being a vector's first.
    pub fn region(&self, rows: Range<usize>, cols: Range<usize>) {
        let shape = T::shape();
        let depth = self.k.min(BLOCKS * BLOCK_K);
        let wide = shape.lanes * shape.vectors;
        let pack_a = self.k > 0 && self.a.col_stride != 1 && cols.len() >= PACKED_A_COLUMNS;
        let block_m = block_rows::<T>(depth);
        let height =
            if pack_a { rows.len().min(block_m).next_multiple_of(shape.rows) + shape.rows } else { 0 };
        let several = rows.len() > block_m;
        let all = cols.len().next_multiple_of(wide);
        let (block_n, width) = if several { (BLOCK_N, all.min(BLOCK_N)) } else { (all, wide) };
        scratch(depth * (width + height), |packed| {
            let (b, a) = packed.split_at_mut(depth * width);
            for cols in pieces(cols, block_n, wide) {
                for blocks in pieces(0..pieces(0..self.k, BLOCK_K, UNIT_K).count(), BLOCKS, 1) {
                    for (index, rows) in pieces(rows.clone(), block_m, shape.rows).enumerate() {
                        let b = PackedB { room: b, kept: several, filled: several && index > 0 };
                        self.pass(rows, cols.clone(), blocks.clone(), pack_a.then_some(&mut *a), b);
                    }
                }
            }
        });
    }

    /// The numbers of a block of k.
    fn block(&self, index: usize) -> Range<usize> {
        pieces(0..self.k, BLOCK_K, UNIT_K).nth(index).unwrap_or_default()
    }

    /// Adds what some blocks of A's columns and B's rows contribute to a region of C.
    fn pass(
        &self,
        rows: Range<usize>,
        cols: Range<usize>,
        blocks: Range<usize>,
        mut packed_a: Option<&mut [T]>,
        packed_b: PackedB<T>,
    ) {
        let shape = T::shape();
        let deep = self.block(blocks.start).start..self.block(blocks.end - 1).end;
        let depth = deep.len();
        if let Some(packed) = &mut packed_a {
            let turned = self.a.transpose();
            // Block by block: tiles side by side read the same lines while these are in the nearest cache.
            for k in blocks.clone().map(|index| self.block(index)) {
                let tiles = pieces(rows.clone(), shape.rows, 1);
                for (tile, out) in tiles.zip(packed.chunks_mut(shape.rows * depth)) {
                    let out = &mut out[shape.rows * (k.start - deep.start)..];
                    pack::panel(&turned, k.clone(), tile, out, shape.rows);
                }
            }
        }
        // Few rows read B where it lies: its rows as they are, its columns turned on the way.
        let turned = self.b.col_stride != 1 && self.b.row_stride == 1 && rows.len() <= shape.turned_rows;
        let in_place = turned || self.b.col_stride == 1 && rows.len() <= DIRECT_B_ROWS;
        let wide = if turned { TURNED_COLUMNS } else { shape.lanes * shape.vectors };
        for panel in pieces(cols.clone(), wide, shape.lanes) {
            let width = panel.len().next_multiple_of(shape.lanes);
            let (b, b_k, b_col) = if in_place && width == panel.len() {
                let at = self.b.index(deep.start, panel.start);
                (self.b.data.as_ptr().wrapping_add(at), self.b.row_stride, self.b.col_stride)
            } else {
                let at = if packed_b.kept { (panel.start - cols.start) * depth } else { 0 };
                let packed = &mut packed_b.room[at..at + depth * width];
                if !packed_b.filled {
                    pack::panel(self.b, deep.clone(), panel.clone(), packed, width);
                }
                (packed.as_ptr(), width as isize, 1)
            };
            let epilogue =
                Epilogue { bias: self.epilogue.bias.map(|bias| &bias[panel.clone()]), ..self.epilogue };
            for k in blocks.clone().map(|index| self.block(index)) {
                let along = k.start - deep.start;
                for (index, tile) in pieces(rows.clone(), shape.rows, 1).enumerate() {
                    let (a, a_row, a_k) = match &packed_a {
                        Some(packed) => {
                            let at = shape.rows * (index * depth + along);
                            (packed[at..].as_ptr(), 1, shape.rows as isize)
                        }
                        None => {
                            let at = self.a.index(tile.start, k.start);
                            (self.a.data.as_ptr().wrapping_add(at), self.a.row_stride, self.a.col_stride)
                        }
                    };
                    let work = Tile {
                        k: k.len(),
                        a,
                        a_row,
                        a_k,
                        listed: None,
                        b: b.wrapping_offset(along as isize * b_k),
                        b_k,
                        b_col,
                        c: self.out.at(tile.start * self.c_row + panel.start),
                        c_row: self.c_row,
                        rows: tile.len(),
                        cols: panel.len(),
                        update: match self.update {
                            Update::Write if k.start > 0 => Update::Add,
                            update => update,
                        },
                        last: (k.end == self.k).then_some(epilogue),
                    };
                    // SAFETY: `gemm` checked that A, B and C hold the whole product; this tile's rows and columns
                    // are within it and within the shape, and its part of C is this thread's alone.
                    unsafe { T::run(&work) };
                }
            }
        }
    }
}
