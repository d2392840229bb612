//! The affine layer.

use super::{display, python};
use crate::init;
use crate::module::{Module, Role};
use autograd::Tensor;
use tensor_core::Device;

/// `x·Wᵀ + b`: `[…, I] → […, O]`, W `[O, I]`, b `[O]`; both start uniform in ±1/√I.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[O, I]`
    pub weight: Tensor,
    /// `[O]`
    pub bias: Option<Tensor>,
}

/// 1/√I, within which a layer of I inputs starts.
pub(super) fn bound_of(inputs: usize) -> f64 {
    if inputs > 0 { 1.0 / (inputs as f64).sqrt() } else { 0.0 }
}

impl Linear {
    /// A layer of `inputs` to `outputs`, with a bias. Draws the weight, then the bias.
    pub fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        let mut layer = Linear::without_bias(inputs, outputs, device);
        let bias = Tensor::zeros(outputs, device);
        let bound = bound_of(inputs);
        init::uniform_(&bias, -bound, bound);
        layer.bias = Some(bias.into_parameter());
        layer
    }

    /// A layer without a bias.
    pub fn without_bias(inputs: usize, outputs: usize, device: &Device) -> Self {
        let weight = Tensor::zeros([outputs, inputs], device);
        if weight.numel() > 0 {
            init::kaiming_uniform_(&weight, 5f64.sqrt(), init::Fan::In, init::Nonlinearity::LeakyReLU);
        }
        Linear { weight: weight.into_parameter(), bias: None }
    }

    /// Size of what comes in: to put another head on a network.
    ///
    /// ```
    /// use nn::Linear;
    /// let cpu = backend_cpu::device();
    /// let mut fc = Linear::new(512, 1000, &cpu);
    /// fc = Linear::new(fc.in_features(), 2, &cpu);
    /// assert_eq!((fc.in_features(), fc.out_features()), (512, 2));
    /// ```
    pub fn in_features(&self) -> usize {
        self.weight.dim(1)
    }

    /// Size of what comes out.
    pub fn out_features(&self) -> usize {
        self.weight.dim(0)
    }
}

impl Module for Linear {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.linear(&self.weight, self.bias.as_ref())
    }
    fn name(&self) -> String {
        "Linear".into()
    }
    fn extra_repr(&self) -> String {
        let (inputs, outputs) = (self.in_features(), self.out_features());
        format!("in_features={inputs}, out_features={outputs}, bias={}", python(self.bias.is_some()))
    }
    fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
        let mut all = vec![("weight", &self.weight, Role::Parameter)];
        all.extend(self.bias.as_ref().map(|b| ("bias", b, Role::Parameter)));
        all
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        std::iter::once(&mut self.weight).chain(&mut self.bias).collect()
    }
    fn as_linear(&self) -> Option<&Linear> {
        Some(self)
    }
}

display!(Linear);
