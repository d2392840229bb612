//! Arguments of a kind of their own: sizes for every dimension, modules, parameters, formulas.

use super::FromValue;
use crate::modules::ModuleRef;
use crate::python::{Session, Value};
use autograd::{AdaptiveSize, Each, Padding, Tensor};
use nn::{Module, Sides, StateDict};
use tensor_core::{DType, Scalar, Shape};

/// `torch.div`'s `rounding_mode`.
#[derive(Clone, Copy, Debug)]
pub enum Rounding {
    /// Down.
    Floor,
    /// Towards zero.
    Trunc,
}

/// A length for each sequence, as a tensor or a tuple; a number for a single one.
#[derive(Clone, Debug)]
pub struct Lengths(pub Vec<usize>);

impl Lengths {
    /// Those of a tensor.
    pub fn of(t: &Tensor) -> Self {
        Lengths(t.to_vec::<i64>().into_iter().map(|n| n.max(0) as usize).collect())
    }
}
impl FromValue for Lengths {
    const KIND: &'static str = "Tensor or tuple of ints";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Tensor(t) => Some(Lengths::of(t)),
            Value::Int(_) => usize::from_value(value).map(|n| Lengths(vec![n])),
            other => Vec::from_value(other).map(Lengths),
        }
    }
}

/// Any arguments, which are not looked at.
#[derive(Clone, Copy, Debug)]
pub struct Anything;

impl FromValue for Anything {
    const KIND: &'static str = "anything";
    const REST: bool = true;
    fn from_value(_: &Value) -> Option<Self> {
        Some(Anything)
    }
}

/// A quantile, or a tensor of them.
#[derive(Clone, Debug)]
pub enum Quantiles {
    /// One, as Python's float.
    Number(f64),
    /// A tensor.
    Tensor(Tensor),
}

impl Quantiles {
    /// As a tensor; a number in the other one's type.
    pub fn of(&self, x: &Tensor) -> Tensor {
        match self {
            Quantiles::Number(q) => Tensor::full((), *q, (x.dtype(), x.device())),
            Quantiles::Tensor(q) => q.clone(),
        }
    }
}

impl FromValue for Quantiles {
    const KIND: &'static str = "float or Tensor";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Tensor(t) => Some(Quantiles::Tensor(t.clone())),
            other => other.scalar().map(|q| Quantiles::Number(q.to_f64())),
        }
    }
}

/// One factor, or one for each dimension.
#[derive(Clone, Debug)]
pub struct Factors(pub Vec<f64>);

impl FromValue for Factors {
    const KIND: &'static str = "float or tuple of floats";
    fn from_value(value: &Value) -> Option<Self> {
        match value.scalar() {
            Some(factor) => Some(Factors(vec![factor.to_f64()])),
            None => Vec::from_value(value).map(Factors),
        }
    }
}

/// A function of the epoch, as Python writes it: `1/sqrt(1+epoch)`.
#[derive(Clone, Debug)]
pub struct Formula(String);

impl Formula {
    /// Its value, NaN where it has none.
    pub fn at(&self, epoch: u64) -> f64 {
        let mut session = Session::new();
        session.set("epoch", epoch as i64);
        session.set("sqrt", super::lookup("math", "sqrt").map_or(Value::None, Value::Function));
        session.eval(&self.0).ok().and_then(|v| v.scalar()).map_or(f64::NAN, Scalar::to_f64)
    }
}
impl FromValue for Formula {
    const KIND: &'static str = "a formula of epoch, as text";
    fn from_value(value: &Value) -> Option<Self> {
        String::from_value(value).map(Formula).filter(|f| !f.at(0).is_nan())
    }
}

/// One size for every dimension where it is one, or a size for each.
fn each<const D: usize, T: FromValue + Copy>(value: &Value, one: bool) -> Option<Each<D, T>>
where
    Each<D, T>: From<T>,
{
    if one {
        return T::from_value(value).map(Into::into);
    }
    <[T; D]>::try_from(Vec::from_value(value)?).ok().map(Into::into)
}

/// `kernel_size=3`, `padding=(2, 1)`.
impl<const D: usize> FromValue for Each<D> {
    const KIND: &'static str = "int or tuple of ints";
    fn from_value(value: &Value) -> Option<Self> {
        each(value, matches!(value, Value::Int(_)))
    }
}
/// `output_size=(None, 3)`.
impl<const D: usize> FromValue for AdaptiveSize<D> {
    const KIND: &'static str = "int, None or tuple of them";
    fn from_value(value: &Value) -> Option<Self> {
        each(value, matches!(value, Value::Int(_) | Value::None))
    }
}
impl<const D: usize> FromValue for Padding<D> {
    const KIND: &'static str = "int, tuple of ints, 'same' or 'valid'";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Str(s) if matches!(&**s, "same" | "valid") => Some((&**s).into()),
            other => Each::<D>::from_value(other).map(Into::into),
        }
    }
}

/// Sizes in one argument: `randint(10, (2, 3))`.
#[derive(Clone, Copy, Debug)]
pub struct Shape1(pub Shape);

impl FromValue for Shape1 {
    const KIND: &'static str = "a tuple of sizes";
    fn from_value(value: &Value) -> Option<Self> {
        if matches!(value, Value::Int(_)) { None } else { Shape::from_value(value).map(Shape1) }
    }
}

/// Sizes in one argument, or one size: `LayerNorm(10)`.
#[derive(Clone, Copy, Debug)]
pub struct Shape1d(pub Shape);

impl FromValue for Shape1d {
    const KIND: &'static str = "sizes";
    fn from_value(value: &Value) -> Option<Self> {
        Shape::from_value(value).map(Shape1d)
    }
}

/// A boolean tensor, or a boolean.
#[derive(Clone, Debug)]
pub struct Bools(pub Tensor);

impl FromValue for Bools {
    const KIND: &'static str = "a boolean Tensor";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Tensor(t) if t.dtype() == DType::Bool => Some(Bools(t.clone())),
            Value::Bool(b) => Some(Bools(Tensor::full((), *b, (DType::Bool, &firebrand::device())))),
            _ => None,
        }
    }
}

/// Tensors as arguments, or in one list: `einsum(equation, x, y)`.
#[derive(Clone, Debug)]
pub struct Tensors(pub Vec<Tensor>);

impl FromValue for Tensors {
    const KIND: &'static str = "Tensors";
    const REST: bool = true;
    fn from_value(value: &Value) -> Option<Self> {
        Vec::from_value(value).map(Tensors)
    }
}

/// Modules as arguments: `Sequential(a, b)`.
pub struct Modules(pub Vec<Box<dyn Module>>);

impl FromValue for Modules {
    const KIND: &'static str = "Modules";
    const REST: bool = true;
    fn from_value(value: &Value) -> Option<Self> {
        let modules = Vec::<ModuleRef>::from_value(value)?;
        Some(Modules(modules.into_iter().map(|m| Box::new(m) as Box<dyn Module>).collect()))
    }
}

/// Modules by name, in one dict.
pub struct NamedModules(pub Vec<(String, ModuleRef)>);

impl FromValue for NamedModules {
    const KIND: &'static str = "a dict of Modules";
    fn from_value(value: &Value) -> Option<Self> {
        let Value::Dict(pairs) = value else { return None };
        let pair = |(name, m): &(Value, Value)| Some((String::from_value(name)?, ModuleRef::from_value(m)?));
        pairs.borrow().iter().map(pair).collect::<Option<_>>().map(NamedModules)
    }
}

/// The widths of a border: one, or one for each side.
impl FromValue for Sides {
    const KIND: &'static str = "int or tuple of ints";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(_) => usize::from_value(value).map(Sides::from),
            other => Vec::<usize>::from_value(other).map(Sides::from),
        }
    }
}

/// Tensors by name: a state dict.
#[derive(Clone, Debug)]
pub struct State(pub StateDict);

impl FromValue for State {
    const KIND: &'static str = "a dict of Tensors";
    fn from_value(value: &Value) -> Option<Self> {
        let Value::Dict(pairs) = value else { return None };
        let pairs = pairs.borrow();
        let pair = |(name, t): &(Value, Value)| Some((String::from_value(name)?, Tensor::from_value(t)?));
        pairs.iter().map(pair).collect::<Option<StateDict>>().map(State)
    }
}

/// What an optimizer trains: a list of tensors.
#[derive(Clone, Debug)]
pub struct Params(pub Vec<Tensor>);

impl FromValue for Params {
    const KIND: &'static str = "a list of Tensors";
    fn from_value(value: &Value) -> Option<Self> {
        Vec::from_value(value).map(Params)
    }
}
