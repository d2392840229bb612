//! Modules and parameters that their owner looks up by name or number.

use super::display;
use crate::module::{Module, Role};
use autograd::Tensor;
use std::borrow::Borrow;
use tensor_core::check;

/// Modules of any kind by name, in the order of their insertion.
///
/// ```
/// use nn::{Linear, Module, ModuleDict, ReLU};
/// let cpu = backend_cpu::device();
/// let parts = ModuleDict::default().with("fc", Linear::new(2, 3, &cpu)).with("act", ReLU);
/// assert_eq!(parts.named_parameters()[1].0, "fc.bias");
/// assert_eq!(parts.get("act").unwrap().name(), "ReLU");
/// ```
#[derive(Default)]
pub struct ModuleDict(Vec<(String, Box<dyn Module>)>);

impl ModuleDict {
    /// With a module more; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, name: &str, module: impl Module + 'static) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = Box::new(module),
            None => self.0.push((name.into(), Box::new(module))),
        }
        self
    }

    /// The module of a name.
    pub fn get(&self, name: &str) -> Option<&dyn Module> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, module)| &**module)
    }
}

impl Module for ModuleDict {
    /// # Panics
    /// Always: a dict does not say how its parts follow each other.
    #[track_caller]
    fn forward(&self, _: &Tensor) -> Tensor {
        check::fail("ModuleDict", "a dict of modules has no forward pass", "call its parts")
    }
    fn name(&self) -> String {
        "ModuleDict".into()
    }
    fn children(&self) -> Vec<(String, &dyn Module)> {
        self.0.iter().map(|(name, module)| (name.clone(), &**module)).collect()
    }
    fn children_mut(&mut self) -> Vec<&mut dyn Module> {
        self.0.iter_mut().map(|(_, module)| &mut **module as &mut dyn Module).collect()
    }
}

/// Parameters that their owner uses one by one.
///
/// ```
/// use autograd::Tensor;
/// use nn::{Module, ParameterList};
/// let list = ParameterList::new([Tensor::zeros([2, 3], &backend_cpu::device())]);
/// assert_eq!(list[0].shape().dims(), [2, 3]);
/// assert_eq!(list.to_string(), "ParameterList(\n    (0): Parameter containing: [torch.float32 of size 2x3]\n)");
/// ```
#[derive(Clone, Debug, Default)]
pub struct ParameterList(Vec<(String, Tensor)>);

impl ParameterList {
    /// These tensors as parameters.
    pub fn new(tensors: impl IntoIterator<Item: Borrow<Tensor>>) -> Self {
        let parameter = |t: Tensor| if t.is_parameter() { t } else { t.into_parameter() };
        let tensors = tensors.into_iter().map(|t| parameter(t.borrow().clone()));
        ParameterList(tensors.enumerate().map(|(i, t)| (i.to_string(), t)).collect())
    }

    /// Number of parameters.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::ops::Index<usize> for ParameterList {
    type Output = Tensor;
    #[track_caller]
    fn index(&self, index: usize) -> &Tensor {
        &self.0[index].1
    }
}

impl Module for ParameterList {
    /// # Panics
    /// Always: it holds parameters.
    #[track_caller]
    fn forward(&self, _: &Tensor) -> Tensor {
        check::fail("ParameterList", "a list of parameters has no forward pass", "use its parameters")
    }
    fn name(&self) -> String {
        "ParameterList".into()
    }
    fn tensors(&self) -> Vec<(&str, &Tensor, Role)> {
        self.0.iter().map(|(name, t)| (&**name, t, Role::Parameter)).collect()
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        self.0.iter_mut().map(|(_, t)| t).collect()
    }
    fn repr(&self) -> String {
        let line = |(name, t): &(String, Tensor)| {
            let sizes: Vec<String> = t.shape().iter().map(usize::to_string).collect();
            format!("    ({name}): Parameter containing: [{} of size {}]\n", python_type(t), sizes.join("x"))
        };
        let lines: String = self.0.iter().map(line).collect();
        if lines.is_empty() { "ParameterList()".into() } else { format!("ParameterList(\n{lines})") }
    }
}

/// `torch.float32`
fn python_type(t: &Tensor) -> String {
    format!("torch.{}", t.dtype())
}

display!(ModuleDict, ParameterList);
