//! What Python's names can hold here.

use crate::modules::{AnyOptimizer, AnyScheduler, Loss, ModuleRef};
use crate::registry::Function;
use autograd::Tensor;
use std::cell::RefCell;
use std::rc::Rc;
use tensor_core::random::Generator;
use tensor_core::{DType, Device, Scalar, Shape};

/// The elements of a list, shared by every name that holds it.
pub type Items = Rc<RefCell<Vec<Value>>>;

/// A named tuple's name and fields: `torch.return_types.max` with `values` and `indices`.
#[derive(Debug, PartialEq, Eq)]
pub struct Fields {
    /// The type as printed.
    pub name: &'static str,
    /// The fields in order.
    pub fields: &'static [&'static str],
}

/// A Python value.
#[derive(Clone)]
pub enum Value {
    /// `None`
    None,
    /// `True`, `False`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// Text.
    Str(Rc<str>),
    /// A list.
    List(Items),
    /// A tuple.
    Tuple(Rc<[Value]>),
    /// A named tuple.
    Named(&'static Fields, Rc<[Value]>),
    /// A dict, in order of insertion.
    Dict(Rc<RefCell<Vec<(Value, Value)>>>),
    /// `torch.Size`
    Size(Shape),
    /// `start:end:step`
    Slice(Rc<[Value; 3]>),
    /// `...`
    Ellipsis,
    /// A tensor.
    Tensor(Tensor),
    /// `torch.float32`
    DType(DType),
    /// `torch.device('cpu')`
    Device(Device),
    /// `torch.Generator()`
    Generator(Generator),
    /// A module, or a part of one.
    Module(ModuleRef),
    /// A loss.
    Loss(Rc<Loss>),
    /// An optimizer.
    Optimizer(Rc<RefCell<AnyOptimizer>>),
    /// A schedule of learning rates, with the optimizer that it steers.
    Scheduler(Rc<RefCell<AnyScheduler>>, Rc<RefCell<AnyOptimizer>>),
    /// A function of the registry.
    Function(&'static Function),
    /// A method bound to its object.
    Method(Rc<Value>, &'static Function),
    /// `torch`, `nn`, `F`, …
    Namespace(&'static str),
    /// `torch.no_grad()` as the subject of `with`: whether gradients are recorded inside.
    GradMode(bool),
}

impl Value {
    /// The name of its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::None => "NoneType",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Str(_) => "str",
            Value::List(_) => "list",
            Value::Tuple(_) | Value::Named(..) => "tuple",
            Value::Dict(_) => "dict",
            Value::Size(_) => "torch.Size",
            Value::Slice(_) => "slice",
            Value::Ellipsis => "ellipsis",
            Value::Tensor(t) if t.is_parameter() => "Parameter",
            Value::Tensor(_) => "Tensor",
            Value::DType(_) => "torch.dtype",
            Value::Device(_) => "torch.device",
            Value::Generator(_) => "torch.Generator",
            Value::Module(_) | Value::Loss(_) => "Module",
            Value::Optimizer(_) => "Optimizer",
            Value::Scheduler(..) => "LRScheduler",
            Value::Function(_) => "builtin_function_or_method",
            Value::Method(..) => "method",
            Value::Namespace(_) => "module",
            Value::GradMode(_) => "no_grad",
        }
    }

    /// Where the registry keeps its methods.
    pub(crate) fn home(&self) -> &'static str {
        match self {
            Value::Tensor(_) => "Tensor",
            Value::Module(_) => "nn.Module",
            Value::Optimizer(_) => "optim.Optimizer",
            Value::Scheduler(..) => "LRScheduler",
            other => other.type_name(),
        }
    }

    /// A list.
    pub fn list(items: Vec<Value>) -> Self {
        Value::List(Rc::new(RefCell::new(items)))
    }

    /// A tuple.
    pub fn tuple(items: Vec<Value>) -> Self {
        Value::Tuple(items.into())
    }

    /// The elements, if it is a sequence.
    pub fn items(&self) -> Option<Vec<Value>> {
        match self {
            Value::List(items) => Some(items.borrow().clone()),
            Value::Tuple(items) | Value::Named(_, items) => Some(items.to_vec()),
            Value::Size(shape) => Some(shape.iter().map(|&d| Value::Int(d as i64)).collect()),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn scalar(&self) -> Option<Scalar> {
        match self {
            Value::Bool(v) => Some(Scalar::Bool(*v)),
            Value::Int(v) => Some(Scalar::Int(*v)),
            Value::Float(v) => Some(Scalar::Float(*v)),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&super::repr(self))
    }
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Bool(v) => Value::Bool(v),
            Scalar::Int(v) => Value::Int(v),
            Scalar::Float(v) => Value::Float(v),
        }
    }
}

macro_rules! value_from {
    ($($ty:ty => |$v:ident| $value:expr;)+) => {$(
        impl From<$ty> for Value {
            fn from($v: $ty) -> Self {
                $value
            }
        }
    )+};
}
value_from! {
    bool => |v| Value::Bool(v);
    i64 => |v| Value::Int(v);
    usize => |v| Value::Int(v as i64);
    f64 => |v| Value::Float(v);
    &str => |v| Value::Str(v.into());
    String => |v| Value::Str(v.into());
    Tensor => |v| Value::Tensor(v);
    Shape => |v| Value::Size(v);
    DType => |v| Value::DType(v);
    Device => |v| Value::Device(v);
    Generator => |v| Value::Generator(v);
    Vec<Value> => |v| Value::list(v);
    Vec<Tensor> => |v| Value::tuple(v.into_iter().map(Value::Tensor).collect());
    (Tensor, Tensor) => |v| Value::tuple(vec![v.0.into(), v.1.into()]);
    (Tensor, Tensor, Tensor) => |v| Value::tuple(vec![v.0.into(), v.1.into(), v.2.into()]);
}
