//! Expressions.

use super::{PyError, Result, Session, Value, operate};
use crate::registry::{self, Function};
use ruff_python_ast::{BoolOp, Comprehension, Expr, Number, UnaryOp};
use std::cell::RefCell;
use std::rc::Rc;

impl Session {
    pub(super) fn expression(&mut self, expression: &Expr) -> Result {
        Ok(match expression {
            Expr::NumberLiteral(n) => match &n.value {
                Number::Int(i) => {
                    Value::Int(i.as_i64().ok_or_else(|| PyError::value(format!("{i} is too large here")))?)
                }
                Number::Float(f) => Value::Float(*f),
                Number::Complex { .. } => return Err(PyError::missing("complex numbers")),
            },
            Expr::StringLiteral(s) => Value::from(s.value.to_str()),
            Expr::BooleanLiteral(b) => Value::Bool(b.value),
            Expr::NoneLiteral(_) => Value::None,
            Expr::EllipsisLiteral(_) => Value::Ellipsis,
            Expr::Name(name) => self.name(name.id.as_str())?,
            Expr::List(list) => Value::list(self.all(&list.elts)?),
            Expr::Tuple(tuple) => Value::tuple(self.all(&tuple.elts)?),
            Expr::Dict(dict) => {
                let mut pairs = Vec::new();
                for item in &dict.items {
                    let key = item.key.as_ref().ok_or_else(|| PyError::missing("** in a dict"))?;
                    pairs.push((self.expression(key)?, self.expression(&item.value)?));
                }
                Value::Dict(Rc::new(RefCell::new(pairs)))
            }
            Expr::Slice(slice) => {
                let mut part =
                    |e: &Option<Box<Expr>>| e.as_ref().map_or(Ok(Value::None), |e| self.expression(e));
                Value::Slice(Rc::new([part(&slice.lower)?, part(&slice.upper)?, part(&slice.step)?]))
            }
            Expr::Attribute(a) => {
                let of = self.expression(&a.value)?;
                self.attribute(&of, a.attr.as_str())?
            }
            Expr::Subscript(s) => {
                let (of, index) = (self.expression(&s.value)?, self.expression(&s.slice)?);
                super::subscript::get(&of, &index)?
            }
            Expr::Call(call) => {
                let function = self.expression(&call.func)?;
                let positional = self.all(&call.arguments.args)?;
                let mut keywords = Vec::new();
                for keyword in call.arguments.keywords.iter() {
                    let name = keyword.arg.as_ref().ok_or_else(|| PyError::missing("** in a call"))?;
                    keywords.push((name.as_str().to_string(), self.expression(&keyword.value)?));
                }
                self.call(&function, &positional, &keywords)?
            }
            Expr::UnaryOp(u) => {
                let value = self.expression(&u.operand)?;
                match u.op {
                    UnaryOp::USub => operate::negate(&value)?,
                    UnaryOp::UAdd => value,
                    UnaryOp::Not => Value::Bool(!operate::truth(&value)?),
                    UnaryOp::Invert => operate::invert(&value)?,
                }
            }
            Expr::BinOp(b) => {
                let (left, right) = (self.expression(&b.left)?, self.expression(&b.right)?);
                operate::binary(b.op, &left, &right)?
            }
            Expr::BoolOp(b) => {
                let mut value = Value::None;
                for (k, operand) in b.values.iter().enumerate() {
                    value = self.expression(operand)?;
                    // The last one is the result whatever it says: its truth is not asked for.
                    if k + 1 < b.values.len() && operate::truth(&value)? == (b.op == BoolOp::Or) {
                        break;
                    }
                }
                value
            }
            Expr::Compare(c) => {
                let mut left = self.expression(&c.left)?;
                let mut outcome = Value::Bool(true);
                for (op, right) in c.ops.iter().zip(c.comparators.iter()) {
                    let right = self.expression(right)?;
                    outcome = operate::compare(*op, &left, &right)?;
                    if c.ops.len() > 1 && !operate::truth(&outcome)? {
                        break;
                    }
                    left = right;
                }
                outcome
            }
            Expr::If(e) => {
                let test = self.expression(&e.test)?;
                self.expression(if operate::truth(&test)? { &e.body } else { &e.orelse })?
            }
            Expr::ListComp(c) => Value::list(self.comprehension(&c.elt, &c.generators)?),
            Expr::Generator(g) => Value::list(self.comprehension(&g.elt, &g.generators)?),
            other => return Err(PyError::missing(format!("this kind of expression: {}", kind(other)))),
        })
    }

    fn name(&self, name: &str) -> Result {
        if let Some(value) = self.get(name) {
            return Ok(value.clone());
        }
        match registry::lookup("builtins", name) {
            Some(function) => Ok(Value::Function(function)),
            None => Err(PyError::name(format!("name '{name}' is not defined"))),
        }
    }

    fn all(&mut self, expressions: &[Expr]) -> Result<Vec<Value>> {
        let mut values = Vec::with_capacity(expressions.len());
        for e in expressions {
            match e {
                Expr::Starred(s) => {
                    let value = self.expression(&s.value)?;
                    values.extend(operate::iterate(&value)?);
                }
                e => values.push(self.expression(e)?),
            }
        }
        Ok(values)
    }

    fn comprehension(&mut self, element: &Expr, generators: &[Comprehension]) -> Result<Vec<Value>> {
        let Some((first, rest)) = generators.split_first() else {
            return Ok(vec![self.expression(element)?]);
        };
        let mut out = Vec::new();
        let source = self.expression(&first.iter)?;
        'items: for item in operate::iterate(&source)? {
            self.assign(&first.target, item)?;
            for test in &first.ifs {
                let test = self.expression(test)?;
                if !operate::truth(&test)? {
                    continue 'items;
                }
            }
            out.extend(self.comprehension(element, rest)?);
        }
        Ok(out)
    }

    /// Calls a value.
    pub(super) fn call(
        &mut self,
        callee: &Value,
        positional: &[Value],
        keywords: &[(String, Value)],
    ) -> Result {
        match callee {
            Value::Function(f) if f.path == "builtins.print" => {
                let words: Vec<String> = positional.iter().map(super::str_of).collect();
                self.print(&words.join(" "));
                Ok(Value::None)
            }
            Value::Function(f) => f.call(positional, keywords),
            Value::Method(of, f) => bound(of, f, positional, keywords),
            Value::Module(module) => match module.forward_function() {
                Some(forward) => bound(callee, forward, positional, keywords),
                None => Err(PyError::missing("forward")),
            },
            Value::Loss(loss) => {
                let tensor = |v: &Value| if let Value::Tensor(t) = v { Some(t.clone()) } else { None };
                let given: Option<Vec<_>> = positional.iter().map(tensor).collect();
                match (given, keywords) {
                    (Some(given), []) => loss.forward(&given.iter().collect::<Vec<_>>()).map(Value::Tensor),
                    _ => Err(PyError::kind("forward(): a loss takes tensors, by position")),
                }
            }
            other => Err(PyError::kind(format!("'{}' object is not callable", other.type_name()))),
        }
    }
}

/// Calls a method of an object.
fn bound(of: &Value, f: &Function, positional: &[Value], keywords: &[(String, Value)]) -> Result {
    let mut all = Vec::with_capacity(positional.len() + 1);
    all.push(of.clone());
    all.extend_from_slice(positional);
    f.call(&all, keywords)
}

fn kind(expression: &Expr) -> &'static str {
    match expression {
        Expr::FString(_) => "f-string",
        Expr::Lambda(_) => "lambda",
        Expr::Named(_) => "walrus",
        Expr::Set(_) | Expr::SetComp(_) => "set",
        Expr::DictComp(_) => "dict comprehension",
        _ => "unusual",
    }
}
