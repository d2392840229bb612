//! Learning-rate schedules: each works on the current rates, recursively, as PyTorch's do.
//!
//! Construct one after the optimizer; call `step` once per epoch, after the optimizer's steps. What is
//! recursive stays recursive: a rate set by hand, or by another schedule, is scaled from where it is.

mod combined;
mod cycle;
mod cyclic;
mod plateau;
mod simple;

pub use combined::{ChainedScheduler, SequentialLR};
pub use cycle::{CosineAnnealingWarmRestarts, OneCycle, OneCycleLR};
pub use cyclic::{Cyclic, CyclicLR, CyclicMode};
pub use plateau::{Plateau, PlateauMode, ReduceLROnPlateau, Threshold};
pub use simple::{
    ConstantLR, CosineAnnealingLR, ExponentialLR, LambdaLR, LinearLR, MultiStepLR, MultiplicativeLR,
    PolynomialLR, StepLR,
};

use super::Optimizer;
use tensor_core::check;

/// A schedule of learning rates.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::{Optimizer, Scheduler, Sgd, StepLR};
/// let x = Tensor::ones(1, &backend_cpu::device()).into_parameter();
/// let mut optimizer = Sgd::new([x], 0.5);
/// let mut schedule = StepLR::new(&mut optimizer, 2, 0.5);
/// let rates: Vec<f64> = (0..4)
///     .map(|_| {
///         schedule.step(&mut optimizer);
///         schedule.last_lr()[0]
///     })
///     .collect();
/// assert_eq!(rates, [0.5, 0.25, 0.25, 0.125]);
/// ```
pub trait Scheduler {
    /// Sets the optimizer's rates for the next epoch.
    fn step(&mut self, optimizer: &mut dyn Optimizer);
    /// Begins anew: the optimizer gets the first epoch's rates.
    fn restart(&mut self, optimizer: &mut dyn Optimizer);
    /// The rates that were set last: PyTorch's `get_last_lr`.
    fn last_lr(&self) -> &[f64];
    /// How far it is. Its settings are not part of it.
    fn state_dict(&self) -> SchedulerState;
    /// Goes on where a schedule of the same kind and settings was saved.
    ///
    /// # Errors
    /// When the state is of another kind or form; nothing is changed then.
    fn load_state_dict(&mut self, state: &SchedulerState) -> Result<(), SchedulerStateError>;
}

/// How far a schedule is: plain data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SchedulerState {
    /// The schedule's type.
    pub kind: String,
    /// Steps taken.
    pub step: u64,
    /// The rates before any schedule.
    pub base_lrs: Vec<f64>,
    /// The rates set last.
    pub last_lrs: Vec<f64>,
    /// What else the kind remembers.
    pub extra: Vec<f64>,
    /// The states of the schedules it is made of.
    pub inner: Vec<SchedulerState>,
}

/// A state that does not fit a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the state is of {found}, expected {expected}")]
pub struct SchedulerStateError {
    /// What it is of.
    pub found: String,
    /// What it should be of.
    pub expected: String,
}

/// What every schedule remembers.
#[derive(Clone, Debug)]
struct Progress {
    bases: Vec<f64>,
    last: Vec<f64>,
    t: u64,
}

impl Progress {
    fn new(optimizer: &mut dyn Optimizer) -> Self {
        Progress { bases: optimizer.initial_lrs(), last: optimizer.lrs(), t: 0 }
    }

    /// Gives each group the rate that `f` makes of its current and its base rate.
    fn set(&mut self, optimizer: &mut dyn Optimizer, f: &dyn Fn(f64, f64) -> f64) {
        self.last = optimizer.lrs().into_iter().zip(&self.bases).map(|(lr, &base)| f(lr, base)).collect();
        optimizer.set_lrs(&self.last);
    }

    /// Gives all groups one rate, and the momentum beside it if that is cycled too.
    fn set_cycled(&mut self, optimizer: &mut dyn Optimizer, (lr, momentum): (f64, f64), both: bool) {
        self.set(optimizer, &|_, _| lr);
        if both {
            optimizer.set_momenta(&vec![momentum; self.bases.len()]);
        }
    }

    fn save(&self, kind: &str, extra: Vec<f64>) -> SchedulerState {
        SchedulerState {
            kind: kind.into(),
            step: self.t,
            base_lrs: self.bases.clone(),
            last_lrs: self.last.clone(),
            extra,
            inner: Vec::new(),
        }
    }

    /// Takes over a state of `kind` with as many groups and as much else.
    fn load(&mut self, kind: &str, extra: usize, state: &SchedulerState) -> Result<(), SchedulerStateError> {
        state.fits(kind, [self.bases.len(), self.last.len()], extra, 0)?;
        (self.bases, self.last, self.t) = (state.base_lrs.clone(), state.last_lrs.clone(), state.step);
        Ok(())
    }
}

/// What a schedule does that remembers its [`Progress`] alone.
macro_rules! progress_alone {
    ($kind:expr) => {
        fn last_lr(&self) -> &[f64] {
            &self.progress.last
        }
        fn state_dict(&self) -> super::SchedulerState {
            self.progress.save($kind, Vec::new())
        }
        fn load_state_dict(
            &mut self,
            state: &super::SchedulerState,
        ) -> Result<(), super::SchedulerStateError> {
            self.progress.load($kind, 0, state)
        }
    };
}
use progress_alone;

/// Panics unless an optimizer has a momentum to cycle.
#[track_caller]
fn needs_momentum(op: &str, optimizer: &dyn Optimizer) {
    if optimizer.momenta().is_none() {
        check::fail(
            op,
            "the optimizer has no momentum (or β₁) to cycle",
            "set cycle_momentum: false, or use SGD or Adam",
        );
    }
}

impl SchedulerState {
    /// Whether it has the form of a schedule with so many base and last rates, and so on.
    fn fits(
        &self,
        kind: &str,
        rates: [usize; 2],
        extra: usize,
        inner: usize,
    ) -> Result<(), SchedulerStateError> {
        let text = |kind: &str, [base, last]: [usize; 2], extra: usize, inner: usize| {
            format!("{kind} with {base} base and {last} last rates, {extra} numbers and {inner} schedules")
        };
        let rates_here = [self.base_lrs.len(), self.last_lrs.len()];
        let found = text(&self.kind, rates_here, self.extra.len(), self.inner.len());
        let expected = text(kind, rates, extra, inner);
        if found == expected { Ok(()) } else { Err(SchedulerStateError { found, expected }) }
    }

    fn made_of(&self, kind: &str, groups: usize, inner: usize) -> Result<(), SchedulerStateError> {
        self.fits(kind, [0, groups], 0, inner)
    }
}
