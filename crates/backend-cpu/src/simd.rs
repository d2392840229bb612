//! Vector width at run time: loops compiled several times, the widest the machine has is run.
//!
//! Results are the same bits at every width: kernels fix their order of summation themselves, and
//! a fused multiply-add is one rounding whether the hardware or the portable fallback does it.

use std::sync::OnceLock;

/// How wide vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What the compiler may assume of any machine of this kind.
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

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<R>(f: impl FnOnce() -> R) -> R {
    f()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq")]
fn avx512<R>(f: impl FnOnce() -> R) -> R {
    f()
}
