//! Training gives the same bits at any number of threads and any width of vectors: every loss of 300 steps and
//! the state at their end, of a perceptron and of a network of convolutions.
//!
//! Single operations are compared so by the CPU backend's own `reproducible` test; here they are in company,
//! where a difference of one bit would grow.

use backend_tests::same_at_any_level;
use firebrand::nn::{self, Module, Sequential};
use firebrand::optim::{Adam, Optimizer, Sgd};
use firebrand::{Device, Tensor, manual_seed};
use std::sync::{Mutex, MutexGuard, PoisonError};

const STEPS: usize = 300;

/// The default generator and the threads are the program's: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// FNV-1a over the bits of some numbers, continuing `hash`.
fn hashed(hash: u64, values: &[f32]) -> u64 {
    values.iter().fold(hash, |hash, v| (hash ^ u64::from(v.to_bits())).wrapping_mul(0x0100_0000_01b3))
}

/// What a run left: checksums of its losses, and of its parameters and buffers.
#[derive(Debug, PartialEq)]
struct Trace {
    losses: u64,
    state: u64,
}

/// Trains on four batches in turn, which it must learn by heart.
fn train(model: &Sequential, opt: &mut dyn Optimizer, batches: &[(Tensor, Tensor)]) -> Trace {
    let losses: Vec<f32> = (0..STEPS)
        .map(|i| {
            let (x, target) = &batches[i % batches.len()];
            let loss = model.forward(x).cross_entropy(target);
            opt.zero_grad();
            loss.backward();
            opt.step();
            loss.item()
        })
        .collect();
    assert!(losses[STEPS - 1] < 0.2 * losses[0], "it learned: from {} to {}", losses[0], losses[STEPS - 1]);
    let start = 0xcbf2_9ce4_8422_2325;
    let state = model.state_dict();
    assert!(!state.is_empty());
    let state = state.iter().fold(start, |hash, (_, t)| hashed(hash, &t.to_vec::<f32>()));
    Trace { losses: hashed(start, &losses), state }
}

fn batches(shape: &[usize], device: &Device) -> Vec<(Tensor, Tensor)> {
    let batch = |_| (Tensor::randn(shape, device), Tensor::randint(0, 10, [shape[0]], device));
    (0..4).map(batch).collect()
}

/// Wide enough that its products and its optimizer are cut among threads.
fn perceptron() -> Trace {
    let device = firebrand::cpu();
    manual_seed(3);
    let model = nn::seq![
        nn::Linear::new(300, 128, &device),
        nn::ReLU,
        nn::Linear::new(128, 65, &device),
        nn::Tanh,
        nn::Linear::new(65, 10, &device)
    ];
    let mut opt = Sgd::new(model.parameters(), 0.05).momentum(0.9);
    train(&model, &mut opt, &batches(&[64, 300], &device))
}

/// Odd sizes, so that every kernel meets its remainders.
fn convolutions() -> Trace {
    let device = firebrand::cpu();
    manual_seed(4);
    let model = nn::seq![
        nn::Conv2d::new(1, 8, 3, &device).padding(1),
        nn::BatchNorm2d::new(8, &device),
        nn::ReLU,
        nn::MaxPool2d::new(2),
        nn::Conv2d::new(8, 12, 3, &device),
        nn::GroupNorm::new(3, 12, &device),
        nn::GELU::default(),
        nn::AvgPool2d::new(2),
        nn::Flatten::default(),
        nn::Linear::new(48, 10, &device)
    ];
    let mut opt = Adam::new(model.parameters(), 0.01);
    train(&model, &mut opt, &batches(&[33, 1, 13, 13], &device))
}

/// A network's name, and its training.
type Network = (&'static str, fn() -> Trace);
const NETWORKS: [Network; 2] = [("perceptron", perceptron), ("convolutions", convolutions)];

#[test]
fn at_any_number_of_threads() {
    let _alone = alone();
    let before = firebrand::num_threads();
    for (name, network) in NETWORKS {
        firebrand::set_num_threads(1);
        let one = network();
        for threads in [2, 3, 7] {
            firebrand::set_num_threads(threads);
            assert_eq!(network(), one, "{name} with {threads} threads");
        }
    }
    firebrand::set_num_threads(before);
}

#[test]
fn at_any_width_of_vectors() {
    let _alone = alone();
    same_at_any_level("at_any_width_of_vectors", backend_cpu::simd::level(), NETWORKS.len(), || {
        NETWORKS.iter().map(|(name, network)| format!("{name} {:?}", network())).collect()
    });
}
