//! Statements.

use super::{PyError, Result, Session, Value, operate};
use crate::registry;
use ruff_python_ast::{Alias, Expr, Stmt};

/// What a loop's body asks of the loop.
enum Flow {
    On(Value),
    Break,
    Continue,
}

/// The modules that may be imported, with what they are here.
const MODULES: [(&str, &str); 9] = [
    ("torch", "torch"),
    ("math", "math"),
    ("torch.nn", "nn"),
    ("torch.nn.functional", "F"),
    ("torch.nn.init", "init"),
    ("torch.optim", "optim"),
    ("torch.optim.lr_scheduler", "lr_scheduler"),
    ("torch.linalg", "linalg"),
    ("torch.nn.utils", "nn.utils"),
];

impl Session {
    pub(super) fn statements(&mut self, body: &[Stmt]) -> Result {
        match self.block(body)? {
            Flow::On(value) => Ok(value),
            Flow::Break | Flow::Continue => Err(PyError::syntax("'break' or 'continue' outside loop")),
        }
    }

    fn block(&mut self, body: &[Stmt]) -> Result<Flow> {
        let mut last = Value::None;
        for statement in body {
            match self.statement(statement)? {
                Flow::On(value) => last = value,
                leave => return Ok(leave),
            }
        }
        Ok(Flow::On(last))
    }

    fn statement(&mut self, statement: &Stmt) -> Result<Flow> {
        match statement {
            Stmt::Expr(e) => {
                let value = self.expression(&e.value)?;
                if self.echo && !matches!(value, Value::None) {
                    self.print(&super::repr(&value));
                }
                return Ok(Flow::On(value));
            }
            Stmt::Assign(a) => {
                let value = self.expression(&a.value)?;
                a.targets.iter().try_for_each(|target| self.assign(target, value.clone()))?;
            }
            Stmt::AugAssign(a) => {
                let value = self.expression(&a.value)?;
                self.augment(&a.target, a.op, &value)?;
            }
            Stmt::AnnAssign(a) => {
                if let Some(value) = &a.value {
                    let value = self.expression(value)?;
                    self.assign(&a.target, value)?;
                }
            }
            Stmt::Pass(_) => {}
            Stmt::Break(_) => return Ok(Flow::Break),
            Stmt::Continue(_) => return Ok(Flow::Continue),
            Stmt::If(s) => {
                let test = self.expression(&s.test)?;
                if operate::truth(&test)? {
                    return self.quiet(&s.body);
                }
                for clause in &s.elif_else_clauses {
                    let holds = match &clause.test {
                        Some(test) => {
                            let test = self.expression(test)?;
                            operate::truth(&test)?
                        }
                        None => true,
                    };
                    if holds {
                        return self.quiet(&clause.body);
                    }
                }
            }
            Stmt::For(s) => {
                let source = self.expression(&s.iter)?;
                for item in operate::iterate(&source)? {
                    self.assign(&s.target, item)?;
                    if matches!(self.block(&s.body)?, Flow::Break) {
                        return Ok(Flow::On(Value::None));
                    }
                }
                return self.quiet(&s.orelse);
            }
            Stmt::While(s) => loop {
                let test = self.expression(&s.test)?;
                if !operate::truth(&test)? {
                    return self.quiet(&s.orelse);
                }
                if matches!(self.block(&s.body)?, Flow::Break) {
                    break;
                }
            },
            Stmt::With(s) => {
                let [item] = &s.items[..] else { return Err(PyError::missing("several subjects of with")) };
                match self.expression(&item.context_expr)? {
                    Value::GradMode(true) => return autograd::enable_grad(|| self.quiet(&s.body)),
                    Value::GradMode(false) => return autograd::no_grad(|| self.quiet(&s.body)),
                    other => {
                        let kind = other.type_name();
                        return Err(PyError::kind(format!("'{kind}' object does not support with")));
                    }
                }
            }
            Stmt::Delete(s) => {
                for target in &s.targets {
                    let Expr::Name(name) = target else { return Err(PyError::missing("del of this")) };
                    let name = name.id.as_str();
                    self.variables
                        .remove(name)
                        .ok_or_else(|| PyError::name(format!("name '{name}' is not defined")))?;
                }
            }
            Stmt::Assert(s) => {
                let test = self.expression(&s.test)?;
                if !operate::truth(&test)? {
                    let message = s.msg.as_ref().map_or(Ok(Value::from("")), |m| self.expression(m))?;
                    return Err(PyError::assertion(super::str_of(&message)));
                }
            }
            Stmt::Import(s) => s.names.iter().try_for_each(|alias| self.import(alias))?,
            Stmt::ImportFrom(s) => {
                let module = s.module.as_ref().map_or("", |m| m.as_str());
                s.names.iter().try_for_each(|alias| self.import_from(module, alias))?;
            }
            _ => {
                return Err(PyError::missing(
                    "this kind of statement: functions and classes are Rust's here",
                ));
            }
        }
        Ok(Flow::On(Value::None))
    }

    /// A block whose last value is not the statement's.
    fn quiet(&mut self, body: &[Stmt]) -> Result<Flow> {
        Ok(match self.block(body)? {
            Flow::On(_) => Flow::On(Value::None),
            leave => leave,
        })
    }

    fn import(&mut self, alias: &Alias) -> Result<()> {
        let name = alias.name.as_str();
        let (_, here) = MODULES
            .iter()
            .find(|(module, _)| *module == name)
            .ok_or_else(|| PyError::import(format!("No module named '{name}'")))?;
        match &alias.asname {
            Some(short) => self.set(short.as_str(), Value::Namespace(here)),
            None if name.starts_with("torch") => self.set("torch", Value::Namespace("torch")),
            None => self.set(name, Value::Namespace(here)),
        }
        Ok(())
    }

    fn import_from(&mut self, module: &str, alias: &Alias) -> Result<()> {
        let name = alias.name.as_str();
        let bound = alias.asname.as_ref().map_or(name, |a| a.as_str());
        let (_, home) = MODULES
            .iter()
            .find(|(m, _)| *m == module)
            .ok_or_else(|| PyError::import(format!("No module named '{module}'")))?;
        let value = match (registry::namespace(home, name), registry::lookup(home, name)) {
            (Some(inner), _) => Value::Namespace(inner),
            (_, Some(f)) if f.property => f.call(&[], &[])?,
            (_, Some(f)) => Value::Function(f),
            _ => {
                let message = format!("cannot import name '{name}' from '{module}'");
                return Err(PyError { kind: "ImportError", message });
            }
        };
        self.set(bound, value);
        Ok(())
    }
}
