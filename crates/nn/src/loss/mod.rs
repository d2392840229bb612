//! Losses: PyTorch's `torch.nn.functional`, and the same as `nn.…Loss` objects.

mod classes;
mod ctc;
mod distance;
mod likelihood;
mod margin;
mod modules;
mod probability;

pub use classes::{CrossEntropy, accuracy, cross_entropy, nll_loss};
pub use ctc::{CTCLoss, ctc_loss};
pub use distance::{huber_loss, l1_loss, mse_loss, smooth_l1_loss};
pub use likelihood::{PoissonNll, gaussian_nll_loss, poisson_nll_loss};
pub use margin::{
    TripletMargin, cosine_embedding_loss, hinge_embedding_loss, margin_ranking_loss, multi_margin_loss,
    multilabel_margin_loss, multilabel_soft_margin_loss, soft_margin_loss, triplet_margin_loss,
    triplet_margin_with_distance_loss,
};
pub use modules::{
    BCELoss, BCEWithLogitsLoss, CosineEmbeddingLoss, CrossEntropyLoss, GaussianNLLLoss, HingeEmbeddingLoss,
    HuberLoss, KLDivLoss, L1Loss, MSELoss, MarginRankingLoss, MultiLabelMarginLoss, MultiLabelSoftMarginLoss,
    MultiMarginLoss, NLLLoss, PoissonNLLLoss, SmoothL1Loss, SoftMarginLoss, TripletMarginLoss,
    TripletMarginWithDistanceLoss,
};
pub use probability::{binary_cross_entropy, binary_cross_entropy_with_logits, kl_div};

use autograd::Tensor;
use tensor_core::check;

/// What becomes of the losses of single elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// Their mean.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// Their sum divided by the size of the first dimension: [`kl_div`]'s `batchmean`.
    BatchMean,
    /// Nothing: one loss per element.
    None,
}

#[track_caller]
fn reduced(losses: Tensor, reduction: Reduction) -> Tensor {
    match reduction {
        Reduction::Mean => losses.mean(),
        Reduction::Sum => losses.sum(),
        Reduction::BatchMean => losses.sum() / losses.shape().first().copied().unwrap_or(1) as f64,
        Reduction::None => losses,
    }
}

/// Panics when the shapes differ: broadcasting them is hardly ever meant, and trains towards nonsense.
#[track_caller]
fn same_shape(op: &str, x: &Tensor, y: &Tensor) {
    if x.shape() == y.shape() {
        return;
    }
    let (a, b) = (x.shape(), y.shape());
    let hint = if a.rank() == b.rank() + 1 && a.last() == Some(&1) && a[..b.rank()] == b[..] {
        "the target lacks the last dimension: give it target.unsqueeze(-1), or the input .squeeze_dim(-1)"
            .into()
    } else if b.rank() == a.rank() + 1 && b.last() == Some(&1) && b[..a.rank()] == a[..] {
        "the input lacks the last dimension: give it .unsqueeze(-1), or the target .squeeze_dim(-1)".into()
    } else {
        match a.broadcast(b) {
            Some(both) => format!("they would broadcast to {both}; expand one if that is meant"),
            None => "input and target have one number for each other's".to_string(),
        }
    };
    check::fail(op, format_args!("input of shape {a} and target of shape {b}"), hint);
}
