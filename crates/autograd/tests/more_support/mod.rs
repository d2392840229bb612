//! What the `more_` tests share: tensors of fixed numbers, and checks of values and gradients.
#![allow(dead_code, reason = "each test file uses a part")]

use autograd::{Tensor, gradcheck, gradgradcheck};
use tensor_core::{DType, Device, Shape};

/// The CPU.
pub fn cpu() -> Device {
    backend_cpu::device()
}

/// F64 numbers in (low, high), no two alike and none at a round place.
pub fn spread(shape: impl Into<Shape>, low: f64, high: f64) -> Tensor {
    let shape = shape.into();
    let at = |i: usize| low + (high - low) * ((i as f64 + 1.0) * 0.618_033_988_749).fract();
    Tensor::from_vec((0..shape.numel()).map(at).collect(), shape, &cpu())
}

/// As [`spread`], asking for gradients.
pub fn leaf(shape: impl Into<Shape>, low: f64, high: f64) -> Tensor {
    spread(shape, low, high).requires_grad_(true)
}

/// A vector of F32.
pub fn floats(values: &[f32]) -> Tensor {
    Tensor::from_slice(values, values.len(), &cpu())
}

/// A vector of I32.
pub fn ints(values: &[i32]) -> Tensor {
    Tensor::from_slice(values, values.len(), &cpu())
}

/// First and second derivatives against differences.
#[track_caller]
pub fn grads(name: &str, inputs: &[Tensor], f: impl Fn(&[Tensor]) -> Tensor) {
    gradcheck(&f, inputs, 1e-6, 1e-5).unwrap_or_else(|e| panic!("{name}: {e}"));
    gradgradcheck(&f, inputs, 1e-5, 1e-4).unwrap_or_else(|e| panic!("{name}, twice: {e}"));
}

/// First derivatives only, for functions whose second is nowhere of interest.
#[track_caller]
pub fn first(name: &str, inputs: &[Tensor], f: impl Fn(&[Tensor]) -> Tensor) {
    gradcheck(&f, inputs, 1e-6, 1e-5).unwrap_or_else(|e| panic!("{name}: {e}"));
}

/// Elements equal to a tolerance; NaN equals NaN, infinities themselves.
#[track_caller]
pub fn near(got: &Tensor, want: &[f64], tolerance: f64) {
    let got = got.to_vec::<f64>();
    assert_eq!(got.len(), want.len(), "{got:?} against {want:?}");
    for (i, (&g, &w)) in got.iter().zip(want).enumerate() {
        let same = g == w || (g.is_nan() && w.is_nan()) || (g - w).abs() <= tolerance * (1.0 + w.abs());
        assert!(same, "element {i}: {g} is not {w}\n{got:?}\n{want:?}");
    }
}

/// The gradient of `Σ f(x)` at F32 numbers.
pub fn slope(x: &[f32], f: impl Fn(&Tensor) -> Tensor) -> Vec<f32> {
    let x = floats(x).requires_grad_(true);
    f(&x).sum().backward();
    x.grad().map_or_else(|| vec![0.0; x.numel()], |g| g.to_vec())
}

/// `torch.arange(n)` as F64 of a shape.
pub fn counted(shape: impl Into<Shape>) -> Tensor {
    let shape = shape.into();
    let numbers = (0..shape.numel()).map(|i| i as f64).collect();
    Tensor::from_vec::<f64>(numbers, shape, &cpu())
}

/// Whether a tensor is of integers.
pub fn is_index(t: &Tensor) -> bool {
    t.dtype() == DType::I32
}
