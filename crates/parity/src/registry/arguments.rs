//! Arguments: positional and keyword ones matched to a form's parameters.

use super::{Entry, FromValue};
use crate::python::{PyError, Value, guarded};
use tensor_core::DType;
use tensor_core::random::Generator;

/// One parameter of a form.
#[derive(Debug)]
pub struct Param {
    /// PyTorch's name of it.
    pub name: &'static str,
    /// Its default as Rust writes it.
    pub default: Option<&'static str>,
    /// Whether it takes all positional arguments that are left.
    pub rest: bool,
    /// Whether it stands for `dtype=`, `device=`, `requires_grad=` and so on.
    pub options: bool,
}

impl Param {
    /// A parameter of a type.
    pub const fn of<T: FromValue>(name: &'static str, default: Option<&'static str>) -> Self {
        Param { name, default, rest: T::REST, options: T::OPTIONS }
    }
}

/// Why a form did not give a value.
#[derive(Debug)]
pub enum Failure {
    /// The arguments are not its: another form may fit.
    Misfit(String),
    /// The call itself failed.
    Raised(PyError),
}

impl From<PyError> for Failure {
    fn from(error: PyError) -> Self {
        Failure::Raised(error)
    }
}

/// What creation functions take by keyword.
#[derive(Default)]
pub struct OptionArgs {
    pub(crate) dtype: Option<DType>,
    pub(crate) generator: Option<Generator>,
    requires_grad: bool,
}

/// Arguments on their way into a form's parameters.
pub struct Bound<'a> {
    /// One per parameter: its name, and the arguments that it gets.
    given: std::vec::IntoIter<(&'static str, Option<Given<'a>>)>,
    options: OptionArgs,
}

enum Given<'a> {
    One(&'a Value),
    Rest(&'a [Value]),
}

impl Bound<'_> {
    /// The next parameter's argument, or its default.
    pub(crate) fn take<T: FromValue>(&mut self, default: Option<fn() -> T>) -> Result<T, Failure> {
        let (name, given) = self.given.next().expect("one parameter for each argument taken");
        if T::OPTIONS {
            return T::from_options(&mut self.options)
                .ok_or_else(|| Failure::Misfit("these options do not fit".to_string()));
        }
        let (value, got) = match given {
            Some(Given::One(value)) => (T::from_value(value), value.type_name()),
            Some(Given::Rest(values)) => (T::from_rest(values), "these"),
            None => {
                let missing = || Failure::Misfit(format!("missing required argument '{name}'"));
                return default.map(|d| d()).ok_or_else(missing);
            }
        };
        value.ok_or_else(|| Failure::Misfit(format!("argument '{name}' must be {}, not {got}", T::KIND)))
    }

    /// Runs the call and applies what the options ask of its result.
    pub(crate) fn finish(&self, call: impl FnOnce() -> Result<Value, PyError>) -> Result<Value, Failure> {
        let value = guarded(call)??;
        let Value::Tensor(mut t) = value else { return Ok(value) };
        if let Some(dtype) = self.options.dtype {
            let here = t.device().supports(dtype);
            let there = if here { t } else { t.to(&firebrand::cpu()).map_err(PyError::runtime)? };
            t = there.to_dtype(dtype);
        }
        if self.options.requires_grad {
            t = guarded(|| t.detach().requires_grad_(true))?;
        }
        Ok(t.into())
    }
}

fn has(form: &Entry, name: &str) -> bool {
    form.params.iter().any(|p| p.name == name)
}

/// Calls a form.
pub(super) fn call(
    form: &Entry,
    positional: &[Value],
    keywords: &[(String, Value)],
) -> Result<Value, Failure> {
    let misfit = |why: String| Failure::Misfit(why);
    let mut given: Vec<(&'static str, Option<Given>)> = Vec::with_capacity(form.params.len());
    let mut left = positional;
    for param in form.params {
        let next = if param.rest && !left.is_empty() {
            Some(Given::Rest(std::mem::take(&mut left)))
        } else if !param.rest && !param.options && !left.is_empty() {
            let (first, rest) = left.split_at(1);
            left = rest;
            Some(Given::One(&first[0]))
        } else {
            None
        };
        given.push((param.name, next));
    }
    if !left.is_empty() {
        let most = form.params.iter().filter(|p| !p.options).count();
        return Err(misfit(format!("takes {most} positional arguments but {} were given", positional.len())));
    }
    let takes_options = form.params.iter().any(|p| p.options);
    let mut options = OptionArgs::default();
    for (name, value) in keywords {
        // NumPy's words for the same, which reductions and joins accept too.
        let name = match name.as_str() {
            "axis" if has(form, "dim") => "dim",
            "keepdims" if has(form, "keepdim") => "keepdim",
            name => name,
        };
        if let Some(slot) = given.iter_mut().zip(form.params).find(|((n, _), p)| *n == name && !p.options) {
            if slot.0.1.is_some() {
                return Err(misfit(format!("multiple values for argument '{name}'")));
            }
            slot.0.1 = Some(Given::One(value));
        } else if !(takes_options && options.take(name, value)) {
            return Err(misfit(format!("unexpected keyword argument '{name}'")));
        }
    }
    (form.run)(&mut Bound { given: given.into_iter(), options })
}

impl OptionArgs {
    /// Takes over one keyword; `false` when it is not an option, or not of its type.
    fn take(&mut self, name: &str, value: &Value) -> bool {
        match (name, value) {
            ("dtype", Value::DType(dtype)) => self.dtype = Some(*dtype),
            ("requires_grad", Value::Bool(on)) => self.requires_grad = *on,
            ("generator", Value::Generator(g)) => self.generator = Some(g.clone()),
            ("device", Value::Str(_) | Value::Device(_))
            | ("pin_memory" | "non_blocking", Value::Bool(_)) => {}
            ("dtype" | "device" | "layout" | "generator" | "memory_format", Value::None) => {}
            _ => return false,
        }
        true
    }
}

/// A form as Python writes its head: `sum(input, dim, keepdim=False)`.
pub(super) fn signature(name: &str, params: &[Param]) -> String {
    let mut parts = Vec::new();
    for param in params {
        parts.push(match param.default {
            _ if param.options => format!("**{}", param.name),
            _ if param.rest => format!("*{}", param.name),
            Some(default) => format!("{}={}", param.name, python_default(default)),
            None => param.name.to_string(),
        });
    }
    format!("{name}({})", parts.join(", "))
}

/// A default as Python writes it.
fn python_default(rust: &str) -> String {
    match rust {
        "true" => "True".into(),
        "false" => "False".into(),
        _ if rust.contains("::") => format!("'{}'", rust.rsplit("::").next().unwrap_or("").to_lowercase()),
        _ if rust.starts_with("Some(") => rust["Some(".len()..rust.len() - 1].into(),
        _ if rust.starts_with("Dims(") => "None".into(),
        _ if rust.starts_with('(') && rust.ends_with(").into()") => {
            rust[1..rust.len() - ").into()".len()].into()
        }
        _ => rust.trim_start_matches("Pair").replace(".into()", "").replace('"', "'"),
    }
}
