//! `Value`: what a checkpoint holds besides tensors, as Python's containers and numbers.

use crate::error::{Error, Result};
use crate::tensors::StateDict;
use autograd::Tensor;
use indexmap::IndexMap;
use std::fmt;
use std::sync::Arc;

/// A Python object of a checkpoint: a tensor, a container, a number, a text or nothing.
///
/// ```
/// use formats::{Dict, Value};
/// let mut checkpoint = Dict::new();
/// checkpoint.insert("epoch", 3);
/// checkpoint.insert("losses", vec![0.5, 0.25]);
/// let checkpoint = Value::from(checkpoint);
/// assert_eq!(checkpoint.get("epoch").and_then(Value::as_i64), Some(3));
/// assert_eq!(checkpoint.to_string(), "{'epoch': 3, 'losses': [0.5, 0.25]}");
/// ```
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `None`.
    #[default]
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A text.
    Str(Arc<str>),
    /// A list.
    List(Vec<Value>),
    /// A tuple; `torch.Size` too.
    Tuple(Vec<Value>),
    /// A `dict`.
    Dict(Dict),
    /// A `collections.OrderedDict`, as a module's state dict is.
    OrderedDict(Dict),
    /// A tensor, or a parameter.
    Tensor(Tensor),
}

/// The key of a [`Dict`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A text.
    Str(Arc<str>),
    /// A whole number, as optimizers number their parameters.
    Int(i64),
}

/// A Python dict: values by key, in order.
#[derive(Clone, Debug, Default)]
pub struct Dict(Box<IndexMap<Key, Value>>);

impl Dict {
    /// An empty dict.
    pub fn new() -> Self {
        Dict::default()
    }

    /// Puts a value under a key; returns the one that was there.
    pub fn insert(&mut self, key: impl Into<Key>, value: impl Into<Value>) -> Option<Value> {
        self.0.insert(key.into(), value.into())
    }

    /// The value under a key.
    pub fn get(&self, key: impl Into<Key>) -> Option<&Value> {
        self.0.get(&key.into())
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys with their values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Value)> {
        self.0.iter()
    }
}

impl Value {
    /// What it is, in Python's words.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::None => "None",
            Value::Bool(_) => "a bool",
            Value::Int(_) => "an int",
            Value::Float(_) => "a float",
            Value::Str(_) => "a str",
            Value::List(_) => "a list",
            Value::Tuple(_) => "a tuple",
            Value::Dict(_) => "a dict",
            Value::OrderedDict(_) => "an OrderedDict",
            Value::Tensor(_) => "a tensor",
        }
    }

    /// The value under a key, of either kind of dict.
    pub fn get(&self, key: impl Into<Key>) -> Option<&Value> {
        self.as_dict().and_then(|dict| dict.get(key))
    }

    /// The dict, if it is one of either kind.
    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Value::Dict(dict) | Value::OrderedDict(dict) => Some(dict),
            _ => None,
        }
    }

    /// The elements of a list or a tuple.
    pub fn as_slice(&self) -> Option<&[Value]> {
        match self {
            Value::List(values) | Value::Tuple(values) => Some(values),
            _ => None,
        }
    }

    /// The tensor, if it is one.
    pub fn as_tensor(&self) -> Option<&Tensor> {
        if let Value::Tensor(tensor) = self { Some(tensor) } else { None }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::Str(text) = self { Some(text) } else { None }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self { Some(*value) } else { None }
    }

    /// The whole number, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        if let Value::Int(value) = self { Some(*value) } else { None }
    }

    /// The number as a double, be it whole or not.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Float(value) => Some(*value),
            Value::Int(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// Whether it is `None`.
    pub fn is_none(&self) -> bool {
        matches!(self, Value::None)
    }

    /// The tensors by name, for `Module::load_state_dict`.
    ///
    /// # Errors
    /// When it is no dict of tensors under texts, naming the entry that is not.
    pub fn state_dict(&self) -> Result<StateDict> {
        let wrong = |name: &dyn fmt::Display, value: &Value, expected| Error::Kind {
            name: name.to_string(),
            found: value.kind(),
            expected,
        };
        let dict = self.as_dict().ok_or_else(|| wrong(&"the value", self, "a dict of tensors"))?;
        let entries = dict.iter().map(|(key, value)| match (key, value) {
            (Key::Str(name), Value::Tensor(tensor)) => Ok((name.to_string(), tensor.clone())),
            (key, value) => Err(wrong(key, value, "a tensor under a name")),
        });
        entries.collect()
    }
}

/// As Python prints it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::None => f.write_str("None"),
            Value::Bool(value) => f.write_str(if *value { "True" } else { "False" }),
            Value::Int(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Str(text) => write!(f, "'{}'", text.escape_debug()),
            Value::Tensor(tensor) => write!(f, "{tensor}"),
            Value::List(values) => {
                f.write_str("[")?;
                join(f, values.iter())?;
                f.write_str("]")
            }
            Value::Tuple(values) => {
                f.write_str("(")?;
                join(f, values.iter())?;
                f.write_str(if values.len() == 1 { ",)" } else { ")" })
            }
            Value::Dict(dict) => write!(f, "{dict}"),
            Value::OrderedDict(dict) => write!(f, "OrderedDict({dict})"),
        }
    }
}

impl fmt::Display for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        join(
            f,
            self.iter().map(|(key, value)| match key {
                Key::Str(name) => format!("'{}': {value}", name.escape_debug()),
                Key::Int(number) => format!("{number}: {value}"),
            }),
        )?;
        f.write_str("}")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Str(name) => f.write_str(name),
            Key::Int(number) => write!(f, "{number}"),
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, parts: impl Iterator<Item = impl fmt::Display>) -> fmt::Result {
    for (i, part) in parts.enumerate() {
        write!(f, "{}{part}", if i == 0 { "" } else { ", " })?;
    }
    Ok(())
}

macro_rules! from {
    ($($ty:ty, $v:ident => $value:expr;)+) => {$(
        impl From<$ty> for Value {
            fn from($v: $ty) -> Self {
                $value
            }
        }
    )+};
}
from! {
    bool, v => Value::Bool(v);
    i32, v => Value::Int(v.into());
    i64, v => Value::Int(v);
    u32, v => Value::Int(v.into());
    f32, v => Value::Float(v.into());
    f64, v => Value::Float(v);
    &str, v => Value::Str(v.into());
    String, v => Value::Str(v.into());
    &Tensor, v => Value::Tensor(v.clone());
    Tensor, v => Value::Tensor(v);
    Dict, v => Value::Dict(v);
    &Value, v => v.clone();
    StateDict, v => (&v).into();
    &StateDict, v => Value::OrderedDict(v.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect());
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Value::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::None, Into::into)
    }
}

impl<K: Into<Key>, V: Into<Value>> FromIterator<(K, V)> for Dict {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Dict(Box::new(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect()))
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Key::Str(name.into())
    }
}

impl From<String> for Key {
    fn from(name: String) -> Self {
        Key::Str(name.into())
    }
}

impl From<i64> for Key {
    fn from(number: i64) -> Self {
        Key::Int(number)
    }
}
