//! `value[index]`, and writing to it.

use super::{PyError, Result, Value, guarded, operate};
use autograd::{Index, Tensor, TensorArg};
use tensor_core::DType;

/// One entry of a tensor's index.
fn entry(value: &Value) -> Result<Index> {
    let place = |v: &Value| -> Result<Option<isize>> {
        match v {
            Value::None => Ok(None),
            Value::Int(i) => Ok(Some(*i as isize)),
            Value::Tensor(t) if t.numel() == 1 && !t.dtype().is_float() => Ok(Some(t.item::<i64>() as isize)),
            other => Err(PyError::kind(format!("slice indices must be integers, not {}", other.type_name()))),
        }
    };
    Ok(match value {
        Value::Int(i) => Index::At(*i as isize),
        Value::None => Index::NewAxis,
        Value::Ellipsis => Index::Ellipsis,
        Value::Slice(parts) => {
            let step = place(&parts[2])?.unwrap_or(1);
            if step <= 0 {
                return Err(PyError::value("step must be greater than zero"));
            }
            Index::Range { start: place(&parts[0])?, end: place(&parts[1])?, step }
        }
        Value::Tensor(t) if t.rank() == 0 && t.dtype() != DType::Bool => Index::At(t.item::<i64>() as isize),
        Value::Tensor(t) => Index::Tensor(t.clone()),
        Value::List(items) if items.borrow().is_empty() => {
            Index::Tensor(Tensor::zeros(0, (DType::I32, &firebrand::device())))
        }
        Value::List(_) => Index::Tensor(crate::registry::tensor_of(value)?),
        other => {
            return Err(PyError::index(format!(
                "only integers, slices (`:`), ellipsis (`...`), None and tensors are valid indices (got {})",
                other.type_name()
            )));
        }
    })
}

fn entries(index: &Value) -> Result<Vec<Index>> {
    match index {
        Value::Tuple(items) => items.iter().map(entry).collect(),
        one => Ok(vec![entry(one)?]),
    }
}

/// A Python index of a sequence of `len`.
fn place(i: i64, len: usize) -> Result<usize> {
    let at = if i < 0 { i + len as i64 } else { i };
    usize::try_from(at).ok().filter(|&at| at < len).ok_or_else(|| PyError::index("index out of range"))
}

fn as_index(error: PyError) -> PyError {
    if error.message.starts_with("index") { PyError::index(error.message) } else { error }
}

/// `of[index]`
pub(super) fn get(of: &Value, index: &Value) -> Result {
    match (of, index) {
        (Value::Tensor(t), index) => {
            let entries = entries(index)?;
            guarded(|| t.i(&entries)).map(Value::Tensor).map_err(as_index)
        }
        (Value::Dict(d), key) => {
            let d = d.borrow();
            let found = d.iter().find(|(k, _)| operate::equal(k, key));
            found.map(|(_, v)| v.clone()).ok_or_else(|| PyError::key(super::repr(key)))
        }
        (Value::Module(m), Value::Int(i)) => Ok(Value::Module(m.child(place(*i, m.get().children().len())?))),
        (Value::Str(s), Value::Int(i)) => {
            let chars: Vec<char> = s.chars().collect();
            Ok(Value::from(chars[place(*i, chars.len())?].to_string()))
        }
        (of, Value::Int(i)) if of.items().is_some() => {
            let items = of.items().unwrap_or_default();
            Ok(items[place(*i, items.len())?].clone())
        }
        (of, Value::Slice(_)) if of.items().is_some() => {
            // The places of a slice are those of an index tensor's.
            let items = of.items().unwrap_or_default();
            let numbers: Vec<i32> = (0..items.len() as i32).collect();
            let places = Tensor::from_vec(numbers, items.len(), &firebrand::cpu()).i(&entries(index)?);
            let picked = places.to_vec::<i64>().into_iter().map(|i| items[i as usize].clone()).collect();
            Ok(if matches!(of, Value::List(_)) { Value::list(picked) } else { Value::tuple(picked) })
        }
        (of, _) if of.items().is_some() => {
            Err(PyError::kind(format!("indices must be integers or slices, not {}", index.type_name())))
        }
        (of, _) => Err(PyError::kind(format!("'{}' object is not subscriptable", of.type_name()))),
    }
}

/// `of[index] = value`
pub(super) fn set(of: &Value, index: &Value, value: &Value) -> Result<()> {
    match (of, index) {
        (Value::Tensor(t), index) => {
            let entries = entries(index)?;
            let value: TensorArg = match value {
                Value::Tensor(v) => v.into(),
                other => other
                    .scalar()
                    .ok_or_else(|| {
                        PyError::kind(format!("can't assign a {} to a Tensor", other.type_name()))
                    })?
                    .into(),
            };
            guarded(|| {
                t.assign(&entries, value);
            })
            .map_err(as_index)
        }
        (Value::List(items), Value::Int(i)) => {
            let at = place(*i, items.borrow().len())?;
            items.borrow_mut()[at] = value.clone();
            Ok(())
        }
        (Value::Dict(d), key) => {
            let mut d = d.borrow_mut();
            match d.iter_mut().find(|(k, _)| operate::equal(k, key)) {
                Some((_, v)) => *v = value.clone(),
                None => d.push((key.clone(), value.clone())),
            }
            Ok(())
        }
        (of, _) => {
            Err(PyError::kind(format!("'{}' object does not support item assignment", of.type_name())))
        }
    }
}
