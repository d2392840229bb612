//! Losses of order and likeness: margins between scores, angles and distances between vectors.

use super::{Reduction, reduced, same_shape};
use autograd::Tensor;
use tensor_core::{DType, check};

/// `max(0, −y·(x1 − x2) + margin)`: x1 should rank higher where y is 1, lower where it is −1. PyTorch's
/// default margin is 0.
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn margin_ranking_loss(
    x1: &Tensor,
    x2: &Tensor,
    y: &Tensor,
    margin: f64,
    reduction: Reduction,
) -> Tensor {
    same_shape("margin_ranking_loss", x1, x2);
    same_shape("margin_ranking_loss", x1, y);
    reduced((-y * (x1 - x2) + margin).clamp_min(0.0), reduction)
}

/// x where y is 1, `max(0, margin − x)` where it is −1, for distances x. PyTorch's default margin is 1.
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn hinge_embedding_loss(x: &Tensor, y: &Tensor, margin: f64, reduction: Reduction) -> Tensor {
    same_shape("hinge_embedding_loss", x, y);
    let apart = y.eq(1).where_(0.0, (margin - x).clamp_min(0.0));
    let near = y.eq(-1).where_(0.0, x);
    reduced(apart + near, reduction)
}

/// `1 − cos(x1, x2)` where y is 1, `max(0, cos(x1, x2) − margin)` where it is −1: vectors `[N, D]` and
/// signs `[N]`, or one of each. PyTorch's default margin is 0.
///
/// # Panics
/// When the shapes do not fit.
#[track_caller]
pub fn cosine_embedding_loss(
    x1: &Tensor,
    x2: &Tensor,
    y: &Tensor,
    margin: f64,
    reduction: Reduction,
) -> Tensor {
    same_shape("cosine_embedding_loss", x1, x2);
    if x1.rank() == 0 || y.rank() + 1 != x1.rank() || y.shape()[..] != x1.shape()[..y.rank()] {
        check::fail(
            "cosine_embedding_loss",
            format_args!("vectors of shape {} and signs of shape {}", x1.shape(), y.shape()),
            "give one sign, 1 or -1, for each vector",
        );
    }
    // ε stands inside the root of each squared length, as PyTorch's kernel has it.
    let eps = 1e-12;
    let dot = |a: &Tensor, b: &Tensor| (a * b).sum_dim(-1, false);
    let cos = dot(x1, x2) / ((dot(x1, x1) + eps) * (dot(x2, x2) + eps)).sqrt();
    let like = y.eq(1).where_(1f64 - &cos, 0.0);
    let unlike = y.eq(-1).where_((cos - margin).clamp_min(0.0), 0.0);
    reduced(like + unlike, reduction)
}

/// The choices of [`triplet_margin_loss`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TripletMargin {
    /// How much farther the negative should be than the positive.
    pub margin: f64,
    /// Which norm measures distances.
    pub p: f64,
    /// Added to every difference.
    pub eps: f64,
    /// Take the negative's distance from the positive when that is smaller (Balntas et al. 2016).
    pub swap: bool,
}

impl Default for TripletMargin {
    fn default() -> Self {
        TripletMargin { margin: 1.0, p: 2.0, eps: 1e-6, swap: false }
    }
}

/// `max(0, ‖anchor − positive‖ − ‖anchor − negative‖ + margin)` of vectors in the last dimension.
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn triplet_margin_loss(
    anchor: &Tensor,
    positive: &Tensor,
    negative: &Tensor,
    choices: TripletMargin,
    reduction: Reduction,
) -> Tensor {
    let TripletMargin { margin, p, eps, swap } = choices;
    let distance = |a: &Tensor, b: &Tensor| a.pairwise_distance(b, p, eps, false);
    triplet_margin_with_distance_loss(anchor, positive, negative, distance, margin, swap, reduction)
}

/// [`triplet_margin_loss`] by a distance of one's own.
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn triplet_margin_with_distance_loss(
    anchor: &Tensor,
    positive: &Tensor,
    negative: &Tensor,
    distance: impl Fn(&Tensor, &Tensor) -> Tensor,
    margin: f64,
    swap: bool,
    reduction: Reduction,
) -> Tensor {
    same_shape("triplet_margin_loss", anchor, positive);
    same_shape("triplet_margin_loss", anchor, negative);
    let near = distance(anchor, positive);
    let mut far = distance(anchor, negative);
    if swap {
        far = far.minimum(distance(positive, negative));
    }
    reduced((near - far + margin).clamp_min(0.0), reduction)
}

/// `ln(1 + e^(−y·x))` for scores x and signs y.
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn soft_margin_loss(x: &Tensor, y: &Tensor, reduction: Reduction) -> Tensor {
    same_shape("soft_margin_loss", x, y);
    reduced(-(y * x).logsigmoid(), reduction)
}

/// `Σⱼ max(0, margin − x[class] + xⱼ)ᵖ / C` over the other classes j: scores `[N, C]`, classes `[N]`;
/// a class's `weight` `[C]` multiplies its terms; or of one sample, `[C]` and one number. PyTorch's defaults are 1
/// and 1.
///
/// # Panics
/// When the shapes do not fit, or p is neither 1 nor 2.
#[track_caller]
pub fn multi_margin_loss(
    x: &Tensor,
    target: &Tensor,
    p: u32,
    margin: f64,
    weight: Option<&Tensor>,
    reduction: Reduction,
) -> Tensor {
    if x.rank() == 1 && target.numel() == 1 {
        let (x, target) = (x.unsqueeze(0), target.flatten(0, -1));
        let losses = multi_margin_loss(&x, &target, p, margin, weight, Reduction::None).squeeze_dim(0);
        return reduced(losses, reduction);
    }
    if x.rank() != 2 || target.rank() != 1 || target.dim(0) != x.dim(0) || !matches!(p, 1 | 2) {
        check::fail(
            "multi_margin_loss",
            format_args!("scores of shape {}, classes of shape {}, p = {p}", x.shape(), target.shape()),
            "scores are [N, C], classes [N], p is 1 or 2",
        );
    }
    let index = target.unsqueeze(1);
    let gap = (x - x.gather(1, &index) + margin).clamp_min(0.0);
    let mut terms = if p == 2 { gap.square() } else { gap };
    if let Some(weight) = weight {
        terms = terms * weight.index_select(0, target).unsqueeze(1);
    }
    // The class itself is not among the others.
    let others = terms.scatter_value(1, &index, 0).sum_dim(1, false);
    reduced(others / x.dim(1) as f64, reduction)
}

/// `Σₖⱼ max(0, 1 − x[k] + x[j]) / C` over the labels k of each sample and the classes j that are none of them:
/// scores `[N, C]` and labels `[N, C]`, those before the first −1 of a row; or one row of each.
///
/// # Panics
/// When the shapes differ, or a label is no class.
#[track_caller]
pub fn multilabel_margin_loss(x: &Tensor, target: &Tensor, reduction: Reduction) -> Tensor {
    let op = "multilabel_margin_loss";
    same_shape(op, x, target);
    if x.rank() == 1 {
        let losses = multilabel_margin_loss(&x.unsqueeze(0), &target.unsqueeze(0), Reduction::None);
        return reduced(losses.squeeze_dim(0), reduction);
    }
    if x.rank() != 2 {
        check::fail(op, format_args!("scores of shape {}", x.shape()), "give [N, C] or [C]");
    }
    // 1 for the labels that count: those with no negative number before them.
    let counts = target.lt(0).to_dtype(DType::I32).cumsum(1).eq(0);
    let index = counts.where_(target, 0);
    let ones = counts.to_dtype(x.dtype());
    // How often a class is named: a class that is, is not among the others.
    let others = x.zeros_like().scatter_add(1, &index, &ones).eq(0).to_dtype(x.dtype());
    let chosen = x.gather(1, &index).unsqueeze(2);
    let gaps = (1f64 - chosen + x.unsqueeze(1)).clamp_min(0.0);
    let terms = gaps * ones.unsqueeze(2) * others.unsqueeze(1);
    reduced(terms.sum_dim([1, 2], false) / x.dim(1) as f64, reduction)
}

/// [`soft_margin_loss`] of every label, averaged over the classes: scores and labels (0 or 1) `[N, C]`.
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn multilabel_soft_margin_loss(
    x: &Tensor,
    y: &Tensor,
    weight: Option<&Tensor>,
    reduction: Reduction,
) -> Tensor {
    same_shape("multilabel_soft_margin_loss", x, y);
    let mut losses = -(y * x.logsigmoid() + (1f64 - y) * (-x).logsigmoid());
    if let Some(weight) = weight {
        losses = losses * weight;
    }
    reduced(losses.mean_dim(-1, false), reduction)
}
