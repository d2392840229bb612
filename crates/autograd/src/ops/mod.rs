//! The operations: each forward with its gradient rule beside it.
//!
//! Rules are written in tensor operations, so that with a graph of the backward pass second
//! derivatives follow by themselves. A rule returns a gradient of its input's shape and type.

mod activations;
mod adaptive;
mod arithmetic;
mod attention;
mod contract;
mod conv;
mod counting;
mod decompose;
mod dividing;
mod einsum;
mod functions;
mod fused;
mod indexing;
mod inplace;
mod joining;
mod linalg;
mod loss;
mod matmul;
mod norm;
mod operators;
mod order;
mod padding;
mod pairs;
mod pieces;
mod pointwise;
mod pool;
mod recurrent;
mod reduce;
mod resize;
mod scans;
mod scatter;
mod shape;
mod signs;
mod sliding;
mod solvers;
mod sorting;
mod special;
mod taper;
mod views;
mod warp;
mod window;

pub use adaptive::AdaptiveSize;
pub use arithmetic::TensorArg;
pub use contract::{Contraction, cdist, kron, tensordot};
pub use dividing::{broadcast_tensors, cartesian_prod, column_stack, dstack};
pub use einsum::einsum;
pub use fused::class_rows;
pub(crate) use fused::in_range;
pub use joining::{block_diag, cat, hstack, meshgrid, meshgrid_xy, stack, vstack};
pub use order::QuantileMode;
pub use padding::PadMode;
pub use pieces::Pieces;
pub use pool::PoolOptions;
pub use resize::{Resize, ResizeMode};
pub use scatter::Reduce;
pub use shape::Sizes;
pub use sliding::{ConvOptions, Each, Padding};
pub use solvers::MatrixNorm;
pub use warp::{Outside, SampleMode};

use crate::tensor::Tensor;
use tensor_core::{DType, HostData, RawTensor, Scalar, Shape, check};

/// One or several dimensions, counted from the end when negative; `()` or an empty list means all.
pub trait Dims {
    /// The dimensions as numbers.
    fn list(&self) -> Vec<isize>;
}

impl Dims for isize {
    fn list(&self) -> Vec<isize> {
        vec![*self]
    }
}
impl Dims for () {
    fn list(&self) -> Vec<isize> {
        Vec::new()
    }
}
impl<const N: usize> Dims for [isize; N] {
    fn list(&self) -> Vec<isize> {
        self.to_vec()
    }
}
impl<const N: usize> Dims for &[isize; N] {
    fn list(&self) -> Vec<isize> {
        self.to_vec()
    }
}
impl Dims for &[isize] {
    fn list(&self) -> Vec<isize> {
        self.to_vec()
    }
}
impl Dims for Vec<isize> {
    fn list(&self) -> Vec<isize> {
        self.clone()
    }
}

/// A factor as an operation in a type takes it: of whole numbers, the whole part, as in PyTorch.
pub(crate) fn factor(value: f64, dtype: DType) -> Scalar {
    if dtype.is_float() { Scalar::Float(value) } else { Scalar::Int(value as i64) }
}

impl Tensor {
    /// Sums away what broadcasting repeated, and converts: a gradient fit for an input.
    pub(crate) fn fit(&self, shape: &Shape, dtype: DType) -> Tensor {
        let mut grad = self.clone();
        if grad.shape() != shape {
            let added = grad.rank() - shape.rank();
            let axes: Vec<isize> = (0..grad.rank())
                .filter(|&a| a < added || (shape[a - added] == 1 && grad.shape()[a] != 1))
                .map(|a| a as isize)
                .collect();
            if !axes.is_empty() {
                grad = grad.sum_dim(axes, true);
            }
            grad = grad.reshape_to(shape);
        }
        grad.to_dtype(dtype)
    }

    /// Numbers computed on the host, in this tensor's type (which a GPU has, when it has no doubles) and on its
    /// device.
    #[track_caller]
    pub(crate) fn numbers(&self, op: &str, values: Vec<f64>, shape: impl Into<Shape>) -> Tensor {
        let data = HostData::F64(values).cast(self.dtype());
        Tensor::from_raw(check::done(op, RawTensor::from_host(&data, shape, self.device())))
    }

    /// A dimension counted from the end when negative, and its size; a single number has none.
    #[track_caller]
    pub(crate) fn sized_axis(&self, op: &str, dim: isize) -> (usize, usize) {
        if self.rank() == 0 {
            let hint = "use .unsqueeze(0) to give it one, or .item() for its value";
            check::fail(op, "a tensor of 0 dimensions is a single number, it has no dimension", hint);
        }
        let axis = self.axis(op, dim);
        (axis, self.shape()[axis])
    }

    /// The index of a dimension counted from the end when negative.
    #[track_caller]
    pub(crate) fn axis(&self, op: &str, dim: isize) -> usize {
        check::axis(op, dim, self.rank())
    }
}
