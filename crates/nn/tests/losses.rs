//! The losses' values, computed independently, and what they refuse.

use autograd::Tensor;
use nn::loss::{self, CrossEntropy, Reduction};
use nn::{BCELoss, CrossEntropyLoss, HuberLoss, KLDivLoss, MSELoss, NLLLoss, SmoothL1Loss};
use tensor_core::Device;

fn cpu() -> Device {
    backend_cpu::device()
}

fn near(got: &Tensor, want: &[f64]) {
    let got = got.to_vec::<f64>();
    assert_eq!(got.len(), want.len());
    for (a, b) in got.iter().zip(want) {
        assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{got:?} for {want:?}");
    }
}

const SCORES: [[f64; 3]; 3] = [[1.0, 2.0, 0.5], [0.1, -0.3, 0.2], [-1.0, 0.0, 3.0]];

fn scores() -> Tensor {
    Tensor::new(&SCORES.map(|row| row.map(|v| v as f32)), &cpu())
}

/// −ln softmax of a score, plainly.
fn surprise(row: usize, class: usize) -> f64 {
    let total: f64 = SCORES[row].iter().map(|v| v.exp()).sum();
    total.ln() - SCORES[row][class]
}

#[test]
fn cross_entropy_by_hand() {
    let target = Tensor::new(&[1, 0, 2], &cpu());
    let each: Vec<f64> = [1, 0, 2].iter().enumerate().map(|(row, &class)| surprise(row, class)).collect();
    let options = |reduction| CrossEntropy { reduction, ..CrossEntropy::default() };
    near(&loss::cross_entropy(&scores(), &target, &options(Reduction::None)), &each);
    near(&loss::cross_entropy(&scores(), &target, &options(Reduction::Sum)), &[each.iter().sum()]);
    near(&CrossEntropyLoss::default().forward(&scores(), &target), &[each.iter().sum::<f64>() / 3.0]);
    // The mean is over the weights that count.
    let weight = Some(Tensor::new(&[0.5f32, 2.0, 1.0], &cpu()));
    let weighted = CrossEntropy { weight, ..CrossEntropy::default() };
    let want = (2.0 * each[0] + 0.5 * each[1] + each[2]) / 3.5;
    near(&loss::cross_entropy(&scores(), &target, &weighted), &[want]);
    let partly = Tensor::new(&[1, -100, 2], &cpu());
    near(&CrossEntropyLoss::default().forward(&scores(), &partly), &[(each[0] + each[2]) / 2.0]);
    let want = (2.0 * each[0] + each[2]) / 3.0;
    near(&loss::cross_entropy(&scores(), &partly, &weighted), &[want]);
    // Smoothing: a share ε of the target is spread over all classes.
    let smooth = CrossEntropy { label_smoothing: 0.3, ..CrossEntropy::default() };
    let spread = |row: usize| (0..3).map(|class| surprise(row, class)).sum::<f64>() / 3.0;
    let want: f64 = (0..3).map(|row| 0.7 * each[row] + 0.3 * spread(row)).sum::<f64>() / 3.0;
    near(&loss::cross_entropy(&scores(), &target, &smooth), &[want]);
    // The same as probabilities.
    let soft: Vec<f32> = (0..9).map(|i| if [1, 3, 8].contains(&i) { 0.8 } else { 0.1 }).collect();
    near(&CrossEntropyLoss::default().forward(&scores(), &Tensor::from_vec(soft, [3, 3], &cpu())), &[want]);
}

#[test]
fn cross_entropy_of_images_is_that_of_their_pixels() {
    let x = Tensor::randn([2, 3, 4], &cpu());
    let target = Tensor::randint(0, 3, [2, 4], &cpu());
    let options = CrossEntropy { reduction: Reduction::None, ..CrossEntropy::default() };
    let all = loss::cross_entropy(&x, &target, &options);
    assert_eq!(all.shape().dims(), [2, 4]);
    for n in 0..2 {
        for d in 0..4 {
            let row = x.select(0, n).select(1, d);
            let one = loss::cross_entropy(&row, &target.select(0, n).select(0, d), &options);
            assert_eq!(one.rank(), 0);
            near(&one, &all.select(0, n).select(0, d).to_vec());
        }
    }
    let mean = CrossEntropyLoss::default();
    near(&mean.forward(&x, &target), &[all.to_vec::<f64>().iter().sum::<f64>() / 8.0]);
    let nll = NLLLoss::default().forward(&x.log_softmax(1), &target);
    near(&nll, &mean.forward(&x, &target).to_vec());
}

#[test]
fn nothing_that_is_ignored_counts_not_even_an_infinity() {
    let log_p = Tensor::new(&[[f32::NEG_INFINITY, 0.0], [-1.0, -2.0]], &cpu());
    let target = Tensor::new(&[-100, 1], &cpu());
    near(&NLLLoss::default().forward(&log_p, &target), &[2.0]);
}

#[test]
fn losses_between_square_and_absolute() {
    let (x, y) = (Tensor::new(&[0.0f32, 0.0, 0.0], &cpu()), Tensor::new(&[0.5f32, -2.0, 0.0], &cpu()));
    let none = Reduction::None;
    near(&loss::mse_loss(&x, &y, none), &[0.25, 4.0, 0.0]);
    near(&MSELoss::default().forward(&x, &y), &[4.25 / 3.0]);
    near(&loss::l1_loss(&x, &y, none), &[0.5, 2.0, 0.0]);
    near(&loss::smooth_l1_loss(&x, &y, 1.0, none), &[0.125, 1.5, 0.0]);
    near(&loss::smooth_l1_loss(&x, &y, 2.0, none), &[0.0625, 1.0, 0.0]);
    near(&loss::smooth_l1_loss(&x, &y, 0.0, none), &[0.5, 2.0, 0.0]);
    near(&loss::huber_loss(&x, &y, 2.0, none), &[0.125, 2.0, 0.0]);
    near(&HuberLoss { delta: 0.5, reduction: Reduction::Sum }.forward(&x, &y), &[0.125 + 0.875]);
    near(&SmoothL1Loss::default().forward(&x, &y), &[1.625 / 3.0]);
}

#[test]
fn binary_cross_entropy_stops_at_one_hundred() {
    let x = Tensor::new(&[0.0f32, 1.0, 0.0, 0.25], &cpu()).requires_grad_(true);
    let y = Tensor::new(&[1.0f32, 0.0, 0.0, 1.0], &cpu());
    let losses = loss::binary_cross_entropy(&x, &y, None, Reduction::None);
    near(&losses, &[100.0, 100.0, 0.0, 4f64.ln()]);
    losses.sum().backward();
    let grad = x.grad().unwrap().to_vec::<f32>();
    assert!(grad.iter().all(|g| g.is_finite()), "{grad:?}");
    assert_eq!(grad[3], -4.0);
    let weighted =
        BCELoss { weight: Some(Tensor::new(&[0.0f32, 0.0, 0.0, 3.0], &cpu())), reduction: Reduction::Sum };
    near(&weighted.forward(&x, &y), &[3.0 * 4f64.ln()]);
}

#[test]
fn logits_are_accurate_at_both_ends() {
    let x = Tensor::new(&[-200.0f32, 200.0, 0.0, 1.0], &cpu());
    let y = Tensor::new(&[1.0f32, 0.0, 0.5, 1.0], &cpu());
    let logits = loss::binary_cross_entropy_with_logits;
    let softplus = |v: f64| v.exp().ln_1p();
    near(&logits(&x, &y, None, None, Reduction::None), &[200.0, 200.0, 2f64.ln(), softplus(-1.0)]);
    let twice = Tensor::full((), 2.0, &cpu());
    let want = [400.0, 200.0, 1.5 * 2f64.ln(), 2.0 * softplus(-1.0)];
    near(&logits(&x, &y, None, Some(&twice), Reduction::None), &want);
    near(&logits(&x, &y, Some(&twice), None, Reduction::Sum), &[2.0 * (400.0 + 2f64.ln() + softplus(-1.0))]);
    // A logit of exactly 0 is where networks begin: the slope is σ(x)·(1 + (p − 1)·y) − p·y there too.
    let x = x.requires_grad_(true);
    logits(&x, &y, None, Some(&twice), Reduction::Sum).backward();
    let sigma = |v: f64| 1.0 / (1.0 + (-v).exp());
    near(&x.grad().unwrap(), &[-2.0, 1.0, 1.5 * 0.5 - 1.0, 2.0 * sigma(1.0) - 2.0]);
}

#[test]
fn divergence() {
    let (p, q) = ([[0.5f64, 0.5, 0.0]], [[0.25f64, 0.25, 0.5]]);
    let x = Tensor::new(&q.map(|row| row.map(|v| v.ln() as f32)), &cpu());
    let y = Tensor::new(&p.map(|row| row.map(|v| v as f32)), &cpu());
    let want = 2f64.ln();
    near(&loss::kl_div(&x, &y, Reduction::Sum, false), &[want]);
    near(&KLDivLoss::default().forward(&x, &y), &[want / 3.0]);
    near(&loss::kl_div(&x, &y, Reduction::BatchMean, false), &[want]);
    let log_y = Tensor::new(&[[0.5f32.ln(), 0.5f32.ln(), -1e4]], &cpu());
    near(&loss::kl_div(&x, &log_y, Reduction::Sum, true), &[want]);
}

#[track_caller]
fn refused(f: impl FnOnce() -> Tensor + std::panic::UnwindSafe, says: &[&str]) {
    let panic = std::panic::catch_unwind(f).expect_err("it must be refused");
    let text = panic.downcast_ref::<String>().expect("a message");
    for part in says {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn what_would_broadcast_is_refused_with_the_way_out() {
    refused(
        || loss::mse_loss(&Tensor::zeros([64, 1], &cpu()), &Tensor::zeros(64, &cpu()), Reduction::Mean),
        &["mse_loss: input of shape [64, 1] and target of shape [64]", "target.unsqueeze(-1)"],
    );
    refused(
        || loss::l1_loss(&Tensor::zeros(64, &cpu()), &Tensor::zeros([64, 1], &cpu()), Reduction::Mean),
        &["l1_loss", "the input lacks the last dimension"],
    );
    refused(
        || {
            loss::huber_loss(
                &Tensor::zeros([2, 3], &cpu()),
                &Tensor::zeros([1, 3], &cpu()),
                1.0,
                Reduction::Mean,
            )
        },
        &["they would broadcast to [2, 3]"],
    );
    refused(
        || {
            loss::binary_cross_entropy(
                &Tensor::full(2, 1.5, &cpu()),
                &Tensor::zeros(2, &cpu()),
                None,
                Reduction::Mean,
            )
        },
        &["not between 0 and 1", "binary_cross_entropy_with_logits"],
    );
    refused(
        || {
            CrossEntropyLoss::default()
                .forward(&Tensor::zeros([2, 3], &cpu()), &Tensor::new(&[[0], [1]], &cpu()))
        },
        &["cross_entropy: scores of shape [2, 3] and targets of shape [2, 1]", ".squeeze_dim(1)"],
    );
    for reduction in [Reduction::Mean, Reduction::Sum] {
        refused(
            move || {
                let options = CrossEntropy { reduction, ..CrossEntropy::default() };
                loss::cross_entropy(&Tensor::zeros([2, 3], &cpu()), &Tensor::new(&[0, 3], &cpu()), &options)
            },
            &["cross_entropy: target 3 is not one of 3 classes"],
        );
    }
    refused(
        || {
            let weight = Some(Tensor::ones(4, &cpu()));
            let options = CrossEntropy { weight, ..CrossEntropy::default() };
            loss::cross_entropy(&Tensor::zeros([1, 3], &cpu()), &Tensor::new(&[0], &cpu()), &options)
        },
        &["weights of shape [4] for 3 classes"],
    );
}
