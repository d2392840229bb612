//! Every kernel against the CPU's, over layouts (contiguous, transposed, sliced with offset and step, repeated,
//! empty, a single number), each with its own tolerance.

mod common;

use common::{check, floats, integers, noise};
use tensor_core::{
    Activation, ArgOp, Axes, BinaryOp, CompareOp, DType, Device, HostData, Layout, RawTensor, ReduceOp,
    Scalar, ScanOp, Shape, UnaryOp,
};

/// The views of a `[4, 6]` tensor that kernels must read.
fn views(x: &RawTensor) -> Vec<(&'static str, RawTensor)> {
    let l = *x.layout();
    let seen = |layout: Layout| x.with_layout(layout);
    vec![
        ("whole", x.clone()),
        ("transposed", seen(l.transpose(0, 1))),
        ("sliced", seen(l.slice(1, 1, 4, 1))),
        ("stepped backwards", seen(l.slice(0, 3, 4, -1).slice(1, 5, 3, -2))),
        ("offset row", seen(l.select(0, 2))),
        ("repeated", seen(l.slice(0, 1, 1, 1).expand(&Shape::new(&[3, 4, 6])).unwrap())),
        ("single", seen(l.select(0, 1).select(0, 2))),
        ("empty", seen(l.slice(0, 0, 0, 1))),
    ]
}

const ACTIVATIONS: [Activation; 9] = [
    Activation::Relu,
    Activation::LeakyRelu(0.1),
    Activation::Elu(0.7),
    Activation::Gelu,
    Activation::GeluTanh,
    Activation::Silu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Softplus { beta: 1.5, threshold: 2.0 },
];

#[test]
fn functions_of_one_element_and_their_gradients() {
    check(|c| {
        use UnaryOp::*;
        let positive = [Sqrt, Rsqrt, Log, Log2, Log10];
        let others = [
            Neg, Abs, Sign, Square, Reciprocal, Exp, Expm1, Log1p, Sin, Cos, Tan, Erf, Round, Floor, Ceil,
            Trunc,
        ];
        let acts = ACTIVATIONS.map(Act);
        for op in positive.into_iter().chain(others).chain(acts) {
            let shift = if positive.contains(&op) { 3.1 } else { 0.0 };
            let scale = if matches!(op, Log1p | Tan) { 0.95 } else { 3.0 };
            for view in 0..8 {
                let make = |d: &Device| views(&floats(&[4, 6], scale, shift, 7, d)).swap_remove(view).1;
                c.same(&format!("{op:?} of view {view}"), 3e-6, |d| make(d).unary(op));
                c.same(&format!("{op:?}' of view {view}"), 2e-5, |d| {
                    let x = make(d);
                    let y = x.unary(op);
                    let g = floats(x.shape().dims(), 1.0, 0.0, 9, d);
                    x.unary_grad(op, &y, &g)
                });
            }
        }
        for op in [Sin, Cos] {
            c.same(&format!("{op:?} of many turns"), 1e-5, |d| {
                floats(&[20_000], 8000.0, 0.0, 5, d).unary(op)
            });
            c.same(&format!("{op:?} within a turn"), 1e-6, |d| floats(&[20_000], 3.2, 0.0, 6, d).unary(op));
        }
        let odd =
            vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 0.0, 1e-30, -1.0, 90.0, -90.0, 2.5, -3.5];
        for op in [Neg, Abs, Sign, Sqrt, Exp, Expm1, Log, Log1p, Erf, Round, Floor].into_iter().chain(acts) {
            c.same(&format!("{op:?} at the edges"), 3e-6, |d| {
                RawTensor::from_host(&HostData::F32(odd.clone()), odd.len(), d).unwrap().unary(op)
            });
        }
        for op in [Neg, Abs, Sign, Square] {
            c.same(&format!("{op:?} of integers"), 0.0, |d| integers(&[4, 6], -9, 9, 3, d).unary(op));
        }
        c.same("not", 0.0, |d| integers(&[9], 0, 2, 3, d).cast(DType::Bool).unary(Not));
    });
}

/// WGSL lets an adapter take denormals for 0; what depends on their sign alone is right all the same.
#[test]
fn denormals_have_a_sign() {
    check(|c| {
        let tiny = [1e-38, f32::from_bits(1), 0.0, f32::MIN_POSITIVE, 2.0];
        let values: Vec<f32> = tiny.into_iter().flat_map(|v| [v, -v]).collect();
        let make = |d: &Device| RawTensor::from_host(&HostData::F32(values.clone()), [10], d).unwrap();
        c.same("sign", 0.0, |d| make(d).unary(UnaryOp::Sign));
        c.same("log", 3e-6, |d| make(d).unary(UnaryOp::Log));
        let acts = [Activation::Relu, Activation::LeakyRelu(0.1), Activation::Elu(0.7)].map(UnaryOp::Act);
        for op in acts.into_iter().chain([UnaryOp::Abs]) {
            c.same(&format!("{op:?}'"), 1e-6, |d| {
                let x = make(d);
                x.unary_grad(op, &x.unary(op), &floats(&[10], 1.0, 3.0, 9, d))
            });
        }
    });
}

#[test]
fn functions_of_two_elements() {
    check(|c| {
        use BinaryOp::*;
        for op in [Add, Sub, Mul, Div, FloorDiv, Remainder, Pow, Maximum, Minimum, Atan2] {
            let shift = if op == Pow { 2.5 } else { 0.1 };
            let make = |d: &Device| (floats(&[4, 6], 2.0, shift, 1, d), floats(&[6], 2.0, shift, 2, d));
            c.same(&format!("{op:?} broadcast"), 5e-6, |d| make(d).0.binary(op, &make(d).1));
            c.same(&format!("{op:?} of views"), 5e-6, |d| {
                let (x, y) = make(d);
                let turned = x.with_layout(x.layout().transpose(0, 1));
                turned.binary(op, &y.with_layout(y.layout().unsqueeze(1)))
            });
            c.same(&format!("{op:?} number"), 5e-6, |d| make(d).0.binary(op, 1.7));
            c.same(&format!("number {op:?}"), 5e-6, |d| make(d).0.binary_from(op, 2.3));
        }
        let a =
            vec![f32::NAN, 1.0, -2.0, 0.0, -0.0, 0.0, -8.0, -8.0, 5.0, f32::INFINITY, -7.5, 7.5, 1.0, 0.0];
        let b = vec![1.0, f32::NAN, 0.5, 0.0, -1.0, -2.0, 3.0, 2.0, 0.0, -1.0, 2.0, -2.0, f32::NAN, 0.3];
        let up =
            |v: &Vec<f32>, d: &Device| RawTensor::from_host(&HostData::F32(v.clone()), v.len(), d).unwrap();
        for op in [Pow, Maximum, Minimum, Atan2, Add] {
            c.same(&format!("{op:?} at the edges"), 5e-6, |d| up(&a, d).binary(op, &up(&b, d)));
        }
        for op in [Add, Sub, Mul, FloorDiv, Remainder, Pow, Maximum, Minimum] {
            c.same(&format!("{op:?} of integers"), 0.0, |d| {
                integers(&[4, 6], -9, 9, 1, d).binary(op, &integers(&[6], 1, 5, 2, d))
            });
            if op != Pow {
                c.same(&format!("{op:?} by a negative"), 0.0, |d| {
                    integers(&[24], -9, 9, 1, d).binary(op, -2)
                });
            }
        }
        for op in [Add, Mul, Maximum, Minimum, Xor, And] {
            let bools = |seed, d: &Device| integers(&[32], 0, 2, seed, d).cast(DType::Bool);
            c.same(&format!("{op:?} of booleans"), 0.0, |d| bools(1, d).binary(op, &bools(2, d)));
        }
        use CompareOp::*;
        for op in [Eq, Ne, Lt, Le, Gt, Ge] {
            c.same(&format!("{op:?} of floats"), 0.0, |d| up(&a, d).compare(op, &up(&b, d)));
            c.same(&format!("{op:?} of itself"), 0.0, |d| up(&a, d).compare(op, &up(&a, d)));
            c.same(&format!("{op:?} of integers"), 0.0, |d| {
                integers(&[4, 6], -3, 3, 1, d).compare(op, &integers(&[6], -3, 3, 2, d))
            });
            c.same(&format!("{op:?} of bytes"), 0.0, |d| {
                integers(&[24], 0, 4, 1, d).cast(DType::U8).compare(op, 2)
            });
        }
        c.same("where", 0.0, |d| {
            let x = floats(&[4, 6], 1.0, 0.0, 1, d);
            x.compare(Gt, 0.0).choose(&x, &floats(&[6], 1.0, 0.0, 2, d))
        });
        c.same("where of numbers", 0.0, |d| floats(&[4, 6], 1.0, 0.0, 1, d).compare(Lt, 0.3).choose(1, -1));
        c.same("where of bytes", 0.0, |d| {
            let x = integers(&[4, 6], 0, 200, 1, d).cast(DType::U8);
            x.compare(Lt, 100).choose(&x, &x.with_layout(x.layout().slice(1, 5, 6, -1)))
        });
    });
}

#[test]
fn copies_casts_and_fills() {
    check(|c| {
        let types = [DType::F32, DType::I32, DType::Bool, DType::U8];
        for from in types {
            for to in types {
                for view in 0..8 {
                    c.same(&format!("{from} to {to}, view {view}"), 0.0, |d| {
                        let x = floats(&[4, 6], 100.0, 101.0, 5, d).cast(from);
                        let x = views(&x).swap_remove(view).1;
                        RawTensor::from_storage(d, d.cast(x.view(), to).unwrap(), to, *x.shape())
                    });
                }
            }
            c.same(&format!("down in views, {from}"), 0.0, |d| {
                let x = integers(&[5, 7], 0, 200, 5, d).cast(from);
                x.with_layout(x.layout().slice(0, 1, 3, 1))
            });
            c.same(&format!("written into a view, {from}"), 0.0, |d| {
                let x = integers(&[5, 7], 0, 200, 5, d).cast(from);
                let target = x.with_layout(x.layout().slice(0, 4, 3, -2).slice(1, 1, 5, 1));
                target.write(&integers(&[3, 5], 0, 200, 6, d));
                x
            });
            c.same(&format!("written over itself, {from}"), 0.0, |d| {
                let x = integers(&[6, 6], 0, 200, 5, d).cast(from);
                x.write(&x.with_layout(x.layout().transpose(0, 1)));
                x
            });
            c.same(&format!("filled, {from}"), 0.0, |d| {
                let x = integers(&[5, 7], 0, 200, 5, d).cast(from);
                x.with_layout(x.layout().slice(1, 2, 3, 2)).fill(1);
                x
            });
            for len in [0, 1, 5, 64, 70_000] {
                c.same(&format!("{len} of one, {from}"), 0.0, |d| RawTensor::full(len, 3, from, d));
            }
        }
        c.same("floats to integers at the edges", 0.0, |d| {
            let values = vec![f32::NAN, -0.0, 2.9, -2.9, 1e9];
            RawTensor::from_host(&HostData::F32(values), 5, d).unwrap().cast(DType::I32)
        });
        c.same("a shared number is written alone", 0.0, |d| {
            let one = RawTensor::full((), 1.0, DType::F32, d);
            let other = RawTensor::full((), 1.0, DType::F32, d);
            one.fill(5.0);
            one.binary(BinaryOp::Add, &other)
        });
    });
}

#[test]
fn reductions_over_any_dimensions() {
    check(|c| {
        use ReduceOp::*;
        let shapes: [&[usize]; 6] = [&[3, 4, 5], &[2, 300], &[300, 2], &[40_000], &[3, 1, 257, 2], &[70, 70]];
        for op in [Sum, Prod, Max, Min] {
            for shape in shapes {
                for mask in 1..1u32 << shape.len() {
                    let axes: Axes = (0..shape.len()).filter(|a| mask & 1 << a != 0).collect();
                    let scale = if op == Prod { 0.05 } else { 1.0 };
                    let shift = if op == Prod { 1.0 } else { 0.1 };
                    c.same(&format!("{op:?} of {shape:?} over {axes:?}"), 2e-5, |d| {
                        floats(shape, scale, shift, 3, d).reduce(op, axes, false)
                    });
                    let ints = if op == Prod { (1, 2) } else { (-9, 9) };
                    c.same(&format!("{op:?} of integers {shape:?} over {axes:?}"), 0.0, |d| {
                        integers(shape, ints.0, ints.1, 3, d).reduce(op, axes, true)
                    });
                }
            }
            c.same(&format!("{op:?} of a view"), 1e-5, |d| {
                let x = floats(&[20, 30], 1.0, 0.0, 3, d);
                x.with_layout(x.layout().slice(0, 19, 9, -2).transpose(0, 1)).reduce(op, Axes::one(1), false)
            });
        }
        for op in [Max, Min] {
            c.same(&format!("{op:?} with NaN"), 0.0, |d| {
                let mut values = noise(600, 4);
                values[317] = f32::NAN;
                RawTensor::from_host(&HostData::F32(values), [2, 300], d).unwrap().reduce(
                    op,
                    Axes::one(1),
                    false,
                )
            });
            c.same(&format!("{op:?} of booleans and bytes"), 0.0, |d| {
                let x = integers(&[9, 5], 0, 250, 3, d);
                let bytes = x.cast(DType::U8).reduce(op, Axes::one(0), false).cast(DType::I32);
                let bools = x.compare(CompareOp::Gt, 100).reduce(op, Axes::one(0), false).cast(DType::I32);
                bytes.binary(BinaryOp::Add, &bools)
            });
        }
        c.same("sum of nothing", 0.0, |d| floats(&[3, 0], 1.0, 0.0, 1, d).reduce(Sum, Axes::one(1), false));
        for op in [ArgOp::Max, ArgOp::Min] {
            for (shape, axis) in
                [(&[7, 9][..], 0), (&[7, 9], 1), (&[3, 500], 1), (&[500, 3], 0), (&[5000], 0)]
            {
                c.same(&format!("{op:?} of {shape:?} along {axis}"), 0.0, |d| {
                    floats(shape, 1.0, 0.0, 3, d).arg_reduce(op, axis, false)
                });
                c.same(&format!("{op:?} of ties in {shape:?} along {axis}"), 0.0, |d| {
                    integers(shape, 0, 3, 3, d).arg_reduce(op, axis, true)
                });
            }
            c.same(&format!("{op:?} with NaN"), 0.0, |d| {
                let mut values = noise(300, 4);
                (values[117], values[200]) = (f32::NAN, f32::NAN);
                RawTensor::from_host(&HostData::F32(values), 300, d).unwrap().arg_reduce(op, 0, false)
            });
        }
        for op in [ScanOp::Sum, ScanOp::Prod] {
            for axis in 0..3 {
                c.same(&format!("running {op:?} along {axis}"), 1e-5, |d| {
                    floats(&[3, 4, 5], 0.5, 1.0, 3, d).scan(op, axis)
                });
                c.same(&format!("running {op:?} of integers along {axis}"), 0.0, |d| {
                    let x = integers(&[3, 4, 5], -3, 3, 3, d);
                    x.with_layout(x.layout().transpose(0, 2)).scan(op, axis)
                });
            }
        }
    });
}

#[test]
fn softmax_and_cross_entropy() {
    check(|c| {
        for (shape, axis) in
            [(&[5, 7][..], 1), (&[5, 7], 0), (&[3, 200], 1), (&[2, 100, 3], 1), (&[4000, 10], 1)]
        {
            for log in [false, true] {
                let x = |d: &Device| floats(shape, 5.0, 0.0, 3, d);
                c.same(&format!("softmax {shape:?} {axis} {log}"), 1e-5, |d| x(d).softmax(axis, log));
                c.same(&format!("softmax' {shape:?} {axis} {log}"), 3e-5, |d| {
                    let y = x(d).softmax(axis, log);
                    y.softmax_grad(&floats(shape, 1.0, 0.0, 4, d), axis, log)
                });
            }
        }
        c.same("softmax of a view", 1e-5, |d| {
            let x = floats(&[6, 8], 5.0, 0.0, 3, d);
            x.with_layout(x.layout().slice(0, 1, 4, 1).transpose(0, 1)).softmax(1, false)
        });
        for rows in [1, 64, 100, 5000] {
            let x = |d: &Device| floats(&[rows, 10], 5.0, 0.0, 3, d);
            let t = |d: &Device| integers(&[rows], 0, 10, 4, d);
            c.same(&format!("cross entropy of {rows}: log p"), 1e-5, |d| x(d).cross_entropy(&t(d)).0);
            c.same(&format!("cross entropy of {rows}: loss"), 1e-5, |d| x(d).cross_entropy(&t(d)).1);
            c.same(&format!("cross entropy of {rows}: gradient"), 2e-5, |d| {
                let (log_p, _) = x(d).cross_entropy(&t(d));
                log_p.cross_entropy_grad(&t(d), &RawTensor::full((), Scalar::Float(0.7), DType::F32, d))
            });
        }
    });
}

#[test]
fn choosing_and_adding_by_index() {
    check(|c| {
        for dtype in [DType::F32, DType::I32, DType::U8, DType::Bool] {
            let x = |d: &Device| integers(&[5, 6, 8], 0, 200, 3, d).cast(dtype);
            for axis in 0..3 {
                c.same(&format!("select {dtype} along {axis}"), 0.0, |d| {
                    x(d).index_select(axis, &integers(&[7], 0, 5, 4, d))
                });
                c.same(&format!("select of a view, {dtype} along {axis}"), 0.0, |d| {
                    let x = x(d);
                    let view = x.with_layout(x.layout().transpose(0, 1).slice(2, 7, 5, -1));
                    view.index_select(axis, &integers(&[7], 0, 5, 4, d))
                });
                c.same(&format!("gather {dtype} along {axis}"), 0.0, |d| {
                    x(d).gather(axis, &integers(&[4, 5, 6], 0, 5, 4, d))
                });
                if dtype != DType::U8 {
                    c.same(&format!("scatter {dtype} along {axis}"), 1e-6, |d| {
                        let index = integers(&[4, 5, 6], 0, 5, 4, d);
                        x(d).scatter_add(axis, &index, &integers(&[5, 5, 7], 0, 2, 5, d).cast(dtype))
                    });
                }
            }
        }
        for width in [784, 10, 3] {
            let set = |d: &Device| integers(&[50, width], 0, 256, 3, d).cast(DType::U8);
            c.same(&format!("pixels of {width}"), 1e-6, |d| {
                set(d).fetch_pixels(&integers(&[17], 0, 50, 4, d), 0.13, 0.31)
            });
            c.same(&format!("pixels in order, of {width}"), 1e-6, |d| set(d).normalize(0.5, 0.5));
            c.same(&format!("pixels of a view of {width}"), 1e-6, |d| {
                let x = set(d);
                let view = x.with_layout(x.layout().slice(0, 3, 20, 1));
                view.fetch_pixels(&integers(&[17], 0, 20, 4, d), 0.13, 0.31)
            });
        }
    });
}

#[test]
fn sorting_goes_through_the_host_and_is_counted() {
    let Some(gpu) = common::gpu() else { return };
    let x = floats(&[3, 9], 1.0, 0.0, 1, &gpu);
    let before = gpu.stats().host_fallbacks;
    let (sorted, _) = x.sort(1, false);
    assert_eq!(gpu.stats().host_fallbacks, before + 1);
    let want = floats(&[3, 9], 1.0, 0.0, 1, &backend_cpu::device()).sort(1, false).0;
    assert_eq!(sorted.to_vec::<f32>(), want.to_vec::<f32>());
}
