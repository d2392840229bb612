//! The schedule that watches a metric.

use super::{Progress, SchedulerState, SchedulerStateError};
use crate::optim::Optimizer;
use tensor_core::check;

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlateauMode {
    /// Down: losses.
    #[default]
    Min,
    /// Up: accuracies.
    Max,
}

/// By how much a metric must be better to count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// By a share of the best so far.
    Relative(f64),
    /// By a number.
    Absolute(f64),
}

/// The settings of [`ReduceLROnPlateau`]; the fields are PyTorch's.
#[derive(Clone, Debug, PartialEq)]
pub struct Plateau {
    /// Which way is better.
    pub mode: PlateauMode,
    /// What the rate is multiplied by.
    pub factor: f64,
    /// Epochs without a better metric that pass without a change.
    pub patience: u64,
    /// By how much a metric must be better to count.
    pub threshold: Threshold,
    /// Epochs after a change that do not count.
    pub cooldown: u64,
    /// The lowest rate.
    pub min_lr: f64,
    /// The smallest change that is made.
    pub eps: f64,
}

impl Default for Plateau {
    /// PyTorch's: a tenth after 10 epochs, better by a relative 1e-4.
    fn default() -> Self {
        Plateau {
            mode: PlateauMode::Min,
            factor: 0.1,
            patience: 10,
            threshold: Threshold::Relative(1e-4),
            cooldown: 0,
            min_lr: 0.0,
            eps: 1e-8,
        }
    }
}

impl Plateau {
    fn better(&self, metric: f64, best: f64) -> bool {
        match (self.mode, self.threshold) {
            (PlateauMode::Min, Threshold::Relative(by)) => metric < best * (1.0 - by),
            (PlateauMode::Min, Threshold::Absolute(by)) => metric < best - by,
            (PlateauMode::Max, Threshold::Relative(by)) => metric > best * (by + 1.0),
            (PlateauMode::Max, Threshold::Absolute(by)) => metric > best + by,
        }
    }
}

/// Lowers the rate when a metric stops getting better. It takes the metric at each step, so it is no
/// [`Scheduler`](super::Scheduler).
///
/// ```
/// # use autograd::Tensor;
/// # use nn::optim::{Optimizer, Plateau, ReduceLROnPlateau, Sgd};
/// # let mut optimizer = Sgd::new([Tensor::ones(1, &backend_cpu::device())], 0.5);
/// let mut schedule = ReduceLROnPlateau::new(&mut optimizer, Plateau { patience: 1, ..Plateau::default() });
/// for loss in [1.0, 1.0, 1.0] {
///     schedule.step(loss, &mut optimizer);
/// }
/// assert_eq!(optimizer.lrs(), [0.05]);
/// ```
#[derive(Clone, Debug)]
pub struct ReduceLROnPlateau {
    plateau: Plateau,
    best: f64,
    bad: u64,
    cooling: u64,
    progress: Progress,
}

impl ReduceLROnPlateau {
    /// A schedule of an optimizer's rates.
    ///
    /// # Panics
    /// For a factor of 1 or more.
    #[track_caller]
    pub fn new(optimizer: &mut dyn Optimizer, plateau: Plateau) -> Self {
        if plateau.factor >= 1.0 {
            check::fail(
                "ReduceLROnPlateau",
                format_args!("factor {}", plateau.factor),
                "it must be less than 1",
            );
        }
        let best = if plateau.mode == PlateauMode::Min { f64::INFINITY } else { f64::NEG_INFINITY };
        ReduceLROnPlateau { plateau, best, bad: 0, cooling: 0, progress: Progress::new(optimizer) }
    }

    /// Takes an epoch's metric, and sets the optimizer's rates for the next epoch.
    pub fn step(&mut self, metric: f64, optimizer: &mut dyn Optimizer) {
        self.progress.t += 1;
        if self.plateau.better(metric, self.best) {
            (self.best, self.bad) = (metric, 0);
        } else {
            self.bad += 1;
        }
        if self.cooling > 0 {
            self.cooling -= 1;
            self.bad = 0;
        }
        let lower = self.bad > self.plateau.patience;
        if lower {
            (self.cooling, self.bad) = (self.plateau.cooldown, 0);
        }
        let Plateau { factor, min_lr, eps, .. } = self.plateau;
        self.progress.set(optimizer, &|lr, _| {
            let new = (lr * factor).max(min_lr);
            if lower && lr - new > eps { new } else { lr }
        });
    }

    /// The rates that were set last: PyTorch's `get_last_lr`.
    pub fn last_lr(&self) -> &[f64] {
        &self.progress.last
    }

    /// How far it is.
    pub fn state_dict(&self) -> SchedulerState {
        self.progress.save("ReduceLROnPlateau", vec![self.best, self.bad as f64, self.cooling as f64])
    }

    /// Goes on where one of the same settings was saved.
    ///
    /// # Errors
    /// When the state is of another kind or form.
    pub fn load_state_dict(&mut self, state: &SchedulerState) -> Result<(), SchedulerStateError> {
        self.progress.load("ReduceLROnPlateau", 3, state)?;
        (self.best, self.bad, self.cooling) = (state.extra[0], state.extra[1] as u64, state.extra[2] as u64);
        Ok(())
    }
}
