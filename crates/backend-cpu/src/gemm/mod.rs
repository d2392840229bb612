//! The product of matrices, `C = act(A·B + bias)`.
//!
//! The scheme of Goto & van de Geijn (2008), cut down to what small networks need: B is packed a panel of
//! `BLOCK_K` × a few vectors at a time and stays in the nearest cache while all rows of A pass over it; A is
//! read where it lies. Each element's sum runs over k in order, by fused multiply-adds in blocks that k alone
//! decides, whatever the vector width, the tile or the number of threads: these only divide M and N. So a row's
//! result does not depend on the rows beside it either: one image gives the same bits alone and in a batch.

mod kernel;
mod pack;

use crate::simd::vectorize;
use crate::storage::scratch;
use crate::threads;
pub use kernel::Kernel;
use kernel::Tile;

/// Numbers summed between two visits of C: a packed panel of f32 is at most 48 KiB. (96, 128, 160 and 200 were
/// slower by 1 to 10 % at most sizes of `benches/gemm.rs`.)
const BLOCK_K: usize = 256;
/// Rows of A that pass over a panel before it is packed again: their block stays in the second cache.
const BLOCK_M: usize = 512;
/// Multiply-adds below which a product stays on the calling thread: a few microseconds of work.
const SERIAL_WORK: usize = 1 << 17;

/// A matrix in memory: element (i, j) is at `offset + i·row_stride + j·col_stride`.
#[derive(Clone, Copy, Debug)]
pub struct MatRef<'a, T> {
    /// The memory.
    pub data: &'a [T],
    /// Where element (0, 0) is.
    pub offset: usize,
    /// From one row to the next.
    pub row_stride: isize,
    /// From one column to the next.
    pub col_stride: isize,
}

impl<T> MatRef<'_, T> {
    /// Where element (i, j) is.
    #[inline(always)]
    fn index(&self, i: usize, j: usize) -> usize {
        (self.offset as isize + i as isize * self.row_stride + j as isize * self.col_stride) as usize
    }

    /// Whether `rows × cols` elements all lie inside the memory.
    fn covers(&self, rows: usize, cols: usize) -> bool {
        let reach = |n: usize, stride: isize| (n as isize - 1) * stride;
        let (r, c) = (reach(rows, self.row_stride), reach(cols, self.col_stride));
        let first = self.offset as isize;
        let (low, high) = (first + r.min(0) + c.min(0), first + r.max(0) + c.max(0));
        low >= 0 && (high as usize) < self.data.len()
    }
}

/// What happens to each element on its way out.
#[derive(Clone, Copy, Debug)]
pub struct Epilogue<'a, T> {
    /// A number added per column.
    pub bias: Option<&'a [T]>,
    /// Then max(·, 0).
    pub relu: bool,
}

impl<T> Epilogue<'_, T> {
    /// Nothing happens.
    pub const NONE: Self = Epilogue { bias: None, relu: false };
}

/// C's memory, of which each thread writes columns or rows of its own.
struct Out<T>(*mut T);
// SAFETY: `gemm` hands every thread a region of C that no other thread touches.
unsafe impl<T> Sync for Out<T> {}

impl<T> Out<T> {
    /// The element at `index`.
    fn at(&self, index: usize) -> *mut T {
        self.0.wrapping_add(index)
    }
}

/// The sizes of a product `[m, k] · [k, n]`.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Rows of A and C.
    pub m: usize,
    /// Columns of B and C.
    pub n: usize,
    /// What is summed over.
    pub k: usize,
}

/// `[M, K] · [K, N] → c` of `[M, N]`, row-major, overwritten.
///
/// # Panics
/// When a matrix reaches outside its memory, or `c` or the bias have another size.
pub fn gemm<T: Kernel>(size: Sizes, a: MatRef<T>, b: MatRef<T>, c: &mut [T], epilogue: Epilogue<T>) {
    let Sizes { m, n, k } = size;
    assert!(
        c.len() == m * n && epilogue.bias.is_none_or(|bias| bias.len() == n),
        "gemm: sizes of the result"
    );
    if m == 0 || n == 0 {
        return;
    }
    assert!(k == 0 || (a.covers(m, k) && b.covers(k, n)), "gemm: a matrix leaves its memory");
    let shape = T::shape();
    let panels = n.div_ceil(shape.lanes).div_ceil(shape.vectors);
    let tiles = m.div_ceil(shape.rows);
    let out = Out(c.as_mut_ptr());
    let workers = if m * n * k < SERIAL_WORK { 1 } else { threads::num_threads() };
    let part = |count: usize, index: usize| (count * index / workers, count * (index + 1) / workers);
    // Whole panels are dealt out where there are enough: each is packed by one thread only.
    let by_panel = panels.div_ceil(workers) * tiles <= tiles.div_ceil(workers) * panels;
    threads::broadcast(workers, |index| {
        let (rows, cols) = if by_panel {
            ((0, m), part(panels, index))
        } else {
            let (low, high) = part(tiles, index);
            ((low * shape.rows, (high * shape.rows).min(m)), (0, panels))
        };
        scratch(BLOCK_K.min(k) * shape.lanes * shape.vectors, |packed| {
            region(size, &a, &b, &out, epilogue, rows, (cols, panels), packed);
        });
    });
}

#[expect(clippy::too_many_arguments, reason = "a region of three matrices, and its scratch memory")]
/// Computes rows `rows` of the panels `first .. end` out of `panels`.
fn region<T: Kernel>(
    Sizes { n, k, .. }: Sizes,
    a: &MatRef<T>,
    b: &MatRef<T>,
    out: &Out<T>,
    epilogue: Epilogue<T>,
    (row_start, row_end): (usize, usize),
    ((first, end), panels): ((usize, usize), usize),
    packed: &mut [T],
) {
    let shape = T::shape();
    let vectors = n.div_ceil(shape.lanes);
    let blocks = k.div_ceil(BLOCK_K).max(1);
    for block_m in (row_start..row_end).step_by(BLOCK_M) {
        let block_end = (block_m + BLOCK_M).min(row_end);
        for panel in first..end {
            // Vectors are dealt evenly, so that no panel is a thin rest.
            let (v0, v1) = (vectors * panel / panels, vectors * (panel + 1) / panels);
            let (j0, width) = (v0 * shape.lanes, (v1 - v0) * shape.lanes);
            let cols = width.min(n - j0);
            let last = Epilogue { bias: epilogue.bias.map(|bias| &bias[j0..j0 + cols]), ..epilogue };
            for block in 0..blocks {
                let (k0, k1) = (k * block / blocks, k * (block + 1) / blocks);
                let depth = k1 - k0;
                if depth > 0 {
                    // Over no elements there is nothing to pack, and B may have no memory at all.
                    vectorize(
                        #[inline(always)]
                        || pack::panel(b, (k0, depth), (j0, cols), packed, width),
                    );
                }
                let tiles = (block_end - block_m).div_ceil(shape.rows);
                for tile in 0..tiles {
                    let i = |tile: usize| block_m + (block_end - block_m) * tile / tiles;
                    let (i0, rows) = (i(tile), i(tile + 1) - i(tile));
                    let work = Tile {
                        k: depth,
                        a: a.data.as_ptr().wrapping_add(a.index(i0, k0)),
                        a_row: a.row_stride,
                        a_k: a.col_stride,
                        b: packed.as_ptr(),
                        b_k: width,
                        c: out.at(i0 * n + j0),
                        c_row: n,
                        rows,
                        cols,
                        first: block == 0,
                        last: (k1 == k).then_some(last),
                    };
                    // SAFETY: `gemm` checked that A, B and C hold the whole product; this tile's rows and
                    // columns are within it and within the shape, and its part of C is this thread's alone.
                    unsafe { T::run(&work) };
                }
            }
        }
    }
}
