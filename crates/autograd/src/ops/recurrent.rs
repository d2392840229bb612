//! The step of long short-term memory as one operation, as PyTorch's `_thnn_fused_lstm_cell`.

use crate::graph::{Keep, record_many};
use crate::mode::is_grad_enabled;
use crate::ops::joining::cat;
use crate::tensor::Tensor;
use tensor_core::check;
use tensor_core::recurrent::lstm_step_grad;

impl Tensor {
    /// `c' = σ(f)·c + σ(i)·tanh(g)` and `h' = σ(o)·tanh(c')` of the sum of two projections `[B, 4·H]`, the input's
    /// (self) and the hidden state's, of which i, f, g and o are a quarter each, and of `c` `[B, H]`. Gives `(h', c')`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let device = &backend_cpu::device();
    /// let (x, c) = (Tensor::zeros([1, 8], device), Tensor::ones([1, 2], device));
    /// let (h, next) = x.lstm_step(&x, &c);
    /// assert_eq!(next.to_vec::<f32>(), [0.5, 0.5]);
    /// assert_eq!(h.to_vec::<f32>(), [0.5 * 0.5f32.tanh(); 2]);
    /// ```
    ///
    /// # Panics
    /// When shapes or types do not fit each other.
    #[track_caller]
    pub fn lstm_step(&self, hidden: &Tensor, c: &Tensor) -> (Tensor, Tensor) {
        let fits = c.rank() == 2 && *self.shape() == [c.dim(0), 4 * c.dim(1)];
        let is_one_type = self.dtype() == hidden.dtype() && self.dtype() == c.dtype();
        if !fits || self.shape() != hidden.shape() || !is_one_type {
            let say = |t: &Tensor| format!("{} of {}", t.shape(), t.dtype());
            check::fail(
                "lstm_step",
                format_args!("projections {} and {}, state {}", say(self), say(hidden), say(c)),
                "the projections are [B, 4·H], the state [B, H], all of one type",
            );
        }
        check::float("lstm_step", c.dtype());
        self.raw().same_device("lstm_step", hidden.raw());
        self.raw().same_device("lstm_step", c.raw());
        let next = self.raw().lstm_step(hidden.raw(), c.raw());
        let state = record_many(
            "LstmStepBackward0",
            &[self, hidden, c],
            Keep::BOTH.and(Keep::THIRD),
            next,
            |ctx, grad| {
                let [input, hidden, c] = [0, 1, 2].map(|i| ctx.input(i));
                let [gates, to_c] = if is_grad_enabled() {
                    let (width, part) = (c.dim(1), |i: isize| grad.select(0, i));
                    let all = hidden + input;
                    let gates = std::array::from_fn(|gate| all.narrow(1, gate * width, width));
                    let (gates, to_c) = lstm_step_grad(&gates, &c, &[part(0), part(1)]);
                    [cat(&gates, 1), to_c]
                } else {
                    input.raw().lstm_step_grad(hidden.raw(), c.raw(), grad.raw()).map(Tensor::from_raw)
                };
                vec![
                    ctx.needs(0).then(|| gates.clone()),
                    ctx.needs(1).then(|| gates.clone()),
                    ctx.needs(2).then_some(to_c),
                ]
            },
        );
        let mut parts = state.unbind(0).into_iter();
        let mut part = || parts.next().expect("two parts");
        (part(), part())
    }
}
