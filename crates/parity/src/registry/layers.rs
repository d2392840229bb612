//! `torch.nn`: borders, other sizes and places, pools, the rarer activations, layers of two inputs.

use super::convert::{Dims, Ints};
use super::functional::resize;
use super::kinds::Factors;
use super::sequences::Of;
use super::{Entry, forms};
use crate::modules::ModuleRef;
use autograd::{AdaptiveSize, Each, Tensor};
use firebrand::device;
use nn::{BagMode, Sides, embedding_bag};
use tensor_core::Scalar;

/// Where bags start.
fn offsets(of: &Tensor) -> Vec<usize> {
    of.to_vec::<i64>().into_iter().map(|at| usize::try_from(at).unwrap_or(usize::MAX)).collect()
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    let mut all = forms! { via ModuleRef::new;
        "nn" ZeroPad1d(padding: Sides) => nn::ZeroPad1d::new(padding);
        "nn" ZeroPad2d(padding: Sides) => nn::ZeroPad2d::new(padding);
        "nn" ZeroPad3d(padding: Sides) => nn::ZeroPad3d::new(padding);
        "nn" ReflectionPad1d(padding: Sides) => nn::ReflectionPad1d::new(padding);
        "nn" ReflectionPad2d(padding: Sides) => nn::ReflectionPad2d::new(padding);
        "nn" ReflectionPad3d(padding: Sides) => nn::ReflectionPad3d::new(padding);
        "nn" ReplicationPad1d(padding: Sides) => nn::ReplicationPad1d::new(padding);
        "nn" ReplicationPad2d(padding: Sides) => nn::ReplicationPad2d::new(padding);
        "nn" ReplicationPad3d(padding: Sides) => nn::ReplicationPad3d::new(padding);
        "nn" CircularPad1d(padding: Sides) => nn::CircularPad1d::new(padding);
        "nn" CircularPad2d(padding: Sides) => nn::CircularPad2d::new(padding);
        "nn" CircularPad3d(padding: Sides) => nn::CircularPad3d::new(padding);
        "nn" ConstantPad1d(padding: Sides, value: f64) => nn::ConstantPad1d::new(padding, value);
        "nn" ConstantPad2d(padding: Sides, value: f64) => nn::ConstantPad2d::new(padding, value);
        "nn" ConstantPad3d(padding: Sides, value: f64) => nn::ConstantPad3d::new(padding, value);
        "nn" MaxPool1d(kernel_size: Each<1>, stride: Option<Each<1>> = None, padding: Each<1> = 0.into(), dilation: Each<1> = 1.into(), ceil_mode: bool = false) =>
            nn::MaxPool1d::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).dilation(dilation).ceil_mode(ceil_mode);
        "nn" AvgPool1d(kernel_size: Each<1>, stride: Option<Each<1>> = None, padding: Each<1> = 0.into(), ceil_mode: bool = false, count_include_pad: bool = true) =>
            nn::AvgPool1d::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).ceil_mode(ceil_mode).count_include_pad(count_include_pad);
        "nn" AdaptiveAvgPool1d(output_size: AdaptiveSize<1>) => nn::AdaptiveAvgPool1d::new(output_size);
        "nn" AdaptiveMaxPool1d(output_size: AdaptiveSize<1>) => nn::AdaptiveMaxPool1d::new(output_size);
        "nn" LPPool1d(norm_type: Scalar, kernel_size: Each<1>, stride: Option<Each<1>> = None, ceil_mode: bool = false) => {
            let pool = nn::LPPool1d::new(norm_type, kernel_size).ceil_mode(ceil_mode);
            if let Some(stride) = stride { pool.stride(stride) } else { pool }
        };
        "nn" MaxPool2d(kernel_size: Each<2>, stride: Option<Each<2>> = None, padding: Each<2> = 0.into(), dilation: Each<2> = 1.into(), ceil_mode: bool = false) =>
            nn::MaxPool2d::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).dilation(dilation).ceil_mode(ceil_mode);
        "nn" AvgPool2d(kernel_size: Each<2>, stride: Option<Each<2>> = None, padding: Each<2> = 0.into(), ceil_mode: bool = false, count_include_pad: bool = true, divisor_override: Option<usize> = None) =>
            nn::AvgPool2d::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).ceil_mode(ceil_mode).count_include_pad(count_include_pad).divisor_override(divisor_override);
        "nn" AdaptiveAvgPool2d(output_size: AdaptiveSize<2>) => nn::AdaptiveAvgPool2d::new(output_size);
        "nn" AdaptiveMaxPool2d(output_size: AdaptiveSize<2>) => nn::AdaptiveMaxPool2d::new(output_size);
        "nn" LPPool2d(norm_type: Scalar, kernel_size: Each<2>, stride: Option<Each<2>> = None, ceil_mode: bool = false) => {
            let pool = nn::LPPool2d::new(norm_type, kernel_size).ceil_mode(ceil_mode);
            if let Some(stride) = stride { pool.stride(stride) } else { pool }
        };
        "nn" MaxPool3d(kernel_size: Each<3>, stride: Option<Each<3>> = None, padding: Each<3> = 0.into(), dilation: Each<3> = 1.into(), ceil_mode: bool = false) =>
            nn::MaxPool3d::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).dilation(dilation).ceil_mode(ceil_mode);
        "nn" AvgPool3d(kernel_size: Each<3>, stride: Option<Each<3>> = None, padding: Each<3> = 0.into(), ceil_mode: bool = false, count_include_pad: bool = true, divisor_override: Option<usize> = None) =>
            nn::AvgPool3d::new(kernel_size).stride(stride.unwrap_or(kernel_size)).padding(padding).ceil_mode(ceil_mode).count_include_pad(count_include_pad).divisor_override(divisor_override);
        "nn" AdaptiveAvgPool3d(output_size: AdaptiveSize<3>) => nn::AdaptiveAvgPool3d::new(output_size);
        "nn" AdaptiveMaxPool3d(output_size: AdaptiveSize<3>) => nn::AdaptiveMaxPool3d::new(output_size);
        "nn" LPPool3d(norm_type: Scalar, kernel_size: Each<3>, stride: Option<Each<3>> = None, ceil_mode: bool = false) => {
            let pool = nn::LPPool3d::new(norm_type, kernel_size).ceil_mode(ceil_mode);
            if let Some(stride) = stride { pool.stride(stride) } else { pool }
        };
        "nn" Unfold(kernel_size: Each<2>, dilation: Each<2> = 1.into(), padding: Each<2> = 0.into(), stride: Each<2> = 1.into()) => nn::Unfold::new(kernel_size).dilation(dilation).padding(padding).stride(stride);
        "nn" Fold(output_size: Each<2>, kernel_size: Each<2>, dilation: Each<2> = 1.into(), padding: Each<2> = 0.into(), stride: Each<2> = 1.into()) => nn::Fold::new(output_size, kernel_size).dilation(dilation).padding(padding).stride(stride);
        "nn" PixelShuffle(upscale_factor: usize) => nn::PixelShuffle::new(upscale_factor);
        "nn" PixelUnshuffle(downscale_factor: usize) => nn::PixelUnshuffle::new(downscale_factor);
        "nn" ChannelShuffle(groups: usize) => nn::ChannelShuffle::new(groups);
        "nn" Unflatten(dim: isize, unflattened_size: Ints) => nn::Unflatten::new(dim, unflattened_size.0);
        "nn" GLU(dim: isize = -1) => nn::GLU { dim };
        "nn" SELU(inplace: bool = false) => nn::SELU.inplace(inplace);
        "nn" CELU(alpha: Scalar = 1.0.into(), inplace: bool = false) => nn::CELU::new(alpha).inplace(inplace);
        "nn" Mish(inplace: bool = false) => nn::Mish.inplace(inplace);
        "nn" Hardswish(inplace: bool = false) => nn::Hardswish;
        "nn" Hardsigmoid(inplace: bool = false) => nn::Hardsigmoid;
        "nn" Hardtanh(min_val: Scalar = (-1.0).into(), max_val: Scalar = 1.0.into(), inplace: bool = false) => nn::Hardtanh::new(min_val, max_val).inplace(inplace);
        "nn" ReLU6(inplace: bool = false) => nn::ReLU6.inplace(inplace);
        "nn" Softsign() => nn::Softsign;
        "nn" Tanhshrink() => nn::Tanhshrink;
        "nn" Softshrink(lambd: Scalar = 0.5.into()) => nn::Softshrink::new(lambd);
        "nn" Hardshrink(lambd: Scalar = 0.5.into()) => nn::Hardshrink::new(lambd);
        "nn" LogSigmoid() => nn::LogSigmoid;
        "nn" Threshold(threshold: Scalar, value: Scalar, inplace: bool = false) => nn::Threshold::new(threshold, value).inplace(inplace);
        "nn" RReLU(lower: Scalar = (1.0 / 8.0).into(), upper: Scalar = (1.0 / 3.0).into(), inplace: bool = false) => nn::RReLU::new(lower, upper).inplace(inplace);
        "nn" PReLU(num_parameters: usize = 1, init: f64 = 0.25) => nn::PReLU::new(num_parameters, &device()).init(init);
        "nn" Softmin(dim: Option<isize> = None) => nn::Softmin { dim };
        "nn" Softmax2d() => nn::Softmax2d;
        "nn" Bilinear(in1_features: usize, in2_features: usize, out_features: usize, bias: bool = true) => if bias { nn::Bilinear::new(in1_features, in2_features, out_features, &device()) } else { nn::Bilinear::without_bias(in1_features, in2_features, out_features, &device()) };
        "nn" EmbeddingBag(num_embeddings: usize, embedding_dim: usize, mode: BagMode = BagMode::Mean) => nn::EmbeddingBag::new(num_embeddings, embedding_dim, &device()).mode(mode);
    };
    all.extend(forms! {
        "nn" Upsample(size: Option<Dims> = None, scale_factor: Option<Factors> = None, mode: String = "nearest".into(), align_corners: Option<bool> = None) => resize(size, scale_factor, &mode, align_corners).map(|to| ModuleRef::new(nn::Upsample::new(to)));
        "nn" UpsamplingNearest2d(size: Option<Dims> = None, scale_factor: Option<Factors> = None) => resize(size, scale_factor, "nearest", None).map(|to| ModuleRef::new(nn::UpsamplingNearest2d::new(to)));
        "nn" UpsamplingBilinear2d(size: Option<Dims> = None, scale_factor: Option<Factors> = None) => resize(size, scale_factor, "bilinear", Some(true)).map(|to| ModuleRef::new(nn::UpsamplingBilinear2d::new(to)));
        "nn.Bilinear" forward(module: Of<nn::Bilinear>, input1: Tensor, input2: Tensor) => module.forward_pair(&input1, &input2);
        "nn.EmbeddingBag" forward(module: Of<nn::EmbeddingBag>, input: Tensor, offsets: Tensor) => module.forward_offsets(&input, &self::offsets(&offsets));
        "nn.EmbeddingBag" forward(module: Of<nn::EmbeddingBag>, input: Tensor, offsets: Option<Tensor> = None, per_sample_weights: Tensor) => module.forward_weighted(&input, offsets.map(|o| self::offsets(&o)).as_deref(), &per_sample_weights);
        "nn.EmbeddingBag" forward(module: ModuleRef, input: Tensor) => module.get().forward(&input);
        "F" embedding_bag(input: Tensor, weight: Tensor, offsets: Option<Tensor> = None, mode: BagMode = BagMode::Mean, per_sample_weights: Option<Tensor> = None) => embedding_bag(&input, &weight, offsets.map(|o| self::offsets(&o)).as_deref(), mode, per_sample_weights.as_ref());
        "nn" Parameter(data: Tensor, requires_grad: bool = true) => data.into_parameter().requires_grad_(requires_grad);
    });
    all
}
