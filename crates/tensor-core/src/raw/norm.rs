//! Normalisation: moments, applying them, and the gradients.

use super::RawTensor;
use crate::check;
use crate::norm::Standard;
use crate::shape::{Axes, Shape};

/// What normalises an input besides itself: the mean that is taken off, if any, the reciprocal of the deviation,
/// and weight and bias; each broadcasts to the input.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Taken off first.
    pub mean: Option<RawTensor>,
    /// 1/√(variance + eps)
    pub rstd: RawTensor,
    /// The factor of each feature.
    pub weight: Option<RawTensor>,
    /// Added to each feature.
    pub bias: Option<RawTensor>,
}

impl Scale {
    fn expand(&self, shape: &Shape) -> Scale {
        let expand = |t: &RawTensor| t.expand(shape);
        Scale {
            mean: self.mean.as_ref().map(expand),
            rstd: expand(&self.rstd),
            weight: self.weight.as_ref().map(expand),
            bias: self.bias.as_ref().map(expand),
        }
    }

    fn of<'a>(&'a self, x: &'a RawTensor) -> Standard<'a> {
        let view = RawTensor::view;
        Standard {
            x: x.view(),
            mean: self.mean.as_ref().map(view),
            rstd: self.rstd.view(),
            weight: self.weight.as_ref().map(view),
        }
    }
}

impl RawTensor {
    /// Mean and biased variance over `axes`, which stay as size 1; unless `centred`, the mean square alone.
    #[track_caller]
    pub fn moments(&self, axes: Axes, centred: bool) -> (Option<Self>, Self) {
        let (mean, variance) = check::done("moments", self.device().moments(self.view(), axes, centred));
        let shape = self.shape().reduced(axes, true);
        let wrap = |storage| RawTensor::from_storage(self.device(), storage, self.dtype(), shape);
        (mean.map(wrap), wrap(variance))
    }

    /// `(x − mean)·rstd·weight + bias`, of one floating type.
    #[track_caller]
    pub fn normalized(&self, scale: &Scale) -> Self {
        let scale = scale.expand(self.shape());
        let answer = self.device().normalized(scale.of(self), scale.bias.as_ref().map(RawTensor::view));
        self.answer("normalized", answer, self.dtype(), *self.shape())
    }

    /// The wanted gradients of [`RawTensor::normalized`] (of `x` = `self`, weight and bias, these of shape
    /// `affine`). `own` are the dimensions over which mean and deviation are `x`'s own, unless they are constants.
    #[track_caller]
    pub fn normalized_grad(
        &self,
        scale: &Scale,
        grad: &RawTensor,
        own: Option<Axes>,
        affine: &Shape,
        wants: [bool; 3],
    ) -> [Option<Self>; 3] {
        let scale = scale.expand(self.shape());
        let answer = self.device().normalized_grad(scale.of(self), grad.view(), own, affine, wants);
        let mut shapes = [*self.shape(), *affine, *affine].into_iter();
        check::done("normalized", answer).map(|storage| {
            let shape = shapes.next().expect("three gradients");
            storage.map(|s| RawTensor::from_storage(self.device(), s, self.dtype(), shape))
        })
    }
}
