//! Large work: products on sampled rows against sums in double precision, with the kernel they take; and lines
//! longer than one loop may be (Mesa's software driver ends loops after 65,535 turns without a word).

mod common;

use backend_wgpu::{Gpu, Options, Plan};
use common::{assert_close, check, floats, integers, noise};
use tensor_core::{ArgOp, DType, Device, HostData, RawTensor, Scalar, ScanOp, Shape};

/// The largest error of the product's sampled rows, relative to the magnitudes that were summed.
fn error_on_sampled_rows(gpu: &Device, [m, k, n]: [usize; 3]) -> f64 {
    let (a, b) = (noise(m * k, 1), noise(k * n, 2));
    let up = |values: &[f32], shape: [usize; 3]| {
        RawTensor::from_host(&HostData::F32(values.to_vec()), Shape::new(&shape), gpu).unwrap()
    };
    let got = up(&a, [1, m, k]).bmm(&up(&b, [1, k, n]));
    let mut worst = 0.0f64;
    for row in [0, m / 3, m / 2, m - 1] {
        let got = got.with_layout(got.layout().select(0, 0).select(0, row)).to_vec::<f32>();
        let (mut sums, mut magnitudes) = (vec![0.0f64; n], vec![0.0f64; n]);
        for (&x, line) in a[row * k..][..k].iter().zip(b.chunks_exact(n)) {
            for (j, &y) in line.iter().enumerate() {
                let term = f64::from(x) * f64::from(y);
                sums[j] += term;
                magnitudes[j] += term.abs();
            }
        }
        for ((got, sum), magnitude) in got.into_iter().zip(sums).zip(magnitudes) {
            let error = (f64::from(got) - sum).abs() / magnitude.max(1e-30);
            assert!(error.is_finite(), "{m}×{k}×{n}, row {row}: {got} for {sum}");
            worst = worst.max(error);
        }
    }
    worst
}

#[test]
fn products_take_their_kernel_and_are_right() {
    for as_hardware in [false, true] {
        let Some(device) = common::gpu_with(&Options { as_hardware, ..Options::default() }) else { return };
        let gpu: &Gpu = device.downcast_ref().unwrap();
        let software = gpu.adapter().is_software() && !as_hardware;
        let tiles = |side, pieces| if software { Plan::Direct } else { Plan::Tiled { side, pieces } };
        let mut cases = vec![
            ([1024, 96, 1024], tiles(16, 1)), // the kernel of 4096³
            ([1, 3000, 1000], Plan::Direct),
            ([1000, 3000, 1], Plan::Direct),
            ([1, 3000, 1], Plan::Direct),
            ([255, 511, 257], tiles(8, 3)),
            ([1001, 77, 1003], tiles(16, 1)),
            ([33, 100_003, 17], Plan::Tiled { side: 8, pieces: 64 }),
            ([2, 300_001, 3], Plan::Tiled { side: 8, pieces: 64 }),
        ];
        if !gpu.adapter().is_software() {
            cases.push(([4096; 3], tiles(16, 1)));
        }
        for (size @ [m, k, n], plan) in cases {
            assert_eq!(gpu.product_plan([1, m, k], n), plan, "{size:?}");
            let error = error_on_sampled_rows(&device, size);
            println!("{size:?} by {plan}: {error:.1e}");
            // Sums of K products in any order: in practice far better than a rounding for each.
            assert!(error <= 6e-8 * (4.0 + k as f64 / 256.0), "{size:?} by {plan}: {error:e}");
        }
        assert_eq!(gpu.product_plan([1, 4096, 4096], 4096), tiles(16, 1));
    }
}

#[test]
fn lines_longer_than_a_loop_may_be() {
    check(|c| {
        for len in [129, 2048, 2049, 16_385, 100_003, 300_000] {
            let counts = |d: &Device| integers(&[2, len], -9, 9, 1, d);
            let line = |x: RawTensor, axis| {
                if axis == 1 { x } else { x.with_layout(x.layout().transpose(0, 1)) }
            };
            for axis in [0, 1] {
                let name = |what: &str| format!("{what} of {len} along {axis}");
                c.same(&name("running sum"), 0.0, |d| line(counts(d), axis).scan(ScanOp::Sum, axis));
                // The CPU adds one by one, with a rounding each; the device's sums of pieces are nearer.
                c.close(&name("running sum of floats"), 1e-4, |d| {
                    line(floats(&[2, len], 1.0, 0.5, 1, d), axis).scan(ScanOp::Sum, axis)
                });
                c.same(&name("argmax"), 0.0, |d| {
                    line(floats(&[2, len], 1.0, 0.0, 1, d), axis).arg_reduce(ArgOp::Max, axis, false)
                });
                c.same(&name("first of the least"), 0.0, |d| {
                    line(counts(d), axis).arg_reduce(ArgOp::Min, axis, false)
                });
                c.same(&name("scatter"), 0.0, |d| {
                    let zeros = RawTensor::full([2, 5], Scalar::Int(0), DType::I32, d);
                    let index = integers(&[2, len], 0, 5, 3, d);
                    line(zeros, axis).scatter_add(axis, &line(index, axis), &line(counts(d), axis))
                });
            }
            c.same(&format!("integers along {len}"), 0.0, |d| {
                integers(&[1, 3, len], -9, 9, 1, d).bmm(&integers(&[1, len, 5], -9, 9, 2, d))
            });
        }
        c.close("running product of 20,000", 1e-4, |d| {
            floats(&[20_000], 1e-3, 1.0, 1, d).scan(ScanOp::Prod, 0)
        });
        c.same("argmax of ten million", 0.0, |d| {
            let x = RawTensor::full([10_000_000], Scalar::Float(0.5), DType::F32, d);
            let last = x.with_layout(x.layout().slice(0, 9_999_998, 1, 1));
            last.fill(1.0);
            x.arg_reduce(ArgOp::Max, 0, false)
        });
        for shape in [[1, 1_100_000], [1, 30_000]] {
            let (x, t) = (
                move |d: &Device| floats(&shape, 3.0, 0.0, 1, d),
                |d: &Device| RawTensor::full([1], Scalar::Int(7), DType::I32, d),
            );
            c.close(&format!("softmax of {shape:?}"), 1e-5, |d| x(d).softmax(1, false));
            c.same(&format!("cross entropy of {shape:?}"), 1e-5, |d| x(d).cross_entropy(&t(d)).1);
        }
    });
}

#[test]
fn gradients_of_a_layer_over_a_long_batch() {
    let Some(d) = common::gpu() else { return };
    const BATCH: usize = 70_001;
    let (x, w) = (floats(&[BATCH, 3], 1.0, 0.0, 1, &d), floats(&[2, 3], 0.3, 0.0, 2, &d));
    let g = floats(&[BATCH, 2], 1.0, 0.1, 3, &d);
    let grads = |device: &Device| {
        let here = |t: &RawTensor| t.to_device(device).unwrap();
        let (x, w, g) = (here(&x), here(&w), here(&g));
        let [_, dw, db] = device.linear_backward(x.view(), w.view(), None, g.view(), [true; 3]).unwrap();
        let wrap = |storage, shape: &[usize]| {
            RawTensor::from_storage(device, Option::unwrap(storage), DType::F32, Shape::new(shape))
        };
        (wrap(dw, &[2, 3]), wrap(db, &[2]))
    };
    let (got, want) = (grads(&d), grads(&backend_cpu::device()));
    assert_close("weights", &got.0, &want.0, 1e-4);
    assert_close("bias", &got.1, &want.1, 1e-4);
}
