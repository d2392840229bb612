//! The step of long short-term memory: see [`crate::recurrent`].

use super::RawTensor;
use crate::check;
use crate::shape::Shape;

impl RawTensor {
    /// The next state, h' and c' as `[2, B, H]`, of the input's and the hidden state's projections `[B, 4·H]`, rows
    /// i, f, g, o, and `c` `[B, H]`.
    #[track_caller]
    pub fn lstm_step(&self, hidden: &RawTensor, c: &RawTensor) -> Self {
        let shape = Shape::new(&[2, c.shape()[0], c.shape()[1]]);
        let answer = self.device().lstm_step(self.view(), hidden.view(), c.view());
        self.answer("lstm_step", answer, self.dtype(), shape)
    }

    /// The gradients of either projection and of `c`, from that of the state.
    #[track_caller]
    pub fn lstm_step_grad(&self, hidden: &RawTensor, c: &RawTensor, grad: &RawTensor) -> [Self; 2] {
        let both = self.device().lstm_step_grad(self.view(), hidden.view(), c.view(), grad.view());
        let (gates, to_c) = check::done("lstm_step_grad", both);
        let wrap = |storage, like: &RawTensor| {
            RawTensor::from_storage(self.device(), storage, self.dtype(), *like.shape())
        };
        [wrap(gates, self), wrap(to_c, c)]
    }
}
