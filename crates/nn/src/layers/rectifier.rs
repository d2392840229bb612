//! More activations as layers: gates, shrinkages, and rectifiers bent, bounded or learned.

use super::activation::{activations, implicit, python_dim};
use super::{display, inplace, scalar};
use crate::module::{Mode, Module, Role};
use autograd::Tensor;
use tensor_core::{Activation, Device, Scalar, check};

activations! {
    /// The first half of a dimension, gated by the sigmoid of the second
    GLU {
        /// The dimension that is cut in half.
        dim: isize = -1
    }, |m, x| x.glu(m.dim), format!("dim={}", m.dim), None;
    /// The self-normalising ELU
    SELU inplace {}, |_m, x| x.selu(), String::new(), None;
    /// x if x > 0, else α·(e^(x/α) − 1)
    CELU inplace {
        /// α
        alpha: Scalar = Scalar::Float(1.0)
    }, |m, x| x.celu(m.alpha.to_f64()), format!("alpha={}", scalar(m.alpha)), None;
    /// x·tanh(softplus x)
    Mish inplace {}, |_m, x| x.mish(), String::new(), None;
    /// x·hardsigmoid(x)
    Hardswish {}, |_m, x| x.hardswish(), String::new(), None;
    /// x/6 + ½ limited to [0, 1]
    Hardsigmoid {}, |_m, x| x.hardsigmoid(), String::new(), None;
    /// x limited to a range
    Hardtanh inplace {
        /// The least.
        min_val: Scalar = Scalar::Float(-1.0),
        /// The most.
        max_val: Scalar = Scalar::Float(1.0)
    }, |m, x| x.hardtanh(m.min_val.to_f64(), m.max_val.to_f64()),
        format!("min_val={}, max_val={}", scalar(m.min_val), scalar(m.max_val)), None;
    /// x limited to [0, 6]
    ReLU6 inplace {}, |_m, x| x.relu6(), String::new(), None;
    /// x/(1 + |x|)
    Softsign {}, |_m, x| x.softsign(), String::new(), None;
    /// x − tanh x
    Tanhshrink {}, |_m, x| x.tanhshrink(), String::new(), None;
    /// x moved towards 0 by λ
    Softshrink {
        /// λ
        lambd: Scalar = Scalar::Float(0.5)
    }, |m, x| x.softshrink(m.lambd.to_f64()), scalar(m.lambd), None;
    /// x, but 0 where |x| ≤ λ
    Hardshrink {
        /// λ
        lambd: Scalar = Scalar::Float(0.5)
    }, |m, x| x.hardshrink(m.lambd.to_f64()), scalar(m.lambd), None;
    /// e⁻ˣ / Σ e⁻ˣ along a dimension
    Softmin {
        /// The dimension; without one the first of 0, 1 or 3 dimensions, else the second.
        dim: Option<isize> = None
    }, |m, x| x.softmin(m.dim.unwrap_or_else(|| implicit(x))), format!("dim={}", python_dim(m.dim)), None;
    /// The softmax of the channels at each place of `[N, C, H, W]` or `[C, H, W]`
    Softmax2d {}, |_m, x| channels(x).softmax(-3), String::new(), None;
    /// ln σ(x)
    LogSigmoid {}, |_m, x| x.logsigmoid(), String::new(), None;
}

impl CELU {
    /// With a factor α.
    pub fn new(alpha: impl Into<Scalar>) -> Self {
        CELU { alpha: alpha.into(), ..CELU }
    }
}
impl Hardtanh {
    /// Limited to a range.
    pub fn new(min_val: impl Into<Scalar>, max_val: impl Into<Scalar>) -> Self {
        Hardtanh { min_val: min_val.into(), max_val: max_val.into(), ..Hardtanh }
    }
}
impl Softshrink {
    /// By λ.
    pub fn new(lambd: impl Into<Scalar>) -> Self {
        Softshrink { lambd: lambd.into() }
    }
}
impl Hardshrink {
    /// Up to λ.
    pub fn new(lambd: impl Into<Scalar>) -> Self {
        Hardshrink { lambd: lambd.into() }
    }
}
impl Softmin {
    /// Along a dimension.
    pub fn new(dim: isize) -> Self {
        Softmin { dim: Some(dim) }
    }
}

/// What [`Softmax2d`](struct@Softmax2d) takes.
#[track_caller]
fn channels(x: &Tensor) -> &Tensor {
    if !matches!(x.rank(), 3 | 4) {
        check::fail(
            "Softmax2d",
            format_args!("input of shape {}", x.shape()),
            "give [N, C, H, W] or [C, H, W]",
        );
    }
    x
}

/// x if x > threshold, else a value.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    threshold: Scalar,
    value: Scalar,
    inplace: bool,
}

impl Threshold {
    /// With a threshold and a value.
    pub fn new(threshold: impl Into<Scalar>, value: impl Into<Scalar>) -> Self {
        Threshold { threshold: threshold.into(), value: value.into(), inplace: false }
    }

    /// Whether `inplace=True` is printed; results are new tensors either way.
    #[must_use]
    pub fn inplace(self, inplace: bool) -> Self {
        Threshold { inplace, ..self }
    }
}

impl Module for Threshold {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.threshold(self.threshold.to_f64(), self.value.to_f64())
    }
    fn name(&self) -> String {
        "Threshold".into()
    }
    fn extra_repr(&self) -> String {
        inplace(format!("threshold={}, value={}", scalar(self.threshold), scalar(self.value)), self.inplace)
    }
}

/// x if x > 0, else x times a slope: drawn for each element while training, uniform between two bounds, the
/// bounds' mean in evaluation (Xu et al. 2015).
#[derive(Clone, Debug)]
pub struct RReLU {
    lower: Scalar,
    upper: Scalar,
    inplace: bool,
    training: Mode,
}

impl RReLU {
    /// Slopes between two bounds; PyTorch's defaults are ⅛ and ⅓.
    pub fn new(lower: impl Into<Scalar>, upper: impl Into<Scalar>) -> Self {
        RReLU { lower: lower.into(), upper: upper.into(), inplace: false, training: Mode::default() }
    }

    /// Whether `inplace=True` is printed; results are new tensors either way.
    #[must_use]
    pub fn inplace(self, inplace: bool) -> Self {
        RReLU { inplace, ..self }
    }
}

impl Default for RReLU {
    fn default() -> Self {
        RReLU::new(1.0 / 8.0, 1.0 / 3.0)
    }
}

impl Module for RReLU {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.rrelu(self.lower.to_f64(), self.upper.to_f64(), self.is_training())
    }
    fn name(&self) -> String {
        "RReLU".into()
    }
    fn extra_repr(&self) -> String {
        inplace(format!("lower={}, upper={}", scalar(self.lower), scalar(self.upper)), self.inplace)
    }
    fn set_training(&self, training: bool) {
        self.training.set(training);
    }
    fn is_training(&self) -> bool {
        self.training.get()
    }
}

/// x if x > 0, else a learned weight times x, He et al. 2015: one for all, or one per channel.
#[derive(Clone, Debug)]
pub struct PReLU {
    /// The slopes below 0, `[1]` or `[C]`.
    pub weight: Tensor,
}

impl PReLU {
    /// With so many weights (PyTorch's default is 1), each ¼ to begin with.
    pub fn new(num_parameters: usize, device: &Device) -> Self {
        PReLU { weight: Tensor::full(num_parameters, 0.25, device).into_parameter() }
    }

    /// Lets every weight begin with another number.
    pub fn init(self, value: f64) -> Self {
        let (shape, device) = (*self.weight.shape(), self.weight.device());
        PReLU { weight: Tensor::full(shape, value, device).into_parameter() }
    }
}

impl Module for PReLU {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.prelu(&self.weight)
    }
    fn name(&self) -> String {
        "PReLU".into()
    }
    fn extra_repr(&self) -> String {
        format!("num_parameters={}", self.weight.numel())
    }
    fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
        vec![("weight", &self.weight, Role::Parameter)]
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        vec![&mut self.weight]
    }
}
display!(PReLU, RReLU, Threshold);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_print_as_pytorchs_and_a_learned_slope_learns() {
        assert_eq!(GLU.to_string(), "GLU(dim=-1)");
        assert_eq!(CELU.to_string(), "CELU(alpha=1.0)");
        assert_eq!(CELU::new(2).inplace(true).to_string(), "CELU(alpha=2, inplace=True)");
        let text = "Threshold(threshold=0.1, value=20, inplace=True)";
        assert_eq!(Threshold::new(0.1, 20).inplace(true).to_string(), text);
        assert_eq!(Hardtanh.to_string(), "Hardtanh(min_val=-1.0, max_val=1.0)");
        assert_eq!(ReLU6.to_string(), "ReLU6()");
        assert_eq!(Softshrink.to_string(), "Softshrink(0.5)");
        let layer = PReLU::new(2, &backend_cpu::device());
        assert_eq!(layer.to_string(), "PReLU(num_parameters=2)");
        let x = Tensor::from_vec(vec![-1.0f32, -2.0, 3.0, -4.0], [2, 2], &backend_cpu::device());
        let y = layer.forward(&x);
        assert_eq!(y.to_vec::<f32>(), [-0.25, -0.5, 3.0, -1.0]);
        y.sum().backward();
        assert_eq!(layer.weight.grad().unwrap().to_vec::<f32>(), [-1.0, -6.0]);
        assert_eq!(layer.parameters().len(), 1);
        assert_eq!(GLU.forward(&x).shape().dims(), [2, 1]);
    }
}
