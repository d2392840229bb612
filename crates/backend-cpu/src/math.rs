//! Functions of one number, written so that loops over them vectorise and give the same bits on
//! every machine: no call into the system's libm, no branch on the data in the hot ones.
//!
//! Single precision: `exp`, `ln`, `ln_1p` and `tanh` are polynomials after Cephes' `expf`, `logf`, `tanhf`
//! (S. L. Moshier), within 1 to 2 units in the last place; the normal distribution function, for GELU, is one
//! polynomial within 2e-7; the rest is computed in double precision
//! (`wide.rs`) and rounded once. Double precision is the `libm` crate's, a port of musl's.

use bytemuck::Pod;
use std::fmt::Debug;

/// A floating point type that kernels compute with.
pub trait Real:
    Pod
    + Send
    + Sync
    + Debug
    + Default
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::Neg<Output = Self>
    + std::ops::AddAssign
{
    const ZERO: Self;
    const ONE: Self;
    const INFINITY: Self;
    const EPSILON: f64;
    /// Below this, numbers lose digits soon: the smallest normal one by the epsilon, a power of two.
    const TINY: Self;
    fn of(value: f64) -> Self;
    fn widen(self) -> f64;
    fn fma(self, a: Self, b: Self) -> Self;
    fn sqrt(self) -> Self;
    fn abs(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn trunc(self) -> Self;
    fn round(self) -> Self;
    fn max(self, other: Self) -> Self;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn ln_1p(self) -> Self;
    fn tanh(self) -> Self;
    /// The share of normal numbers that are smaller.
    fn normal_cdf(self) -> Self;
    /// Computes in double precision and rounds once: a single by `near`, one of [`crate::wide`]'s.
    fn double(self, near: impl Fn(f64) -> f64, exact: impl Fn(f64) -> f64) -> Self;
    /// As [`Real::double`], on two numbers.
    fn double2(self, other: Self, near: impl Fn(f64, f64) -> f64, exact: impl Fn(f64, f64) -> f64) -> Self;
}

/// 1/(1 + e^−x)
#[inline(always)]
pub fn sigmoid<T: Real>(x: T) -> T {
    T::ONE / (T::ONE + (-x).exp())
}

macro_rules! real {
    ($ty:ty, $exp:expr, $ln:expr, $ln_1p:expr, $tanh:expr, $cdf:expr) => {
        impl Real for $ty {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const INFINITY: Self = <$ty>::INFINITY;
            const EPSILON: f64 = <$ty>::EPSILON as f64;
            const TINY: Self = <$ty>::MIN_POSITIVE / <$ty>::EPSILON;
            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $ty
            }
            #[inline(always)]
            fn widen(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn fma(self, a: Self, b: Self) -> Self {
                self.mul_add(a, b)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                <$ty>::sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                <$ty>::abs(self)
            }
            #[inline(always)]
            fn floor(self) -> Self {
                <$ty>::floor(self)
            }
            #[inline(always)]
            fn ceil(self) -> Self {
                <$ty>::ceil(self)
            }
            #[inline(always)]
            fn trunc(self) -> Self {
                <$ty>::trunc(self)
            }
            #[inline(always)]
            fn round(self) -> Self {
                self.round_ties_even()
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                if self > other { self } else { other }
            }
            #[inline(always)]
            fn exp(self) -> Self {
                $exp(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                $ln(self)
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                $ln_1p(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                $tanh(self)
            }
            #[inline(always)]
            fn normal_cdf(self) -> Self {
                $cdf(self)
            }
            #[inline(always)]
            fn double(self, near: impl Fn(f64) -> f64, exact: impl Fn(f64) -> f64) -> Self {
                if size_of::<Self>() == 4 {
                    near(self as f64) as $ty
                } else {
                    alone(exact, self as f64) as $ty
                }
            }
            #[inline(always)]
            fn double2(
                self,
                other: Self,
                near: impl Fn(f64, f64) -> f64,
                exact: impl Fn(f64, f64) -> f64,
            ) -> Self {
                let f = |x, y| if size_of::<Self>() == 4 { near(x, y) } else { exact(x, y) };
                f(self as f64, other as f64) as $ty
            }
        }
    };
}
real!(f32, expf, lnf, ln_1pf, tanhf, normal_cdff);
real!(
    f64,
    |x| alone(libm::exp, x),
    |x| alone(libm::log, x),
    |x| alone(libm::log1p, x),
    |x| alone(libm::tanh, x),
    |x| alone(normal_cdf, x)
);

/// `f(x)` as a call: a function that no vectors compute need not stand in each loop that uses it.
#[inline(never)]
fn alone(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    f(x)
}

/// eˣ: x = n·ln 2 + r with |r| ≤ ½ ln 2, a polynomial in r, scaled by 2ⁿ in two halves so that
/// results below the normal range round once and ones above it become infinite.
#[inline(always)]
fn expf(x: f32) -> f32 {
    // Clamping keeps n in range; at the ends the result has already become 0 or ∞. NaN stays NaN.
    let clamped = if x > 89.0 { 89.0 } else { x };
    let clamped = if clamped < -104.0 { -104.0 } else { clamped };
    // Added and taken away again, 1.5·2²³ rounds to a whole number, which the sum's low bits are.
    let shifted = clamped * std::f32::consts::LOG2_E + 12_582_912.0;
    let n = shifted - 12_582_912.0;
    let r = n.mul_add(-0.693_359_4, clamped);
    let r = n.mul_add(2.121_944_4e-4, r);
    let mut p = 1.987_569_1e-4f32;
    p = p.mul_add(r, 1.398_199_9e-3);
    p = p.mul_add(r, 8.333_452e-3);
    p = p.mul_add(r, 4.166_579_6e-2);
    p = p.mul_add(r, 1.666_666_5e-1);
    p = p.mul_add(r, 5.0e-1);
    let y = p.mul_add(r * r, r) + 1.0;
    let n = shifted.to_bits().wrapping_sub(12_582_912f32.to_bits()) as i32;
    let half = n >> 1;
    y * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// 2ⁿ for −126 ≤ n ≤ 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) << 23) as u32)
}

/// ln x: x = 2ᵉ·m with √½ ≤ m < √2, a polynomial in m − 1.
#[inline(always)]
fn lnf(x: f32) -> f32 {
    let tiny = x < f32::MIN_POSITIVE;
    let scaled = if tiny { x * 8_388_608.0 } else { x };
    let bits = scaled.to_bits();
    // Subtracting √½'s pattern before the shift puts the mantissa's cut at √½ instead of at 1.
    let shifted = bits.wrapping_sub(0x3f35_04f3);
    let e = (shifted as i32 >> 23) as f32 - if tiny { 23.0 } else { 0.0 };
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f35_04f3)) - 1.0;
    logarithm(x, e, m)
}

/// ln (1 + x), what the sum rounds off put back before the polynomial. (`log1p` itself is `wide.rs`'s; this is for
/// functions whose argument has been rounded already.)
#[inline(always)]
fn ln_1pf(x: f32) -> f32 {
    let sum = 1.0 + x;
    let lost = if sum < 2.0 { x - (sum - 1.0) } else { 1.0 - (sum - x) };
    let shifted = sum.to_bits().wrapping_sub(0x3f35_04f3);
    let e = shifted as i32 >> 23;
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f35_04f3)) - 1.0;
    logarithm(sum, e as f32, lost.mul_add(power_of_two(-e), m)).copysign(x)
}

/// ln x of x = 2ᵉ·(1 + m).
#[inline(always)]
fn logarithm(x: f32, e: f32, m: f32) -> f32 {
    let z = m * m;
    let mut p = 7.037_683_6e-2f32;
    p = p.mul_add(m, -1.151_461e-1);
    p = p.mul_add(m, 1.167_699_9e-1);
    p = p.mul_add(m, -1.242_014_1e-1);
    p = p.mul_add(m, 1.424_932_3e-1);
    p = p.mul_add(m, -1.666_805_7e-1);
    p = p.mul_add(m, 2.000_071_5e-1);
    p = p.mul_add(m, -2.499_999_4e-1);
    p = p.mul_add(m, 3.333_333e-1);
    let mut y = p * m * z;
    y = e.mul_add(-2.121_944_4e-4, y);
    y = (-0.5f32).mul_add(z, y);
    let y = e.mul_add(0.693_359_4, m + y);
    let y = if x == f32::INFINITY { x } else { y };
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    if x >= 0.0 { y } else { f32::NAN }
}

/// tanh x: an odd polynomial near 0, else 1 − 2/(e²ˣ + 1).
#[inline(always)]
fn tanhf(x: f32) -> f32 {
    let a = x.abs();
    let far = (1.0 - 2.0 / (expf(2.0 * a) + 1.0)).copysign(x);
    let z = x * x;
    let mut p = -5.704_988_7e-3f32;
    p = p.mul_add(z, 2.063_909e-2);
    p = p.mul_add(z, -5.373_971_4e-2);
    p = p.mul_add(z, 1.333_144_2e-1);
    p = p.mul_add(z, -3.333_328e-1);
    let near = (p * z).mul_add(x, x);
    if a < 0.625 { near } else { far }
}

/// Φ(x) = ½ + x·p(x²): within 2e-7, near ½ to the last place. A polynomial interpolated at Chebyshev's points up to
/// 5.6, from where on ½(1 + erf(x/√2)) is 1 in single precision, and ½(1 − …) is 0.
#[inline(always)]
fn normal_cdff(x: f32) -> f32 {
    const END: f32 = 5.6;
    let c = if x > END { END } else { x };
    let c = if c < -END { -END } else { c };
    let w = (c * c).mul_add(2.0 / (END * END), -1.0);
    let z = w * w;
    // Even and odd powers apart: one chain of so many would be waited for.
    const EVEN: [f32; 9] = [
        0.126_259_6,
        0.046_980_664,
        0.031_975_5,
        0.020_888_062,
        0.011_230_118,
        0.004_736_705_7,
        0.001_584_504_5,
        0.000_316_023_42,
        0.000_142_813_59,
    ];
    const ODD: [f32; 8] = [
        -0.063_051_26,
        -0.038_346_622,
        -0.026_298_36,
        -0.015_826_05,
        -0.007_348_207,
        -0.003_140_494_5,
        -0.000_429_689_4,
        -0.000_387_588_98,
    ];
    let (mut even, mut odd) = (EVEN[8], ODD[7]);
    for i in (0..8).rev() {
        even = even.mul_add(z, EVEN[i]);
    }
    for i in (0..7).rev() {
        odd = odd.mul_add(z, ODD[i]);
    }
    let y = c.mul_add(odd.mul_add(w, even), 0.5);
    let y = if x > END { 1.0 } else { y };
    if x < -END { 0.0 } else { y }
}

/// As GELU is defined: Φ(x) = ½(1 + erf(x/√2)).
fn normal_cdf(x: f64) -> f64 {
    0.5 * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distance in units of the last place of the double result rounded to single.
    fn ulps(got: f32, want: f64) -> u32 {
        let want = want as f32;
        if got == want || (got.is_nan() && want.is_nan()) {
            return 0;
        }
        got.to_bits().abs_diff(want.to_bits())
    }

    fn worst(low: f32, high: f32, f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> u32 {
        let steps = 200_000;
        (0..=steps)
            .map(|i| low + (high - low) * (i as f32 / steps as f32))
            .map(|x| ulps(f(x), exact(f64::from(x))))
            .max()
            .expect("some steps")
    }

    #[test]
    fn single_precision_is_within_two_units() {
        assert!(worst(-87.0, 88.7, expf, libm::exp) <= 1);
        assert!(worst(1e-30, 4.0, lnf, libm::log) <= 1);
        assert!(worst(4.0, 1e30, lnf, libm::log) <= 1);
        assert!(worst(-0.999, 2.0, ln_1pf, libm::log1p) <= 2);
        assert!(worst(-1e-6, 1e-6, ln_1pf, libm::log1p) <= 1);
        assert!(worst(2.0, 1e30, ln_1pf, libm::log1p) <= 1);
        assert!(worst(-9.5, 9.5, tanhf, libm::tanh) <= 2);
    }

    #[test]
    fn the_normal_distribution_is_within_a_few_units_of_one() {
        let steps = 200_000;
        for x in (0..=steps).map(|i| -8.0 + 16.0 * (i as f32 / steps as f32)) {
            let error = (f64::from(normal_cdff(x)) - normal_cdf(x.into())).abs();
            assert!(error < 2e-7, "{x}: {error:e}");
        }
        assert_eq!((normal_cdff(f32::INFINITY), normal_cdff(f32::NEG_INFINITY)), (1.0, 0.0));
        assert!(normal_cdff(f32::NAN).is_nan() && normal_cdff(0.0) == 0.5);
    }

    #[test]
    fn the_ends_are_ieee() {
        assert_eq!(expf(f32::NEG_INFINITY), 0.0);
        assert_eq!(expf(f32::INFINITY), f32::INFINITY);
        assert!(expf(f32::NAN).is_nan() && lnf(f32::NAN).is_nan() && tanhf(f32::NAN).is_nan());
        assert_eq!(lnf(0.0), f32::NEG_INFINITY);
        assert_eq!(lnf(f32::INFINITY), f32::INFINITY);
        assert!(lnf(-1.0).is_nan() && ln_1pf(-2.0).is_nan() && ln_1pf(f32::NAN).is_nan());
        assert_eq!((ln_1pf(-1.0), ln_1pf(f32::INFINITY)), (f32::NEG_INFINITY, f32::INFINITY));
        assert_eq!((ln_1pf(1e-40), ln_1pf(-0.0).to_bits()), (1e-40, (-0.0f32).to_bits()));
        assert_eq!((tanhf(50.0), tanhf(-50.0), tanhf(0.0)), (1.0, -1.0, 0.0));
        assert!(ulps(lnf(1e-40), libm::log(f64::from(1e-40f32))) <= 1);
        assert!(ulps(expf(-100.0), libm::exp(-100.0)) <= 1, "{}", expf(-100.0));
    }
}
