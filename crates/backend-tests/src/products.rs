//! Products of matrices, and the affine layer.

use crate::Tolerance;
use crate::judge::{Allowed, answer, near};
use crate::reference::{activation, total};
use crate::samples::{Noise, Sample, floats, integers, upload, views};
use tensor_core::{Activation, DType, Device, RawTensor, Shape, compose};

/// Sizes around tiles and vectors: `[B, M, K, N]`.
pub const SIZES: &[[usize; 4]] = &[
    [1, 1, 1, 1],
    [1, 1, 7, 1],
    [1, 7, 1, 9],
    [2, 3, 5, 4],
    [1, 8, 8, 32],
    [1, 9, 33, 33],
    [3, 17, 7, 31],
    [1, 2, 0, 3],
    [2, 0, 4, 3],
    [2, 4, 3, 0],
    [0, 2, 3, 4],
    [1, 33, 100, 10],
];

/// The product and, for each element, the magnitudes that went into it.
fn product(a: &[f64], b: &[f64], [batch, m, k, n]: [usize; 4]) -> (Vec<f64>, Vec<f64>) {
    let (mut out, mut scales) = (Vec::new(), Vec::new());
    for i in 0..batch {
        for row in 0..m {
            for col in 0..n {
                let pairs = (0..k).map(|p| a[(i * m + row) * k + p] * b[(i * k + p) * n + col]);
                out.push(total(pairs.clone()));
                scales.push(pairs.map(f64::abs).sum());
            }
        }
    }
    (out, scales)
}

fn judge(
    device: &Device,
    tolerance: &Tolerance,
    a: (&RawTensor, &[f64], &str),
    b: (&RawTensor, &[f64], &str),
    size: [usize; 4],
) {
    let dtype = a.0.dtype();
    let shape = Shape::new(&[size[0], size[1], size[3]]);
    let got = answer(device, device.matmul(a.0.view(), b.0.view()), dtype, &shape);
    let (want, scales) = product(a.1, b.1, size);
    // In order over k: at most one rounding each, in practice far fewer; any blocking does better.
    let allowed = Allowed::ulps(4.0 + size[2] as f64 / 8.0);
    let what = || format!("{size:?} of {dtype}, {} and {}", a.2, b.2);
    near(what, &got, &want, &scales, dtype, allowed, tolerance);
}

/// Batches of products, operands in every layout.
pub fn matmul(device: &Device, tolerance: &Tolerance) {
    let (mut left, mut right) = (Noise::new(40), Noise::new(41));
    for dtype in floats(device) {
        for &size @ [batch, m, k, n] in SIZES {
            let a = views(device, &[batch, m, k], dtype, || left.between(-1.0, 1.0));
            let b = views(device, &[batch, k, n], dtype, || right.between(-1.0, 1.0));
            for shift in [0, 1, 4] {
                for (i, a) in a.iter().enumerate() {
                    let b = &b[(i + shift) % b.len()];
                    let side = |s: &Sample| (s.tensor.clone(), s.values.clone(), s.kind);
                    let (x, y) = (side(a), side(b));
                    judge(device, tolerance, (&x.0, &x.1, x.2), (&y.0, &y.1, y.2), size);
                }
            }
            // Matrices transposed within their batch, as the backward pass hands them over.
            let a = upload(device, &noise(&mut left, batch * m * k), &[batch, k, m], dtype).transpose(1, 2);
            let b = upload(device, &noise(&mut right, batch * k * n), &[batch, n, k], dtype).transpose(1, 2);
            let values = |t: &RawTensor| t.copy().to_vec::<f64>();
            judge(device, tolerance, (&a, &values(&a), "turned"), (&b, &values(&b), "turned"), size);
        }
        // Large enough for threads.
        let size = [1, 130, 127, 129];
        let a = upload(device, &noise(&mut left, 130 * 127), &[1, 130, 127], dtype);
        let b = upload(device, &noise(&mut right, 127 * 129), &[1, 127, 129], dtype);
        let values = |t: &RawTensor| t.to_vec::<f64>();
        judge(device, tolerance, (&a, &values(&a), "large"), (&b, &values(&b), "large"), size);
    }
}

/// Products and what is added to them: of their own shape in every layout, or a number for each row, or each column.
pub fn matmul_add(device: &Device, tolerance: &Tolerance) {
    let (mut left, mut right) = (Noise::new(48), Noise::new(49));
    for dtype in floats(device) {
        for &size @ [batch, m, k, n] in SIZES.iter().chain(&[[2, 65, 9, 70], [1, 12, 700, 9]]) {
            let shape = Shape::new(&[batch, m, n]);
            let a = upload(device, &noise(&mut left, batch * m * k), &[batch, m, k], dtype);
            let b = upload(device, &noise(&mut left, batch * k * n), &[batch, k, n], dtype);
            let (products, magnitudes) = product(&a.to_vec::<f64>(), &b.to_vec::<f64>(), size);
            let seen = views(device, &[batch, m, n], dtype, || right.between(-1.0, 1.0));
            let mut added: Vec<RawTensor> = seen.iter().map(|sample| sample.tensor.clone()).collect();
            for repeated in [[1, m, 1], [batch, 1, n], [batch, m, 1]] {
                let numbers = noise(&mut right, repeated.iter().product());
                added.push(upload(device, &numbers, &repeated, dtype).expand(&shape));
            }
            for (i, c) in added.iter().enumerate() {
                let values = c.copy().to_vec::<f64>();
                let want: Vec<f64> = products.iter().zip(&values).map(|(p, c)| p + c).collect();
                let scales: Vec<f64> = magnitudes.iter().zip(&values).map(|(s, c)| s + c.abs()).collect();
                let allowed = Allowed::ulps(4.0 + k as f64 / 8.0);
                for (storage, how) in [
                    (device.matmul_add(a.view(), b.view(), c.view()), "own"),
                    (compose::matmul_add(a.view(), b.view(), c.view()), "composed"),
                ] {
                    let got = answer(device, storage, dtype, &shape);
                    let what = || format!("{how} {size:?} of {dtype} and addend {i}");
                    near(what, &got, &want, &scales, dtype, allowed, tolerance);
                }
            }
        }
    }
}

fn noise(noise: &mut Noise, count: usize) -> Vec<f64> {
    (0..count).map(|_| noise.between(-1.0, 1.0)).collect()
}

/// Products of one size for the property tests.
pub(crate) fn matmul_once(device: &Device, tolerance: &Tolerance, size: [usize; 4], seed: u64) {
    let [batch, m, k, n] = size;
    let (mut left, mut right) = (Noise::new(seed), Noise::new(seed + 1));
    let a = views(device, &[batch, m, k], DType::F32, || left.between(-1.0, 1.0));
    let b = views(device, &[batch, k, n], DType::F32, || right.between(-1.0, 1.0));
    let (a, b) = (&a[seed as usize % a.len()], &b[(seed / 16) as usize % b.len()]);
    judge(device, tolerance, (&a.tensor, &a.values, a.kind), (&b.tensor, &b.values, b.kind), size);
}

/// Products of integers, exact and wrapping.
pub fn integer_matmul(device: &Device, _: &Tolerance) {
    let (mut left, mut right) = (Noise::new(42), Noise::new(43));
    for dtype in integers(device) {
        for &size @ [batch, m, k, n] in SIZES {
            let a = views(device, &[batch, m, k], dtype, || left.whole(-100, 100));
            let b = views(device, &[batch, k, n], dtype, || right.whole(-100, 100));
            for (i, a) in a.iter().enumerate() {
                let b = &b[(i + 2) % b.len()];
                let storage = device.matmul(a.view(), b.view());
                let got = answer(device, storage, dtype, &Shape::new(&[batch, m, n]));
                assert_eq!(got, product(&a.values, &b.values, size).0, "{size:?} {} {}", a.kind, b.kind);
            }
        }
    }
}

/// NaN and infinities reach every element they should, and no other.
pub fn matmul_special(device: &Device, tolerance: &Tolerance) {
    if !tolerance.ieee {
        return;
    }
    for dtype in floats(device) {
        let (m, k, n) = (9, 10, 35);
        let mut a = vec![1.0; m * k];
        (a[2 * k + 3], a[5 * k]) = (f64::NAN, f64::INFINITY);
        let (x, y) =
            (upload(device, &a, &[1, m, k], dtype), upload(device, &vec![0.5; k * n], &[1, k, n], dtype));
        let got = answer(device, device.matmul(x.view(), y.view()), dtype, &Shape::new(&[1, m, n]));
        for (i, v) in got.into_iter().enumerate() {
            match i / n {
                2 => assert!(v.is_nan(), "row 2 holds NaN, got {v}"),
                5 => assert_eq!(v, f64::INFINITY),
                _ => assert_eq!(v, 5.0),
            }
        }
    }
}

/// `act(x·wᵀ + b)` with and without bias and activation, and as the composed default.
pub fn linear(device: &Device, tolerance: &Tolerance) {
    let (mut left, mut right) = (Noise::new(44), Noise::new(45));
    let acts = [None, Some(Activation::Relu), Some(Activation::Tanh), Some(Activation::Sigmoid)];
    for dtype in floats(device) {
        for [rows, inputs, outputs] in
            [[1, 1, 1], [3, 7, 5], [64, 9, 33], [5, 0, 4], [0, 3, 2], [130, 100, 65]]
        {
            let xs = views(device, &[rows, inputs], dtype, || left.between(-1.0, 1.0));
            let ws = views(device, &[outputs, inputs], dtype, || right.between(-1.0, 1.0));
            let bs = views(device, &[outputs], dtype, || right.between(-1.0, 1.0));
            for (i, x) in xs.iter().enumerate() {
                let (w, bias) = (&ws[(i + 1) % ws.len()], &bs[i % bs.len()]);
                for act in acts {
                    for bias in [None, Some(bias)] {
                        let b = bias.map(Sample::view);
                        let shape = Shape::new(&[rows, outputs]);
                        let turned = turned(&w.values, outputs, inputs);
                        let (mut want, mut scales) = product(&x.values, &turned, [1, rows, inputs, outputs]);
                        for (k, (want, scale)) in want.iter_mut().zip(&mut scales).enumerate() {
                            let b = bias.map_or(0.0, |b| b.values[k % outputs]);
                            *want = act.map_or(*want + b, |act| activation(act, *want + b));
                            *scale += b.abs();
                        }
                        let allowed = Allowed::ulps(6.0 + inputs as f64 / 8.0).and(4.0);
                        for (storage, how) in [
                            (device.linear(x.view(), w.view(), b, act), "own"),
                            (compose::linear(x.view(), w.view(), b, act), "composed"),
                        ] {
                            let got = answer(device, storage, dtype, &shape);
                            let what = || {
                                format!("{how} linear {shape} of {inputs}, {act:?}, {} {}", x.kind, w.kind)
                            };
                            near(what, &got, &want, &scales, dtype, allowed, tolerance);
                        }
                    }
                }
            }
        }
    }
}

/// The gradients of the affine layer, through an activation or not, those that are wanted.
pub fn linear_backward(device: &Device, tolerance: &Tolerance) {
    let (mut left, mut right) = (Noise::new(46), Noise::new(47));
    let acts = [None, Some(Activation::Relu), Some(Activation::Tanh), Some(Activation::Sigmoid)];
    for dtype in floats(device) {
        for [n, i, o] in [[1, 1, 1], [3, 7, 5], [64, 9, 33], [0, 3, 2], [5, 0, 4], [130, 100, 65]] {
            let xs = views(device, &[n, i], dtype, || left.between(-1.0, 1.0));
            let ws = views(device, &[o, i], dtype, || right.between(-1.0, 1.0));
            let gs = views(device, &[n, o], dtype, || right.between(-1.0, 1.0));
            let ys = views(device, &[n, o], dtype, || left.between(-0.9, 0.9));
            for (k, x) in xs.iter().enumerate() {
                let (w, g) = (&ws[(k + 1) % ws.len()], &gs[(k + 2) % gs.len()]);
                for act in acts {
                    let y = &ys[k % ys.len()];
                    let slope = |y: f64| match act {
                        Some(Activation::Relu) => f64::from(u8::from(y > 0.0)),
                        Some(Activation::Tanh) => 1.0 - y * y,
                        Some(Activation::Sigmoid) => y * (1.0 - y),
                        _ => 1.0,
                    };
                    let through: Vec<f64> =
                        g.values.iter().zip(&y.values).map(|(g, &y)| g * slope(y)).collect();
                    let ones = vec![1.0; n];
                    let want = [
                        product(&through, &w.values, [1, n, o, i]),
                        product(&turned(&through, n, o), &x.values, [1, o, n, i]),
                        product(&ones, &through, [1, 1, n, o]),
                    ];
                    let shapes = [Shape::new(&[n, i]), Shape::new(&[o, i]), Shape::new(&[o])];
                    for wants in [[true; 3], [false, true, true], [true, false, false], [false; 3]] {
                        let y = act.map(|act| (y.view(), act));
                        for (all, how) in [
                            (device.linear_backward(x.view(), w.view(), y, g.view(), wants), "own"),
                            (compose::linear_backward(x.view(), w.view(), y, g.view(), wants), "composed"),
                        ] {
                            for (which, storage) in all.expect("gradients").into_iter().enumerate() {
                                assert_eq!(storage.is_some(), wants[which], "what was asked for");
                                let Some(storage) = storage else { continue };
                                let got = answer(device, Ok(storage), dtype, &shapes[which]);
                                let (want, scales) = &want[which];
                                let what = || {
                                    let kinds = [x.kind, w.kind, g.kind];
                                    format!(
                                        "{how} gradient {which} of linear {n}x{i}x{o}, {act:?}, {kinds:?}"
                                    )
                                };
                                let allowed = Allowed::ulps(8.0 + n.max(o) as f64 / 8.0);
                                near(what, &got, want, scales, dtype, allowed, tolerance);
                            }
                        }
                    }
                }
            }
        }
    }
}

fn turned(values: &[f64], rows: usize, cols: usize) -> Vec<f64> {
    (0..rows * cols).map(|k| values[k % rows * cols + k / rows]).collect()
}
