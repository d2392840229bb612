//! Schedules made of schedules: one after another, or all at once.

use super::{Scheduler, SchedulerState, SchedulerStateError};
use crate::optim::Optimizer;
use tensor_core::check;

/// The states of several schedules, put back only if all fit.
fn load_all(
    schedulers: &mut [Box<dyn Scheduler>],
    states: &[SchedulerState],
) -> Result<(), SchedulerStateError> {
    let before: Vec<SchedulerState> = schedulers.iter().map(|s| s.state_dict()).collect();
    let mut each = schedulers.iter_mut().zip(states);
    let result = each.try_for_each(|(scheduler, state)| scheduler.load_state_dict(state));
    if result.is_err() {
        for (scheduler, state) in schedulers.iter_mut().zip(&before) {
            scheduler.load_state_dict(state).expect("its own state");
        }
    }
    result
}

/// Schedules one after another: the next begins anew at each milestone.
///
/// ```
/// # use autograd::Tensor;
/// # use nn::optim::{CosineAnnealingLR, LinearLR, Optimizer, Scheduler, SequentialLR, Sgd};
/// # let mut optimizer = Sgd::new([Tensor::ones(1, &backend_cpu::device())], 0.5);
/// let warmup = LinearLR::new(&mut optimizer, 0.5, 1.0, 2);
/// let decay = CosineAnnealingLR::new(&mut optimizer, 10, 0.0);
/// let mut schedule = SequentialLR::new(&mut optimizer, vec![Box::new(warmup), Box::new(decay)], vec![2]);
/// assert_eq!(optimizer.lrs(), [0.25]);
/// schedule.step(&mut optimizer);
/// schedule.step(&mut optimizer);
/// assert_eq!(optimizer.lrs(), [0.5]);
/// ```
pub struct SequentialLR {
    schedulers: Vec<Box<dyn Scheduler>>,
    milestones: Vec<u64>,
    last: Vec<f64>,
    t: u64,
}

impl SequentialLR {
    /// Schedules, and the steps at which each but the first begins.
    ///
    /// # Panics
    /// When there is not one milestone fewer than schedules, or they do not ascend.
    #[track_caller]
    pub fn new(
        optimizer: &mut dyn Optimizer,
        schedulers: Vec<Box<dyn Scheduler>>,
        milestones: Vec<u64>,
    ) -> Self {
        if schedulers.len() != milestones.len() + 1 || !milestones.is_sorted_by(|a, b| a < b) {
            check::fail(
                "SequentialLR",
                format_args!("{} schedules with milestones {milestones:?}", schedulers.len()),
                "give an ascending milestone for each schedule but the first",
            );
        }
        let mut new = SequentialLR { schedulers, milestones, last: Vec::new(), t: 0 };
        new.restart(optimizer);
        new
    }
}

impl Scheduler for SequentialLR {
    fn step(&mut self, optimizer: &mut dyn Optimizer) {
        self.t += 1;
        let which = self.milestones.partition_point(|&m| m <= self.t);
        if which > 0 && self.milestones[which - 1] == self.t {
            self.schedulers[which].restart(optimizer);
        } else {
            self.schedulers[which].step(optimizer);
        }
        self.last = optimizer.lrs();
    }
    fn restart(&mut self, optimizer: &mut dyn Optimizer) {
        self.t = 0;
        self.schedulers[0].restart(optimizer);
        self.last = optimizer.lrs();
    }
    fn last_lr(&self) -> &[f64] {
        &self.last
    }
    fn state_dict(&self) -> SchedulerState {
        SchedulerState {
            kind: "SequentialLR".into(),
            step: self.t,
            last_lrs: self.last.clone(),
            inner: self.schedulers.iter().map(|s| s.state_dict()).collect(),
            ..SchedulerState::default()
        }
    }
    fn load_state_dict(&mut self, state: &SchedulerState) -> Result<(), SchedulerStateError> {
        state.made_of("SequentialLR", self.last.len(), self.schedulers.len())?;
        load_all(&mut self.schedulers, &state.inner)?;
        (self.last, self.t) = (state.last_lrs.clone(), state.step);
        Ok(())
    }
}

/// Schedules all at once: each scales the rates that the one before it left.
pub struct ChainedScheduler {
    schedulers: Vec<Box<dyn Scheduler>>,
    last: Vec<f64>,
}

impl ChainedScheduler {
    /// Schedules of one optimizer, already made.
    ///
    /// # Panics
    /// For none.
    #[track_caller]
    pub fn new(optimizer: &mut dyn Optimizer, schedulers: Vec<Box<dyn Scheduler>>) -> Self {
        if schedulers.is_empty() {
            check::fail("ChainedScheduler", "there is no schedule to chain", "give one at least");
        }
        ChainedScheduler { schedulers, last: optimizer.lrs() }
    }
}

impl Scheduler for ChainedScheduler {
    fn step(&mut self, optimizer: &mut dyn Optimizer) {
        self.schedulers.iter_mut().for_each(|s| s.step(optimizer));
        self.last = optimizer.lrs();
    }
    /// Each schedule's first factor on the base rate, in order.
    fn restart(&mut self, optimizer: &mut dyn Optimizer) {
        let bases = optimizer.initial_lrs();
        let mut rates = bases.clone();
        for scheduler in &mut self.schedulers {
            scheduler.restart(optimizer);
            for ((rate, lr), base) in rates.iter_mut().zip(optimizer.lrs()).zip(&bases) {
                *rate *= if *base == 0.0 { 1.0 } else { lr / base };
            }
        }
        optimizer.set_lrs(&rates);
        self.last = rates;
    }
    fn last_lr(&self) -> &[f64] {
        &self.last
    }
    fn state_dict(&self) -> SchedulerState {
        SchedulerState {
            kind: "ChainedScheduler".into(),
            last_lrs: self.last.clone(),
            inner: self.schedulers.iter().map(|s| s.state_dict()).collect(),
            ..SchedulerState::default()
        }
    }
    fn load_state_dict(&mut self, state: &SchedulerState) -> Result<(), SchedulerStateError> {
        state.made_of("ChainedScheduler", self.last.len(), self.schedulers.len())?;
        load_all(&mut self.schedulers, &state.inner)?;
        self.last = state.last_lrs.clone();
        Ok(())
    }
}
