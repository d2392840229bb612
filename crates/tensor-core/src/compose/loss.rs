//! Losses of pairs of elements, composed.

use crate::buffer::{Storage, View};
use crate::error::Result;
use crate::op::LossOp;
use crate::raw::RawTensor;

/// The loss of each `x` held against its target `y`.
pub fn loss(op: LossOp, x: View, y: View) -> Result<Storage> {
    crate::loss::loss(op, &RawTensor::from_view(x), &RawTensor::from_view(y)).into_storage()
}

/// Its slope along `x`, times `grad`.
pub fn loss_grad(op: LossOp, x: View, y: View, grad: View) -> Result<Storage> {
    let (x, y, grad) = (RawTensor::from_view(x), RawTensor::from_view(y), RawTensor::from_view(grad));
    crate::loss::loss_grad(op, &x, &y, &grad).into_storage()
}
