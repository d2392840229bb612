//! SGD, Adam and AdamW, RMSprop, Adagrad: their settings with PyTorch's defaults.

use super::{Config, Optim};
use autograd::Tensor;
use tensor_core::OptimStep;

/// Stochastic gradient descent, with momentum (Polyak 1964; Sutskever et al. 2013).
pub type Sgd = Optim<SgdConfig>;
/// Adam (Kingma & Ba 2015), and AdamW (Loshchilov & Hutter 2019) by [`Adam::w`].
pub type Adam = Optim<AdamConfig>;
/// RMSprop (Hinton 2012).
pub type RmsProp = Optim<RmsPropConfig>;
/// Adagrad (Duchi et al. 2011).
pub type Adagrad = Optim<AdagradConfig>;

macro_rules! config {
    ($config:ident { $($(#[$doc:meta])* $field:ident: $ty:ty),+ $(,)? }) => {
        /// Settings; the fields are PyTorch's.
        #[derive(Clone, Debug)]
        pub struct $config {
            /// Learning rate.
            pub lr: f64,
            $($(#[$doc])* pub $field: $ty,)+
        }
        impl Optim<$config> {$(
            $(#[$doc])*
            #[must_use]
            pub fn $field(self, value: $ty) -> Self {
                self.configure(|c| c.$field = value.clone())
            }
        )+}
    };
}

config!(SgdConfig {
    /// μ, the share of the last direction that is kept.
    momentum: f64,
    /// The share of the gradient that does not enter the momentum.
    dampening: f64,
    /// λ, the L2 penalty's factor.
    weight_decay: f64,
    /// Whether to look ahead along the momentum.
    nesterov: bool,
});
config!(AdamConfig {
    /// The decay rates of the two running means.
    betas: (f64, f64),
    /// Added to the root.
    eps: f64,
    /// λ, the penalty's factor.
    weight_decay: f64,
    /// Whether to divide by the largest running square so far.
    amsgrad: bool,
    /// AdamW: whether the parameter itself decays, instead of the gradient growing.
    decoupled: bool,
});
config!(RmsPropConfig {
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
});
config!(AdagradConfig {
    /// How fast the rate falls: lr/(1 + (t − 1)·decay).
    lr_decay: f64,
    /// Added to the root.
    eps: f64,
    /// λ, the L2 penalty's factor.
    weight_decay: f64,
});

impl Sgd {
    /// SGD of a learning rate; add `.momentum(0.9)` and others.
    #[track_caller]
    pub fn new(params: Vec<Tensor>, lr: f64) -> Self {
        Optim::with_config(
            params,
            SgdConfig { lr, momentum: 0.0, dampening: 0.0, weight_decay: 0.0, nesterov: false },
        )
    }
}

impl Adam {
    /// Adam of a learning rate (PyTorch's default is 1e-3), betas (0.9, 0.999), eps 1e-8.
    #[track_caller]
    pub fn new(params: Vec<Tensor>, lr: f64) -> Self {
        let config = AdamConfig {
            lr,
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.0,
            amsgrad: false,
            decoupled: false,
        };
        Optim::with_config(params, config)
    }

    /// AdamW: decoupled weight decay of 0.01.
    #[track_caller]
    pub fn w(params: Vec<Tensor>, lr: f64) -> Self {
        Adam::new(params, lr).decoupled(true).weight_decay(0.01)
    }
}

impl RmsProp {
    /// RMSprop of a learning rate (PyTorch's default is 1e-2), alpha 0.99, eps 1e-8.
    #[track_caller]
    pub fn new(params: Vec<Tensor>, lr: f64) -> Self {
        let config =
            RmsPropConfig { lr, alpha: 0.99, eps: 1e-8, weight_decay: 0.0, momentum: 0.0, centered: false };
        Optim::with_config(params, config)
    }
}

impl Adagrad {
    /// Adagrad of a learning rate (PyTorch's default is 1e-2), eps 1e-10.
    #[track_caller]
    pub fn new(params: Vec<Tensor>, lr: f64) -> Self {
        Optim::with_config(params, AdagradConfig { lr, lr_decay: 0.0, eps: 1e-10, weight_decay: 0.0 })
    }
}

macro_rules! config_impl {
    ($config:ident, |$c:ident| $states:expr, |$t:ident| $step:expr) => {
        impl Config for $config {
            fn lr(&self) -> f64 {
                self.lr
            }
            fn set_lr(&mut self, lr: f64) {
                self.lr = lr;
            }
            fn states(&self) -> usize {
                let $c = self;
                $states
            }
            fn step(&self, $t: u64) -> OptimStep {
                let $c = self;
                $step
            }
        }
    };
}

config_impl!(SgdConfig, |c| usize::from(c.momentum != 0.0), |t| OptimStep::Sgd {
    lr: c.lr,
    momentum: c.momentum,
    dampening: c.dampening,
    weight_decay: c.weight_decay,
    nesterov: c.nesterov,
    first: t == 1,
});
config_impl!(AdamConfig, |c| 2 + usize::from(c.amsgrad), |t| OptimStep::Adam {
    lr: c.lr,
    betas: c.betas,
    eps: c.eps,
    weight_decay: c.weight_decay,
    decoupled: c.decoupled,
    amsgrad: c.amsgrad,
    step: t,
});
config_impl!(RmsPropConfig, |c| 1 + usize::from(c.centered) + usize::from(c.momentum > 0.0), |_t| {
    OptimStep::RmsProp {
        lr: c.lr,
        alpha: c.alpha,
        eps: c.eps,
        weight_decay: c.weight_decay,
        momentum: c.momentum,
        centered: c.centered,
    }
});
config_impl!(AdagradConfig, |_c| 1, |t| OptimStep::Adagrad {
    lr: _c.lr / (1.0 + (t - 1) as f64 * _c.lr_decay),
    eps: _c.eps,
    weight_decay: _c.weight_decay,
});
