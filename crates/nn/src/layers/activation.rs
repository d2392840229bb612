//! Activations as layers.

use super::display;
use crate::module::Module;
use autograd::Tensor;
use tensor_core::Activation;

/// Activations without settings.
macro_rules! plain {
    ($($(#[$doc:meta])* $name:ident, $label:literal, |$x:ident| $body:expr, $fused:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Module for $name {
            #[track_caller]
            fn forward(&self, $x: &Tensor) -> Tensor {
                $body
            }
            fn name(&self) -> String {
                $label.into()
            }
            fn as_activation(&self) -> Option<Activation> {
                $fused
            }
        }
        display!($name);
    )+};
}

plain! {
    /// max(x, 0)
    ReLU, "ReLU", |x| x.relu(), Some(Activation::Relu);
    /// 1/(1 + e⁻ˣ)
    Sigmoid, "Sigmoid", |x| x.sigmoid(), Some(Activation::Sigmoid);
    /// Hyperbolic tangent
    Tanh, "Tanh", |x| x.tanh(), Some(Activation::Tanh);
    /// x·σ(x)
    SiLU, "SiLU", |x| x.silu(), None;
}

/// Activations with settings, which are printed.
macro_rules! with_fields {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $ty:ty),+ }, $label:literal, |$this:ident, $x:ident| $body:expr,
        $repr:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            $(
                #[doc = concat!("PyTorch's `", stringify!($field), "`.")]
                pub $field: $ty,
            )+
        }

        impl Module for $name {
            #[track_caller]
            fn forward(&self, $x: &Tensor) -> Tensor {
                let $this = self;
                $body
            }
            fn name(&self) -> String {
                $label.into()
            }
            fn extra_repr(&self) -> String {
                let $this = self;
                $repr
            }
        }
        display!($name);
    )+};
}

/// A number as Python prints it: whole floats keep their point.
fn number(v: f64) -> String {
    if v == v.trunc() && v.abs() < 1e16 { format!("{v:.1}") } else { format!("{v}") }
}

with_fields! {
    /// x if x > 0, else slope·x
    LeakyReLU { negative_slope: f64 }, "LeakyReLU", |m, x| x.leaky_relu(m.negative_slope),
        format!("negative_slope={}", number(m.negative_slope));
    /// x if x > 0, else α·(eˣ − 1)
    Elu { alpha: f64 }, "ELU", |m, x| x.elu(m.alpha), format!("alpha={}", number(m.alpha));
    /// ln(1 + e^(βx))/β
    Softplus { beta: f64, threshold: f64 }, "Softplus", |m, x| x.softplus(m.beta, m.threshold),
        format!("beta={}, threshold={}", number(m.beta), number(m.threshold));
    /// x·½·(1 + erf(x/√2)), or its tanh approximation
    Gelu { tanh: bool }, "GELU", |m, x| if m.tanh { x.gelu_tanh() } else { x.gelu() },
        format!("approximate='{}'", if m.tanh { "tanh" } else { "none" });
    /// eˣ / Σ eˣ along a dimension
    Softmax { dim: isize }, "Softmax", |m, x| x.softmax(m.dim), format!("dim={}", m.dim);
    /// ln softmax along a dimension
    LogSoftmax { dim: isize }, "LogSoftmax", |m, x| x.log_softmax(m.dim), format!("dim={}", m.dim);
}

impl Default for LeakyReLU {
    fn default() -> Self {
        LeakyReLU { negative_slope: 0.01 }
    }
}
impl Default for Elu {
    fn default() -> Self {
        Elu { alpha: 1.0 }
    }
}
impl Default for Softplus {
    fn default() -> Self {
        Softplus { beta: 1.0, threshold: 20.0 }
    }
}
#[expect(clippy::derivable_impls, reason = "the default is PyTorch's choice, not Rust's")]
impl Default for Gelu {
    fn default() -> Self {
        Gelu { tanh: false }
    }
}
