//! Packing: a block of B copied into rows of whole vectors, or one of A into columns of a tile's height, so that
//! the kernel reads it end to end.

use super::MatRef;
use crate::math::Real;
use crate::simd::prefetch;
use std::ops::Range;

/// Rows between the one that is copied and the one that is asked for: one row is too short for the processor to
/// see that another will follow, far away.
const AHEAD: isize = 8;

/// Copies `B[k, cols]` to `out`, as rows of `width` ≥ cols numbers; what comes after the last column is of no
/// consequence, since it is multiplied into columns that are never stored.
#[inline(always)]
pub fn panel<T: Turn>(b: &MatRef<T>, k: Range<usize>, cols: Range<usize>, out: &mut [T], width: usize) {
    if k.is_empty() {
        return; // B may have no memory at all
    }
    let (len, first) = (cols.len(), b.index(k.start, cols.start));
    if b.col_stride == 1 {
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
    } else if b.row_stride == 1 {
        let side = SIDES.into_iter().find(|side| width.is_multiple_of(*side)).unwrap_or(1);
        for j in (0..width).step_by(side) {
            // A column that is padding repeats the last one.
            let columns: [&[T]; SIDES[0]] = std::array::from_fn(|c| {
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
                *o = b.data[b.index(k.start + p, cols.start + j)];
            }
            row[len..].fill(T::ZERO);
        }
    }
}

/// Numbers of columns that can be turned together.
const SIDES: [usize; 3] = [16, 8, 4];

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
            let quads = columns[0].len() / 4;
            if level() == Level::Portable || quads == 0 {
                return 0;
            }
            assert!(columns.iter().all(|c| c.len() >= quads * 4));
            assert!(out.len() >= (quads * 4 - 1) * width + columns.len());
            let (from, to) = (|c: usize| columns[c].as_ptr(), out.as_mut_ptr());
            // SAFETY: the level says what the machine has, and the asserts that all is in bounds.
            unsafe {
                match (columns.len(), level()) {
                    (16, Level::Avx512) => x86::turn16(std::array::from_fn(from), to, width, quads),
                    (16, _) => {
                        x86::turn8(std::array::from_fn(from), to, width, quads);
                        x86::turn8(std::array::from_fn(|c| from(c + 8)), to.add(8), width, quads);
                    }
                    (8, _) => x86::turn8(std::array::from_fn(from), to, width, quads),
                    (4, _) => x86::turn4(std::array::from_fn(from), to, width, quads),
                    _ => return 0,
                }
            }
            quads * 4
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            let _ = (columns, out, width);
            0
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    /// Four numbers of each of `$side` columns at a time: those of columns i, i + 4, i + 8 … are gathered in one
    /// register, so that what is left is to turn squares of 4 × 4 within its quarters.
    macro_rules! turn {
        ($name:ident, $side:literal, $features:literal, |$i:ident, $column:ident| $gather:expr,
         $lo:ident $hi:ident $low:ident $high:ident $ps:ident $pd:ident $store:ident) => {
            /// Turns the first `4·quads` numbers of the columns into rows `width` apart.
            ///
            /// # Safety
            /// Needs the instruction set; each column holds `4·quads` numbers, and `out` as many rows.
            #[target_feature(enable = $features)]
            pub unsafe fn $name(columns: [*const f32; $side], mut out: *mut f32, width: usize, quads: usize) {
                for quad in 0..quads {
                    // SAFETY: within the columns and rows that the caller vouches for.
                    unsafe {
                        let $column = |c: usize| _mm_loadu_ps(columns[c].add(quad * 4));
                        let gather = |$i: usize| $gather;
                        let (a, b, c, d) = (gather(0), gather(1), gather(2), gather(3));
                        let (ab, cd) = ($pd($lo(a, b)), $pd($lo(c, d)));
                        $store(out, $ps($low(ab, cd)));
                        $store(out.add(width), $ps($high(ab, cd)));
                        let (ab, cd) = ($pd($hi(a, b)), $pd($hi(c, d)));
                        $store(out.add(2 * width), $ps($low(ab, cd)));
                        $store(out.add(3 * width), $ps($high(ab, cd)));
                        out = out.add(4 * width);
                    }
                }
            }
        };
    }
    turn!(turn4, 4, "sse2", |i, column| column(i),
        _mm_unpacklo_ps _mm_unpackhi_ps _mm_unpacklo_pd _mm_unpackhi_pd _mm_castpd_ps _mm_castps_pd _mm_storeu_ps);
    turn!(turn8, 8, "avx2", |i, column| _mm256_set_m128(column(i + 4), column(i)),
        _mm256_unpacklo_ps _mm256_unpackhi_ps _mm256_unpacklo_pd _mm256_unpackhi_pd
        _mm256_castpd_ps _mm256_castps_pd _mm256_storeu_ps);
    turn!(turn16, 16, "avx512f",
        |i, column| {
            let low = _mm512_insertf32x4::<1>(_mm512_castps128_ps512(column(i)), column(i + 4));
            _mm512_insertf32x4::<3>(_mm512_insertf32x4::<2>(low, column(i + 8)), column(i + 12))
        },
        _mm512_unpacklo_ps _mm512_unpackhi_ps _mm512_unpacklo_pd _mm512_unpackhi_pd
        _mm512_castpd_ps _mm512_castps_pd _mm512_storeu_ps);
}
