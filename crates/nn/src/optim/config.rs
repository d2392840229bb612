//! What an algorithm's settings must tell the optimizer, and the macro that writes the builders.

use crate::layers::{number, python};
use autograd::Tensor;
use tensor_core::OptimStep;

/// How old a parameter's state is.
#[derive(Clone, Copy, Debug)]
pub struct Age {
    /// The number of this step, counted from 1.
    pub t: u64,
    /// Whether some state was made for it.
    pub fresh: bool,
    /// The learning rate of the step before; of this one at the first.
    pub last_lr: f64,
}

/// What tensor operations do to a parameter and its state, in place, by its gradient.
pub type Composed = Box<dyn Fn(&Tensor, &Tensor, &[Tensor])>;

/// A step: one call of the backend for all parameters, or tensor operations for each.
pub enum Step {
    /// A kernel that every backend has.
    Fused(OptimStep),
    /// Of an algorithm that is used too seldom for that.
    Composed(Composed),
}

impl From<OptimStep> for Step {
    fn from(step: OptimStep) -> Self {
        Step::Fused(step)
    }
}

/// The settings of an algorithm, and its step.
pub trait Config: Clone + Send + std::fmt::Debug {
    /// The algorithm's name, as PyTorch prints it.
    fn name(&self) -> &'static str;
    /// The learning rate.
    fn lr(&self) -> f64;
    /// Sets the learning rate.
    fn set_lr(&mut self, lr: f64);
    /// The momentum, or what stands for it (Adam's β₁), if the algorithm has one.
    fn momentum(&self) -> Option<f64> {
        None
    }
    /// Sets the momentum, if the algorithm has one.
    fn set_momentum(&mut self, _momentum: f64) {}
    /// Whether to climb instead of descend.
    fn maximize(&self) -> bool;
    /// What PyTorch calls the tensors of state that each parameter has, in the order of the step.
    fn state_names(&self) -> &'static [&'static str];
    /// How many tensors of state each parameter has.
    fn states(&self) -> usize {
        self.state_names().len()
    }
    /// What PyTorch keeps of each parameter besides, which here follows from the steps taken and the last one's
    /// learning rate: numbers by name. Files carry them, so that PyTorch can go on.
    fn derived(&self, _steps: u64, _last_lr: f64) -> Vec<(&'static str, f64)> {
        Vec::new()
    }
    /// What the state's tensor of a number is filled with at first.
    fn initial(&self, _index: usize) -> f64 {
        0.0
    }
    /// What is wrong with the settings, in PyTorch's words.
    fn problem(&self) -> Option<String>;
    /// The settings by name, as PyTorch prints them.
    fn settings(&self) -> Vec<(&'static str, String)>;
    /// Sets one from what [`Config::settings`] made of it; whether the text is a value of it. Names that are none
    /// of its own are passed over.
    fn set(&mut self, name: &str, text: &str) -> bool;
    /// The step of parameters of an age.
    fn step(&self, age: Age) -> Step;
}

/// A setting as Python prints it.
pub(super) trait Setting: Sized {
    fn text(&self) -> String;
    fn parse(text: &str) -> Option<Self>;
}

impl Setting for f64 {
    /// PyTorch's defaults of 0 are whole numbers.
    fn text(&self) -> String {
        if *self == 0.0 { "0".into() } else { number(*self) }
    }
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}
impl Setting for bool {
    fn text(&self) -> String {
        python(*self).into()
    }
    fn parse(text: &str) -> Option<Self> {
        [true, false].into_iter().find(|&value| python(value) == text)
    }
}
impl Setting for (f64, f64) {
    fn text(&self) -> String {
        format!("({}, {})", number(self.0), number(self.1))
    }
    /// A tuple, or a list.
    fn parse(text: &str) -> Option<Self> {
        let (a, b) = text.strip_prefix(['(', '['])?.strip_suffix([')', ']'])?.split_once(", ")?;
        Some((a.parse().ok()?, b.parse().ok()?))
    }
}

/// β₁ and β₂ of Adam and its relatives, PyTorch's default.
pub(super) const BETAS: (f64, f64) = (0.9, 0.999);

/// The first setting that is not in [0, ∞), or whose own rule fails.
pub(super) fn first_wrong(rules: &[(&str, f64, bool)]) -> Option<String> {
    rules
        .iter()
        .find(|(_, _, fine)| !fine)
        .map(|(what, value, _)| format!("Invalid {what}: {}", number(*value)))
}

/// What is wrong with the settings that Adam and its relatives share.
pub(super) fn wrong(lr: f64, eps: f64, (b1, b2): (f64, f64), weight_decay: f64) -> Option<String> {
    first_wrong(&[
        ("learning rate", lr, lr >= 0.0),
        ("epsilon value", eps, eps >= 0.0),
        ("beta parameter at index 0", b1, (0.0..1.0).contains(&b1)),
        ("beta parameter at index 1", b2, (0.0..1.0).contains(&b2)),
        ("weight_decay value", weight_decay, weight_decay >= 0.0),
    ])
}

/// A settings struct with a learning rate and `maximize`, PyTorch's defaults, the optimizer's `new`, and a builder
/// method on it for each other field. `also` names what PyTorch prints besides with None, `then` with False.
macro_rules! config {
    ($(#[$new:meta])* $config:ident [$($generics:tt)*] [$($args:tt)*] lr = $lr:literal,
        { $($(#[$doc:meta])* $field:ident: $ty:ty = $default:expr),+ $(,)? }
        also $also:expr, then $then:expr) => {
        /// Settings; the fields are PyTorch's.
        #[derive(Clone, Debug, PartialEq)]
        pub struct $config<$($generics)*> {
            /// Learning rate.
            pub lr: f64,
            /// Whether to climb instead of descend.
            pub maximize: bool,
            $($(#[$doc])* pub $field: $ty,)+
        }
        impl<$($generics)*> Default for $config<$($args)*> {
            /// PyTorch's.
            fn default() -> Self {
                $config { lr: $lr, maximize: false, $($field: $default),+ }
            }
        }
        impl<$($generics)*> Optim<$config<$($args)*>> {
            $(#[$new])*
            #[track_caller]
            pub fn new(params: impl IntoIterator<Item: Borrow<Tensor>>, lr: f64) -> Self {
                Optim::with_config(params, $config { lr, ..$config::default() })
            }
            /// Whether to climb instead of descend.
            #[must_use]
            pub fn maximize(self, value: bool) -> Self {
                self.configure(&|c| c.maximize = value)
            }
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $field(self, value: $ty) -> Self {
                    self.configure(&|c| c.$field = value)
                }
            )+
        }
        impl<$($generics)*> $config<$($args)*> {
            fn all_settings(&self) -> Vec<(&'static str, String)> {
                // What PyTorch lists besides, always with these values here.
                let mut all: Vec<(&'static str, String)> =
                    $also.into_iter().map(|name: &'static str| (name, "None".to_string())).collect();
                all.push(("differentiable", false.text()));
                all.extend([("lr", self.lr.text()), ("maximize", self.maximize.text())]);
                all.extend([$((stringify!($field), self.$field.text())),+]);
                all.extend($then.into_iter().map(|name: &'static str| (name, false.text())));
                all
            }
            fn set_setting(&mut self, name: &str, text: &str) -> bool {
                fn take<T: $crate::optim::config::Setting>(field: &mut T, text: &str) -> bool {
                    T::parse(text).map(|value| *field = value).is_some()
                }
                match name {
                    "lr" => take(&mut self.lr, text),
                    "maximize" => take(&mut self.maximize, text),
                    $(stringify!($field) => take(&mut self.$field, text),)+
                    _ => true,
                }
            }
        }
    };
}
pub(super) use config;

/// What every algorithm's settings do alike; `with` a field that is the momentum, or `but settings`.
macro_rules! common {
    ($name:expr) => {
        common!($name, but settings);
        fn settings(&self) -> Vec<(&'static str, String)> {
            self.all_settings()
        }
    };
    ($name:expr, with $($momentum:tt).+) => {
        common!($name);
        fn momentum(&self) -> Option<f64> {
            Some(self.$($momentum).+)
        }
        fn set_momentum(&mut self, momentum: f64) {
            self.$($momentum).+ = momentum;
        }
    };
    ($name:expr, but settings) => {
        fn name(&self) -> &'static str {
            $name
        }
        fn lr(&self) -> f64 {
            self.lr
        }
        fn set_lr(&mut self, lr: f64) {
            self.lr = lr;
        }
        fn maximize(&self) -> bool {
            self.maximize
        }
        fn set(&mut self, name: &str, text: &str) -> bool {
            self.set_setting(name, text)
        }
    };
}
pub(super) use common;
