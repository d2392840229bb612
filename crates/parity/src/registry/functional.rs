//! `torch.nn.functional`.

use super::{Entry, forms};
use autograd::Tensor;

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    forms! {
        "F" relu(input: Tensor, inplace: bool = false) => input.relu();
        "F" gelu(input: Tensor, approximate: String = "none".into()) => if approximate == "tanh" { input.gelu_tanh() } else { input.gelu() };
        "F" silu(input: Tensor, inplace: bool = false) => input.silu();
        "F" sigmoid(input: Tensor) => input.sigmoid();
        "F" tanh(input: Tensor) => input.tanh();
        "F" leaky_relu(input: Tensor, negative_slope: f64 = 0.01, inplace: bool = false) => input.leaky_relu(negative_slope);
        "F" elu(input: Tensor, alpha: f64 = 1.0, inplace: bool = false) => input.elu(alpha);
        "F" softplus(input: Tensor, beta: f64 = 1.0, threshold: f64 = 20.0) => input.softplus(beta, threshold);
        "torch F Tensor" softmax(input: Tensor, dim: isize) => input.softmax(dim);
        "torch F Tensor" log_softmax(input: Tensor, dim: isize) => input.log_softmax(dim);
        "F" linear(input: Tensor, weight: Tensor, bias: Option<Tensor> = None) => input.linear(&weight, bias.as_ref());
        "F" one_hot(tensor: Tensor, num_classes: usize) => tensor.one_hot(num_classes);
        "F" pad(input: Tensor, pad: Vec<usize>, mode: String = "constant".into(), value: f64 = 0.0) => input.pad(&pad, value);
    }
}
