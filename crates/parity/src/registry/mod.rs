//! The registry: PyTorch's names, their arguments, and the Firebrand call behind each.
//!
//! One entry is one form of one name, written once: `"torch Tensor" exp(input: Tensor) => input.exp();`
//! makes `torch.exp` and `Tensor.exp` callable, checks positional and keyword arguments by the types
//! given, and is the line of the table in `docs/from-pytorch.md`. The right-hand side of that table is
//! therefore the very code that runs. A name with several forms has several entries, tried in order.

mod arguments;
mod builtins;
mod convert;
mod creation;
mod functional;
mod inplace;
mod kinds;
mod layers;
mod linear;
mod loss;
mod methods;
mod modules;
mod optim;
mod pointwise;
mod reduce;
mod sequences;
mod shape;
mod special;
mod table;

pub use arguments::{Bound, Failure, Param};
pub use convert::{Cast, FromValue, IntoValue, Ints, Maker};
pub(crate) use creation::tensor_of;
pub(crate) use kinds::Lengths;
pub(crate) use methods::same_dtype;
pub use table::coverage;

use crate::python::{Fields, PyError, Value};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// One form of a name.
pub struct Entry {
    /// Where it lives: `torch`, `Tensor`, `F`, …, several separated by spaces.
    pub homes: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
    /// Firebrand's call, as text.
    pub rust: &'static str,
    run: fn(&mut Bound) -> Result<Value, Failure>,
}

/// A name with all its forms.
pub struct Function {
    /// `torch.exp`
    pub path: String,
    /// Whether reading the name calls it: `x.T`, `x.shape`.
    pub property: bool,
    forms: Vec<&'static Entry>,
}

/// Results that are named tuples.
static NAMED: &[(&str, Fields)] = &[
    ("max", Fields { name: "max", fields: &["values", "indices"] }),
    ("min", Fields { name: "min", fields: &["values", "indices"] }),
    ("sort", Fields { name: "sort", fields: &["values", "indices"] }),
    ("topk", Fields { name: "topk", fields: &["values", "indices"] }),
    ("median", Fields { name: "median", fields: &["values", "indices"] }),
    ("kthvalue", Fields { name: "kthvalue", fields: &["values", "indices"] }),
    ("mode", Fields { name: "mode", fields: &["values", "indices"] }),
    ("cummax", Fields { name: "cummax", fields: &["values", "indices"] }),
    ("cummin", Fields { name: "cummin", fields: &["values", "indices"] }),
    ("qr", Fields { name: "linalg_qr", fields: &["Q", "R"] }),
    ("eigh", Fields { name: "linalg_eigh", fields: &["eigenvalues", "eigenvectors"] }),
    ("svd", Fields { name: "linalg_svd", fields: &["U", "S", "Vh"] }),
    ("nanmedian", Fields { name: "nanmedian", fields: &["values", "indices"] }),
    ("aminmax", Fields { name: "aminmax", fields: &["min", "max"] }),
    ("lstsq", Fields { name: "linalg_lstsq", fields: &["solution"] }),
    ("inv_ex", Fields { name: "linalg_inv_ex", fields: &["inverse", "info"] }),
    ("cholesky_ex", Fields { name: "linalg_cholesky_ex", fields: &["L", "info"] }),
    ("histogram", Fields { name: "histogram", fields: &["hist", "bin_edges"] }),
    ("slogdet", Fields { name: "linalg_slogdet", fields: &["sign", "logabsdet"] }),
];

impl Function {
    /// The last part of the path.
    pub fn short_name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }

    /// The heads of all forms, as Python writes them.
    pub fn signatures(&self) -> Vec<String> {
        self.forms.iter().map(|f| arguments::signature(self.short_name(), f.params)).collect()
    }

    /// Calls the first form that fits.
    ///
    /// # Errors
    /// `TypeError` with the accepted signatures, or what the call itself raises.
    pub fn call(&self, positional: &[Value], keywords: &[(String, Value)]) -> Result<Value, PyError> {
        let mut misfit = String::new();
        for form in &self.forms {
            match arguments::call(form, positional, keywords) {
                Ok(Value::Tuple(items)) => {
                    let named = NAMED
                        .iter()
                        .find(|(name, _)| *name == self.short_name() && !self.path.starts_with("F."));
                    return Ok(match named {
                        Some((_, fields)) if fields.fields.len() == items.len() => {
                            Value::Named(fields, items)
                        }
                        _ => Value::Tuple(items),
                    });
                }
                Ok(value) => return Ok(value),
                Err(Failure::Raised(error)) => return Err(error),
                Err(Failure::Misfit(why)) => misfit = why,
            }
        }
        let name = self.short_name();
        let signatures = format!("  {}", self.signatures().join("\n  "));
        Err(PyError::kind(if self.forms.len() == 1 {
            format!("{name}(): {misfit}; accepted is\n{signatures}")
        } else {
            let types = positional.iter().map(|v| v.type_name().to_string());
            let types = types.chain(keywords.iter().map(|(k, v)| format!("{k}={}", v.type_name())));
            let types = types.collect::<Vec<_>>().join(", ");
            format!("{name}(): no form takes ({types}); accepted are\n{signatures}")
        }))
    }
}

/// Every name by its path.
pub fn registry() -> &'static BTreeMap<String, Function> {
    static REGISTRY: OnceLock<BTreeMap<String, Function>> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let mut names: BTreeMap<String, Function> = BTreeMap::new();
        for form in entries() {
            for home in form.homes.split(' ') {
                let property = home.ends_with('!');
                let path = format!("{}.{}", home.trim_end_matches('!'), form.name);
                let function = names.entry(path.clone());
                function.or_insert_with(|| Function { path, property, forms: Vec::new() }).forms.push(form);
            }
        }
        names
    })
}

/// Every form, in the table's order.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    static ENTRIES: OnceLock<Vec<Vec<Entry>>> = OnceLock::new();
    let all = ENTRIES.get_or_init(|| SECTIONS.iter().map(|(_, section)| section()).collect());
    all.iter().flatten()
}

type Section = (&'static str, fn() -> Vec<Entry>);

/// The sections of the table.
static SECTIONS: &[Section] = &[
    ("Making tensors", creation::entries),
    ("Element by element", pointwise::entries),
    ("Special functions, other names", special::entries),
    ("In place", inplace::entries),
    ("Many to one", reduce::entries),
    ("Shapes, joining, indexing", shape::entries),
    ("Matrices and linear algebra", linear::entries),
    ("Tensors and gradients", methods::entries),
    ("`torch.nn.functional`", functional::entries),
    ("Losses", loss::entries),
    ("`torch.nn`", modules::entries),
    ("`torch.nn`: borders, sizes, pools, activations, pairs", layers::entries),
    ("`torch.nn`: sequences", sequences::entries),
    ("`torch.optim`", optim::entries),
    ("Python itself", builtins::entries),
];

/// The function of a path, if the registry has it.
pub fn lookup(home: &str, name: &str) -> Option<&'static Function> {
    registry().get(&format!("{home}.{name}"))
}

/// The namespace that a dotted name leads to: `torch.nn.functional` is `F`.
pub(crate) fn namespace(home: &str, name: &str) -> Option<&'static str> {
    Some(match (home, name) {
        ("torch", "nn") => "nn",
        ("nn", "functional") => "F",
        ("nn", "init") => "init",
        ("nn", "utils") => "nn.utils",
        ("torch", "optim") => "optim",
        ("optim", "lr_scheduler") => "lr_scheduler",
        ("torch", "linalg") => "linalg",
        ("torch", "special") => "special",
        ("torch", "autograd") => "autograd",
        _ => return None,
    })
}

/// Python's full name of a namespace.
pub(crate) fn full_name(home: &str) -> &str {
    match home {
        "nn" => "torch.nn",
        "F" => "torch.nn.functional",
        "init" => "torch.nn.init",
        "nn.utils" => "torch.nn.utils",
        "optim" => "torch.optim",
        "lr_scheduler" => "torch.optim.lr_scheduler",
        "linalg" => "torch.linalg",
        "special" => "torch.special",
        "autograd" => "torch.autograd",
        other => other,
    }
}

/// The default of a parameter as a closure, or `None`.
macro_rules! default {
    ($ty:ty, ) => {
        None
    };
    ($ty:ty, $default:expr) => {
        Some(|| -> $ty { $default })
    };
}
pub(crate) use default;

macro_rules! default_text {
    () => {
        None
    };
    ($default:expr) => {
        Some(stringify!($default))
    };
}
pub(crate) use default_text;

/// A section of the registry: `"homes" name(parameter: Type = default, …) => call;` per form.
/// `via f;` in front passes each result through `f`.
macro_rules! forms {
    (via $wrap:path; $($homes:literal $name:ident ( $($param:ident : $ty:ty $(= $default:expr)?),* $(,)? ) => $body:expr;)*) => {
        vec![$($crate::registry::entry(
            ($homes, stringify!($name), stringify!($body)),
            const { &[$($crate::registry::Param::of::<$ty>(
                stringify!($param), $crate::registry::default_text!($($default)?)
            )),*] },
            #[allow(unused_variables, reason = "forms without parameters, and options that apply afterwards")]
            |bound| {
                $(let $param: $ty = bound.take($crate::registry::default!($ty, $($default)?))?;)*
                bound.finish(move || $crate::registry::IntoValue::into_value($wrap($body)))
            },
        )),*]
    };
    ($($all:tt)*) => { $crate::registry::forms! { via std::convert::identity; $($all)* } };
}
pub(crate) use forms;

pub(crate) fn entry(
    (homes, name, rust): (&'static str, &'static str, &'static str),
    params: &'static [Param],
    run: fn(&mut Bound) -> Result<Value, Failure>,
) -> Entry {
    Entry { homes, name, params, rust, run }
}
