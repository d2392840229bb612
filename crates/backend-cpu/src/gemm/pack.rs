//! Packing: a block of B copied into rows of whole vectors, so that the kernel reads it end to end.

use super::MatRef;
use crate::math::Real;

/// Copies `B[k0 .. k0 + k, j0 .. j0 + cols]` to `out`, as k rows of `width` ≥ cols numbers, zeros after the
/// last column.
#[inline(always)]
pub fn panel<T: Turn>(
    b: &MatRef<T>,
    (k0, k): (usize, usize),
    (j0, cols): (usize, usize),
    out: &mut [T],
    width: usize,
) {
    if b.col_stride == 1 {
        for (p, row) in out.chunks_exact_mut(width).take(k).enumerate() {
            let from = b.index(k0 + p, j0);
            let from = &b.data[from..from + cols];
            // Whole vectors move in registers; a call of memmove for each short row would cost more.
            let (vectors, rest) = from.as_chunks::<SIDE>();
            row.as_chunks_mut::<SIDE>().0.iter_mut().zip(vectors).for_each(|(o, v)| *o = *v);
            row[cols - rest.len()..cols].copy_from_slice(rest);
            row[cols..].fill(T::ZERO);
        }
    } else if b.row_stride == 1 {
        transposed(b, (k0, k), (j0, cols), out, width);
    } else {
        for (p, row) in out.chunks_exact_mut(width).take(k).enumerate() {
            for (j, o) in row[..cols].iter_mut().enumerate() {
                *o = b.data[b.index(k0 + p, j0 + j)];
            }
            row[cols..].fill(T::ZERO);
        }
    }
}

/// Columns of B lie end to end in memory: they are turned into rows, [`SIDE`] columns at a time.
#[inline(always)]
fn transposed<T: Turn>(
    b: &MatRef<T>,
    (k0, k): (usize, usize),
    (j0, cols): (usize, usize),
    out: &mut [T],
    width: usize,
) {
    for j in (0..width).step_by(SIDE) {
        // A column that is padding repeats the last one; what comes of it is never stored.
        let columns: [&[T]; SIDE] = std::array::from_fn(|c| {
            let from = b.index(k0, j0 + (j + c).min(cols - 1));
            &b.data[from..from + k]
        });
        let whole = width >= SIDE;
        let mut p = 0;
        if whole {
            p = T::turn(&columns, &mut out[j..], width);
        }
        for p in p..k {
            for (o, column) in out[p * width + j..].iter_mut().zip(columns).take(width - j) {
                *o = column[p];
            }
        }
    }
}

/// Columns turned at a time.
pub const SIDE: usize = 8;

/// Types whose squares of `SIDE` × `SIDE` can be turned in registers.
pub trait Turn: Real {
    /// `out[p·width + c] = columns[c][p]` for p below the number that is returned.
    fn turn(columns: &[&[Self]; SIDE], out: &mut [Self], width: usize) -> usize;
}

impl Turn for f64 {
    fn turn(_: &[&[f64]; SIDE], _: &mut [f64], _: usize) -> usize {
        0 // double precision is for checks, not for speed
    }
}

impl Turn for f32 {
    #[inline]
    fn turn(columns: &[&[f32]; SIDE], out: &mut [f32], width: usize) -> usize {
        let squares = columns[0].len() / SIDE;
        #[cfg(target_arch = "x86_64")]
        if crate::simd::level() > crate::simd::Level::Portable && squares > 0 {
            assert!(columns.iter().all(|c| c.len() >= squares * SIDE));
            assert!(out.len() >= (squares * SIDE - 1) * width + SIDE);
            // SAFETY: the level says that the machine has AVX2, and the asserts that all is in bounds.
            unsafe { x86::turn(columns.map(<[f32]>::as_ptr), out.as_mut_ptr(), width, squares) };
            return squares * SIDE;
        }
        let _ = (out, width, squares);
        0
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::SIDE;
    use std::arch::x86_64::*;

    /// Turns `squares` squares of eight columns, by pairs, then fours, then halves of registers.
    ///
    /// # Safety
    /// Needs AVX2; each column holds `squares`·8 numbers, and `out` `squares`·8 rows of `width` ≥ 8.
    #[target_feature(enable = "avx2")]
    pub unsafe fn turn(columns: [*const f32; SIDE], mut out: *mut f32, width: usize, squares: usize) {
        for square in 0..squares {
            // SAFETY: within the columns and rows that the caller vouches for.
            unsafe {
                let c: [__m256; SIDE] =
                    std::array::from_fn(|i| _mm256_loadu_ps(columns[i].add(square * SIDE)));
                let pair =
                    |a: usize, b: usize| (_mm256_unpacklo_ps(c[a], c[b]), _mm256_unpackhi_ps(c[a], c[b]));
                let ((l0, h0), (l1, h1)) = (pair(0, 1), pair(2, 3));
                let ((l2, h2), (l3, h3)) = (pair(4, 5), pair(6, 7));
                let four = |a, b| (_mm256_shuffle_ps::<0x44>(a, b), _mm256_shuffle_ps::<0xee>(a, b));
                let ((a0, a1), (a2, a3)) = (four(l0, l1), four(h0, h1));
                let ((b0, b1), (b2, b3)) = (four(l2, l3), four(h2, h3));
                let halves = [(a0, b0), (a1, b1), (a2, b2), (a3, b3)];
                for (row, (a, b)) in halves.into_iter().enumerate() {
                    _mm256_storeu_ps(out.add(row * width), _mm256_permute2f128_ps::<0x20>(a, b));
                    _mm256_storeu_ps(out.add((row + 4) * width), _mm256_permute2f128_ps::<0x31>(a, b));
                }
                out = out.add(SIDE * width);
            }
        }
    }
}
