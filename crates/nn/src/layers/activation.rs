//! Activations as layers. The bare name is the layer with PyTorch's defaults: `seq![…, nn::GELU]`.

use super::{display, scalar};
use crate::module::Module;
use autograd::Tensor;
use tensor_core::{Activation, Scalar};

/// Layers without parameters: whether they print `inplace`, their settings, their defaults under the type's own
/// name, their function.
macro_rules! activations {
    ($($(#[$doc:meta])* $name:ident $($inplace:ident)?
        { $($(#[$field_doc:meta])* $field:ident: $ty:ty = $default:expr),* },
        |$this:ident, $x:ident| $body:expr, $repr:expr, $fused:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $ty,)*
            $(
                /// Printed, and nothing else: results are new tensors either way.
                pub $inplace: bool,
            )?
        }

        $(impl $name {
            /// Whether `inplace=True` is printed; results are new tensors either way.
            #[must_use]
            pub fn $inplace(mut self, $inplace: bool) -> Self {
                self.$inplace = $inplace;
                self
            }
        })?

        #[doc = concat!("[`struct@", stringify!($name), "`] with PyTorch's defaults.")]
        #[allow(non_upper_case_globals, reason = "the layer's own name, so that it reads as in PyTorch")]
        pub const $name: $name = $name { $($field: $default,)* $($inplace: false)? };

        impl Default for $name {
            fn default() -> Self {
                $name
            }
        }

        impl Module for $name {
            #[track_caller]
            fn forward(&self, $x: &Tensor) -> Tensor {
                let $this = self;
                $body
            }
            fn name(&self) -> String {
                stringify!($name).into()
            }
            fn extra_repr(&self) -> String {
                let $this = self;
                let text = $repr;
                $(let text = $crate::layers::inplace(text, self.$inplace);)?
                text
            }
            fn as_activation(&self) -> Option<Activation> {
                $fused
            }
        }
        display!($name);
    )+};
}

pub(super) use activations;

activations! {
    /// max(x, 0)
    ReLU inplace {}, |_m, x| x.relu(), String::new(), Some(Activation::Relu);
    /// 1/(1 + e⁻ˣ)
    Sigmoid {}, |_m, x| x.sigmoid(), String::new(), Some(Activation::Sigmoid);
    /// Hyperbolic tangent
    Tanh {}, |_m, x| x.tanh(), String::new(), Some(Activation::Tanh);
    /// x·σ(x)
    SiLU inplace {}, |_m, x| x.silu(), String::new(), None;
    /// x if x > 0, else slope·x
    LeakyReLU inplace {
        /// The slope below 0.
        negative_slope: Scalar = Scalar::Float(0.01)
    }, |m, x| x.leaky_relu(m.negative_slope.to_f64()),
        format!("negative_slope={}", scalar(m.negative_slope)), None;
    /// x if x > 0, else α·(eˣ − 1)
    ELU inplace {
        /// α
        alpha: Scalar = Scalar::Float(1.0)
    }, |m, x| x.elu(m.alpha.to_f64()), format!("alpha={}", scalar(m.alpha)), None;
    /// ln(1 + e^(βx))/β
    Softplus {
        /// β
        beta: Scalar = Scalar::Float(1.0),
        /// Where βx is above it, x itself.
        threshold: Scalar = Scalar::Float(20.0)
    }, |m, x| x.softplus(m.beta.to_f64(), m.threshold.to_f64()),
        format!("beta={}, threshold={}", scalar(m.beta), scalar(m.threshold)), None;
    /// x·½·(1 + erf(x/√2)), or its tanh approximation
    GELU {
        /// Whether it is approximated.
        approximate: Approximate = Approximate::None
    }, |m, x| if m.approximate == Approximate::Tanh { x.gelu_tanh() } else { x.gelu() },
        format!("approximate='{}'", if m.approximate == Approximate::Tanh { "tanh" } else { "none" }), None;
    /// eˣ / Σ eˣ along a dimension
    Softmax {
        /// The dimension; without one the first of 0, 1 or 3 dimensions, else the second.
        dim: Option<isize> = None
    }, |m, x| x.softmax(m.dim.unwrap_or_else(|| implicit(x))), format!("dim={}", python_dim(m.dim)), None;
    /// ln softmax along a dimension
    LogSoftmax {
        /// The dimension; without one the first of 0, 1 or 3 dimensions, else the second.
        dim: Option<isize> = None
    }, |m, x| x.log_softmax(m.dim.unwrap_or_else(|| implicit(x))), format!("dim={}", python_dim(m.dim)), None;
    /// x itself
    Identity {}, |_m, x| x.clone(), String::new(), None;
    /// The dimensions from `start_dim` to `end_dim` as one: `[N, …] → [N, D]`.
    Flatten {
        /// The first of them.
        start_dim: isize = 1,
        /// The last of them.
        end_dim: isize = -1
    }, |m, x| x.flatten(m.start_dim, m.end_dim), format!("start_dim={}, end_dim={}", m.start_dim, m.end_dim), None;
}

/// A dimension as several: `[N, C] → [N, C/2, 2]` by `Unflatten::new(1, [-1, 2])`.
#[derive(Clone, Debug)]
pub struct Unflatten {
    dim: isize,
    sizes: Vec<isize>,
}

impl Unflatten {
    /// One dimension as several, of which one size may be −1.
    pub fn new(dim: isize, sizes: impl Into<Vec<isize>>) -> Self {
        Unflatten { dim, sizes: sizes.into() }
    }
}

impl Module for Unflatten {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.unflatten(self.dim, &self.sizes[..])
    }
    fn name(&self) -> String {
        "Unflatten".into()
    }
    fn extra_repr(&self) -> String {
        let sizes: Vec<String> = self.sizes.iter().map(isize::to_string).collect();
        let comma = if sizes.len() == 1 { "," } else { "" };
        format!("dim={}, unflattened_size=({}{comma})", self.dim, sizes.join(", "))
    }
}
display!(Unflatten);

/// How [`GELU`](struct@GELU) is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Approximate {
    /// Exactly, by the error function.
    #[default]
    None,
    /// By tanh.
    Tanh,
}

impl LeakyReLU {
    /// With a slope below 0.
    pub fn new(negative_slope: impl Into<Scalar>) -> Self {
        LeakyReLU { negative_slope: negative_slope.into(), ..LeakyReLU }
    }
}
impl ELU {
    /// With a factor α.
    pub fn new(alpha: impl Into<Scalar>) -> Self {
        ELU { alpha: alpha.into(), ..ELU }
    }
}
impl Softplus {
    /// With a sharpness β and a threshold.
    pub fn new(beta: impl Into<Scalar>, threshold: impl Into<Scalar>) -> Self {
        Softplus { beta: beta.into(), threshold: threshold.into() }
    }
}
impl GELU {
    /// Exact, or approximated.
    pub fn new(approximate: Approximate) -> Self {
        GELU { approximate }
    }
}
impl Softmax {
    /// Along a dimension.
    pub fn new(dim: isize) -> Self {
        Softmax { dim: Some(dim) }
    }
}
impl LogSoftmax {
    /// Along a dimension.
    pub fn new(dim: isize) -> Self {
        LogSoftmax { dim: Some(dim) }
    }
}
impl Flatten {
    /// From one dimension to another, both included.
    pub fn new(start_dim: isize, end_dim: isize) -> Self {
        Flatten { start_dim, end_dim }
    }
}

/// The dimension that PyTorch chooses when none is given.
pub(super) fn implicit(x: &Tensor) -> isize {
    if matches!(x.rank(), 0 | 1 | 3) { 0 } else { 1 }
}

pub(super) fn python_dim(dim: Option<isize>) -> String {
    dim.map_or_else(|| "None".into(), |dim| dim.to_string())
}
