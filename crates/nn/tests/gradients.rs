//! The gradients of layers and losses, held against differences in double precision.

use autograd::{Tensor, gradcheck, gradgradcheck};
use nn::loss::{self, CrossEntropy, Reduction};
use nn::{
    BatchNorm1d, ELU, Embedding, GELU, LayerNorm, LeakyReLU, Linear, Module, ReLU, SiLU, Sigmoid, Softplus,
    Tanh,
};
use tensor_core::{DType, Device};

fn cpu() -> Device {
    backend_cpu::device()
}

/// Fixed numbers in (low, high), no two alike, that ask for gradients.
fn spread(shape: &[usize], low: f64, high: f64) -> Tensor {
    let n: usize = shape.iter().product();
    let at = |i: usize| low + (high - low) * ((i as f64 + 0.5) * 0.618_033_988_75).fract();
    Tensor::from_vec((0..n).map(at).collect::<Vec<f64>>(), shape, &cpu()).requires_grad_(true)
}

#[track_caller]
fn check(f: impl Fn(&[Tensor]) -> Tensor, inputs: &[Tensor]) {
    gradcheck(&f, inputs, 1e-6, 1e-4).unwrap();
    gradgradcheck(&f, inputs, 1e-5, 1e-3).unwrap();
}

/// A layer of doubles; `put` gives it the checked tensors.
#[track_caller]
fn check_layer<M: Module>(mut layer: M, inputs: &[Tensor], put: impl Fn(&M, &[Tensor]) -> M) {
    layer.to_dtype(DType::F64);
    check(|t| put(&layer, t).forward(&t[0]), inputs);
}

#[test]
fn linear_with_and_without_bias() {
    let inputs = [spread(&[3, 4], -1.0, 1.0), spread(&[2, 4], -1.0, 1.0), spread(&[2], -1.0, 1.0)];
    check_layer(Linear::new(4, 2, &cpu()), &inputs, |_, t| Linear {
        weight: t[1].clone(),
        bias: Some(t[2].clone()),
    });
    check_layer(Linear::without_bias(4, 2, &cpu()), &inputs[..2], |_, t| Linear {
        weight: t[1].clone(),
        bias: None,
    });
}

#[test]
fn normalisations() {
    let (c, l) = (spread(&[3], 0.5, 1.5), spread(&[3], -1.0, 1.0));
    for shape in [&[5usize, 3][..], &[2, 3, 4]] {
        let inputs = [spread(shape, -2.0, 2.0), c.clone(), l.clone()];
        let norm = |training: bool| {
            move |t: &[Tensor]| {
                let mut norm = BatchNorm1d::new(3, &cpu());
                norm.to_dtype(DType::F64);
                (norm.weight, norm.bias) = (Some(t[1].clone()), Some(t[2].clone()));
                norm.set_mode(training);
                norm.forward(&t[0])
            }
        };
        check(norm(true), &inputs);
        check(norm(false), &inputs);
    }
    let inputs = [spread(&[2, 3, 4], -2.0, 2.0), spread(&[3, 4], 0.5, 1.5), spread(&[3, 4], -1.0, 1.0)];
    check(
        |t| {
            let mut norm = LayerNorm::new([3, 4], &cpu());
            (norm.weight, norm.bias) = (Some(t[1].clone()), Some(t[2].clone()));
            norm.forward(&t[0])
        },
        &inputs,
    );
}

#[test]
fn embedding_adds_up_repeats_and_skips_its_padding() {
    let words = Tensor::new(&[[1, 2], [1, 3]], &cpu());
    let weight = spread(&[4, 3], -1.0, 1.0);
    let look = |w: &Tensor, padding: Option<isize>| {
        let mut embedding = Embedding::new(4, 3, &cpu());
        if let Some(index) = padding {
            embedding = embedding.padding_idx(index);
        }
        embedding.weight = w.clone();
        embedding.forward(&words)
    };
    gradcheck(|t| look(&t[0], None), std::slice::from_ref(&weight), 1e-6, 1e-4).unwrap();
    look(&weight, Some(1)).sum().backward();
    let grad = weight.grad().unwrap().to_vec::<f64>();
    assert_eq!(grad, [0., 0., 0., 0., 0., 0., 1., 1., 1., 1., 1., 1.]);
}

#[test]
fn activations() {
    // Away from 0, where some have a kink.
    let x = spread(&[8], 0.1, 2.0);
    let (x, minus) = (x.clone(), x.detach().neg().requires_grad_(true));
    let all: Vec<Box<dyn Module>> = vec![
        Box::new(ReLU),
        Box::new(Sigmoid),
        Box::new(Tanh),
        Box::new(SiLU),
        Box::new(LeakyReLU::new(0.2)),
        Box::new(ELU::new(1.5)),
        Box::new(Softplus::new(2.0, 20.0)),
        Box::new(GELU),
        Box::new(GELU::new(nn::Approximate::Tanh)),
        Box::new(nn::Softmax::new(0)),
        Box::new(nn::LogSoftmax),
    ];
    for module in &all {
        for input in [&x, &minus] {
            gradcheck(|t| module.forward(&t[0]), std::slice::from_ref(input), 1e-6, 1e-4)
                .unwrap_or_else(|e| panic!("{}: {e}", module.repr()));
        }
    }
}

const REDUCTIONS: [Reduction; 4] = [Reduction::Mean, Reduction::Sum, Reduction::BatchMean, Reduction::None];

#[test]
fn losses_of_numbers() {
    let inputs = [spread(&[3, 2], -2.0, 2.0), spread(&[3, 2], -1.7, 1.9)];
    for reduction in REDUCTIONS {
        check(|t| loss::mse_loss(&t[0], &t[1], reduction), &inputs);
        gradcheck(|t| loss::l1_loss(&t[0], &t[1], reduction), &inputs, 1e-6, 1e-4).unwrap();
        check(|t| loss::smooth_l1_loss(&t[0], &t[1], 0.7, reduction), &inputs);
        check(|t| loss::huber_loss(&t[0], &t[1], 0.7, reduction), &inputs);
    }
}

#[test]
fn losses_of_probabilities() {
    let p = [spread(&[3, 2], 0.05, 0.95), spread(&[3, 2], 0.1, 0.9)];
    let x = [spread(&[3, 2], -3.0, 3.0), spread(&[3, 2], 0.1, 0.9)];
    let weight = spread(&[2], 0.5, 2.0).detach();
    for reduction in REDUCTIONS {
        check(|t| loss::binary_cross_entropy(&t[0], &t[1], None, reduction), &p);
        check(|t| loss::binary_cross_entropy(&t[0], &t[1], Some(&weight), reduction), &p);
        let logits = loss::binary_cross_entropy_with_logits;
        check(|t| logits(&t[0], &t[1], None, None, reduction), &x);
        check(|t| logits(&t[0], &t[1], Some(&weight), Some(&weight), reduction), &x);
        check(|t| loss::kl_div(&t[0].log_softmax(1), &t[1], reduction, false), &x);
        check(|t| loss::kl_div(&t[0].log_softmax(1), &t[1].log(), reduction, true), &x);
    }
}

#[test]
fn losses_of_classes() {
    let weight = spread(&[4], 0.5, 2.0).detach();
    let rows = (spread(&[3, 4], -2.0, 2.0), Tensor::new(&[2, -100, 0], &cpu()));
    let images = (spread(&[2, 4, 3], -2.0, 2.0), Tensor::new(&[[1, 0, 3], [-100, 2, 1]], &cpu()));
    let one = (spread(&[4], -2.0, 2.0), Tensor::from_vec(vec![3], (), &cpu()));
    for (x, target) in [rows, images, one] {
        for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
            for (weight, label_smoothing) in
                [(None, 0.0), (Some(weight.clone()), 0.0), (Some(weight.clone()), 0.2)]
            {
                let options = CrossEntropy { weight, label_smoothing, reduction, ..CrossEntropy::default() };
                let x = std::slice::from_ref(&x);
                check(|t| loss::cross_entropy(&t[0], &target, &options), x);
                let axis = isize::from(x[0].rank() > 1);
                check(|t| loss::nll_loss(&t[0].log_softmax(axis), &target, &options), x);
            }
        }
    }
    let plain = [spread(&[3, 4], -2.0, 2.0)];
    let target = Tensor::new(&[2, 1, 0], &cpu());
    check(|t| loss::cross_entropy(&t[0], &target, &CrossEntropy::default()), &plain);
    let soft = [spread(&[3, 4], -2.0, 2.0), spread(&[3, 4], 0.1, 0.4)];
    for reduction in REDUCTIONS {
        let options = CrossEntropy {
            weight: Some(weight.clone()),
            label_smoothing: 0.1,
            reduction,
            ..CrossEntropy::default()
        };
        check(|t| loss::cross_entropy(&t[0], &t[1], &options), &soft);
    }
}
