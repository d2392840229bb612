//! Losses, as functions: PyTorch's `torch.nn.functional`.

use autograd::Tensor;
use tensor_core::{DType, check};

/// What becomes of the losses of single elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// Their mean.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// Nothing: one loss per element.
    None,
}

#[track_caller]
fn reduced(losses: Tensor, reduction: Reduction) -> Tensor {
    match reduction {
        Reduction::Mean => losses.mean(),
        Reduction::Sum => losses.sum(),
        Reduction::None => losses,
    }
}

/// The choices of [`cross_entropy`] and [`nll_loss`].
#[derive(Clone, Debug)]
pub struct CrossEntropy {
    /// A weight per class, `[C]`.
    pub weight: Option<Tensor>,
    /// Targets that do not count.
    pub ignore_index: i64,
    /// ε: the target's share of certainty that is spread over all classes.
    pub label_smoothing: f64,
    /// Mean, sum or none; the mean is over the weights that count.
    pub reduction: Reduction,
}

impl Default for CrossEntropy {
    fn default() -> Self {
        CrossEntropy { weight: None, ignore_index: -100, label_smoothing: 0.0, reduction: Reduction::Mean }
    }
}

/// −ln softmax(x)[target] of scores `[N, C]` and classes `[N]`, with every choice of PyTorch's; plain
/// means are faster by `Tensor::cross_entropy`.
#[track_caller]
pub fn cross_entropy(scores: &Tensor, target: &Tensor, options: &CrossEntropy) -> Tensor {
    weighted("cross_entropy", &scores.log_softmax(1), target, options)
}

/// −x[target] of log-probabilities `[N, C]` and classes `[N]`.
#[track_caller]
pub fn nll_loss(log_p: &Tensor, target: &Tensor, options: &CrossEntropy) -> Tensor {
    weighted("nll_loss", log_p, target, &CrossEntropy { label_smoothing: 0.0, ..options.clone() })
}

#[track_caller]
fn weighted(op: &str, log_p: &Tensor, target: &Tensor, options: &CrossEntropy) -> Tensor {
    if log_p.rank() != 2 || target.rank() != 1 || log_p.dim(0) != target.dim(0) {
        check::fail(
            op,
            format!("scores of shape {} and targets of shape {}", log_p.shape(), target.shape()),
            "scores are [N, C], targets are class indices [N]",
        );
    }
    check::index_type(op, target.dtype());
    let (classes, dtype) = (log_p.dim(1), log_p.dtype());
    let counts = target.ne(options.ignore_index).to_dtype(dtype);
    // Ignored targets look up class 0, and count for nothing.
    let safe = target.masked_fill(&target.eq(options.ignore_index), 0);
    let of_class = options.weight.as_ref().map(|w| w.to_dtype(dtype));
    let weight = match &of_class {
        Some(w) => w.index_select(0, &safe) * &counts,
        None => counts.clone(),
    };
    let picked = log_p.gather(1, &safe.unsqueeze(1)).squeeze_dim(1);
    let mut losses = -(picked * &weight);
    let eps = options.label_smoothing;
    if eps > 0.0 {
        let all = match &of_class {
            Some(w) => log_p * w,
            None => log_p.clone(),
        };
        let smooth = -(all.sum_dim(1, false) * &counts) / classes as f64;
        losses = losses * (1.0 - eps) + smooth * eps;
    }
    match options.reduction {
        Reduction::Mean => losses.sum() / weight.sum(),
        other => reduced(losses, other),
    }
}

/// (x − y)²
#[track_caller]
pub fn mse_loss(x: &Tensor, y: &Tensor, reduction: Reduction) -> Tensor {
    reduced((x - y).square(), reduction)
}

/// |x − y|
#[track_caller]
pub fn l1_loss(x: &Tensor, y: &Tensor, reduction: Reduction) -> Tensor {
    reduced((x - y).abs(), reduction)
}

/// ½d²/β where d = |x − y| < β, else d − ½β (Girshick 2015).
#[track_caller]
pub fn smooth_l1_loss(x: &Tensor, y: &Tensor, beta: f64, reduction: Reduction) -> Tensor {
    if beta == 0.0 {
        return l1_loss(x, y, reduction);
    }
    reduced(huber(x, y, beta) / beta, reduction)
}

/// ½d² where d = |x − y| ≤ δ, else δ·(d − ½δ) (Huber 1964).
#[track_caller]
pub fn huber_loss(x: &Tensor, y: &Tensor, delta: f64, reduction: Reduction) -> Tensor {
    reduced(huber(x, y, delta), reduction)
}

#[track_caller]
fn huber(x: &Tensor, y: &Tensor, delta: f64) -> Tensor {
    let d = (x - y).abs();
    d.lt(delta).where_(d.square() * 0.5, (&d - 0.5 * delta) * delta)
}

/// −(y·ln x + (1 − y)·ln(1 − x)) of probabilities, logarithms not below −100.
#[track_caller]
pub fn binary_cross_entropy(x: &Tensor, y: &Tensor, reduction: Reduction) -> Tensor {
    let ln = |t: Tensor| t.log().maximum(-100.0);
    reduced(-(y * ln(x.clone()) + (1.0 - y) * ln(1.0 - x)), reduction)
}

/// Binary cross-entropy of σ(x), accurate for every x; `pos_weight` scales the positive class.
#[track_caller]
pub fn binary_cross_entropy_with_logits(
    x: &Tensor,
    y: &Tensor,
    pos_weight: Option<&Tensor>,
    reduction: Reduction,
) -> Tensor {
    // −ln σ(x) = softplus(−x), computed as max(−x, 0) + ln(1 + e^−|x|).
    let minus_log = x.abs().neg().exp().log1p() + (-x).relu();
    let losses = match pos_weight {
        Some(p) => (1.0 - y) * x + ((p - 1.0) * y + 1.0) * minus_log,
        None => (1.0 - y) * x + minus_log,
    };
    reduced(losses, reduction)
}

/// y·(ln y − x) of log-probabilities x and probabilities y; 0 where y = 0. The mean is over elements,
/// as PyTorch's `reduction='mean'`.
#[track_caller]
pub fn kl_div(x: &Tensor, y: &Tensor, reduction: Reduction) -> Tensor {
    let safe = y.gt(0.0).where_(y, 1.0);
    reduced(y.gt(0.0).where_(y * safe.log(), 0.0) - y * x, reduction)
}

/// The share of rows whose largest score is the target: `[N, C], [N] → []`.
#[track_caller]
pub fn accuracy(scores: &Tensor, target: &Tensor) -> Tensor {
    scores.argmax_dim(1, false).eq(target).to_dtype(DType::F32).mean()
}
