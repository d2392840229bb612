//! Activations and losses, forward and backward.

use super::{Outcome, Pair};
use firebrand::nn::loss::*;
use firebrand::{DType, Tensor, cpu, no_grad};

pub fn all(pair: &mut Pair) -> Outcome {
    acts(pair)?;
    lossy(pair)
}

fn both(pair: &mut Pair, code: &str, x: &Tensor, f: impl Fn(&Tensor) -> Tensor) -> Outcome {
    pair.named(&format!("fw {code}"), &format!("with torch.no_grad(): {code}"), || no_grad(|| f(x)))?;
    pair.named(&format!("bw {code}"), &format!("x.grad = None\n({code}).sum().backward()"), || {
        x.zero_grad();
        f(x).sum().backward();
    })
}

fn acts(pair: &mut Pair) -> Outcome {
    for (name, h, w) in [("activation 64 × 256", 64, 256), ("activation", 1024, 1024)] {
        let x = Tensor::randn([h, w], &cpu()).requires_grad_(true);
        let weight = Tensor::full(1, 0.25, &cpu());
        let each = Tensor::full(w, 0.25, &cpu());
        pair.section(name, &format!("x = torch.randn({h}, {w}, requires_grad=True)\nweight, each = torch.full((1,), 0.25), torch.full(({w},), 0.25)"))?;
        both(pair, "x.relu()", &x, |x| x.relu())?;
        both(pair, "x.sigmoid()", &x, |x| x.sigmoid())?;
        both(pair, "x.tanh()", &x, |x| x.tanh())?;
        both(pair, "F.gelu(x)", &x, |x| x.gelu())?;
        both(pair, "F.gelu(x, approximate='tanh')", &x, |x| x.gelu_tanh())?;
        both(pair, "F.silu(x)", &x, |x| x.silu())?;
        both(pair, "F.mish(x)", &x, |x| x.mish())?;
        both(pair, "F.softplus(x)", &x, |x| x.softplus(1.0, 20.0))?;
        both(pair, "F.hardswish(x)", &x, |x| x.hardswish())?;
        both(pair, "F.hardsigmoid(x)", &x, |x| x.hardsigmoid())?;
        both(pair, "F.hardtanh(x)", &x, |x| x.hardtanh(-1.0, 1.0))?;
        both(pair, "F.relu6(x)", &x, |x| x.relu6())?;
        both(pair, "F.leaky_relu(x)", &x, |x| x.leaky_relu(0.01))?;
        both(pair, "F.elu(x)", &x, |x| x.elu(1.0))?;
        both(pair, "F.selu(x)", &x, |x| x.selu())?;
        both(pair, "F.celu(x)", &x, |x| x.celu(1.0))?;
        both(pair, "F.prelu(x, weight)", &x, |x| x.prelu(&weight))?;
        both(pair, "F.prelu(x, each)", &x, |x| x.prelu(&each))?;
        both(pair, "F.glu(x)", &x, |x| x.glu(-1))?;
        both(pair, "F.softsign(x)", &x, |x| x.softsign())?;
        both(pair, "F.logsigmoid(x)", &x, |x| x.logsigmoid())?;
        both(pair, "F.tanhshrink(x)", &x, |x| x.tanhshrink())?;
        both(pair, "F.softshrink(x)", &x, |x| x.softshrink(0.5))?;
        both(pair, "F.hardshrink(x)", &x, |x| x.hardshrink(0.5))?;
        both(pair, "F.threshold(x, 0.1, 2)", &x, |x| x.threshold(0.1, 2.0))?;
        both(pair, "x.softmax(1)", &x, |x| x.softmax(1))?;
        both(pair, "x.softmax(0)", &x, |x| x.softmax(0))?;
        both(pair, "x.log_softmax(1)", &x, |x| x.log_softmax(1))?;
        both(pair, "F.softmin(x, 1)", &x, |x| x.softmin(1))?;
    }
    Ok(())
}

fn lossy(pair: &mut Pair) -> Outcome {
    let d = &cpu();
    for (name, h, w) in [("losses 64 × 256", 64, 256), ("losses", 1024, 1024)] {
        let x = Tensor::randn([h, w], d).requires_grad_(true);
        let z = Tensor::rand([h, w], d);
        let (y, sign) = (Tensor::randint(0, w as i64, h, (DType::I64, d)), Tensor::randn([h, w], d).sign());
        let side = Tensor::randn(h, d).sign();
        let mean = Reduction::Mean;
        pair.section(
            name,
            &format!(
                "h, w = {h}, {w}\nx, z = torch.randn(h, w, requires_grad=True), torch.rand(h, w)\n\
                 y, sign, side = torch.randint(0, w, (h,)), torch.randn(h, w).sign(), torch.randn(h).sign()"
            ),
        )?;
        both(pair, "F.cross_entropy(x, y, label_smoothing=0.1)", &x, |x| {
            cross_entropy(x, &y, &CrossEntropy { label_smoothing: 0.1, ..Default::default() })
        })?;
        both(pair, "F.cross_entropy(x, z)", &x, |x| cross_entropy(x, &z, &CrossEntropy::default()))?;
        both(pair, "F.nll_loss(x, y)", &x, |x| nll_loss(x, &y, &CrossEntropy::default()))?;
        both(pair, "F.kl_div(x, z)", &x, |x| kl_div(x, &z, mean, false))?;
        both(pair, "F.kl_div(x, z, log_target=True)", &x, |x| kl_div(x, &z, mean, true))?;
        both(pair, "F.l1_loss(x, z)", &x, |x| l1_loss(x, &z, mean))?;
        both(pair, "F.mse_loss(x, z)", &x, |x| mse_loss(x, &z, mean))?;
        both(pair, "F.mse_loss(x, z, reduction='none')", &x, |x| mse_loss(x, &z, Reduction::None))?;
        both(pair, "F.huber_loss(x, z)", &x, |x| huber_loss(x, &z, 1.0, mean))?;
        both(pair, "F.binary_cross_entropy(x.sigmoid(), z)", &x, |x| {
            binary_cross_entropy(&x.sigmoid(), &z, None, mean)
        })?;
        both(pair, "F.poisson_nll_loss(x, z)", &x, |x| poisson_nll_loss(x, &z, PoissonNll::default(), mean))?;
        both(pair, "F.gaussian_nll_loss(x, z, z)", &x, |x| gaussian_nll_loss(x, &z, &z, false, 1e-6, mean))?;
        both(pair, "F.hinge_embedding_loss(x, sign)", &x, |x| hinge_embedding_loss(x, &sign, 1.0, mean))?;
        both(pair, "F.soft_margin_loss(x, sign)", &x, |x| soft_margin_loss(x, &sign, mean))?;
        both(pair, "F.margin_ranking_loss(x, z, sign)", &x, |x| {
            margin_ranking_loss(x, &z, &sign, 0.0, mean)
        })?;
        both(pair, "F.cosine_embedding_loss(x, z, side)", &x, |x| {
            cosine_embedding_loss(x, &z, &side, 0.0, mean)
        })?;
        both(pair, "F.triplet_margin_loss(x, z, sign)", &x, |x| {
            triplet_margin_loss(x, &z, &sign, TripletMargin::default(), mean)
        })?;
        both(pair, "F.multi_margin_loss(x, y)", &x, |x| multi_margin_loss(x, &y, 1, 1.0, None, mean))?;
        both(pair, "F.multilabel_soft_margin_loss(x, z)", &x, |x| {
            multilabel_soft_margin_loss(x, &z, None, mean)
        })?;
    }
    let x = Tensor::randn([50, 16, 20], d).requires_grad_(true);
    let y = Tensor::randint(1, 20, [16, 20], (DType::I64, d));
    pair.section(
        "ctc",
        "x, y = torch.randn(50, 16, 20, requires_grad=True), torch.randint(1, 20, (16, 20))\nil, tl = [50] * 16, [20] * 16",
    )?;
    both(pair, "F.ctc_loss(x.log_softmax(-1), y, il, tl)", &x, |x| {
        ctc_loss(&x.log_softmax(-1), &y, &[50; 16], &[20; 16], CTCLoss::default())
    })
}
