//! Schedules that rise as well as fall: warm restarts and one cycle.

use super::{Progress, Scheduler, SchedulerState, SchedulerStateError, needs_momentum, progress_alone};
use crate::optim::Optimizer;
use std::f64::consts::PI;
use tensor_core::check;

/// Half a cosine from base to `eta_min` in `t_0` epochs, then again in `t_mult` times as many
/// (Loshchilov & Hutter 2017).
#[derive(Clone, Debug)]
pub struct CosineAnnealingWarmRestarts {
    t_0: u64,
    t_mult: u64,
    eta_min: f64,
    /// Epochs since the last restart, and to the next one.
    at: u64,
    period: u64,
    progress: Progress,
}

impl CosineAnnealingWarmRestarts {
    /// A schedule of an optimizer's rates; PyTorch's defaults are `t_mult` 1 and `eta_min` 0.
    ///
    /// # Panics
    /// For `t_0` or `t_mult` of 0.
    #[track_caller]
    pub fn new(optimizer: &mut dyn Optimizer, t_0: u64, t_mult: u64, eta_min: f64) -> Self {
        if t_0 == 0 || t_mult == 0 {
            check::fail(
                "CosineAnnealingWarmRestarts",
                format_args!("T_0 {t_0} and T_mult {t_mult}"),
                "both must be positive",
            );
        }
        let progress = Progress::new(optimizer);
        let mut new = CosineAnnealingWarmRestarts { t_0, t_mult, eta_min, at: 0, period: t_0, progress };
        new.restart(optimizer);
        new
    }

    fn apply(&mut self, optimizer: &mut dyn Optimizer) {
        let wave = 1.0 + (PI * self.at as f64 / self.period as f64).cos();
        let eta = self.eta_min;
        self.progress.set(optimizer, &|_, base| eta + (base - eta) * wave / 2.0);
    }
}

impl Scheduler for CosineAnnealingWarmRestarts {
    fn step(&mut self, optimizer: &mut dyn Optimizer) {
        self.progress.t += 1;
        self.at += 1;
        if self.at >= self.period {
            self.at -= self.period;
            self.period *= self.t_mult;
        }
        self.apply(optimizer);
    }
    fn restart(&mut self, optimizer: &mut dyn Optimizer) {
        (self.progress.t, self.at, self.period) = (0, 0, self.t_0);
        self.apply(optimizer);
    }
    fn last_lr(&self) -> &[f64] {
        &self.progress.last
    }
    fn state_dict(&self) -> SchedulerState {
        self.progress.save("CosineAnnealingWarmRestarts", vec![self.at as f64, self.period as f64])
    }
    fn load_state_dict(&mut self, state: &SchedulerState) -> Result<(), SchedulerStateError> {
        self.progress.load("CosineAnnealingWarmRestarts", 2, state)?;
        (self.at, self.period) = (state.extra[0] as u64, state.extra[1] as u64);
        Ok(())
    }
}

/// The settings of [`OneCycleLR`]; the fields are PyTorch's.
///
/// ```
/// use nn::optim::OneCycle;
/// let short = OneCycle { pct_start: 0.1, ..OneCycle::new(0.1, 1000) };
/// assert_eq!((short.max_lr, short.div_factor), (0.1, 25.0));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OneCycle {
    /// The highest rate.
    pub max_lr: f64,
    /// Steps of the whole cycle.
    pub total_steps: u64,
    /// The share of the cycle that rises.
    pub pct_start: f64,
    /// Straight lines instead of half cosines: PyTorch's `anneal_strategy`.
    pub linear: bool,
    /// Whether the momentum (or β₁) falls while the rate rises.
    pub cycle_momentum: bool,
    /// The lowest momentum.
    pub base_momentum: f64,
    /// The highest momentum.
    pub max_momentum: f64,
    /// The first rate is `max_lr` divided by this.
    pub div_factor: f64,
    /// The last rate is the first one divided by this.
    pub final_div_factor: f64,
    /// Whether the fall to the first rate takes as long as the rise, before the fall to the last.
    pub three_phase: bool,
}

impl OneCycle {
    /// PyTorch's defaults: 30 % of the cycle rises, by half a cosine, from a 25th; momentum 0.85 to 0.95.
    pub fn new(max_lr: f64, total_steps: u64) -> Self {
        OneCycle {
            max_lr,
            total_steps,
            pct_start: 0.3,
            linear: false,
            cycle_momentum: true,
            base_momentum: 0.85,
            max_momentum: 0.95,
            div_factor: 25.0,
            final_div_factor: 1e4,
            three_phase: false,
        }
    }

    /// The rate and the momentum after `t` steps.
    fn at(&self, t: u64) -> (f64, f64) {
        let initial = self.max_lr / self.div_factor;
        let (low, high, least) = (self.base_momentum, self.max_momentum, initial / self.final_div_factor);
        let (n, share) = (self.total_steps as f64, self.pct_start);
        // Where each phase ends, and the rates and momenta that it leads from and to.
        let rise = (share * n - 1.0, [initial, self.max_lr], [high, low]);
        let phases = if self.three_phase {
            vec![
                rise,
                (2.0 * share * n - 2.0, [self.max_lr, initial], [low, high]),
                (n - 1.0, [initial, least], [high, high]),
            ]
        } else {
            vec![rise, (n - 1.0, [self.max_lr, least], [low, high])]
        };
        let (t, mut start) = (t as f64, 0.0);
        let last = phases.len() - 1;
        for (i, (end, rates, momenta)) in phases.into_iter().enumerate() {
            if t <= end || i == last {
                let part = (t - start) / (end - start);
                return (self.between(rates, part), self.between(momenta, part));
            }
            start = end;
        }
        unreachable!("the last phase takes what is left")
    }

    fn between(&self, [from, to]: [f64; 2], part: f64) -> f64 {
        if self.linear {
            (to - from) * part + from
        } else {
            to + (from - to) / 2.0 * ((PI * part).cos() + 1.0)
        }
    }
}

/// One cycle: the rate rises to its maximum and falls far below where it began, the momentum falls and
/// rises (Smith & Topin 2018). Step it after every batch.
#[derive(Clone, Debug)]
pub struct OneCycleLR {
    cycle: OneCycle,
    progress: Progress,
}

impl OneCycleLR {
    /// Sets the optimizer's rates to the cycle's first.
    ///
    /// # Panics
    /// When there are no steps, the share that rises is not one, or the optimizer has no momentum to cycle.
    #[track_caller]
    pub fn new(optimizer: &mut dyn Optimizer, cycle: OneCycle) -> Self {
        let op = "OneCycleLR";
        if cycle.total_steps == 0 || !(0.0..=1.0).contains(&cycle.pct_start) {
            check::fail(
                op,
                format_args!("{} steps, of which {} rise", cycle.total_steps, cycle.pct_start),
                "give a positive number of steps and a share from 0 to 1",
            );
        }
        if cycle.cycle_momentum {
            needs_momentum(op, optimizer);
        }
        let mut new = OneCycleLR { cycle, progress: Progress::new(optimizer) };
        new.restart(optimizer);
        new
    }

    fn apply(&mut self, optimizer: &mut dyn Optimizer) {
        self.progress.set_cycled(optimizer, self.cycle.at(self.progress.t), self.cycle.cycle_momentum);
    }
}

impl Scheduler for OneCycleLR {
    /// # Panics
    /// After the cycle's last step.
    fn step(&mut self, optimizer: &mut dyn Optimizer) {
        self.progress.t += 1;
        if self.progress.t > self.cycle.total_steps {
            check::fail(
                "OneCycleLR",
                format_args!("step {} of a cycle of {}", self.progress.t, self.cycle.total_steps),
                "total_steps must cover all epochs × batches",
            );
        }
        self.apply(optimizer);
    }
    fn restart(&mut self, optimizer: &mut dyn Optimizer) {
        self.progress.t = 0;
        self.apply(optimizer);
    }
    progress_alone!("OneCycleLR");
}
