//! Adam's relatives: Adadelta, Adamax, NAdam and RAdam, with PyTorch's defaults.

use super::Optim;
use super::algorithms::common;
use super::config::{Age, Config, Setting, Step, config, first_wrong};
use autograd::Tensor;
use std::borrow::Borrow;
use tensor_core::OptimStep;

/// Adadelta (Zeiler 2012): steps of the size of the last ones.
pub type Adadelta = Optim<AdadeltaConfig>;
/// Adamax (Kingma & Ba 2015): Adam by the largest gradient, instead of the mean square.
pub type Adamax = Optim<AdamaxConfig>;
/// NAdam (Dozat 2016): Adam that looks ahead along its momentum.
pub type NAdam = Optim<NAdamConfig>;
/// RAdam (Liu et al. 2020): Adam that waits until it can tell the variance.
pub type RAdam = Optim<RAdamConfig>;

config!(AdadeltaConfig [] [] {
    /// ρ, the decay rate of both running means.
    rho: f64,
    /// Added under the roots.
    eps: f64,
    /// λ, the L2 penalty's factor.
    weight_decay: f64,
} also ["foreach"]);
config!(AdamaxConfig [] [] {
    /// The decay rates of the running mean and of the running maximum.
    betas: (f64, f64),
    /// Added to each gradient's magnitude.
    eps: f64,
    /// λ, the L2 penalty's factor.
    weight_decay: f64,
} also ["foreach"]);
config!(NAdamConfig [] [] {
    /// The decay rates of the two running means.
    betas: (f64, f64),
    /// Added to the root.
    eps: f64,
    /// λ, the penalty's factor.
    weight_decay: f64,
    /// How slowly the momentum warms up.
    momentum_decay: f64,
    /// Whether the parameter itself decays, instead of the gradient growing.
    decoupled_weight_decay: bool,
} also ["foreach"]);
config!(RAdamConfig [] [] {
    /// The decay rates of the two running means.
    betas: (f64, f64),
    /// Added to the root.
    eps: f64,
    /// λ, the penalty's factor.
    weight_decay: f64,
    /// Whether the parameter itself decays, instead of the gradient growing.
    decoupled_weight_decay: bool,
} also ["foreach"]);

const BETAS: (f64, f64) = (0.9, 0.999);

impl Default for AdadeltaConfig {
    /// PyTorch's: a rate of 1, rho 0.9, eps 1e-6.
    fn default() -> Self {
        AdadeltaConfig { lr: 1.0, maximize: false, rho: 0.9, eps: 1e-6, weight_decay: 0.0 }
    }
}
impl Default for AdamaxConfig {
    /// PyTorch's: a rate of 2e-3, betas (0.9, 0.999), eps 1e-8.
    fn default() -> Self {
        AdamaxConfig { lr: 2e-3, maximize: false, betas: BETAS, eps: 1e-8, weight_decay: 0.0 }
    }
}
impl Default for NAdamConfig {
    /// PyTorch's: a rate of 2e-3, betas (0.9, 0.999), eps 1e-8, momentum decay 4e-3.
    fn default() -> Self {
        NAdamConfig {
            lr: 2e-3,
            maximize: false,
            betas: BETAS,
            eps: 1e-8,
            weight_decay: 0.0,
            momentum_decay: 4e-3,
            decoupled_weight_decay: false,
        }
    }
}
impl Default for RAdamConfig {
    /// PyTorch's: a rate of 1e-3, betas (0.9, 0.999), eps 1e-8.
    fn default() -> Self {
        RAdamConfig {
            lr: 1e-3,
            maximize: false,
            betas: BETAS,
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled_weight_decay: false,
        }
    }
}

impl Adadelta {
    /// Adadelta of a learning rate (PyTorch's default is 1), rho 0.9, eps 1e-6.
    #[track_caller]
    pub fn new(params: impl IntoIterator<Item: Borrow<Tensor>>, lr: f64) -> Self {
        Optim::with_config(params, AdadeltaConfig { lr, ..AdadeltaConfig::default() })
    }
}
impl Adamax {
    /// Adamax of a learning rate (PyTorch's default is 2e-3), betas (0.9, 0.999), eps 1e-8.
    #[track_caller]
    pub fn new(params: impl IntoIterator<Item: Borrow<Tensor>>, lr: f64) -> Self {
        Optim::with_config(params, AdamaxConfig { lr, ..AdamaxConfig::default() })
    }
}
impl NAdam {
    /// NAdam of a learning rate (PyTorch's default is 2e-3), betas (0.9, 0.999), eps 1e-8.
    #[track_caller]
    pub fn new(params: impl IntoIterator<Item: Borrow<Tensor>>, lr: f64) -> Self {
        Optim::with_config(params, NAdamConfig { lr, ..NAdamConfig::default() })
    }
}
impl RAdam {
    /// RAdam of a learning rate (PyTorch's default is 1e-3), betas (0.9, 0.999), eps 1e-8.
    #[track_caller]
    pub fn new(params: impl IntoIterator<Item: Borrow<Tensor>>, lr: f64) -> Self {
        Optim::with_config(params, RAdamConfig { lr, ..RAdamConfig::default() })
    }
}

/// What is wrong with the settings that Adam's relatives share.
fn wrong(lr: f64, eps: f64, (b1, b2): (f64, f64), weight_decay: f64) -> Option<String> {
    first_wrong(&[
        ("learning rate", lr, lr >= 0.0),
        ("epsilon value", eps, eps >= 0.0),
        ("beta parameter at index 0", b1, (0.0..1.0).contains(&b1)),
        ("beta parameter at index 1", b2, (0.0..1.0).contains(&b2)),
        ("weight_decay value", weight_decay, weight_decay >= 0.0),
    ])
}

/// The L2 penalty's factor and what the parameter is multiplied by: one of the two decays.
fn decay(lr: f64, weight_decay: f64, decoupled: bool) -> (f64, f64) {
    if decoupled { (0.0, 1.0 - lr * weight_decay) } else { (weight_decay, 1.0) }
}

/// What these algorithms' settings do alike.
macro_rules! relative {
    ($name:literal) => {
        common!($name);
        fn states(&self) -> usize {
            2
        }
        fn settings(&self) -> Vec<(&'static str, String)> {
            let mut all = self.all_settings();
            all.push(("capturable", false.text()));
            all
        }
    };
    ($name:literal with betas) => {
        relative!($name);
        fn momentum(&self) -> Option<f64> {
            Some(self.betas.0)
        }
        fn set_momentum(&mut self, momentum: f64) {
            self.betas.0 = momentum;
        }
    };
}

impl Config for AdadeltaConfig {
    relative!("Adadelta");
    fn problem(&self) -> Option<String> {
        first_wrong(&[
            ("learning rate", self.lr, self.lr >= 0.0),
            ("rho value", self.rho, (0.0..=1.0).contains(&self.rho)),
            ("epsilon value", self.eps, self.eps >= 0.0),
            ("weight_decay value", self.weight_decay, self.weight_decay >= 0.0),
        ])
    }
    fn step(&self, _: Age) -> Step {
        OptimStep::Adadelta { lr: self.lr, rho: self.rho, eps: self.eps, weight_decay: self.weight_decay }
            .into()
    }
}

impl Config for AdamaxConfig {
    relative!("Adamax" with betas);
    fn problem(&self) -> Option<String> {
        wrong(self.lr, self.eps, self.betas, self.weight_decay)
    }
    fn step(&self, Age { t, .. }: Age) -> Step {
        OptimStep::Adamax {
            lr: self.lr / (1.0 - self.betas.0.powf(t as f64)),
            betas: self.betas,
            eps: self.eps,
            weight_decay: self.weight_decay,
        }
        .into()
    }
}

impl NAdamConfig {
    /// The momentum of step `t`.
    fn mu(&self, t: u64) -> f64 {
        self.betas.0 * (1.0 - 0.5 * 0.96f64.powf(t as f64 * self.momentum_decay))
    }

    /// The product of all momenta up to step `t`, in single precision as PyTorch keeps it.
    fn product(&self, t: u64) -> f32 {
        let mut product = 1f32;
        for step in 1..=t {
            product *= self.mu(step) as f32;
            // It falls below the smallest number within a thousand steps or so.
            if product == 0.0 {
                break;
            }
        }
        product
    }
}

impl Config for NAdamConfig {
    relative!("NAdam" with betas);
    fn problem(&self) -> Option<String> {
        let momentum_decay = ("momentum_decay value", self.momentum_decay, self.momentum_decay >= 0.0);
        wrong(self.lr, self.eps, self.betas, self.weight_decay).or_else(|| first_wrong(&[momentum_decay]))
    }
    fn step(&self, Age { t, .. }: Age) -> Step {
        let (mu, next) = (self.mu(t), self.mu(t + 1));
        let product = f64::from(self.product(t));
        let (weight_decay, shrink) = decay(self.lr, self.weight_decay, self.decoupled_weight_decay);
        OptimStep::NAdam {
            betas: self.betas,
            eps: self.eps,
            weight_decay,
            shrink,
            correction: 1.0 - self.betas.1.powf(t as f64),
            rates: (-self.lr * (1.0 - mu) / (1.0 - product), -self.lr * next / (1.0 - product * next)),
        }
        .into()
    }
}

impl Config for RAdamConfig {
    relative!("RAdam" with betas);
    fn problem(&self) -> Option<String> {
        wrong(self.lr, self.eps, self.betas, self.weight_decay)
    }
    fn step(&self, Age { t, .. }: Age) -> Step {
        let (b1, b2) = self.betas;
        let t = t as f64;
        let (decayed, longest) = (b2.powf(t), 2.0 / (1.0 - b2) - 1.0);
        // The length of the mean that the running squares amount to.
        let length = longest - 2.0 * t * decayed / (1.0 - decayed);
        let rectify = || {
            let of = |n: f64| (n - 4.0) * (n - 2.0);
            (of(length) * longest / (of(longest) * length)).sqrt()
        };
        let (weight_decay, shrink) = decay(self.lr, self.weight_decay, self.decoupled_weight_decay);
        OptimStep::RAdam {
            lr: self.lr,
            betas: self.betas,
            eps: self.eps,
            weight_decay,
            shrink,
            correction: 1.0 - b1.powf(t),
            adaptive: (length > 5.0).then(|| ((1.0 - decayed).sqrt(), rectify())),
        }
        .into()
    }
}
