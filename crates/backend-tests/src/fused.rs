//! What networks do in one breath, against formulas and against the composed defaults.

use crate::Tolerance;
use crate::judge::{Allowed, answer, close, near};
use crate::reference::total;
use crate::samples::{Noise, Sample, floats, types, upload, views};
use tensor_core::{DType, Device, Shape, compose};

const SHAPES: &[&[usize]] =
    &[&[1], &[10], &[33], &[3, 5], &[4, 33], &[2, 3, 4], &[0, 3], &[2, 1037], &[300, 10]];

/// Calls `f` with the places of every run along `axis`.
fn each_run(shape: &Shape, axis: usize, mut f: impl FnMut(&[usize])) {
    let (inner, len): (usize, usize) = (shape[axis + 1..].iter().product(), shape[axis]);
    let outer: usize = shape[..axis].iter().product();
    for o in 0..outer {
        for i in 0..inner {
            f(&(0..len).map(|k| (o * len + k) * inner + i).collect::<Vec<_>>());
        }
    }
}

/// The reference, the largest taken off first so that it does not overflow either.
fn softmax_of(values: &[f64], shape: &Shape, axis: usize, log: bool) -> Vec<f64> {
    let mut out = vec![0.0; values.len()];
    each_run(shape, axis, |run| {
        let most = run.iter().map(|&p| values[p]).fold(f64::NEG_INFINITY, f64::max);
        let sum = total(run.iter().map(|&p| (values[p] - most).exp()));
        for &p in run {
            out[p] = if log { values[p] - most - sum.ln() } else { (values[p] - most).exp() / sum };
        }
    });
    out
}

fn softmaxes(device: &Device, tolerance: &Tolerance, log: bool) {
    let mut noise = Noise::new(50);
    for dtype in floats(device) {
        for shape in SHAPES {
            for x in views(device, shape, dtype, || noise.between(-12.0, 12.0)) {
                for axis in 0..shape.len() {
                    let want = softmax_of(&x.values, x.shape(), axis, log);
                    // exp's argument is rounded at the size of the spread.
                    let allowed = if log { Allowed::ulps(4.0).and(4.0) } else { Allowed::ulps(32.0) };
                    for (storage, how) in [
                        (device.softmax(x.view(), axis, log), "own"),
                        (compose::softmax(x.view(), axis, log), "composed"),
                    ] {
                        let got = answer(device, storage, dtype, x.shape());
                        let what = || {
                            format!(
                                "{how} softmax (log: {log}) of {dtype} {} {} along {axis}",
                                x.kind,
                                x.shape()
                            )
                        };
                        close(what, &got, &want, dtype, allowed, tolerance);
                    }
                }
            }
        }
        // Far beyond where eˣ overflows, and far apart.
        let x = upload(device, &[1000.0, 1000.0, -1000.0, -1000.0, -1000.0, 5.0], &[2, 3], dtype);
        let got = answer(device, device.softmax(x.view(), 1, log), dtype, x.shape());
        let ln2 = std::f64::consts::LN_2;
        let want = if log {
            vec![-ln2, -ln2, -2000.0 - ln2, -1005.0, -1005.0, 0.0]
        } else {
            vec![0.5, 0.5, 0.0, 0.0, 0.0, 1.0]
        };
        close(|| "softmax of large numbers".into(), &got, &want, dtype, Allowed::ulps(4.0), tolerance);
    }
}

/// eˣ/Σeˣ along every dimension.
pub fn softmax(device: &Device, tolerance: &Tolerance) {
    softmaxes(device, tolerance, false);
}

/// Its logarithm.
pub fn log_softmax(device: &Device, tolerance: &Tolerance) {
    softmaxes(device, tolerance, true);
}

/// The gradients of both, from their results.
pub fn softmax_grad(device: &Device, tolerance: &Tolerance) {
    let (mut noise, mut grads) = (Noise::new(51), Noise::new(52));
    for dtype in floats(device) {
        for shape in SHAPES {
            let gs = views(device, shape, dtype, || grads.between(-1.0, 1.0));
            for (i, x) in views(device, shape, dtype, || noise.between(-4.0, 4.0)).iter().enumerate() {
                let g: &Sample = &gs[(i + 1) % gs.len()];
                for (axis, log) in (0..shape.len()).flat_map(|axis| [(axis, false), (axis, true)]) {
                    let y = softmax_of(&x.values, x.shape(), axis, log);
                    let y = upload(device, &y, shape, dtype);
                    let known = y.to_vec::<f64>();
                    let (mut want, mut scales) = (vec![0.0; known.len()], vec![0.0; known.len()]);
                    each_run(x.shape(), axis, |run| {
                        let terms = |p: usize| if log { g.values[p] } else { known[p] * g.values[p] };
                        let sum = total(run.iter().map(|&p| terms(p)));
                        let size: f64 = run.iter().map(|&p| terms(p).abs()).sum();
                        for &p in run {
                            let (y, g) = (known[p], g.values[p]);
                            want[p] = if log { g - y.exp() * sum } else { y * (g - sum) };
                            scales[p] = if log { g.abs() + y.exp() * size } else { y * (g.abs() + size) };
                        }
                    });
                    for (storage, how) in [
                        (device.softmax_grad(y.view(), g.view(), axis, log), "own"),
                        (compose::softmax_grad(y.view(), g.view(), axis, log), "composed"),
                    ] {
                        let got = answer(device, storage, dtype, x.shape());
                        let what = || {
                            format!("{how} softmax_grad (log: {log}) of {dtype} {} along {axis}", x.shape())
                        };
                        near(what, &got, &want, &scales, dtype, Allowed::ulps(16.0), tolerance);
                    }
                }
            }
        }
    }
}

/// Rows of scores and their targets, in every layout of both.
fn each_scores(device: &Device, mut check: impl FnMut(&Sample, &Sample)) {
    let (mut noise, mut classes) = (Noise::new(53), Noise::new(54));
    for dtype in floats(device) {
        for [rows, width] in [[1, 1], [1, 10], [7, 3], [64, 10], [33, 1037]] {
            for target_type in types(device).filter(|&d| matches!(d, DType::I32 | DType::I64)) {
                let targets = views(device, &[rows], target_type, || classes.whole(0, width as i64));
                let scores = views(device, &[rows, width], dtype, || noise.between(-8.0, 8.0));
                for (i, x) in scores.iter().enumerate() {
                    check(x, &targets[i % targets.len()]);
                }
            }
        }
    }
}

/// Log-probabilities and the mean loss.
pub fn cross_entropy(device: &Device, tolerance: &Tolerance) {
    each_scores(device, |x, target| {
        let (dtype, width) = (x.tensor.dtype(), x.shape()[1]);
        let log_p = softmax_of(&x.values, x.shape(), 1, true);
        let rows = target.values.len();
        let picked = target.values.iter().enumerate().map(|(row, &c)| -log_p[row * width + c as usize]);
        let loss = picked.sum::<f64>() / rows as f64;
        for (both, how) in [
            (device.cross_entropy(x.view(), target.view()), "own"),
            (compose::cross_entropy(x.view(), target.view()), "composed"),
        ] {
            let (p, l) = both.expect("a loss");
            let what = || {
                format!("{how} cross_entropy of {dtype} {} {}, targets {}", x.kind, x.shape(), target.kind)
            };
            let (p, l) =
                (answer(device, Ok(p), dtype, x.shape()), answer(device, Ok(l), dtype, &Shape::new(&[])));
            let allowed = Allowed::ulps(8.0).and(8.0);
            close(what, &p, &log_p, dtype, allowed, tolerance);
            close(what, &l, &[loss], dtype, allowed, tolerance);
        }
    });
}

/// Its gradient.
pub fn cross_entropy_grad(device: &Device, tolerance: &Tolerance) {
    each_scores(device, |x, target| {
        let (dtype, width) = (x.tensor.dtype(), x.shape()[1]);
        let log_p = upload(device, &softmax_of(&x.values, x.shape(), 1, true), x.shape(), dtype);
        let known = log_p.to_vec::<f64>();
        let (rows, g) = (target.values.len(), 0.75);
        let grad = upload(device, &[g], &[], dtype);
        let want: Vec<f64> = known
            .iter()
            .enumerate()
            .map(|(k, p)| {
                let hit = target.values[k / width] == (k % width) as f64;
                (p.exp() - f64::from(u8::from(hit))) * g / rows as f64
            })
            .collect();
        let scales = vec![1.0 / rows as f64; want.len()];
        for (storage, how) in [
            (device.cross_entropy_grad(log_p.view(), target.view(), grad.view()), "own"),
            (compose::cross_entropy_grad(log_p.view(), target.view(), grad.view()), "composed"),
        ] {
            let got = answer(device, storage, dtype, x.shape());
            let what = || format!("{how} cross_entropy_grad of {dtype} {}", x.shape());
            near(what, &got, &want, &scales, dtype, Allowed::ulps(8.0), tolerance);
        }
    });
}

/// Pixels to normalised floats, to the last bit.
pub fn normalize(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(55);
    let (mean, std) = (0.1307f32, 0.3081f32);
    let allowed = if tolerance.factor > 1.0 { Allowed::ulps(1.0).and(1.0) } else { Allowed::EXACT };
    for dtype in types(device).filter(|&d| matches!(d, DType::U8 | DType::F32)) {
        for shape in [&[256][..], &[3, 7], &[2, 1, 28, 28], &[0, 4], &[]] {
            for x in views(device, shape, dtype, || noise.whole(0, 256)) {
                let want: Vec<f64> =
                    x.values.iter().map(|&v| f64::from((v as f32 / 255.0 - mean) / std)).collect();
                for (storage, how) in [
                    (device.normalize(x.view(), mean, std), "own"),
                    (compose::normalize(x.view(), mean, std), "composed"),
                ] {
                    let got = answer(device, storage, DType::F32, x.shape());
                    let what = || format!("{how} normalize of {dtype} {}", x.kind);
                    close(what, &got, &want, DType::F32, allowed, tolerance);
                }
            }
        }
    }
}

/// The same of chosen rows.
pub fn fetch_pixels(device: &Device, tolerance: &Tolerance) {
    let (mut noise, mut rows) = (Noise::new(56), Noise::new(57));
    let (mean, std) = (0.5f32, 0.5f32);
    let allowed = if tolerance.factor > 1.0 { Allowed::ulps(1.0).and(1.0) } else { Allowed::EXACT };
    for shape in [&[5][..], &[9, 7], &[4, 1, 28, 28], &[300, 784], &[3, 0]] {
        let each: usize = shape[1..].iter().product();
        for (nth, x) in views(device, shape, DType::U8, || noise.whole(0, 256)).into_iter().enumerate() {
            for index_type in types(device).filter(|&d| matches!(d, DType::I32 | DType::I64)) {
                for count in [0, 1, 64] {
                    let indices = views(device, &[count], index_type, || rows.whole(0, shape[0] as i64));
                    for (turn, index) in indices.into_iter().enumerate() {
                        let want: Vec<f64> = index
                            .values
                            .iter()
                            .flat_map(|&row| &x.values[row as usize * each..][..each])
                            .map(|&v| f64::from((v as f32 / 255.0 - mean) / std))
                            .collect();
                        for (storage, how) in [
                            (device.fetch_pixels(x.view(), index.view(), mean, std), "own"),
                            (compose::fetch_pixels(x.view(), index.view(), mean, std), "composed"),
                        ] {
                            let got = answer(device, storage, DType::F32, &x.shape().with(0, count));
                            let what = || format!("{how} fetch_pixels of {} at {}", x.kind, index.kind);
                            close(what, &got, &want, DType::F32, allowed, tolerance);
                        }
                        // Labels do not care how pixels lie.
                        if nth == 0 {
                            with_labels(device, &x, &index, turn, (mean, std));
                        }
                    }
                }
            }
        }
    }
}

/// A batch is its pixels and the labels at the same index, whose layouts take turns.
fn with_labels(device: &Device, x: &Sample, index: &Sample, turn: usize, (mean, std): (f32, f32)) {
    let count = index.values.len();
    let mut noise = Noise::new(58);
    for dtype in [DType::I32, DType::U8, DType::F32] {
        let mut all = views(device, &[x.shape()[0]], dtype, || noise.whole(0, 10));
        let labels = all.swap_remove(turn % all.len());
        let (x, at) = (x.tensor.view(), index.tensor.view());
        let pixels = device.fetch_pixels(x, at, mean, std);
        let shape = x.layout.shape().with(0, count);
        let pixels = answer(device, pixels, DType::F32, &shape);
        for (batch, how) in [
            (device.fetch_batch(x, labels.tensor.view(), at, (mean, std)), "own"),
            (compose::fetch_batch(x, labels.tensor.view(), at, (mean, std)), "composed"),
        ] {
            let (images, chosen) = batch.expect("a batch");
            let what = format!("{how} batch of {}, labels {} of {dtype}", index.kind, labels.kind);
            assert_eq!(answer(device, Ok(images), DType::F32, &shape), pixels, "{what}");
            let want: Vec<f64> = index.values.iter().map(|&row| labels.values[row as usize]).collect();
            assert_eq!(answer(device, Ok(chosen), dtype, &Shape::new(&[count])), want, "{what}");
        }
    }
}
