//! Triangles up and down between two rates, again and again.

use super::{Progress, Scheduler, needs_momentum, progress_alone};
use crate::optim::Optimizer;
use tensor_core::check;

/// How the triangles of [`CyclicLR`] change.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum CyclicMode {
    /// All alike.
    #[default]
    Triangular,
    /// Each half as high as the last.
    Triangular2,
    /// The height falls by γ every step.
    ExpRange {
        /// γ
        gamma: f64,
    },
}

/// The settings of [`CyclicLR`]; the fields are PyTorch's.
///
/// ```
/// use nn::optim::{Cyclic, CyclicMode};
/// let halving = Cyclic { mode: CyclicMode::Triangular2, ..Cyclic::new(0.001, 0.1) };
/// assert_eq!(halving.step_size_up, 2000);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Cyclic {
    /// The lowest rate.
    pub base_lr: f64,
    /// The highest rate.
    pub max_lr: f64,
    /// Steps up.
    pub step_size_up: u64,
    /// Steps down; as many as up by default.
    pub step_size_down: Option<u64>,
    /// How the triangles change.
    pub mode: CyclicMode,
    /// Whether the momentum (or β₁) falls while the rate rises.
    pub cycle_momentum: bool,
    /// The lowest momentum.
    pub base_momentum: f64,
    /// The highest momentum.
    pub max_momentum: f64,
}

impl Cyclic {
    /// PyTorch's defaults: 2000 steps up and down, equal triangles, momentum 0.8 to 0.9.
    pub fn new(base_lr: f64, max_lr: f64) -> Self {
        Cyclic {
            base_lr,
            max_lr,
            step_size_up: 2000,
            step_size_down: None,
            mode: CyclicMode::Triangular,
            cycle_momentum: true,
            base_momentum: 0.8,
            max_momentum: 0.9,
        }
    }

    /// The rate and the momentum after `t` steps.
    fn at(&self, t: u64) -> (f64, f64) {
        let up = self.step_size_up as f64;
        let total = up + self.step_size_down.map_or(up, |down| down as f64);
        let (share, t) = (up / total, t as f64);
        let cycle = (1.0 + t / total).floor();
        let x = 1.0 + t / total - cycle;
        let height = if x <= share { x / share } else { (x - 1.0) / (share - 1.0) };
        let scale = match self.mode {
            CyclicMode::Triangular => 1.0,
            CyclicMode::Triangular2 => 1.0 / 2f64.powf(cycle - 1.0),
            CyclicMode::ExpRange { gamma } => gamma.powf(t),
        };
        (
            self.base_lr + (self.max_lr - self.base_lr) * height * scale,
            self.max_momentum - (self.max_momentum - self.base_momentum) * height * scale,
        )
    }
}

/// Triangles between two rates (Smith 2017). Step it after every batch.
#[derive(Clone, Debug)]
pub struct CyclicLR {
    cycle: Cyclic,
    progress: Progress,
}

impl CyclicLR {
    /// Sets the optimizer's rates to the lowest.
    ///
    /// # Panics
    /// When there are no steps up or down, or the optimizer has no momentum to cycle.
    #[track_caller]
    pub fn new(optimizer: &mut dyn Optimizer, cycle: Cyclic) -> Self {
        let op = "CyclicLR";
        if cycle.step_size_up == 0 || cycle.step_size_down == Some(0) {
            check::fail(op, "a triangle has no steps up or down", "give positive numbers of steps");
        }
        if cycle.cycle_momentum {
            needs_momentum(op, optimizer);
        }
        let mut new = CyclicLR { cycle, progress: Progress::new(optimizer) };
        new.restart(optimizer);
        new
    }

    fn apply(&mut self, optimizer: &mut dyn Optimizer) {
        self.progress.set_cycled(optimizer, self.cycle.at(self.progress.t), self.cycle.cycle_momentum);
    }
}

impl Scheduler for CyclicLR {
    fn step(&mut self, optimizer: &mut dyn Optimizer) {
        self.progress.t += 1;
        self.apply(optimizer);
    }
    fn restart(&mut self, optimizer: &mut dyn Optimizer) {
        self.progress.t = 0;
        self.apply(optimizer);
    }
    progress_alone!("CyclicLR");
}
