//! Firebrand's `Tensor`: reverse-mode automatic differentiation with PyTorch's names and results.
//!
//! Each operation computes its result on raw tensors and, if some input asks for gradients, records a
//! node with its gradient rule (see `graph`). [`Tensor::backward`] walks the nodes back. There is no
//! global state but two switches per thread, [`no_grad`] and [`detect_anomaly`].

mod compare;
mod creation;
mod display;
mod engine;
mod function;
mod gradcheck;
mod graph;
mod mode;
#[cfg(feature = "ndarray")]
mod ndarray;
mod ops;
mod random;
mod several;
mod slicing;
mod tensor;

pub use compare::Nested;
pub use creation::Options;
pub use engine::{BackwardOptions, grad, grad_with};
pub use function::{Context, Function, apply_function};
pub use gradcheck::{gradcheck, gradgradcheck};
pub use mode::{detect_anomaly, enable_grad, is_anomaly_enabled, is_grad_enabled, no_grad};
#[doc(hidden)]
pub use ops::class_rows;
pub use ops::{
    AdaptiveSize, Contraction, ConvOptions, Dims, Each, MatrixNorm, Outside, PadMode, Padding, Pieces,
    PoolOptions, QuantileMode, Reduce, Resize, ResizeMode, SampleMode, Sizes, TensorArg, block_diag,
    broadcast_tensors, cartesian_prod, cat, cdist, column_stack, dstack, einsum, hstack, kron, meshgrid,
    meshgrid_xy, stack, tensordot, vstack,
};
pub use several::{MultiFunction, apply_multi_function};
pub use slicing::{Ellipsis, Index, NewAxis};
pub use tensor::Tensor;
