//! An optimizer's state: out of it, and back into one of the same form.

use super::Optim;
use super::config::Config;
use autograd::Tensor;
use tensor_core::Shape;

/// What an optimizer remembers of one parameter.
#[derive(Clone, Debug, Default)]
pub struct ParamState {
    /// Steps taken.
    pub step: u64,
    /// The learning rate of the last one, by which [`Asgd`](super::Asgd) takes the next.
    pub lr: Option<f64>,
    /// The algorithm's running tensors, of the parameter's shape.
    pub tensors: Vec<Tensor>,
}

/// The settings of one group, and how many parameters it has.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupState<C> {
    /// The settings.
    pub config: C,
    /// The rate before a scheduler first changed it.
    pub initial_lr: Option<f64>,
    /// Number of parameters.
    pub params: usize,
}

/// All that is needed to go on: plain data, by PyTorch's `Optimizer.state_dict()`.
#[derive(Clone, Debug)]
pub struct OptimState<C> {
    /// The groups.
    pub groups: Vec<GroupState<C>>,
    /// What is remembered of each parameter, in the groups' order; `None` before its first step.
    pub params: Vec<Option<ParamState>>,
}

/// A state that does not fit an optimizer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptimStateError {
    /// Another number of groups.
    #[error("the state has {there} parameter groups, the optimizer {here}")]
    Groups {
        /// The optimizer's.
        here: usize,
        /// The state's.
        there: usize,
    },
    /// A group of another size.
    #[error("the state's group {group} has {there} parameters, the optimizer's {here}")]
    Params {
        /// Which group.
        group: usize,
        /// The optimizer's.
        here: usize,
        /// The state's.
        there: usize,
    },
    /// Another number of parameters than its own groups say.
    #[error("the state remembers {found} parameters, its groups have {expected}")]
    Count {
        /// How many it remembers.
        found: usize,
        /// How many its groups have.
        expected: usize,
    },
    /// State of another parameter, or of another algorithm.
    #[error("parameter {param} of shape {shape} has {tensors} state tensors of shapes {shapes:?}")]
    State {
        /// The parameter's number over all groups.
        param: usize,
        /// Its shape.
        shape: Shape,
        /// How many tensors stand in the state.
        tensors: usize,
        /// Their shapes.
        shapes: Vec<Shape>,
    },
    /// A device that failed.
    #[error(transparent)]
    Device(#[from] tensor_core::Error),
}

impl<C: Config> Optim<C> {
    /// A copy of the settings and of what is remembered of each parameter.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// # use nn::optim::{Adam, Optimizer};
    /// # let cpu = backend_cpu::device();
    /// let x = Tensor::ones(3, &cpu).into_parameter();
    /// let mut optimizer = Adam::new([&x], 0.01);
    /// x.sum().backward();
    /// optimizer.step();
    /// let saved = optimizer.state_dict();
    /// let mut resumed = Adam::new([x], 1.0);
    /// resumed.load_state_dict(&saved).unwrap();
    /// assert_eq!((resumed.lrs(), resumed.state()[0].as_ref().unwrap().step), (vec![0.01], 1));
    /// ```
    pub fn state_dict(&self) -> OptimState<C> {
        let copy = |s: &ParamState| ParamState {
            step: s.step,
            lr: s.lr,
            tensors: s.tensors.iter().map(|t| t.detach().copy()).collect(),
        };
        let group = |g: &super::Group<C>| GroupState {
            config: g.config.clone(),
            initial_lr: g.initial_lr,
            params: g.params.len(),
        };
        OptimState {
            groups: self.groups.iter().map(group).collect(),
            params: self.states.iter().map(|s| s.as_ref().map(copy)).collect(),
        }
    }

    /// Takes over a state saved by [`Optim::state_dict`], copied to the parameters' devices and types.
    ///
    /// # Errors
    /// When it is of other groups, parameters or shapes; nothing is changed then.
    pub fn load_state_dict(&mut self, state: &OptimState<C>) -> Result<(), OptimStateError> {
        let (here, there) = (self.groups.len(), state.groups.len());
        if here != there {
            return Err(OptimStateError::Groups { here, there });
        }
        for (group, (own, new)) in self.groups.iter().zip(&state.groups).enumerate() {
            let (here, there) = (own.params.len(), new.params);
            if here != there {
                return Err(OptimStateError::Params { group, here, there });
            }
        }
        let (found, expected) = (state.params.len(), self.states.len());
        if found != expected {
            return Err(OptimStateError::Count { found, expected });
        }
        let params = self
            .groups
            .iter()
            .zip(&state.groups)
            .flat_map(|(own, new)| own.params.iter().map(|p| (p, new.config.states())));
        let mut states = Vec::with_capacity(expected);
        for (param, ((p, most), saved)) in params.zip(&state.params).enumerate() {
            let Some(saved) = saved else {
                states.push(None);
                continue;
            };
            if saved.tensors.len() > most || saved.tensors.iter().any(|t| t.shape() != p.shape()) {
                let shapes: Vec<Shape> = saved.tensors.iter().map(|t| *t.shape()).collect();
                return Err(OptimStateError::State {
                    param,
                    shape: *p.shape(),
                    tensors: shapes.len(),
                    shapes,
                });
            }
            let taken: tensor_core::Result<Vec<Tensor>> = saved
                .tensors
                .iter()
                .map(|t| Ok(t.detach().to_dtype(p.dtype()).to(p.device())?.copy()))
                .collect();
            states.push(Some(ParamState { step: saved.step, lr: saved.lr, tensors: taken? }));
        }
        self.states = states;
        for (own, new) in self.groups.iter_mut().zip(&state.groups) {
            own.config = new.config.clone();
            own.initial_lr = new.initial_lr;
        }
        Ok(())
    }
}
