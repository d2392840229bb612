//! Learning-rate schedules: each works on the current rates, recursively, as PyTorch's do.
//!
//! Construct one after the optimizer; call `step` once per epoch, after the optimizer's steps.

use super::Optimizer;
use std::f64::consts::PI;

/// A schedule of learning rates.
pub trait Scheduler {
    /// Sets the optimizer's rates for the next epoch.
    fn step(&mut self, optimizer: &mut dyn Optimizer);
}

macro_rules! schedules {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty),+ }
        start |$s0:ident, $base0:ident| $start:expr,
        next |$s:ident, $t:ident, $lr:ident, $base:ident| $next:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            $($(#[$field_doc])* $field: $ty,)+
            bases: Vec<f64>,
            t: u64,
        }

        impl $name {
            /// A schedule of an optimizer's rates as they are now, which become its base rates.
            pub fn new(optimizer: &mut dyn Optimizer, $($field: $ty),+) -> Self {
                let $s0 = $name { $($field,)+ bases: optimizer.lrs(), t: 0 };
                let first: Vec<f64> = $s0.bases.iter().map(|&$base0| $start).collect();
                optimizer.set_lrs(&first);
                $s0
            }
        }

        impl Scheduler for $name {
            fn step(&mut self, optimizer: &mut dyn Optimizer) {
                self.t += 1;
                let ($s, $t) = (&*self, self.t);
                let rates: Vec<f64> =
                    optimizer.lrs().into_iter().zip(&self.bases).map(|($lr, &$base)| $next).collect();
                optimizer.set_lrs(&rates);
            }
        }
    )+};
}

schedules! {
    /// Multiplies by γ every `step_size` epochs.
    StepLR {
        /// Epochs between falls.
        step_size: u64,
        /// γ
        gamma: f64
    } start |_s, base| base,
      next |s, t, lr, _base| if t % s.step_size == 0 { lr * s.gamma } else { lr };
    /// Multiplies by γ at each milestone.
    MultiStepLR {
        /// Epochs of the falls; one named twice falls twice.
        milestones: Vec<u64>,
        /// γ
        gamma: f64
    } start |_s, base| base,
      next |s, t, lr, _base| {
        match s.milestones.iter().filter(|&&m| m == t).count() {
            0 => lr,
            falls => lr * s.gamma.powi(falls as i32),
        }
      };
    /// Multiplies by γ every epoch.
    ExponentialLR {
        /// γ
        gamma: f64
    } start |_s, base| base,
      next |s, _t, lr, _base| lr * s.gamma;
    /// From base·`start_factor` to base·`end_factor` in `total_iters` epochs, in a straight line.
    LinearLR {
        /// At the start (PyTorch's default is 1/3).
        start_factor: f64,
        /// At the end (1).
        end_factor: f64,
        /// Epochs (5).
        total_iters: u64
    } start |s, base| base * s.start_factor,
      next |s, t, lr, _base| {
        if t > s.total_iters {
            lr
        } else {
            let rise = s.end_factor - s.start_factor;
            lr * (1.0 + rise / (s.total_iters as f64 * s.start_factor + (t - 1) as f64 * rise))
        }
      };
    /// base·`factor` until `total_iters`, then base.
    ConstantLR {
        /// At first (PyTorch's default is 1/3).
        factor: f64,
        /// Epochs (5).
        total_iters: u64
    } start |s, base| base * s.factor,
      next |s, t, lr, _base| if t == s.total_iters { lr * (1.0 / s.factor) } else { lr };
    /// base·(1 − t/n)^power, down to 0 at n.
    PolynomialLR {
        /// n (PyTorch's default is 5).
        total_iters: u64,
        /// Of the fall (1).
        power: f64
    } start |_s, base| base,
      next |s, t, lr, _base| {
        if t > s.total_iters {
            lr
        } else {
            let n = s.total_iters as f64;
            lr * ((1.0 - t as f64 / n) / (1.0 - (t - 1) as f64 / n)).powf(s.power)
        }
      };
    /// Half a cosine from base to `eta_min` in `t_max` epochs, and back (Loshchilov & Hutter 2017).
    CosineAnnealingLR {
        /// Epochs of half a period.
        t_max: u64,
        /// The lowest rate.
        eta_min: f64
    } start |_s, base| base,
      next |s, t, lr, base| {
        let (n, t) = (s.t_max as i64, t as i64);
        if (t - 1 - n).rem_euclid(2 * n) == 0 {
            lr + (base - s.eta_min) * (1.0 - (PI / n as f64).cos()) / 2.0
        } else {
            let at = |k: i64| 1.0 + (PI * k as f64 / n as f64).cos();
            at(t) / at(t - 1) * (lr - s.eta_min) + s.eta_min
        }
      };
}
