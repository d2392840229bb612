//! Making inputs, and checking a function alone and in the middle of a graph.

use autograd::{Tensor, gradcheck, gradgradcheck};
use tensor_core::{DType, Device};

pub fn cpu() -> Device {
    backend_cpu::device()
}

/// Numbers in `low..high` that follow no pattern and never repeat: multiples of an irrational, cut.
pub fn numbers(count: usize, low: f64, high: f64, seed: usize) -> Vec<f64> {
    let part = |i: usize| ((i + 1) as f64 * 0.618_033_988_749_895 + seed as f64 * 0.324_717_957).fract();
    (0..count).map(|i| low + (high - low) * part(i)).collect()
}

/// A leaf in double precision.
pub fn leaf(shape: &[usize], low: f64, high: f64, seed: usize) -> Tensor {
    let values = numbers(shape.iter().product(), low, high, seed);
    Tensor::from_vec(values, shape, &cpu()).requires_grad_(true)
}

/// A leaf of given numbers.
pub fn given(values: &[f64], shape: &[usize]) -> Tensor {
    Tensor::from_vec(values.to_vec(), shape, &cpu()).requires_grad_(true)
}

/// A tensor of whole numbers, as indices are.
pub fn ints(values: &[i32], shape: &[usize]) -> Tensor {
    Tensor::from_vec(values.to_vec(), shape, &cpu())
}

/// A tensor of truth values.
pub fn bools(values: &[bool], shape: &[usize]) -> Tensor {
    Tensor::from_vec(values.to_vec(), shape, &cpu())
}

const ATOL: f64 = 2e-6;
const RTOL: f64 = 2e-5;

/// First derivatives, alone and between two nonlinear functions.
#[track_caller]
pub fn first(name: &str, inputs: &[Tensor], f: impl Fn(&[Tensor]) -> Tensor) {
    assert!(inputs.iter().all(|t| t.dtype() == DType::F64));
    let told = |how: &str, result: Result<(), String>| {
        result.unwrap_or_else(|error| panic!("{name}, {how}: {error}"));
    };
    told("alone", gradcheck(&f, inputs, ATOL, RTOL));
    told("in the middle", gradcheck(|x| between(&f, x), inputs, ATOL, RTOL));
}

/// First and second derivatives, alone and between two nonlinear functions.
#[track_caller]
pub fn both(name: &str, inputs: &[Tensor], f: impl Fn(&[Tensor]) -> Tensor) {
    first(name, inputs, &f);
    let told = |how: &str, result: Result<(), String>| {
        result.unwrap_or_else(|error| panic!("second derivative of {name}, {how}: {error}"));
    };
    told("alone", gradgradcheck(&f, inputs, ATOL, RTOL));
    told("in the middle", gradgradcheck(|x| between(&f, x), inputs, ATOL, RTOL));
}

/// `f` of slightly bent inputs, its result bent too: what comes in and goes out has history.
fn between(f: impl Fn(&[Tensor]) -> Tensor, x: &[Tensor]) -> Tensor {
    let bent: Vec<Tensor> = x.iter().map(|x| x + (x * 3.0).sin() * 0.02).collect();
    let y = f(&bent);
    (&y * 0.7).sin() + &y * 0.3
}
