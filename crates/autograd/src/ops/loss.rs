//! Losses of pairs of elements. Their slopes are [`tensor_core::loss`]'s.

use crate::graph::{Keep, record};
use crate::mode::is_grad_enabled;
use crate::tensor::Tensor;
use tensor_core::loss::{loss_grad, target_grad};
use tensor_core::{LossOp, check};

impl Tensor {
    /// The loss of each element held against its target, in one pass, as is its gradient; the functions of the nn
    /// crate give names and reductions. Types are promoted.
    ///
    /// ```
    /// use autograd::Tensor;
    /// use tensor_core::LossOp;
    /// let device = &backend_cpu::device();
    /// let (x, y) = (Tensor::new(&[1.0f32, 4.0], device), Tensor::new(&[0.5f32, 1.0], device));
    /// assert_eq!(x.loss(&y, LossOp::SmoothAbsolute(1.0)).to_vec::<f32>(), [0.125, 2.5]);
    /// ```
    ///
    /// # Panics
    /// When the shapes differ, and when there is no float among the types.
    #[track_caller]
    pub fn loss(&self, target: &Tensor, op: LossOp) -> Tensor {
        let name = op.name();
        if self.shape() != target.shape() {
            check::fail(
                name,
                format_args!("input of shape {} and target of shape {}", self.shape(), target.shape()),
                "input and target have one number for each other's",
            );
        }
        let dtype = self.dtype().promote(target.dtype());
        check::float(name, dtype);
        let (x, y) = (self.to_dtype(dtype), target.to_dtype(dtype));
        let node = match op {
            LossOp::Squared => "MseLossBackward0",
            LossOp::Absolute => "L1LossBackward0",
            LossOp::SmoothAbsolute(_) => "SmoothL1LossBackward0",
            LossOp::Huber(_) => "HuberLossBackward0",
            LossOp::Logits => "BinaryCrossEntropyWithLogitsBackward0",
            LossOp::Divergence | LossOp::LogDivergence => "KlDivBackward0",
        };
        record(node, [&x, &y], Keep::BOTH, x.raw().loss(op, y.raw()), move |ctx, g| {
            let (x, y) = (ctx.input(0), ctx.input(1));
            let to_x = || {
                if is_grad_enabled() {
                    loss_grad(op, &x, &y, g)
                } else {
                    Tensor::from_raw(x.raw().loss_grad(op, y.raw(), g.raw()))
                }
            };
            let is_difference = matches!(
                op,
                LossOp::Squared | LossOp::Absolute | LossOp::SmoothAbsolute(_) | LossOp::Huber(_)
            );
            let dx = (ctx.needs(0) || is_difference).then(to_x);
            let dy = ctx.needs(1).then(|| match &dx {
                Some(dx) if is_difference => dx.neg(),
                _ => target_grad(op, &x, &y, g),
            });
            [dx.filter(|_| ctx.needs(0)), dy]
        })
    }
}
