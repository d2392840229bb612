//! State dicts: parameters and buffers by name, out of a module and back in.

use crate::module::Role;
use autograd::{Tensor, no_grad};
use indexmap::IndexMap;
use std::fmt;

/// Tensors by dotted name, in the module's order.
pub type StateDict = IndexMap<String, Tensor>;

/// What does not fit between a module and a state dict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incompatible {
    /// Names that the module has and the state dict lacks.
    pub missing: Vec<String>,
    /// Names that the state dict has and the module lacks.
    pub unexpected: Vec<String>,
    /// Names whose shapes differ, with both.
    pub mismatched: Vec<String>,
}

impl Incompatible {
    /// Whether everything fits.
    pub fn is_empty(&self) -> bool {
        *self == Incompatible::default()
    }
}

impl fmt::Display for Incompatible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("missing", &self.missing),
            ("unexpected", &self.unexpected),
            ("of another shape", &self.mismatched),
        ];
        for (what, names) in parts.into_iter().filter(|(_, names)| !names.is_empty()) {
            write!(f, "\n  {what}: {}", names.join(", "))?;
        }
        Ok(())
    }
}

/// A state dict that could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the state dict does not fit {module}:{problems}")]
pub struct LoadError {
    /// The module's type.
    pub module: String,
    /// Everything that does not fit.
    pub problems: Incompatible,
}

pub(crate) fn load(
    module: &str,
    own: Vec<(String, Tensor, Role)>,
    state: &StateDict,
    strict: bool,
) -> Result<Incompatible, LoadError> {
    let mut problems = Incompatible::default();
    for (name, tensor, _) in &own {
        match state.get(name) {
            None => problems.missing.push(name.clone()),
            Some(t) if t.shape() != tensor.shape() => {
                problems.mismatched.push(format!("{name} (here {}, there {})", tensor.shape(), t.shape()));
            }
            Some(_) => {}
        }
    }
    problems.unexpected =
        state.keys().filter(|name| !own.iter().any(|(n, ..)| n == *name)).cloned().collect();
    if !problems.mismatched.is_empty() || (strict && !problems.is_empty()) {
        return Err(LoadError { module: module.into(), problems });
    }
    no_grad(|| {
        for (name, tensor, _) in &own {
            if let Some(value) = state.get(name) {
                tensor.copy_(value);
            }
        }
    });
    Ok(problems)
}
