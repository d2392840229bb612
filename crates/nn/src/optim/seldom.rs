//! Rprop and ASGD, with PyTorch's defaults: whole-batch training and averaged weights.
//!
//! They are used too seldom for kernels of their own: each step is a few tensor operations per parameter.

use super::config::{Age, Config, Setting, Step, common, config, first_wrong};
use super::{Optim, fused};
use crate::layers::number;
use autograd::Tensor;
use std::borrow::Borrow;
use tensor_core::OptimStep;

/// Rprop (Riedmiller & Braun 1993): steps by the gradient's sign, each weight's own step growing while the
/// sign stays and shrinking when it turns. For whole batches.
pub type Rprop = Optim<RpropConfig>;
/// Averaged SGD (Polyak & Juditsky 1992), with its first state the average of the weights.
pub type Asgd = Optim<AsgdConfig>;
/// [`Asgd`] in PyTorch's spelling.
pub type ASGD = Asgd;

config!(
    /// Rprop of a first step size (PyTorch's default is 1e-2), etas (0.5, 1.2), steps from 1e-6 to 50.
    RpropConfig [] [] lr = 1e-2, {
        /// What a step is multiplied by when the sign turns, and when it stays.
        etas: (f64, f64) = (0.5, 1.2),
        /// The least and the largest step.
        step_sizes: (f64, f64) = (1e-6, 50.0),
    } also ["foreach"], then ["capturable"]
);
config!(
    /// ASGD of a learning rate (PyTorch's default is 1e-2), lambd 1e-4, alpha 0.75, t0 1e6.
    AsgdConfig [] [] lr = 1e-2, {
        /// λ, the decay of the weights at a rate of 1.
        lambd: f64 = 1e-4,
        /// How fast the rate falls: lr/(1 + λ·lr·t)^α.
        alpha: f64 = 0.75,
        /// The step from which on weights are averaged.
        t0: f64 = 1e6,
        /// The L2 penalty's factor.
        weight_decay: f64 = 0.0,
    } also ["foreach"], then ["capturable"]
);

impl Config for RpropConfig {
    common!("Rprop", but settings);
    fn state_names(&self) -> &'static [&'static str] {
        &["prev", "step_size"]
    }
    /// The gradient before is 0; the steps are of the learning rate.
    fn initial(&self, index: usize) -> f64 {
        if index == 0 { 0.0 } else { self.lr }
    }
    fn problem(&self) -> Option<String> {
        let (minus, plus) = self.etas;
        let fine = 0.0 < minus && minus < 1.0 && 1.0 < plus;
        first_wrong(&[("learning rate", self.lr, self.lr >= 0.0)])
            .or_else(|| (!fine).then(|| format!("Invalid eta values: {}, {}", number(minus), number(plus))))
    }
    fn settings(&self) -> Vec<(&'static str, String)> {
        let mut all = self.all_settings();
        // PyTorch's default of the largest is a whole number, and whole ones print as such.
        let text = |step: f64| if step.fract() == 0.0 { format!("{step}") } else { number(step) };
        let sizes = format!("({}, {})", text(self.step_sizes.0), text(self.step_sizes.1));
        all.iter_mut()
            .filter(|(name, _)| *name == "step_sizes")
            .for_each(|(_, value)| *value = sizes.clone());
        all
    }
    fn step(&self, _: Age) -> Step {
        let ((minus, plus), (least, most)) = (self.etas, self.step_sizes);
        Step::Composed(Box::new(move |param, grad, state| {
            let [before, size] = state else { unreachable!("of state there are 2") };
            let kept = grad * before;
            let (turned, same) = (kept.lt(0.0), kept.gt(0.0));
            let factor = turned.where_(minus, same.where_(plus, size.ones_like()));
            size.copy_(&(size * factor).clamp(least, most));
            // After a turn the weight stays for a step.
            let grad = turned.where_(0.0, grad);
            param.copy_(&(param.detach() - grad.sign() * size));
            before.copy_(&grad);
        }))
    }
}

/// `param − rate·grad`, in place and rounded as PyTorch's `add_(grad, alpha=-rate)`.
fn descend(param: &Tensor, rate: f64, grad: &Tensor) {
    let step = OptimStep::Sgd {
        lr: rate,
        momentum: 0.0,
        dampening: 0.0,
        weight_decay: 0.0,
        nesterov: false,
        first: true,
    };
    fused(step, &[(param.clone(), grad.clone(), Vec::new())]);
}

impl AsgdConfig {
    /// The rate of the step after some, and what a weight counts for in the average then; PyTorch works both out at the
    /// end of the step before, and keeps them in single precision.
    fn after(&self, steps: u64, last_lr: f64) -> (f64, f64) {
        let done = steps as f64;
        let eta = last_lr / (1.0 + self.lambd * last_lr * done).powf(self.alpha);
        (f64::from(eta as f32), f64::from((1.0 / (done - self.t0).max(1.0)) as f32))
    }
}

impl Config for AsgdConfig {
    common!("ASGD");
    fn state_names(&self) -> &'static [&'static str] {
        &["ax"]
    }
    fn derived(&self, steps: u64, last_lr: f64) -> Vec<(&'static str, f64)> {
        let (eta, mu) = self.after(steps, last_lr);
        vec![("eta", eta), ("mu", mu)]
    }
    fn problem(&self) -> Option<String> {
        first_wrong(&[
            ("learning rate", self.lr, self.lr >= 0.0),
            ("lambd value", self.lambd, self.lambd >= 0.0),
            ("alpha value", self.alpha, self.alpha >= 0.0),
            ("weight_decay value", self.weight_decay, self.weight_decay >= 0.0),
        ])
    }
    fn step(&self, Age { t, last_lr, .. }: Age) -> Step {
        let (eta, mu) = self.after(t - 1, last_lr);
        let (shrink, weight_decay) = (1.0 - self.lambd * eta, self.weight_decay);
        Step::Composed(Box::new(move |param, grad, state| {
            let [average] = state else { unreachable!("of state there are 1") };
            let mut grad = grad.clone();
            if weight_decay != 0.0 {
                grad = grad.copy();
                descend(&grad, -weight_decay, param);
            }
            param.mul_(shrink);
            descend(param, eta, &grad);
            let param = param.detach();
            let next = if mu == 1.0 { param } else { average + (param - average) * mu };
            average.copy_(&next);
        }))
    }
}
