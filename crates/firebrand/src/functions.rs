//! `torch.*` on the default device: creation functions.

use crate::device;
use autograd::{Nested, Tensor};
use tensor_core::{DType, Element, Scalar, Shape, check};

/// A tensor of a number, or of nested arrays, slices or vectors: `torch.tensor`. Doubles become F32, as Python's
/// floats do; [`Tensor::new`] keeps them. Literals are shorter by the macro, [`tensor!`](crate::tensor!).
///
/// ```
/// use firebrand::tensor;
/// assert_eq!(tensor(3.5).to_string(), "tensor(3.5000)");
/// let data = vec![[1, 2], [3, 4]];
/// assert_eq!(tensor(&data).shape().dims(), [2, 2]);
/// assert_eq!(tensor(&data[1..]).to_vec::<i32>(), [3, 4]);
/// ```
///
/// # Panics
/// When rows differ in length.
#[track_caller]
pub fn tensor(values: impl Nested) -> Tensor {
    let t = Tensor::new(&values, &device());
    if t.dtype() == DType::F64 { t.to_dtype(DType::F32) } else { t }
}

/// A tensor of row-major elements.
#[track_caller]
pub fn from_vec<T: Element>(values: Vec<T>, shape: impl Into<Shape>) -> Tensor {
    Tensor::from_vec(values, shape, &device())
}

/// A tensor of row-major elements, copied.
#[track_caller]
pub fn from_slice<T: Element>(values: &[T], shape: impl Into<Shape>) -> Tensor {
    Tensor::from_slice(values, shape, &device())
}

/// Zeros: `torch.zeros`.
#[track_caller]
pub fn zeros(shape: impl Into<Shape>) -> Tensor {
    Tensor::zeros(shape, &device())
}

/// Ones: `torch.ones`.
#[track_caller]
pub fn ones(shape: impl Into<Shape>) -> Tensor {
    Tensor::ones(shape, &device())
}

/// Memory without meaning in PyTorch; zeros here.
#[track_caller]
pub fn empty(shape: impl Into<Shape>) -> Tensor {
    zeros(shape)
}

/// One value everywhere, of the value's kind: `torch.full`.
#[track_caller]
pub fn full(shape: impl Into<Shape>, value: impl Into<Scalar>) -> Tensor {
    let value = value.into();
    Tensor::full(shape, value, (DType::default_of(value.category()), &device()))
}

/// The identity matrix of `n`, or of `[n, m]` its first columns: `torch.eye`.
#[track_caller]
pub fn eye(size: impl Into<Shape>) -> Tensor {
    Tensor::eye(size, &device())
}

/// `start, start + step, …` before `end`: `torch.arange`.
#[track_caller]
pub fn arange(start: impl Into<Scalar>, end: impl Into<Scalar>, step: impl Into<Scalar>) -> Tensor {
    Tensor::arange(start, end, step, &device())
}

/// Evenly spaced numbers, both ends included: `torch.linspace`.
#[track_caller]
pub fn linspace(start: f64, end: f64, steps: usize) -> Tensor {
    Tensor::linspace(start, end, steps, &device())
}

/// Powers of a base, evenly spaced: `torch.logspace`.
#[track_caller]
pub fn logspace(start: f64, end: f64, steps: usize, base: f64) -> Tensor {
    Tensor::logspace(start, end, steps, base, &device())
}

/// Hann's window, ½ − ½·cos 2πt: `torch.hann_window`.
#[track_caller]
pub fn hann_window(size: usize, periodic: bool) -> Tensor {
    Tensor::hann_window(size, periodic, &device())
}

/// Hamming's window, `alpha` − `beta`·cos 2πt: `torch.hamming_window`.
#[track_caller]
pub fn hamming_window(size: usize, periodic: bool, alpha: f64, beta: f64) -> Tensor {
    Tensor::hamming_window(size, periodic, alpha, beta, &device())
}

/// Blackman's window: `torch.blackman_window`.
#[track_caller]
pub fn blackman_window(size: usize, periodic: bool) -> Tensor {
    Tensor::blackman_window(size, periodic, &device())
}

/// Bartlett's window, a triangle: `torch.bartlett_window`.
#[track_caller]
pub fn bartlett_window(size: usize, periodic: bool) -> Tensor {
    Tensor::bartlett_window(size, periodic, &device())
}

/// Kaiser's window: `torch.kaiser_window`.
#[track_caller]
pub fn kaiser_window(size: usize, periodic: bool, beta: f64) -> Tensor {
    Tensor::kaiser_window(size, periodic, beta, &device())
}

/// Uniform numbers in [0, 1): `torch.rand`.
#[track_caller]
pub fn rand(shape: impl Into<Shape>) -> Tensor {
    Tensor::rand(shape, &device())
}

/// Standard normal numbers: `torch.randn`.
///
/// ```
/// firebrand::manual_seed(0);
/// assert_eq!(firebrand::randn(4).to_string(), "tensor([ 1.5410, -0.2934, -2.1788,  0.5684])");
/// ```
#[track_caller]
pub fn randn(shape: impl Into<Shape>) -> Tensor {
    Tensor::randn(shape, &device())
}

/// Whole numbers in [low, high): `torch.randint`.
#[track_caller]
pub fn randint(low: i64, high: i64, shape: impl Into<Shape>) -> Tensor {
    Tensor::randint(low, high, shape, &device())
}

/// The numbers 0 to n − 1 in random order: `torch.randperm`.
#[track_caller]
pub fn randperm(n: usize) -> Tensor {
    Tensor::randperm(n, &device())
}

/// The limits of a type of floating-point numbers: what [`finfo`] tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FloatInfo {
    /// Bits of a number.
    pub bits: u32,
    /// From 1 to the next number.
    pub eps: f64,
    /// The largest number.
    pub max: f64,
    /// The smallest, −max.
    pub min: f64,
    /// The smallest positive number of full precision.
    pub smallest_normal: f64,
    /// The decimal digits that hold: 1e-6, 1e-15.
    pub resolution: f64,
}

/// The limits of a floating-point type: `torch.finfo`.
///
/// ```
/// use firebrand::{DType, finfo};
/// assert_eq!(finfo(DType::F32).eps, f64::from(f32::EPSILON));
/// ```
///
/// # Panics
/// For another type.
#[track_caller]
pub fn finfo(dtype: DType) -> FloatInfo {
    match dtype {
        DType::F64 => FloatInfo {
            bits: 64,
            eps: f64::EPSILON,
            max: f64::MAX,
            min: f64::MIN,
            smallest_normal: f64::MIN_POSITIVE,
            resolution: 1e-15,
        },
        DType::F32 => FloatInfo {
            bits: 32,
            eps: f32::EPSILON.into(),
            max: f32::MAX.into(),
            min: f32::MIN.into(),
            smallest_normal: f32::MIN_POSITIVE.into(),
            resolution: 1e-6,
        },
        other => check::fail("finfo", format!("{other} has no floating point"), "give F32 or F64"),
    }
}
