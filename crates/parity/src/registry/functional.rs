//! `torch.nn.functional`.

use super::{Entry, forms};
use super::convert::Shape1d;
use autograd::Tensor;
use nn::Approximate;

/// The fixtures' `bn_train`: the result, and the running statistics after it.
fn bn_train(x: &Tensor, [weight, bias, mean, var]: [&Tensor; 4], momentum: f64, eps: f64) -> Vec<Tensor> {
    let (mean, var) = (mean.copy(), var.copy());
    let y = x.batch_norm(Some(&mean), Some(&var), Some(weight), Some(bias), true, momentum, eps);
    vec![y, mean, var]
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    forms! {
        "F" relu(input: Tensor, inplace: bool = false) => input.relu();
        "F" gelu(input: Tensor) => input.gelu();
        "F" gelu(input: Tensor, approximate: Approximate) => if approximate == Approximate::Tanh { input.gelu_tanh() } else { input.gelu() };
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
        "F" batch_norm(input: Tensor, running_mean: Option<Tensor>, running_var: Option<Tensor>, weight: Option<Tensor> = None, bias: Option<Tensor> = None, training: bool = false, momentum: f64 = 0.1, eps: f64 = 1e-5) =>
            input.batch_norm(running_mean.as_ref(), running_var.as_ref(), weight.as_ref(), bias.as_ref(), training, momentum, eps);
        "F" instance_norm(input: Tensor, running_mean: Option<Tensor> = None, running_var: Option<Tensor> = None, weight: Option<Tensor> = None, bias: Option<Tensor> = None, use_input_stats: bool = true, momentum: f64 = 0.1, eps: f64 = 1e-5) =>
            input.instance_norm(running_mean.as_ref(), running_var.as_ref(), weight.as_ref(), bias.as_ref(), use_input_stats, momentum, eps);
        "F" layer_norm(input: Tensor, normalized_shape: Shape1d, weight: Option<Tensor> = None, bias: Option<Tensor> = None, eps: f64 = 1e-5) =>
            input.layer_norm(&normalized_shape.0, weight.as_ref(), bias.as_ref(), eps);
        "F" rms_norm(input: Tensor, normalized_shape: Shape1d, weight: Option<Tensor> = None, eps: Option<f64> = None) => input.rms_norm(&normalized_shape.0, weight.as_ref(), eps);
        "F" group_norm(input: Tensor, num_groups: usize, weight: Option<Tensor> = None, bias: Option<Tensor> = None, eps: f64 = 1e-5) => input.group_norm(num_groups, weight.as_ref(), bias.as_ref(), eps);
        "F" dropout(input: Tensor, p: f64 = 0.5, training: bool = true, inplace: bool = false) => if training && p > 0.0 { &input * input.dropout_mask(p) } else { input };
        "helpers" bn_train(x: Tensor, weight: Tensor, bias: Tensor, running_mean: Tensor, running_var: Tensor, momentum: f64, eps: f64) =>
            bn_train(&x, [&weight, &bias, &running_mean, &running_var], momentum, eps);
        "helpers" dropout_seeded(x: Tensor, p: f64, seed: i64) => { firebrand::manual_seed(seed); &x * x.dropout_mask(p) };
        "F" pad(input: Tensor, pad: Vec<usize>, mode: String = "constant".into(), value: f64 = 0.0) => input.pad(&pad, value);
    }
}
