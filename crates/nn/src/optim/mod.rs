//! Optimizers: every parameter of a group updated in one call of the backend.
//!
//! A step reads each parameter's `grad`; a parameter without one is left alone. Learning rates and
//! other settings belong to groups; the state belongs to parameters.

mod algorithms;
mod clip;
mod schedule;

pub use algorithms::{Adagrad, AdagradConfig, Adam, AdamConfig, RmsProp, RmsPropConfig, Sgd, SgdConfig};
pub use clip::{clip_grad_norm_, clip_grad_value_};
pub use schedule::{
    ConstantLR, CosineAnnealingLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, Scheduler, StepLR,
};

use autograd::Tensor;
use std::collections::BTreeMap;
use tensor_core::{OptimSlot, OptimStep, RawTensor, check};

/// The settings of an algorithm, and its step.
pub trait Config: Clone + Send {
    /// The learning rate.
    fn lr(&self) -> f64;
    /// Sets the learning rate.
    fn set_lr(&mut self, lr: f64);
    /// How many tensors of state each parameter has.
    fn states(&self) -> usize;
    /// The step number `t`, counted from 1.
    fn step(&self, t: u64) -> OptimStep;
}

/// Parameters that share settings.
#[derive(Clone, Debug)]
pub struct Group<C> {
    /// The parameters.
    pub params: Vec<Tensor>,
    /// Their settings.
    pub config: C,
}

/// What an optimizer remembers of one parameter.
#[derive(Clone, Debug)]
pub struct ParamState {
    /// Steps taken.
    pub step: u64,
    /// The algorithm's running tensors, of the parameter's shape.
    pub tensors: Vec<Tensor>,
}

/// An optimizer: groups of parameters, and the state of each.
#[derive(Debug)]
pub struct Optim<C> {
    groups: Vec<Group<C>>,
    states: Vec<Option<ParamState>>,
}

/// What schedulers need of any optimizer.
pub trait Optimizer {
    /// Updates every parameter that has a gradient.
    fn step(&mut self);
    /// Forgets all gradients.
    fn zero_grad(&self);
    /// The learning rates of the groups.
    fn lrs(&self) -> Vec<f64>;
    /// Sets the learning rates of the groups.
    fn set_lrs(&mut self, lrs: &[f64]);
}

impl<C: Config> Optim<C> {
    /// An optimizer of one group.
    ///
    /// # Panics
    /// For no parameters.
    #[track_caller]
    pub fn with_config(params: Vec<Tensor>, config: C) -> Self {
        let mut optim = Optim { groups: Vec::new(), states: Vec::new() };
        optim.add_group(params, config);
        optim
    }

    /// Adds parameters with settings of their own.
    ///
    /// # Panics
    /// For no parameters, a non-leaf, or a parameter that is in a group already.
    #[track_caller]
    pub fn add_group(&mut self, params: Vec<Tensor>, config: C) {
        if params.is_empty() {
            check::fail("optimizer", "got an empty parameter list", "pass model.parameters()");
        }
        for p in &params {
            if !p.is_leaf() {
                check::fail(
                    "optimizer",
                    "can't optimize a result of recorded operations",
                    "pass leaves: parameters",
                );
            }
            if self.groups.iter().any(|g| g.params.iter().any(|q| q.is(p))) {
                check::fail("optimizer", "some parameters appear in more than one group", "");
            }
        }
        self.states.extend(params.iter().map(|_| None));
        self.groups.push(Group { params, config });
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

    /// Takes over a state saved by [`Optim::state_dict`].
    ///
    /// # Panics
    /// When it is of another number of parameters.
    #[track_caller]
    pub fn load_state_dict(&mut self, state: Vec<Option<ParamState>>) {
        if state.len() != self.states.len() {
            check::fail(
                "load_state_dict",
                format!("state of {} parameters for {}", state.len(), self.states.len()),
                "",
            );
        }
        self.states = state;
    }

    /// A copy of what is remembered of each parameter.
    pub fn state_dict(&self) -> Vec<Option<ParamState>> {
        let copy = |s: &ParamState| ParamState {
            step: s.step,
            tensors: s.tensors.iter().map(|t| t.detach().copy()).collect(),
        };
        self.states.iter().map(|s| s.as_ref().map(copy)).collect()
    }

    pub(crate) fn configure(mut self, f: impl Fn(&mut C)) -> Self {
        self.groups.iter_mut().for_each(|g| f(&mut g.config));
        self
    }
}

impl<C: Config> Optimizer for Optim<C> {
    #[track_caller]
    fn step(&mut self) {
        let mut first = 0;
        for group in &self.groups {
            let states = &mut self.states[first..first + group.params.len()];
            first += group.params.len();
            // One call for all parameters that have taken the same number of steps.
            let mut calls: BTreeMap<u64, Vec<(RawTensor, RawTensor, Vec<RawTensor>)>> = BTreeMap::new();
            for (param, state) in group.params.iter().zip(states) {
                let Some(grad) = param.grad() else { continue };
                let state = state.get_or_insert_with(|| ParamState {
                    step: 0,
                    tensors: (0..group.config.states()).map(|_| param.zeros_like()).collect(),
                });
                state.step += 1;
                let tensors = state.tensors.iter().map(|t| t.raw().clone()).collect();
                calls.entry(state.step).or_default().push((param.raw().clone(), grad.raw().clone(), tensors));
            }
            for (t, call) in calls {
                let slots: Vec<OptimSlot> = call
                    .iter()
                    .map(|(param, grad, state)| OptimSlot {
                        param: param.buffer(),
                        grad: grad.view(),
                        state: state.iter().map(RawTensor::buffer).collect(),
                    })
                    .collect();
                let device = call[0].0.device();
                check::done("step", device.optim_step(group.config.step(t), &slots));
                call.iter().for_each(|(param, ..)| param.buffer().bump_version());
            }
        }
    }

    fn zero_grad(&self) {
        self.groups.iter().flat_map(|g| &g.params).for_each(Tensor::zero_grad);
    }

    fn lrs(&self) -> Vec<f64> {
        self.groups.iter().map(|g| g.config.lr()).collect()
    }

    fn set_lrs(&mut self, lrs: &[f64]) {
        self.groups.iter_mut().zip(lrs).for_each(|(g, &lr)| g.config.set_lr(lr));
    }
}
