//! A single step of a recurrence as a layer.

use super::{
    ElmanRecurrence, GatedRecurrence, LongShortTerm, NAMES, Recurrence, RecurrentState, RecurrentWeights,
    RnnNonlinearity, initial,
};
use crate::layers::python;
use crate::module::{Module, Role};
use autograd::Tensor;
use std::fmt;
use tensor_core::{Device, check};

/// One step at a time: input `[B, I]` or `[I]`, each part of the state `[B, H]` or `[H]`. Use it by its
/// aliases [`RNNCell`], [`LSTMCell`] and [`GRUCell`]. As a [`Module`] it gives h after one step from zeros.
///
/// ```
/// use autograd::Tensor;
/// use nn::LSTMCell;
/// let cpu = backend_cpu::device();
/// let (cell, x) = (LSTMCell::new(10, 20, &cpu), Tensor::randn([3, 10], &cpu));
/// let (h, c) = cell.run(&x, None);
/// let (h, _) = cell.run(&x, Some(&(h, c)));
/// assert_eq!(h.shape().dims(), [3, 20]);
/// ```
#[derive(Clone, Debug)]
pub struct RecurrentCell<R: Recurrence> {
    /// What it is trained by.
    pub weights: RecurrentWeights,
    kind: R,
}

/// `h' = tanh(x·W_ihᵀ + b_ih + h·W_hhᵀ + b_hh)`, or with ReLU.
pub type RNNCell = RecurrentCell<ElmanRecurrence>;
/// A step of an [`LSTM`](super::LSTM); its state is `(h, c)`.
pub type LSTMCell = RecurrentCell<LongShortTerm>;
/// A step of a [`GRU`](super::GRU).
pub type GRUCell = RecurrentCell<GatedRecurrence>;

impl<R: Recurrence> RecurrentCell<R> {
    /// A cell with biases.
    ///
    /// # Panics
    /// When a size is 0.
    #[track_caller]
    pub fn new(input_size: usize, hidden_size: usize, device: &Device) -> Self {
        let weights = RecurrentWeights::new::<R>(input_size, hidden_size, true, device);
        RecurrentCell { weights, kind: R::default() }
    }

    /// A cell without biases.
    ///
    /// # Panics
    /// When a size is 0.
    #[track_caller]
    pub fn without_bias(input_size: usize, hidden_size: usize, device: &Device) -> Self {
        let weights = RecurrentWeights::new::<R>(input_size, hidden_size, false, device);
        RecurrentCell { weights, kind: R::default() }
    }

    /// The state after an input: PyTorch's `cell(input, state)`. It starts from zeros if none is given.
    ///
    /// # Panics
    /// When a shape does not fit.
    #[track_caller]
    pub fn run(&self, input: &Tensor, state: Option<&R::State>) -> R::State {
        let (inputs, hidden) = (self.weights.input_size(), self.weights.hidden_size());
        if !matches!(input.rank(), 1 | 2) || input.dim(-1) != inputs {
            check::fail(
                &self.name(),
                format_args!("input of shape {}", input.shape()),
                format_args!("give [B, {inputs}] or [{inputs}]"),
            );
        }
        let shape = input.shape().with(input.rank() - 1, hidden);
        let state = initial(&self.name(), state, &shape, input);
        if input.rank() == 2 {
            return self.weights.step(&self.kind, &self.weights.project(input), &state);
        }
        let projected = self.weights.project(&input.unsqueeze(0));
        let state = state.map(|part| part.unsqueeze(0));
        self.weights.step(&self.kind, &projected, &state).map(|part| part.squeeze_dim(0))
    }
}

impl RNNCell {
    /// What limits the state; tanh to begin with.
    #[must_use]
    pub fn nonlinearity(mut self, nonlinearity: RnnNonlinearity) -> Self {
        self.kind.nonlinearity = nonlinearity;
        self
    }
}

impl<R: Recurrence> Module for RecurrentCell<R> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        self.run(input, None).hidden().clone()
    }
    fn name(&self) -> String {
        format!("{}Cell", R::NAME)
    }
    fn extra_repr(&self) -> String {
        let mut text = format!("{}, {}", self.weights.input_size(), self.weights.hidden_size());
        if self.weights.bias_ih.is_none() {
            text += &format!(", bias={}", python(false));
        }
        text + &self.kind.extra_repr()
    }
    fn tensors(&self) -> Vec<(&str, &Tensor, Role)> {
        self.weights.named(NAMES.into_iter())
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        self.weights.all_mut().collect()
    }
}

impl<R: Recurrence> fmt::Display for RecurrentCell<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}
