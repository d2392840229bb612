//! Operators: the registry's for tensors, Python's own for numbers and sequences.

use super::{PyError, Result, Value};
use crate::registry;
use ruff_python_ast::{CmpOp, Operator};
use std::cmp::Ordering;

/// Python's names of an operator's methods, after `__` and `__r`.
fn method(op: Operator) -> &'static str {
    match op {
        Operator::Add => "add",
        Operator::Sub => "sub",
        Operator::Mult => "mul",
        Operator::MatMult => "matmul",
        Operator::Div => "truediv",
        Operator::Mod => "mod",
        Operator::Pow => "pow",
        Operator::LShift => "lshift",
        Operator::RShift => "rshift",
        Operator::BitOr => "or",
        Operator::BitXor => "xor",
        Operator::BitAnd => "and",
        Operator::FloorDiv => "floordiv",
    }
}

fn unsupported(op: &str, a: &Value, b: &Value) -> PyError {
    let (a, b) = (a.type_name(), b.type_name());
    PyError::kind(format!("unsupported operand type(s) for {op}: '{a}' and '{b}'"))
}

/// Calls `Tensor.__name__`.
fn dunder(name: &str, symbol: &str, a: &Value, b: &Value) -> Result {
    match registry::lookup("Tensor", name) {
        Some(f) => f.call(&[a.clone(), b.clone()], &[]),
        None => Err(unsupported(symbol, a, b)),
    }
}

/// `a op b`
pub(super) fn binary(op: Operator, a: &Value, b: &Value) -> Result {
    let (name, symbol) = (method(op), op.as_str());
    match (a, b) {
        (Value::Tensor(_), Value::Tensor(_)) => dunder(&format!("__{name}__"), symbol, a, b),
        (Value::Tensor(_), b) if b.scalar().is_some() => dunder(&format!("__{name}__"), symbol, a, b),
        (a, Value::Tensor(_)) if a.scalar().is_some() => dunder(&format!("__r{name}__"), symbol, b, a),
        _ => plain(op, a, b),
    }
}

/// `a + b`
pub(crate) fn plus(a: &Value, b: &Value) -> Result {
    binary(Operator::Add, a, b)
}

/// `a op= b`: in place for tensors that have such a method.
pub(super) fn augmented(op: Operator, a: &Value, b: &Value) -> Result {
    if let Value::Tensor(_) = a
        && let Some(f) = registry::lookup("Tensor", &format!("__i{}__", method(op)))
    {
        return f.call(&[a.clone(), b.clone()], &[]);
    }
    binary(op, a, b)
}

fn plain(op: Operator, a: &Value, b: &Value) -> Result {
    let zero = || PyError { kind: "ZeroDivisionError", message: "division by zero".into() };
    let wide =
        |v: Option<i64>| v.map(Value::Int).ok_or_else(|| PyError::value("the result is too large here"));
    let whole = |v: &Value| match v {
        Value::Int(i) => Some(*i),
        Value::Bool(b) => Some(i64::from(*b)),
        _ => None,
    };
    if let (Some(x), Some(y)) = (whole(a), whole(b)) {
        return match op {
            Operator::Add => wide(x.checked_add(y)),
            Operator::Sub => wide(x.checked_sub(y)),
            Operator::Mult => wide(x.checked_mul(y)),
            Operator::Div if y == 0 => Err(zero()),
            Operator::Div => Ok(Value::Float(x as f64 / y as f64)),
            Operator::FloorDiv | Operator::Mod if y == 0 => Err(zero()),
            Operator::FloorDiv => Ok(Value::Int(x.div_euclid(y) - i64::from(y < 0 && x.rem_euclid(y) != 0))),
            Operator::Mod => Ok(Value::Int((x % y + y) % y)),
            Operator::Pow if y < 0 => Ok(Value::Float((x as f64).powf(y as f64))),
            Operator::Pow => wide(u32::try_from(y).ok().and_then(|y| x.checked_pow(y))),
            Operator::BitAnd => Ok(Value::Int(x & y)),
            Operator::BitOr => Ok(Value::Int(x | y)),
            Operator::BitXor => Ok(Value::Int(x ^ y)),
            Operator::LShift => wide(u32::try_from(y).ok().and_then(|y| x.checked_shl(y))),
            Operator::RShift => wide(u32::try_from(y).ok().and_then(|y| x.checked_shr(y))),
            Operator::MatMult => Err(unsupported("@", a, b)),
        };
    }
    if let (Some(x), Some(y)) = (a.scalar(), b.scalar()) {
        let (x, y) = (x.to_f64(), y.to_f64());
        return match op {
            Operator::Add => Ok(Value::Float(x + y)),
            Operator::Sub => Ok(Value::Float(x - y)),
            Operator::Mult => Ok(Value::Float(x * y)),
            Operator::Div | Operator::FloorDiv | Operator::Mod if y == 0.0 => Err(zero()),
            Operator::Div => Ok(Value::Float(x / y)),
            Operator::FloorDiv => Ok(Value::Float((x / y).floor())),
            Operator::Mod => Ok(Value::Float(x - y * (x / y).floor())),
            Operator::Pow => Ok(Value::Float(x.powf(y))),
            _ => Err(unsupported(op.as_str(), a, b)),
        };
    }
    match (op, a, b) {
        (Operator::Add, Value::Str(x), Value::Str(y)) => Ok(Value::from(format!("{x}{y}"))),
        (Operator::Add, Value::List(_), Value::List(_)) => {
            Ok(Value::list([a.items().unwrap_or_default(), b.items().unwrap_or_default()].concat()))
        }
        (Operator::Add, Value::Tuple(_), Value::Tuple(_)) => {
            Ok(Value::tuple([a.items().unwrap_or_default(), b.items().unwrap_or_default()].concat()))
        }
        (Operator::Mult, Value::List(x), Value::Int(n)) => {
            let items = x.borrow();
            Ok(Value::list((0..*n).flat_map(|_| items.iter().cloned()).collect()))
        }
        (Operator::Mult, Value::Str(x), Value::Int(n)) => {
            Ok(Value::from(x.repeat(usize::try_from(*n).unwrap_or(0))))
        }
        _ => Err(unsupported(op.as_str(), a, b)),
    }
}

/// `-value`
pub(super) fn negate(value: &Value) -> Result {
    match value {
        Value::Int(v) => Ok(Value::Int(-v)),
        Value::Bool(v) => Ok(Value::Int(-i64::from(*v))),
        Value::Float(v) => Ok(Value::Float(-v)),
        Value::Tensor(_) => unary("__neg__", value),
        _ => Err(PyError::kind(format!("bad operand type for unary -: '{}'", value.type_name()))),
    }
}

/// `~value`
pub(super) fn invert(value: &Value) -> Result {
    match value {
        Value::Int(v) => Ok(Value::Int(!v)),
        Value::Tensor(_) => unary("__invert__", value),
        _ => Err(PyError::kind(format!("bad operand type for unary ~: '{}'", value.type_name()))),
    }
}

fn unary(name: &str, value: &Value) -> Result {
    let f = registry::lookup("Tensor", name).ok_or_else(|| PyError::missing(name))?;
    f.call(std::slice::from_ref(value), &[])
}

/// `bool(value)`
pub(crate) fn truth(value: &Value) -> Result<bool> {
    Ok(match value {
        Value::None => false,
        Value::Str(s) => !s.is_empty(),
        Value::Tensor(t) if t.numel() == 1 => t.scalar().to_bool(),
        Value::Tensor(_) => {
            return Err(PyError::runtime("Boolean value of Tensor with more than one value is ambiguous"));
        }
        other => match (other.scalar(), other.items()) {
            (Some(number), _) => number.to_bool(),
            (_, Some(items)) => !items.is_empty(),
            _ => true,
        },
    })
}

/// `a op b` for comparisons, `is` and `in`.
pub(super) fn compare(op: CmpOp, a: &Value, b: &Value) -> Result {
    let named = |name: &str| match (a, b) {
        (Value::Tensor(_), Value::Tensor(_)) => Some(dunder(&format!("__{name}__"), op.as_str(), a, b)),
        (Value::Tensor(_), b) if b.scalar().is_some() => {
            Some(dunder(&format!("__{name}__"), op.as_str(), a, b))
        }
        _ => None,
    };
    let mirrored = |name: &str| match (a, b) {
        (a, Value::Tensor(_)) if a.scalar().is_some() => {
            Some(dunder(&format!("__{name}__"), op.as_str(), b, a))
        }
        _ => None,
    };
    let ordered = |name: &str, mirror: &str, holds: fn(Ordering) -> bool| {
        if let Some(result) = named(name).or_else(|| mirrored(mirror)) {
            return result;
        }
        match (a.scalar(), b.scalar(), a, b) {
            (Some(x), Some(y), ..) => Ok(Value::Bool(x.to_f64().partial_cmp(&y.to_f64()).is_some_and(holds))),
            (_, _, Value::Str(x), Value::Str(y)) => Ok(Value::Bool(holds(x.cmp(y)))),
            _ => Err(PyError::kind(format!(
                "'{}' not supported between instances of '{}' and '{}'",
                op.as_str(),
                a.type_name(),
                b.type_name()
            ))),
        }
    };
    match op {
        CmpOp::Eq => named("eq").or_else(|| mirrored("eq")).unwrap_or_else(|| Ok(Value::Bool(equal(a, b)))),
        CmpOp::NotEq => {
            named("ne").or_else(|| mirrored("ne")).unwrap_or_else(|| Ok(Value::Bool(!equal(a, b))))
        }
        CmpOp::Lt => ordered("lt", "gt", Ordering::is_lt),
        CmpOp::LtE => ordered("le", "ge", Ordering::is_le),
        CmpOp::Gt => ordered("gt", "lt", Ordering::is_gt),
        CmpOp::GtE => ordered("ge", "le", Ordering::is_ge),
        CmpOp::Is => Ok(Value::Bool(same(a, b))),
        CmpOp::IsNot => Ok(Value::Bool(!same(a, b))),
        CmpOp::In => Ok(Value::Bool(iterate(b)?.iter().any(|v| equal(a, v)))),
        CmpOp::NotIn => Ok(Value::Bool(!iterate(b)?.iter().any(|v| equal(a, v)))),
    }
}

/// `a == b` outside tensors.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::None, Value::None) => true,
        (Value::Str(x), Value::Str(y)) => x == y,
        (Value::DType(x), Value::DType(y)) => registry::same_dtype(*x, *y),
        (Value::Device(x), Value::Device(y)) => x == y,
        (Value::Tensor(x), Value::Tensor(y)) => x.is(y),
        _ => match (a.scalar(), b.scalar(), a.items(), b.items()) {
            (Some(x), Some(y), ..) => x.to_f64() == y.to_f64(),
            (_, _, Some(x), Some(y)) => x.len() == y.len() && x.iter().zip(&y).all(|(x, y)| equal(x, y)),
            _ => false,
        },
    }
}

/// `a is b`
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(x), Value::List(y)) => std::rc::Rc::ptr_eq(x, y),
        _ => a.type_name() == b.type_name() && equal(a, b),
    }
}

/// The elements that `for` runs over.
pub(crate) fn iterate(value: &Value) -> Result<Vec<Value>> {
    match value {
        Value::Tensor(t) if t.rank() > 0 => Ok(t.unbind(0).into_iter().map(Value::Tensor).collect()),
        Value::Tensor(_) => Err(PyError::kind("iteration over a 0-d tensor")),
        Value::Str(s) => Ok(s.chars().map(|c| Value::from(c.to_string())).collect()),
        Value::Dict(d) => Ok(d.borrow().iter().map(|(k, _)| k.clone()).collect()),
        Value::Module(m) => Ok((0..m.get().children().len()).map(|i| Value::Module(m.child(i))).collect()),
        other => other
            .items()
            .ok_or_else(|| PyError::kind(format!("'{}' object is not iterable", other.type_name()))),
    }
}
