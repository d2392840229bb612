//! Turning: columns of memory made into rows of registers, a square at a time.
//!
//! Each line of a column is read once, whole, so columns a power of two apart do not drive each other out of the
//! cache between two reads. Nothing is computed, so no bit depends on which register does it.

use super::Vector;
use std::arch::x86_64::*;

/// The most numbers in a register, so the longest side of a square.
pub const MAX_SIDE: usize = 16;

/// A register of which as many as it has lanes make a square that can be turned.
///
/// # Safety
/// As for [`Vector`]; and `column` gives pointers to `LANES` numbers each.
#[expect(clippy::missing_safety_doc, reason = "the trait says it once")]
pub unsafe trait Square: Vector {
    /// Register q < `LANES` of the result holds number q of every one of `LANES` columns.
    unsafe fn turn(column: impl Fn(usize) -> *const Self::Of) -> [Self; MAX_SIDE];
}

/// Turns pairs and fours of columns within each quarter of 128 bits, then the quarters.
macro_rules! square {
    ($register:ty, $quarters:ident, $lo:ident $hi:ident $low:ident $high:ident $ps:ident $pd:ident) => {
        // SAFETY: the register's own instructions, on memory that the caller vouches for.
        unsafe impl Square for $register {
            #[inline(always)]
            unsafe fn turn(column: impl Fn(usize) -> *const f32) -> [Self; MAX_SIDE] {
                // SAFETY: the caller has the instruction set and vouches for the columns.
                unsafe {
                    // fours[g][q] holds numbers q, 4 + q … of columns 4·g to 4·g + 3.
                    let mut fours = [[Self::splat(0.0); 4]; MAX_SIDE / 4];
                    for (g, four) in fours.iter_mut().enumerate().take(Self::LANES / 4) {
                        let (a, b) = (Self::load(column(4 * g)), Self::load(column(4 * g + 1)));
                        let (c, d) = (Self::load(column(4 * g + 2)), Self::load(column(4 * g + 3)));
                        let (ab, cd) = ($pd($lo(a, b)), $pd($lo(c, d)));
                        let (first, second) = ($ps($low(ab, cd)), $ps($high(ab, cd)));
                        let (ab, cd) = ($pd($hi(a, b)), $pd($hi(c, d)));
                        *four = [first, second, $ps($low(ab, cd)), $ps($high(ab, cd))];
                    }
                    let mut out = [Self::splat(0.0); MAX_SIDE];
                    for q in 0..4 {
                        let turned = $quarters(fours[0][q], fours[1][q], fours[2][q], fours[3][q]);
                        for (l, row) in turned.into_iter().enumerate() {
                            out[4 * l + q] = row;
                        }
                    }
                    out
                }
            }
        }
    };
}
square!(__m256, halves, _mm256_unpacklo_ps _mm256_unpackhi_ps _mm256_unpacklo_pd _mm256_unpackhi_pd
    _mm256_castpd_ps _mm256_castps_pd);
square!(__m512, quarters, _mm512_unpacklo_ps _mm512_unpackhi_ps _mm512_unpacklo_pd _mm512_unpackhi_pd
    _mm512_castpd_ps _mm512_castps_pd);

/// Quarter l of each of two registers, as register l.
#[inline(always)]
unsafe fn halves(a: __m256, b: __m256, _: __m256, _: __m256) -> [__m256; 2] {
    // SAFETY: the caller has the instruction set.
    unsafe { [_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b)] }
}

/// Quarter l of each of four registers, as register l.
#[inline(always)]
unsafe fn quarters(a: __m512, b: __m512, c: __m512, d: __m512) -> [__m512; 4] {
    // SAFETY: the caller has the instruction set.
    unsafe {
        let (ab, cd) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0x88>(c, d));
        let (first, third) = (_mm512_shuffle_f32x4::<0x88>(ab, cd), _mm512_shuffle_f32x4::<0xdd>(ab, cd));
        let (ab, cd) = (_mm512_shuffle_f32x4::<0xdd>(a, b), _mm512_shuffle_f32x4::<0xdd>(c, d));
        [first, _mm512_shuffle_f32x4::<0x88>(ab, cd), third, _mm512_shuffle_f32x4::<0xdd>(ab, cd)]
    }
}
