//! The step of long short-term memory, composed: see [`crate::recurrent`].

use crate::buffer::{Storage, View};
use crate::error::Result;
use crate::op::BinaryOp;
use crate::raw::RawTensor;
use crate::recurrent;
use crate::shape::Shape;

/// The sum of two projections `[B, 4·H]`, as the four gates `[B, H]`.
fn gates(input: View, hidden: View, width: usize) -> [RawTensor; 4] {
    let all = RawTensor::from_view(hidden).binary(BinaryOp::Add, &RawTensor::from_view(input));
    std::array::from_fn(|gate| all.narrow(1, gate * width, width))
}

/// The next state `[2, B, H]` of two projections `[B, 4·H]` and `c` `[B, H]`.
pub fn lstm_step(input: View, hidden: View, c: View) -> Result<Storage> {
    let c = RawTensor::from_view(c);
    let next = recurrent::lstm_step(&gates(input, hidden, c.shape()[1]), &c);
    RawTensor::cat(&next, 0).into_storage()
}

/// The gradients of the projections `[B, 4·H]` and of `c`, from that of the state `[2, B, H]`.
pub fn lstm_step_grad(input: View, hidden: View, c: View, grad: View) -> Result<(Storage, Storage)> {
    let (c, grad) = (RawTensor::from_view(c), RawTensor::from_view(grad));
    let part = |i: usize| grad.narrow(0, i, 1).reshape(&Shape::new(c.shape().dims()));
    let gates = gates(input, hidden, c.shape()[1]);
    let (to_gates, to_c) = recurrent::lstm_step_grad(&gates, &c, &[part(0), part(1)]);
    Ok((RawTensor::cat(&to_gates, 1).into_storage()?, to_c.into_storage()?))
}
