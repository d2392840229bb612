//! Firebrand's neural networks: modules, layers, initialisers, losses, optimizers.
//!
//! Names, argument order, defaults and results are PyTorch's; weights are `[out, in]`.

pub mod init;
mod layers;
pub mod loss;
mod macros;
mod module;
pub mod optim;
mod parts;
mod state;

/// For [`module!`]. In a module of its own, since compilers print a type by its shortest name.
#[doc(hidden)]
pub mod __private {
    pub use crate::macros::Slot;
    pub use autograd::Tensor;
    pub use tensor_core::check::fail;
}
pub use layers::*;
pub use loss::{
    BCELoss, BCEWithLogitsLoss, CTCLoss, CosineEmbeddingLoss, CrossEntropyLoss, GaussianNLLLoss,
    HingeEmbeddingLoss, HuberLoss, KLDivLoss, L1Loss, MSELoss, MarginRankingLoss, MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss, MultiMarginLoss, NLLLoss, PoissonNLLLoss, SmoothL1Loss, SoftMarginLoss,
    TripletMarginLoss, TripletMarginWithDistanceLoss,
};
pub use module::{Mode, Module, Role};
pub use state::{Incompatible, LoadError, StateDict};
