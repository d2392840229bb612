//! Long short-term memory (Hochreiter & Schmidhuber 1997), with a forget gate (Gers et al. 2000).

use super::Recurrence;
use autograd::Tensor;

/// Rows i, f, g, o of the weights: `c' = σ(f)·c + σ(i)·tanh(g)`, `h' = σ(o)·tanh(c')`.
#[derive(Clone, Copy, Debug, Default)]
pub struct LongShortTerm;

impl Recurrence for LongShortTerm {
    type State = (Tensor, Tensor);
    const NAME: &'static str = "LSTM";
    const GATES: usize = 4;

    #[track_caller]
    fn step(&self, input: &Tensor, hidden: &Tensor, (_, c): &(Tensor, Tensor)) -> (Tensor, Tensor) {
        input.lstm_step(hidden, c)
    }
}
