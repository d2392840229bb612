//! Initialisers: new values for a tensor, in place, PyTorch's draws in PyTorch's order.
//!
//! Bounds are computed in double precision and rounded once (He et al. 2015; Glorot & Bengio 2010).

use autograd::{Tensor, no_grad};
use tensor_core::Shape;

/// Which size a variance is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fan {
    /// Inputs of one unit: the variance of activations is kept.
    In,
    /// Outputs that one unit feeds: the variance of gradients is kept.
    Out,
}

/// `(fan_in, fan_out)` of a weight `[out, in, …]`.
///
/// # Panics
/// With fewer than two dimensions.
#[track_caller]
pub fn fans(shape: &Shape) -> (usize, usize) {
    assert!(shape.rank() >= 2, "init: fan in and out need two dimensions, shape is {shape}");
    let field: usize = shape[2..].iter().product();
    (shape[1] * field, shape[0] * field)
}

/// √(2/(1 + a²)), the gain of a leaky ReLU of slope `a`; √2 for ReLU.
pub fn leaky_relu_gain(a: f64) -> f64 {
    (2.0 / (1.0 + a * a)).sqrt()
}

/// Uniform in [low, high).
pub fn uniform_(t: &Tensor, low: f64, high: f64) {
    no_grad(|| t.copy_(&Tensor::uniform(*t.shape(), low, high, (t.dtype(), t.device()))));
}

/// Normal of a mean and a standard deviation.
pub fn normal_(t: &Tensor, mean: f64, std: f64) {
    no_grad(|| t.copy_(&Tensor::normal(*t.shape(), mean, std, (t.dtype(), t.device()))));
}

/// One value.
pub fn constant_(t: &Tensor, value: f64) {
    no_grad(|| t.fill_(value));
}

/// Zeros.
pub fn zeros_(t: &Tensor) {
    constant_(t, 0.0);
}

/// Ones.
pub fn ones_(t: &Tensor) {
    constant_(t, 1.0);
}

fn pick(t: &Tensor, fan: Fan) -> f64 {
    let (fan_in, fan_out) = fans(t.shape());
    (if fan == Fan::In { fan_in } else { fan_out }) as f64
}

/// Uniform in ±√3·gain/√fan, the gain being a leaky ReLU's of slope `a`.
#[track_caller]
pub fn kaiming_uniform_(t: &Tensor, a: f64, fan: Fan) {
    let bound = 3f64.sqrt() * (leaky_relu_gain(a) / pick(t, fan).sqrt());
    uniform_(t, -bound, bound);
}

/// Normal of standard deviation gain/√fan.
#[track_caller]
pub fn kaiming_normal_(t: &Tensor, a: f64, fan: Fan) {
    normal_(t, 0.0, leaky_relu_gain(a) / pick(t, fan).sqrt());
}

/// gain·√(2/(fan_in + fan_out))
#[track_caller]
fn xavier(t: &Tensor, gain: f64) -> f64 {
    let (fan_in, fan_out) = fans(t.shape());
    gain * (2.0 / (fan_in + fan_out) as f64).sqrt()
}

/// Uniform in ±√3·gain·√(2/(fan_in + fan_out)).
#[track_caller]
pub fn xavier_uniform_(t: &Tensor, gain: f64) {
    let bound = 3f64.sqrt() * xavier(t, gain);
    uniform_(t, -bound, bound);
}

/// Normal of standard deviation gain·√(2/(fan_in + fan_out)).
#[track_caller]
pub fn xavier_normal_(t: &Tensor, gain: f64) {
    normal_(t, 0.0, xavier(t, gain));
}
