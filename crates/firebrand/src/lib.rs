#![doc = include_str!("../../../README.md")]

mod checkpoint;
mod device;
mod files;
mod functions;

pub use autograd::{
    AdaptiveSize, BackwardOptions, Context, Contraction, ConvOptions, Dims, Each, Ellipsis, Function, Index,
    MatrixNorm, MultiFunction, Nested, NewAxis, Options, Outside, PadMode, Padding, Pieces, PoolOptions,
    QuantileMode, Reduce, Resize, ResizeMode, SampleMode, Sizes, Tensor, TensorArg, apply_function,
    apply_multi_function, block_diag, broadcast_tensors, cartesian_prod, cat, cdist, column_stack,
    detect_anomaly, dstack, einsum, enable_grad, grad, grad_with, gradcheck, gradgradcheck, hstack,
    is_grad_enabled, kron, meshgrid, meshgrid_xy, no_grad, s, stack, tensordot, vstack,
};
pub use backend_cpu::{num_threads, set_num_threads};
pub use checkpoint::*;
pub use device::*;
pub use files::*;
pub use functions::*;
pub use tensor_core::display::{PrintOptions, print_options, set_printoptions};
pub use tensor_core::random::{Generator, default_generator, manual_seed};
pub use tensor_core::{Activation, DType, Device, Error, Scalar, Shape, Stats};

#[cfg(feature = "wgpu")]
pub use backend_wgpu;
pub use data;
pub use formats;
pub use nn;
pub use nn::optim;

/// A tensor on the default device from nested literals: `tensor![[1.0, 2.0], [3.0, 4.0]]`. Floats
/// become F32, whole numbers the default integer, `true` and `false` booleans. As with `vec!`, one entry is a
/// vector of one; a number alone, and data in a variable, are for the function, [`tensor()`].
///
/// ```
/// use firebrand::tensor;
/// assert_eq!(tensor![1, 2, 3].to_string(), "tensor([1, 2, 3])");
/// assert_eq!(tensor![[1.0, 2.5]].to_string(), "tensor([[1.0000, 2.5000]])");
/// assert_eq!(tensor![3.5].to_string(), "tensor([3.5000])");
/// assert_eq!(tensor(3.5).to_string(), "tensor(3.5000)");
/// ```
#[macro_export]
macro_rules! tensor {
    ($($entry:expr),+ $(,)?) => { $crate::tensor([$($entry),+]) };
}
