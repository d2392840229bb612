//! Registers of numbers, for kernels whose registers are placed by hand.
//!
//! Invariant: an operation gives the same bits in every implementor, lane by lane.

use super::{Level, level};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::math::Real;

/// A register of numbers.
///
/// # Safety
/// Every method requires the instruction set of its implementor, so callers must have been compiled for it
/// (inside [`avx2`](super::avx2) or [`avx512`](super::avx512)); `load` and `store` touch `LANES` elements at the pointer, unaligned.
#[expect(clippy::missing_safety_doc, reason = "the trait says it once for all methods")]
pub unsafe trait Vector: Copy {
    /// The numbers in it.
    type Of: Real;
    /// How many.
    const LANES: usize;
    /// The same number everywhere.
    unsafe fn splat(value: Self::Of) -> Self;
    /// `LANES` numbers from memory.
    unsafe fn load(from: *const Self::Of) -> Self;
    /// `LANES` numbers to memory.
    unsafe fn store(self, to: *mut Self::Of);
    /// `self·b + c`, rounded once.
    unsafe fn fma(self, b: Self, c: Self) -> Self;
    /// `self + b`
    unsafe fn add(self, b: Self) -> Self;
    /// `max(self, 0)`; NaN stays NaN.
    unsafe fn relu(self) -> Self;
}

/// A register of the portable level: an array that the compiler may keep in registers.
#[derive(Clone, Copy)]
pub struct Lanes<T, const N: usize>([T; N]);

// SAFETY: needs no instruction set; pointers are used as the trait says.
unsafe impl<T: Real, const N: usize> Vector for Lanes<T, N> {
    type Of = T;
    const LANES: usize = N;
    #[inline(always)]
    unsafe fn splat(value: T) -> Self {
        Lanes([value; N])
    }
    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller vouches for N elements.
        Lanes(unsafe { from.cast::<[T; N]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller vouches for N elements.
        unsafe { to.cast::<[T; N]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn fma(self, b: Self, c: Self) -> Self {
        let mut out = c.0;
        for ((o, &x), &y) in out.iter_mut().zip(&self.0).zip(&b.0) {
            *o = x.fma(y, *o);
        }
        Lanes(out)
    }
    #[inline(always)]
    unsafe fn add(self, b: Self) -> Self {
        let mut out = self.0;
        for (o, &y) in out.iter_mut().zip(&b.0) {
            *o += y;
        }
        Lanes(out)
    }
    #[inline(always)]
    unsafe fn relu(self) -> Self {
        Lanes(self.0.map(|v| if v <= T::ZERO { T::ZERO } else { v }))
    }
}

/// Element types and the registers of theirs that kernels generic over [`Vector`] are compiled for.
pub trait Registers: Real {
    /// At 512 bits; where one more copy would weigh more than it gives, as at 256.
    type Avx512: Vector<Of = Self>;
    /// At 256 bits.
    type Avx2: Vector<Of = Self>;
    /// On any machine.
    type Portable: Vector<Of = Self>;
}

macro_rules! registers {
    ($of:ty, $avx512:ident, $avx2:ident, $portable:literal) => {
        impl Registers for $of {
            #[cfg(target_arch = "x86_64")]
            type Avx512 = std::arch::x86_64::$avx512;
            #[cfg(target_arch = "x86_64")]
            type Avx2 = std::arch::x86_64::$avx2;
            #[cfg(not(target_arch = "x86_64"))]
            type Avx512 = Lanes<$of, $portable>;
            #[cfg(not(target_arch = "x86_64"))]
            type Avx2 = Lanes<$of, $portable>;
            type Portable = Lanes<$of, $portable>;
        }
    };
}
registers!(f32, __m512, __m256, 4);
registers!(f64, __m256d, __m256d, 2);

/// A kernel generic over registers.
pub trait Body {
    /// Its element type.
    type Of: Registers;
    /// Does the work.
    ///
    /// # Safety
    /// The caller must have been compiled for `V`'s instruction set.
    unsafe fn run<V: Vector<Of = Self::Of>>(self);
}

/// Runs a kernel with the registers of this machine's level.
pub fn with_registers<B: Body>(body: B) {
    match level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` is never above what was detected on this very machine.
        Level::Avx512 => unsafe {
            avx512(
                #[inline(always)]
                || body.run::<<B::Of as Registers>::Avx512>(),
            )
        },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe {
            avx2(
                #[inline(always)]
                || body.run::<<B::Of as Registers>::Avx2>(),
            )
        },
        // SAFETY: needs no instruction set.
        _ => unsafe { body.run::<<B::Of as Registers>::Portable>() },
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vector;
    use std::arch::x86_64::*;

    macro_rules! vector {
        ($register:ty, $of:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident, $fma:ident, $add:ident,
         |$v:ident| $relu:expr) => {
            // SAFETY: one instruction each, of the register's own instruction set.
            unsafe impl Vector for $register {
                type Of = $of;
                const LANES: usize = $lanes;
                #[inline(always)]
                unsafe fn splat(value: $of) -> Self {
                    // SAFETY: the caller has the instruction set.
                    unsafe { $splat(value) }
                }
                #[inline(always)]
                unsafe fn load(from: *const $of) -> Self {
                    // SAFETY: as above, and the caller vouches for the memory.
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut $of) {
                    // SAFETY: as above.
                    unsafe { $store(to, self) }
                }
                #[inline(always)]
                unsafe fn fma(self, b: Self, c: Self) -> Self {
                    // SAFETY: the caller has the instruction set.
                    unsafe { $fma(self, b, c) }
                }
                #[inline(always)]
                unsafe fn add(self, b: Self) -> Self {
                    // SAFETY: as above.
                    unsafe { $add(self, b) }
                }
                #[inline(always)]
                unsafe fn relu(self) -> Self {
                    let $v = self;
                    // SAFETY: as above. `max(0, v)` returns its second operand when that is NaN.
                    unsafe { $relu }
                }
            }
        };
    }
    vector!(
        __m256,
        f32,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps,
        _mm256_add_ps,
        |v| _mm256_max_ps(_mm256_setzero_ps(), v)
    );
    vector!(
        __m256d,
        f64,
        4,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_fmadd_pd,
        _mm256_add_pd,
        |v| _mm256_max_pd(_mm256_setzero_pd(), v)
    );
    vector!(
        __m512,
        f32,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_fmadd_ps,
        _mm512_add_ps,
        |v| _mm512_max_ps(_mm512_setzero_ps(), v)
    );
    vector!(
        __m512d,
        f64,
        8,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_fmadd_pd,
        _mm512_add_pd,
        |v| _mm512_max_pd(_mm512_setzero_pd(), v)
    );
}
