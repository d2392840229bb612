//! Vector width at run time: kernels compiled several times, the widest the machine has is run.
//!
//! Two ways to write a kernel: a plain loop inside [`vectorize`], which the compiler vectorises for each
//! [`Level`]; or, where registers must be placed by hand, code generic over [`Vector`]. Results are the same
//! bits at every width: kernels fix their order of summation themselves, and a fused multiply-add is one
//! rounding whether the hardware or the portable fallback does it.

use crate::math::Real;
use std::any::TypeId;
use std::sync::OnceLock;

/// How wide vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What the compiler may assume of any machine of this kind (on ARM: NEON).
    Portable,
    /// 256 bits and FMA.
    Avx2,
    /// 512 bits.
    Avx512,
}

/// The widest level of this machine, or what `FIREBRAND_SIMD=portable|avx2|avx512` asks for if the
/// machine has it.
pub fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let widest = detect();
        match std::env::var("FIREBRAND_SIMD").as_deref() {
            Ok("portable") => Level::Portable,
            Ok("avx2") => Level::Avx2.min(widest),
            _ => widest,
        }
    })
}

fn detect() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq");
        match (avx2, avx512) {
            (true, true) => return Level::Avx512,
            (true, false) => return Level::Avx2,
            _ => {}
        }
    }
    Level::Portable
}

/// Runs `f`, compiled for the widest vectors this machine has. Loops inlined into it profit.
#[inline(always)]
pub fn vectorize<R>(f: impl FnOnce() -> R) -> R {
    match level() {
        // SAFETY: `level` is never above what was detected on this very machine.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512(f) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2(f) },
        _ => f(),
    }
}

/// Like [`vectorize`], at the most with 256 bits unless elements are `f32`: for the other types one more copy of
/// every loop would weigh more than it gives.
#[inline(always)]
pub fn vectorize_for<T: 'static, R>(f: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if TypeId::of::<T>() != TypeId::of::<f32>() {
        // SAFETY: `level` is never above what was detected on this very machine.
        return if level() == Level::Portable { f() } else { unsafe { avx2(f) } };
    }
    vectorize(f)
}

/// Runs `f` compiled with 256-bit vectors and FMA.
///
/// # Safety
/// The machine must have AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
pub unsafe fn avx2<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Runs `f` compiled with 512-bit vectors.
///
/// # Safety
/// The machine must have AVX-512 F, VL, BW and DQ.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq")]
pub unsafe fn avx512<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Hints that memory will be used soon; the pointer may be any.
#[inline(always)]
pub fn prefetch<T>(at: *const T) {
    // SAFETY: a prefetch reads nothing and faults nowhere, and every x86-64 has it.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        use std::arch::x86_64::*;
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// A register of numbers.
///
/// # Safety
/// Every method requires the instruction set of its implementor, so callers must have been compiled for it
/// (inside [`avx2`] or [`avx512`]); `load` and `store` touch `LANES` elements at the pointer, unaligned.
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

/// The most f32 multiply-adds per second that one core does at this level, measured by a loop that touches
/// registers only: what the product of matrices is held against.
pub fn fma_peak() -> f64 {
    const CHAINS: usize = 12; // enough to hide the latency of two units, few enough for 16 registers
    const ROUNDS: usize = 400_000;
    #[inline(always)]
    unsafe fn burn<V: Vector<Of = f32>>() -> f32 {
        // SAFETY: the caller is compiled for V.
        unsafe {
            let (a, b) = (V::splat(std::hint::black_box(0.999)), V::splat(std::hint::black_box(1e-3)));
            let mut chains = [b; CHAINS];
            for _ in 0..ROUNDS {
                for chain in &mut chains {
                    *chain = chain.fma(a, b);
                }
            }
            let mut out = [0.0; 16];
            for chain in chains {
                chain.store(out.as_mut_ptr());
                std::hint::black_box(&out);
            }
            out[0]
        }
    }
    let mut best = 0.0f64;
    for _ in 0..5 {
        let clock = std::time::Instant::now();
        let lanes = match level() {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                // SAFETY: `level` is never above what was detected.
                unsafe {
                    avx512(
                        #[inline(always)]
                        || burn::<std::arch::x86_64::__m512>(),
                    )
                };
                16
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => {
                // SAFETY: as above.
                unsafe {
                    avx2(
                        #[inline(always)]
                        || burn::<std::arch::x86_64::__m256>(),
                    )
                };
                8
            }
            _ => {
                // SAFETY: needs no instruction set.
                unsafe { burn::<Lanes<f32, 4>>() };
                4
            }
        };
        best = best.max((ROUNDS * CHAINS * lanes) as f64 / clock.elapsed().as_secs_f64());
    }
    best
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
