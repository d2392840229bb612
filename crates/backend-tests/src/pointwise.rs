//! Element by element: functions, arithmetic, comparisons, choice.

use crate::Tolerance;
use crate::judge::{Allowed, answer, close};
use crate::reference as is;
use crate::samples::{
    Noise, SHAPES, Sample, all_views, doubles, floats, integers, plain, types, upload, views,
};
use tensor_core::derivative::Reads;
use tensor_core::{
    Activation, BinaryOp, DType, Device, HostData, Operand, RawTensor, Scalar, Shape, UnaryOp, compose,
};

/// A function of one floating number, everywhere.
pub fn unary(device: &Device, tolerance: &Tolerance, op: UnaryOp) {
    let mut noise = Noise::new(1);
    let (low, high) = is::domain(op);
    for dtype in floats(device) {
        for x in all_views(device, dtype, || noise.between(low, high)) {
            let got = answer(device, device.unary(op, x.view()), dtype, x.shape());
            let want: Vec<f64> = x.values.iter().map(|&v| is::unary(op, v)).collect();
            let what = || format!("{op:?} of {dtype} {} {}", x.kind, x.shape());
            close(what, &got, &want, dtype, is::unary_error(op, dtype), tolerance);
            unary_grad(device, tolerance, op, &x, &mut noise);
        }
    }
}

/// An activation, everywhere.
pub fn activation(device: &Device, tolerance: &Tolerance, act: Activation) {
    unary(device, tolerance, UnaryOp::Act(act));
}

/// The derivative against central differences of the reference, and against the composed default.
fn unary_grad(device: &Device, tolerance: &Tolerance, op: UnaryOp, x: &Sample, noise: &mut Noise) {
    let dtype = x.tensor.dtype();
    let y: Vec<f64> = x.values.iter().map(|&v| is::unary(op, v)).collect();
    let (shape, y) = (*x.shape(), upload(device, &y, x.shape(), dtype));
    // The gradient comes in another layout than the argument.
    let grads = views(device, &shape, dtype, || noise.between(-2.0, 2.0));
    let g = grads.iter().rev().find(|g| g.kind != x.kind).unwrap_or(&grads[0]);
    let storage = device.unary_grad(op, x.view(), y.view(), g.view());
    let got = answer(device, storage, dtype, &shape);
    let composed = answer(device, compose::unary_grad(op, x.view(), y.view(), g.view()), dtype, &shape);
    let what = || format!("gradient of {op:?} for {dtype} {} {shape}, composed", x.kind);
    close(what, &got, &composed, dtype, Allowed::ulps(4.0).and(2.0), tolerance);
    for (i, (&v, &g)) in x.values.iter().zip(&g.values).enumerate() {
        let h = 1e-5 * v.abs().max(1e-2);
        // Steps and kinks have no difference quotient; what happens at them is told elsewhere.
        if (is::unary(op, v + h) - is::unary(op, v - h)).abs() > 1e3 * h.max(1e-9) && v.abs() < 7.0
            || v.abs() < 2.0 * h
            || matches!(op, UnaryOp::Round | UnaryOp::Floor | UnaryOp::Ceil | UnaryOp::Trunc)
        {
            continue;
        }
        let slope = (is::unary(op, v + h) - is::unary(op, v - h)) / (2.0 * h);
        let bound = 1e-3 * (slope * g).abs() + 2e-3 * tolerance.factor;
        assert!(
            (got[i] - slope * g).abs() <= bound,
            "{op:?}'({v}) times {g} of {dtype}: {}, not {}",
            got[i],
            slope * g
        );
    }
}

/// The derivative reads no more than it says: what it does not read may be anything.
pub fn composed_unary_grad(device: &Device, _: &Tolerance) {
    let x = upload(device, &[-1.5, 0.5, 2.0], &[3], DType::F32);
    let g = upload(device, &[1.0, 2.0, 3.0], &[3], DType::F32);
    let nonsense = upload(device, &[f64::NAN; 3], &[3], DType::F32);
    let ops = [UnaryOp::Neg, UnaryOp::Sin, UnaryOp::Exp, UnaryOp::Square, UnaryOp::Act(Activation::Relu)]
        .into_iter()
        .chain([Activation::Silu, Activation::Tanh, Activation::Sigmoid, Activation::Gelu].map(UnaryOp::Act));
    for op in ops {
        let y = x.unary(op);
        let (x, y) = match op.reads() {
            Reads::Nothing => (&nonsense, &nonsense),
            Reads::Argument => (&x, &nonsense),
            Reads::Result => (&nonsense, &y),
        };
        for storage in [
            device.unary_grad(op, x.view(), y.view(), g.view()),
            compose::unary_grad(op, x.view(), y.view(), g.view()),
        ] {
            let got = answer(device, storage, DType::F32, g.shape());
            assert!(got.iter().all(|v| v.is_finite()), "{op:?} reads what it says it does not: {got:?}");
        }
    }
}

/// Pairs of equally shaped views, every layout meeting others.
fn pairs(
    device: &Device,
    dtype: DType,
    mut left: impl FnMut() -> f64,
    mut right: impl FnMut() -> f64,
    mut check: impl FnMut(&Sample, &Sample),
) {
    for shape in SHAPES {
        let (a, b) = (views(device, shape, dtype, &mut left), views(device, shape, dtype, &mut right));
        for shift in [0, 1, 3] {
            for (i, x) in a.iter().enumerate() {
                check(x, &b[(i + shift) % b.len()]);
            }
        }
    }
}

/// A function of two floating numbers: views with views, and with a number on either side.
pub fn binary(device: &Device, tolerance: &Tolerance, op: BinaryOp) {
    let (mut left, mut right) = (Noise::new(2), Noise::new(3));
    let [(a0, a1), (b0, b1)] = is::binary_domain(op);
    let allowed = is::binary_error(op);
    for dtype in floats(device) {
        let judge = |x: &Sample, b: &[f64], swapped: bool, got: &[f64], kind: &str| {
            let pair = |(&x, &y): (&f64, &f64)| if swapped { (y, x) } else { (x, y) };
            let want: Vec<f64> =
                x.values.iter().zip(b).map(pair).map(|(a, b)| is::binary(op, a, b)).collect();
            let what = || format!("{op:?} of {dtype} {} and {kind}, {}", x.kind, x.shape());
            close(what, got, &want, dtype, allowed, tolerance);
        };
        pairs(
            device,
            dtype,
            || left.between(a0, a1),
            || right.between(b0, b1),
            |x, y| {
                let storage = device.binary(op, x.tensor.operand(), y.tensor.operand());
                let got = answer(device, storage, dtype, x.shape());
                judge(x, &y.values, false, &got, y.kind);
            },
        );
        for (number, swapped) in [(1.75, false), (0.625, true)] {
            let (low, high) = if swapped { (b0, b1) } else { (a0, a1) };
            for x in all_views(device, dtype, || left.between(low, high)) {
                let (view, number_side) = (x.tensor.operand(), Operand::Scalar(Scalar::Float(number)));
                let (a, b) = if swapped { (number_side, view) } else { (view, number_side) };
                let got = answer(device, device.binary(op, a, b), dtype, x.shape());
                judge(&x, &vec![number; x.values.len()], swapped, &got, "a number");
            }
        }
    }
    if !matches!(op, BinaryOp::Div | BinaryOp::Atan2) {
        integer_binary(device, op);
    }
}

fn integer_binary(device: &Device, op: BinaryOp) {
    let (mut left, mut right) = (Noise::new(4), Noise::new(5));
    let divides = matches!(op, BinaryOp::FloorDiv | BinaryOp::Remainder);
    let small = if op == BinaryOp::Pow { 6 } else { 40 };
    for dtype in integers(device) {
        let mut divisor = || match right.whole(-small, small) {
            0.0 if divides => 3.0,
            v => v,
        };
        pairs(
            device,
            dtype,
            || left.whole(-50, 50),
            &mut divisor,
            |x, y| {
                let storage = device.binary(op, x.tensor.operand(), y.tensor.operand());
                let got = answer(device, storage, dtype, x.shape());
                for (i, (&a, &b)) in x.values.iter().zip(&y.values).enumerate() {
                    let want = is::integer(op, a as i64, b as i64, dtype);
                    assert_eq!(got[i], want as f64, "{op:?} of {dtype} {a} and {b}, {} {}", x.kind, y.kind);
                }
            },
        );
        let x = upload(device, &[-7.0, -1.0, 1.0, 2.0, 7.0, 9.0], &[2, 3], dtype);
        for (a, b, swapped) in [
            (x.operand(), Operand::Scalar(Scalar::Int(3)), false),
            (Operand::Scalar(Scalar::Int(3)), x.operand(), true),
        ] {
            let got = answer(device, device.binary(op, a, b), dtype, x.shape());
            for (v, got) in x.to_vec::<i64>().into_iter().zip(got) {
                let (a, b) = if swapped { (3, v) } else { (v, 3) };
                assert_eq!(got, is::integer(op, a, b, dtype) as f64, "{op:?} of {dtype} {a} and {b}");
            }
        }
    }
}

/// Bit by bit, of integers.
pub fn bitwise(device: &Device, _: &Tolerance) {
    integer_binary(device, BinaryOp::And);
}

/// Booleans: or, and, exclusive or.
pub fn bool_binary(device: &Device, _: &Tolerance) {
    let (mut left, mut right) = (Noise::new(6), Noise::new(7));
    let truth = |op: BinaryOp, a: bool, b: bool| match op {
        BinaryOp::Add | BinaryOp::Maximum => a | b,
        BinaryOp::Mul | BinaryOp::Minimum | BinaryOp::And => a & b,
        _ => a ^ b,
    };
    let bool = DType::Bool;
    let ops =
        [BinaryOp::Add, BinaryOp::Maximum, BinaryOp::Mul, BinaryOp::Minimum, BinaryOp::Xor, BinaryOp::And];
    for op in ops {
        pairs(
            device,
            bool,
            || left.whole(0, 2),
            || right.whole(0, 2),
            |x, y| {
                let storage = device.binary(op, x.tensor.operand(), y.tensor.operand());
                let got = answer(device, storage, bool, x.shape());
                for (i, (&a, &b)) in x.values.iter().zip(&y.values).enumerate() {
                    assert_eq!(got[i] != 0.0, truth(op, a != 0.0, b != 0.0), "{op:?} of {a} and {b}");
                }
            },
        );
        for number in [true, false] {
            let x = upload(device, &[0.0, 1.0, 1.0, 0.0, 1.0], &[5], bool);
            let storage = device.binary(op, x.operand(), Operand::Scalar(Scalar::Bool(number)));
            let got = answer(device, storage, bool, x.shape());
            let want = x.to_vec::<bool>().into_iter().map(|v| f64::from(truth(op, v, number)));
            assert!(got.iter().copied().eq(want), "{op:?} with {number}");
        }
    }
}

/// The functions that integers have.
pub fn integer_unary(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(8);
    for dtype in integers(device) {
        for op in [UnaryOp::Neg, UnaryOp::Abs, UnaryOp::Sign, UnaryOp::Square] {
            for x in all_views(device, dtype, || noise.whole(-300, 300)) {
                let got = answer(device, device.unary(op, x.view()), dtype, x.shape());
                for (&v, &got) in x.values.iter().zip(&got) {
                    assert_eq!(got, is::unary(op, v), "{op:?} of {dtype} {v}, {}", x.kind);
                }
            }
        }
    }
}

/// !x
pub fn logical_not(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(9);
    for x in all_views(device, DType::Bool, || noise.whole(0, 2)) {
        let got = answer(device, device.unary(UnaryOp::Not, x.view()), DType::Bool, x.shape());
        assert!(got.iter().zip(&x.values).all(|(&g, &v)| g == 1.0 - v), "not of {}", x.kind);
    }
}

fn comparisons(device: &Device, dtype: DType, mut next: impl FnMut() -> f64, number: Scalar) {
    // Both sides draw from the same few values, so that ties are common.
    let mut noise = Noise::new(10);
    let few: Vec<f64> = (0..5).map(|_| next()).collect();
    let mut other = Noise::new(11);
    let pick = |noise: &mut Noise| few[noise.whole(0, 5) as usize];
    for op in is::COMPARISONS {
        pairs(
            device,
            dtype,
            || pick(&mut noise),
            || pick(&mut other),
            |x, y| {
                let storage = device.compare(op, x.tensor.operand(), y.tensor.operand());
                let got = answer(device, storage, DType::Bool, x.shape());
                for (i, (&a, &b)) in x.values.iter().zip(&y.values).enumerate() {
                    assert_eq!(got[i] != 0.0, is::compare(op, a, b), "{a} {op:?} {b} of {dtype}, {}", x.kind);
                }
            },
        );
        for swapped in [false, true] {
            let x = upload(device, &few, &[5], dtype);
            let number_side = Operand::Scalar(number);
            let (a, b) = if swapped { (number_side, x.operand()) } else { (x.operand(), number_side) };
            let got = answer(device, device.compare(op, a, b), DType::Bool, x.shape());
            let held = doubles(x.to_host().expect("a download"));
            for (v, got) in held.into_iter().zip(got) {
                let n = number.to_f64();
                let want = if swapped { is::compare(op, n, v) } else { is::compare(op, v, n) };
                assert_eq!(got != 0.0, want, "{v} {op:?} {n} of {dtype}, swapped: {swapped}");
            }
        }
    }
}

/// Comparisons of floats.
pub fn float_comparisons(device: &Device, _: &Tolerance) {
    for dtype in floats(device) {
        let mut noise = Noise::new(12);
        comparisons(device, dtype, || noise.whole(-3, 3) / 2.0, Scalar::Float(0.5));
    }
}

/// Comparisons of integers, bytes and booleans.
pub fn integer_comparisons(device: &Device, _: &Tolerance) {
    for dtype in types(device).filter(|dtype| !dtype.is_float()) {
        let mut noise = Noise::new(13);
        comparisons(device, dtype, || plain(dtype, &mut noise), Scalar::Int(1));
    }
}

/// `condition ? a : b` of every type, with views and numbers.
pub fn select(device: &Device, _: &Tolerance) {
    let (mut truth, mut left, mut right) = (Noise::new(14), Noise::new(15), Noise::new(16));
    for dtype in types(device) {
        for shape in SHAPES {
            let conditions = views(device, shape, DType::Bool, || truth.whole(0, 2));
            let a = views(device, shape, dtype, || plain(dtype, &mut left));
            let b = views(device, shape, dtype, || plain(dtype, &mut right));
            for (i, c) in conditions.iter().enumerate() {
                let (x, y) = (&a[(i + 1) % a.len()], &b[(i + 2) % b.len()]);
                let one = vec![1.0; x.values.len()];
                let number = Operand::Scalar(Scalar::Int(1));
                for (ops, xs, ys) in [
                    ((x.tensor.operand(), y.tensor.operand()), &x.values, &y.values),
                    ((number, y.tensor.operand()), &one, &y.values),
                    ((x.tensor.operand(), number), &x.values, &one),
                    ((number, number), &one, &one),
                ] {
                    let got = answer(device, device.select(c.view(), ops.0, ops.1, dtype), dtype, c.shape());
                    for (k, &c) in c.values.iter().enumerate() {
                        let want = if c != 0.0 { xs[k] } else { ys[k] };
                        assert_eq!(got[k], want, "select of {dtype} {} {}, element {k}", x.kind, y.kind);
                    }
                }
            }
        }
    }
}

/// Adding in place gives the sum's very bits, and leaves who read the memory before what they read; or nothing is done.
pub fn added_in_place(device: &Device, _: &Tolerance) {
    let (mut left, mut right) = (Noise::new(18), Noise::new(19));
    let shapes = SHAPES.iter().map(|shape| Shape::new(shape)).chain([Shape::new(&[401, 403])]);
    for (shape, dtype) in shapes.flat_map(|shape| floats(device).map(move |dtype| (shape, dtype))) {
        for term in views(device, &shape, dtype, || right.between(-2.0, 2.0)) {
            let values: Vec<f64> = (0..shape.numel()).map(|_| left.between(-4.0, 4.0)).collect();
            let sum = upload(device, &values, &shape, dtype);
            let want = read(&sum.binary(BinaryOp::Add, &term.tensor));
            let (before, version) = (read(&sum), sum.buffer().version());
            let done = sum.add_assign(&term.tensor);
            let what = || format!("{dtype} {shape} and {}", term.kind);
            assert_eq!(read(&sum), if done { want } else { before }, "{}", what());
            assert_eq!(sum.buffer().version() - version, u64::from(done), "{}", what());
            // Its own memory is left to others, and so is part of a buffer.
            assert!(!sum.add_assign(&sum), "{}", what());
            assert!(sum.numel() < 2 || !sum.flip(shape.rank() - 1).add_assign(&sum), "{}", what());
        }
    }
}

/// Large enough that threads join in: the pieces fit together.
pub fn threaded(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(17);
    let (rows, cols) = (401, 403);
    let (a, b): (Vec<f64>, Vec<f64>) =
        (0..rows * cols).map(|_| (noise.between(-4.0, 4.0), noise.between(0.5, 3.0))).unzip();
    let dtype = DType::F32;
    let x = upload(device, &a, &[rows, cols], dtype);
    let turned = upload(device, &b, &[cols, rows], dtype).transpose(0, 1);
    let (a, b): (Vec<f64>, Vec<f64>) = (read(&x), read(&turned));
    let shape = Shape::new(&[rows, cols]);
    let got = answer(device, device.unary(UnaryOp::Exp, x.view()), dtype, &shape);
    let want: Vec<f64> = a.iter().map(|v| v.exp()).collect();
    close(|| "exp, threaded".into(), &got, &want, dtype, is::unary_error(UnaryOp::Exp, dtype), tolerance);
    let got = answer(device, device.binary(BinaryOp::Div, x.operand(), turned.operand()), dtype, &shape);
    let want: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a / b).collect();
    close(|| "div, threaded".into(), &got, &want, dtype, Allowed::ulps(0.5), tolerance);
    let c = x.compare(tensor_core::CompareOp::Gt, 0.0);
    let got = answer(device, device.select(c.view(), x.operand(), turned.operand(), dtype), dtype, &shape);
    let want: Vec<f64> = a.iter().zip(&b).map(|(&a, &b)| if a > 0.0 { a } else { b }).collect();
    assert_eq!(got, want, "select, threaded");
}

fn read(x: &RawTensor) -> Vec<f64> {
    // Row-major by this crate's own walk, not the backend's.
    let whole = x.with_layout(tensor_core::Layout::contiguous([x.buffer().len()]));
    let data: HostData = whole.to_host().expect("a download");
    let held = doubles(data);
    x.layout().indices().map(|i| held[i]).collect()
}
