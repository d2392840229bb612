//! The plain recurrence (Elman 1990).

use super::Recurrence;
use autograd::Tensor;

/// `h' = tanh(x·W_ihᵀ + b_ih + h·W_hhᵀ + b_hh)`, or with ReLU.
#[derive(Clone, Copy, Debug, Default)]
pub struct ElmanRecurrence {
    pub(super) nonlinearity: RnnNonlinearity,
}

/// What limits the state of an [`RNN`](super::RNN).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RnnNonlinearity {
    /// The hyperbolic tangent.
    #[default]
    Tanh,
    /// max(x, 0)
    ReLU,
}

impl Recurrence for ElmanRecurrence {
    type State = Tensor;
    const NAME: &'static str = "RNN";
    const GATES: usize = 1;

    #[track_caller]
    fn step(&self, input: &Tensor, hidden: &Tensor, _: &Tensor) -> Tensor {
        let sum = hidden + input;
        match self.nonlinearity {
            RnnNonlinearity::Tanh => sum.tanh(),
            RnnNonlinearity::ReLU => sum.relu(),
        }
    }

    fn extra_repr(&self) -> String {
        match self.nonlinearity {
            RnnNonlinearity::Tanh => String::new(),
            RnnNonlinearity::ReLU => ", nonlinearity=relu".into(),
        }
    }
}
