//! The Python that PyTorch's tutorials are written in: expressions, assignments, `with`, `for`, `if`.
//!
//! Ruff's parser reads the text; [`Session`] evaluates its tree over the names of the
//! [registry](crate::registry), so there is one place that says what a name means.

mod assign;
mod attribute;
mod error;
mod evaluate;
mod operate;
mod statement;
mod subscript;
mod text;
mod value;

pub use error::PyError;
pub(crate) use error::guarded;
pub(crate) use operate::{equal, iterate, plus, truth};
pub use text::{python_float, repr, str_of};
pub use value::{Fields, Items, Value};

use std::collections::HashMap;

/// A result in Python's terms.
pub type Result<T = Value> = std::result::Result<T, PyError>;

/// An interpreter with its variables and what was printed.
pub struct Session {
    variables: HashMap<String, Value>,
    printed: String,
    /// Whether the value of every expression statement is printed, as a terminal does.
    echo: bool,
}

impl Default for Session {
    fn default() -> Self {
        Session::new()
    }
}

impl Session {
    /// A session with the imports that tutorials begin with: `torch`, `nn`, `F`, `optim`, `math`.
    pub fn new() -> Self {
        let names = ["torch", "nn", "F", "optim", "math"];
        let variables = names.iter().map(|&n| (n.to_string(), Value::Namespace(n))).collect();
        Session { variables, printed: String::new(), echo: false }
    }

    /// Binds the functions that fixtures use beside PyTorch's: `bn_train`, `dropout_seeded`.
    pub fn import_helpers(&mut self) {
        for (path, function) in crate::registry::registry() {
            if let Some(name) = path.strip_prefix("helpers.") {
                self.set(name, Value::Function(function));
            }
        }
    }

    /// Binds a name.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.variables.insert(name.to_string(), value.into());
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.variables.get(name)
    }

    /// The value of one expression.
    ///
    /// # Errors
    /// As Python would raise; `SyntaxError` for what is not an expression.
    pub fn eval(&mut self, expression: &str) -> Result {
        let tree = ruff_python_parser::parse_expression(expression.trim()).map_err(PyError::syntax)?;
        self.expression(&tree.syntax().body)
    }

    /// Runs statements; the value of the last when it is an expression.
    ///
    /// # Errors
    /// As Python would raise.
    pub fn run(&mut self, source: &str) -> Result {
        let tree = ruff_python_parser::parse_module(source).map_err(PyError::syntax)?;
        self.statements(&tree.syntax().body)
    }

    /// Runs statements as a terminal does: what they print, and the value of each expression unless it
    /// is `None`.
    ///
    /// # Errors
    /// As Python would raise; what was printed before is in the first part.
    pub fn interact(&mut self, source: &str) -> (String, Result<()>) {
        self.echo = true;
        let outcome = self.run(source).map(drop);
        self.echo = false;
        (std::mem::take(&mut self.printed), outcome)
    }

    fn print(&mut self, line: &str) {
        self.printed.push_str(line);
        self.printed.push('\n');
    }
}

/// Whether statements go on after this line: an open bracket or a block.
pub fn is_incomplete(source: &str) -> bool {
    let lines = || source.lines().filter(|l| !l.trim().is_empty());
    let block =
        lines().next_back().is_some_and(|l| l.trim_end().ends_with(':') || l.starts_with([' ', '\t']));
    if block && !source.ends_with("\n\n") && !source.ends_with("\n \n") {
        return true;
    }
    let mut depth = 0i32;
    let mut quote = None;
    for c in source.chars() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            _ => {}
        }
    }
    depth > 0
}
