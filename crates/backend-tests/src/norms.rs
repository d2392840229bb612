//! Normalisation over a batch, features, groups and single images, against formulas.

use crate::Tolerance;
use crate::judge::{Allowed, answer, near};
use crate::samples::{Noise, Sample, floats, upload, views};
use tensor_core::{Axes, DType, Device, Layout, RawTensor, Shape, Standard, compose};

/// Inputs, the dimensions that share their moments, and the shape of weight and bias.
fn plans() -> Vec<(Shape, Axes, Shape)> {
    let channels = Axes::one(0).with(2);
    vec![
        (Shape::new(&[4, 3, 50]), channels, Shape::new(&[1, 3, 1])),
        (Shape::new(&[2, 5, 1100]), channels, Shape::new(&[1, 5, 1])),
        (Shape::new(&[3, 5, 4]), channels, Shape::new(&[1, 5, 1])),
        (Shape::new(&[33, 5]), Axes::one(0), Shape::new(&[1, 5])),
        (Shape::new(&[4, 3, 50]), Axes::one(2), Shape::new(&[1, 3, 1])),
        (Shape::new(&[40, 37]), Axes::one(1), Shape::new(&[1, 37])),
        (Shape::new(&[34, 1100]), Axes::one(1), Shape::new(&[1, 1100])),
        (Shape::new(&[2, 2, 3, 40]), Axes::one(2).with(3), Shape::new(&[1, 2, 3, 1])),
        (Shape::new(&[0, 3, 4]), Axes::one(2), Shape::new(&[1, 3, 1])),
    ]
}

/// For each element of a shape, which element of a smaller one it shares.
fn places(shape: &Shape, few: &Shape) -> Vec<usize> {
    Layout::contiguous(*few).expand(shape).expect("it expands").indices().collect()
}

/// Σ of the values that share a place, what each sum rounds off kept apart (Neumaier).
fn sums(values: impl Iterator<Item = f64>, places: &[usize], few: &Shape) -> Vec<f64> {
    let mut out = vec![(0.0f64, 0.0f64); few.numel()];
    for (v, &p) in values.zip(places) {
        let (sum, lost) = out[p];
        let next = sum + v;
        let rounded = if sum.abs() >= v.abs() { (sum - next) + v } else { (v - next) + sum };
        out[p] = (next, lost + rounded);
    }
    out.into_iter().map(|(sum, lost)| sum + lost).collect()
}

fn each(device: &Device, mut check: impl FnMut(DType, &Sample, Axes, &Shape)) {
    let mut noise = Noise::new(90);
    for dtype in floats(device) {
        for (shape, axes, affine) in plans() {
            for x in views(device, &shape, dtype, || noise.between(0.5, 3.0)) {
                check(dtype, &x, axes, &affine);
            }
        }
    }
}

/// Mean and variance, or the mean square. (Of equal numbers all sums are rounded the same way, so errors add up.)
pub fn moments(device: &Device, tolerance: &Tolerance) {
    each(device, |dtype, x, axes, _| {
        let few = x.shape().reduced(axes, true);
        let at = places(x.shape(), &few);
        let count = x.values.len() as f64 / few.numel().max(1) as f64;
        let mean: Vec<f64> =
            sums(x.values.iter().copied(), &at, &few).into_iter().map(|sum| sum / count).collect();
        let squares = |centred: bool| {
            let off = |p: usize| if centred { mean[p] } else { 0.0 };
            let squares = x.values.iter().zip(&at).map(|(v, &p)| (v - off(p)).powi(2));
            sums(squares, &at, &few).into_iter().map(|sum| sum / count).collect::<Vec<f64>>()
        };
        for centred in [false, true] {
            for (both, how) in [
                (device.moments(x.view(), axes, centred), "own"),
                (compose::moments(x.view(), axes, centred), "composed"),
            ] {
                let (got_mean, got) = both.expect("moments");
                let what =
                    || format!("{how} moments (centred: {centred}) of {dtype} {} {}", x.kind, x.shape());
                assert_eq!(got_mean.is_some(), centred, "{}", what());
                if let Some(got) = got_mean {
                    let got = answer(device, Ok(got), dtype, &few);
                    near(what, &got, &mean, &mean, dtype, Allowed::ulps(32.0), tolerance);
                }
                let (got, scales) = (answer(device, Ok(got), dtype, &few), squares(false));
                near(what, &got, &squares(centred), &scales, dtype, Allowed::ulps(32.0), tolerance);
            }
        }
    });
}

/// What a normalisation is made of, in the input's shape, and the same as numbers.
struct Parts {
    mean: RawTensor,
    rstd: RawTensor,
    weight: RawTensor,
    bias: RawTensor,
    numbers: [Vec<f64>; 4],
}

fn parts(
    device: &Device,
    dtype: DType,
    shape: &Shape,
    few: &Shape,
    affine: &Shape,
    noise: &mut Noise,
) -> Parts {
    let mut make = |of: &Shape, low: f64, high: f64| {
        let values: Vec<f64> = (0..of.numel()).map(|_| noise.between(low, high)).collect();
        let tensor = upload(device, &values, of, dtype).expand(shape);
        let numbers = tensor.to_vec::<f64>();
        (tensor, numbers)
    };
    let (mean, m) = make(few, -1.0, 1.0);
    let (rstd, r) = make(few, 0.2, 2.0);
    let (weight, w) = make(affine, -1.0, 1.0);
    let (bias, b) = make(affine, -1.0, 1.0);
    Parts { mean, rstd, weight, bias, numbers: [m, r, w, b] }
}

/// `(x − mean)·rstd·weight + bias`, with and without each part.
pub fn normalized(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(91);
    each(device, |dtype, x, axes, affine| {
        let few = x.shape().reduced(axes, true);
        let all = parts(device, dtype, x.shape(), &few, affine, &mut noise);
        for which in 0..8 {
            let [has_mean, has_weight, has_bias] = [1, 2, 4].map(|bit| which & bit != 0);
            let of = Standard {
                x: x.view(),
                mean: has_mean.then(|| all.mean.view()),
                rstd: all.rstd.view(),
                weight: has_weight.then(|| all.weight.view()),
            };
            let bias = has_bias.then(|| all.bias.view());
            let number =
                |part: usize, has: bool, i: usize, none: f64| if has { all.numbers[part][i] } else { none };
            let (mut want, mut scales) = (Vec::new(), Vec::new());
            for (i, &x) in x.values.iter().enumerate() {
                let (m, w) = (number(0, has_mean, i, 0.0), number(2, has_weight, i, 1.0));
                let (r, b) = (all.numbers[1][i], number(3, has_bias, i, 0.0));
                want.push((x - m) * r * w + b);
                scales.push((x.abs() + m.abs()) * (r * w).abs() + b.abs());
            }
            for (storage, how) in
                [(device.normalized(of, bias), "own"), (compose::normalized(of, bias), "composed")]
            {
                let got = answer(device, storage, dtype, x.shape());
                let what = || format!("{how} normalized ({which}) of {dtype} {} {}", x.kind, x.shape());
                near(what, &got, &want, &scales, dtype, Allowed::ulps(4.0), tolerance);
            }
        }
    });
}

/// The gradients, mean and deviation being the input's own or constants.
pub fn normalized_grad(device: &Device, tolerance: &Tolerance) {
    let (mut noise, mut grads) = (Noise::new(92), Noise::new(93));
    let mut turn = 0;
    each(device, |dtype, x, axes, affine| {
        let shape = x.shape();
        let few = shape.reduced(axes, true);
        let all = parts(device, dtype, shape, &few, affine, &mut noise);
        let mut gs = views(device, shape, dtype, || grads.between(-1.0, 1.0));
        turn += 1;
        let g = gs.swap_remove(turn % gs.len());
        let (to_few, to_affine) = (places(shape, &few), places(shape, affine));
        let count = x.values.len() as f64 / few.numel().max(1) as f64;
        for which in 0..8 {
            let [has_mean, has_weight, own] = [1, 2, 4].map(|bit| which & bit != 0);
            let of = Standard {
                x: x.view(),
                mean: has_mean.then(|| all.mean.view()),
                rstd: all.rstd.view(),
                weight: has_weight.then(|| all.weight.view()),
            };
            let [m, r, w, _] = &all.numbers;
            let mean = |i: usize| if has_mean { m[i] } else { 0.0 };
            let n = |i: usize| (x.values[i] - mean(i)) * r[i];
            let size = |i: usize| (x.values[i].abs() + mean(i).abs()) * r[i];
            let h = |i: usize| g.values[i] * if has_weight { w[i] } else { 1.0 };
            let numbers = 0..x.values.len();
            let over =
                |f: &dyn Fn(usize) -> f64, at: &[usize], of: &Shape| sums(numbers.clone().map(f), at, of);
            let (sum_h, sum_hn) = (over(&h, &to_few, &few), over(&|i| h(i) * n(i), &to_few, &few));
            let (size_h, size_hn) =
                (over(&|i| h(i).abs(), &to_few, &few), over(&|i| h(i).abs() * size(i), &to_few, &few));
            let (mut want, mut scales) = (Vec::new(), Vec::new());
            for i in numbers.clone() {
                let p = to_few[i];
                let first = if has_mean { sum_h[p] / count } else { 0.0 };
                let moved = if own { first + n(i) * sum_hn[p] / count } else { 0.0 };
                want.push((h(i) - moved) * r[i]);
                scales.push((h(i).abs() + (size_h[p] + size(i) * size_hn[p]) / count) * r[i]);
            }
            let dw = over(&|i| g.values[i] * n(i), &to_affine, affine);
            let dw_size = over(&|i| g.values[i].abs() * size(i), &to_affine, affine);
            let db = over(&|i| g.values[i], &to_affine, affine);
            let db_size = over(&|i| g.values[i].abs(), &to_affine, affine);
            let own = own.then_some(axes);
            let wants = if which == 3 { [true, false, true] } else { [true; 3] };
            for (answers, how) in [
                (device.normalized_grad(of, g.view(), own, affine, wants), "own"),
                (compose::normalized_grad(of, g.view(), own, affine, wants), "composed"),
            ] {
                let answers = answers.expect("gradients");
                assert_eq!([0, 1, 2].map(|i| answers[i].is_some()), wants);
                let wanted = [(&want, &scales, shape), (&dw, &dw_size, affine), (&db, &db_size, affine)];
                for (part, (storage, (want, scales, of))) in answers.into_iter().zip(wanted).enumerate() {
                    let Some(storage) = storage else { continue };
                    let got = answer(device, Ok(storage), dtype, of);
                    let what = || {
                        format!("{how} gradient {part} ({which}) of normalized, {dtype} {} {shape}", x.kind)
                    };
                    near(what, &got, want, scales, dtype, Allowed::ulps(32.0), tolerance);
                }
            }
        }
    });
}
