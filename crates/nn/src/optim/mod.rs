//! Optimizers: every parameter of a group updated in one call of the backend.
//!
//! A step reads each parameter's `grad`; a parameter without one is left alone. Learning rates and
//! other settings belong to groups; the state belongs to parameters.

mod algorithms;
mod clip;
mod config;
mod relatives;
mod schedule;
mod seldom;
mod state;

pub use algorithms::{
    Adagrad, AdagradConfig, Adam, AdamConfig, AdamW, RMSprop, RmsProp, RmsPropConfig, SGD, Sgd, SgdConfig,
};
pub use clip::{clip_grad_norm_, clip_grad_norm_of_, clip_grad_value_};
pub use config::{Age, Composed, Config, Step};
pub use relatives::{Adadelta, AdadeltaConfig, Adamax, AdamaxConfig, NAdam, NAdamConfig, RAdam, RAdamConfig};
pub use schedule::{
    ChainedScheduler, ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, Cyclic, CyclicLR,
    CyclicMode, ExponentialLR, LambdaLR, LinearLR, MultiStepLR, MultiplicativeLR, OneCycle, OneCycleLR,
    Plateau, PlateauMode, PolynomialLR, ReduceLROnPlateau, Scheduler, SchedulerState, SchedulerStateError,
    SequentialLR, StepLR, Threshold,
};
pub use seldom::{ASGD, Asgd, AsgdConfig, Rprop, RpropConfig};
pub use state::{GroupState, OptimState, OptimStateError, ParamState};

use autograd::{Tensor, no_grad};
use std::borrow::Borrow;
use std::fmt;
use tensor_core::{OptimSlot, OptimStep, check};

/// Parameters that share settings.
#[derive(Clone, Debug)]
pub struct Group<C> {
    /// The parameters.
    pub params: Vec<Tensor>,
    /// Their settings.
    pub config: C,
    /// The rate before a scheduler first changed it.
    initial_lr: Option<f64>,
}

/// An optimizer: groups of parameters, and the state of each.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::{Optimizer, Sgd};
/// let x = Tensor::ones(1, &backend_cpu::device()).into_parameter();
/// let mut optimizer = Sgd::new([&x], 0.1).momentum(0.9);
/// for _ in 0..100 {
///     optimizer.zero_grad();
///     x.square().sum().backward();
///     optimizer.step();
/// }
/// assert!(x.item::<f32>().abs() < 0.01);
/// ```
#[derive(Debug)]
pub struct Optim<C> {
    groups: Vec<Group<C>>,
    states: Vec<Option<ParamState>>,
}

/// What schedulers and training loops need of any optimizer.
pub trait Optimizer {
    /// Updates every parameter that has a gradient.
    fn step(&mut self);
    /// Forgets all gradients.
    fn zero_grad(&self);
    /// The learning rates of the groups.
    fn lrs(&self) -> Vec<f64>;
    /// Sets the learning rates of the groups.
    ///
    /// # Panics
    /// When there are more or fewer than groups.
    fn set_lrs(&mut self, lrs: &[f64]);
    /// The learning rates of the groups before a scheduler first changed them; the first call keeps them.
    fn initial_lrs(&mut self) -> Vec<f64>;
    /// The momentum (or β₁) of the groups, if the algorithm has one.
    fn momenta(&self) -> Option<Vec<f64>>;
    /// Sets the momentum (or β₁) of the groups, if the algorithm has one.
    ///
    /// # Panics
    /// When there are more or fewer than groups.
    fn set_momenta(&mut self, momenta: &[f64]);
}

#[track_caller]
fn checked<C: Config>(config: &C) {
    if let Some(problem) = config.problem() {
        check::fail(config.name(), problem, "");
    }
}

impl<C: Config> Optim<C> {
    /// An optimizer of one group: `model.parameters()`, `[&w, &b]`, or what else gives tensors.
    ///
    /// # Panics
    /// For no parameters, and for settings out of range.
    #[track_caller]
    pub fn with_config(params: impl IntoIterator<Item: Borrow<Tensor>>, config: C) -> Self {
        let mut optim = Optim { groups: Vec::new(), states: Vec::new() };
        optim.add_group(params, config);
        optim
    }

    /// Adds parameters with settings of their own: PyTorch's `add_param_group`.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// # use nn::optim::{Optimizer, Sgd, SgdConfig};
    /// # let (w, b) = (Tensor::ones(1, &backend_cpu::device()), Tensor::ones(1, &backend_cpu::device()));
    /// let mut optimizer = Sgd::new([w], 0.1).momentum(0.9);
    /// let slower = SgdConfig { lr: 0.01, ..optimizer.groups()[0].config.clone() };
    /// optimizer.add_group([b], slower);
    /// assert_eq!(optimizer.lrs(), [0.1, 0.01]);
    /// ```
    ///
    /// # Panics
    /// For no parameters, a non-leaf, a parameter that is in a group already, and settings out of range.
    #[track_caller]
    pub fn add_group(&mut self, params: impl IntoIterator<Item: Borrow<Tensor>>, config: C) {
        self.add(params.into_iter().map(|p| p.borrow().clone()).collect(), config);
    }

    /// What [`Optim::add_group`] does.
    #[track_caller]
    fn add(&mut self, params: Vec<Tensor>, config: C) {
        let name = config.name();
        if params.is_empty() {
            check::fail(name, "got an empty parameter list", "pass model.parameters()");
        }
        for (i, p) in params.iter().enumerate() {
            if !p.is_leaf() {
                check::fail(
                    name,
                    "can't optimize a result of recorded operations",
                    "pass leaves: parameters",
                );
            }
            if params[..i].iter().any(|q| q.is(p)) {
                check::fail(name, "a parameter appears twice in one group", "list each once");
            }
            if self.groups.iter().any(|g| g.params.iter().any(|q| q.is(p))) {
                check::fail(name, "some parameters appear in more than one group", "list each once");
            }
        }
        checked(&config);
        self.states.extend(params.iter().map(|_| None));
        self.groups.push(Group { params, config, initial_lr: None });
    }

    /// The groups.
    pub fn groups(&self) -> &[Group<C>] {
        &self.groups
    }

    /// The groups, to change their settings.
    pub fn groups_mut(&mut self) -> &mut [Group<C>] {
        &mut self.groups
    }

    /// What is remembered of each parameter, in the groups' order; `None` before its first step.
    pub fn state(&self) -> &[Option<ParamState>] {
        &self.states
    }

    /// That there is a value for each group: PyTorch's `zip(…, strict=True)`.
    #[track_caller]
    fn one_each(&self, op: &str, what: &str, values: &[f64]) {
        let (given, groups) = (values.len(), self.groups.len());
        if given != groups {
            let hint = "give one for each; a schedule is made after the last add_group";
            check::fail(op, format_args!("{given} {what} for {groups} parameter groups"), hint);
        }
    }

    /// Changes the settings of all groups.
    #[track_caller]
    pub(crate) fn configure(mut self, f: &dyn Fn(&mut C)) -> Self {
        self.groups.iter_mut().for_each(|g| f(&mut g.config));
        self
    }
}

/// A parameter, its gradient and its state, for one step.
type Update = (Tensor, Tensor, Vec<Tensor>);

/// One call of the backend.
#[track_caller]
fn fused(step: OptimStep, updates: &[Update]) {
    let slots: Vec<OptimSlot> = updates
        .iter()
        .map(|(param, grad, state)| OptimSlot {
            param: param.raw().buffer(),
            grad: grad.raw().view(),
            state: state.iter().map(|s| s.raw().buffer()).collect(),
        })
        .collect();
    check::done("step", updates[0].0.device().optim_step(step, &slots));
    updates.iter().for_each(|(param, ..)| param.raw().buffer().bump_version());
}

impl<C: Config> Optimizer for Optim<C> {
    #[track_caller]
    fn step(&mut self) {
        let mut first = 0;
        for group in &self.groups {
            checked(&group.config);
            let states = &mut self.states[first..first + group.params.len()];
            first += group.params.len();
            // One call for all parameters that are alike in age.
            let mut calls: Vec<((u64, bool, u64), Vec<Update>)> = Vec::new();
            for (param, state) in group.params.iter().zip(states) {
                let Some(mut grad) = param.grad() else { continue };
                if group.config.maximize() {
                    grad = grad.neg();
                }
                let state = state.get_or_insert_with(ParamState::default);
                state.step += 1;
                let lr = group.config.lr();
                let last_lr = state.lr.replace(lr).unwrap_or(lr);
                // A setting changed since, such as a momentum, may ask for more to remember.
                let fresh = state.tensors.len() < group.config.states();
                while state.tensors.len() < group.config.states() {
                    let initial = group.config.initial(state.tensors.len());
                    state.tensors.push(param.detach().full_like(initial));
                }
                let age = (state.step, fresh, last_lr.to_bits());
                let update = (param.clone(), grad, state.tensors.clone());
                match calls.iter_mut().find(|(of, _)| *of == age) {
                    Some((_, updates)) => updates.push(update),
                    None => calls.push((age, vec![update])),
                }
            }
            for ((t, fresh, last_lr), updates) in calls {
                match group.config.step(Age { t, fresh, last_lr: f64::from_bits(last_lr) }) {
                    Step::Fused(step) => fused(step, &updates),
                    Step::Composed(step) => {
                        no_grad(|| updates.iter().for_each(|(param, grad, state)| step(param, grad, state)));
                    }
                }
            }
        }
    }

    fn zero_grad(&self) {
        self.groups.iter().flat_map(|g| &g.params).for_each(Tensor::zero_grad);
    }

    fn lrs(&self) -> Vec<f64> {
        self.groups.iter().map(|g| g.config.lr()).collect()
    }

    #[track_caller]
    fn set_lrs(&mut self, lrs: &[f64]) {
        self.one_each("set_lrs", "rates", lrs);
        self.groups.iter_mut().zip(lrs).for_each(|(g, &lr)| g.config.set_lr(lr));
    }

    fn initial_lrs(&mut self) -> Vec<f64> {
        self.groups.iter_mut().map(|g| *g.initial_lr.get_or_insert(g.config.lr())).collect()
    }

    fn momenta(&self) -> Option<Vec<f64>> {
        self.groups.iter().map(|g| g.config.momentum()).collect()
    }

    #[track_caller]
    fn set_momenta(&mut self, momenta: &[f64]) {
        self.one_each("set_momenta", "momenta", momenta);
        self.groups.iter_mut().zip(momenta).for_each(|(g, &m)| g.config.set_momentum(m));
    }
}

/// As PyTorch prints it: the settings of each group by name.
impl<C: Config> fmt::Display for Optim<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (", self.groups.first().map_or("Optimizer", |g| g.config.name()))?;
        for (i, group) in self.groups.iter().enumerate() {
            write!(f, "\nParameter Group {i}\n")?;
            let mut settings = group.config.settings();
            if let Some(lr) = group.initial_lr {
                settings.push(("initial_lr", crate::layers::number(lr)));
            }
            settings.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in settings {
                writeln!(f, "    {name}: {value}")?;
            }
        }
        f.write_str(")")
    }
}
