//! Layers that few networks have, forward and backward, and clipping.

use super::{Outcome, Pair};
use firebrand::nn::{self, Module};
use firebrand::{ConvOptions, DType, Tensor, cpu, no_grad};

pub fn all(pair: &mut Pair) -> Outcome {
    layer(pair)
}

fn module(pair: &mut Pair, name: &'static str, code: &str, size: &[usize], m: impl Module) -> Outcome {
    let x = Tensor::randn(size.to_vec(), &cpu()).requires_grad_(true);
    pair.section(name, &format!("m = nn.{code}\nx = torch.randn({size:?}, requires_grad=True)"))?;
    pair.case("with torch.no_grad(): m(x)", || no_grad(|| m.forward(&x)))?;
    pair.case("x.grad = None\nm.zero_grad()\nm(x).sum().backward()", || {
        x.zero_grad();
        m.zero_grad();
        m.forward(&x).sum().backward();
    })
}

fn layer(pair: &mut Pair) -> Outcome {
    let d = &cpu();
    module(pair, "module GroupNorm", "GroupNorm(8, 32)", &[16, 32, 28, 28], nn::GroupNorm::new(8, 32, d))?;
    module(
        pair,
        "module InstanceNorm2d",
        "InstanceNorm2d(32, affine=True)",
        &[16, 32, 28, 28],
        nn::InstanceNorm2d::new(32, d).affine(true),
    )?;
    module(pair, "module LayerNorm 64", "LayerNorm(64)", &[4096, 64], nn::LayerNorm::new(64, d))?;
    module(pair, "module LayerNorm 4096", "LayerNorm(4096)", &[64, 4096], nn::LayerNorm::new(4096, d))?;
    module(pair, "module LayerNorm 10", "LayerNorm(10)", &[10000, 10], nn::LayerNorm::new(10, d))?;
    module(pair, "module BatchNorm1d", "BatchNorm1d(512)", &[256, 512], nn::BatchNorm1d::new(512, d))?;
    let m = nn::BatchNorm2d::new(32, d);
    m.eval();
    module(pair, "module BatchNorm2d eval", "BatchNorm2d(32).eval()", &[16, 32, 28, 28], m)?;
    module(pair, "module RMSNorm", "RMSNorm(512)", &[256, 512], nn::RMSNorm::new(512, d))?;
    module(pair, "module LRN", "LocalResponseNorm(5)", &[16, 32, 14, 14], nn::LocalResponseNorm::new(5))?;
    module(
        pair,
        "module AvgPool2d",
        "AvgPool2d(3, 2, 1)",
        &[16, 32, 28, 28],
        nn::AvgPool2d::new(3).stride(2).padding(1),
    )?;
    module(pair, "module AvgPool1d", "AvgPool1d(4)", &[16, 32, 784], nn::AvgPool1d::new(4))?;
    module(pair, "module MaxPool1d", "MaxPool1d(4)", &[16, 32, 784], nn::MaxPool1d::new(4))?;
    module(pair, "module MaxPool3d", "MaxPool3d(2)", &[4, 16, 16, 28, 28], nn::MaxPool3d::new(2))?;
    module(
        pair,
        "module AdaptiveAvgPool2d 1",
        "AdaptiveAvgPool2d(1)",
        &[16, 64, 14, 14],
        nn::AdaptiveAvgPool2d::new(1),
    )?;
    module(
        pair,
        "module AdaptiveAvgPool2d 5",
        "AdaptiveAvgPool2d(5)",
        &[16, 64, 14, 14],
        nn::AdaptiveAvgPool2d::new(5),
    )?;
    module(
        pair,
        "module AdaptiveMaxPool2d 5",
        "AdaptiveMaxPool2d(5)",
        &[16, 64, 14, 14],
        nn::AdaptiveMaxPool2d::new(5),
    )?;
    module(pair, "module LPPool2d", "LPPool2d(2, 2)", &[16, 32, 28, 28], nn::LPPool2d::new(2.0, 2))?;
    module(
        pair,
        "module Conv1d",
        "Conv1d(32, 64, 5, padding=2)",
        &[16, 32, 256],
        nn::Conv1d::new(32, 64, 5, d).padding(2),
    )?;
    module(
        pair,
        "module Conv3d",
        "Conv3d(8, 16, 3, padding=1)",
        &[2, 8, 16, 16, 16],
        nn::Conv3d::new(8, 16, 3, d).padding(1),
    )?;
    module(
        pair,
        "module Conv2d s2",
        "Conv2d(32, 64, 3, stride=2, padding=1)",
        &[16, 32, 28, 28],
        nn::Conv2d::new(32, 64, 3, d).stride(2).padding(1),
    )?;
    module(pair, "module Conv2d 1x1", "Conv2d(64, 64, 1)", &[16, 64, 28, 28], nn::Conv2d::new(64, 64, 1, d))?;
    module(
        pair,
        "module ConvT2d",
        "ConvTranspose2d(64, 32, 2, stride=2)",
        &[16, 64, 14, 14],
        nn::ConvTranspose2d::new(64, 32, 2, d).stride(2),
    )?;
    module(
        pair,
        "module ConvT2d 4",
        "ConvTranspose2d(64, 32, 4, stride=2, padding=1)",
        &[16, 64, 14, 14],
        nn::ConvTranspose2d::new(64, 32, 4, d).stride(2).padding(1),
    )?;
    module(
        pair,
        "module grouped",
        "Conv2d(64, 64, 3, padding=1, groups=4)",
        &[16, 64, 14, 14],
        nn::Conv2d::with(64, 64, 3, ConvOptions::new().padding(1).groups(4), true, d),
    )?;
    let up = |mode| nn::Upsample::new(firebrand::Resize::scale_factor([2.0, 2.0]).mode(mode));
    module(pair, "module up nearest", "Upsample(scale_factor=2)", &[16, 32, 14, 14], up("nearest"))?;
    module(
        pair,
        "module up bilinear",
        "Upsample(scale_factor=2, mode='bilinear')",
        &[16, 32, 14, 14],
        up("bilinear"),
    )?;
    module(
        pair,
        "module up bicubic",
        "Upsample(scale_factor=2, mode='bicubic')",
        &[16, 32, 14, 14],
        up("bicubic"),
    )?;
    module(pair, "module PixelShuffle", "PixelShuffle(2)", &[16, 32, 28, 28], nn::PixelShuffle::new(2))?;
    module(pair, "module Unfold", "Unfold(3)", &[16, 16, 28, 28], nn::Unfold::new(3))?;
    module(pair, "module Fold", "Fold(28, 3)", &[16, 144, 676], nn::Fold::new(28, 3))?;
    module(pair, "module Dropout", "Dropout(0.5)", &[256, 512], nn::Dropout::new(0.5))?;
    module(
        pair,
        "module ReflectionPad2d",
        "ReflectionPad2d(2)",
        &[16, 32, 28, 28],
        nn::ReflectionPad2d::new(2),
    )?;
    let x = Tensor::randn([28, 64, 28], d);
    let made = "\nx = torch.randn(28, 64, 28)";
    let code = "with torch.no_grad(): m(x)";
    pair.section("module LSTM", &format!("m = nn.LSTM(28, 128){made}"))?;
    let m = nn::LSTM::new(28, 128, d);
    pair.case(code, || no_grad(|| m.forward(&x)))?;
    pair.section("module GRU", &format!("m = nn.GRU(28, 128){made}"))?;
    let m = nn::GRU::new(28, 128, d);
    pair.case(code, || no_grad(|| m.forward(&x)))?;
    pair.section("module RNN", &format!("m = nn.RNN(28, 128){made}"))?;
    let m = nn::RNN::new(28, 128, d);
    pair.case(code, || no_grad(|| m.forward(&x)))?;
    pair.section("module Embedding", "m = nn.Embedding(10000, 128)\nx = torch.randint(0, 10000, (64, 32))")?;
    let m = nn::Embedding::new(10000, 128, d);
    let x = Tensor::randint(0, 10000, [64, 32], (DType::I64, d));
    pair.case(code, || no_grad(|| m.forward(&x)))?;
    let m = nn::Linear::new(512, 512, d);
    m.forward(&Tensor::randn([64, 512], d)).sum().backward();
    let parameters = m.parameters();
    pair.section(
        "module clip",
        "m = nn.Linear(512, 512)\nm(torch.randn(64, 512)).sum().backward()\nps = list(m.parameters())",
    )?;
    pair.case("nn.utils.clip_grad_norm_(ps, 1.)", || firebrand::optim::clip_grad_norm_(&parameters, 1.0))?;
    pair.case("nn.utils.clip_grad_value_(ps, 1.)", || firebrand::optim::clip_grad_value_(&parameters, 1.0))
}
