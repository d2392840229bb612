//! Gradients where functions have corners, ties, zeros and infinities: PyTorch's choices.

use crate::common::{bools, cpu, given, ints};
use autograd::{Tensor, grad};
use tensor_core::DType;

/// The gradient of `f`'s sum at some numbers.
#[track_caller]
fn slope(values: &[f64], f: impl Fn(&Tensor) -> Tensor) -> Vec<f64> {
    let x = given(values, &[values.len()]);
    f(&x).sum().backward();
    x.grad().expect("a gradient").to_vec()
}

/// As [`slope`], through a graph of the backward pass, which takes other paths.
#[track_caller]
fn recorded(values: &[f64], f: impl Fn(&Tensor) -> Tensor) -> Vec<f64> {
    let x = given(values, &[values.len()]);
    grad(&[&f(&x).sum()], &[&x], true)[0].as_ref().expect("a gradient").to_vec()
}

#[track_caller]
fn both_ways(values: &[f64], f: impl Fn(&Tensor) -> Tensor, want: &[f64]) {
    // Formulas may round; zeros and infinities are what they are.
    let same = |a: f64, b: f64| a == b || (a - b).abs() <= 4.0 * f64::EPSILON * b.abs();
    for (how, got) in [("", slope(values, &f)), ("with a graph of the backward pass: ", recorded(values, &f))]
    {
        assert!(got.iter().zip(want).all(|(&a, &b)| same(a, b)), "{how}{got:?}, not {want:?}");
    }
}

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[test]
fn corners() {
    both_ways(&[-1.0, 0.0, -0.0, 2.0], Tensor::relu, &[0.0, 0.0, 0.0, 1.0]);
    both_ways(&[-1.0, 0.0, 2.0], Tensor::abs, &[-1.0, 0.0, 1.0]);
    both_ways(&[-1.0, 0.0, 2.0], |x| x.leaky_relu(0.25), &[0.25, 0.25, 1.0]);
    both_ways(&[0.0, 2.0, NAN], |x| x.elu(0.5), &[0.5, 1.0, 1.0]);
    both_ways(&[2.0, NAN], |x| x.celu(0.5), &[1.0, 1.0]);
    both_ways(&[2.0, NAN], Tensor::selu, &[1.050_700_987_355_480_5; 2]);
    both_ways(&[-2.0, -1.0, 0.0, 1.0, 2.0], |x| x.clamp(-1.0, 1.0), &[0.0, 0.0, 1.0, 0.0, 0.0]);
    both_ways(&[0.0, 4.0], Tensor::sqrt, &[INF, 0.25]);
    both_ways(&[0.0, 1.0], Tensor::log, &[INF, 1.0]);
    both_ways(&[0.0, 1e-200], Tensor::sinc, &[0.0, 0.0]);
    both_ways(&[1.0, 2.0], |x| x.nextafter(&x.detach().full_like(2)), &[1.0, 0.0]);
}

#[test]
fn equal_medians_share() {
    both_ways(&[2.0, 1.0, 2.0, 3.0], Tensor::median, &[0.5, 0.0, 0.5, 0.0]);
    both_ways(&[NAN, 1.0, NAN], Tensor::median, &[0.5, 0.0, 0.5]);
    both_ways(&[NAN, 2.0, 2.0, 3.0], Tensor::nanmedian, &[0.0, 0.5, 0.5, 0.0]);
}

#[test]
fn ties_are_shared() {
    both_ways(&[3.0, 1.0, 3.0], Tensor::max, &[0.5, 0.0, 0.5]);
    both_ways(&[3.0, 1.0, 1.0], Tensor::min, &[0.0, 0.5, 0.5]);
    both_ways(&[2.0, 2.0, 2.0, 2.0], |x| x.amax(0, false), &[0.25; 4]);
    both_ways(&[3.0, 1.0, 3.0], |x| x.max_dim(0, false).0, &[1.0, 0.0, 0.0]);
    both_ways(&[1.0, 2.0, 3.0], |x| x.maximum(2.0), &[0.0, 0.5, 1.0]);
    let (a, b) = (given(&[1.0, 2.0, 3.0], &[3]), given(&[2.0, 2.0, 2.0], &[3]));
    a.minimum(&b).sum().backward();
    assert_eq!(a.grad().unwrap().to_vec::<f64>(), [1.0, 0.5, 0.0]);
    assert_eq!(b.grad().unwrap().to_vec::<f64>(), [0.0, 0.5, 1.0]);
}

#[test]
fn powers() {
    both_ways(&[0.0, 2.0], |x| x.pow(2.0), &[0.0, 4.0]);
    both_ways(&[0.0, 2.0], |x| x.pow(1.0), &[1.0, 1.0]);
    both_ways(&[0.0, 2.0], |x| x.pow(0.0), &[0.0, 0.0]);
    both_ways(&[-2.0, 3.0], |x| x.pow(3.0), &[12.0, 27.0]);
    both_ways(&[-2.0, 2.0], |x| x.pow(-1.0), &[-0.25, -0.25]);
    both_ways(&[0.0, 4.0], |x| x.pow(0.5), &[INF, 0.25]);
    // 0ˣ does not change where x ≥ 0.
    both_ways(&[0.0, 1.0, 2.0], |x| x.pow_of(0.0), &[0.0, 0.0, 0.0]);
    both_ways(&[0.0, 1.0], |x| x.pow_of(1.0), &[0.0, 0.0]);
    let (base, power) = (given(&[0.0, 0.0, 2.0, -2.0], &[4]), given(&[0.0, 2.0, 3.0, 2.0], &[4]));
    base.pow(&power).sum().backward();
    assert_eq!(base.grad().unwrap().to_vec::<f64>(), [0.0, 0.0, 12.0, -4.0]);
    let by_power = power.grad().unwrap().to_vec::<f64>();
    assert_eq!(by_power[..2], [0.0, 0.0]);
    assert!((by_power[2] - 8.0 * 2f64.ln()).abs() < 1e-12 && by_power[3].is_nan(), "{by_power:?}");
}

#[test]
fn norms_and_spreads_at_zero() {
    for p in [1.0, 2.0, 3.0, 1.5, 0.5] {
        both_ways(&[0.0, 0.0], |x| x.norm(p), &[0.0, 0.0]);
    }
    both_ways(&[0.0, 3.0], |x| x.norm(3.0), &[0.0, 1.0]);
    both_ways(&[0.0, 4.0], |x| x.norm(0.5), &[0.0, 1.0]);
    both_ways(&[3.0, -4.0], |x| x.norm(INF), &[0.0, -1.0]);
    both_ways(&[3.0, -4.0], |x| x.norm(-INF), &[1.0, 0.0]);
    // No spread, no direction: PyTorch's std answers 0.
    both_ways(&[2.0, 2.0, 2.0], Tensor::std, &[0.0; 3]);
    both_ways(&[2.0, 2.0, 2.0], Tensor::var, &[0.0; 3]);
    assert!(slope(&[2.0], Tensor::var)[0].is_nan(), "n − 1 is 0");
}

#[test]
fn infinities_stay_where_they_are() {
    // A gradient that overflowed does not leak through what is masked out.
    let huge = Tensor::from_vec(vec![INF, INF], 2, &cpu());
    for f in [Tensor::relu as fn(&Tensor) -> Tensor, Tensor::sign, Tensor::round] {
        let x = given(&[-1.0, -2.0], &[2]);
        f(&x).backward_with(&huge);
        assert_eq!(x.grad().unwrap().to_vec::<f64>(), [0.0, 0.0]);
        let x = given(&[-1.0, -2.0], &[2]);
        let options = autograd::BackwardOptions { create_graph: true, retain_graph: true };
        f(&x).backward_opts(Some(&huge), options);
        assert_eq!(x.grad().unwrap().to_vec::<f64>(), [0.0, 0.0], "with a graph");
    }
    both_ways(&[1000.0, 1000.0], |x| x.logsumexp(0, false), &[0.5, 0.5]);
    both_ways(&[1000.0], |x| x.softplus(1.0, 20.0), &[1.0]);
    both_ways(&[-1000.0, 1000.0], Tensor::sigmoid, &[0.0, 0.0]);
    both_ways(&[-1000.0, 1000.0], |x| x.elu(1.0), &[0.0, 1.0]);
    both_ways(&[-INF, 1.0], |x| x.softmax(0), &[0.0, 0.0]);
}

#[test]
fn repeats_add_up() {
    both_ways(&[1.0, 2.0], |x| x.index_select(0, &ints(&[1, 1, 0, 1], &[4])), &[1.0, 3.0]);
    both_ways(&[1.0, 2.0], |x| x.gather(0, &ints(&[1, 1, 1], &[3])), &[0.0, 3.0]);
    both_ways(&[1.0, 2.0], |x| x.i(autograd::s![ints(&[-1, 1, 0], &[3])]), &[1.0, 2.0]);
    both_ways(&[1.0, 2.0], |x| x.expand([3, 2]), &[3.0, 3.0]);
    both_ways(&[1.0, 2.0, 3.0], |x| x.masked_select(&bools(&[true, false, true], &[3])), &[1.0, 0.0, 1.0]);
}

#[test]
fn other_types() {
    // Through single precision and back, and next to integers.
    let x = given(&[1.5, 2.5], &[2]);
    (x.to_dtype(DType::F32) * 2.0).to_dtype(DType::F64).sum().backward();
    assert_eq!(x.grad().unwrap().to_vec::<f64>(), [2.0, 2.0]);
    assert_eq!(x.grad().unwrap().dtype(), DType::F64);
    let x = Tensor::from_vec(vec![1.5f32, 2.5], 2, &cpu()).requires_grad_(true);
    (&x * ints(&[3, 4], &[2])).sum().backward();
    assert_eq!(x.grad().unwrap().to_vec::<f32>(), [3.0, 4.0]);
    // A number of dimension 0 does not raise the type; its own gradient keeps its own.
    let k = given(&[2.0], &[]);
    let y = &x * &k;
    assert_eq!(y.dtype(), DType::F32);
    y.sum().backward();
    assert_eq!(k.grad().unwrap().dtype(), DType::F64);
    assert_eq!(k.grad().unwrap().item::<f64>(), 4.0);
    // Comparisons and casts to integers end the graph.
    assert!(!x.gt(0.0).requires_grad() && !x.to_dtype(DType::I32).requires_grad());
    assert!(!x.argmax().requires_grad() && !x.detach().requires_grad());
}
