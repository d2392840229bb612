//! SGD, Adam and AdamW, RMSprop, Adagrad: their settings with PyTorch's defaults.

use super::Optim;
use super::config::{Age, Config, Setting, Step, config, first_wrong};
use autograd::Tensor;
use std::borrow::Borrow;
use tensor_core::OptimStep;

/// Stochastic gradient descent, with momentum (Polyak 1964; Sutskever et al. 2013).
pub type Sgd = Optim<SgdConfig>;
/// [`Sgd`] in PyTorch's spelling.
pub type SGD = Sgd;
/// Adam (Kingma & Ba 2015).
pub type Adam = Optim<AdamConfig<false>>;
/// AdamW (Loshchilov & Hutter 2019): Adam whose weight decay does not pass through the gradient.
pub type AdamW = Optim<AdamConfig<true>>;
/// RMSprop (Hinton 2012).
pub type RmsProp = Optim<RmsPropConfig>;
/// [`RmsProp`] in PyTorch's spelling.
pub type RMSprop = RmsProp;
/// Adagrad (Duchi et al. 2011).
pub type Adagrad = Optim<AdagradConfig>;

config!(SgdConfig [] [] {
    /// μ, the share of the last direction that is kept.
    momentum: f64,
    /// The share of the gradient that does not enter the momentum.
    dampening: f64,
    /// λ, the L2 penalty's factor.
    weight_decay: f64,
    /// Whether to look ahead along the momentum.
    nesterov: bool,
} also ["foreach", "fused"]);
config!(AdamConfig [const W: bool] [W] {
    /// The decay rates of the two running means.
    betas: (f64, f64),
    /// Added to the root.
    eps: f64,
    /// λ, the penalty's factor.
    weight_decay: f64,
    /// Whether to divide by the largest running square so far.
    amsgrad: bool,
    /// Whether the parameter itself decays, instead of the gradient growing: true for AdamW.
    decoupled_weight_decay: bool,
} also ["foreach", "fused"]);
config!(RmsPropConfig [] [] {
    /// The decay rate of the running squares.
    alpha: f64,
    /// Added to the root.
    eps: f64,
    /// λ, the L2 penalty's factor.
    weight_decay: f64,
    /// μ, the share of the last direction that is kept.
    momentum: f64,
    /// Whether to subtract the squared running mean.
    centered: bool,
} also ["foreach"]);
config!(AdagradConfig [] [] {
    /// How fast the rate falls: lr/(1 + (t − 1)·decay).
    lr_decay: f64,
    /// Added to the root.
    eps: f64,
    /// λ, the L2 penalty's factor.
    weight_decay: f64,
    /// What the sums of squares start from.
    initial_accumulator_value: f64,
} also ["foreach", "fused"]);

impl Default for SgdConfig {
    /// PyTorch's: a rate of 1e-3 and nothing else.
    fn default() -> Self {
        let (momentum, dampening, weight_decay) = (0.0, 0.0, 0.0);
        SgdConfig { lr: 1e-3, maximize: false, momentum, dampening, weight_decay, nesterov: false }
    }
}
impl<const W: bool> Default for AdamConfig<W> {
    /// PyTorch's: a rate of 1e-3, betas (0.9, 0.999), eps 1e-8; AdamW's weight decay is 0.01.
    fn default() -> Self {
        AdamConfig {
            lr: 1e-3,
            maximize: false,
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: if W { 0.01 } else { 0.0 },
            amsgrad: false,
            decoupled_weight_decay: W,
        }
    }
}
impl Default for RmsPropConfig {
    /// PyTorch's: a rate of 1e-2, alpha 0.99, eps 1e-8.
    fn default() -> Self {
        let (weight_decay, momentum, centered) = (0.0, 0.0, false);
        RmsPropConfig { lr: 1e-2, maximize: false, alpha: 0.99, eps: 1e-8, weight_decay, momentum, centered }
    }
}
impl Default for AdagradConfig {
    /// PyTorch's: a rate of 1e-2, eps 1e-10.
    fn default() -> Self {
        let (lr_decay, weight_decay, initial_accumulator_value) = (0.0, 0.0, 0.0);
        AdagradConfig {
            lr: 1e-2,
            maximize: false,
            lr_decay,
            eps: 1e-10,
            weight_decay,
            initial_accumulator_value,
        }
    }
}

impl Sgd {
    /// SGD of a learning rate (PyTorch's default is 1e-3); add `.momentum(0.9)` and others.
    #[track_caller]
    pub fn new(params: impl IntoIterator<Item: Borrow<Tensor>>, lr: f64) -> Self {
        Optim::with_config(params, SgdConfig { lr, ..SgdConfig::default() })
    }
}
impl<const W: bool> Optim<AdamConfig<W>> {
    /// Adam or AdamW of a learning rate (PyTorch's default is 1e-3), betas (0.9, 0.999), eps 1e-8.
    #[track_caller]
    pub fn new(params: impl IntoIterator<Item: Borrow<Tensor>>, lr: f64) -> Self {
        Optim::with_config(params, AdamConfig { lr, ..AdamConfig::default() })
    }
}
impl RmsProp {
    /// RMSprop of a learning rate (PyTorch's default is 1e-2), alpha 0.99, eps 1e-8.
    #[track_caller]
    pub fn new(params: impl IntoIterator<Item: Borrow<Tensor>>, lr: f64) -> Self {
        Optim::with_config(params, RmsPropConfig { lr, ..RmsPropConfig::default() })
    }
}
impl Adagrad {
    /// Adagrad of a learning rate (PyTorch's default is 1e-2), eps 1e-10.
    #[track_caller]
    pub fn new(params: impl IntoIterator<Item: Borrow<Tensor>>, lr: f64) -> Self {
        Optim::with_config(params, AdagradConfig { lr, ..AdagradConfig::default() })
    }
}

/// What every algorithm's settings do alike.
macro_rules! common {
    ($name:expr) => {
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
    };
}
pub(super) use common;

impl Config for SgdConfig {
    common!("SGD");
    fn momentum(&self) -> Option<f64> {
        Some(self.momentum)
    }
    fn set_momentum(&mut self, momentum: f64) {
        self.momentum = momentum;
    }
    fn states(&self) -> usize {
        usize::from(self.momentum != 0.0)
    }
    fn problem(&self) -> Option<String> {
        let wrong = first_wrong(&[
            ("learning rate", self.lr, self.lr >= 0.0),
            ("momentum value", self.momentum, self.momentum >= 0.0),
            ("weight_decay value", self.weight_decay, self.weight_decay >= 0.0),
        ]);
        let nesterov = self.nesterov && (self.momentum <= 0.0 || self.dampening != 0.0);
        wrong.or_else(|| nesterov.then(|| "Nesterov momentum requires a momentum and zero dampening".into()))
    }
    fn settings(&self) -> Vec<(&'static str, String)> {
        self.all_settings()
    }
    fn step(&self, Age { fresh, .. }: Age) -> Step {
        OptimStep::Sgd {
            lr: self.lr,
            momentum: self.momentum,
            dampening: self.dampening,
            weight_decay: self.weight_decay,
            nesterov: self.nesterov,
            first: fresh,
        }
        .into()
    }
}

impl<const W: bool> Config for AdamConfig<W> {
    common!(if W { "AdamW" } else { "Adam" });
    fn momentum(&self) -> Option<f64> {
        Some(self.betas.0)
    }
    fn set_momentum(&mut self, momentum: f64) {
        self.betas.0 = momentum;
    }
    fn states(&self) -> usize {
        2 + usize::from(self.amsgrad)
    }
    fn problem(&self) -> Option<String> {
        let (b1, b2) = self.betas;
        first_wrong(&[
            ("learning rate", self.lr, self.lr >= 0.0),
            ("epsilon value", self.eps, self.eps >= 0.0),
            ("beta parameter at index 0", b1, (0.0..1.0).contains(&b1)),
            ("beta parameter at index 1", b2, (0.0..1.0).contains(&b2)),
            ("weight_decay value", self.weight_decay, self.weight_decay >= 0.0),
        ])
    }
    fn settings(&self) -> Vec<(&'static str, String)> {
        let mut all = self.all_settings();
        all.push(("capturable", false.text()));
        all
    }
    fn step(&self, Age { t, .. }: Age) -> Step {
        OptimStep::Adam {
            lr: self.lr,
            betas: self.betas,
            eps: self.eps,
            weight_decay: self.weight_decay,
            decoupled: self.decoupled_weight_decay,
            amsgrad: self.amsgrad,
            step: t,
        }
        .into()
    }
}

impl Config for RmsPropConfig {
    common!("RMSprop");
    fn momentum(&self) -> Option<f64> {
        Some(self.momentum)
    }
    fn set_momentum(&mut self, momentum: f64) {
        self.momentum = momentum;
    }
    fn states(&self) -> usize {
        1 + usize::from(self.centered) + usize::from(self.momentum > 0.0)
    }
    fn problem(&self) -> Option<String> {
        first_wrong(&[
            ("learning rate", self.lr, self.lr >= 0.0),
            ("epsilon value", self.eps, self.eps >= 0.0),
            ("momentum value", self.momentum, self.momentum >= 0.0),
            ("weight_decay value", self.weight_decay, self.weight_decay >= 0.0),
            ("alpha value", self.alpha, self.alpha >= 0.0),
        ])
    }
    fn settings(&self) -> Vec<(&'static str, String)> {
        let mut all = self.all_settings();
        all.push(("capturable", false.text()));
        all
    }
    fn step(&self, _: Age) -> Step {
        OptimStep::RmsProp {
            lr: self.lr,
            alpha: self.alpha,
            eps: self.eps,
            weight_decay: self.weight_decay,
            momentum: self.momentum,
            centered: self.centered,
        }
        .into()
    }
}

impl Config for AdagradConfig {
    common!("Adagrad");
    fn states(&self) -> usize {
        1
    }
    fn initial(&self, _: usize) -> f64 {
        self.initial_accumulator_value
    }
    fn problem(&self) -> Option<String> {
        let initial = self.initial_accumulator_value;
        first_wrong(&[
            ("learning rate", self.lr, self.lr >= 0.0),
            ("lr_decay value", self.lr_decay, self.lr_decay >= 0.0),
            ("weight_decay value", self.weight_decay, self.weight_decay >= 0.0),
            ("initial_accumulator_value value", initial, initial >= 0.0),
            ("epsilon value", self.eps, self.eps >= 0.0),
        ])
    }
    fn settings(&self) -> Vec<(&'static str, String)> {
        self.all_settings()
    }
    fn step(&self, Age { t, .. }: Age) -> Step {
        OptimStep::Adagrad {
            lr: self.lr / (1.0 + (t - 1) as f64 * self.lr_decay),
            eps: self.eps,
            weight_decay: self.weight_decay,
        }
        .into()
    }
}
