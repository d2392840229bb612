//! Layers, losses and small networks, forward and backward, as they are trained.

use super::{Outcome, Pair};
use firebrand::nn::loss::{Reduction, binary_cross_entropy_with_logits, mse_loss, smooth_l1_loss};
use firebrand::nn::{self, Module};
use firebrand::{ConvOptions, DType, Tensor, cpu};

pub fn all(pair: &mut Pair) -> Outcome {
    convolutions(pair)?;
    norms(pair)?;
    sequences(pair)?;
    losses(pair)
}

/// A step without the optimizer: the gradients of a sum over the layer's answers.
fn step(layer: &impl Module, x: &Tensor) {
    layer.zero_grad();
    layer.forward(x).sum().backward();
}

const STEP: &str = "m.zero_grad()\nm(x).sum().backward()";

fn convolutions(pair: &mut Pair) -> Outcome {
    let device = &cpu();
    let sizes = [
        ("conv 1-16 28² b64", 1, 16, 28, 64, "c, o, s, n = 1, 16, 28, 64"),
        ("conv 16-32 14² b64", 16, 32, 14, 64, "c, o, s, n = 16, 32, 14, 64"),
        ("conv 64-64 28² b16", 64, 64, 28, 16, "c, o, s, n = 64, 64, 28, 16"),
        ("conv 128-128 14² b16", 128, 128, 14, 16, "c, o, s, n = 128, 128, 14, 16"),
        ("conv 3-64 112² b4", 3, 64, 112, 4, "c, o, s, n = 3, 64, 112, 4"),
        ("conv 32-32 28² b1", 32, 32, 28, 1, "c, o, s, n = 32, 32, 28, 1"),
    ];
    for (name, c, o, side, n, setup) in sizes {
        let m = nn::Conv2d::new(c, o, 3, device).padding(1);
        let x = Tensor::randn([n, c, side, side], device).requires_grad_(true);
        let made = "\nm = nn.Conv2d(c, o, 3, padding=1)\nx = torch.randn(n, c, s, s, requires_grad=True)";
        pair.section(name, &format!("{setup}{made}"))?;
        pair.case("with torch.no_grad(): m(x)", || firebrand::no_grad(|| m.forward(&x)))?;
        pair.case(STEP, || step(&m, &x))?;
    }
    let x = Tensor::randn([64, 16, 28, 28], device).requires_grad_(true);
    pair.section("image b64", "x = torch.randn(64, 16, 28, 28, requires_grad=True)")?;
    pair.case("F.max_pool2d(x, 2)", || nn::MaxPool2d::new(2).forward(&x))?;
    pair.case("F.max_pool2d(x, 2).sum().backward()", || step(&nn::MaxPool2d::new(2), &x))?;
    pair.case("F.avg_pool2d(x, 2).sum().backward()", || step(&nn::AvgPool2d::new(2), &x))?;
    pair.section(
        "depthwise 32 28² b16",
        "m = nn.Conv2d(32, 32, 3, padding=1, groups=32)\nx = torch.randn(16, 32, 28, 28, requires_grad=True)",
    )?;
    let options = ConvOptions::new().padding(1).groups(32);
    let m = nn::Conv2d::with(32, 32, 3, options, true, device);
    let x = Tensor::randn([16, 32, 28, 28], device).requires_grad_(true);
    pair.case(STEP, || step(&m, &x))?;
    pair.section(
        "cnn of MNIST b64",
        "m = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), \
         nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 49, 10))\nx = torch.randn(64, 1, 28, 28)",
    )?;
    let m = nn::seq![
        nn::Conv2d::new(1, 16, 3, device).padding(1),
        nn::ReLU,
        nn::MaxPool2d::new(2),
        nn::Conv2d::new(16, 32, 3, device).padding(1),
        nn::ReLU,
        nn::MaxPool2d::new(2),
        nn::Flatten::default(),
        nn::Linear::new(32 * 49, 10, device)
    ];
    let x = Tensor::randn([64, 1, 28, 28], device);
    pair.case(STEP, || step(&m, &x))
}

fn norms(pair: &mut Pair) -> Outcome {
    let device = &cpu();
    pair.section(
        "batch norm",
        "m = nn.BatchNorm2d(32)\nx = torch.randn(64, 32, 14, 14, requires_grad=True)",
    )?;
    let (m, x) =
        (nn::BatchNorm2d::new(32, device), Tensor::randn([64, 32, 14, 14], device).requires_grad_(true));
    pair.case(STEP, || step(&m, &x))?;
    pair.section("layer norm", "m = nn.LayerNorm(512)\nx = torch.randn(128, 512, requires_grad=True)")?;
    let (m, x) = (nn::LayerNorm::new(512, device), Tensor::randn([128, 512], device).requires_grad_(true));
    pair.case(STEP, || step(&m, &x))
}

fn sequences(pair: &mut Pair) -> Outcome {
    let device = &cpu();
    let x = Tensor::randn([28, 64, 28], device);
    let made = "\nx = torch.randn(28, 64, 28)";
    let code = "m.zero_grad()\nm(x)[0].sum().backward()";
    pair.section("LSTM 28-128, 28 × 64", &format!("m = nn.LSTM(28, 128){made}"))?;
    let m = nn::LSTM::new(28, 128, device);
    pair.case(code, || step(&m, &x))?;
    pair.section("GRU 28-128, 28 × 64", &format!("m = nn.GRU(28, 128){made}"))?;
    let m = nn::GRU::new(28, 128, device);
    pair.case(code, || step(&m, &x))?;
    pair.section("RNN 28-128, 28 × 64", &format!("m = nn.RNN(28, 128){made}"))?;
    let m = nn::RNN::new(28, 128, device);
    pair.case(code, || step(&m, &x))?;
    pair.section(
        "encoder layer 128, 32 × 16",
        "m = nn.TransformerEncoderLayer(128, 4, dim_feedforward=512)\nx = torch.randn(32, 16, 128)",
    )?;
    let m = nn::TransformerEncoderLayer::with(
        128,
        4,
        nn::TransformerOptions { dim_feedforward: 512, ..Default::default() },
        device,
    );
    let x = Tensor::randn([32, 16, 128], device);
    pair.case(STEP, || step(&m, &x))?;
    pair.section("embedding", "m = nn.Embedding(10000, 128)\nx = torch.randint(0, 10000, (64, 32))")?;
    let m = nn::Embedding::new(10000, 128, device);
    let x = Tensor::randint(0, 10000, [64, 32], (DType::I64, device));
    pair.case(STEP, || step(&m, &x))
}

fn losses(pair: &mut Pair) -> Outcome {
    let device = &cpu();
    pair.section(
        "loss",
        "x, y = torch.randn(1024, 1000, requires_grad=True), torch.randint(0, 1000, (1024,))\nz = torch.rand(1024, 1000)",
    )?;
    let (x, z) = (Tensor::randn([1024, 1000], device), Tensor::rand([1024, 1000], device));
    let y = Tensor::randint(0, 1000, 1024, (DType::I64, device));
    let x = x.requires_grad_(true);
    pair.case("F.cross_entropy(x, y).backward()", || x.cross_entropy(&y).backward())?;
    pair.case("F.mse_loss(x, z).backward()", || mse_loss(&x, &z, Reduction::Mean).backward())?;
    pair.case("F.binary_cross_entropy_with_logits(x, z).backward()", || {
        binary_cross_entropy_with_logits(&x, &z, None, None, Reduction::Mean).backward();
    })?;
    pair.case("F.smooth_l1_loss(x, z).backward()", || smooth_l1_loss(&x, &z, 1.0, Reduction::Mean).backward())
}
