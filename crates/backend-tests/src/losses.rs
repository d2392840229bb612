//! Losses of pairs of elements and their slopes, and numbers brought between two bounds, against formulas.

use crate::Tolerance;
use crate::judge::{Allowed, answer, near};
use crate::samples::{Noise, SHAPES, Sample, floats, upload, views};
use tensor_core::{DType, Device, LossOp, compose};

const OPS: [LossOp; 9] = [
    LossOp::Squared,
    LossOp::Absolute,
    LossOp::SmoothAbsolute(1.0),
    LossOp::SmoothAbsolute(0.3),
    LossOp::Huber(1.0),
    LossOp::Huber(0.3),
    LossOp::Logits,
    LossOp::Divergence,
    LossOp::LogDivergence,
];

/// The loss, its slope along `x`, and the size of what entered either.
fn reference(op: LossOp, x: f64, y: f64) -> (f64, f64, f64) {
    let d = x - y;
    let sign = if d == 0.0 { 0.0 } else { d.signum() };
    let size = x.abs() + y.abs();
    match op {
        LossOp::Squared => (d * d, 2.0 * d, size * (size + 2.0)),
        LossOp::Absolute => (d.abs(), sign, size),
        LossOp::SmoothAbsolute(beta) if d.abs() < beta => (0.5 * d * d / beta, d / beta, size / beta),
        LossOp::SmoothAbsolute(beta) => (d.abs() - 0.5 * beta, sign, size + 1.0),
        LossOp::Huber(delta) if d.abs() < delta => (0.5 * d * d, d, size),
        LossOp::Huber(delta) => (delta * (d.abs() - 0.5 * delta), sign * delta, size + 1.0),
        LossOp::Logits => {
            let loss = (1.0 - y) * x + (-x.abs()).exp().ln_1p() + (-x).max(0.0);
            (loss, 1.0 / (1.0 + (-x).exp()) - y, 2.0 * size + 2.0)
        }
        LossOp::Divergence if y > 0.0 => (y * (y.ln() - x), -y, y * (y.ln().abs() + x.abs()) + y),
        LossOp::Divergence => (-y * x, -y, 1.0),
        LossOp::LogDivergence => (y.exp() * (y - x), -y.exp(), y.exp() * (size + 1.0)),
    }
}

/// Every loss of pairs of views, every layout meeting others.
fn each(device: &Device, mut check: impl FnMut(LossOp, DType, &Sample, &Sample, &Sample)) {
    let (mut left, mut right, mut grads) = (Noise::new(80), Noise::new(81), Noise::new(82));
    for dtype in floats(device) {
        for shape in SHAPES {
            // Eighths, so that some differences are 0 and some at a kink; some targets are 0.
            let xs = views(device, shape, dtype, || left.whole(-20, 20) / 8.0);
            let ys = views(device, shape, dtype, || right.whole(0, 9) / 8.0);
            let gs = views(device, shape, dtype, || grads.between(-1.0, 1.0));
            for (i, x) in xs.iter().enumerate() {
                for op in OPS {
                    check(op, dtype, x, &ys[(i + 1) % ys.len()], &gs[(i + 3) % gs.len()]);
                }
            }
        }
    }
}

/// The loss of each element.
pub fn loss(device: &Device, tolerance: &Tolerance) {
    each(device, |op, dtype, x, y, _| {
        let both = || x.values.iter().zip(&y.values).map(|(&x, &y)| reference(op, x, y));
        let (want, scales) =
            (both().map(|r| r.0).collect::<Vec<_>>(), both().map(|r| r.2).collect::<Vec<_>>());
        for (storage, how) in [
            (device.loss(op, x.view(), y.view()), "own"),
            (compose::loss(op, x.view(), y.view()), "composed"),
        ] {
            let got = answer(device, storage, dtype, x.shape());
            let what = || format!("{how} {op:?} of {dtype} {} {}, target {}", x.kind, x.shape(), y.kind);
            near(what, &got, &want, &scales, dtype, Allowed::ulps(4.0), tolerance);
        }
    });
}

/// Its slope along the element, times a gradient.
pub fn loss_grad(device: &Device, tolerance: &Tolerance) {
    each(device, |op, dtype, x, y, g| {
        let both = || x.values.iter().zip(&y.values).map(|(&x, &y)| reference(op, x, y));
        let want: Vec<f64> = both().zip(&g.values).map(|(r, g)| r.1 * g).collect();
        let scales: Vec<f64> = both().map(|r| r.2).collect();
        for (storage, how) in [
            (device.loss_grad(op, x.view(), y.view(), g.view()), "own"),
            (compose::loss_grad(op, x.view(), y.view(), g.view()), "composed"),
        ] {
            let got = answer(device, storage, dtype, x.shape());
            let what = || format!("{how} slope of {op:?} of {dtype} {} {}", x.kind, x.shape());
            near(what, &got, &want, &scales, dtype, Allowed::ulps(4.0), tolerance);
        }
    });
}

/// Between two numbers, which may be out of order or NaN.
pub fn clamp(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(83);
    for dtype in floats(device) {
        for shape in SHAPES {
            for x in views(device, shape, dtype, || noise.between(-3.0, 3.0)) {
                for (low, high) in [(-1.0, 1.0), (1.0, -1.0), (0.5, f64::INFINITY)] {
                    let want: Vec<f64> = x.values.iter().map(|v| v.max(low).min(high)).collect();
                    for (storage, how) in [
                        (device.clamp(x.view(), low, high), "own"),
                        (compose::clamp(x.view(), low, high), "composed"),
                    ] {
                        let got = answer(device, storage, dtype, x.shape());
                        let what = || format!("{how} clamp to {low}, {high} of {dtype} {}", x.kind);
                        near(what, &got, &want, &want, dtype, Allowed::EXACT, tolerance);
                    }
                }
            }
        }
        if tolerance.ieee {
            let x = upload(device, &[f64::NAN, 0.5, -0.0], &[3], dtype);
            let both = |low| [device.clamp(x.view(), low, 1.0), compose::clamp(x.view(), low, 1.0)];
            for storage in both(0.0) {
                let got = answer(device, storage, dtype, x.shape());
                assert!(got[0].is_nan() && got[1] == 0.5 && got[2].is_sign_positive(), "{got:?}");
            }
            for storage in both(f64::NAN) {
                let got = answer(device, storage, dtype, x.shape());
                assert!(got.iter().all(|v| v.is_nan()), "{got:?}");
            }
        }
    }
}

/// Uniform numbers made normal: the bits of the plain loop.
pub fn box_muller(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(84);
    let uniform: Vec<f32> = (0..16 * 2500).map(|_| (noise.whole(0, 1 << 24) / 16_777_216.0) as f32).collect();
    for (mean, std) in [(0.0, 1.0), (-1.5, 0.3)] {
        let (mut own, mut plain) = (uniform.clone(), uniform.clone());
        device.box_muller(&mut own, mean, std);
        tensor_core::random::box_muller(&mut plain, mean, std);
        assert!(own.iter().zip(&plain).all(|(a, b)| a.to_bits() == b.to_bits()), "mean {mean}, std {std}");
    }
}
