//! Several views of one tensor, made at once, whose gradients meet in one place.
//!
//! Each view's gradient as a tensor of the whole size, and the sum of all those, would cost n times the whole. So
//! they are written side by side into one buffer that belongs to the backward pass; the first view sends zeros that
//! take no memory to say that there is one, and the node behind all views hands it on. Invariant: no two of the views
//! see the same element.

use crate::graph::{Keep, record};
use crate::mode::{is_grad_enabled, pass};
use crate::tensor::Tensor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tensor_core::{RawTensor, Shape};

/// What the views' gradients are written into, by backward pass: a pass that was broken off leaves one that no
/// other will look at.
#[derive(Default)]
struct Meeting(Mutex<Vec<(u64, RawTensor)>>);

impl Meeting {
    fn lock(&self) -> MutexGuard<'_, Vec<(u64, RawTensor)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the gradient of the view `place`; whether it is the first of this pass.
    fn write(&self, grad: &RawTensor, shape: &Shape, place: impl Fn(&RawTensor) -> RawTensor) -> bool {
        let (mut all, pass) = (self.lock(), pass());
        if let Some((_, whole)) = all.iter().find(|(of, _)| *of == pass) {
            place(whole).write(grad);
            return false;
        }
        let whole = RawTensor::full(*shape, 0, grad.dtype(), grad.device());
        place(&whole).write(grad);
        all.push((pass, whole));
        true
    }

    /// The gradient of the whole, if views have written to it in this pass.
    fn take(&self) -> Option<RawTensor> {
        let (mut all, pass) = (self.lock(), pass());
        let place = all.iter().position(|(of, _)| *of == pass)?;
        Some(all.swap_remove(place).1)
    }
}

impl Tensor {
    /// The views at `places`, which do not overlap. In the backward pass, their gradients are written side by side, in
    /// no more time than the whole takes.
    #[track_caller]
    pub(crate) fn taken_apart<P>(
        &self,
        name: &'static str,
        places: impl ExactSizeIterator<Item = P>,
    ) -> Vec<Tensor>
    where
        P: Fn(&RawTensor) -> RawTensor + Send + Sync + Clone + 'static,
    {
        let (shape, meeting) = (*self.shape(), Arc::new(Meeting::default()));
        let written = meeting.clone();
        let whole = record(name, [self], Keep::NOTHING, self.raw().clone(), move |_, g| {
            [Some(written.take().map_or_else(|| g.clone(), Tensor::from_raw))]
        })
        .mark_view();
        let mut views = Vec::with_capacity(places.len());
        for place in places {
            let (meeting, out) = (meeting.clone(), place(whole.raw()));
            let view = record(name, [&whole], Keep::NOTHING, out, move |_, g| {
                if is_grad_enabled() {
                    return [Some(g.embedded(shape, place.clone()))];
                }
                let is_first = meeting.write(g.raw(), &shape, &place);
                let zeros = || RawTensor::full((), 0, g.dtype(), g.device()).expand(&shape);
                [is_first.then(|| Tensor::from_raw(zeros()))]
            });
            views.push(view.mark_view());
        }
        views
    }
}
