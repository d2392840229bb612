//! `value.name`, and writing to it.

use super::{PyError, Result, Session, Value, guarded};
use crate::registry;
use std::rc::Rc;

impl Session {
    /// `of.name`
    pub(super) fn attribute(&mut self, of: &Value, name: &str) -> Result {
        match of {
            Value::Namespace(home) => {
                if let Some(inner) = registry::namespace(home, name) {
                    return Ok(Value::Namespace(inner));
                }
                match registry::lookup(home, name) {
                    Some(f) if f.property => return f.call(&[], &[]),
                    Some(f) => return Ok(Value::Function(f)),
                    None => {}
                }
                let full = registry::full_name(home);
                return Err(PyError::attribute(format!("module '{full}' has no attribute '{name}'")));
            }
            Value::Named(kind, items) => {
                if let Some(at) = kind.fields.iter().position(|&f| f == name) {
                    return Ok(items[at].clone());
                }
            }
            Value::Module(m) => {
                if let Some(value) = m.attribute(name) {
                    return Ok(value);
                }
            }
            _ => {}
        }
        match registry::lookup(of.home(), name) {
            Some(f) if f.property => f.call(std::slice::from_ref(of), &[]),
            Some(f) => Ok(Value::Method(Rc::new(of.clone()), f)),
            None => {
                let kind = of.type_name();
                Err(PyError::attribute(format!("'{kind}' object has no attribute '{name}'")))
            }
        }
    }

    /// `of.name = value`
    pub(super) fn set_attribute(&mut self, of: &Value, name: &str, value: &Value) -> Result<()> {
        match (of, name, value) {
            (Value::Tensor(t), "grad", Value::None) => t.zero_grad(),
            (Value::Tensor(t), "grad", Value::Tensor(g)) => guarded(|| t.set_grad(Some(g.clone())))?,
            (Value::Tensor(t), "requires_grad", Value::Bool(on)) => {
                guarded(|| {
                    t.clone().requires_grad_(*on);
                })?;
            }
            (Value::Tensor(t), "data", Value::Tensor(v)) if t.shape() == v.shape() => {
                guarded(|| {
                    autograd::no_grad(|| {
                        t.copy_(v);
                    });
                })?;
            }
            _ => {
                let kind = of.type_name();
                return Err(PyError::attribute(format!(
                    "attribute '{name}' of '{kind}' can't be assigned this"
                )));
            }
        }
        Ok(())
    }
}
