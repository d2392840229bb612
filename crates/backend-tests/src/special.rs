//! The ends of the number line: NaN, infinities, signed zeros, denormals, and integers that wrap.
//! Only for backends that promise IEEE 754 throughout; see [`Tolerance::ieee`].

use crate::Tolerance;
use crate::judge::{answer, rounded};
use crate::reference as is;
use crate::samples::{floats, integers, upload};
use tensor_core::{
    Activation, ArgOp, Axes, BinaryOp, DType, Device, Operand, ReduceOp, Scalar, Shape, UnaryOp,
};

/// Numbers where functions go wrong.
fn odd(dtype: DType) -> Vec<f64> {
    let (max, min, tiny) = if dtype == DType::F32 {
        (f64::from(f32::MAX), f64::from(f32::MIN_POSITIVE), f64::from(f32::from_bits(1)))
    } else {
        (f64::MAX, f64::MIN_POSITIVE, f64::from_bits(1))
    };
    let positive =
        [0.0, tiny, 5.0 * tiny, min, 0.49999997, 0.5, 1.0, 1.5, 2.5, 20.0, 88.9, 104.0, 750.0, max];
    let mut all: Vec<f64> = positive.iter().flat_map(|&v| [v, -v]).collect();
    all.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN]);
    all.iter().map(|&v| rounded(v, dtype)).collect()
}

/// Equal, or equally NaN; and of one sign where zero.
#[track_caller]
fn same(what: &str, got: f64, want: f64, dtype: DType, ulps: f64, signed: bool) {
    let want = rounded(want, dtype);
    if got.is_nan() && want.is_nan() {
        return;
    }
    let tiny = if dtype == DType::F32 { f64::from(f32::from_bits(1)) } else { f64::from_bits(1) };
    let eps = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let slack = if ulps > 0.0 { ulps * (want.abs() * eps).max(tiny) } else { 0.0 };
    let close = got == want || (got - want).abs() <= slack;
    let sign = !signed || got != 0.0 || want != 0.0 || got.is_sign_negative() == want.is_sign_negative();
    assert!(close && sign, "{what} of {dtype} is {got:e}, not {want:e}");
}

/// Functions of one number there, vector lanes and leftovers alike.
pub fn unary_specials(device: &Device, tolerance: &Tolerance) {
    if !tolerance.ieee {
        return;
    }
    let exact = [
        UnaryOp::Neg,
        UnaryOp::Abs,
        UnaryOp::Sign,
        UnaryOp::Sqrt,
        UnaryOp::Square,
        UnaryOp::Reciprocal,
        UnaryOp::Round,
        UnaryOp::Floor,
        UnaryOp::Ceil,
        UnaryOp::Trunc,
        UnaryOp::Act(Activation::Relu),
    ];
    let near = [
        UnaryOp::Rsqrt,
        UnaryOp::Exp,
        UnaryOp::Expm1,
        UnaryOp::Log,
        UnaryOp::Log1p,
        UnaryOp::Erf,
        UnaryOp::Act(Activation::Tanh),
        UnaryOp::Act(Activation::Sigmoid),
        UnaryOp::Act(Activation::LeakyRelu(0.5)),
        UnaryOp::Act(Activation::Elu(1.0)),
        UnaryOp::Act(Activation::Softplus { beta: 1.0, threshold: 20.0 }),
    ];
    for dtype in floats(device) {
        let values = odd(dtype);
        let x = upload(device, &values, &[values.len()], dtype);
        for (op, ulps) in exact.iter().map(|&op| (op, 0.0)).chain(near.iter().map(|&op| (op, 16.0))) {
            let got = answer(device, device.unary(op, x.view()), dtype, x.shape());
            for (&v, got) in values.iter().zip(got) {
                let want = is::unary(op, v);
                // Sign, like PyTorch's, and ReLU give a plain zero; log1p and the like keep theirs.
                let signed = ulps == 0.0 && !matches!(op, UnaryOp::Sign | UnaryOp::Act(_));
                // σ(−large) and softplus(−large) underflow; a formula may get there a little earlier.
                let early = want.abs() < f64::from(f32::MIN_POSITIVE) && dtype == DType::F32 && got == 0.0;
                if early && matches!(op, UnaryOp::Act(Activation::Sigmoid | Activation::Softplus { .. })) {
                    continue;
                }
                same(&format!("{op:?}({v:e})"), got, want, dtype, ulps, signed);
            }
        }
    }
}

/// Functions of two numbers there.
pub fn binary_specials(device: &Device, tolerance: &Tolerance) {
    if !tolerance.ieee {
        return;
    }
    let ops =
        [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Div, BinaryOp::Maximum, BinaryOp::Minimum];
    for dtype in floats(device) {
        let values = odd(dtype);
        let n = values.len();
        let x = upload(device, &values, &[n, 1], dtype).expand(&Shape::new(&[n, n]));
        let y = upload(device, &values, &[n], dtype).expand(&Shape::new(&[n, n]));
        for op in ops.into_iter().chain([BinaryOp::Pow, BinaryOp::Atan2]) {
            let got = answer(device, device.binary(op, x.operand(), y.operand()), dtype, x.shape());
            let ulps = if matches!(op, BinaryOp::Pow | BinaryOp::Atan2) { 4.0 } else { 0.0 };
            for (k, got) in got.into_iter().enumerate() {
                let (a, b) = (values[k / n], values[k % n]);
                // Of two zeros of different sign either is the larger.
                let signed = ulps == 0.0 && !matches!(op, BinaryOp::Maximum | BinaryOp::Minimum);
                let want = if dtype == DType::F64 || ulps > 0.0 {
                    is::binary(op, a, b)
                } else {
                    // Rounded once: a double would round twice.
                    single(op, a as f32, b as f32)
                };
                same(&format!("{op:?}({a:e}, {b:e})"), got, want, dtype, ulps, signed);
            }
        }
        // Division with a floor: PyTorch's answers.
        let table = [
            (1.0, 0.0, f64::INFINITY, f64::NAN),
            (-1.0, 0.0, f64::NEG_INFINITY, f64::NAN),
            (0.0, 0.0, f64::NAN, f64::NAN),
            (5.0, f64::INFINITY, 0.0, 5.0),
            (-5.0, f64::INFINITY, -1.0, f64::INFINITY),
            (f64::INFINITY, 2.0, f64::NAN, f64::NAN),
            (f64::NAN, 2.0, f64::NAN, f64::NAN),
            (7.0, -2.0, -4.0, -1.0),
            (-7.0, 2.0, -4.0, 1.0),
            (0.5, -0.0, f64::NEG_INFINITY, f64::NAN),
        ];
        for (a, b, quotient, rest) in table {
            let x = upload(device, &[a], &[1], dtype);
            let b = Operand::Scalar(Scalar::Float(b));
            for (op, want) in [(BinaryOp::FloorDiv, quotient), (BinaryOp::Remainder, rest)] {
                let got = answer(device, device.binary(op, x.operand(), b), dtype, x.shape())[0];
                same(&format!("{op:?}({a}, {b:?})"), got, want, dtype, 0.0, false);
            }
        }
    }
}

fn single(op: BinaryOp, a: f32, b: f32) -> f64 {
    f64::from(match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        other => is::binary(other, a.into(), b.into()) as f32,
    })
}

/// NaN compares as nothing but unequal.
pub fn comparison_specials(device: &Device, tolerance: &Tolerance) {
    if !tolerance.ieee {
        return;
    }
    for dtype in floats(device) {
        let values = odd(dtype);
        let n = values.len();
        let x = upload(device, &values, &[n, 1], dtype).expand(&Shape::new(&[n, n]));
        let y = upload(device, &values, &[n], dtype).expand(&Shape::new(&[n, n]));
        for op in is::COMPARISONS {
            let got = answer(device, device.compare(op, x.operand(), y.operand()), DType::Bool, x.shape());
            for (k, got) in got.into_iter().enumerate() {
                let (a, b) = (values[k / n], values[k % n]);
                assert_eq!(got != 0.0, is::compare(op, a, b), "{a:e} {op:?} {b:e} of {dtype}");
            }
        }
    }
}

/// NaN wins extremes wherever it stands, infinities sum as they should.
pub fn reduction_specials(device: &Device, tolerance: &Tolerance) {
    if !tolerance.ieee {
        return;
    }
    for dtype in floats(device) {
        for len in [1, 2, 7, 16, 17, 33, 600, 1037] {
            for place in [0, len / 2, len - 1] {
                let mut values: Vec<f64> = (0..len).map(|i| (i % 5) as f64 - 2.0).collect();
                values[place] = f64::NAN;
                if place + 1 < len {
                    values[len - 1] = f64::NAN; // a second one: the first counts
                }
                let x = upload(device, &values, &[len], dtype);
                for op in [ReduceOp::Max, ReduceOp::Min, ReduceOp::Sum, ReduceOp::Prod] {
                    // As a run, and as a column.
                    let run = device.reduce(op, x.view(), Axes::one(0));
                    let wide = x.unsqueeze(1).expand(&Shape::new(&[len, 3])).copy();
                    let columns = device.reduce(op, wide.view(), Axes::one(0));
                    let got = answer(device, run, dtype, &Shape::new(&[]));
                    assert!(got[0].is_nan(), "{op:?} of {len} with NaN at {place}: {}", got[0]);
                    let got = answer(device, columns, dtype, &Shape::new(&[3]));
                    assert!(got.iter().all(|v| v.is_nan()), "{op:?} of columns with NaN at {place}: {got:?}");
                }
                for op in [ArgOp::Max, ArgOp::Min] {
                    let got =
                        answer(device, device.arg_reduce(op, x.view(), 0), DType::I32, &Shape::new(&[]));
                    assert_eq!(got[0], place as f64, "{op:?} of {len} with NaN at {place}");
                }
            }
        }
        let inf = f64::INFINITY;
        for (values, sum, max) in
            [([inf, 1.0, 2.0], inf, inf), ([inf, -inf, 0.0], f64::NAN, inf), ([-inf, -inf, -inf], -inf, -inf)]
        {
            let x = upload(device, &values, &[3], dtype);
            let reduce =
                |op| answer(device, device.reduce(op, x.view(), Axes::one(0)), dtype, &Shape::new(&[]))[0];
            same("sum of infinities", reduce(ReduceOp::Sum), sum, dtype, 0.0, false);
            same("max of infinities", reduce(ReduceOp::Max), max, dtype, 0.0, false);
        }
    }
}

/// Integers wrap around, as PyTorch's.
pub fn integers_wrap(device: &Device, _: &Tolerance) {
    for dtype in integers(device) {
        let (min, max) =
            if dtype == DType::I32 { (i32::MIN.into(), i32::MAX.into()) } else { (i64::MIN, i64::MAX) };
        let values = [min, min + 1, -1, 0, 1, 3, max - 1, max];
        let data = tensor_core::HostData::I64(values.to_vec()).cast(dtype);
        let row = tensor_core::RawTensor::from_host(&data, [8], device).expect("an upload");
        let square = Shape::new(&[8, 8]);
        let (x, y) = (row.unsqueeze(1).expand(&square), row.expand(&square));
        let read = |storage| {
            let storage: tensor_core::Storage = storage;
            tensor_core::RawTensor::from_storage(device, storage, dtype, square).to_vec::<i64>()
        };
        for op in [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Maximum, BinaryOp::Minimum] {
            let got = read(device.binary(op, x.operand(), y.operand()).expect("an answer"));
            for (k, got) in got.into_iter().enumerate() {
                let (a, b) = (values[k / 8], values[k % 8]);
                assert_eq!(got, is::integer(op, a, b, dtype), "{op:?} of {dtype} {a} and {b}");
            }
        }
        // The one quotient that does not fit wraps too, instead of stopping the program.
        let by = Operand::Scalar(Scalar::Int(-1));
        for op in [BinaryOp::FloorDiv, BinaryOp::Remainder] {
            let got = device.binary(op, row.operand(), by).expect("an answer");
            let got = tensor_core::RawTensor::from_storage(device, got, dtype, [8]).to_vec::<i64>();
            for (&a, got) in values.iter().zip(got) {
                assert_eq!(got, is::integer(op, a, -1, dtype), "{op:?} of {dtype} {a} and -1");
            }
        }
        let top = Axes::one(0);
        let sum = device.reduce(ReduceOp::Sum, row.view(), top).expect("an answer");
        let sum = tensor_core::RawTensor::from_storage(device, sum, dtype, ()).to_vec::<i64>();
        let want: i128 = values.iter().map(|&v| i128::from(v)).sum();
        assert_eq!(sum[0], if dtype == DType::I32 { i64::from(want as i32) } else { want as i64 });
    }
}
