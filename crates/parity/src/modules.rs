//! Modules, optimizers and schedules as values that Python's names share.

use crate::python::{PyError, Value, guarded};
use crate::registry::{Function, IntoValue, Lengths, lookup};
use autograd::Tensor;
use nn::optim::{Config, Optim, Optimizer, Plateau, ReduceLROnPlateau, Scheduler};
use nn::{Linear, Module, Role, StateDict};
use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::sync::Arc;
use tensor_core::Activation;

/// A module, or the part of one that a path of child numbers leads to.
#[derive(Clone)]
pub struct ModuleRef {
    root: Arc<dyn Module>,
    /// The same, to be asked for its type.
    whole: Arc<dyn Any + Send + Sync>,
    path: Vec<usize>,
}

impl ModuleRef {
    /// A module of its own.
    pub fn new(module: impl Module + 'static) -> Self {
        let root = Arc::new(module);
        ModuleRef { root: root.clone(), whole: root, path: Vec::new() }
    }

    /// It as a module of a type, if it is one, and not a part of another module.
    pub fn downcast<M: Module + 'static>(&self) -> Option<Arc<M>> {
        self.path.is_empty().then(|| self.whole.clone().downcast().ok())?
    }

    /// What a call of it calls: its own kind's `forward`, or every module's.
    pub fn forward_function(&self) -> Option<&'static Function> {
        let own = self.path.is_empty().then(|| lookup(&format!("nn.{}", self.get().name()), "forward"));
        own.flatten().or_else(|| lookup("nn.Module", "forward"))
    }

    /// The module.
    pub fn get(&self) -> &dyn Module {
        self.path.iter().fold(&*self.root, |module, &i| module.children()[i].1)
    }

    /// Its child of a number.
    pub fn child(&self, index: usize) -> Self {
        let mut path = self.path.clone();
        path.push(index);
        ModuleRef { root: self.root.clone(), whole: self.whole.clone(), path }
    }

    /// A tensor or a child by name.
    pub fn attribute(&self, name: &str) -> Option<Value> {
        let module = self.get();
        if let Some((_, t, _)) = module.tensors().into_iter().find(|(n, ..)| *n == name) {
            return Some(t.clone().into());
        }
        let at = module.children().iter().position(|(n, _)| n == name)?;
        Some(Value::Module(self.child(at)))
    }
}

/// A module that belongs to several: what Python's references do.
impl Module for ModuleRef {
    fn forward(&self, input: &Tensor) -> Tensor {
        self.get().forward(input)
    }
    fn name(&self) -> String {
        self.get().name()
    }
    fn extra_repr(&self) -> String {
        self.get().extra_repr()
    }
    fn children(&self) -> Vec<(String, &dyn Module)> {
        self.get().children()
    }
    fn tensors(&self) -> Vec<(&str, &Tensor, Role)> {
        self.get().tensors()
    }
    fn set_training(&self, training: bool) {
        self.get().set_training(training);
    }
    fn is_training(&self) -> bool {
        self.get().is_training()
    }
    fn as_linear(&self) -> Option<&Linear> {
        self.get().as_linear()
    }
    fn as_activation(&self) -> Option<Activation> {
        self.get().as_activation()
    }
    fn repr(&self) -> String {
        self.get().repr()
    }
}

impl IntoValue for ModuleRef {
    fn into_value(self) -> Result<Value, PyError> {
        Ok(Value::Module(self))
    }
}

/// Tensors by name as a dict.
pub fn dict(state: StateDict) -> Value {
    let pairs = state.into_iter().map(|(name, t)| (Value::from(name), t.into()));
    Value::Dict(Rc::new(RefCell::new(pairs.collect())))
}

/// What a `.pt` file holds, as Python's own values.
pub fn stored(value: &formats::Value) -> Value {
    use formats::{Key, Value as Stored};
    let all = |items: &[Stored]| items.iter().map(stored).collect::<Vec<_>>();
    match value {
        Stored::None => Value::None,
        Stored::Bool(v) => Value::Bool(*v),
        Stored::Int(v) => Value::Int(*v),
        Stored::Float(v) => Value::Float(*v),
        Stored::Str(v) => Value::from(&**v),
        Stored::List(items) => Value::list(all(items)),
        Stored::Tuple(items) => Value::tuple(all(items)),
        Stored::Tensor(t) => t.clone().into(),
        Stored::Dict(dict) | Stored::OrderedDict(dict) => {
            let key = |key: &Key| match key {
                Key::Str(s) => Value::from(&**s),
                Key::Int(i) => Value::Int(*i),
            };
            Value::Dict(Rc::new(RefCell::new(dict.iter().map(|(k, v)| (key(k), stored(v))).collect())))
        }
    }
}

/// Any optimizer.
pub struct AnyOptimizer(Box<dyn Printed>);

/// An optimizer that prints.
pub trait Printed: Optimizer + fmt::Display {}
impl<O: Optimizer + fmt::Display> Printed for O {}

impl AnyOptimizer {
    /// An optimizer as a value.
    pub fn value<C: Config + 'static>(optimizer: Optim<C>) -> Value {
        Value::Optimizer(Rc::new(RefCell::new(AnyOptimizer(Box::new(optimizer)))))
    }

    /// The text that PyTorch prints for it.
    pub fn repr(&self) -> String {
        self.0.to_string()
    }
}
impl Deref for AnyOptimizer {
    type Target = dyn Optimizer;
    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}
impl DerefMut for AnyOptimizer {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self.0
    }
}

/// A schedule of learning rates; a combined schedule takes its parts over.
pub enum AnyScheduler {
    /// One that steps by itself.
    Plain(Box<dyn Scheduler>),
    /// One that steps by a metric.
    Plateau(ReduceLROnPlateau),
    /// Part of another one now.
    Taken,
}

impl AnyScheduler {
    /// Sets the rates for the next epoch.
    ///
    /// # Errors
    /// When a metric is missing.
    pub fn step(&mut self, metric: Option<f64>, optimizer: &mut dyn Optimizer) -> Result<(), PyError> {
        match (self, metric) {
            (AnyScheduler::Plain(s), _) => s.step(optimizer),
            (AnyScheduler::Plateau(s), Some(metric)) => s.step(metric, optimizer),
            (AnyScheduler::Plateau(_), None) => {
                return Err(PyError::kind("step() missing argument 'metrics'"));
            }
            (AnyScheduler::Taken, _) => {
                return Err(PyError::runtime("this scheduler is part of another one"));
            }
        }
        Ok(())
    }
}

type Opt = Rc<RefCell<AnyOptimizer>>;

/// A schedule of an optimizer.
pub fn scheduler<S: Scheduler + 'static>(
    optimizer: Opt,
    make: impl FnOnce(&mut dyn Optimizer) -> S,
) -> Value {
    let schedule = AnyScheduler::Plain(Box::new(make(&mut **optimizer.borrow_mut())));
    Value::Scheduler(Rc::new(RefCell::new(schedule)), optimizer)
}

/// A schedule by a metric.
pub fn plateau(optimizer: Opt, settings: Plateau) -> Value {
    let schedule = AnyScheduler::Plateau(ReduceLROnPlateau::new(&mut **optimizer.borrow_mut(), settings));
    Value::Scheduler(Rc::new(RefCell::new(schedule)), optimizer)
}

/// The schedules that a combined one takes over.
pub fn taken(parts: Vec<(Rc<RefCell<AnyScheduler>>, Opt)>) -> Vec<Box<dyn Scheduler>> {
    let take = |(part, _): (Rc<RefCell<AnyScheduler>>, Opt)| match part.replace(AnyScheduler::Taken) {
        AnyScheduler::Plain(schedule) => Some(schedule),
        _ => None,
    };
    parts.into_iter().filter_map(take).collect()
}

/// What a loss computes of so many tensors.
type LossFn = Box<dyn Fn(&[&Tensor]) -> Tensor>;

/// A loss, or a distance, as an object: it prints, and takes two or three tensors.
pub struct Loss {
    repr: String,
    inputs: usize,
    forward: LossFn,
}

impl Loss {
    /// A loss as a value.
    pub fn value(loss: impl LossModule + 'static) -> Value {
        let (repr, inputs) = (loss.to_string(), loss.inputs());
        Value::Loss(Rc::new(Loss { repr, inputs, forward: Box::new(move |x| loss.loss(x)) }))
    }

    /// The text that PyTorch prints for it.
    pub fn repr(&self) -> &str {
        &self.repr
    }

    /// The loss of its inputs: a prediction and a target, or as it takes them.
    ///
    /// # Errors
    /// When there are more or fewer than it takes.
    pub fn forward(&self, inputs: &[&Tensor]) -> Result<Tensor, PyError> {
        if inputs.len() != self.inputs {
            let (takes, given) = (self.inputs, inputs.len());
            return Err(PyError::kind(format!("forward() takes {takes} tensors but {given} were given")));
        }
        guarded(|| (self.forward)(inputs))
    }
}

/// What the losses of `nn` have in common.
pub trait LossModule: fmt::Display {
    /// How many tensors it takes.
    fn inputs(&self) -> usize;
    /// The loss of as many.
    fn loss(&self, inputs: &[&Tensor]) -> Tensor;
}

/// Beside log-probabilities and targets, the lengths of both as tensors.
impl LossModule for nn::CTCLoss {
    fn inputs(&self) -> usize {
        4
    }
    fn loss(&self, inputs: &[&Tensor]) -> Tensor {
        let lengths = |i: usize| Lengths::of(inputs[i]).0;
        self.forward(inputs[0], inputs[1], &lengths(2), &lengths(3))
    }
}

macro_rules! losses {
    ($($name:ident: $count:literal, [$($at:literal),+];)+) => {$(
        impl LossModule for nn::$name {
            fn inputs(&self) -> usize {
                $count
            }
            fn loss(&self, inputs: &[&Tensor]) -> Tensor {
                self.forward($(inputs[$at]),+)
            }
        }
    )+};
    (two: $($name:ident),+) => { losses! { $($name: 2, [0, 1];)+ } };
    (three: $($name:ident),+) => { losses! { $($name: 3, [0, 1, 2];)+ } };
}
losses!(two:
    CrossEntropyLoss, NLLLoss, MSELoss, L1Loss, SmoothL1Loss, HuberLoss, BCELoss, BCEWithLogitsLoss, KLDivLoss,
    HingeEmbeddingLoss, SoftMarginLoss, MultiMarginLoss, MultiLabelMarginLoss, MultiLabelSoftMarginLoss,
    PoissonNLLLoss, CosineSimilarity, PairwiseDistance
);
losses!(three:
    MarginRankingLoss, CosineEmbeddingLoss, TripletMarginLoss, TripletMarginWithDistanceLoss, GaussianNLLLoss
);
