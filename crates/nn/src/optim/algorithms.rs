//! SGD, Adam and AdamW, RMSprop, Adagrad: their settings with PyTorch's defaults.

use super::Optim;
use super::config::{Age, BETAS, Config, Setting, Step, common, config, first_wrong, wrong};
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

config!(
    /// SGD of a learning rate (PyTorch's default is 1e-3); add `.momentum(0.9)` and others.
    SgdConfig [] [] lr = 1e-3, {
        /// μ, the share of the last direction that is kept.
        momentum: f64 = 0.0,
        /// The share of the gradient that does not enter the momentum.
        dampening: f64 = 0.0,
        /// λ, the L2 penalty's factor.
        weight_decay: f64 = 0.0,
        /// Whether to look ahead along the momentum.
        nesterov: bool = false,
    } also ["foreach", "fused"], then []
);
config!(
    /// Adam or AdamW of a learning rate (PyTorch's default is 1e-3), betas (0.9, 0.999), eps 1e-8.
    AdamConfig [const W: bool] [W] lr = 1e-3, {
        /// The decay rates of the two running means.
        betas: (f64, f64) = BETAS,
        /// Added to the root.
        eps: f64 = 1e-8,
        /// λ, the penalty's factor.
        weight_decay: f64 = if W { 0.01 } else { 0.0 },
        /// Whether to divide by the largest running square so far.
        amsgrad: bool = false,
        /// Whether the parameter itself decays, instead of the gradient growing: true for AdamW.
        decoupled_weight_decay: bool = W,
    } also ["foreach", "fused"], then ["capturable"]
);
config!(
    /// RMSprop of a learning rate (PyTorch's default is 1e-2), alpha 0.99, eps 1e-8.
    RmsPropConfig [] [] lr = 1e-2, {
        /// The decay rate of the running squares.
        alpha: f64 = 0.99,
        /// Added to the root.
        eps: f64 = 1e-8,
        /// λ, the L2 penalty's factor.
        weight_decay: f64 = 0.0,
        /// μ, the share of the last direction that is kept.
        momentum: f64 = 0.0,
        /// Whether to subtract the squared running mean.
        centered: bool = false,
    } also ["foreach"], then ["capturable"]
);
config!(
    /// Adagrad of a learning rate (PyTorch's default is 1e-2), eps 1e-10.
    AdagradConfig [] [] lr = 1e-2, {
        /// How fast the rate falls: lr/(1 + (t − 1)·decay).
        lr_decay: f64 = 0.0,
        /// Added to the root.
        eps: f64 = 1e-10,
        /// λ, the L2 penalty's factor.
        weight_decay: f64 = 0.0,
        /// What the sums of squares start from.
        initial_accumulator_value: f64 = 0.0,
    } also ["foreach", "fused"], then []
);

impl Config for SgdConfig {
    common!("SGD", with momentum);
    fn state_names(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["momentum_buffer"] }
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
    common!(if W { "AdamW" } else { "Adam" }, with betas.0);
    fn state_names(&self) -> &'static [&'static str] {
        let all = &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"];
        if self.amsgrad { all } else { &all[..2] }
    }
    fn problem(&self) -> Option<String> {
        wrong(self.lr, self.eps, self.betas, self.weight_decay)
    }
    fn step(&self, Age { t, .. }: Age) -> Step {
        OptimStep::Adam {
            lr: self.lr,
            betas: self.betas,
            eps: self.eps,
            weight_decay: self.weight_decay,
            decoupled: self.decoupled_weight_decay,
            amsgrad: self.amsgrad,
            corrections: (1.0 - self.betas.0.powf(t as f64), 1.0 - self.betas.1.powf(t as f64)),
        }
        .into()
    }
}

impl Config for RmsPropConfig {
    common!("RMSprop", with momentum);
    fn state_names(&self) -> &'static [&'static str] {
        match (self.centered, self.momentum > 0.0) {
            (false, false) => &["square_avg"],
            (false, true) => &["square_avg", "momentum_buffer"],
            (true, false) => &["square_avg", "grad_avg"],
            (true, true) => &["square_avg", "grad_avg", "momentum_buffer"],
        }
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
    fn state_names(&self) -> &'static [&'static str] {
        &["sum"]
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
    fn step(&self, Age { t, .. }: Age) -> Step {
        OptimStep::Adagrad {
            lr: self.lr / (1.0 + (t - 1) as f64 * self.lr_decay),
            eps: self.eps,
            weight_decay: self.weight_decay,
        }
        .into()
    }
}
