//! Losses, as functions.

use super::{Entry, forms};
use crate::modules::Loss;
use autograd::Tensor;
use nn::loss::{self, CrossEntropy, Reduction};

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
    };
    all.extend(forms! { via Loss::value;
        "nn" CrossEntropyLoss(weight: Option<Tensor> = None, ignore_index: i64 = -100, reduction: Reduction = Reduction::Mean, label_smoothing: f64 = 0.0) =>
            nn::CrossEntropyLoss { weight, ignore_index, label_smoothing, reduction };
        "nn" NLLLoss(weight: Option<Tensor> = None, ignore_index: i64 = -100, reduction: Reduction = Reduction::Mean) => nn::NLLLoss { weight, ignore_index, reduction };
        "nn" MSELoss(reduction: Reduction = Reduction::Mean) => nn::MSELoss { reduction };
        "nn" L1Loss(reduction: Reduction = Reduction::Mean) => nn::L1Loss { reduction };
        "nn" SmoothL1Loss(reduction: Reduction = Reduction::Mean, beta: f64 = 1.0) => nn::SmoothL1Loss { beta, reduction };
        "nn" HuberLoss(reduction: Reduction = Reduction::Mean, delta: f64 = 1.0) => nn::HuberLoss { delta, reduction };
        "nn" BCELoss(weight: Option<Tensor> = None, reduction: Reduction = Reduction::Mean) => nn::BCELoss { weight, reduction };
        "nn" BCEWithLogitsLoss(weight: Option<Tensor> = None, reduction: Reduction = Reduction::Mean, pos_weight: Option<Tensor> = None) => nn::BCEWithLogitsLoss { weight, pos_weight, reduction };
        "nn" KLDivLoss(reduction: Reduction = Reduction::Mean, log_target: bool = false) => nn::KLDivLoss { log_target, reduction };
    });
    all
}
