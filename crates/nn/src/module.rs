//! `Module`: a network or a part of one, with its parameters, buffers and children by name.

use crate::layers::Linear;
use crate::parts;
use crate::state::{Incompatible, LoadError, StateDict, load};
use autograd::Tensor;
use std::sync::atomic::{AtomicBool, Ordering};
use tensor_core::{Activation, DType, Device, Result};

/// Training or evaluation, which a layer that tells them apart keeps; training to begin with.
///
/// [`module!`](crate::module!) writes a module that keeps one. By hand, where more is to be said (what it prints, say):
///
/// ```
/// use autograd::Tensor;
/// use nn::{Mode, Module, Role};
/// /// x·gain + noise while training
/// struct Noisy { gain: Tensor, mode: Mode }
/// impl Module for Noisy {
///     fn forward(&self, x: &Tensor) -> Tensor {
///         let y = x * &self.gain;
///         if self.is_training() { y + x.randn_like() * 0.1 } else { y }
///     }
///     fn name(&self) -> String { "Noisy".into() }
///     fn tensors(&self) -> Vec<(&str, &Tensor, Role)> { vec![("gain", &self.gain, Role::Parameter)] }
///     fn tensors_mut(&mut self) -> Vec<&mut Tensor> { vec![&mut self.gain] }
///     fn set_training(&self, training: bool) { self.mode.set(training) }
///     fn is_training(&self) -> bool { self.mode.get() }
/// }
///
/// let gain = Tensor::ones(2, &backend_cpu::device()).into_parameter();
/// let layer = Noisy { gain, mode: Mode::default() };
/// layer.eval();
/// assert_eq!(layer.forward(&layer.gain).to_vec::<f32>(), [1.0, 1.0]);
/// assert_eq!(layer.named_parameters()[0].0, "gain");
/// ```
#[derive(Debug)]
pub struct Mode(AtomicBool);

impl Mode {
    /// Whether it is training.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
    /// Training, or evaluation.
    pub fn set(&self, training: bool) {
        self.0.store(training, Ordering::Relaxed);
    }
}
impl Default for Mode {
    fn default() -> Self {
        Mode(AtomicBool::new(true))
    }
}
impl Clone for Mode {
    fn clone(&self) -> Self {
        Mode(AtomicBool::new(self.get()))
    }
}

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
///
/// # Copies
/// `.clone()` of a layer is a second handle of the same parameters and buffers, as Python's assignment: what trains one
/// trains the other, which is how weights are tied. To keep the best model, take [`Module::deep_copy`] where its type
/// is `Clone`, as every layer's is, or [`Module::state_dict`], which copies too and is there for every module:
/// [`Sequential`](crate::Sequential), whose parts may be of any kind, has no clone.
///
/// ```
/// # use nn::{Linear, Module, ReLU, seq};
/// # let cpu = backend_cpu::device();
/// let model = seq![Linear::new(4, 8, &cpu), ReLU, Linear::new(8, 2, &cpu)];
/// let best = model.state_dict();
/// // … more epochs, worse ones …
/// model.load_state_dict(&best, true)?;
/// # Ok::<(), nn::LoadError>(())
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
    fn tensors(&self) -> Vec<(&str, &Tensor, Role)> {
        Vec::new()
    }

    /// Its own tensors, to be replaced.
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        Vec::new()
    }

    /// Its own mode, without its parts': training or evaluation.
    fn set_training(&self, _training: bool) {}

    /// Whether it is in training mode. A module that behaves alike in both is if all its parts are; one without
    /// parts always, unless it keeps a [`Mode`].
    fn is_training(&self) -> bool {
        parts::all_train(&self.children())
    }

    /// Whether there is a module at all: not in a part that is `None`, which has no name among its owner's parts.
    fn is_present(&self) -> bool {
        true
    }

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
        parts::named(self.tensors(), self.children())
    }

    /// The parameters with their dotted names; one that several parts share counts once, under its
    /// first name.
    fn named_parameters(&self) -> Vec<(String, Tensor)> {
        parts::parameters(self.named_tensors())
    }

    /// The parameters, for an optimizer.
    fn parameters(&self) -> Vec<Tensor> {
        parts::unnamed(self.named_parameters())
    }

    /// The buffers with their dotted names.
    fn named_buffers(&self) -> Vec<(String, Tensor)> {
        parts::buffers(self.named_tensors())
    }

    /// Number of trainable numbers.
    fn num_params(&self) -> usize {
        parts::numel(&self.parameters())
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
        parts::set_mode(&self.children(), training);
    }

    /// Forgets all gradients.
    fn zero_grad(&self) {
        parts::zero_grad(&self.parameters());
    }

    /// Makes all parameters ask for gradients, or freezes them.
    fn requires_grad_(&self, requires_grad: bool) {
        parts::requires_grad(self.parameters(), requires_grad);
    }

    /// It and all its parts with their dotted names, itself (named "") first.
    fn named_modules(&self) -> Vec<(String, &dyn Module)>
    where
        Self: Sized,
    {
        let mut all = Vec::new();
        parts::walk("", self, &mut |name, module| all.push((name.to_string(), module)));
        all
    }

    /// Calls `f` on every part, and last on itself: to initialise in one's own way.
    ///
    /// ```
    /// use nn::{Linear, Module, ReLU, init, seq};
    /// let cpu = backend_cpu::device();
    /// let model = seq![Linear::new(4, 8, &cpu), ReLU, Linear::new(8, 2, &cpu)];
    /// model.apply(|module| {
    ///     if let Some(linear) = module.as_linear() {
    ///         init::constant_(&linear.weight, 0.5);
    ///     }
    /// });
    /// assert_eq!(model[2].parameters()[0].to_vec::<f32>(), [0.5; 16]);
    /// ```
    fn apply(&self, mut f: impl FnMut(&dyn Module))
    where
        Self: Sized,
    {
        parts::visit(self, &mut f);
    }

    /// Replaces every tensor by what `f` makes of it.
    ///
    /// # Errors
    /// The first of `f`'s.
    ///
    /// # Panics
    /// When a module lists tensors or parts that it does not give to be changed.
    #[track_caller]
    fn replace_tensors(&mut self, f: &mut dyn FnMut(&Tensor) -> Result<Tensor>) -> Result<()> {
        let shown = [self.tensors().len(), self.children().len()];
        let given = [self.tensors_mut().len(), self.children_mut().len()];
        parts::same_lists(&self.name(), shown, given);
        parts::replace(self.tensors_mut(), f)?;
        parts::replace_in(self.children_mut(), f)
    }

    /// Moves it to a device, in place. Make the optimizer afterwards: parameters become new tensors.
    /// Parameters that parts share stay shared.
    ///
    /// # Errors
    /// When a device fails.
    #[track_caller]
    fn to(&mut self, device: &Device) -> Result<()> {
        self.replace_tensors(&mut parts::moved(device))
    }

    /// Converts parameters and floating buffers to an element type, in place, as [`Module::to`].
    ///
    /// # Panics
    /// For a type that is not floating.
    #[track_caller]
    fn to_dtype(&mut self, dtype: DType) {
        tensor_core::check::float("Module::to_dtype", dtype);
        self.replace_tensors(&mut parts::cast(dtype)).expect("conversion has no error of its own");
    }

    /// A copy with parameters and buffers of its own, in the same mode and with the same parameters frozen, but without
    /// gradients: Python's `copy.deepcopy`. Parameters that parts share are shared in the copy. A `clone()` shares all
    /// of them with the original.
    ///
    /// ```
    /// use autograd::{Tensor, no_grad};
    /// use nn::{Linear, Module};
    /// let model = Linear::new(2, 1, &backend_cpu::device());
    /// let (shared, best) = (model.clone(), model.deep_copy());
    /// let before = model.weight.to_vec::<f32>();
    /// no_grad(|| model.weight.fill_(7.0).numel());
    /// assert_eq!(shared.weight.to_vec::<f32>(), [7.0, 7.0]);
    /// assert_eq!(best.weight.to_vec::<f32>(), before);
    /// ```
    ///
    /// # Panics
    /// As [`Module::replace_tensors`].
    #[track_caller]
    fn deep_copy(&self) -> Self
    where
        Self: Sized + Clone,
    {
        let mut copy = self.clone();
        copy.replace_tensors(&mut parts::copied()).expect("copying has no error of its own");
        copy
    }

    /// Copies of all parameters and buffers by name.
    fn state_dict(&self) -> StateDict {
        parts::copies(self.named_tensors())
    }

    /// Takes over the values of a state dict, in place, and returns the missing and unexpected names,
    /// none when `strict`. Nothing is changed when it does not fit.
    ///
    /// # Errors
    /// Lists missing and unexpected names (unless not `strict`) and shapes that differ.
    fn load_state_dict(&self, state: &StateDict, strict: bool) -> Result<Incompatible, LoadError> {
        load(&self.name(), self.named_tensors(), state, strict)
    }

    /// The text that PyTorch prints for it.
    fn repr(&self) -> String {
        parts::repr(self.name(), self.extra_repr(), self.children())
    }
}
