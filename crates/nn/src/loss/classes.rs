//! Losses of classes: cross-entropy and the negative log-likelihood.

use super::{Reduction, reduced};
use autograd::{Tensor, class_rows};
use tensor_core::{Category, DType, check};

/// The choices of [`cross_entropy`] and [`nll_loss`]; also `nn::CrossEntropyLoss`.
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

/// −ln softmax(x)\[target\] of scores `[N, C]` and classes `[N]`; also of `[C]` and `[]`, of
/// `[N, C, d1, …]` and `[N, d1, …]`, or of probabilities in the scores' own shape.
///
/// ```
/// use autograd::Tensor;
/// use nn::loss::{CrossEntropy, cross_entropy};
/// let cpu = backend_cpu::device();
/// let scores = Tensor::new(&[[2.0f32, 0.0], [0.0, 0.0]], &cpu);
/// let target = Tensor::new(&[-100, 1], &cpu); // the first does not count
/// let loss = cross_entropy(&scores, &target, &CrossEntropy::default());
/// assert!((loss.item::<f32>() - 2f32.ln()).abs() < 1e-6);
/// ```
///
/// # Panics
/// When shapes do not fit, or a target is not one of the C classes.
#[track_caller]
pub fn cross_entropy(scores: &Tensor, target: &Tensor, options: &CrossEntropy) -> Tensor {
    let op = "cross_entropy";
    check::float(op, scores.dtype());
    if scores.shape() == target.shape() && target.dtype().category() == Category::Float {
        return of_probabilities(op, scores, target, options);
    }
    let (rows, classes) = class_rows(op, scores, target);
    // The fused operation knows no ignored targets. Where indices are checked anyway a look is cheap;
    // elsewhere it would wait for the device.
    let plain = options.weight.is_none()
        && options.label_smoothing == 0.0
        && options.reduction == Reduction::Mean
        && classes.device().checks_indices()
        && !may_hold(op, &classes, options.ignore_index);
    if plain {
        return rows.cross_entropy(&classes);
    }
    of_classes(op, &rows.log_softmax(1), &classes, target, options)
}

/// Whether a class may be among the targets: a glance at their range, which the usual −100 is not within.
#[track_caller]
fn may_hold(op: &str, classes: &Tensor, class: i64) -> bool {
    classes.raw().index_range(op).is_some_and(|(low, high)| (low..=high).contains(&class))
}

/// −x\[target\] of log-probabilities and classes, in the shapes of [`cross_entropy`].
///
/// # Panics
/// When shapes do not fit, or a target is not one of the C classes.
#[track_caller]
pub fn nll_loss(log_p: &Tensor, target: &Tensor, options: &CrossEntropy) -> Tensor {
    let op = "nll_loss";
    check::float(op, log_p.dtype());
    let (rows, classes) = class_rows(op, log_p, target);
    of_classes(op, &rows, &classes, target, &CrossEntropy { label_smoothing: 0.0, ..options.clone() })
}

/// The weights of the classes in the scores' type.
#[track_caller]
fn class_weights(op: &str, classes: usize, log_p: &Tensor, options: &CrossEntropy) -> Option<Tensor> {
    let weight = options.weight.as_ref()?;
    if weight.shape().dims() != [classes] {
        check::fail(
            op,
            format_args!("weights of shape {} for {classes} classes", weight.shape()),
            format_args!("give one weight per class, [{classes}]"),
        );
    }
    Some(weight.to_dtype(log_p.dtype()))
}

#[track_caller]
fn of_classes(op: &str, log_p: &Tensor, target: &Tensor, like: &Tensor, options: &CrossEntropy) -> Tensor {
    let (classes, dtype) = (log_p.dim(1), log_p.dtype());
    let ignored = target.eq(options.ignore_index);
    let counts = ignored.logical_not().to_dtype(dtype);
    // Ignored targets look up class 0, and count for nothing.
    let safe = target.masked_fill(&ignored, 0);
    if target.device().checks_indices() {
        let wrong = safe.lt(0).logical_or(&safe.ge(classes as i64));
        if wrong.any().item::<bool>() {
            let odd = safe.masked_select(&wrong).to_vec::<i64>()[0];
            check::fail(
                op,
                format_args!("target {odd} is not one of {classes} classes"),
                format_args!("targets run from 0 to {}, or are {}", classes as i64 - 1, options.ignore_index),
            );
        }
    }
    let of_class = class_weights(op, classes, log_p, options);
    let weight = match &of_class {
        Some(w) => w.index_select(0, &safe) * &counts,
        None => counts.clone(),
    };
    let picked = log_p.gather(1, &safe.unsqueeze(1)).squeeze_dim(1);
    // Where nothing counts, not even an infinite loss does.
    let mut losses = ignored.where_(0.0, -(picked * &weight));
    let eps = options.label_smoothing;
    if eps > 0.0 {
        let all = match &of_class {
            Some(w) => log_p * w,
            None => log_p.clone(),
        };
        let smooth = ignored.where_(0.0, -all.sum_dim(1, false)) / classes as f64;
        losses = losses * (1.0 - eps) + smooth * eps;
    }
    match options.reduction {
        Reduction::Mean => losses.sum() / weight.sum(),
        Reduction::None => losses.reshape(like.shape()),
        other => reduced(losses, other),
    }
}

/// −Σ p·ln softmax(x) over the classes.
#[track_caller]
fn of_probabilities(op: &str, scores: &Tensor, target: &Tensor, options: &CrossEntropy) -> Tensor {
    if scores.rank() == 0 {
        check::fail(op, "scores without a dimension of classes", "give [C], [N, C] or [N, C, d1, …]");
    }
    let axis = isize::from(scores.rank() > 1);
    let classes = scores.dim(axis);
    let eps = options.label_smoothing;
    let target = if eps > 0.0 { target * (1.0 - eps) + eps / classes as f64 } else { target.clone() };
    let mut log_p = scores.log_softmax(axis);
    if let Some(w) = class_weights(op, classes, &log_p, options) {
        let mut sizes = vec![1; scores.rank()];
        sizes[axis as usize] = classes;
        log_p = log_p * w.reshape(sizes);
    }
    let losses = -(log_p * target).sum_dim(axis, false);
    reduced(losses, options.reduction)
}

/// The share of rows whose largest score is the target: `[N, C], [N] → []`.
#[track_caller]
pub fn accuracy(scores: &Tensor, target: &Tensor) -> Tensor {
    scores.argmax_dim(1, false).eq(target).to_dtype(DType::F32).mean()
}
