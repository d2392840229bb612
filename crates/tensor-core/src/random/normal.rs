//! Normal numbers as PyTorch's CPU kernels make them, to the bit.
//!
//! Fewer than 16 numbers, or a tensor that is not contiguous, take Box & Muller in double precision,
//! pair by pair; more take it in blocks of 16 in single precision, with the logarithm, sine and
//! cosine of Cephes' single-precision polynomials (S. L. Moshier) as 8-lane code evaluates them. What is
//! computed in double precision takes the platform's own logarithm, sine and cosine, as PyTorch does.

use super::mt19937::Mt19937;

/// `a·b + c` with one rounding, also without FMA hardware: the product is exact in double, and its
/// sum rounds to single as if once for every operand these polynomials meet.
#[inline(always)]
fn fma(a: f32, b: f32, c: f32) -> f32 {
    (f64::from(a) * f64::from(b) + f64::from(c)) as f32
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

/// At least 16 single-precision numbers by the block path.
pub(super) fn blocks_f32(engine: &mut Mt19937, out: &mut [f32], mean: f32, std: f32) {
    out.iter_mut().for_each(|v| *v = engine.unit32());
    let (whole, tail) = out.split_at_mut(out.len() / 16 * 16);
    whole.chunks_exact_mut(16).for_each(|block| box_muller(block, mean, std));
    if !tail.is_empty() {
        let start = out.len() - 16;
        let last = &mut out[start..];
        last.iter_mut().for_each(|v| *v = engine.unit32());
        box_muller(last, mean, std);
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

fn box_muller(d: &mut [f32], mean: f32, std: f32) {
    for j in 0..8 {
        let (u1, u2) = (1.0 - d[j], d[j + 8]);
        let radius = (-2.0 * log(u1)).sqrt();
        let (sin, cos) = sin_cos(std::f32::consts::TAU * u2);
        d[j] = fma(radius * cos, std, mean);
        d[j + 8] = fma(radius * sin, std, mean);
    }
}

#[expect(clippy::excessive_precision, reason = "Cephes' constants, as published")]
fn log(u: f32) -> f32 {
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
fn sin_cos(t: f32) -> (f32, f32) {
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
