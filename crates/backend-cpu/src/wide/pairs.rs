//! Functions of two numbers: powers, angles, remainders.
//!
//! Invariant: as the module's; a remainder is exact.

use super::{exp, ln, polynomial};

/// xʸ, with what C's `pow` gives at the ends.
#[inline(always)]
pub fn pow(x: f64, y: f64) -> f64 {
    let size = exp(y * ln(x.abs()));
    let is_whole = y.round_ties_even() == y;
    let half = y * 0.5;
    let is_odd = is_whole && half.round_ties_even() != half;
    let power = if is_odd { size.copysign(x) } else { size };
    let power = if x < 0.0 && x > f64::NEG_INFINITY && !is_whole { f64::NAN } else { power };
    let is_one = y == 0.0 || x == 1.0 || (x == -1.0 && y.abs() == f64::INFINITY);
    if is_one { 1.0 } else { power }
}

/// The angle of (x, y) from the first axis, in [−π, π], of singles.
#[inline(always)]
pub fn atan2(y: f64, x: f64) -> f64 {
    let (a, b) = (y.abs(), x.abs());
    let (less, more) = if a > b { (b, a) } else { (a, b) };
    let t = if more == 0.0 { 0.0 } else { less / more };
    let t = if (less == f64::INFINITY) & (more == f64::INFINITY) { 1.0 } else { t };
    // From tan π/8 on, the angle's distance to π/4.
    let far = t > 0.414_213_562_373_095_03;
    let r = if far { (t - 1.0) / (t + 1.0) } else { t };
    // atan(r)/r in r², interpolated at Chebyshev's points: within 2e-15.
    const SERIES: [f64; 10] = [
        0.999_999_999_999_999_1,
        -0.333_333_333_332_209_94,
        0.199_999_999_784_953_2,
        -0.142_857_126_724_829_9,
        0.111_110_492_360_728_44,
        -0.090_895_368_103_899_05,
        0.076_736_052_043_992_9,
        -0.065_063_930_545_274_66,
        0.050_260_613_499_902_004,
        -0.025_333_679_291_790_18,
    ];
    let angle = r * polynomial(r * r, SERIES) + if far { std::f64::consts::FRAC_PI_4 } else { 0.0 };
    let angle = if a > b { std::f64::consts::FRAC_PI_2 - angle } else { angle };
    let angle = if x.is_sign_negative() { std::f64::consts::PI - angle } else { angle };
    (if y.is_nan() { y } else { angle }).copysign(y)
}

/// x − y·trunc(x/y) of singles, which is exact.
#[inline(always)]
pub fn fmod(x: f64, y: f64) -> f64 {
    let quotient = (x / y).trunc();
    // A single by a whole number of 29 bits is exact in double.
    if quotient.abs() < (1u64 << 29) as f64 && y.abs() < f64::INFINITY {
        let rest = quotient.mul_add(-y, x);
        // What rounds up to a whole quotient leaves a rest on the other side of 0.
        let back = if rest * x < 0.0 { rest + y.abs().copysign(x) } else { rest };
        back.copysign(x)
    } else {
        far_fmod(x, y)
    }
}

/// [`fmod`] of numbers far apart, which no loop has more than a call of.
#[cold]
#[inline(never)]
fn far_fmod(x: f64, y: f64) -> f64 {
    libm::fmod(x, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_near_the_double_function() {
        let singles = || (0..=u32::MAX).step_by(20_000_003).map(f32::from_bits);
        for x in singles() {
            for y in singles().chain([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0, 2.5, 1e3]) {
                let (x, y) = (f64::from(x), f64::from(y));
                let (got, want) = (pow(x, y) as f32, libm::pow(x, y) as f32);
                let near = (f64::from(got) - f64::from(want)).abs() <= 1e-7 * f64::from(want).abs() + 1e-45;
                assert!(got == want || near || (got.is_nan() && want.is_nan()), "{x}^{y}: {got}, {want}");
            }
        }
    }

    /// Pairs of singles, ends and whole multiples among them.
    fn pairs() -> impl Iterator<Item = (f64, f64)> {
        let ends = [0.0, -0.0, 1.0, -1.0, 0.1, 3.0, -5.5, 1e30, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
        let singles = move || (0..=u32::MAX).step_by(10_000_019).map(f32::from_bits).chain(ends);
        let wide = |x: f32, y: f32| (f64::from(x), f64::from(y));
        let all = singles().flat_map(move |x| singles().map(move |y| wide(x, y)));
        let multiples = (1..20_000).map(move |i| wide(i as f32 * 0.1, 0.1));
        // Next to a whole multiple, where the quotient rounds up.
        let below = (1..20_000).map(move |i| wide((i as f32 * 7.7).next_down(), 7.7));
        all.chain(multiples).chain(below)
    }

    #[test]
    fn angles_are_near_the_double_function() {
        for (y, x) in pairs() {
            let (got, want) = (atan2(y, x), libm::atan2(y, x));
            let same = (got as f32).to_bits() == (want as f32).to_bits() || (got.is_nan() && want.is_nan());
            assert!(same || ((got - want) / want).abs() < 2e-12, "atan2({y}, {x}): {got}, {want}");
        }
    }

    #[test]
    fn remainders_are_exact() {
        for (x, y) in pairs() {
            let (got, want) = (fmod(x, y), libm::fmod(x, y));
            assert!(
                got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()),
                "{x} by {y}: {got}, {want}"
            );
        }
    }
}
