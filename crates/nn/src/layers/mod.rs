//! The layers.

mod activation;
mod linear;
mod norm;
mod sequential;
mod sparse;

pub use activation::{Elu, Gelu, LeakyReLU, LogSoftmax, ReLU, SiLU, Sigmoid, Softmax, Softplus, Tanh};
pub use linear::{Flatten, Linear};
pub use norm::{BatchNorm1d, LayerNorm};
pub use sequential::Sequential;
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
