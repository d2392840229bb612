//! Functions of single precision computed in double, without a branch or a call, so that loops over them vectorise.
//!
//! Each is within about 10⁻¹² of the true value, relative, for any argument that a single holds: rounded once to
//! single it is the correctly rounded result but for one in some ten thousand, whatever the machine. What special
//! values IEEE 754 demands hold. Only sine and cosine have a limit, [`TURNS`]; and only [`fmod`], which is exact, branches
//! for numbers far apart.

mod pairs;

pub use pairs::{atan2, fmod, pow};
use std::f64::consts::{LN_2, LOG2_E};

/// Added to a number it rounds it to a whole one, which its low bits then are: 1.5 · 2⁵².
const WHOLE: f64 = 6_755_399_441_055_744.0;

/// The polynomial of the coefficients, lowest first, by Horner's rule.
#[inline(always)]
fn polynomial<const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    let mut y = coefficients[N - 1];
    for c in coefficients.into_iter().rev().skip(1) {
        y = y.mul_add(x, c);
    }
    y
}

/// `x = n·ln 2 + r` with |r| ≤ ½ ln 2: gives 2ⁿ and eʳ − 1. Beyond ±700 all is as if at ±700, which no single holds.
#[inline(always)]
fn exponential(x: f64) -> (f64, f64) {
    let x = if x > 700.0 { 700.0 } else { x };
    let x = if x < -700.0 { -700.0 } else { x };
    let shifted = x.mul_add(LOG2_E, WHOLE);
    let n = shifted - WHOLE;
    let r = n.mul_add(-2.319_046_813_846_299_6e-17, n.mul_add(-LN_2, x));
    // Taylor's series.
    const SERIES: [f64; 11] = [
        1.0,
        1.0 / 2.0,
        1.0 / 6.0,
        1.0 / 24.0,
        1.0 / 120.0,
        1.0 / 720.0,
        1.0 / 5040.0,
        1.0 / 40_320.0,
        1.0 / 362_880.0,
        1.0 / 3_628_800.0,
        1.0 / 39_916_800.0,
    ];
    (f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52), r * polynomial(r, SERIES))
}

/// eˣ
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let (power, rest) = exponential(x);
    rest.mul_add(power, power)
}

/// eˣ − 1
#[inline(always)]
pub fn expm1(x: f64) -> f64 {
    let (power, rest) = exponential(x);
    rest.mul_add(power, power - 1.0).copysign(x)
}

/// x = 2ᵉ·m with √½ ≤ m < √2: gives e, and s = (m − 1)/(m + 1) and p with ln m = 2 artanh s = s·p.
#[inline(always)]
fn logarithm(x: f64) -> (f64, f64, f64) {
    // Subtracting √½'s pattern first puts the mantissa's cut there instead of at 1.
    const CUT: u64 = 0x3fe6_a09e_667f_3bcd;
    let bits = x.to_bits().wrapping_add(0x3ff0_0000_0000_0000 - CUT);
    // The exponent as the low bits of 2⁵² + e.
    let e = f64::from_bits(bits >> 52 | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1023.0);
    let f = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + CUT) - 1.0;
    let s = f / (f + 2.0);
    // 2 artanh(s)/s in s², interpolated at Chebyshev's points: within 5e-16.
    const SERIES: [f64; 7] = [
        2.0,
        0.666_666_666_665_528_3,
        0.400_000_000_618_066_23,
        0.285_714_160_067_142_9,
        0.222_234_359_204_257,
        0.181_218_801_583_623_7,
        0.168_384_005_834_964_32,
    ];
    (e, s, polynomial(s * s, SERIES))
}

/// ln x
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    let (e, s, p) = logarithm(x);
    let y = e.mul_add(LN_2, s * p);
    let y = if x == f64::INFINITY { x } else { y };
    let y = if x == 0.0 { f64::NEG_INFINITY } else { y };
    if x >= 0.0 { y } else { f64::NAN }
}

/// ln (1 + x), what the sum rounds off put back (Kahan).
#[inline(always)]
pub fn log1p(x: f64) -> f64 {
    let sum = 1.0 + x;
    let (e, s, p) = logarithm(sum);
    // Its share is lost/sum; but where it matters the sum is 1 to more places than it has itself.
    let lost = if x < 0.5 { x - (sum - 1.0) } else { 0.0 };
    let y = e.mul_add(LN_2, s.mul_add(p, lost));
    let end = if x > 0.0 { x } else { f64::NAN };
    let end = if x == -1.0 { f64::NEG_INFINITY } else { end };
    (if (x > -1.0) & (x < f64::INFINITY) { y } else { end }).copysign(x)
}

/// log₂ x
#[inline(always)]
pub fn log2(x: f64) -> f64 {
    ln(x) * LOG2_E
}

/// log₁₀ x
#[inline(always)]
pub fn log10(x: f64) -> f64 {
    ln(x) * std::f64::consts::LOG10_E
}

/// How far from 0 [`sin`], [`cos`] and [`tan`] hold: quarter turns are counted exactly up to there.
pub const TURNS: f64 = 1e5;

/// `x = n·π/2 + r` with |r| ≤ π/4: gives sin r, cos r and n, as the low bits of a pattern.
#[inline(always)]
fn circle(x: f64) -> (f64, f64, u64) {
    let shifted = x.mul_add(std::f64::consts::FRAC_2_PI, WHOLE);
    let n = shifted - WHOLE;
    // π/2 in three parts (fdlibm's), the first two of 33 bits each.
    let r = n.mul_add(-1.570_796_326_734_125_6, x);
    let r = n.mul_add(-6.077_100_506_303_966e-11, r);
    let r = n.mul_add(-2.022_266_248_795_950_6e-21, r);
    let z = r * r;
    const SINE: [f64; 7] = [
        1.0,
        -1.0 / 6.0,
        1.0 / 120.0,
        -1.0 / 5040.0,
        1.0 / 362_880.0,
        -1.0 / 39_916_800.0,
        1.0 / 6_227_020_800.0,
    ];
    const COSINE: [f64; 8] = [
        1.0,
        -1.0 / 2.0,
        1.0 / 24.0,
        -1.0 / 720.0,
        1.0 / 40_320.0,
        -1.0 / 3_628_800.0,
        1.0 / 479_001_600.0,
        -1.0 / 87_178_291_200.0,
    ];
    (r * polynomial(z, SINE), polynomial(z, COSINE), shifted.to_bits())
}

/// `v`, its sign changed if bit `bit` of `n` is set.
#[inline(always)]
fn signed(v: f64, n: u64, bit: u32) -> f64 {
    f64::from_bits(v.to_bits() ^ (n >> bit & 1) << 63)
}

/// sin x for |x| ≤ [`TURNS`]
#[inline(always)]
pub fn sin(x: f64) -> f64 {
    let (sine, cosine, n) = circle(x);
    signed(if n & 1 == 0 { sine } else { cosine }, n, 1)
}

/// cos x for |x| ≤ [`TURNS`]
#[inline(always)]
pub fn cos(x: f64) -> f64 {
    let (sine, cosine, n) = circle(x);
    signed(if n & 1 == 0 { cosine } else { sine }, n.wrapping_add(1), 1)
}

/// tan x for |x| ≤ [`TURNS`]
#[inline(always)]
pub fn tan(x: f64) -> f64 {
    let (sine, cosine, n) = circle(x);
    let even = n & 1 == 0;
    let (above, below) = if even { (sine, cosine) } else { (-cosine, sine) };
    above / below
}

/// sinh x = ½(eˣ − 1)(1 + e⁻ˣ)
#[inline(always)]
pub fn sinh(x: f64) -> f64 {
    let m = expm1(x.abs());
    (0.5 * (m + m / (m + 1.0))).copysign(x)
}

/// cosh x
#[inline(always)]
pub fn cosh(x: f64) -> f64 {
    let e = exp(x.abs());
    0.5 * (e + 1.0 / e)
}

/// arsinh x
#[inline(always)]
pub fn asinh(x: f64) -> f64 {
    let a = x.abs();
    let square = a * a;
    let small = log1p(a + square / (1.0 + (square + 1.0).sqrt()));
    (if a == f64::INFINITY { a } else { small }).copysign(x)
}

/// arcosh x
#[inline(always)]
pub fn acosh(x: f64) -> f64 {
    // Below 1 there is none, though the root below has one from −1 on.
    let t = if x < 1.0 { f64::NAN } else { x - 1.0 };
    log1p(t + (t * (t + 2.0)).sqrt())
}

/// The error function, a polynomial in x² up to 4 (interpolated at Chebyshev's points); ±1, to single precision,
/// beyond.
#[inline(always)]
pub fn erf(x: f64) -> f64 {
    let x = if x > 4.0 { 4.0 } else { x };
    let x = if x < -4.0 { -4.0 } else { x };
    let w = (x * x).mul_add(0.125, -1.0);
    // Even and odd powers apart: one chain of so many would be waited for.
    x * polynomial(w * w, ERF_ODD).mul_add(w, polynomial(w * w, ERF_EVEN))
}

/// erf(√u)/√u as a polynomial in w = u/8 − 1: the coefficients of w⁰, w² …
const ERF_EVEN: [f64; 12] = [
    0.353_530_995_643_387_4,
    0.131_675_116_899_731_7,
    0.090_208_993_873_340_5,
    0.059_886_909_416_901_52,
    0.033_060_590_165_233_654,
    0.014_349_838_940_480_222,
    0.004_852_694_673_049_7,
    0.001_294_616_320_753_228_4,
    0.000_272_430_448_741_109_26,
    5.100_616_593_367_808_6e-5,
    4.863_194_987_977_7e-6,
    1.525_878_040_046_957_2e-6,
];
/// Those of w¹, w³ …
const ERF_ODD: [f64; 11] = [
    -0.176_576_233_303_980_87,
    -0.107_710_442_299_996_17,
    -0.074_727_871_655_255_52,
    -0.045_765_039_973_586_09,
    -0.022_474_034_182_490_357,
    -0.008_604_344_362_825_008,
    -0.002_583_060_913_961_789,
    -0.000_604_821_823_508_543_4,
    -0.000_126_527_064_235_504,
    -1.262_066_974_685_413_3e-5,
    -4.589_225_207_791_306e-6,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error, relative, over singles from `low` to `high`, evenly and by their patterns.
    fn worst(low: f32, high: f32, f: fn(f64) -> f64, exact: fn(f64) -> f64) -> f64 {
        let steps = 100_000;
        let evenly = (0..=steps).map(|i| low + (high - low) * (i as f32 / steps as f32));
        let patterns = (0..=u32::MAX).step_by(40_009).map(f32::from_bits);
        let error = |x: f32| {
            let (got, want) = (f(f64::from(x)), exact(f64::from(x)));
            if (got as f32).to_bits() == (want as f32).to_bits() || (got.is_nan() && want.is_nan()) {
                0.0
            } else {
                ((got - want) / want).abs()
            }
        };
        evenly.chain(patterns.filter(|x| (low..=high).contains(x))).map(error).fold(0.0, f64::max)
    }

    #[test]
    fn all_are_near_the_double_functions() {
        type Case = (&'static str, f32, f32, fn(f64) -> f64, fn(f64) -> f64);
        let huge = f32::MAX;
        let cases: [Case; 14] = [
            ("exp", -104.0, 89.0, exp, libm::exp),
            ("expm1", -104.0, 89.0, expm1, libm::expm1),
            ("ln", 0.0, huge, ln, libm::log),
            ("log1p", -1.0, huge, log1p, libm::log1p),
            ("log2", 0.0, huge, log2, libm::log2),
            ("log10", 0.0, huge, log10, libm::log10),
            ("sin", -1e5, 1e5, sin, libm::sin),
            ("cos", -1e5, 1e5, cos, libm::cos),
            ("tan", -1e5, 1e5, tan, libm::tan),
            ("sinh", -89.0, 89.0, sinh, libm::sinh),
            ("cosh", -89.0, 89.0, cosh, libm::cosh),
            ("asinh", -huge, huge, asinh, libm::asinh),
            ("acosh", 1.0, huge, acosh, libm::acosh),
            ("erf", -3.9, 3.9, erf, libm::erf),
        ];
        for (name, low, high, f, exact) in cases {
            let error = worst(low, high, f, exact);
            assert!(error < 2e-12, "{name}: {error:e}");
        }
    }

    #[test]
    fn the_ends_are_ieee() {
        let inf = f64::INFINITY;
        let ends = [0.0, -0.0, 1.0, -1.0, inf, -inf, f64::NAN, 2.0, -2.0, 3.0, 0.5, -0.5];
        type Pair = (&'static str, fn(f64) -> f64, fn(f64) -> f64);
        let pairs: [Pair; 9] = [
            ("exp", exp, libm::exp),
            ("expm1", expm1, libm::expm1),
            ("ln", ln, libm::log),
            ("log1p", log1p, libm::log1p),
            ("sinh", sinh, libm::sinh),
            ("cosh", cosh, libm::cosh),
            ("asinh", asinh, libm::asinh),
            ("acosh", acosh, libm::acosh),
            ("erf", erf, libm::erf),
        ];
        let same =
            |a: f64, b: f64| (a as f32).to_bits() == (b as f32).to_bits() || (a.is_nan() && b.is_nan());
        for x in ends {
            for (name, f, exact) in pairs {
                assert!(same(f(x), exact(x)), "{name}({x}): {}, {}", f(x), exact(x));
            }
            for y in ends {
                assert!(same(pow(x, y), libm::pow(x, y)), "{x}^{y}: {}, {}", pow(x, y), libm::pow(x, y));
            }
        }
        assert!(same(sin(-0.0), -0.0) && same(tan(-0.0), -0.0) && cos(0.0) == 1.0 && sin(f64::NAN).is_nan());
    }
}
