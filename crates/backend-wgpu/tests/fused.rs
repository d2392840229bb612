//! Matrix products, the affine layer and optimizers: against the CPU, and every override against its composed
//! default, with the kernels for software adapters and those for hardware.

mod common;

use backend_wgpu::Options;
use common::{Check, assert_close, check_with, floats, integers};
use tensor_core::{
    Activation, Axes, BinaryOp, DType, Device, HostData, OptimSlot, OptimStep, RawTensor, ReduceOp, Result,
    Shape, Storage, UnaryOp, compose,
};

fn both(f: impl Fn(&mut Check)) {
    for as_hardware in [false, true] {
        check_with(&Options { as_hardware, ..Options::default() }, &f);
    }
}

#[test]
fn products_of_all_shapes() {
    both(|c| {
        let sizes = [
            (1, 1, 1, 1),
            (1, 64, 128, 784),
            (1, 1, 300, 70),
            (1, 300, 1, 70),
            (1, 17, 33, 5),
            (3, 20, 40, 30),
            (1, 5, 7, 3000),
            (1, 100, 65, 0),
            (2, 130, 70, 257),
        ];
        for (batch, m, n, k) in sizes {
            let (a, b) = (
                move |d: &Device| floats(&[batch, m, k], 1.0, 0.0, 1, d),
                move |d: &Device| floats(&[batch, k, n], 1.0, 0.0, 2, d),
            );
            let name = format!("{batch}×{m}×{k}·{k}×{n}");
            c.close(&name, 3e-6, |d| a(d).bmm(&b(d)));
            let whole = Shape::new(&[batch, m, n]);
            for (kind, sizes) in [("sum", [batch, m, n]), ("rows", [1, m, 1]), ("columns", [batch, 1, n])] {
                c.close(&format!("{name} and {kind}"), 3e-6, |d| {
                    a(d).bmm_add(&b(d), &floats(&sizes, 1.0, 0.0, 3, d).expand(&whole))
                });
            }
            c.close(&format!("{name}, both transposed"), 3e-6, |d| {
                let turned = |x: RawTensor| x.with_layout(x.layout().transpose(1, 2));
                let a = turned(floats(&[batch, k, m], 1.0, 0.0, 1, d));
                a.bmm(&turned(floats(&[batch, n, k], 1.0, 0.0, 2, d)))
            });
            c.same(&format!("{name}, of integers"), 0.0, |d| {
                integers(&[batch, m, k], -9, 9, 1, d).bmm(&integers(&[batch, k, n], -9, 9, 2, d))
            });
        }
        c.close("a batch repeated", 1e-6, |d| {
            let a = floats(&[1, 6, 8], 1.0, 0.0, 1, d);
            let a = a.with_layout(a.layout().expand(&Shape::new(&[4, 6, 8])).unwrap());
            a.bmm(&floats(&[4, 8, 3], 1.0, 0.0, 2, d))
        });
    });
}

fn wrap(device: &Device, storage: Result<Storage>, shape: impl Into<Shape>) -> RawTensor {
    RawTensor::from_storage(device, storage.unwrap(), DType::F32, shape)
}

#[test]
fn layers_equal_their_defaults() {
    for as_hardware in [false, true] {
        let Some(d) = common::gpu_with(&Options { as_hardware, ..Options::default() }) else { return };
        let fused = [None, Some(Activation::Relu), Some(Activation::Sigmoid), Some(Activation::Tanh)];
        let composed = [Some(Activation::Gelu)];
        for (n, i, o) in [(64, 784, 128), (5, 3, 10), (33, 70, 65), (1, 20, 30)] {
            let (x, w, b) = (
                floats(&[n, i], 1.0, 0.0, 1, &d),
                floats(&[o, i], 0.1, 0.0, 2, &d),
                floats(&[o], 1.0, 0.0, 3, &d),
            );
            let g = floats(&[n, o], 1.0, 0.0, 4, &d);
            for act in fused.into_iter().chain(composed) {
                for bias in [None, Some(b.view())] {
                    let name = format!("linear {n}×{i}→{o} {act:?} bias {}", bias.is_some());
                    let got = wrap(&d, d.linear(x.view(), w.view(), bias, act), [n, o]);
                    let want = wrap(&d, compose::linear(x.view(), w.view(), bias, act), [n, o]);
                    assert_close(&name, &got, &want, 1e-5);
                }
            }
            for act in fused {
                let y = wrap(&d, d.linear(x.view(), w.view(), Some(b.view()), act), [n, o]);
                let y = act.map(|act| (y.view(), act));
                for wants in [
                    [true; 3],
                    [false, true, true],
                    [true, false, false],
                    [false, true, false],
                    [false, false, true],
                ] {
                    let got = d.linear_backward(x.view(), w.view(), y, g.view(), wants).unwrap();
                    let want = compose::linear_backward(x.view(), w.view(), y, g.view(), wants).unwrap();
                    let shapes = [Shape::new(&[n, i]), Shape::new(&[o, i]), Shape::new(&[o])];
                    for ((got, want), shape) in got.into_iter().zip(want).zip(shapes) {
                        assert_eq!(got.is_some(), want.is_some());
                        if let (Some(got), Some(want)) = (got, want) {
                            let (got, want) = (wrap(&d, Ok(got), shape), wrap(&d, Ok(want), shape));
                            assert_close(
                                &format!("gradients {n}×{i}→{o} {act:?} {wants:?}"),
                                &got,
                                &want,
                                1e-5,
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_nan_comes_through_relu_and_its_gradient() {
    both(|c| {
        let relu = Activation::Relu;
        for (n, i, o) in [(64, 784, 128), (5, 3, 10), (33, 70, 65), (1, 20, 30)] {
            let with_nan = |shape: [usize; 2], seed, d: &Device| {
                let x = floats(&shape, 1.0, 0.0, seed, d).to_vec::<f32>();
                let x = x.into_iter().enumerate().map(|(k, v)| if k == 2 { f32::NAN } else { v }).collect();
                RawTensor::from_host(&HostData::F32(x), Shape::new(&shape), d).unwrap()
            };
            let nans = |x: &RawTensor| {
                let nan: Vec<bool> = x.to_vec::<f32>().iter().map(|v| v.is_nan()).collect();
                assert!(nan.contains(&true), "{n}×{i}→{o}: the NaN is lost");
                RawTensor::from_host(&HostData::Bool(nan), *x.shape(), x.device()).unwrap()
            };
            c.same(&format!("NaN in linear {n}×{i}→{o}"), 0.0, |d| {
                let (x, w) = (with_nan([n, i], 1, d), floats(&[o, i], 0.1, 0.0, 2, d));
                nans(&wrap(d, d.linear(x.view(), w.view(), None, Some(relu)), [n, o]))
            });
            c.same(&format!("NaN in the gradient of linear {n}×{i}→{o}"), 0.0, |d| {
                let (x, w) = (floats(&[n, i], 1.0, 0.0, 1, d), floats(&[o, i], 0.1, 0.0, 2, d));
                let (y, g) = (with_nan([n, o], 3, d), with_nan([n, o], 4, d));
                let wants = [true, true, false];
                let all = d.linear_backward(x.view(), w.view(), Some((y.view(), relu)), g.view(), wants);
                nans(&wrap(d, Ok(all.unwrap()[0].take().unwrap()), [n, i]))
            });
        }
    });
}

#[test]
fn rows_of_scores_equal_their_defaults() {
    let Some(d) = common::gpu() else { return };
    for (shape, axis) in [([40, 10], 1), ([10, 300], 1), ([10, 300], 0)] {
        let (x, g) = (floats(&shape, 4.0, 0.0, 1, &d), floats(&shape, 1.0, 0.0, 2, &d));
        for log in [false, true] {
            let y = wrap(&d, d.softmax(x.view(), axis, log), shape);
            assert_close("softmax", &y, &wrap(&d, compose::softmax(x.view(), axis, log), shape), 1e-6);
            let got = wrap(&d, d.softmax_grad(y.view(), g.view(), axis, log), shape);
            let want = wrap(&d, compose::softmax_grad(y.view(), g.view(), axis, log), shape);
            assert_close("softmax gradient", &got, &want, 5e-6);
        }
    }
    let (x, t) = (floats(&[64, 10], 4.0, 0.0, 1, &d), integers(&[64], 0, 10, 2, &d));
    let (log_p, loss) = d.cross_entropy(x.view(), t.view()).unwrap();
    let (want_p, want_loss) = compose::cross_entropy(x.view(), t.view()).unwrap();
    let log_p = wrap(&d, Ok(log_p), [64, 10]);
    assert_close("log p", &log_p, &wrap(&d, Ok(want_p), [64, 10]), 1e-6);
    assert_close("loss", &wrap(&d, Ok(loss), ()), &wrap(&d, Ok(want_loss), ()), 1e-6);
    let g = RawTensor::full((), 0.3, DType::F32, &d);
    let got = wrap(&d, d.cross_entropy_grad(log_p.view(), t.view(), g.view()), [64, 10]);
    let want = wrap(&d, compose::cross_entropy_grad(log_p.view(), t.view(), g.view()), [64, 10]);
    assert_close("gradient of cross entropy", &got, &want, 1e-5);
    let y = x.unary(UnaryOp::Act(Activation::Tanh));
    let g = floats(&[64, 10], 1.0, 0.0, 7, &d);
    let op = UnaryOp::Act(Activation::Tanh);
    let got = wrap(&d, d.unary_grad(op, x.view(), y.view(), g.view()), [64, 10]);
    assert_close(
        "tanh'",
        &got,
        &wrap(&d, compose::unary_grad(op, x.view(), y.view(), g.view()), [64, 10]),
        1e-6,
    );
    let set = integers(&[30, 28], 0, 256, 1, &d).cast(DType::U8);
    let index = integers(&[12], 0, 30, 2, &d);
    let got = wrap(&d, d.fetch_pixels(set.view(), index.view(), 0.5, 0.4), [12, 28]);
    assert_close(
        "pixels",
        &got,
        &wrap(&d, compose::fetch_pixels(set.view(), index.view(), 0.5, 0.4), [12, 28]),
        1e-6,
    );
}

/// The optimizers, each with the number of its states.
fn steps() -> Vec<(OptimStep, usize)> {
    let sgd = |momentum, weight_decay, nesterov, first| OptimStep::Sgd {
        lr: 0.1,
        momentum,
        dampening: if nesterov { 0.0 } else { 0.1 },
        weight_decay,
        nesterov,
        first,
    };
    let adam = |weight_decay, decoupled, amsgrad| OptimStep::Adam {
        lr: 0.01,
        betas: (0.9, 0.999),
        eps: 1e-8,
        weight_decay,
        decoupled,
        amsgrad,
        corrections: (1.0 - 0.9f64.powf(3.0), 1.0 - 0.999f64.powf(3.0)),
    };
    let rms = |momentum, centered| OptimStep::RmsProp {
        lr: 0.01,
        alpha: 0.9,
        eps: 1e-8,
        weight_decay: 0.01,
        momentum,
        centered,
    };
    vec![
        (sgd(0.0, 0.0, false, false), 0),
        (sgd(0.0, 0.1, false, false), 0),
        (sgd(0.9, 0.1, false, true), 1),
        (sgd(0.9, 0.0, false, false), 1),
        (sgd(0.9, 0.1, true, false), 1),
        (adam(0.0, false, false), 2),
        (adam(0.1, false, true), 3),
        (adam(0.1, true, false), 2),
        (rms(0.0, false), 1),
        (rms(0.9, false), 2),
        (rms(0.0, true), 2),
        (rms(0.9, true), 3),
        (OptimStep::Adagrad { lr: 0.1, eps: 1e-10, weight_decay: 0.1 }, 1),
    ]
}

#[test]
fn optimizers_equal_their_defaults() {
    for as_hardware in [false, true] {
        let Some(d) = common::gpu_with(&Options { as_hardware, ..Options::default() }) else { return };
        let sizes = [300, 1, 70, 5, 513, 64, 2000];
        for (step, states) in steps() {
            let make = || -> Vec<(RawTensor, RawTensor, Vec<RawTensor>)> {
                // Mean squares above the squares of means, as they are in training.
                let state_of = |seed, n: usize, k: u32| {
                    let (scale, shift) = if k == 0 { (0.4, 0.5) } else { (0.1, 0.11) };
                    floats(&[n], scale, shift, seed, &d)
                };
                (0..sizes.len() as u32)
                    .map(|i| {
                        let n = sizes[i as usize];
                        let state = (0..states as u32).map(|k| state_of(90 + 10 * i + k, n, k)).collect();
                        (floats(&[n], 1.0, 0.0, i, &d), floats(&[n], 1.0, 0.0, 50 + i, &d), state)
                    })
                    .collect()
            };
            let run = |all: &[(RawTensor, RawTensor, Vec<RawTensor>)], default: bool| {
                let slots: Vec<OptimSlot> = all
                    .iter()
                    .map(|(p, g, state)| OptimSlot {
                        param: p.buffer(),
                        grad: g.view(),
                        state: state.iter().map(RawTensor::buffer).collect(),
                    })
                    .collect();
                if default { compose::optim_step(step, &slots) } else { d.optim_step(step, &slots) }.unwrap();
            };
            let (got, want) = (make(), make());
            run(&got, false);
            run(&want, true);
            for (got, want) in got.iter().zip(&want) {
                assert_close(&format!("{step:?}"), &got.0, &want.0, 2e-5);
                for (got, want) in got.2.iter().zip(&want.2) {
                    assert_close(&format!("state of {step:?}"), got, want, 2e-6);
                }
            }
        }
    }
}

#[test]
fn shapes_beyond_the_most_workgroups_work() {
    let Some(d) = common::gpu() else { return };
    let n = 65_535 * 256 + 1000;
    let x = RawTensor::full(n, 2.0, DType::F32, &d).binary(BinaryOp::Mul, 1.5);
    let tail = x.with_layout(x.layout().slice(0, n - 3, 3, 1));
    assert_eq!(tail.to_vec::<f32>(), [3.0; 3]);
    assert_eq!(x.cast(DType::I32).reduce(ReduceOp::Sum, Axes::one(0), false).item().to_i64(), 3 * n as i64);
    drop(x);
    // More rows than 65,535 tiles of 16, and more products than 65,535.
    let rows = 65_535 * 16 + 100;
    let (a, b) = (floats(&[rows, 2], 1.0, 0.0, 1, &d), floats(&[2, 3], 1.0, 0.0, 2, &d));
    let (product, last) = (a.mm(&b), a.with_layout(a.layout().slice(0, rows - 2, 2, 1)).mm(&b));
    let seen = product.with_layout(product.layout().slice(0, rows - 2, 2, 1));
    assert_eq!(seen.to_vec::<f32>(), last.to_vec::<f32>());
    let many = floats(&[70_000, 1, 2], 1.0, 0.0, 1, &d).bmm(&floats(&[70_000, 2, 1], 1.0, 0.0, 2, &d));
    let cpu = backend_cpu::device();
    let want = floats(&[70_000, 1, 2], 1.0, 0.0, 1, &cpu).bmm(&floats(&[70_000, 2, 1], 1.0, 0.0, 2, &cpu));
    for (g, w) in many.to_vec::<f32>().iter().zip(want.to_vec::<f32>()) {
        assert!((g - w).abs() < 1e-6);
    }
}
