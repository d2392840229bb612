//! The losses as objects, `nn::MSELoss::default().forward(&x, &y)`, which print as PyTorch's.

use super::{
    CrossEntropy, PoissonNll, Reduction, TripletMargin, binary_cross_entropy,
    binary_cross_entropy_with_logits, cosine_embedding_loss, cross_entropy, gaussian_nll_loss,
    hinge_embedding_loss, huber_loss, kl_div, l1_loss, margin_ranking_loss, mse_loss, multi_margin_loss,
    multilabel_margin_loss, multilabel_soft_margin_loss, nll_loss, poisson_nll_loss, smooth_l1_loss,
    soft_margin_loss, triplet_margin_loss, triplet_margin_with_distance_loss,
};
use crate::PairwiseDistance;
use autograd::Tensor;
use std::fmt;
use std::sync::Arc;

/// [`cross_entropy`] with its choices: `nn::CrossEntropyLoss::default().forward(&scores, &classes)`.
pub type CrossEntropyLoss = CrossEntropy;

impl CrossEntropy {
    /// The loss.
    ///
    /// # Panics
    /// As [`cross_entropy`].
    #[track_caller]
    pub fn forward(&self, input: &Tensor, target: &Tensor) -> Tensor {
        cross_entropy(input, target, self)
    }
}

impl fmt::Display for CrossEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CrossEntropyLoss()")
    }
}

macro_rules! losses {
    ($($name:ident, $function:ident { $($(#[$doc:meta])* $field:ident: $ty:ty = $default:expr),* },
        |$this:ident, $($x:ident),+| $body:expr;)+) => {$(
        #[doc = concat!("[`", stringify!($function), "`] with its choices.")]
        #[derive(Clone, Debug)]
        pub struct $name {
            $($(#[$doc])* pub $field: $ty,)*
            /// Mean, sum or none.
            pub reduction: Reduction,
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $($field: $default,)* reduction: Reduction::Mean }
            }
        }

        impl $name {
            /// The loss.
            ///
            /// # Panics
            #[doc = concat!("As [`", stringify!($function), "`].")]
            #[track_caller]
            pub fn forward(&self, $($x: &Tensor),+) -> Tensor {
                let $this = self;
                $body
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "()"))
            }
        }
    )+};
}

losses! {
    NLLLoss, nll_loss {
        /// A weight per class, `[C]`.
        weight: Option<Tensor> = None,
        /// Targets that do not count.
        ignore_index: i64 = -100
    }, |m, x, y| {
        let (weight, ignore_index, reduction) = (m.weight.clone(), m.ignore_index, m.reduction);
        nll_loss(x, y, &CrossEntropy { weight, ignore_index, label_smoothing: 0.0, reduction })
    };
    MSELoss, mse_loss {}, |m, x, y| mse_loss(x, y, m.reduction);
    L1Loss, l1_loss {}, |m, x, y| l1_loss(x, y, m.reduction);
    SmoothL1Loss, smooth_l1_loss {
        /// Where the square ends.
        beta: f64 = 1.0
    }, |m, x, y| smooth_l1_loss(x, y, m.beta, m.reduction);
    HuberLoss, huber_loss {
        /// Where the square ends.
        delta: f64 = 1.0
    }, |m, x, y| huber_loss(x, y, m.delta, m.reduction);
    BCELoss, binary_cross_entropy {
        /// A factor for each element; it broadcasts.
        weight: Option<Tensor> = None
    }, |m, x, y| binary_cross_entropy(x, y, m.weight.as_ref(), m.reduction);
    BCEWithLogitsLoss, binary_cross_entropy_with_logits {
        /// A factor for each element; it broadcasts.
        weight: Option<Tensor> = None,
        /// A factor for the positive class; it broadcasts.
        pos_weight: Option<Tensor> = None
    }, |m, x, y| {
        binary_cross_entropy_with_logits(x, y, m.weight.as_ref(), m.pos_weight.as_ref(), m.reduction)
    };
    KLDivLoss, kl_div {
        /// Whether the targets are logarithms too.
        log_target: bool = false
    }, |m, x, y| kl_div(x, y, m.reduction, m.log_target);
    MarginRankingLoss, margin_ranking_loss {
        /// How much higher the one should rank.
        margin: f64 = 0.0
    }, |m, x1, x2, y| margin_ranking_loss(x1, x2, y, m.margin, m.reduction);
    HingeEmbeddingLoss, hinge_embedding_loss {
        /// The distance from which on the unlike cost nothing.
        margin: f64 = 1.0
    }, |m, x, y| hinge_embedding_loss(x, y, m.margin, m.reduction);
    CosineEmbeddingLoss, cosine_embedding_loss {
        /// The cosine up to which the unlike cost nothing.
        margin: f64 = 0.0
    }, |m, x1, x2, y| cosine_embedding_loss(x1, x2, y, m.margin, m.reduction);
    TripletMarginLoss, triplet_margin_loss {
        /// Margin, norm and swap.
        choices: TripletMargin = TripletMargin::default()
    }, |m, anchor, positive, negative| {
        triplet_margin_loss(anchor, positive, negative, m.choices, m.reduction)
    };
    SoftMarginLoss, soft_margin_loss {}, |m, x, y| soft_margin_loss(x, y, m.reduction);
    MultiMarginLoss, multi_margin_loss {
        /// 1, or 2 for squared margins.
        p: u32 = 1,
        /// How much higher the class should score than the others.
        margin: f64 = 1.0,
        /// A weight per class, `[C]`.
        weight: Option<Tensor> = None
    }, |m, x, y| multi_margin_loss(x, y, m.p, m.margin, m.weight.as_ref(), m.reduction);
    MultiLabelMarginLoss, multilabel_margin_loss {}, |m, x, y| multilabel_margin_loss(x, y, m.reduction);
    MultiLabelSoftMarginLoss, multilabel_soft_margin_loss {
        /// A weight per class, `[C]`.
        weight: Option<Tensor> = None
    }, |m, x, y| multilabel_soft_margin_loss(x, y, m.weight.as_ref(), m.reduction);
    GaussianNLLLoss, gaussian_nll_loss {
        /// Whether the constant ½·ln 2π counts.
        full: bool = false,
        /// The least variance.
        eps: f64 = 1e-6
    }, |m, x, y, var| gaussian_nll_loss(x, y, var, m.full, m.eps, m.reduction);
    PoissonNLLLoss, poisson_nll_loss {
        /// Logarithms or rates, and Stirling's term.
        choices: PoissonNll = PoissonNll::default()
    }, |m, x, y| poisson_nll_loss(x, y, m.choices, m.reduction);
}

/// How far two tensors are apart.
type Distance = Arc<dyn Fn(&Tensor, &Tensor) -> Tensor + Send + Sync>;

/// [`triplet_margin_with_distance_loss`] with its choices.
#[derive(Clone)]
pub struct TripletMarginWithDistanceLoss {
    /// The distance, and the name that it prints under.
    distance: (String, Distance),
    /// How much farther the negative should be than the positive.
    pub margin: f64,
    /// Take the negative's distance from the positive when that is smaller.
    pub swap: bool,
    /// Mean, sum or none.
    pub reduction: Reduction,
}

impl TripletMarginWithDistanceLoss {
    /// By a distance, printed under a name, with PyTorch's margin 1.
    pub fn new(name: &str, distance: impl Fn(&Tensor, &Tensor) -> Tensor + Send + Sync + 'static) -> Self {
        let distance = (name.to_string(), Arc::new(distance) as Distance);
        TripletMarginWithDistanceLoss { distance, margin: 1.0, swap: false, reduction: Reduction::Mean }
    }

    /// The loss.
    ///
    /// # Panics
    /// As [`triplet_margin_with_distance_loss`].
    #[track_caller]
    pub fn forward(&self, anchor: &Tensor, positive: &Tensor, negative: &Tensor) -> Tensor {
        let TripletMarginWithDistanceLoss { distance, margin, swap, reduction } = self;
        triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            &*distance.1,
            *margin,
            *swap,
            *reduction,
        )
    }
}

impl Default for TripletMarginWithDistanceLoss {
    fn default() -> Self {
        let distance = PairwiseDistance::default();
        Self::new(&distance.to_string(), move |x, y| distance.forward(x, y))
    }
}

impl fmt::Debug for TripletMarginWithDistanceLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for TripletMarginWithDistanceLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TripletMarginWithDistanceLoss(\n  (distance_function): {}\n)", self.distance.0)
    }
}
