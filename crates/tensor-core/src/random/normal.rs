//! Normal numbers as PyTorch's CPU kernels make them, to the bit.
//!
//! Fewer than 16 numbers, or a tensor that is not contiguous, take Box & Muller in double precision,
//! pair by pair; more take it in blocks of 16 in single precision, with the logarithm, sine and
//! cosine of Cephes' single-precision polynomials (S. L. Moshier) as 8-lane code evaluates them. What is
//! computed in double precision takes the platform's own logarithm, sine and cosine, as PyTorch does.

use super::mt19937::{Mt19937, unit32};

/// `a·b + c` with one rounding, also without FMA hardware: the product is exact in double; the sum is rounded to an
/// odd last place there where it is not exact, so that rounding it once more to single gives the nearest.
#[inline(always)]
fn fma(a: f32, b: f32, c: f32) -> f32 {
    let (p, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = p + c;
    let back = sum - p;
    let lost = (p - (sum - back)) + (c - back);
    let bits = sum.to_bits();
    // Away from 0 where what was lost has the sum's sign, else towards it.
    let odd = if (lost > 0.0) == (sum > 0.0) { bits.wrapping_add(1) } else { bits.wrapping_sub(1) };
    let exact = (lost == 0.0) | (bits & 1 == 1);
    f64::from_bits(if exact { bits } else { odd }) as f32
}

/// One number by the scalar path; every second one comes from the cache.
pub(super) fn single(engine: &mut Mt19937, cached: &mut Option<f64>) -> f64 {
    if let Some(value) = cached.take() {
        return value;
    }
    let (u1, u2) = (engine.unit64(), engine.unit64());
    let radius = (-2.0 * (-u2).ln_1p()).sqrt();
    let angle = std::f64::consts::TAU * u1;
    *cached = Some(radius * angle.sin());
    radius * angle.cos()
}

/// At least 16 single-precision numbers by the block path, `transform` being [`box_muller`] of whole blocks.
pub(super) fn blocks_f32(engine: &mut Mt19937, out: &mut [f32], transform: impl Fn(&mut [f32])) {
    engine.fill(out, unit32);
    let whole = out.len() / 16 * 16;
    transform(&mut out[..whole]);
    if whole < out.len() {
        let start = out.len() - 16;
        let last = &mut out[start..];
        engine.fill(last, unit32);
        transform(last);
    }
}

/// At least 16 double-precision numbers by the block path.
pub(super) fn blocks_f64(engine: &mut Mt19937, out: &mut [f64], mean: f64, std: f64) {
    let block = |d: &mut [f64]| {
        for j in 0..8 {
            let (u1, u2) = (1.0 - d[j], d[j + 8]);
            let radius = (-2.0 * u1.ln()).sqrt();
            let angle = std::f64::consts::TAU * u2;
            d[j] = (radius * angle.cos()).mul_add(std, mean);
            d[j + 8] = (radius * angle.sin()).mul_add(std, mean);
        }
    };
    out.iter_mut().for_each(|v| *v = engine.unit64());
    let (whole, tail) = out.split_at_mut(out.len() / 16 * 16);
    whole.chunks_exact_mut(16).for_each(block);
    if !tail.is_empty() {
        let start = out.len() - 16;
        let last = &mut out[start..];
        last.iter_mut().for_each(|v| *v = engine.unit64());
        block(last);
    }
}

/// Blocks turned together, so that vectors are full.
const TOGETHER: usize = 8;

/// Turns uniform numbers in [0, 1), of 24 bits each, into normal ones in place, block by block of sixteen: the first
/// eight are the radii's, the others the angles' (Box & Muller 1958). What does not fill a block stays as it is.
pub fn box_muller(blocks: &mut [f32], mean: f32, std: f32) {
    box_muller_by(blocks, mean, std, fma);
}

/// [`box_muller`] by a fused multiply-add of the caller's, to be compiled for machines that have one.
#[inline(always)]
pub fn box_muller_by(blocks: &mut [f32], mean: f32, std: f32, fma: impl Fn(f32, f32, f32) -> f32 + Copy) {
    let (mut radii, mut angles) = ([0f32; 8 * TOGETHER], [0f32; 8 * TOGETHER]);
    for several in blocks.chunks_mut(16 * TOGETHER) {
        let count = several.len() / 16;
        let (radii, angles) = (&mut radii[..8 * count], &mut angles[..8 * count]);
        let halves = radii.chunks_exact_mut(8).zip(angles.chunks_exact_mut(8));
        for (d, (radii, angles)) in several.chunks_exact(16).zip(halves) {
            radii.copy_from_slice(&d[..8]);
            angles.copy_from_slice(&d[8..]);
        }
        for (r, a) in radii.iter_mut().zip(&mut *angles) {
            let radius = (-2.0 * log(1.0 - *r, fma)).sqrt();
            let (sin, cos) = sin_cos(std::f32::consts::TAU * *a, fma);
            *r = fma(radius * cos, std, mean);
            *a = fma(radius * sin, std, mean);
        }
        let halves = radii.chunks_exact(8).zip(angles.chunks_exact(8));
        for (d, (radii, angles)) in several.chunks_exact_mut(16).zip(halves) {
            d[..8].copy_from_slice(radii);
            d[8..].copy_from_slice(angles);
        }
    }
}

#[expect(clippy::excessive_precision, reason = "Cephes' constants, as published")]
#[inline(always)]
fn log(u: f32, fma: impl Fn(f32, f32, f32) -> f32) -> f32 {
    const P: [f32; 9] = [
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    ];
    let bits = u.max(f32::MIN_POSITIVE).to_bits();
    let mut e = ((bits >> 23) as i32 - 127) as f32 + 1.0;
    let m = f32::from_bits((bits & 0x807f_ffff) | 0x3f00_0000);
    let x = if m < std::f32::consts::FRAC_1_SQRT_2 {
        e -= 1.0;
        (m - 1.0) + m
    } else {
        m - 1.0
    };
    let z = x * x;
    let mut y = P[0];
    for &p in &P[1..] {
        y = fma(y, x, p);
    }
    y *= x;
    y = fma(y, z, e * -2.12194440e-4);
    y = fma(-0.5, z, y);
    fma(e, 0.693359375, x + y)
}

#[expect(clippy::excessive_precision, reason = "Cephes' constants, as published")]
#[inline(always)]
fn sin_cos(t: f32, fma: impl Fn(f32, f32, f32) -> f32) -> (f32, f32) {
    let j = ((t * 1.27323954473516f32) as i32 + 1) & !1;
    let y = j as f32;
    let x = fma(y, -0.78515625, t);
    let x = fma(y, -2.4187564849853515625e-4, x);
    let x = fma(y, -3.77489497744594108e-8, x);
    let z = x * x;
    let mut c = fma(2.443315711809948e-5, z, -1.388731625493765e-3);
    c = fma(c, z, 4.166664568298827e-2);
    c *= z;
    c = fma(z, c, -(0.5 * z)) + 1.0;
    let mut s = fma(-1.9515295891e-4, z, 8.3321608736e-3);
    s = fma(s, z, -1.6666654611e-1);
    s *= z;
    s = fma(x, s, x);
    let (mut sin, mut cos) = if j & 2 == 0 { (s, c) } else { (c, s) };
    if j & 4 != 0 {
        sin = -sin;
    }
    if (j - 2) & 4 == 0 {
        cos = -cos;
    }
    (sin, cos)
}
