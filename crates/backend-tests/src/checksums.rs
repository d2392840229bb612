//! The bits of every operation's result on work large enough for threads, as checksums: what two
//! runs must agree on that claim the same numbers.

use crate::samples::{Noise, upload};
use tensor_core::{
    Activation, Axes, BinaryOp, DType, Device, HostData, LinalgOp, LossOp, OptimSlot, OptimStep, RawTensor,
    ReduceOp, Scale, ScanOp, Shape, UnaryOp,
};

/// FNV-1a over the bits of every element.
fn checksum(x: &RawTensor) -> u64 {
    let fold = |hash: u64, bits: u64| (hash ^ bits).wrapping_mul(0x0100_0000_01b3);
    match x.to_host().expect("a download") {
        HostData::F32(v) => v.iter().map(|v| v.to_bits().into()).fold(0xcbf2_9ce4_8422_2325, fold),
        other => other.into_vec::<f64>().iter().map(|v| v.to_bits()).fold(0xcbf2_9ce4_8422_2325, fold),
    }
}

/// The name and the checksum of every operation.
pub fn checksums(device: &Device) -> Vec<(String, u64)> {
    let mut noise = Noise::new(70);
    let mut make = |shape: &[usize], low: f64, high: f64| {
        let values: Vec<f64> = (0..shape.iter().product()).map(|_| noise.between(low, high)).collect();
        upload(device, &values, shape, DType::F32)
    };
    let mut out = Vec::new();
    let mut add = |name: String, x: &RawTensor| out.push((name, checksum(x)));
    let (x, y) = (make(&[303, 241], 0.01, 5.0), make(&[303, 241], 0.1, 3.0));
    let signed = x.binary(BinaryOp::Sub, &y);
    use UnaryOp as U;
    for op in [
        U::Neg,
        U::Abs,
        U::Sign,
        U::Sqrt,
        U::Rsqrt,
        U::Square,
        U::Reciprocal,
        U::Exp,
        U::Expm1,
        U::Log,
        U::Log1p,
        U::Sin,
        U::Cos,
        U::Tan,
        U::Erf,
        U::Round,
        U::Floor,
        U::Ceil,
        U::Trunc,
    ] {
        add(format!("{op:?}"), &x.unary(op));
    }
    use Activation as A;
    for act in [
        A::Relu,
        A::LeakyRelu(0.1),
        A::Elu(1.0),
        A::Gelu,
        A::GeluTanh,
        A::Silu,
        A::Sigmoid,
        A::Tanh,
        A::Softplus { beta: 1.0, threshold: 20.0 },
    ] {
        let result = signed.unary(UnaryOp::Act(act));
        add(format!("{act:?}"), &result);
        add(format!("gradient of {act:?}"), &signed.unary_grad(UnaryOp::Act(act), &result, &y));
    }
    use BinaryOp as B;
    for op in
        [B::Add, B::Sub, B::Mul, B::Div, B::FloorDiv, B::Remainder, B::Pow, B::Maximum, B::Minimum, B::Atan2]
    {
        add(format!("{op:?}"), &x.binary(op, &y));
    }
    for op in [ReduceOp::Sum, ReduceOp::Prod, ReduceOp::Max, ReduceOp::Min] {
        for axes in [Axes::one(0), Axes::one(1), Axes::all(2)] {
            add(format!("{op:?} over {axes:?}"), &signed.reduce(op, axes, false));
            let turned = signed.transpose(0, 1);
            add(format!("{op:?} over {axes:?}, transposed"), &turned.reduce(op, axes, false));
        }
    }
    let long = make(&[300_007], -1.0, 1.0);
    for op in [ReduceOp::Sum, ReduceOp::Max] {
        add(format!("{op:?} of a long run"), &long.reduce(op, Axes::all(1), false));
    }
    add("running sum".into(), &signed.scan(ScanOp::Sum, 0));
    for (m, k, n) in [(64, 784, 128), (130, 127, 129), (1, 300, 500), (500, 300, 1)] {
        let (a, b) = (make(&[m, k], -1.0, 1.0), make(&[k, n], -1.0, 1.0));
        add(format!("product {m}x{k}x{n}"), &a.mm(&b));
        let (at, bt) = (a.transpose(0, 1).copy().transpose(0, 1), b.transpose(0, 1).copy().transpose(0, 1));
        add(format!("product {m}x{k}x{n}, transposed"), &at.mm(&bt));
        let bias = make(&[n], -1.0, 1.0);
        let w = b.transpose(0, 1).copy();
        for act in [None, Some(A::Relu), Some(A::Tanh)] {
            let y = a.linear(&w, Some(&bias), act);
            add(format!("linear {m}x{k}x{n} {act:?}"), &y);
            let back = a.linear_backward(&w, act.map(|act| (&y, act)), &y, [true; 3]);
            for (i, grad) in back.iter().flatten().enumerate() {
                add(format!("its gradient {i}, {m}x{k}x{n} {act:?}"), grad);
            }
        }
    }
    for (rows, width) in [(64, 10), (700, 129)] {
        let scores = make(&[rows, width], -5.0, 5.0);
        let classes: Vec<f64> = (0..rows).map(|i| (i * 7 % width) as f64).collect();
        let target = upload(device, &classes, &[rows], DType::I32);
        for log in [false, true] {
            let p = scores.softmax(1, log);
            add(format!("softmax {rows}x{width}, log: {log}"), &p);
            add(format!("its gradient, {rows}x{width}, log: {log}"), &p.softmax_grad(&scores, 1, log));
        }
        let (log_p, loss) = scores.cross_entropy(&target);
        add(format!("cross entropy {rows}x{width}"), &loss);
        add(format!("its gradient, {rows}x{width}"), &log_p.cross_entropy_grad(&target, &loss));
    }
    for (n, count) in [(8, 40), (150, 1)] {
        let a = make(&[count, n, n], -1.0, 1.0);
        let turned = a.transpose(1, 2).copy();
        let definite = a.bmm(&turned);
        let b = make(&[count, n, 3], -1.0, 1.0);
        for op in [
            LinalgOp::Cholesky,
            LinalgOp::Inverse,
            LinalgOp::Lu,
            LinalgOp::Qr,
            LinalgOp::Eigh { vectors: true },
            LinalgOp::Svd { vectors: true },
        ] {
            for (i, part) in definite.linalg(op, None).expect("factors").iter().enumerate() {
                add(format!("{op:?} {count}x{n}x{n}, result {i}"), part);
            }
        }
        for op in
            [LinalgOp::Solve, LinalgOp::LeastSquares, LinalgOp::SolveTriangular { upper: true, unit: false }]
        {
            for part in definite.linalg(op, Some(&b)).expect("solutions") {
                add(format!("{op:?} {count}x{n}x{n}"), &part);
            }
        }
    }
    for (shape, axes, affine) in
        [(&[9, 7, 1300][..], Axes::one(0).with(2), &[1, 7, 1][..]), (&[300, 257], Axes::one(1), &[1, 257])]
    {
        let (x, g) = (make(shape, -1.0, 3.0), make(shape, -1.0, 1.0));
        let (weight, bias) = (make(affine, -1.0, 1.0), make(affine, -1.0, 1.0));
        let (mean, variance) = x.moments(axes, true);
        add(format!("variance of {shape:?}"), &variance);
        let rstd = variance.unary(UnaryOp::Rsqrt);
        let scale = Scale { mean, rstd, weight: Some(weight), bias: Some(bias) };
        add(format!("normalized {shape:?}"), &x.normalized(&scale));
        let back = x.normalized_grad(&scale, &g, Some(axes), &Shape::new(affine), [true; 3]);
        for (i, grad) in back.iter().flatten().enumerate() {
            add(format!("its gradient {i}, {shape:?}"), grad);
        }
    }
    for op in [LossOp::Squared, LossOp::SmoothAbsolute(0.7), LossOp::Logits, LossOp::Divergence] {
        add(format!("{op:?}"), &signed.loss(op, &y));
        add(format!("slope of {op:?}"), &signed.loss_grad(op, &y, &x));
    }
    let (values, places) = long.topk(20, 0, true);
    add("topk".into(), &values);
    add("places of topk".into(), &places);
    add(
        "sum over the outer and the inner".into(),
        &make(&[20, 30, 500], -1.0, 1.0).reduce(ReduceOp::Sum, Axes::one(0).with(2), false),
    );
    let index: Vec<f64> = (0..4000).map(|i| f64::from(i * 13 % 303)).collect();
    let index = upload(device, &index, &[4000], DType::I32);
    let rows = signed.index_select(0, &index);
    add("index_select".into(), &rows);
    let spread = index.unsqueeze(1).expand(rows.shape());
    add("scatter_add".into(), &signed.scatter_add(0, &spread, &rows));
    let (param, grad) = (make(&[200_003], -1.0, 1.0), make(&[200_003], -1.0, 1.0));
    let state: Vec<RawTensor> = (0..2).map(|_| make(&[200_003], 0.0, 1.0)).collect();
    let step = OptimStep::Adam {
        lr: 0.01,
        betas: (0.9, 0.999),
        eps: 1e-8,
        weight_decay: 0.01,
        decoupled: true,
        amsgrad: false,
        corrections: (1.0 - 0.9f64.powf(3.0), 1.0 - 0.999f64.powf(3.0)),
    };
    let slot = OptimSlot {
        param: param.buffer(),
        grad: grad.view(),
        state: state.iter().map(RawTensor::buffer).collect(),
    };
    device.optim_step(step, &[slot]).expect("a step");
    add("adam".into(), &param);
    out
}
