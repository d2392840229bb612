//! Recurrent layers (Elman 1990; Hochreiter & Schmidhuber 1997; Cho et al. 2014).
//!
//! A kind of recurrence is its [`Recurrence::step`]: the next state of two projections. What surrounds it
//! is written once, for cells and for stacks of layers: the weights and their draws, both directions,
//! dropout between layers, shapes, names, printing. The input's projection has no recurrence in it, so a
//! layer computes it for all steps in one product.

mod cell;
mod gru;
mod layer;
mod lstm;
mod rnn;

pub use cell::{GRUCell, LSTMCell, RNNCell, RecurrentCell};
pub use gru::GatedRecurrence;
pub use layer::{GRU, LSTM, RNN, Recurrent, RecurrentOptions};
pub use lstm::LongShortTerm;
pub use rnn::{ElmanRecurrence, RnnNonlinearity};

use crate::init;
use crate::module::Role;
use autograd::Tensor;
use std::fmt::Debug;
use tensor_core::{Device, check};

/// A kind of recurrence: what happens in one step.
pub trait Recurrence: Clone + Debug + Default + Send + Sync {
    /// What a step hands to the next one.
    type State: RecurrentState;
    /// The name of a layer of it.
    const NAME: &'static str;
    /// Rows of the weights for each hidden unit.
    const GATES: usize;

    /// The next state, of the input's projection `x·W_ihᵀ + b_ih` and the hidden state's `h·W_hhᵀ + b_hh`,
    /// both `[B, GATES·H]`, and the state itself, each part `[B, H]`.
    fn step(&self, input: &Tensor, hidden: &Tensor, state: &Self::State) -> Self::State;

    /// What a cell prints beyond its sizes.
    fn extra_repr(&self) -> String {
        String::new()
    }
}

/// A state of one or several parts of one shape, the hidden state first.
pub trait RecurrentState: Clone + Debug {
    /// Number of parts.
    const PARTS: usize;
    /// The parts.
    fn parts(&self) -> Vec<&Tensor>;
    /// A state of [`RecurrentState::PARTS`] parts.
    fn from_parts(parts: Vec<Tensor>) -> Self;

    /// The part that is the output too.
    fn hidden(&self) -> &Tensor {
        self.parts()[0]
    }

    /// The state of what `f` makes of each part.
    #[must_use]
    fn map(&self, f: impl Fn(&Tensor) -> Tensor) -> Self {
        Self::from_parts(self.parts().into_iter().map(f).collect())
    }
}

impl RecurrentState for Tensor {
    const PARTS: usize = 1;
    fn parts(&self) -> Vec<&Tensor> {
        vec![self]
    }
    fn from_parts(mut parts: Vec<Tensor>) -> Self {
        parts.swap_remove(0)
    }
}

impl RecurrentState for (Tensor, Tensor) {
    const PARTS: usize = 2;
    fn parts(&self) -> Vec<&Tensor> {
        vec![&self.0, &self.1]
    }
    fn from_parts(mut parts: Vec<Tensor>) -> Self {
        let second = parts.swap_remove(1);
        (parts.swap_remove(0), second)
    }
}

/// The weights of one direction of one layer, or of a cell; all start uniform in ±1/√H.
#[derive(Clone, Debug)]
pub struct RecurrentWeights {
    /// `[GATES·H, I]`
    pub weight_ih: Tensor,
    /// `[GATES·H, H]`
    pub weight_hh: Tensor,
    /// `[GATES·H]`
    pub bias_ih: Option<Tensor>,
    /// `[GATES·H]`
    pub bias_hh: Option<Tensor>,
}

/// The names of a cell's weights; a layer's end in `_l0`, `_l0_reverse` and so on.
const NAMES: [&str; 4] = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];

impl RecurrentWeights {
    /// Draws the weights, in the order of the fields.
    #[track_caller]
    fn new<R: Recurrence>(input_size: usize, hidden_size: usize, bias: bool, device: &Device) -> Self {
        if input_size == 0 || hidden_size == 0 {
            check::fail(
                R::NAME,
                format_args!("an input size of {input_size}, a hidden size of {hidden_size}"),
                "both must be greater than 0",
            );
        }
        let (rows, bound) = (R::GATES * hidden_size, 1.0 / (hidden_size as f64).sqrt());
        let draw = |t: Tensor| {
            init::uniform_(&t, -bound, bound);
            t.into_parameter()
        };
        RecurrentWeights {
            weight_ih: draw(Tensor::zeros([rows, input_size], device)),
            weight_hh: draw(Tensor::zeros([rows, hidden_size], device)),
            bias_ih: bias.then(|| draw(Tensor::zeros(rows, device))),
            bias_hh: bias.then(|| draw(Tensor::zeros(rows, device))),
        }
    }

    fn input_size(&self) -> usize {
        self.weight_ih.dim(1)
    }

    fn hidden_size(&self) -> usize {
        self.weight_hh.dim(1)
    }

    /// The input's projection, of one step or of all.
    #[track_caller]
    fn project(&self, input: &Tensor) -> Tensor {
        input.linear(&self.weight_ih, self.bias_ih.as_ref())
    }

    /// The state after an input, given its projection.
    #[track_caller]
    fn step<R: Recurrence>(&self, kind: &R, projected: &Tensor, state: &R::State) -> R::State {
        let hidden = state.hidden().linear(&self.weight_hh, self.bias_hh.as_ref());
        kind.step(projected, &hidden, state)
    }

    fn all(&self) -> impl Iterator<Item = &Tensor> {
        [&self.weight_ih, &self.weight_hh].into_iter().chain(&self.bias_ih).chain(&self.bias_hh)
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut Tensor> {
        [&mut self.weight_ih, &mut self.weight_hh]
            .into_iter()
            .chain(&mut self.bias_ih)
            .chain(&mut self.bias_hh)
    }

    /// Its tensors with their names.
    fn named<'a>(&'a self, names: impl Iterator<Item = &'a str>) -> Vec<(&'a str, &'a Tensor, Role)> {
        names.zip(self.all()).map(|(name, t)| (name, t, Role::Parameter)).collect()
    }
}

/// Zeros, or the state given, which must have this shape.
#[track_caller]
fn initial<S: RecurrentState>(name: &str, given: Option<&S>, shape: &[usize], like: &Tensor) -> S {
    let Some(state) = given else {
        let zeros = Tensor::zeros(shape, (like.dtype(), like.device()));
        return S::from_parts(vec![zeros; S::PARTS]);
    };
    for part in state.parts() {
        if part.shape().dims() != shape {
            check::fail(
                name,
                format_args!(
                    "an initial state of shape {} for an input of shape {}",
                    part.shape(),
                    like.shape()
                ),
                format_args!("it must be {shape:?}"),
            );
        }
    }
    state.clone()
}
