//! Products whose left matrix is an image: its elements stand wherever two lists say, so that the windows of a
//! convolution are multiplied where they lie, without being laid out first ("implicit" or "indirect" products, as in
//! Dukhan, *The Indirect Convolution Algorithm*, 2019).
//!
//! Invariant: as in the rest of the module, an element is summed in the order of k, in blocks that k alone decides.

use super::kernel::{Listed, Tile};
use super::pack;
use super::{BLOCK_K, Epilogue, Kernel, MatRef, UNIT_K, Update, pieces};
use std::ops::Range;

/// How the columns of a right matrix are cut into panels, each as wide as a tile at most and of whole vectors.
#[derive(Clone, Copy)]
pub struct Panels {
    /// Numbers summed: rows of the matrix.
    pub k: usize,
    /// Columns of the matrix.
    pub columns: usize,
    lanes: usize,
    most: usize,
}

impl Panels {
    /// Those of a matrix of `k` rows.
    pub fn new<T: Kernel>(k: usize, columns: usize) -> Self {
        let shape = T::shape();
        Panels { k, columns, lanes: shape.lanes, most: shape.lanes * shape.vectors }
    }

    /// Columns, those that fill the last vector included.
    pub fn width(&self) -> usize {
        self.columns.next_multiple_of(self.lanes)
    }

    /// The columns of each panel, among those of `columns`, which start at a vector and end at one or the last.
    pub fn of(&self, columns: Range<usize>) -> impl Iterator<Item = Range<usize>> + Clone + use<> {
        pieces(columns.start..columns.end.next_multiple_of(self.lanes), self.most, self.lanes)
    }

    /// Copies columns of a matrix into panels, one after the other, `k` rows of whole vectors each.
    pub fn pack<T: Kernel>(&self, from: &MatRef<T>, columns: Range<usize>, out: &mut [T]) {
        for panel in self.of(columns.clone()) {
            let at = (panel.start - columns.start) * self.k;
            let (start, width) = (panel.start, panel.len());
            let filled = start..panel.end.min(self.columns);
            pack::panel(from, 0..self.k, filled, &mut out[at..at + self.k * width], width);
        }
    }
}

/// A matrix whose elements are listed: (i, p) is `data[rows[i] + along[p]]`.
#[derive(Clone, Copy)]
pub struct Image<'a, T> {
    pub data: &'a [T],
    pub rows: &'a [usize],
    pub along: &'a [usize],
}

/// `C (+)= A·B` for the columns of one panel: B has `along.len()` rows of `width` columns, C `rows.len()` rows that
/// begin `c_row` apart. The bias in `last` is as wide as the panel.
///
/// # Panics
/// When an element stands outside the image, or B or C are too short.
pub fn listed<T: Kernel>(
    a: Image<T>,
    (b, width): (&[T], usize),
    (c, c_row): (&mut [T], usize),
    update: Update,
    last: Epilogue<T>,
) {
    let Image { data: a, rows, along } = a;
    let shape = T::shape();
    let furthest = |list: &[usize]| list.iter().copied().max().unwrap_or(0);
    assert!(along.is_empty() || furthest(rows) + furthest(along) < a.len(), "listed: A leaves its memory");
    assert!(b.len() >= along.len() * width && width <= shape.lanes * shape.vectors, "listed: the panel");
    assert!(width.is_multiple_of(shape.lanes) && c_row >= width, "listed: whole vectors");
    assert!(rows.is_empty() || c.len() >= (rows.len() - 1) * c_row + width, "listed: sizes of the result");
    assert!(last.bias.is_none_or(|bias| bias.len() == width), "listed: the bias");
    for k in pieces(0..along.len(), BLOCK_K, UNIT_K) {
        for tile in pieces(0..rows.len(), shape.rows, 1).filter(|tile| !tile.is_empty()) {
            let work = Tile {
                k: k.len(),
                a: a.as_ptr(),
                a_row: 0,
                a_k: 0,
                listed: Some(Listed { rows: &rows[tile.clone()], along: &along[k.clone()] }),
                b: b[k.start * width..].as_ptr(),
                b_k: width as isize,
                b_col: 1,
                c: c[tile.start * c_row..].as_mut_ptr(),
                c_row,
                rows: tile.len(),
                cols: width,
                update: if k.start == 0 { update } else { Update::Add },
                last: (k.end == along.len()).then_some(last),
            };
            // SAFETY: the assertions cover all that the tile names; `c` is this call's alone.
            unsafe { T::run(&work) };
        }
    }
}
