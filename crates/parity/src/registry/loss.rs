//! Losses and distances, as functions and as objects.

use super::kinds::Lengths;
use super::{Entry, forms};
use crate::modules::Loss;
use autograd::Tensor;
use nn::loss::{self, CTCLoss, CrossEntropy, PoissonNll, Reduction, TripletMargin};

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    let mut all = forms! {
        "F" cross_entropy(input: Tensor, target: Tensor, weight: Option<Tensor> = None, ignore_index: i64 = -100, reduction: Reduction = Reduction::Mean, label_smoothing: f64 = 0.0) =>
            loss::cross_entropy(&input, &target, &CrossEntropy { weight, ignore_index, label_smoothing, reduction });
        "F" nll_loss(input: Tensor, target: Tensor, weight: Option<Tensor> = None, ignore_index: i64 = -100, reduction: Reduction = Reduction::Mean) =>
            loss::nll_loss(&input, &target, &CrossEntropy { weight, ignore_index, label_smoothing: 0.0, reduction });
        "F" mse_loss(input: Tensor, target: Tensor, reduction: Reduction = Reduction::Mean) => loss::mse_loss(&input, &target, reduction);
        "F" l1_loss(input: Tensor, target: Tensor, reduction: Reduction = Reduction::Mean) => loss::l1_loss(&input, &target, reduction);
        "F" smooth_l1_loss(input: Tensor, target: Tensor, reduction: Reduction = Reduction::Mean, beta: f64 = 1.0) => loss::smooth_l1_loss(&input, &target, beta, reduction);
        "F" huber_loss(input: Tensor, target: Tensor, reduction: Reduction = Reduction::Mean, delta: f64 = 1.0) => loss::huber_loss(&input, &target, delta, reduction);
        "F" binary_cross_entropy(input: Tensor, target: Tensor, weight: Option<Tensor> = None, reduction: Reduction = Reduction::Mean) => loss::binary_cross_entropy(&input, &target, weight.as_ref(), reduction);
        "F" binary_cross_entropy_with_logits(input: Tensor, target: Tensor, weight: Option<Tensor> = None, reduction: Reduction = Reduction::Mean, pos_weight: Option<Tensor> = None) =>
            loss::binary_cross_entropy_with_logits(&input, &target, weight.as_ref(), pos_weight.as_ref(), reduction);
        "F" kl_div(input: Tensor, target: Tensor, reduction: Reduction = Reduction::Mean, log_target: bool = false) => loss::kl_div(&input, &target, reduction, log_target);
        "F" margin_ranking_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: f64 = 0.0, reduction: Reduction = Reduction::Mean) => loss::margin_ranking_loss(&input1, &input2, &target, margin, reduction);
        "F" hinge_embedding_loss(input: Tensor, target: Tensor, margin: f64 = 1.0, reduction: Reduction = Reduction::Mean) => loss::hinge_embedding_loss(&input, &target, margin, reduction);
        "F" cosine_embedding_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: f64 = 0.0, reduction: Reduction = Reduction::Mean) => loss::cosine_embedding_loss(&input1, &input2, &target, margin, reduction);
        "F" triplet_margin_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: f64 = 1.0, p: f64 = 2.0, eps: f64 = 1e-6, swap: bool = false, reduction: Reduction = Reduction::Mean) =>
            loss::triplet_margin_loss(&anchor, &positive, &negative, TripletMargin { margin, p, eps, swap }, reduction);
        "F" soft_margin_loss(input: Tensor, target: Tensor, reduction: Reduction = Reduction::Mean) => loss::soft_margin_loss(&input, &target, reduction);
        "F" multi_margin_loss(input: Tensor, target: Tensor, p: u32 = 1, margin: f64 = 1.0, weight: Option<Tensor> = None, reduction: Reduction = Reduction::Mean) => loss::multi_margin_loss(&input, &target, p, margin, weight.as_ref(), reduction);
        "F" multilabel_margin_loss(input: Tensor, target: Tensor, reduction: Reduction = Reduction::Mean) => loss::multilabel_margin_loss(&input, &target, reduction);
        "F" multilabel_soft_margin_loss(input: Tensor, target: Tensor, weight: Option<Tensor> = None, reduction: Reduction = Reduction::Mean) => loss::multilabel_soft_margin_loss(&input, &target, weight.as_ref(), reduction);
        "F" poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool = true, full: bool = false, eps: f64 = 1e-8, reduction: Reduction = Reduction::Mean) => loss::poisson_nll_loss(&input, &target, PoissonNll { log_input, full, eps }, reduction);
        "F" gaussian_nll_loss(input: Tensor, target: Tensor, var: Tensor, full: bool = false, eps: f64 = 1e-6, reduction: Reduction = Reduction::Mean) => loss::gaussian_nll_loss(&input, &target, &var, full, eps, reduction);
        "F" triplet_margin_with_distance_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: f64 = 1.0, swap: bool = false, reduction: Reduction = Reduction::Mean) => loss::triplet_margin_loss(&anchor, &positive, &negative, TripletMargin { margin, p: 2.0, eps: 1e-6, swap }, reduction);
        "F" ctc_loss(log_probs: Tensor, targets: Tensor, input_lengths: Lengths, target_lengths: Lengths, blank: usize = 0, reduction: Reduction = Reduction::Mean, zero_infinity: bool = false) =>
            loss::ctc_loss(&log_probs, &targets, &input_lengths.0, &target_lengths.0, CTCLoss { blank, reduction, zero_infinity });
    };
    all.extend(forms! { via Loss::value;
        "nn" CrossEntropyLoss(weight: Option<Tensor> = None, ignore_index: i64 = -100, reduction: Reduction = Reduction::Mean, label_smoothing: f64 = 0.0) =>
            nn::CrossEntropyLoss { weight, ignore_index, label_smoothing, reduction };
        "nn" NLLLoss(weight: Option<Tensor> = None, ignore_index: i64 = -100, reduction: Reduction = Reduction::Mean) => nn::NLLLoss { weight, ignore_index, reduction };
        "nn" CTCLoss(blank: usize = 0, reduction: Reduction = Reduction::Mean, zero_infinity: bool = false) => CTCLoss { blank, reduction, zero_infinity };
        "nn" MSELoss(reduction: Reduction = Reduction::Mean) => nn::MSELoss { reduction };
        "nn" L1Loss(reduction: Reduction = Reduction::Mean) => nn::L1Loss { reduction };
        "nn" SmoothL1Loss(reduction: Reduction = Reduction::Mean, beta: f64 = 1.0) => nn::SmoothL1Loss { beta, reduction };
        "nn" HuberLoss(reduction: Reduction = Reduction::Mean, delta: f64 = 1.0) => nn::HuberLoss { delta, reduction };
        "nn" BCELoss(weight: Option<Tensor> = None, reduction: Reduction = Reduction::Mean) => nn::BCELoss { weight, reduction };
        "nn" BCEWithLogitsLoss(weight: Option<Tensor> = None, reduction: Reduction = Reduction::Mean, pos_weight: Option<Tensor> = None) => nn::BCEWithLogitsLoss { weight, pos_weight, reduction };
        "nn" KLDivLoss(reduction: Reduction = Reduction::Mean, log_target: bool = false) => nn::KLDivLoss { log_target, reduction };
        "nn" MarginRankingLoss(margin: f64 = 0.0, reduction: Reduction = Reduction::Mean) => nn::MarginRankingLoss { margin, reduction };
        "nn" HingeEmbeddingLoss(margin: f64 = 1.0, reduction: Reduction = Reduction::Mean) => nn::HingeEmbeddingLoss { margin, reduction };
        "nn" CosineEmbeddingLoss(margin: f64 = 0.0, reduction: Reduction = Reduction::Mean) => nn::CosineEmbeddingLoss { margin, reduction };
        "nn" TripletMarginLoss(margin: f64 = 1.0, p: f64 = 2.0, eps: f64 = 1e-6, swap: bool = false, reduction: Reduction = Reduction::Mean) => nn::TripletMarginLoss { choices: TripletMargin { margin, p, eps, swap }, reduction };
        "nn" TripletMarginWithDistanceLoss(margin: f64 = 1.0, swap: bool = false, reduction: Reduction = Reduction::Mean) => { let mut loss = nn::TripletMarginWithDistanceLoss::default(); (loss.margin, loss.swap, loss.reduction) = (margin, swap, reduction); loss };
        "nn" SoftMarginLoss(reduction: Reduction = Reduction::Mean) => nn::SoftMarginLoss { reduction };
        "nn" MultiMarginLoss(p: u32 = 1, margin: f64 = 1.0, weight: Option<Tensor> = None, reduction: Reduction = Reduction::Mean) => nn::MultiMarginLoss { p, margin, weight, reduction };
        "nn" MultiLabelMarginLoss(reduction: Reduction = Reduction::Mean) => nn::MultiLabelMarginLoss { reduction };
        "nn" MultiLabelSoftMarginLoss(weight: Option<Tensor> = None, reduction: Reduction = Reduction::Mean) => nn::MultiLabelSoftMarginLoss { weight, reduction };
        "nn" PoissonNLLLoss(log_input: bool = true, full: bool = false, eps: f64 = 1e-8, reduction: Reduction = Reduction::Mean) => nn::PoissonNLLLoss { choices: PoissonNll { log_input, full, eps }, reduction };
        "nn" GaussianNLLLoss(full: bool = false, eps: f64 = 1e-6, reduction: Reduction = Reduction::Mean) => nn::GaussianNLLLoss { full, eps, reduction };
        "nn" CosineSimilarity(dim: isize = 1, eps: f64 = 1e-8) => nn::CosineSimilarity { dim, eps };
        "nn" PairwiseDistance(p: f64 = 2.0, eps: f64 = 1e-6, keepdim: bool = false) => nn::PairwiseDistance { p, eps, keepdim };
    });
    all
}
