//! Layers of two inputs: distances, angles, and the bilinear layer.

use super::linear::bound_of;
use super::{display, python};
use crate::init;
use crate::module::{Module, Role};
use autograd::Tensor;
use std::fmt;
use tensor_core::{Device, check};

/// The cosine of the angle between vectors along a dimension.
#[derive(Clone, Copy, Debug)]
pub struct CosineSimilarity {
    /// The dimension; 1 to begin with.
    pub dim: isize,
    /// The least length that vectors are divided by; 1e-8 to begin with.
    pub eps: f64,
}

impl Default for CosineSimilarity {
    fn default() -> Self {
        CosineSimilarity { dim: 1, eps: 1e-8 }
    }
}

impl CosineSimilarity {
    /// The cosines.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn forward(&self, x1: &Tensor, x2: &Tensor) -> Tensor {
        x1.cosine_similarity(x2, self.dim, self.eps)
    }
}

/// The norm of the difference of vectors in the last dimension.
#[derive(Clone, Copy, Debug)]
pub struct PairwiseDistance {
    /// The norm's order; 2 to begin with.
    pub p: f64,
    /// Added to each difference; 1e-6 to begin with.
    pub eps: f64,
    /// Whether the last dimension stays, of size 1; no.
    pub keepdim: bool,
}

impl Default for PairwiseDistance {
    fn default() -> Self {
        PairwiseDistance { p: 2.0, eps: 1e-6, keepdim: false }
    }
}

impl PairwiseDistance {
    /// The distances.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn forward(&self, x1: &Tensor, x2: &Tensor) -> Tensor {
        x1.pairwise_distance(x2, self.p, self.eps, self.keepdim)
    }
}

impl fmt::Display for CosineSimilarity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CosineSimilarity()")
    }
}
impl fmt::Display for PairwiseDistance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairwiseDistance()")
    }
}

/// `x₁ᵀ·Wₒ·x₂ + bₒ` for each output o: `[…, I]` and `[…, J]` → `[…, O]`; both W and b start uniform in ±1/√I.
///
/// ```
/// use autograd::Tensor;
/// use nn::Bilinear;
/// let cpu = backend_cpu::device();
/// let layer = Bilinear::new(3, 4, 5, &cpu);
/// assert_eq!(layer.to_string(), "Bilinear(in1_features=3, in2_features=4, out_features=5, bias=True)");
/// let y = layer.forward_pair(&Tensor::ones([2, 3], &cpu), &Tensor::ones([2, 4], &cpu));
/// assert_eq!(y.shape().dims(), [2, 5]);
/// ```
#[derive(Clone, Debug)]
pub struct Bilinear {
    /// `[O, I, J]`
    pub weight: Tensor,
    /// `[O]`
    pub bias: Option<Tensor>,
}

impl Bilinear {
    /// A layer of two inputs, with a bias. Draws the weight, then the bias.
    pub fn new(inputs1: usize, inputs2: usize, outputs: usize, device: &Device) -> Self {
        let mut layer = Bilinear::without_bias(inputs1, inputs2, outputs, device);
        let (bias, bound) = (Tensor::zeros(outputs, device), bound_of(inputs1));
        init::uniform_(&bias, -bound, bound);
        layer.bias = Some(bias.into_parameter());
        layer
    }

    /// A layer without a bias.
    pub fn without_bias(inputs1: usize, inputs2: usize, outputs: usize, device: &Device) -> Self {
        let (weight, bound) = (Tensor::zeros([outputs, inputs1, inputs2], device), bound_of(inputs1));
        init::uniform_(&weight, -bound, bound);
        Bilinear { weight: weight.into_parameter(), bias: None }
    }

    /// The output for two inputs.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn forward_pair(&self, x1: &Tensor, x2: &Tensor) -> Tensor {
        x1.bilinear(x2, &self.weight, self.bias.as_ref())
    }
}

impl Module for Bilinear {
    /// # Panics
    /// Always: it takes two inputs.
    #[track_caller]
    fn forward(&self, _: &Tensor) -> Tensor {
        check::fail("Bilinear", "one input", "it takes two: call forward_pair")
    }
    fn name(&self) -> String {
        "Bilinear".into()
    }
    fn extra_repr(&self) -> String {
        let [outputs, left, right] = self.weight.dims();
        let bias = python(self.bias.is_some());
        format!("in1_features={left}, in2_features={right}, out_features={outputs}, bias={bias}")
    }
    fn tensors(&self) -> Vec<(&str, &Tensor, Role)> {
        let mut all = vec![("weight", &self.weight, Role::Parameter)];
        all.extend(self.bias.as_ref().map(|b| ("bias", b, Role::Parameter)));
        all
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        std::iter::once(&mut self.weight).chain(&mut self.bias).collect()
    }
}

display!(Bilinear);
