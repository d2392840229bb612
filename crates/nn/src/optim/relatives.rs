//! Adam's relatives: Adadelta, Adamax, NAdam and RAdam, with PyTorch's defaults.

use super::Optim;
use super::config::{Age, BETAS, Config, Setting, Step, common, config, first_wrong, wrong};
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

config!(
    /// Adadelta of a learning rate (PyTorch's default is 1), rho 0.9, eps 1e-6.
    AdadeltaConfig [] [] lr = 1.0, {
        /// ρ, the decay rate of both running means.
        rho: f64 = 0.9,
        /// Added under the roots.
        eps: f64 = 1e-6,
        /// λ, the L2 penalty's factor.
        weight_decay: f64 = 0.0,
    } also ["foreach"], then ["capturable"]
);
config!(
    /// Adamax of a learning rate (PyTorch's default is 2e-3), betas (0.9, 0.999), eps 1e-8.
    AdamaxConfig [] [] lr = 2e-3, {
        /// The decay rates of the running mean and of the running maximum.
        betas: (f64, f64) = BETAS,
        /// Added to each gradient's magnitude.
        eps: f64 = 1e-8,
        /// λ, the L2 penalty's factor.
        weight_decay: f64 = 0.0,
    } also ["foreach"], then ["capturable"]
);
config!(
    /// NAdam of a learning rate (PyTorch's default is 2e-3), betas (0.9, 0.999), eps 1e-8.
    NAdamConfig [] [] lr = 2e-3, {
        /// The decay rates of the two running means.
        betas: (f64, f64) = BETAS,
        /// Added to the root.
        eps: f64 = 1e-8,
        /// λ, the penalty's factor.
        weight_decay: f64 = 0.0,
        /// How slowly the momentum warms up.
        momentum_decay: f64 = 4e-3,
        /// Whether the parameter itself decays, instead of the gradient growing.
        decoupled_weight_decay: bool = false,
    } also ["foreach"], then ["capturable"]
);
config!(
    /// RAdam of a learning rate (PyTorch's default is 1e-3), betas (0.9, 0.999), eps 1e-8.
    RAdamConfig [] [] lr = 1e-3, {
        /// The decay rates of the two running means.
        betas: (f64, f64) = BETAS,
        /// Added to the root.
        eps: f64 = 1e-8,
        /// λ, the penalty's factor.
        weight_decay: f64 = 0.0,
        /// Whether the parameter itself decays, instead of the gradient growing.
        decoupled_weight_decay: bool = false,
    } also ["foreach"], then ["capturable"]
);

/// The L2 penalty's factor and what the parameter is multiplied by: one of the two decays.
fn decay(lr: f64, weight_decay: f64, decoupled: bool) -> (f64, f64) {
    if decoupled { (0.0, 1.0 - lr * weight_decay) } else { (weight_decay, 1.0) }
}

impl Config for AdadeltaConfig {
    common!("Adadelta");
    fn state_names(&self) -> &'static [&'static str] {
        &["square_avg", "acc_delta"]
    }
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
    common!("Adamax", with betas.0);
    fn state_names(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_inf"]
    }
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
    common!("NAdam", with betas.0);
    fn state_names(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }
    fn derived(&self, steps: u64, _: f64) -> Vec<(&'static str, f64)> {
        vec![("mu_product", self.product(steps).into())]
    }
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
    common!("RAdam", with betas.0);
    fn state_names(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }
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
