//! Targets of assignment: names, attributes, subscripts, and tuples of them.

use super::{PyError, Result, Session, Value, operate, subscript};
use ruff_python_ast::{Expr, Operator};

impl Session {
    pub(super) fn assign(&mut self, target: &Expr, value: Value) -> Result<()> {
        match target {
            Expr::Name(name) => {
                self.set(name.id.as_str(), value);
                Ok(())
            }
            Expr::Attribute(a) => {
                let of = self.expression(&a.value)?;
                self.set_attribute(&of, a.attr.as_str(), &value)
            }
            Expr::Subscript(s) => {
                let (of, index) = (self.expression(&s.value)?, self.expression(&s.slice)?);
                subscript::set(&of, &index, &value)
            }
            Expr::Tuple(t) => self.unpack(&t.elts, &value),
            Expr::List(l) => self.unpack(&l.elts, &value),
            _ => Err(PyError::syntax("cannot assign to this")),
        }
    }

    fn unpack(&mut self, targets: &[Expr], value: &Value) -> Result<()> {
        let items = operate::iterate(value)?;
        if items.len() != targets.len() {
            let (want, got) = (targets.len(), items.len());
            let many = if got > want { "too many" } else { "not enough" };
            return Err(PyError::value(format!("{many} values to unpack (expected {want}, got {got})")));
        }
        targets.iter().zip(items).try_for_each(|(target, item)| self.assign(target, item))
    }

    /// `target op= value`, with the target's object and index evaluated once.
    pub(super) fn augment(&mut self, target: &Expr, op: Operator, value: &Value) -> Result<()> {
        match target {
            Expr::Attribute(a) => {
                let of = self.expression(&a.value)?;
                let before = self.attribute(&of, a.attr.as_str())?;
                let after = operate::augmented(op, &before, value)?;
                if matches!((&before, &after), (Value::Tensor(a), Value::Tensor(b)) if a.is(b)) {
                    return Ok(()); // written in place
                }
                self.set_attribute(&of, a.attr.as_str(), &after)
            }
            Expr::Subscript(s) => {
                let (of, index) = (self.expression(&s.value)?, self.expression(&s.slice)?);
                let before = subscript::get(&of, &index)?;
                subscript::set(&of, &index, &operate::binary(op, &before, value)?)
            }
            other => {
                let before = self.expression(other)?;
                let after = operate::augmented(op, &before, value)?;
                self.assign(other, after)
            }
        }
    }
}
