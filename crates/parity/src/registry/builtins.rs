//! Python's own functions that the fixtures and tutorials use.

use super::{Entry, FromValue, forms};
use crate::python::{PyError, Value, iterate, plus, repr, str_of, truth};
use autograd::Tensor;
use tensor_core::Scalar;

fn float(text: &str) -> Result<f64, PyError> {
    let trimmed = text.trim().to_lowercase();
    trimmed.parse().map_err(|_| PyError::value(format!("could not convert string to float: '{text}'")))
}

fn length(value: &Value) -> Result<usize, PyError> {
    match value {
        Value::Str(s) => Ok(s.chars().count()),
        Value::Tensor(t) if t.rank() > 0 => Ok(t.dim(0)),
        other => Ok(iterate(other)?.len()),
    }
}

fn range(start: i64, stop: i64, step: i64) -> Result<Value, PyError> {
    if step == 0 {
        return Err(PyError::value("range() arg 3 must not be zero"));
    }
    let mut all = Vec::new();
    let mut i = start;
    while (step > 0 && i < stop) || (step < 0 && i > stop) {
        all.push(Value::Int(i));
        i += step;
    }
    Ok(Value::list(all))
}

/// `sum(iterable)`
fn total(items: &Value) -> Result<Value, PyError> {
    iterate(items)?.iter().try_fold(Value::Int(0), |sum, item| plus(&sum, item))
}

fn whole(value: Scalar) -> i64 {
    value.to_i64()
}

/// Numbers as arguments, or in one list: `min(1, x)`.
#[derive(Clone, Debug)]
struct Numbers(Vec<Value>);

impl Numbers {
    /// The first that none is before.
    fn first(self, before: fn(f64, f64) -> bool) -> Value {
        let number = |v: &Value| v.scalar().map_or(f64::NAN, Scalar::to_f64);
        let best = |best: Value, v: Value| if before(number(&v), number(&best)) { v } else { best };
        self.0.into_iter().reduce(best).unwrap_or(Value::None)
    }
    fn least(self) -> Value {
        self.first(|a, b| a < b)
    }
    fn most(self) -> Value {
        self.first(|a, b| a > b)
    }
}
impl FromValue for Numbers {
    const KIND: &'static str = "numbers";
    const REST: bool = true;
    fn from_value(value: &Value) -> Option<Self> {
        let items = value.items()?;
        (!items.is_empty() && items.iter().all(|v| v.scalar().is_some())).then_some(Numbers(items))
    }
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    forms! {
        "builtins" float(x: f64) => x;
        "builtins" float(x: String) => float(&x);
        "builtins" int(x: Scalar) => whole(x);
        "builtins" int(x: f64) => x as i64;
        "builtins" bool(x: Value) => truth(&x);
        "builtins" str(x: Value) => str_of(&x);
        "builtins" repr(x: Value) => repr(&x);
        "builtins" len(x: Value) => length(&x);
        "builtins" tuple(x: Value) => iterate(&x).map(Value::tuple);
        "builtins" list(x: Value) => iterate(&x).map(Value::list);
        "builtins" range(stop: i64) => range(0, stop, 1);
        "builtins" range(start: i64, stop: i64, step: i64 = 1) => range(start, stop, step);
        "builtins" abs(x: i64) => x.abs();
        "builtins" abs(x: f64) => x.abs();
        "builtins" abs(x: Tensor) => x.abs();
        "builtins" min(x: Numbers) => x.least();
        "builtins" max(x: Numbers) => x.most();
        "builtins" round(x: f64) => x.round_ties_even() as i64;
        "math" log2(x: f64) => x.log2();
        "math" log10(x: f64) => x.log10();
        "math" pow(x: f64, y: f64) => x.powf(y);
        "math" tanh(x: f64) => x.tanh();
        "math" floor(x: f64) => x.floor() as i64;
        "math" ceil(x: f64) => x.ceil() as i64;
        "builtins" sum(iterable: Value) => total(&iterable);
        "builtins" print(x: Value) => Value::None;
        "math" sqrt(x: f64) => x.sqrt();
        "math" exp(x: f64) => x.exp();
        "math" log(x: f64) => x.ln();
        "math" sin(x: f64) => x.sin();
        "math" cos(x: f64) => x.cos();
        "math" prod(x: Vec<f64>) => x.iter().product::<f64>();
        "math! torch!" pi() => std::f64::consts::PI;
        "math! torch!" inf() => f64::INFINITY;
        "math! torch!" nan() => f64::NAN;
        "math! torch!" e() => std::f64::consts::E;
        "list" append(list: Value, value: Value) => if let Value::List(items) = &list { items.borrow_mut().push(value) };
    }
}
