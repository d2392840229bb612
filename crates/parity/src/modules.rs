//! Modules, optimizers and schedules as values that Python's names share.

use crate::python::{PyError, Value};
use crate::registry::IntoValue;
use autograd::Tensor;
use nn::optim::{Config, Optim, Optimizer, Scheduler};
use nn::{Linear, Module, Role, StateDict};
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::sync::Arc;
use tensor_core::Activation;

/// A module, or the part of one that a path of child numbers leads to.
#[derive(Clone)]
pub struct ModuleRef {
    root: Arc<dyn Module>,
    path: Vec<usize>,
}

impl ModuleRef {
    /// A module of its own.
    pub fn new(module: impl Module + 'static) -> Self {
        ModuleRef { root: Arc::new(module), path: Vec::new() }
    }

    /// The module.
    pub fn get(&self) -> &dyn Module {
        self.path.iter().fold(&*self.root, |module, &i| module.children()[i].1)
    }

    /// Its child of a number.
    pub fn child(&self, index: usize) -> Self {
        let mut path = self.path.clone();
        path.push(index);
        ModuleRef { root: self.root.clone(), path }
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
    fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
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

/// Any optimizer.
pub struct AnyOptimizer(Box<dyn Optimizer>);

impl AnyOptimizer {
    /// An optimizer as a value.
    pub fn value<C: Config + 'static>(optimizer: Optim<C>) -> Value {
        Value::Optimizer(Rc::new(RefCell::new(AnyOptimizer(Box::new(optimizer)))))
    }

    /// The momentum, or what stands for it.
    pub fn momentum(&self) -> Option<f64> {
        None
    }

    /// The text that PyTorch prints for it.
    pub fn repr(&self) -> String {
        "Optimizer".into()
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

/// Any schedule of learning rates.
pub type AnyScheduler = Box<dyn Scheduler>;

/// A schedule of an optimizer.
pub fn scheduler<S: Scheduler + 'static>(
    optimizer: Rc<RefCell<AnyOptimizer>>,
    make: impl FnOnce(&mut dyn Optimizer) -> S,
) -> Value {
    let schedule: AnyScheduler = Box::new(make(&mut **optimizer.borrow_mut()));
    Value::Scheduler(Rc::new(RefCell::new(schedule)), optimizer)
}
