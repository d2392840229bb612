//! Packing: a block of B copied into rows of whole vectors, or one of A into columns of a tile's height, so that
//! the kernel reads it end to end.

use super::MatRef;
use crate::math::Real;
use crate::simd::{opaque, prefetch, vectorize_or_compact};
use std::ops::Range;

/// Rows between the one that is copied and the one that is asked for: one row is too short for the processor to
/// see that another will follow, far away.
const AHEAD: isize = 8;

/// Copies `B[k, cols]` to `out`, as rows of `width` ≥ cols numbers; what comes after the last column is of no
/// consequence, since it is multiplied into columns that are never stored.
#[inline(never)]
pub fn panel<T: Turn>(b: &MatRef<T>, k: Range<usize>, cols: Range<usize>, out: &mut [T], width: usize) {
    vectorize_or_compact!(T, |COMPACT| copy::<_, COMPACT>(b, k.clone(), cols.clone(), out, width));
}

#[inline(always)]
fn copy<T: Turn, const COMPACT: bool>(
    b: &MatRef<T>,
    k: Range<usize>,
    cols: Range<usize>,
    out: &mut [T],
    width: usize,
) {
    if k.is_empty() {
        return; // B may have no memory at all
    }
    let (len, first) = (cols.len(), b.index(k.start, cols.start));
    if b.col_stride == 1 && !COMPACT {
        for (p, row) in out.chunks_exact_mut(width).take(k.len()).enumerate() {
            let from = &b.data[(first as isize + p as isize * b.row_stride) as usize..][..len];
            for j in (0..len).step_by(16) {
                prefetch(from.as_ptr().wrapping_offset(AHEAD * b.row_stride + j as isize));
            }
            // Whole vectors move in registers; a call of memmove for each short row would cost more.
            let (vectors, rest) = from.as_chunks::<8>();
            row.as_chunks_mut::<8>().0.iter_mut().zip(vectors).for_each(|(o, v)| *o = *v);
            row[len - rest.len()..len].iter_mut().zip(rest).for_each(|(o, v)| *o = *v);
            row[len..].fill(T::ZERO);
        }
    } else if b.row_stride == 1 && !COMPACT {
        let side = SIDES.into_iter().find(|side| width.is_multiple_of(*side)).unwrap_or(1);
        for j in (0..width).step_by(side) {
            // A column that is padding repeats the last one.
            let columns: [&[T]; SIDE] = std::array::from_fn(|c| {
                let from = b.index(k.start, cols.start + (j + c).min(len - 1));
                &b.data[from..from + k.len()]
            });
            let columns = &columns[..side];
            let done = T::turn(columns, &mut out[j..], width);
            for p in done..k.len() {
                for (o, column) in out[p * width + j..].iter_mut().zip(columns) {
                    *o = column[p];
                }
            }
        }
    } else {
        for (p, row) in out.chunks_exact_mut(width).take(k.len()).enumerate() {
            for (j, o) in row[..len].iter_mut().enumerate() {
                *o = opaque::<COMPACT, _>(b.data[b.index(k.start + p, cols.start + j)]);
            }
            row[len..].fill(T::ZERO);
        }
    }
}

/// Numbers of columns that can be turned together.
const SIDES: [usize; 2] = [SIDE, 8];

/// The most columns that can be turned together.
pub const SIDE: usize = 16;

/// Types whose columns can be turned into rows in registers.
pub trait Turn: Real {
    /// `out[p·width + c] = columns[c][p]` for p below the number that is returned.
    fn turn(columns: &[&[Self]], out: &mut [Self], width: usize) -> usize;
}

impl Turn for f64 {
    fn turn(_: &[&[f64]], _: &mut [f64], _: usize) -> usize {
        0 // double precision is for checks, not for speed
    }
}

impl Turn for f32 {
    #[inline]
    fn turn(columns: &[&[f32]], out: &mut [f32], width: usize) -> usize {
        #[cfg(target_arch = "x86_64")]
        {
            use crate::simd::{Level, level};
            use std::arch::x86_64::{__m256, __m512};
            #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq")]
            fn wide(columns: &[&[f32]], out: &mut [f32], width: usize) {
                // SAFETY: compiled for this register.
                unsafe { squares::<__m512>(columns, out, width) }
            }
            #[target_feature(enable = "avx2,fma")]
            fn narrow(columns: &[&[f32]], out: &mut [f32], width: usize) {
                // SAFETY: compiled for this register.
                unsafe { squares::<__m256>(columns, out, width) }
            }
            let side = match (columns.len(), level()) {
                (16, Level::Avx512) => 16,
                (16 | 8, Level::Avx512 | Level::Avx2) => 8,
                _ => return 0,
            };
            for (first, columns) in (0..).step_by(side).zip(columns.chunks_exact(side)) {
                let turn = if side == 16 { wide } else { narrow };
                // SAFETY: the level says what the machine has.
                unsafe { turn(columns, &mut out[first..], width) }
            }
            columns[0].len() / side * side
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            let _ = (columns, out, width);
            0
        }
    }
}

/// Turns the whole squares of as many columns as a register has lanes into rows `width` apart.
///
/// # Safety
/// The caller must have been compiled for the register's instruction set.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn squares<V: crate::simd::Square>(columns: &[&[V::Of]], out: &mut [V::Of], width: usize) {
    let whole = columns[0].len() / V::LANES * V::LANES;
    if whole == 0 {
        return;
    }
    assert!(columns.len() == V::LANES && columns.iter().all(|c| c.len() >= whole));
    assert!(out.len() >= (whole - 1) * width + V::LANES);
    let mut out = out.as_mut_ptr();
    for k in (0..whole).step_by(V::LANES) {
        // SAFETY: the asserts say that all is in bounds, the caller that the machine has the instructions.
        unsafe {
            for row in &V::turn(|c| columns.get_unchecked(c).as_ptr().add(k))[..V::LANES] {
                row.store(out);
                out = out.add(width);
            }
        }
    }
}
