//! Gated recurrent units (Cho et al. 2014).

use super::Recurrence;
use autograd::Tensor;

/// Rows r, z, n of the weights: `n = tanh(x_n + σ(r)·h_n)`, `h' = (1 − σ(z))·n + σ(z)·h`. The reset gate
/// scales the projection of h, not h itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct GatedRecurrence;

impl Recurrence for GatedRecurrence {
    type State = Tensor;
    const NAME: &'static str = "GRU";
    const GATES: usize = 3;

    #[track_caller]
    fn step(&self, input: &Tensor, hidden: &Tensor, h: &Tensor) -> Tensor {
        let (x, y) = (input.chunk(3, -1), hidden.chunk(3, -1));
        let [r, z] = [0, 1].map(|gate| (&y[gate] + &x[gate]).sigmoid());
        let n = (&x[2] + &y[2] * r).tanh();
        (h - &n) * z + n // as (1 − z)·n + z·h, rounded as PyTorch does
    }
}
