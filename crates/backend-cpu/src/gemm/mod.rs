//! The product of matrices, `C = act(A·B + bias)`.
//!
//! The scheme of Goto & van de Geijn (2008), with a loop more: B is packed in panels of a few vectors' width, and a
//! block of A's rows, small enough for the second cache, passes over one panel after the other, `BLOCK_K` of the
//! panel's rows at a time. Several such blocks of k in turn meet the same few numbers of C, which so come from far
//! away once a pass instead of once a block. If there are several blocks of rows, the panels wait for the next. A is
//! read where it lies, unless its rows are not runs of memory and many panels will read them again; B too, where few
//! rows would not repay the packing: rows of B as they are, columns turned in registers. Each element's sum runs over
//! k in order, by fused multiply-adds in blocks that k alone decides, whatever the vector width, the tile, the
//! packing or the number of threads: these only divide M and N. So a row's result does not depend on the rows beside
//! it either: one image gives the same bits alone and in a batch.

mod blocking;
mod dot;
mod kernel;
mod listed;
mod operands;
mod pack;

use crate::threads;
use blocking::Work;
use dot::dot;
pub use kernel::Kernel;
pub(crate) use listed::{Image, Panels, listed};
use operands::Out;
pub use operands::{Epilogue, MatRef, Sizes, Update};
pub(crate) use pack::{SIDE, Turn};
use std::ops::Range;

/// Numbers summed between two visits of C: a packed panel of f32 is at most 48 KiB. (128, 192, 320 and 384 were
/// slower by 1 to 5 % at most sizes of `benches/gemm.rs`.)
const BLOCK_K: usize = 256;
/// Blocks of k are whole numbers of this, but for the last: a column is turned in squares of up to 16 numbers.
const UNIT_K: usize = 16;
/// Multiply-adds below which a product stays on the calling thread: a few microseconds of work.
pub(crate) const SERIAL_WORK: usize = 1 << 17;
/// What writing a number of C costs, in multiply-adds.
const WRITING: usize = 4;
/// What packing a column of B costs, in rows of C.
const PACKING_ROWS: usize = 8;
/// Rows of C up to which B is read where it lies, if its rows are runs of memory.
const DIRECT_B_ROWS: usize = 64;

/// `[M, K] · [K, N] → c` of `[M, N]`, row-major, overwritten.
///
/// # Panics
/// When a matrix reaches outside its memory, or `c` or the bias have another size.
pub fn gemm<T: Kernel>(size: Sizes, a: MatRef<T>, b: MatRef<T>, c: &mut [T], epilogue: Epilogue<T>) {
    assert!(
        c.len() == size.m * size.n && epilogue.bias.is_none_or(|bias| bias.len() == size.n),
        "gemm: sizes of the result"
    );
    product(size, a, b, (c, size.n, Update::Write), epilogue);
}

/// As [`gemm`], with C a part of a wider matrix: `c` starts with its first element, and its rows begin every `c_row`
/// elements.
///
/// # Panics
/// When a matrix reaches outside its memory.
pub fn gemm_into<T: Kernel>(
    size: Sizes,
    a: MatRef<T>,
    b: MatRef<T>,
    c: &mut [T],
    c_row: usize,
    update: Update,
) {
    let Sizes { m, n, k } = size;
    assert!(
        m == 0 || n == 0 || c_row >= n && c.len() >= (m - 1) * c_row + n,
        "gemm: the result leaves its memory"
    );
    if k > 0 || update == Update::Write {
        product(size, a, b, (c, c_row, update), Epilogue::NONE);
    }
}

fn product<T: Kernel>(
    size: Sizes,
    a: MatRef<T>,
    b: MatRef<T>,
    (c, c_row, update): (&mut [T], usize, Update),
    epilogue: Epilogue<T>,
) {
    let Sizes { m, n, k } = size;
    if m == 0 || n == 0 {
        return;
    }
    assert!(k == 0 || (a.covers(m, k) && b.covers(k, n)), "gemm: a matrix leaves its memory");
    if n == 1 && c.len() == m && update == Update::Write && epilogue.bias.is_none() {
        if m == 1 && k > 0 && !epilogue.relu && a.col_stride == 1 && b.row_stride == 1 {
            c[0] = dot(&a.data[a.offset..][..k], &b.data[b.offset..][..k]);
            return;
        }
        if m > 1 {
            // A column is a row of the product turned round, whose numbers lie side by side.
            return gemm(Sizes { m: 1, n: m, k }, b.transpose(), a.transpose(), c, epilogue);
        }
    }
    let lanes = T::shape().lanes;
    let vectors = n.div_ceil(lanes);
    let work = Work { c_row, update, k, a: &a, b: &b, out: Out(c.as_mut_ptr()), epilogue };
    let workers = if m * n * k.max(WRITING) < SERIAL_WORK { 1 } else { threads::num_threads() };
    let grid = split(m, vectors, workers, b.col_stride == 1);
    threads::broadcast(workers, &|index| {
        let (row, col) = (index / grid.1, index % grid.1);
        let rows = m * row / grid.0..m * (row + 1) / grid.0;
        let cols = vectors * col / grid.1 * lanes..(vectors * (col + 1) / grid.1 * lanes).min(n);
        if !rows.is_empty() && !cols.is_empty() {
            work.region(rows, cols);
        }
    });
}

/// How many parts M and N fall into for `workers` threads: the split whose largest part is the least work,
/// packing its columns of B counted as [`PACKING_ROWS`] more rows.
fn split(m: usize, vectors: usize, workers: usize, b_has_rows: bool) -> (usize, usize) {
    let work = |&(rows, cols): &(usize, usize)| {
        let rows = m.div_ceil(rows);
        let packing = if b_has_rows && rows <= DIRECT_B_ROWS { 0 } else { PACKING_ROWS };
        (rows + packing) * vectors.div_ceil(cols)
    };
    let grids = (1..=workers).filter(|rows| workers.is_multiple_of(*rows)).map(|rows| (rows, workers / rows));
    grids.min_by_key(work).unwrap_or((1, 1))
}

/// `range` in pieces of at most `most`, as even as whole units of `unit` allow, so that none is a thin rest; one
/// empty piece if it is empty.
fn pieces(range: Range<usize>, most: usize, unit: usize) -> impl Iterator<Item = Range<usize>> + Clone {
    let units = range.len().div_ceil(unit);
    let count = units.div_ceil(most / unit).max(1);
    (0..count).map(move |i| {
        let at = |i: usize| (range.start + units * i / count * unit).min(range.end);
        at(i)..at(i + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::blocking::{BLOCK_N, BLOCKS, PACKED_A_COLUMNS, block_rows};
    use super::*;

    /// A matrix whose columns are runs of memory, `rows` long.
    fn columns(data: &[f32], rows: usize) -> MatRef<'_, f32> {
        MatRef { data, offset: 0, row_stride: 1, col_stride: rows as isize }
    }

    #[test]
    fn a_sum_over_nothing_is_zero_in_any_layout() {
        let (m, n) = (9, 4 * PACKED_A_COLUMNS + 5);
        for a in [columns(&[], m), columns(&[], m).transpose()] {
            let mut c = vec![f32::NAN; m * n];
            gemm(Sizes { m, n, k: 0 }, a, columns(&[], 0), &mut c, Epilogue::NONE);
            assert!(c.iter().all(|&v| v == 0.0));
        }
    }

    #[test]
    fn blocks_of_rows_share_the_panels_of_b() {
        let k = BLOCKS * BLOCK_K + 5; // two passes
        let (m, n) = (2 * block_rows::<f32>(BLOCKS * BLOCK_K) + 3, BLOCK_N + 7);
        let numbers = |len: usize| (0..len).map(|i| (i * 29 % 97) as f32 / 8.0 - 5.0).collect::<Vec<f32>>();
        let (a, b) = (numbers(m * k), numbers(k * n));
        let rows =
            |first: usize| MatRef { data: &a[..], offset: first * k, row_stride: k as isize, col_stride: 1 };
        let (mut whole, mut alone) = (vec![0.0; m * n], vec![0.0; n]);
        gemm(Sizes { m, n, k }, rows(0), columns(&b, k), &mut whole, Epilogue::NONE);
        for i in [0, m / 3, m / 2, m - 1] {
            gemm(Sizes { m: 1, n, k }, rows(i), columns(&b, k), &mut alone, Epilogue::NONE);
            assert_eq!(whole[i * n..][..n], alone, "row {i}");
        }
    }

    #[test]
    fn few_rows_give_the_bits_of_many() {
        let (m, n, k) = (12, 3 * 16 + 5, BLOCK_K + UNIT_K + 5);
        let numbers = |len: usize| (0..len).map(|i| (i * 31 % 103) as f32 / 9.0 - 5.0).collect::<Vec<f32>>();
        let (a, b) = (numbers(m * k), numbers(k * n));
        let a = MatRef { data: &a[..], offset: 0, row_stride: k as isize, col_stride: 1 };
        let mut many = vec![0.0; m * n];
        gemm(Sizes { m, n, k }, a, columns(&b, k), &mut many, Epilogue::NONE);
        for few in 1..=6 {
            let mut c = vec![f32::NAN; few * n];
            gemm(Sizes { m: few, n, k }, a, columns(&b, k), &mut c, Epilogue::NONE);
            assert_eq!(c, many[..few * n], "{few} rows");
        }
    }

    #[test]
    fn a_single_column_gives_the_bits_of_several() {
        for (m, k) in [(1, 7), (1, BLOCK_K), (1, 9 * BLOCK_K + 5), (37, BLOCK_K + UNIT_K + 5), (300, 3)] {
            let numbers =
                |len: usize| (0..len).map(|i| (i * 31 % 103) as f32 / 9.0 - 5.0).collect::<Vec<f32>>();
            let (a, b) = (numbers(m * k), numbers(k * 2));
            for a in
                [MatRef { data: &a[..], offset: 0, row_stride: k as isize, col_stride: 1 }, columns(&a, m)]
            {
                let (mut two, mut one) = (vec![0.0; m * 2], vec![0.0; m]);
                gemm(Sizes { m, n: 2, k }, a, columns(&b, k), &mut two, Epilogue::NONE);
                gemm(Sizes { m, n: 1, k }, a, columns(&b, k), &mut one, Epilogue::NONE);
                assert_eq!(two.iter().step_by(2).copied().collect::<Vec<f32>>(), one, "{m}x{k}");
            }
        }
    }

    #[test]
    fn packing_a_changes_no_bit() {
        let (m, n, k) = (19, 4 * PACKED_A_COLUMNS + 5, BLOCK_K + 3);
        let numbers = |len: usize| (0..len).map(|i| (i * 37 % 101) as f32 / 7.0 - 6.0).collect::<Vec<f32>>();
        let (a, b) = (numbers(m * k), numbers(k * n));
        let turned: Vec<f32> = (0..m * k).map(|i| a[i % k * m + i / k]).collect();
        let rows = MatRef { data: &turned[..], offset: 0, row_stride: k as isize, col_stride: 1 };
        let (mut packed, mut in_place) = (vec![0.0; m * n], vec![0.0; m * n]);
        gemm(Sizes { m, n, k }, columns(&a, m), columns(&b, k), &mut packed, Epilogue::NONE);
        gemm(Sizes { m, n, k }, rows, columns(&b, k), &mut in_place, Epilogue::NONE);
        assert_eq!(packed, in_place);
    }
}
