//! The initialisers' draws, held to PyTorch's where `fixtures/parity/rng.json` has them, and their shapes.

use autograd::{Tensor, no_grad};
use nn::init::{self, Fan, Nonlinearity, calculate_gain};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tensor_core::random::{Generator, default_generator, manual_seed};
use tensor_core::{DType, Device};

fn cpu() -> Device {
    backend_cpu::device()
}

/// Tests that draw from the default generator take turns.
fn seeded(seed: i64) -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    manual_seed(seed);
    turn
}

fn moments(t: &Tensor) -> (f64, f64) {
    (t.mean().item(), t.std().item())
}

#[test]
fn gains() {
    assert_eq!(calculate_gain(Nonlinearity::Linear, None), 1.0);
    assert_eq!(calculate_gain(Nonlinearity::Tanh, None), 5.0 / 3.0);
    assert_eq!(calculate_gain(Nonlinearity::SELU, None), 0.75);
    assert_eq!(calculate_gain(Nonlinearity::LeakyReLU, Some(0.0)), 2f64.sqrt());
    assert!((calculate_gain(Nonlinearity::LeakyReLU, None) - 1.414_143_4).abs() < 1e-6);
}

#[test]
fn kaiming_and_xavier_keep_the_variance_they_promise() {
    let _turn = seeded(1);
    let w = Tensor::zeros([64, 32, 3, 3], &cpu()); // fan in 288, fan out 576
    let relu = Nonlinearity::ReLU;
    init::kaiming_normal_(&w, 0.0, Fan::In, relu);
    assert!((moments(&w).1 - (2.0f64 / 288.0).sqrt()).abs() < 1e-3);
    init::kaiming_uniform_(&w, 0.0, Fan::Out, relu);
    let bound = (6.0f64 / 576.0).sqrt();
    assert!(w.abs().max().item::<f64>() <= bound && w.abs().max().item::<f64>() > 0.99 * bound);
    init::xavier_normal_(&w, 2.0);
    assert!((moments(&w).1 - 2.0 * (2.0f64 / 864.0).sqrt()).abs() < 2e-3);
    init::xavier_uniform_(&w, 1.0);
    assert!(w.abs().max().item::<f64>() <= (6.0f64 / 864.0).sqrt());
}

#[test]
fn a_cut_normal_stays_inside_and_keeps_its_shape() {
    let _turn = seeded(2);
    let t = Tensor::zeros([200, 100], &cpu());
    init::trunc_normal_(&t, 0.0, 1.0, -2.0, 2.0);
    assert!(t.abs().max().item::<f64>() <= 2.0);
    // The variance of a normal cut at two deviations is 1 − 2·2φ(2)/(2Φ(2) − 1) = 0.7737.
    assert!((moments(&t).1.powi(2) - 0.7737).abs() < 0.02, "{:?}", moments(&t));
    init::trunc_normal_(&t, 0.0, 1.0, 2.0, 4.0);
    assert!(t.min().item::<f64>() >= 2.0 && t.max().item::<f64>() <= 4.0);
    // E = (φ(2) − φ(4))/(Φ(4) − Φ(2)) = 2.3711.
    assert!((moments(&t).0 - 2.3711).abs() < 0.01, "{:?}", moments(&t));
}

#[test]
fn orthogonal_rows_or_columns() {
    let _turn = seeded(3);
    for (shape, across) in [([8, 5], false), ([5, 8], true), ([6, 6], true)] {
        let w = Tensor::zeros(shape, &cpu());
        init::orthogonal_(&w, 2.0);
        let gram = if across { w.matmul(&w.t()) } else { w.t().matmul(&w) };
        assert!(gram.allclose(&(Tensor::eye(gram.dim(0), &cpu()) * 4.0), 1e-5, 1e-5), "{gram}");
    }
    let conv = Tensor::zeros([4, 3, 2, 2], (DType::F64, &cpu()));
    init::orthogonal_(&conv, 1.0);
    let rows = conv.reshape([4, -1]);
    assert!(rows.matmul(&rows.t()).allclose(&Tensor::eye(4, (DType::F64, &cpu())), 1e-12, 1e-12));
}

#[test]
fn sparse_columns_lose_their_share_by_one_permutation_each() {
    let _turn = seeded(4);
    let w = Tensor::zeros([10, 6], &cpu());
    init::sparse_(&w, 0.25, 0.01);
    assert_eq!(w.eq(0.0).to_dtype(DType::I32).sum_dim(0, false).to_vec::<i32>(), [3; 6]);
    let replay = Generator::seeded(4);
    replay.normal_f32(&mut [0.0; 60], 0.0, 0.01);
    let zeros = replay.randperm(10);
    assert!(zeros[..3].iter().all(|&row| w.select(0, row as isize).select(0, 0).item::<f32>() == 0.0));
    (1..6).for_each(|_| drop(replay.randperm(10)));
    assert_eq!(default_generator().words(1), replay.words(1));
}

#[test]
fn identities() {
    let w = Tensor::full([2, 3], 7.0, &cpu());
    init::eye_(&w);
    assert_eq!(w.to_vec::<f32>(), [1., 0., 0., 0., 1., 0.]);
    let conv = Tensor::full([4, 2, 3, 3], 7.0, &cpu());
    init::dirac_(&conv, 2);
    assert_eq!(conv.sum().item::<f32>(), 4.0);
    for (out, inp) in [(0, 0), (1, 1), (2, 0), (3, 1)] {
        let middle = conv.select(0, out).select(0, inp).select(0, 1).select(0, 1);
        assert_eq!(middle.item::<f32>(), 1.0, "{out} {inp}");
    }
}

#[test]
fn parameters_can_be_filled_and_keep_asking_for_gradients() {
    let _turn = seeded(0);
    let w = Tensor::zeros(4, &cpu()).into_parameter();
    init::uniform_(&w, 0.0, 1.0);
    let bits: Vec<u32> = w.to_vec::<f32>().iter().map(|v| v.to_bits()).collect();
    assert_eq!(bits, [0x3efe1558, 0x3f44aa2f, 0x3db533a8, 0x3e073300]); // torch.rand(4) after seed 0
    assert!(w.requires_grad() && w.is_leaf());
}

#[test]
fn views_are_filled_as_they_lie_in_memory() {
    let _turn = seeded(0);
    let storage = Tensor::zeros([5, 4], &cpu());
    no_grad(|| storage.t().uniform_(0.0, 1.0).clone());
    manual_seed(0);
    let flat = Tensor::rand([5, 4], &cpu());
    assert_eq!(storage.to_vec::<f32>(), flat.to_vec::<f32>());
    // A permuted tensor takes the scalar normal path however large it is.
    manual_seed(0);
    storage.t().normal_(0.0, 1.0);
    manual_seed(0);
    let mut want = vec![0f32; 20];
    default_generator().normal_scalar_f32(&mut want, 0.0, 1.0);
    assert_eq!(storage.to_vec::<f32>(), want);
    // A strided slice is filled in its own order, and what lies between is left alone.
    let wide = Tensor::zeros([3, 4], &cpu());
    manual_seed(0);
    wide.i(&[(..).into(), autograd::Index::from(..).stepped(2)]).uniform_(0.0, 1.0);
    manual_seed(0);
    let six = Tensor::rand(6, &cpu()).to_vec::<f32>();
    let want = [six[0], 0., six[1], 0., six[2], 0., six[3], 0., six[4], 0., six[5], 0.];
    assert_eq!(wide.to_vec::<f32>(), want);
}

#[test]
fn whole_numbers_and_chances() {
    let _turn = seeded(0);
    let word = |modulus: u64| u64::from(Generator::seeded(0).words(1)[0]) % modulus;
    for (dtype, modulus) in
        [(DType::F32, (1 << 24) + 1), (DType::I32, 1 << 31), (DType::U8, 256), (DType::Bool, 2)]
    {
        manual_seed(0);
        let t = Tensor::zeros(3, (dtype, &cpu()));
        t.random_();
        assert_eq!(t.to_vec::<i64>()[0] as u64, word(modulus), "{dtype}");
    }
    manual_seed(0);
    let t = Tensor::zeros(3, (DType::I64, &cpu()));
    t.random_();
    assert_eq!(t.to_vec::<i64>()[0] as u64, 10_123_822_223_749_065_263 % (1 << 63));
    manual_seed(0);
    t.random_range_(0, 10);
    assert_eq!(t.to_vec::<i64>(), [4, 9, 3]); // torch.randint(0, 10, (8,)) after seed 0 begins so
    manual_seed(0);
    let coins = Tensor::zeros(1000, &cpu());
    coins.bernoulli_(0.3);
    let ones = coins.sum().item::<f32>();
    assert!((ones - 300.0).abs() < 60.0, "{ones}");
    let waits = Tensor::zeros(20_000, &cpu());
    waits.exponential_(4.0);
    assert!((moments(&waits).0 - 0.25).abs() < 0.01 && (moments(&waits).1 - 0.25).abs() < 0.01);
}

#[test]
fn chances_and_weights_of_each() {
    let _turn = seeded(0);
    let p = Tensor::new(&[0.4f32, 0.8, 0.05, 0.2], &cpu());
    // torch.rand(4) after seed 0 is 0.4963 0.7682 0.0885 0.1320.
    assert_eq!(p.bernoulli().to_vec::<f32>(), [0.0, 1.0, 0.0, 1.0]);
    let rows = Tensor::new(&[[0.0f32, 1.0], [1.0, 0.0]], &cpu());
    assert_eq!(rows.multinomial(3, true).to_vec::<i32>(), [1, 1, 1, 0, 0, 0]);
    let wide = Tensor::ones([3, 1000], (DType::F64, &cpu()));
    let drawn = wide.multinomial(1000, false);
    assert_eq!(drawn.shape().dims(), [3, 1000]);
    let mut first = drawn.select(0, 0).to_vec::<i32>();
    first.sort_unstable();
    assert_eq!(first, (0..1000).collect::<Vec<_>>());
}

#[test]
#[should_panic(expected = "share one place")]
fn expanded_tensors_are_not_filled() {
    Tensor::zeros([1, 3], &cpu()).expand([4, 3]).uniform_(0.0, 1.0);
}
