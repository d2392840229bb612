//! `torch.nn.functional`.

use super::convert::{As, Dims, IntoValue};
use super::kinds::{Factors, Shape1d};
use super::{Entry, forms};
use crate::python::{PyError, guarded};
use autograd::{AdaptiveSize, ConvOptions, Each, PadMode, Padding, PoolOptions, Resize, Tensor};
use firebrand as torch;
use nn::Approximate;

/// `F.embedding`: the rows of `weight` that `input` names.
/// The row of `padding_idx` learns nothing.
fn embedding(input: &Tensor, weight: &Tensor, padding_idx: Option<isize>) -> Tensor {
    if let Some(at) = padding_idx {
        let rows = weight.dim(0) as isize;
        let row =
            torch::arange(0, rows as i64, 1).eq((at + if at < 0 { rows } else { 0 }) as i64).unsqueeze(1);
        return embedding(input, &row.where_(weight.detach(), weight), None);
    }
    let mut shape = input.shape().to_vec();
    shape.push(weight.dim(1));
    weight.index_select(0, &input.flatten(0, -1)).reshape(&shape)
}

/// `F.pad`: negative sizes cut off.
fn padded(x: &Tensor, sizes: &[isize], mode: &str, value: f64) -> Result<Tensor, PyError> {
    let mut x = x.clone();
    for (k, cut) in sizes.iter().map(|&s| (-s).max(0) as usize).enumerate() {
        let dim = -1 - (k / 2) as isize;
        if cut > 0 {
            x = x.narrow(dim, if k % 2 == 0 { cut } else { 0 }, x.dim(dim).saturating_sub(cut));
        }
    }
    let padding: &[usize] = &sizes.iter().map(|&s| s.max(0) as usize).collect::<Vec<_>>();
    let mode = match mode {
        "constant" => PadMode::Constant(value),
        "reflect" => PadMode::Reflect,
        "replicate" => PadMode::Replicate,
        "circular" => PadMode::Circular,
        other => return Err(PyError::missing(format!("Unrecognised padding mode {other}"))),
    };
    Ok(x.pad_mode(padding, mode))
}

/// The target of `F.interpolate` and `nn.Upsample`.
pub(super) fn resize(
    size: Option<Dims>,
    factor: Option<Factors>,
    mode: &str,
    align_corners: Option<bool>,
) -> Result<Resize, PyError> {
    let to = match (size, factor) {
        (Some(size), None) => Ok(size.0.iter().map(|&s| s.max(0) as usize).collect()),
        (None, Some(factor)) => Err(factor.0),
        _ => return Err(PyError::value("one of size and scale_factor must be given")),
    };
    let mode = guarded(|| mode.into())?;
    Ok(Resize { to, mode, align_corners: align_corners == Some(true) })
}

/// The fixtures' `bn_train`: the result, and the running statistics after it.
fn bn_train(x: &Tensor, [weight, bias, mean, var]: [&Tensor; 4], momentum: f64, eps: f64) -> Vec<Tensor> {
    let (mean, var) = (mean.copy(), var.copy());
    let y = x.batch_norm(Some(&mean), Some(&var), Some(weight), Some(bias), true, momentum, eps);
    vec![y, mean, var]
}

/// `F.gumbel_softmax`: a softmax of logits with Gumbel noise; `hard` ones are one-hot, with its gradient.
fn gumbel_softmax(logits: &Tensor, tau: f64, hard: bool, dim: isize) -> Tensor {
    let noise = -logits.detach().zeros_like().exponential_(1.0).log();
    let soft = ((logits + noise) / tau).softmax(dim);
    if !hard {
        return soft;
    }
    let one = soft.zeros_like().scatter_value(dim, &soft.argmax_dim(dim, true), 1.0);
    one - soft.detach() + soft
}

/// `F.dropout2d` and its like: whole channels go, with `spatial` dimensions behind them.
fn channel_dropout(x: &Tensor, p: f64, training: bool, spatial: usize) -> Tensor {
    if !training || p == 0.0 {
        return x.clone();
    }
    let mut shape = x.shape().to_vec();
    let kept = shape.len().saturating_sub(spatial);
    shape[kept..].fill(1);
    x * Tensor::ones(&shape[..], (x.dtype(), x.device())).dropout_mask(p)
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
        "F" selu(input: Tensor, inplace: bool = false) => input.selu();
        "F" celu(input: Tensor, alpha: f64 = 1.0, inplace: bool = false) => input.celu(alpha);
        "F" mish(input: Tensor, inplace: bool = false) => input.mish();
        "F" hardtanh(input: Tensor, min_val: f64 = -1.0, max_val: f64 = 1.0, inplace: bool = false) => input.hardtanh(min_val, max_val);
        "F" relu6(input: Tensor, inplace: bool = false) => input.relu6();
        "F" hardsigmoid(input: Tensor, inplace: bool = false) => input.hardsigmoid();
        "F" hardswish(input: Tensor, inplace: bool = false) => input.hardswish();
        "F" softsign(input: Tensor) => input.softsign();
        "F" tanhshrink(input: Tensor) => input.tanhshrink();
        "F" softshrink(input: Tensor, lambd: f64 = 0.5) => input.softshrink(lambd);
        "F" hardshrink(input: Tensor, lambd: f64 = 0.5) => input.hardshrink(lambd);
        "F" threshold(input: Tensor, threshold: f64, value: f64, inplace: bool = false) => input.threshold(threshold, value);
        "F" logsigmoid(input: Tensor) => input.logsigmoid();
        "F torch" prelu(input: Tensor, weight: Tensor) => input.prelu(&weight);
        "F" glu(input: Tensor, dim: isize = -1) => input.glu(dim);
        "F" softmin(input: Tensor, dim: isize) => input.softmin(dim);
        "F" normalize(input: Tensor, p: f64 = 2.0, dim: isize = 1, eps: f64 = 1e-12) => &input / input.norm_dim(p, dim, true).clamp_min(eps);
        "F" cosine_similarity(x1: Tensor, x2: Tensor, dim: isize = 1, eps: f64 = 1e-8) => x1.cosine_similarity(&x2, dim, eps);
        "F" pairwise_distance(x1: Tensor, x2: Tensor, p: f64 = 2.0, eps: f64 = 1e-6, keepdim: bool = false) => x1.pairwise_distance(&x2, p, eps, keepdim);
        "F" bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Option<Tensor> = None) => input1.bilinear(&input2, &weight, bias.as_ref());
        "F torch" rrelu(input: Tensor, lower: f64 = 1.0 / 8.0, upper: f64 = 1.0 / 3.0, training: bool = false, inplace: bool = false) => input.rrelu(lower, upper, training);
        "F" embedding(input: Tensor, weight: Tensor, padding_idx: Option<isize> = None, max_norm: Option<f64> = None, norm_type: f64 = 2.0) => { if let Some(max) = max_norm { weight.embedding_renorm_(&input, max, norm_type); } embedding(&input, &weight, padding_idx) };
        "F" softplus(input: Tensor, beta: f64 = 1.0, threshold: f64 = 20.0) => input.softplus(beta, threshold);
        "torch F Tensor special" softmax(input: Tensor, dim: isize, options: As) => options.of(input).softmax(dim);
        "torch F Tensor special" log_softmax(input: Tensor, dim: isize, options: As) => options.of(input).log_softmax(dim);
        "F" linear(input: Tensor, weight: Tensor, bias: Option<Tensor> = None) => input.linear(&weight, bias.as_ref());
        "F" one_hot(tensor: Tensor, num_classes: isize = -1) => tensor.one_hot(usize::try_from(num_classes).ok());
        "F torch" conv1d(input: Tensor, weight: Tensor, bias: Option<Tensor> = None, stride: Each<1> = 1.into(), padding: Padding<1> = 0.into(), dilation: Each<1> = 1.into(), groups: usize = 1) =>
            input.conv1d(&weight, bias.as_ref(), ConvOptions::new().stride(stride).padding(padding).dilation(dilation).groups(groups));
        "F torch" conv2d(input: Tensor, weight: Tensor, bias: Option<Tensor> = None, stride: Each<2> = 1.into(), padding: Padding<2> = 0.into(), dilation: Each<2> = 1.into(), groups: usize = 1) =>
            input.conv2d(&weight, bias.as_ref(), ConvOptions::new().stride(stride).padding(padding).dilation(dilation).groups(groups));
        "F torch" conv3d(input: Tensor, weight: Tensor, bias: Option<Tensor> = None, stride: Each<3> = 1.into(), padding: Padding<3> = 0.into(), dilation: Each<3> = 1.into(), groups: usize = 1) =>
            input.conv3d(&weight, bias.as_ref(), ConvOptions::new().stride(stride).padding(padding).dilation(dilation).groups(groups));
        "F torch" conv_transpose1d(input: Tensor, weight: Tensor, bias: Option<Tensor> = None, stride: Each<1> = 1.into(), padding: Padding<1> = 0.into(), output_padding: Each<1> = 0.into(), groups: usize = 1, dilation: Each<1> = 1.into()) =>
            input.conv_transpose1d(&weight, bias.as_ref(), ConvOptions::new().stride(stride).padding(padding).output_padding(output_padding).groups(groups).dilation(dilation));
        "F torch" conv_transpose2d(input: Tensor, weight: Tensor, bias: Option<Tensor> = None, stride: Each<2> = 1.into(), padding: Padding<2> = 0.into(), output_padding: Each<2> = 0.into(), groups: usize = 1, dilation: Each<2> = 1.into()) =>
            input.conv_transpose2d(&weight, bias.as_ref(), ConvOptions::new().stride(stride).padding(padding).output_padding(output_padding).groups(groups).dilation(dilation));
        "F torch" conv_transpose3d(input: Tensor, weight: Tensor, bias: Option<Tensor> = None, stride: Each<3> = 1.into(), padding: Padding<3> = 0.into(), output_padding: Each<3> = 0.into(), groups: usize = 1, dilation: Each<3> = 1.into()) =>
            input.conv_transpose3d(&weight, bias.as_ref(), ConvOptions::new().stride(stride).padding(padding).output_padding(output_padding).groups(groups).dilation(dilation));
        "F" max_pool1d(input: Tensor, kernel_size: Each<1>, stride: Option<Each<1>> = None, padding: Each<1> = 0.into(), dilation: Each<1> = 1.into(), ceil_mode: bool = false) =>
            input.max_pool1d(PoolOptions::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).dilation(dilation).ceil_mode(ceil_mode));
        "F" max_pool2d(input: Tensor, kernel_size: Each<2>, stride: Option<Each<2>> = None, padding: Each<2> = 0.into(), dilation: Each<2> = 1.into(), ceil_mode: bool = false) =>
            input.max_pool2d(PoolOptions::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).dilation(dilation).ceil_mode(ceil_mode));
        "F" max_pool3d(input: Tensor, kernel_size: Each<3>, stride: Option<Each<3>> = None, padding: Each<3> = 0.into(), dilation: Each<3> = 1.into(), ceil_mode: bool = false) =>
            input.max_pool3d(PoolOptions::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).dilation(dilation).ceil_mode(ceil_mode));
        "F" avg_pool1d(input: Tensor, kernel_size: Each<1>, stride: Option<Each<1>> = None, padding: Each<1> = 0.into(), ceil_mode: bool = false, count_include_pad: bool = true) =>
            input.avg_pool1d(PoolOptions::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).ceil_mode(ceil_mode).count_include_pad(count_include_pad));
        "F" avg_pool2d(input: Tensor, kernel_size: Each<2>, stride: Option<Each<2>> = None, padding: Each<2> = 0.into(), ceil_mode: bool = false, count_include_pad: bool = true, divisor_override: Option<usize> = None) =>
            input.avg_pool2d(PoolOptions::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).ceil_mode(ceil_mode).count_include_pad(count_include_pad).divisor_override(divisor_override));
        "F" avg_pool3d(input: Tensor, kernel_size: Each<3>, stride: Option<Each<3>> = None, padding: Each<3> = 0.into(), ceil_mode: bool = false, count_include_pad: bool = true, divisor_override: Option<usize> = None) =>
            input.avg_pool3d(PoolOptions::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).ceil_mode(ceil_mode).count_include_pad(count_include_pad).divisor_override(divisor_override));
        "F" max_pool2d(input: Tensor, kernel_size: Each<2>, stride: Option<Each<2>> = None, padding: Each<2> = 0.into(), dilation: Each<2> = 1.into(), ceil_mode: bool = false, return_indices: bool) =>
            { let options = PoolOptions::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).dilation(dilation).ceil_mode(ceil_mode); if return_indices { input.max_pool2d_with_indices(options).into_value() } else { input.max_pool2d(options).into_value() } };
        "F" max_pool1d(input: Tensor, kernel_size: Each<1>, stride: Option<Each<1>> = None, padding: Each<1> = 0.into(), dilation: Each<1> = 1.into(), ceil_mode: bool = false, return_indices: bool) =>
            { let options = PoolOptions::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).dilation(dilation).ceil_mode(ceil_mode); if return_indices { input.max_pool1d_with_indices(options).into_value() } else { input.max_pool1d(options).into_value() } };
        "F" gumbel_softmax(logits: Tensor, tau: f64 = 1.0, hard: bool = false, eps: f64 = 1e-10, dim: isize = -1) => gumbel_softmax(&logits, tau, hard, dim);
        "F" dropout1d(input: Tensor, p: f64 = 0.5, training: bool = true, inplace: bool = false) => channel_dropout(&input, p, training, 1);
        "F" dropout2d(input: Tensor, p: f64 = 0.5, training: bool = true, inplace: bool = false) => channel_dropout(&input, p, training, 2);
        "F" dropout3d(input: Tensor, p: f64 = 0.5, training: bool = true, inplace: bool = false) => channel_dropout(&input, p, training, 3);
        "F" alpha_dropout(input: Tensor, p: f64 = 0.5, training: bool = false, inplace: bool = false) => input.alpha_dropout(p, training);
        "F" feature_alpha_dropout(input: Tensor, p: f64 = 0.5, training: bool = false, inplace: bool = false) => input.feature_alpha_dropout(p, training);
        "F" adaptive_avg_pool1d(input: Tensor, output_size: AdaptiveSize<1>) => input.adaptive_avg_pool1d(output_size);
        "F" adaptive_avg_pool2d(input: Tensor, output_size: AdaptiveSize<2>) => input.adaptive_avg_pool2d(output_size);
        "F" adaptive_avg_pool3d(input: Tensor, output_size: AdaptiveSize<3>) => input.adaptive_avg_pool3d(output_size);
        "F" adaptive_max_pool1d(input: Tensor, output_size: AdaptiveSize<1>) => input.adaptive_max_pool1d(output_size);
        "F" adaptive_max_pool2d(input: Tensor, output_size: AdaptiveSize<2>) => input.adaptive_max_pool2d(output_size);
        "F" adaptive_max_pool3d(input: Tensor, output_size: AdaptiveSize<3>) => input.adaptive_max_pool3d(output_size);
        "F" unfold(input: Tensor, kernel_size: Each<2>, dilation: Each<2> = 1.into(), padding: Each<2> = 0.into(), stride: Each<2> = 1.into()) => input.im2col(kernel_size, dilation, padding, stride);
        "F" fold(input: Tensor, output_size: Each<2>, kernel_size: Each<2>, dilation: Each<2> = 1.into(), padding: Each<2> = 0.into(), stride: Each<2> = 1.into()) => input.col2im(output_size, kernel_size, dilation, padding, stride);
        "F" lp_pool1d(input: Tensor, norm_type: f64, kernel_size: Each<1>, stride: Option<Each<1>> = None, ceil_mode: bool = false) => input.lp_pool_nd(norm_type, PoolOptions::new(kernel_size).stride(stride.unwrap_or(kernel_size)).ceil_mode(ceil_mode));
        "F" lp_pool2d(input: Tensor, norm_type: f64, kernel_size: Each<2>, stride: Option<Each<2>> = None, ceil_mode: bool = false) => input.lp_pool_nd(norm_type, PoolOptions::new(kernel_size).stride(stride.unwrap_or(kernel_size)).ceil_mode(ceil_mode));
        "F torch" channel_shuffle(input: Tensor, groups: usize) => input.channel_shuffle(groups);
        "F" pixel_shuffle(input: Tensor, upscale_factor: usize) => input.pixel_shuffle(upscale_factor);
        "F" pixel_unshuffle(input: Tensor, downscale_factor: usize) => input.pixel_unshuffle(downscale_factor);
        "F" upsample(input: Tensor, size: Option<Dims> = None, scale_factor: Option<Factors> = None, mode: String = "nearest".into(), align_corners: Option<bool> = None) =>
            resize(size, scale_factor, &mode, align_corners).map(|to| input.interpolate(&to));
        "F" interpolate(input: Tensor, size: Option<Dims> = None, scale_factor: Option<Factors> = None, mode: String = "nearest".into(), align_corners: Option<bool> = None) =>
            resize(size, scale_factor, &mode, align_corners).map(|to| input.interpolate(&to));
        "F" grid_sample(input: Tensor, grid: Tensor, mode: String = "bilinear".into(), padding_mode: String = "zeros".into(), align_corners: Option<bool> = None) => input.grid_sample(&grid, &*mode, &*padding_mode, align_corners == Some(true));
        "F" affine_grid(theta: Tensor, size: Shape1d, align_corners: Option<bool> = None) => theta.affine_grid(&size.0, align_corners == Some(true));
        "F" batch_norm(input: Tensor, running_mean: Option<Tensor>, running_var: Option<Tensor>, weight: Option<Tensor> = None, bias: Option<Tensor> = None, training: bool = false, momentum: f64 = 0.1, eps: f64 = 1e-5) =>
            input.batch_norm(running_mean.as_ref(), running_var.as_ref(), weight.as_ref(), bias.as_ref(), training, momentum, eps);
        "F" instance_norm(input: Tensor, running_mean: Option<Tensor> = None, running_var: Option<Tensor> = None, weight: Option<Tensor> = None, bias: Option<Tensor> = None, use_input_stats: bool = true, momentum: f64 = 0.1, eps: f64 = 1e-5) =>
            input.instance_norm(running_mean.as_ref(), running_var.as_ref(), weight.as_ref(), bias.as_ref(), use_input_stats, momentum, eps);
        "F" layer_norm(input: Tensor, normalized_shape: Shape1d, weight: Option<Tensor> = None, bias: Option<Tensor> = None, eps: f64 = 1e-5) =>
            input.layer_norm(&normalized_shape.0, weight.as_ref(), bias.as_ref(), eps);
        "F" rms_norm(input: Tensor, normalized_shape: Shape1d, weight: Option<Tensor> = None, eps: Option<f64> = None) => input.rms_norm(&normalized_shape.0, weight.as_ref(), eps);
        "F" group_norm(input: Tensor, num_groups: usize, weight: Option<Tensor> = None, bias: Option<Tensor> = None, eps: f64 = 1e-5) => input.group_norm(num_groups, weight.as_ref(), bias.as_ref(), eps);
        "F" local_response_norm(input: Tensor, size: usize, alpha: f64 = 1e-4, beta: f64 = 0.75, k: f64 = 1.0) => input.local_response_norm(size, alpha, beta, k);
        "F" dropout(input: Tensor, p: f64 = 0.5, training: bool = true, inplace: bool = false) => input.dropout(p, training);
        "helpers" bn_train(x: Tensor, weight: Tensor, bias: Tensor, running_mean: Tensor, running_var: Tensor, momentum: f64, eps: f64) =>
            bn_train(&x, [&weight, &bias, &running_mean, &running_var], momentum, eps);
        "helpers" dropout_seeded(x: Tensor, p: f64, seed: i64) => { firebrand::manual_seed(seed); x.dropout(p, true) };
        "F" pad(input: Tensor, pad: Vec<isize>, mode: String = "constant".into(), value: Option<f64> = None) => padded(&input, &pad, &mode, value.unwrap_or(0.0));
    }
}
