//! Losses of margins and likelihoods: each against its formula on numbers, and its gradient against
//! differences.

use autograd::{Tensor, gradcheck};
use nn::loss::{
    CTCLoss, PoissonNll, Reduction, TripletMargin, cosine_embedding_loss, ctc_loss, gaussian_nll_loss,
    hinge_embedding_loss, margin_ranking_loss, multi_margin_loss, multilabel_soft_margin_loss,
    poisson_nll_loss, soft_margin_loss, triplet_margin_loss,
};
use tensor_core::Shape;

const NONE: Reduction = Reduction::None;

fn numbers(shape: impl Into<Shape>, low: f64, high: f64) -> Tensor {
    let shape = shape.into();
    let at = |i: usize| low + (high - low) * ((i as f64 + 1.0) * 0.618_033_988_749).fract();
    let values = (0..shape.numel()).map(at).collect();
    Tensor::from_vec::<f64>(values, shape, &backend_cpu::device()).requires_grad_(true)
}

fn vector(values: &[f64]) -> Tensor {
    Tensor::from_slice(values, values.len(), &backend_cpu::device())
}

#[track_caller]
fn near(got: &Tensor, want: &[f64]) {
    let got = got.to_vec::<f64>();
    assert_eq!(got.len(), want.len());
    assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-9), "{got:?} is not {want:?}");
}

#[track_caller]
fn grads(inputs: &[Tensor], f: impl Fn(&[Tensor]) -> Tensor) {
    gradcheck(f, inputs, 1e-6, 1e-5).unwrap();
}

#[test]
fn rankings_and_hinges() {
    let signs = vector(&[1.0, -1.0, 1.0]);
    let (a, b) = (vector(&[1.0, 2.0, 0.0]), vector(&[0.0, 0.5, 2.0]));
    near(&margin_ranking_loss(&a, &b, &signs, 0.5, NONE), &[0.0, 2.0, 2.5]);
    near(&margin_ranking_loss(&a, &b, &signs, 0.5, Reduction::Mean), &[1.5]);
    near(&hinge_embedding_loss(&a, &signs, 1.5, NONE), &[1.0, 0.0, 0.0]);
    near(&hinge_embedding_loss(&vector(&[0.25]), &vector(&[-1.0]), 1.0, NONE), &[0.75]);
    near(&soft_margin_loss(&a, &signs, NONE), &[(-1f64).exp().ln_1p(), 2f64.exp().ln_1p(), 2f64.ln()]);
    grads(&[numbers(3, -1.0, 1.0), numbers(3, -1.2, 1.3)], |x| {
        margin_ranking_loss(&x[0], &x[1], &signs, 0.5, NONE)
    });
    grads(&[numbers(3, -1.0, 1.0)], |x| hinge_embedding_loss(&x[0], &signs, 1.0, NONE));
    grads(&[numbers(3, -1.0, 1.0)], |x| soft_margin_loss(&x[0], &signs, NONE));
}

#[test]
fn angles_and_triplets() {
    let a = Tensor::new(&[[1.0, 0.0], [3.0, 4.0]], &backend_cpu::device());
    let b = Tensor::new(&[[1.0, 1.0], [3.0, 4.0]], &backend_cpu::device());
    let half = 0.5f64.sqrt();
    near(&cosine_embedding_loss(&a, &b, &vector(&[1.0, -1.0]), 0.25, NONE), &[1.0 - half, 0.75]);
    near(&cosine_embedding_loss(&a, &b, &vector(&[-1.0, 1.0]), 0.25, NONE), &[half - 0.25, 0.0]);
    let choices = TripletMargin { eps: 0.0, ..TripletMargin::default() };
    let c = Tensor::new(&[[1.0, 0.5], [3.0, 5.0]], &backend_cpu::device());
    near(&triplet_margin_loss(&a, &b, &c, choices, NONE), &[1.5, 0.0]);
    let swapped = TripletMargin { swap: true, ..choices };
    let far = Tensor::new(&[[-2.0, 0.0], [3.0, 4.5]], &backend_cpu::device());
    near(&triplet_margin_loss(&b, &a, &far, swapped, NONE), &[0.0, 0.5]);
    let vectors = || [numbers([2, 3], -1.0, 1.0), numbers([2, 3], -0.7, 1.4), numbers([2, 3], -1.3, 0.6)];
    grads(&vectors(), |x| triplet_margin_loss(&x[0], &x[1], &x[2], TripletMargin::default(), NONE));
    let signs = vector(&[1.0, -1.0]);
    grads(&vectors()[..2], |x| cosine_embedding_loss(&x[0], &x[1], &signs, -0.9, NONE));
}

#[test]
fn margins_of_several_classes() {
    let x = Tensor::new(&[[0.1, 0.2, 0.4]], &backend_cpu::device());
    let class = Tensor::new(&[2], &backend_cpu::device());
    near(&multi_margin_loss(&x, &class, 1, 1.0, None, NONE), &[(0.7 + 0.8) / 3.0]);
    near(&multi_margin_loss(&x, &class, 2, 1.0, None, NONE), &[(0.49 + 0.64) / 3.0]);
    near(
        &multi_margin_loss(&x, &class, 1, 1.0, Some(&vector(&[1.0, 1.0, 2.0])), NONE),
        &[(0.7 + 0.8) * 2.0 / 3.0],
    );
    let labels = Tensor::new(&[[1.0, 0.0, 1.0]], &backend_cpu::device());
    let want = [0.1f64, -0.2, 0.4].iter().map(|v| (-v).exp().ln_1p()).sum::<f64>() / 3.0;
    near(&multilabel_soft_margin_loss(&x, &labels, None, Reduction::Mean), &[want]);
    let classes = Tensor::new(&[2, 0], &backend_cpu::device());
    grads(&[numbers([2, 3], -0.5, 0.5)], |x| multi_margin_loss(&x[0], &classes, 2, 1.0, None, NONE));
    grads(&[numbers([1, 3], -0.5, 0.5)], |x| multilabel_soft_margin_loss(&x[0], &labels, None, NONE));
}

#[test]
fn likelihoods() {
    let (x, y, var) = (vector(&[1.0, 2.0]), vector(&[2.0, 2.0]), vector(&[4.0, 1e-9]));
    let tiny = 0.5 * 1e-6f64.ln();
    near(&gaussian_nll_loss(&x, &y, &var, false, 1e-6, NONE), &[0.5 * (4f64.ln() + 0.25), tiny]);
    let constant = 0.5 * (2.0 * std::f64::consts::PI).ln();
    near(
        &gaussian_nll_loss(&x, &y, &var, true, 1e-6, NONE),
        &[0.5 * (4f64.ln() + 0.25) + constant, tiny + constant],
    );
    near(&poisson_nll_loss(&x, &y, PoissonNll::default(), NONE), &[1f64.exp() - 2.0, 2f64.exp() - 4.0]);
    let rates = PoissonNll { log_input: false, full: true, eps: 0.0 };
    let stirling = 2.0 * 2f64.ln() - 2.0 + 0.5 * (4.0 * std::f64::consts::PI).ln();
    near(&poisson_nll_loss(&x, &y, rates, NONE), &[1.0 + stirling, 2.0 - 2.0 * 2f64.ln() + stirling]);
    let all = [numbers([2, 3], -1.0, 1.0), numbers([2, 3], 0.2, 1.0), numbers(2, 0.5, 2.0)];
    grads(&all, |x| gaussian_nll_loss(&x[0], &x[1], &x[2], true, 1e-6, NONE));
    grads(&all[..2], |x| {
        poisson_nll_loss(&x[0], &x[1], PoissonNll { full: true, ..PoissonNll::default() }, NONE)
    });
}

#[test]
fn losses_as_objects_have_pytorchs_defaults_and_text() {
    let (a, b) = (vector(&[1.0]), vector(&[1.5]));
    let signs = vector(&[1.0]);
    near(&nn::MarginRankingLoss::default().forward(&a, &b, &signs), &[0.5]);
    near(&nn::HingeEmbeddingLoss::default().forward(&a, &signs), &[1.0]);
    near(&nn::PoissonNLLLoss::default().forward(&a, &b), &[1f64.exp() - 1.5]);
    assert_eq!(nn::TripletMarginLoss::default().to_string(), "TripletMarginLoss()");
    assert_eq!(nn::GaussianNLLLoss::default().to_string(), "GaussianNLLLoss()");
}

#[test]
#[should_panic(expected = "margin_ranking_loss: input of shape [1] and target of shape [2]")]
fn shapes_that_differ_are_refused() {
    margin_ranking_loss(&vector(&[1.0]), &vector(&[1.0, 2.0]), &vector(&[1.0]), 0.0, NONE);
}

/// −ln of the sum over all paths of `steps` classes that collapse to the labels.
fn by_all_paths(p: &[f64], classes: usize, steps: usize, labels: &[usize]) -> f64 {
    let mut total = 0.0;
    for number in 0..classes.pow(steps as u32) {
        let path: Vec<usize> = (0..steps).map(|t| number / classes.pow(t as u32) % classes).collect();
        let mut spelt = path.clone();
        spelt.dedup();
        spelt.retain(|&class| class != 0);
        if spelt == labels {
            total += path.iter().enumerate().map(|(t, &class)| p[t * classes + class]).product::<f64>();
        }
    }
    -total.ln()
}

#[test]
fn ctc_is_the_sum_over_all_alignments() {
    let scores = numbers([4, 1, 3], -2.0, 2.0);
    let log_p = scores.log_softmax(-1);
    let p = log_p.exp().to_vec::<f64>();
    for labels in [&[1usize][..], &[1, 2], &[1, 1], &[2, 1, 2], &[]] {
        let targets: Vec<i32> = labels.iter().map(|&l| l as i32).collect();
        let targets = Tensor::from_vec(targets, labels.len(), &backend_cpu::device());
        let choices = CTCLoss { reduction: Reduction::Sum, ..Default::default() };
        let loss = ctc_loss(&log_p, &targets, &[4], &[labels.len()], choices);
        near(&loss, &[by_all_paths(&p, 3, 4, labels)]);
    }
}

#[test]
fn ctc_has_gradients_of_every_order() {
    let targets = Tensor::new(&[[1, 1], [2, 0]], &backend_cpu::device());
    let of = |x: &[Tensor]| ctc_loss(&x[0].log_softmax(-1), &targets, &[5, 3], &[2, 1], CTCLoss::default());
    let x = numbers([5, 2, 3], -2.0, 2.0);
    grads(std::slice::from_ref(&x), of);
    autograd::gradgradcheck(of, &[x], 1e-5, 1e-4).unwrap();
}

#[test]
fn labels_that_do_not_fit_their_steps_cost_infinity_or_nothing() {
    let x = numbers([2, 1, 3], -1.0, 1.0);
    let targets = Tensor::new(&[[1, 1]], &backend_cpu::device());
    let loss = |zero_infinity| {
        let choices = CTCLoss { zero_infinity, ..Default::default() };
        ctc_loss(&x.log_softmax(-1), &targets, &[2], &[2], choices)
    };
    assert_eq!(loss(false).item::<f64>(), f64::INFINITY);
    loss(true).backward();
    assert_eq!(x.grad().expect("one").abs().max().item::<f64>(), 0.0);
}
