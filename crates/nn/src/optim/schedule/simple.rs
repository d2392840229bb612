//! Schedules that need no memory but the number of steps.

use super::{Progress, Scheduler, progress_alone};
use crate::optim::Optimizer;
use std::f64::consts::PI;
use std::fmt;
use tensor_core::check;

macro_rules! schedules {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty),+ }
        if |$c:ident| $wrong:expr => $why:literal,
        start |$s0:ident, $lr0:ident| $start:expr,
        next |$s:ident, $t:ident, $lr:ident, $base:ident| $next:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            $($(#[$field_doc])* $field: $ty,)+
            progress: Progress,
        }

        impl $name {
            /// A schedule of an optimizer's rates.
            ///
            /// # Panics
            #[doc = concat!("When ", $why, ".")]
            #[track_caller]
            pub fn new(optimizer: &mut dyn Optimizer, $($field: $ty),+) -> Self {
                let mut new = $name { $($field,)+ progress: Progress::new(optimizer) };
                let $c = &new;
                if $wrong {
                    check::fail(stringify!($name), $why, "");
                }
                new.first(optimizer);
                new
            }

            fn first(&mut self, optimizer: &mut dyn Optimizer) {
                let mut progress = self.progress.clone();
                let $s0 = &*self;
                progress.set(optimizer, &|$lr0, _| $start);
                self.progress = Progress { t: 0, ..progress };
            }
        }

        impl Scheduler for $name {
            fn step(&mut self, optimizer: &mut dyn Optimizer) {
                let mut progress = self.progress.clone();
                progress.t += 1;
                let ($s, $t) = (&*self, progress.t);
                progress.set(optimizer, &|$lr, $base| $next);
                self.progress = progress;
            }
            fn restart(&mut self, optimizer: &mut dyn Optimizer) {
                optimizer.set_lrs(&self.progress.bases);
                self.first(optimizer);
            }
            progress_alone!(stringify!($name));
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
    } if |s| s.step_size == 0 => "the step size is 0",
      start |_s, lr| lr,
      next |s, t, lr, _base| if t % s.step_size == 0 { lr * s.gamma } else { lr };
    /// Multiplies by γ at each milestone.
    MultiStepLR {
        /// Epochs of the falls; one named twice falls twice.
        milestones: Vec<u64>,
        /// γ
        gamma: f64
    } if |s| s.gamma < 0.0 => "γ is negative",
      start |_s, lr| lr,
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
    } if |s| s.gamma < 0.0 => "γ is negative",
      start |_s, lr| lr,
      next |s, _t, lr, _base| lr * s.gamma;
    /// From base·`start_factor` to base·`end_factor` in `total_iters` epochs, in a straight line.
    LinearLR {
        /// At the start (PyTorch's default is 1/3).
        start_factor: f64,
        /// At the end (1).
        end_factor: f64,
        /// Epochs (5).
        total_iters: u64
    } if |s| !(s.start_factor > 0.0 && s.start_factor <= 1.0 && (0.0..=1.0).contains(&s.end_factor)) => "a factor is not in (0, 1] at the start or not in [0, 1] at the end",
      start |s, lr| lr * s.start_factor,
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
    } if |s| !(s.factor > 0.0 && s.factor <= 1.0) => "the factor is not in (0, 1]",
      start |s, lr| lr * s.factor,
      next |s, t, lr, _base| if t == s.total_iters { lr * (1.0 / s.factor) } else { lr };
    /// base·(1 − t/n)^power, down to 0 at n.
    PolynomialLR {
        /// n (PyTorch's default is 5).
        total_iters: u64,
        /// Of the fall (1).
        power: f64
    } if |s| s.total_iters == 0 => "it has no steps",
      start |_s, lr| lr,
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
    } if |s| s.t_max == 0 => "half a period has no steps",
      start |_s, lr| lr,
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

/// Schedules by a function of the step.
macro_rules! by_function {
    ($($(#[$doc:meta])* $name:ident: |$lr:ident, $base:ident, $factor:ident| $next:expr, first $first:literal;)+) => {$(
        $(#[$doc])*
        pub struct $name {
            lambda: Box<dyn Fn(u64) -> f64 + Send + Sync>,
            progress: Progress,
        }

        impl $name {
            /// A schedule of an optimizer's rates.
            pub fn new(
                optimizer: &mut dyn Optimizer,
                lambda: impl Fn(u64) -> f64 + Send + Sync + 'static,
            ) -> Self {
                let mut new = $name { lambda: Box::new(lambda), progress: Progress::new(optimizer) };
                new.at(optimizer, 0);
                new
            }

            fn at(&mut self, optimizer: &mut dyn Optimizer, t: u64) {
                self.progress.t = t;
                let $factor = if t == 0 && !$first { 1.0 } else { (self.lambda)(t) };
                self.progress.set(optimizer, &|$lr, $base| $next);
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("progress", &self.progress).finish_non_exhaustive()
            }
        }

        impl Scheduler for $name {
            fn step(&mut self, optimizer: &mut dyn Optimizer) {
                self.at(optimizer, self.progress.t + 1);
            }
            fn restart(&mut self, optimizer: &mut dyn Optimizer) {
                optimizer.set_lrs(&self.progress.bases);
                self.at(optimizer, 0);
            }
            progress_alone!(stringify!($name));
        }
    )+};
}

by_function! {
    /// base·λ(t), by a function of the step.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// # use nn::optim::{LambdaLR, Scheduler, Sgd};
    /// # let mut optimizer = Sgd::new([Tensor::ones(1, &backend_cpu::device())], 0.1);
    /// let mut schedule = LambdaLR::new(&mut optimizer, |epoch| 1.0 / (1.0 + epoch as f64));
    /// schedule.step(&mut optimizer);
    /// assert_eq!(schedule.last_lr(), [0.05]);
    /// ```
    LambdaLR: |_lr, base, factor| base * factor, first true;
    /// Multiplies the rate by λ(t) at each step.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// # use nn::optim::{MultiplicativeLR, Scheduler, Sgd};
    /// # let mut optimizer = Sgd::new([Tensor::ones(1, &backend_cpu::device())], 0.5);
    /// let mut schedule = MultiplicativeLR::new(&mut optimizer, |_| 0.5);
    /// schedule.step(&mut optimizer);
    /// schedule.step(&mut optimizer);
    /// assert_eq!(schedule.last_lr(), [0.125]);
    /// ```
    MultiplicativeLR: |lr, _base, factor| lr * factor, first false;
}
