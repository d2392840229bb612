//! Vector width at run time: kernels compiled several times, the widest the machine has is run.
//!
//! Two ways to write a kernel: a plain loop inside [`vectorize`], which the compiler vectorises for each
//! [`Level`]; or, where registers must be placed by hand, code generic over [`Vector`]. Results are the same
//! bits at every width: kernels fix their order of summation themselves, and a fused multiply-add is one
//! rounding whether the hardware or the portable fallback does it.

#[cfg(target_arch = "x86_64")]
mod square;
mod vector;

#[cfg(target_arch = "x86_64")]
pub use square::Square;
use std::any::TypeId;
use std::sync::OnceLock;
pub use vector::{Body, Lanes, Registers, Vector, with_registers};

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

/// How wide vectors of `T` are: at the most 256 bits unless elements are `f32`, as for the other types one more copy of
/// every loop would weigh more than it gives.
#[inline(always)]
pub fn level_of<T: 'static>() -> Level {
    match level() {
        Level::Avx512 if TypeId::of::<T>() != TypeId::of::<f32>() => Level::Avx2,
        level => level,
    }
}

/// Like [`vectorize`], at the most as wide as [`level_of`] says.
#[inline(always)]
pub fn vectorize_for<T: 'static, R>(f: impl FnOnce() -> R) -> R {
    vectorize_or_compact!(T, |_COMPACT| f())
}

/// As [`vectorize_for`] of an expression that knows whether its copy should be small rather than fast: the constant
/// that it names is true in the copy for x86-64 before AVX2, where fused multiply-adds are calls that no vector helps.
/// A constant, since whether loops become vectors must not depend on when a compiler finds out that a value is one.
macro_rules! vectorize_or_compact {
    (@fast $COMPACT:ident, $body:expr) => {
        $crate::simd::once(
            #[inline(always)]
            || {
                const $COMPACT: bool = false;
                $body
            },
        )
    };
    ($T:ty, |$COMPACT:ident| $body:expr) => {
        match $crate::simd::level_of::<$T>() {
            #[cfg(target_arch = "x86_64")]
            $crate::simd::Level::Avx512 => {
                let copy = $crate::simd::vectorize_or_compact!(@fast $COMPACT, $body);
                // SAFETY: `level_of` is never above what was detected on this very machine.
                unsafe { $crate::simd::avx512(copy) }
            }
            #[cfg(target_arch = "x86_64")]
            $crate::simd::Level::Avx2 => {
                let copy = $crate::simd::vectorize_or_compact!(@fast $COMPACT, $body);
                // SAFETY: as above.
                unsafe { $crate::simd::avx2(copy) }
            }
            _ => {
                const $COMPACT: bool = cfg!(target_arch = "x86_64");
                $body
            }
        }
    };
}
pub(crate) use vectorize_or_compact;

/// `f`: closures take an attribute where they are arguments, and are known to run once.
#[inline(always)]
pub fn once<R, F: FnOnce() -> R>(f: F) -> F {
    f
}

/// `value`; if `COMPACT`, as one that the compiler knows nothing of: a loop over such is not made several.
#[inline(always)]
pub fn opaque<const COMPACT: bool, T>(value: T) -> T {
    if COMPACT { std::hint::black_box(value) } else { value }
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
