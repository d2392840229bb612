//! Modules in a row: `Sequential` applies them in order, a list (`Vec`) leaves that to its owner.

use crate::module::{Mode, Module, Role};
use crate::parts;
use autograd::Tensor;
use std::fmt;
use std::ops::Index;
use std::panic::{RefUnwindSafe, UnwindSafe};
use tensor_core::{Activation, check};

/// Modules applied in order. A linear layer followed by ReLU, sigmoid or tanh runs as one fused
/// operation, with the same result.
///
/// ```
/// use nn::{Linear, Module, ReLU, seq};
/// let cpu = backend_cpu::device();
/// let mut model = seq![Linear::new(784, 128, &cpu), ReLU];
/// model.push(Linear::new(128, 10, &cpu));
/// assert_eq!((model.len(), model[0].num_params()), (3, 784 * 128 + 128));
/// let names: Vec<String> = model.iter().map(|module| module.name()).collect();
/// assert_eq!(names, ["Linear", "ReLU", "Linear"]);
/// ```
pub struct Sequential {
    modules: Vec<Box<dyn Module>>,
    training: Mode,
}

// Modules are `Sync`: what they change behind a shared reference is a mode, or a tensor, both whole after a panic.
impl UnwindSafe for Sequential {}
impl RefUnwindSafe for Sequential {}

impl Default for Sequential {
    fn default() -> Self {
        Sequential::new(Vec::new())
    }
}

impl Sequential {
    /// Modules in order; [`seq!`](crate::seq) is shorter.
    pub fn new(modules: Vec<Box<dyn Module>>) -> Self {
        Sequential { modules, training: Mode::default() }
    }

    /// Appends a module.
    pub fn push(&mut self, module: impl Module + 'static) {
        self.modules.push(Box::new(module));
    }

    /// Number of modules.
    pub fn len(&self) -> usize {
        self.modules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }

    /// The modules in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &dyn Module> + ExactSizeIterator {
        self.modules.iter().map(|m| &**m)
    }
}

impl Index<usize> for Sequential {
    type Output = dyn Module;
    #[track_caller]
    fn index(&self, index: usize) -> &Self::Output {
        &*self.modules[index]
    }
}

impl FromIterator<Box<dyn Module>> for Sequential {
    fn from_iter<I: IntoIterator<Item = Box<dyn Module>>>(modules: I) -> Self {
        Sequential::new(modules.into_iter().collect())
    }
}

/// Modules one after another: `seq![Linear::new(784, 10, &dev), ReLU]`.
#[macro_export]
macro_rules! seq {
    ($($module:expr),* $(,)?) => {
        $crate::Sequential::new(vec![$(Box::new($module) as Box<dyn $crate::Module>),*])
    };
}

impl Module for Sequential {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        let mut x = input.clone();
        let mut modules = self.modules.iter().peekable();
        while let Some(module) = modules.next() {
            let act = modules.peek().and_then(|next| next.as_activation());
            x = match (module.as_linear(), act) {
                (Some(linear), Some(act)) => {
                    modules.next();
                    x.linear_act(&linear.weight, linear.bias.as_ref(), Some(act))
                }
                _ => module.forward(&x),
            };
        }
        x
    }
    fn name(&self) -> String {
        "Sequential".into()
    }
    fn children(&self) -> Vec<(String, &dyn Module)> {
        self.modules.iter().enumerate().map(|(i, m)| (i.to_string(), &**m)).collect()
    }
    fn children_mut(&mut self) -> Vec<&mut dyn Module> {
        self.modules.iter_mut().map(|m| &mut **m as &mut dyn Module).collect()
    }
    fn set_training(&self, training: bool) {
        self.training.set(training);
    }
    fn is_training(&self) -> bool {
        self.training.get()
    }
}

impl fmt::Display for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}

/// Modules of any kind that their owner calls one by one. A vector of one kind is a module list too.
///
/// ```
/// use nn::{Linear, Module, ModuleList};
/// let cpu = backend_cpu::device();
/// let list: ModuleList = vec![Box::new(Linear::new(2, 2, &cpu)), Box::new(nn::ReLU)];
/// assert_eq!(list.named_parameters()[1].0, "0.bias");
/// ```
pub type ModuleList = Vec<Box<dyn Module>>;

impl<M: Module> Module for Vec<M> {
    /// # Panics
    /// Always: a list does not say how its parts follow each other.
    #[track_caller]
    fn forward(&self, _: &Tensor) -> Tensor {
        check::fail("ModuleList", "a list of modules has no forward pass", "call its parts, or use seq![…]")
    }
    fn name(&self) -> String {
        "ModuleList".into()
    }
    fn children(&self) -> Vec<(String, &dyn Module)> {
        self.iter().enumerate().map(|(i, m)| (i.to_string(), m as &dyn Module)).collect()
    }
    fn children_mut(&mut self) -> Vec<&mut dyn Module> {
        self.iter_mut().map(|m| m as &mut dyn Module).collect()
    }
    /// Neighbours that print alike share a line, as PyTorch's do.
    fn repr(&self) -> String {
        parts::print("ModuleList", "", runs(self.iter().map(Module::repr).collect()))
    }
}

/// What a list's parts print, once for each run of those that print alike.
fn runs(texts: Vec<String>) -> Vec<(String, String)> {
    let mut first = 0;
    let lines = texts.chunk_by(|a, b| a == b).map(|run| {
        let (start, last) = (first, first + run.len() - 1);
        first = last + 1;
        match run.len() {
            1 => (start.to_string(), run[0].clone()),
            count => (format!("{start}-{last}"), format!("{count} x {}", run[0])),
        }
    });
    lines.collect()
}

/// A part that may be missing, as the way around a block that needs none: it gives its input back.
///
/// ```
/// use autograd::Tensor;
/// use nn::{Linear, Module};
/// let cpu = backend_cpu::device();
/// let x = Tensor::ones([1, 2], &cpu);
/// let (some, none) = (Some(Linear::new(2, 3, &cpu)), None::<Linear>);
/// assert_eq!((some.forward(&x).numel(), none.forward(&x).numel()), (3, 2));
/// assert_eq!((some.repr(), none.parameters().len()), ("Linear(in_features=2, out_features=3, bias=True)".into(), 0));
/// ```
impl<M: Module> Module for Option<M> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        match self {
            Some(module) => module.forward(input),
            None => input.clone(),
        }
    }
    fn name(&self) -> String {
        self.as_ref().map_or("None".into(), Module::name)
    }
    fn extra_repr(&self) -> String {
        self.as_ref().map_or(String::new(), Module::extra_repr)
    }
    fn children(&self) -> Vec<(String, &dyn Module)> {
        self.as_ref().map_or(Vec::new(), Module::children)
    }
    fn children_mut(&mut self) -> Vec<&mut dyn Module> {
        self.as_mut().map_or(Vec::new(), Module::children_mut)
    }
    fn tensors(&self) -> Vec<(&str, &Tensor, Role)> {
        self.as_ref().map_or(Vec::new(), Module::tensors)
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        self.as_mut().map_or(Vec::new(), Module::tensors_mut)
    }
    fn set_training(&self, training: bool) {
        if let Some(module) = self {
            module.set_training(training);
        }
    }
    fn is_training(&self) -> bool {
        self.as_ref().is_none_or(Module::is_training)
    }
    fn is_present(&self) -> bool {
        self.as_ref().is_some_and(Module::is_present)
    }
    fn as_linear(&self) -> Option<&crate::Linear> {
        self.as_ref().and_then(Module::as_linear)
    }
    fn as_activation(&self) -> Option<Activation> {
        self.as_ref().and_then(Module::as_activation)
    }
    fn repr(&self) -> String {
        self.as_ref().map_or("None".into(), Module::repr)
    }
}

impl<M: Module + ?Sized> Module for Box<M> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        (**self).forward(input)
    }
    fn name(&self) -> String {
        (**self).name()
    }
    fn extra_repr(&self) -> String {
        (**self).extra_repr()
    }
    fn children(&self) -> Vec<(String, &dyn Module)> {
        (**self).children()
    }
    fn children_mut(&mut self) -> Vec<&mut dyn Module> {
        (**self).children_mut()
    }
    fn tensors(&self) -> Vec<(&str, &Tensor, Role)> {
        (**self).tensors()
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        (**self).tensors_mut()
    }
    fn set_training(&self, training: bool) {
        (**self).set_training(training);
    }
    fn is_training(&self) -> bool {
        (**self).is_training()
    }
    fn is_present(&self) -> bool {
        (**self).is_present()
    }
    fn as_linear(&self) -> Option<&crate::Linear> {
        (**self).as_linear()
    }
    fn as_activation(&self) -> Option<Activation> {
        (**self).as_activation()
    }
    fn repr(&self) -> String {
        (**self).repr()
    }
}
