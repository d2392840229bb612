//! The slices of a dimension, whose gradients meet in one place.
//!
//! Each slice's gradient as a tensor of the whole size, and the sum of all those, would cost n times the whole. So
//! they are written side by side into one buffer that belongs to the backward pass; the first slice sends zeros that
//! take no memory to say that there is one, and the node behind all slices hands it on.

use crate::graph::{Keep, record};
use crate::mode::{is_grad_enabled, pass};
use crate::tensor::Tensor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tensor_core::{RawTensor, Shape};

/// What the slices' gradients are written into, by backward pass: a pass that was broken off leaves one that no
/// other will look at.
#[derive(Default)]
struct Meeting(Mutex<Vec<(u64, RawTensor)>>);

impl Meeting {
    fn lock(&self) -> MutexGuard<'_, Vec<(u64, RawTensor)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a slice's gradient; whether it is the first of this pass.
    fn write(&self, grad: &RawTensor, shape: &Shape, axis: usize, index: usize) -> bool {
        let (mut all, pass) = (self.lock(), pass());
        if let Some((_, whole)) = all.iter().find(|(of, _)| *of == pass) {
            whole.select(axis, index).write(grad);
            return false;
        }
        let whole = RawTensor::full(*shape, 0, grad.dtype(), grad.device());
        whole.select(axis, index).write(grad);
        all.push((pass, whole));
        true
    }

    /// The gradient of the whole, if slices have written to it in this pass.
    fn take(&self) -> Option<RawTensor> {
        let (mut all, pass) = (self.lock(), pass());
        let place = all.iter().position(|(of, _)| *of == pass)?;
        Some(all.swap_remove(place).1)
    }
}

impl Tensor {
    /// The slices of a dimension, which goes: PyTorch's `unbind`. In the backward pass, their gradients are written
    /// side by side, in no more time than the whole takes.
    #[track_caller]
    pub fn unbind(&self, dim: isize) -> Vec<Tensor> {
        let (axis, size) = self.sized_axis("unbind", dim);
        let (shape, meeting) = (*self.shape(), Arc::new(Meeting::default()));
        let written = meeting.clone();
        let whole = record("UnbindBackward0", [self], Keep::NOTHING, self.raw().clone(), move |_, g| {
            [Some(written.take().map_or_else(|| g.clone(), Tensor::from_raw))]
        })
        .mark_view();
        let mut slices = Vec::with_capacity(size);
        for index in 0..size {
            let (meeting, out) = (meeting.clone(), whole.raw().select(axis, index));
            let slice = record("UnbindBackward0", [&whole], Keep::NOTHING, out, move |_, g| {
                if is_grad_enabled() {
                    return [Some(g.embedded(shape, move |t| t.select(axis, index)))];
                }
                let is_first = meeting.write(g.raw(), &shape, axis, index);
                let zeros = || RawTensor::full((), 0, g.dtype(), g.device()).expand(&shape);
                [is_first.then(|| Tensor::from_raw(zeros()))]
            });
            slices.push(slice.mark_view());
        }
        slices
    }
}
