//! Python values into the types of Firebrand's calls, and results back.

use super::arguments::OptionArgs;
use super::creation::home;
use super::kinds::Rounding;
use crate::modules::{AnyOptimizer, AnyScheduler, ModuleRef};
use crate::python::{PyError, Value};
use autograd::{MatrixNorm, Options, QuantileMode, Reduce, Tensor, TensorArg};
use nn::init::{Fan, Nonlinearity};
use nn::loss::Reduction;
use nn::optim::PlateauMode;
use nn::{Approximate, BagMode, PaddingMode};
use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;
use tensor_core::random::Generator;
use tensor_core::{DType, Device, Scalar, Shape};

/// A type that a Python argument can become.
pub trait FromValue: Sized {
    /// What a person is told the argument must be.
    const KIND: &'static str;
    /// Whether it takes all positional arguments that are left: `zeros(2, 3)`.
    const REST: bool = false;
    /// Whether it takes options by keyword instead of an argument.
    const OPTIONS: bool = false;
    /// The value, if it is of this kind.
    fn from_value(value: &Value) -> Option<Self>;
    /// All positional arguments that are left; one sequence stands for its elements.
    fn from_rest(values: &[Value]) -> Option<Self> {
        match values {
            [one] if one.items().is_some() => Self::from_value(one),
            many => Self::from_value(&Value::tuple(many.to_vec())),
        }
    }
    /// The options.
    fn from_options(_options: &mut OptionArgs) -> Option<Self> {
        None
    }
}

macro_rules! from_value {
    ($($ty:ty, $kind:literal, $value:ident => $($pattern:pat $(if $guard:expr)? => $result:expr),+;)+) => {$(
        impl FromValue for $ty {
            const KIND: &'static str = $kind;
            fn from_value($value: &Value) -> Option<Self> {
                #[allow(unreachable_patterns, reason = "some kinds take every value")]
                match $value {
                    $($pattern $(if $guard)? => $result,)+
                    _ => None,
                }
            }
        }
    )+};
}
from_value! {
    Value, "a value", v => any => Some(any.clone());
    Tensor, "Tensor", v => Value::Tensor(t) => Some(t.clone());
    TensorArg, "Tensor or number", v => Value::Tensor(t) => Some(t.into()), other => other.scalar().map(Into::into);
    Scalar, "number", v => other => other.scalar();
    f64, "float", v => Value::Tensor(t) if t.numel() == 1 && !t.requires_grad() => Some(t.item()), other => other.scalar().map(Scalar::to_f64);
    i64, "int", v => Value::Int(i) => Some(*i), Value::Bool(b) => Some(i64::from(*b)),
        Value::Tensor(t) if t.numel() == 1 && !t.dtype().is_float() => Some(t.item());
    u64, "non-negative int", v => Value::Int(i) => u64::try_from(*i).ok();
    isize, "int", v => Value::Int(i) => Some(*i as isize);
    usize, "non-negative int", v => Value::Int(i) => usize::try_from(*i).ok();
    bool, "bool", v => Value::Bool(b) => Some(*b);
    String, "str", v => Value::Str(s) => Some(s.to_string());
    DType, "torch.dtype", v => Value::DType(d) => Some(*d);
    Device, "torch.device", v => Value::Device(d) => Some(d.clone()), Value::Str(s) if &**s == "cpu" => Some(firebrand::cpu());
    Generator, "torch.Generator", v => Value::Generator(g) => Some(g.clone());
    ModuleRef, "Module", v => Value::Module(m) => Some(m.clone());
    Rc<RefCell<AnyOptimizer>>, "Optimizer", v => Value::Optimizer(o) => Some(o.clone());
    (Rc<RefCell<AnyScheduler>>, Rc<RefCell<AnyOptimizer>>), "LRScheduler", v => Value::Scheduler(s, o) => Some((s.clone(), o.clone()));
    u32, "non-negative int", v => Value::Int(i) => u32::try_from(*i).ok();
    i32, "int", v => Value::Int(i) => i32::try_from(*i).ok();
    MatrixNorm, "'fro', 'nuc' or a number", v => Value::Str(s) => match &**s {
        "fro" => Some(MatrixNorm::Frobenius), "nuc" => Some(MatrixNorm::Nuclear), _ => None,
    }, other => other.scalar().map(|o| MatrixNorm::Order(o.to_f64()));
    Reduce, "'sum', 'prod', 'mean', 'amax' or 'amin'", v => Value::Str(s) => match &**s {
        "sum" => Some(Reduce::Sum), "prod" => Some(Reduce::Prod), "mean" => Some(Reduce::Mean),
        "amax" => Some(Reduce::Amax), "amin" => Some(Reduce::Amin), _ => None,
    };
    QuantileMode, "'linear', 'lower', 'higher', 'nearest' or 'midpoint'", v => Value::Str(s) => match &**s {
        "linear" => Some(QuantileMode::Linear), "lower" => Some(QuantileMode::Lower),
        "higher" => Some(QuantileMode::Higher), "nearest" => Some(QuantileMode::Nearest),
        "midpoint" => Some(QuantileMode::Midpoint), _ => None,
    };
    PlateauMode, "'min' or 'max'", v => Value::Str(s) => match &**s {
        "min" => Some(PlateauMode::Min), "max" => Some(PlateauMode::Max), _ => None,
    };
    Rounding, "'floor' or 'trunc'", v => Value::Str(s) => match &**s {
        "floor" => Some(Rounding::Floor), "trunc" => Some(Rounding::Trunc), _ => None,
    };
    Fan, "'fan_in' or 'fan_out'", v => Value::Str(s) => match &**s {
        "fan_in" => Some(Fan::In), "fan_out" => Some(Fan::Out), _ => None,
    };
    Nonlinearity, "'linear', 'sigmoid', 'tanh', 'relu', 'leaky_relu' or 'selu'", v => Value::Str(s) => match &**s {
        "sigmoid" => Some(Nonlinearity::Sigmoid), "tanh" => Some(Nonlinearity::Tanh),
        "relu" => Some(Nonlinearity::ReLU), "leaky_relu" => Some(Nonlinearity::LeakyReLU),
        "selu" => Some(Nonlinearity::SELU),
        s if s == "linear" || s.starts_with("conv") => Some(Nonlinearity::Linear), _ => None,
    };
    BagMode, "'sum', 'mean' or 'max'", v => Value::Str(s) => match &**s {
        "sum" => Some(BagMode::Sum), "mean" => Some(BagMode::Mean), "max" => Some(BagMode::Max), _ => None,
    };
    PaddingMode, "'zeros', 'reflect', 'replicate' or 'circular'", v => Value::Str(s) => match &**s {
        word @ ("zeros" | "reflect" | "replicate" | "circular") => Some(word.into()), _ => None,
    };
    Approximate, "'none' or 'tanh'", v => Value::Str(s) => match &**s {
        "none" => Some(Approximate::None), "tanh" => Some(Approximate::Tanh), _ => None,
    };
    Reduction, "'mean', 'sum' or 'none'", v => Value::Str(s) => match &**s {
        "mean" => Some(Reduction::Mean), "sum" => Some(Reduction::Sum), "none" => Some(Reduction::None),
        "batchmean" => Some(Reduction::BatchMean), _ => None,
    };
}

impl<T: FromValue> FromValue for Option<T> {
    const KIND: &'static str = T::KIND;
    fn from_value(value: &Value) -> Option<Self> {
        if matches!(value, Value::None) { Some(None) } else { T::from_value(value).map(Some) }
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    const KIND: &'static str = "a list or tuple";
    fn from_value(value: &Value) -> Option<Self> {
        value.items()?.iter().map(T::from_value).collect()
    }
}

impl<A: FromValue, B: FromValue> FromValue for (A, B) {
    const KIND: &'static str = "a pair";
    fn from_value(value: &Value) -> Option<Self> {
        match &value.items()?[..] {
            [a, b] => Some((A::from_value(a)?, B::from_value(b)?)),
            _ => None,
        }
    }
}

/// Sizes: `zeros(2, 3)`, `zeros((2, 3))`, `zeros([2])`.
impl FromValue for Shape {
    const KIND: &'static str = "sizes";
    const REST: bool = true;
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(_) => Some(Shape::new(&[usize::from_value(value)?])),
            Value::Size(shape) => Some(*shape),
            other => Vec::<usize>::from_value(other).map(|dims| Shape::new(&dims)),
        }
    }
}

/// Several numbers, or one: dimensions, an order, sizes with −1. All positional arguments that are left.
#[derive(Clone, Debug)]
pub struct Ints(pub Vec<isize>);

impl Deref for Ints {
    type Target = [isize];
    fn deref(&self) -> &[isize] {
        &self.0
    }
}
impl Ints {
    /// As sizes.
    pub fn sizes(&self) -> Vec<usize> {
        self.0.iter().map(|&v| v.max(0) as usize).collect()
    }
}
impl FromValue for Ints {
    const KIND: &'static str = "ints";
    const REST: bool = true;
    fn from_value(value: &Value) -> Option<Self> {
        Dims::from_value(value).map(|d| Ints(d.0))
    }
}

/// One or several dimensions in one argument; `None` is all of them.
#[derive(Clone, Debug)]
pub struct Dims(pub Vec<isize>);

impl autograd::Dims for Dims {
    fn list(&self) -> Vec<isize> {
        self.0.clone()
    }
}
impl FromValue for Dims {
    const KIND: &'static str = "int or tuple of ints";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(dim) => Some(Dims(vec![*dim as isize])),
            Value::None => Some(Dims(Vec::new())),
            other => Vec::<isize>::from_value(other).map(Dims),
        }
    }
}

/// `dtype=`, `device=`, `generator=` that a creation function takes itself, and `requires_grad=`.
pub type Maker = Options;

impl FromValue for Options {
    const KIND: &'static str = "options";
    const OPTIONS: bool = true;
    fn from_value(_: &Value) -> Option<Self> {
        None
    }
    fn from_options(options: &mut OptionArgs) -> Option<Self> {
        let dtype = options.dtype.take().unwrap_or(DType::F32);
        Some(Options { dtype, device: home(dtype), generator: options.generator.take() })
    }
}

/// `dtype=` and `requires_grad=`, applied to the result.
#[derive(Clone, Copy, Debug)]
pub struct Cast;

impl FromValue for Cast {
    const KIND: &'static str = "options";
    const OPTIONS: bool = true;
    fn from_value(_: &Value) -> Option<Self> {
        None
    }
    fn from_options(options: &mut OptionArgs) -> Option<Self> {
        options.generator.is_none().then_some(Cast)
    }
}

/// `dtype=` that a function converts its input to before all else.
#[derive(Clone, Copy, Debug)]
pub struct As(Option<DType>);

impl As {
    /// The input, converted if a type was given.
    pub fn of(self, input: Tensor) -> Tensor {
        self.0.map_or_else(|| input.clone(), |dtype| input.to_dtype(dtype))
    }
}
impl FromValue for As {
    const KIND: &'static str = "options";
    const OPTIONS: bool = true;
    fn from_value(_: &Value) -> Option<Self> {
        None
    }
    fn from_options(options: &mut OptionArgs) -> Option<Self> {
        Some(As(options.dtype.take()))
    }
}

/// `torch.tensor(…, dtype=…)`: options that must name a type.
#[derive(Clone, Debug)]
pub struct Typed(pub Options);

impl FromValue for Typed {
    const KIND: &'static str = "options";
    const OPTIONS: bool = true;
    fn from_value(_: &Value) -> Option<Self> {
        None
    }
    fn from_options(options: &mut OptionArgs) -> Option<Self> {
        options.dtype?;
        Options::from_options(options).map(Typed)
    }
}

/// A result that becomes a Python value.
pub trait IntoValue {
    /// The value.
    ///
    /// # Errors
    /// The call's own.
    fn into_value(self) -> Result<Value, PyError>;
}

macro_rules! into_value {
    ($($ty:ty),+) => {$(
        impl IntoValue for $ty {
            fn into_value(self) -> Result<Value, PyError> {
                Ok(self.into())
            }
        }
    )+};
}
into_value!(
    bool,
    i64,
    usize,
    f64,
    &str,
    String,
    Tensor,
    Shape,
    DType,
    Device,
    Generator,
    Scalar,
    Vec<Value>,
    Vec<Tensor>,
    (Tensor, Tensor, Tensor)
);

impl<A: IntoValue, B: IntoValue> IntoValue for (A, B) {
    fn into_value(self) -> Result<Value, PyError> {
        Ok(Value::tuple(vec![self.0.into_value()?, self.1.into_value()?]))
    }
}

impl IntoValue for Value {
    fn into_value(self) -> Result<Value, PyError> {
        Ok(self)
    }
}
impl IntoValue for &Tensor {
    fn into_value(self) -> Result<Value, PyError> {
        Ok(self.clone().into())
    }
}
impl IntoValue for &Shape {
    fn into_value(self) -> Result<Value, PyError> {
        Ok((*self).into())
    }
}
impl IntoValue for () {
    fn into_value(self) -> Result<Value, PyError> {
        Ok(Value::None)
    }
}
impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Result<Value, PyError> {
        self.map_or(Ok(Value::None), T::into_value)
    }
}
impl<T: IntoValue, E: Into<PyError>> IntoValue for Result<T, E> {
    fn into_value(self) -> Result<Value, PyError> {
        self.map_err(Into::into)?.into_value()
    }
}
