//! Losses of probabilities: binary cross-entropy and the Kullback–Leibler divergence.

use super::{Reduction, reduced, same_shape};
use autograd::Tensor;
use tensor_core::{LossOp, check};

/// What the gradient of [`binary_cross_entropy`] divides by at least.
const LEAST: f64 = 1e-12;

fn weighted(losses: Tensor, weight: Option<&Tensor>) -> Tensor {
    match weight {
        Some(weight) => losses * weight,
        None => losses,
    }
}

/// ln x, not below −100. At 0 it is flat: its gradient is 0 and not NaN.
fn log(x: &Tensor) -> Tensor {
    let positive = x.gt(0.0);
    positive.where_(positive.where_(x, 1.0).log().maximum(-100.0), -100.0)
}

/// −(y·ln x + (1 − y)·ln(1 − x)) of probabilities, logarithms not below −100; `weight` broadcasts. The gradient
/// (x − y)/(x·(1 − x)) divides by 1e-12 at least, as PyTorch's.
///
/// # Panics
/// When the shapes differ, or an input is not a probability.
#[track_caller]
pub fn binary_cross_entropy(x: &Tensor, y: &Tensor, weight: Option<&Tensor>, reduction: Reduction) -> Tensor {
    let op = "binary_cross_entropy";
    same_shape(op, x, y);
    if x.device().checks_indices() && x.lt(0.0).logical_or(&x.gt(1.0)).any().item::<bool>() {
        check::fail(
            op,
            "an input is not between 0 and 1",
            "scores need .sigmoid() first, or better binary_cross_entropy_with_logits",
        );
    }
    let product = x.detach() * (1.0 - x.detach());
    let edge = product.lt(LEAST);
    let inner = edge.where_(x.detach(), x);
    // At the edges the logarithms have no use for a gradient: there it is stated, by a term that is 0.
    let slope = (x.detach() - y.detach()) / product.clamp_min(LEAST);
    let stated = edge.where_((x - x.detach()) * slope, 0.0);
    let losses = stated - (y * log(&inner) + (1.0 - y) * log(&(1.0 - &inner)));
    reduced(weighted(losses, weight), reduction)
}

/// Binary cross-entropy of σ(x), accurate for every x; `weight` scales elements and `pos_weight` the
/// positive class, both broadcast.
///
/// # Panics
/// When the shapes of `x` and `y` differ.
#[track_caller]
pub fn binary_cross_entropy_with_logits(
    x: &Tensor,
    y: &Tensor,
    weight: Option<&Tensor>,
    pos_weight: Option<&Tensor>,
    reduction: Reduction,
) -> Tensor {
    same_shape("binary_cross_entropy_with_logits", x, y);
    let losses = match pos_weight {
        Some(p) => {
            // By the whole of ln σ(x): of |x| and max(−x, 0), which it is made of, slopes at 0 do not add up to its own.
            (1.0 - y) * x - ((p - 1.0) * y + 1.0) * x.logsigmoid()
        }
        None => x.loss(y, LossOp::Logits),
    };
    reduced(weighted(losses, weight), reduction)
}

/// y·(ln y − x) of log-probabilities x and probabilities y (or their logarithms, for `log_target`); 0
/// where y = 0. The mean is over elements, as PyTorch's `reduction='mean'`; [`Reduction::BatchMean`] is
/// the divergence itself.
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn kl_div(x: &Tensor, y: &Tensor, reduction: Reduction, log_target: bool) -> Tensor {
    same_shape("kl_div", x, y);
    let op = if log_target { LossOp::LogDivergence } else { LossOp::Divergence };
    reduced(x.loss(y, op), reduction)
}
