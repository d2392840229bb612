//! `Module`: a network or a part of one, with its parameters, buffers and children by name.

use crate::layers::Linear;
use crate::state::{LoadError, StateDict, load};
use autograd::Tensor;
use tensor_core::{Activation, Device, Result};

/// What a module's tensor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Trained by an optimizer.
    Parameter,
    /// Kept with the parameters but not trained: running statistics.
    Buffer,
}

/// A network, or a part of one.
///
/// Own models are plain structs with one line of [`module!`](crate::module!):
///
/// ```
/// use nn::{Linear, Module, module};
/// struct Mlp { fc1: Linear, fc2: Linear }
/// module!(Mlp { fc1, fc2 }, |m, x| m.fc2.forward(&m.fc1.forward(x).relu()));
///
/// let cpu = backend_cpu::device();
/// let model = Mlp { fc1: Linear::new(4, 8, &cpu), fc2: Linear::new(8, 2, &cpu) };
/// assert_eq!(model.num_params(), 4 * 8 + 8 + 8 * 2 + 2);
/// assert_eq!(model.named_parameters()[2].0, "fc2.weight");
/// ```
pub trait Module: Send + Sync {
    /// The output for an input.
    fn forward(&self, input: &Tensor) -> Tensor;

    /// The type's name, as printed.
    fn name(&self) -> String;

    /// What stands in the parentheses when it is printed.
    fn extra_repr(&self) -> String {
        String::new()
    }

    /// The parts, by name.
    fn children(&self) -> Vec<(String, &dyn Module)> {
        Vec::new()
    }

    /// The parts, to be changed.
    fn children_mut(&mut self) -> Vec<&mut dyn Module> {
        Vec::new()
    }

    /// Its own tensors, without those of its parts.
    fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
        Vec::new()
    }

    /// Its own tensors, to be replaced.
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        Vec::new()
    }

    /// Its own mode, without its parts': training or evaluation.
    fn set_training(&self, _training: bool) {}

    /// Itself, if it is a linear layer that may apply an activation on its way out.
    fn as_linear(&self) -> Option<&Linear> {
        None
    }

    /// The activation it is, if a linear layer before it may apply it.
    fn as_activation(&self) -> Option<Activation> {
        None
    }

    /// Every tensor with its dotted name, its own before its parts'.
    fn named_tensors(&self) -> Vec<(String, Tensor, Role)> {
        let mut all: Vec<_> =
            self.tensors().into_iter().map(|(name, t, role)| (name.to_string(), t.clone(), role)).collect();
        for (child, module) in self.children() {
            all.extend(module.named_tensors().into_iter().map(|(n, t, r)| (format!("{child}.{n}"), t, r)));
        }
        all
    }

    /// The parameters with their dotted names.
    fn named_parameters(&self) -> Vec<(String, Tensor)> {
        let all = self.named_tensors().into_iter();
        all.filter(|(_, _, role)| *role == Role::Parameter).map(|(name, t, _)| (name, t)).collect()
    }

    /// The parameters, for an optimizer.
    fn parameters(&self) -> Vec<Tensor> {
        self.named_parameters().into_iter().map(|(_, t)| t).collect()
    }

    /// The buffers with their dotted names.
    fn named_buffers(&self) -> Vec<(String, Tensor)> {
        let all = self.named_tensors().into_iter();
        all.filter(|(_, _, role)| *role == Role::Buffer).map(|(name, t, _)| (name, t)).collect()
    }

    /// Number of trainable numbers.
    fn num_params(&self) -> usize {
        self.parameters().iter().map(Tensor::numel).sum()
    }

    /// Training mode for it and all its parts: dropout drops, batch norm uses the batch.
    fn train(&self) {
        self.set_mode(true);
    }

    /// Evaluation mode for it and all its parts.
    fn eval(&self) {
        self.set_mode(false);
    }

    /// The mode of it and all its parts.
    fn set_mode(&self, training: bool) {
        self.set_training(training);
        self.children().into_iter().for_each(|(_, child)| child.set_mode(training));
    }

    /// Forgets all gradients.
    fn zero_grad(&self) {
        self.parameters().iter().for_each(Tensor::zero_grad);
    }

    /// Moves it to a device, in place. Make the optimizer afterwards: parameters become new tensors.
    ///
    /// # Errors
    /// When a device fails.
    fn to(&mut self, device: &Device) -> Result<()> {
        for tensor in self.tensors_mut() {
            let moved = tensor.detach().to(device)?;
            *tensor = if tensor.is_parameter() { moved.into_parameter() } else { moved };
        }
        self.children_mut().into_iter().try_for_each(|child| child.to(device))
    }

    /// Copies of all parameters and buffers by name.
    fn state_dict(&self) -> StateDict {
        self.named_tensors().into_iter().map(|(name, t, _)| (name, t.detach().copy())).collect()
    }

    /// Takes over the values of a state dict, in place. Nothing is changed when it does not fit.
    ///
    /// # Errors
    /// Lists missing and unexpected names (unless not `strict`) and shapes that differ.
    fn load_state_dict(&self, state: &StateDict, strict: bool) -> Result<(), LoadError> {
        load(&self.name(), self.named_tensors(), state, strict)
    }

    /// The text that PyTorch prints for it.
    fn repr(&self) -> String {
        let children = self.children();
        if children.is_empty() {
            return format!("{}({})", self.name(), self.extra_repr());
        }
        let lines = children.into_iter().map(|(name, child)| {
            let text = child.repr().replace('\n', "\n  ");
            format!("  ({name}): {text}\n")
        });
        format!("{}(\n{})", self.name(), lines.collect::<String>())
    }
}

/// Makes a struct a [`Module`]: its name, its parts, and its forward pass.
///
/// `module!(Mlp { fc1, fc2 }, |m, x| m.fc2.forward(&m.fc1.forward(x).relu()));`
#[macro_export]
macro_rules! module {
    ($name:ident { $($field:ident),* $(,)? }, |$this:ident, $input:ident| $body:expr) => {
        impl $crate::Module for $name {
            #[track_caller]
            fn forward(&self, $input: &$crate::__Tensor) -> $crate::__Tensor {
                let $this = self;
                $body
            }
            fn name(&self) -> String {
                stringify!($name).into()
            }
            fn children(&self) -> Vec<(String, &dyn $crate::Module)> {
                vec![$((stringify!($field).into(), &self.$field as &dyn $crate::Module)),*]
            }
            fn children_mut(&mut self) -> Vec<&mut dyn $crate::Module> {
                vec![$(&mut self.$field as &mut dyn $crate::Module),*]
            }
        }
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&$crate::Module::repr(self))
            }
        }
    };
}
