//! Recurrences over whole sequences, in one or both directions, in one or several layers.

use super::{
    ElmanRecurrence, GatedRecurrence, LongShortTerm, NAMES, Recurrence, RecurrentState, RecurrentWeights,
    RnnNonlinearity, initial,
};
use crate::layers::{number, python};
use crate::module::{Mode, Module, Role};
use autograd::{Tensor, cat, stack};
use std::fmt;
use tensor_core::{Device, check};

/// Settings of a recurrent layer; the default is PyTorch's.
#[derive(Clone, Debug)]
pub struct RecurrentOptions {
    /// Layers, each reading the output of the one before; 1.
    pub num_layers: usize,
    /// Whether there are biases; there are.
    pub bias: bool,
    /// Whether the batch is the first dimension of input and output (not of states), and time the second.
    pub batch_first: bool,
    /// Probability of dropout on the output of each layer but the last, while training; 0.
    pub dropout: f64,
    /// Whether each layer also runs from the end to the start, and outputs both states side by side.
    pub bidirectional: bool,
}

impl Default for RecurrentOptions {
    fn default() -> Self {
        RecurrentOptions { num_layers: 1, bias: true, batch_first: false, dropout: 0.0, bidirectional: false }
    }
}

/// A recurrence over a sequence `[T, B, I]`, `[B, T, I]` (if the batch is first) or `[T, I]`. Use it by its
/// aliases [`RNN`], [`LSTM`] and [`GRU`]. As a [`Module`] it gives the output alone, from zeros.
///
/// ```
/// use autograd::Tensor;
/// use nn::{LSTM, RecurrentOptions};
/// let cpu = backend_cpu::device();
/// let options = RecurrentOptions { num_layers: 2, bidirectional: true, ..Default::default() };
/// let lstm = LSTM::with(10, 20, options, &cpu);
/// let (output, (h, c)) = lstm.run(&Tensor::randn([5, 3, 10], &cpu), None);
/// assert_eq!(output.shape().dims(), [5, 3, 2 * 20]);
/// assert_eq!((h.shape().dims(), c.shape().dims()), (&[2 * 2, 3, 20][..], &[2 * 2, 3, 20][..]));
/// ```
#[derive(Clone, Debug)]
pub struct Recurrent<R: Recurrence> {
    /// By layer, and in it by direction.
    pub weights: Vec<RecurrentWeights>,
    names: Vec<[String; 4]>,
    options: RecurrentOptions,
    kind: R,
    training: Mode,
}

/// `h' = tanh(x·W_ihᵀ + b_ih + h·W_hhᵀ + b_hh)` for each step, or with ReLU.
pub type RNN = Recurrent<ElmanRecurrence>;
/// Long short-term memory (Hochreiter & Schmidhuber 1997); its state is `(h, c)`.
pub type LSTM = Recurrent<LongShortTerm>;
/// Gated recurrent units (Cho et al. 2014).
pub type GRU = Recurrent<GatedRecurrence>;

impl<R: Recurrence> Recurrent<R> {
    /// One layer with biases, time first.
    ///
    /// # Panics
    /// When a size is 0.
    #[track_caller]
    pub fn new(input_size: usize, hidden_size: usize, device: &Device) -> Self {
        Self::with(input_size, hidden_size, RecurrentOptions::default(), device)
    }

    /// Layers with settings. Draws the weights of each layer's directions in turn.
    ///
    /// # Panics
    /// When a size or the number of layers is 0, or `dropout` is not a probability.
    #[track_caller]
    pub fn with(input_size: usize, hidden_size: usize, options: RecurrentOptions, device: &Device) -> Self {
        if options.num_layers == 0 {
            check::fail(R::NAME, "no layers", "num_layers must be greater than 0");
        }
        if !(0.0..=1.0).contains(&options.dropout) {
            let problem = format!("dropout {} is not a probability", options.dropout);
            check::fail(R::NAME, problem, "give a number from 0 to 1");
        }
        let directions = 1 + usize::from(options.bidirectional);
        let (mut weights, mut names) = (Vec::new(), Vec::new());
        for layer in 0..options.num_layers {
            let inputs = if layer == 0 { input_size } else { directions * hidden_size };
            for suffix in &["", "_reverse"][..directions] {
                weights.push(RecurrentWeights::new::<R>(inputs, hidden_size, options.bias, device));
                names.push(NAMES.map(|name| format!("{name}_l{layer}{suffix}")));
            }
        }
        Recurrent { weights, names, options, kind: R::default(), training: Mode::default() }
    }

    fn directions(&self) -> usize {
        1 + usize::from(self.options.bidirectional)
    }

    /// The output and the last state: PyTorch's `layer(input, state)`. It starts from zeros if no state is
    /// given. The output holds the last layer's h of every step, `[…, D·H]` for D directions; each part of
    /// a state is `[L·D, B, H]`, without B for an input without a batch.
    ///
    /// # Panics
    /// When a shape does not fit, or there is no step.
    #[track_caller]
    pub fn run(&self, input: &Tensor, state: Option<&R::State>) -> (Tensor, R::State) {
        let (inputs, batch_first) = (self.weights[0].input_size(), self.options.batch_first);
        if !matches!(input.rank(), 2 | 3) || input.dim(-1) != inputs {
            let batched = if batch_first { "B, T" } else { "T, B" };
            check::fail(
                R::NAME,
                format_args!("input of shape {}", input.shape()),
                format_args!("give [{batched}, {inputs}], or [T, {inputs}] without a batch"),
            );
        }
        let single = input.rank() == 2;
        let sequence = match (single, batch_first) {
            (true, _) => input.unsqueeze(1),
            (false, true) => input.transpose(0, 1),
            (false, false) => input.clone(),
        };
        if sequence.dim(0) == 0 {
            check::fail(
                R::NAME,
                format_args!("no steps in shape {}", input.shape()),
                "give one step or more",
            );
        }
        let mut shape = vec![self.weights.len(), sequence.dim(1), self.weights[0].hidden_size()];
        if single {
            shape.remove(1);
        }
        let mut state: R::State = initial(R::NAME, state, &shape, input);
        if single {
            state = state.map(|part| part.unsqueeze(1));
        }
        let (output, state) = self.layers(sequence, &state);
        match (single, batch_first) {
            (true, _) => (output.squeeze_dim(1), state.map(|part| part.squeeze_dim(1))),
            (false, true) => (output.transpose(0, 1), state),
            (false, false) => (output, state),
        }
    }

    /// All layers over `[T, B, I]`, from a state of all of them to another.
    #[track_caller]
    fn layers(&self, mut sequence: Tensor, state: &R::State) -> (Tensor, R::State) {
        let mut last = Vec::new();
        for (layer, weights) in self.weights.chunks(self.directions()).enumerate() {
            if layer > 0 {
                sequence = sequence.dropout(self.options.dropout, self.is_training());
            }
            let mut outputs = Vec::new();
            for (direction, weights) in weights.iter().enumerate() {
                let start = state.map(|part| part.select(0, last.len() as isize));
                let (output, end) = self.direction(weights, &sequence, start, direction == 1);
                outputs.push(output);
                last.push(end);
            }
            sequence = if outputs.len() == 1 { outputs.remove(0) } else { cat(&outputs, -1) };
        }
        let part = |i: usize| {
            let all: Vec<Tensor> = last.iter().map(|state| state.parts()[i].clone()).collect();
            stack(&all, 0)
        };
        (sequence, R::State::from_parts((0..R::State::PARTS).map(part).collect()))
    }

    /// One layer in one direction: `[T, B, I] → [T, B, H]`.
    #[track_caller]
    fn direction(
        &self,
        weights: &RecurrentWeights,
        sequence: &Tensor,
        mut state: R::State,
        backwards: bool,
    ) -> (Tensor, R::State) {
        let mut steps = weights.project(sequence).unbind(0);
        if backwards {
            steps.reverse();
        }
        let mut outputs = Vec::with_capacity(steps.len());
        for step in &steps {
            state = weights.step(&self.kind, step, &state);
            outputs.push(state.hidden().clone());
        }
        if backwards {
            outputs.reverse();
        }
        (stack(&outputs, 0), state)
    }
}

impl RNN {
    /// What limits the state; tanh to begin with.
    #[must_use]
    pub fn nonlinearity(mut self, nonlinearity: RnnNonlinearity) -> Self {
        self.kind.nonlinearity = nonlinearity;
        self
    }
}

impl<R: Recurrence> Module for Recurrent<R> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        self.run(input, None).0
    }
    fn name(&self) -> String {
        R::NAME.into()
    }
    fn extra_repr(&self) -> String {
        let o = &self.options;
        let mut text = format!("{}, {}", self.weights[0].input_size(), self.weights[0].hidden_size());
        if o.num_layers != 1 {
            text += &format!(", num_layers={}", o.num_layers);
        }
        if !o.bias {
            text += &format!(", bias={}", python(false));
        }
        if o.batch_first {
            text += &format!(", batch_first={}", python(true));
        }
        if o.dropout != 0.0 {
            text += &format!(", dropout={}", number(o.dropout));
        }
        if o.bidirectional {
            text += &format!(", bidirectional={}", python(true));
        }
        text
    }
    fn tensors(&self) -> Vec<(&str, &Tensor, Role)> {
        let all = self.weights.iter().zip(&self.names);
        all.flat_map(|(weights, names)| weights.named(names.iter().map(String::as_str))).collect()
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        self.weights.iter_mut().flat_map(RecurrentWeights::all_mut).collect()
    }
    fn set_training(&self, training: bool) {
        self.training.set(training);
    }
    fn is_training(&self) -> bool {
        self.training.get()
    }
}

impl<R: Recurrence> fmt::Display for Recurrent<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}
