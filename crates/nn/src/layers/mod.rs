//! The layers.

mod activation;
mod linear;
mod norm;
mod sequential;
mod sparse;

pub use activation::{
    Approximate, ELU, Flatten, GELU, Identity, LeakyReLU, LogSoftmax, ReLU, SiLU, Sigmoid, Softmax, Softplus,
    Tanh,
};
pub use linear::Linear;
pub use norm::{BatchNorm1d, LayerNorm};
pub use sequential::{ModuleList, Sequential};
pub use sparse::{Dropout, Embedding};

/// Prints a layer as PyTorch does.
macro_rules! display {
    ($($name:ident),+) => {$(
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&crate::Module::repr(self))
            }
        }
    )+};
}
pub(crate) use display;

/// A truth value as Python prints it.
pub(crate) fn python(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// A float as Python prints it: whole ones keep their point, exponents have two digits.
pub(crate) fn number(v: f64) -> String {
    if v != 0.0 && v.is_finite() && !(1e-4..1e16).contains(&v.abs()) {
        let text = format!("{v:e}");
        let (digits, exponent) = text.split_once('e').expect("an exponent");
        let exponent: i32 = exponent.parse().expect("a whole exponent");
        return format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
    if v == v.trunc() && v.is_finite() { format!("{v:.1}") } else { format!("{v}") }
}
