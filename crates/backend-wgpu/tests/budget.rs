//! What a training step of the notebook's network may ask of the device, counted by `stats()`.

mod common;

use autograd::Tensor;
use backend_wgpu::Options;
use data::{Dataset, Mnist, MnistFiles};
use nn::optim::{Adam, Optimizer, Sgd};
use nn::{Linear, Module, ReLU, Sequential};
use std::sync::{Mutex, PoisonError};
use tensor_core::{Device, Stats};

fn files() -> MnistFiles {
    MnistFiles::from_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist")).expect("the data is here")
}

/// The notebook's network, always of the same initial weights: tests that draw them take turns.
fn network(device: &Device) -> Sequential {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    tensor_core::random::manual_seed(0);
    let mut model = Sequential::default();
    for (inputs, outputs) in [(784, 128), (128, 64)] {
        model.push(Linear::new(inputs, outputs, device));
        model.push(ReLU);
    }
    model.push(Linear::new(64, 10, device));
    model
}

/// One step as `examples/mnist.rs` makes it, the loss added up on the device.
fn step(model: &Sequential, train: &Mnist, optimizer: &mut dyn Optimizer, total: &mut Tensor, at: usize) {
    let indices: Vec<i64> = (0..64).map(|i| ((at * 64 + i) % train.len()) as i64).collect();
    let (images, labels) = train.batch(&indices);
    optimizer.zero_grad();
    let loss = model.forward(&images).cross_entropy(&labels);
    loss.backward();
    optimizer.step();
    *total = &*total + loss.detach();
}

/// With the kernels for this adapter, and with those for hardware, which cut and pack the work otherwise.
fn steady(name: &str, make: impl Fn(Vec<Tensor>) -> Box<dyn Optimizer>) {
    for as_hardware in [false, true] {
        let Some(device) = common::gpu_with(&Options { as_hardware, ..Options::default() }) else { return };
        steady_on(&device, &format!("{name}, as hardware: {as_hardware}"), &make);
    }
}

fn steady_on(device: &Device, name: &str, make: &impl Fn(Vec<Tensor>) -> Box<dyn Optimizer>) {
    let train = files().train(0.5, 0.5, device);
    let model = network(device);
    let mut optimizer = make(model.parameters());
    let mut total = Tensor::zeros((), device);
    const WARM_UP: usize = 8;
    const STEPS: usize = 20;
    (0..WARM_UP).for_each(|at| step(&model, &train, &mut *optimizer, &mut total, at));
    let before = device.stats();
    (0..STEPS).for_each(|at| step(&model, &train, &mut *optimizer, &mut total, WARM_UP + at));
    let after = device.stats();
    let per_step = |f: fn(&Stats) -> u64| (f(&after) - f(&before)) as f64 / STEPS as f64;
    println!("{name}: {} dispatches, {} submits a step", per_step(|s| s.dispatches), per_step(|s| s.submits));
    assert_eq!(per_step(|s| s.submits), 1.0);
    assert!(per_step(|s| s.dispatches) <= 16.0, "{} dispatches", per_step(|s| s.dispatches));
    assert_eq!(after.readbacks, before.readbacks);
    assert_eq!(after.host_fallbacks, before.host_fallbacks);
    assert_eq!(after.creations, before.creations, "pipelines, bind groups or shader modules were made");
    assert_eq!(after.allocations, before.allocations, "buffers were made");
    assert_eq!(after.live, before.live);
    let loss = total.item::<f32>() / (WARM_UP + STEPS) as f32;
    assert!(loss > 0.1 && loss < 2.5, "{name}: a mean loss of {loss}");
}

#[test]
fn sgd_with_momentum_keeps_the_budget() {
    steady("sgd", |parameters| Box::new(Sgd::new(parameters, 0.003).momentum(0.9)));
}

#[test]
fn adam_keeps_the_budget() {
    steady("adam", |parameters| Box::new(Adam::new(parameters, 0.001)));
}

#[test]
fn evaluation_reads_back_once() {
    let Some(device) = common::gpu() else { return };
    let test = files().test(0.5, 0.5, &device);
    let model = network(&device);
    let before = device.stats();
    let all: Vec<i64> = (0..test.len() as i64).collect();
    let (images, labels) = test.batch(&all);
    let right = autograd::no_grad(|| model.forward(&images).argmax_dim(1, false).eq(&labels).sum());
    let right = right.item::<i32>();
    assert!((0..=10_000).contains(&right));
    assert_eq!(device.stats().readbacks - before.readbacks, 1);
}

#[test]
fn live_bytes_stay_flat_over_2000_steps() {
    let Some(device) = common::gpu() else { return };
    let train = files().train(0.5, 0.5, &device);
    let model = network(&device);
    let mut optimizer = Sgd::new(model.parameters(), 0.003).momentum(0.9);
    let mut total = Tensor::zeros((), &device);
    (0..8).for_each(|at| step(&model, &train, &mut optimizer, &mut total, at));
    let before = device.stats();
    (8..2008).for_each(|at| step(&model, &train, &mut optimizer, &mut total, at));
    let after = device.stats();
    assert_eq!((after.live, after.peak, after.pooled), (before.live, before.peak, before.pooled));
    assert_eq!(after.submits - before.submits, 2000);
    assert!(total.item::<f32>().is_finite());
}

/// Losses of 200 steps from one seed, and the right answers on the test set after them.
fn train(device: &Device) -> (Vec<f32>, i32) {
    let (train, test) = (files().train(0.5, 0.5, device), files().test(0.5, 0.5, device));
    let model = network(device);
    let mut optimizer = Sgd::new(model.parameters(), 0.003).momentum(0.9);
    let losses = (0..200).map(|at| {
        let mut loss = Tensor::zeros((), device);
        step(&model, &train, &mut optimizer, &mut loss, at);
        loss.item::<f32>()
    });
    let losses = losses.collect();
    let (images, labels) = test.batch(&(0..test.len() as i64).collect::<Vec<_>>());
    let right = autograd::no_grad(|| model.forward(&images).argmax_dim(1, false).eq(&labels).sum());
    (losses, right.item())
}

#[test]
fn one_seed_trains_the_same_on_cpu_and_gpu() {
    let Some(device) = common::gpu() else { return };
    let (want, right) = train(&backend_cpu::device());
    let (got, right_here) = train(&device);
    for (step, (g, w)) in got.iter().zip(&want).enumerate().take(50) {
        assert!((g - w).abs() <= 1e-4 * w, "step {step}: a loss of {g}, the CPU's is {w}");
    }
    assert!(want[199] < 0.8 * want[0], "it did not learn");
    assert!((right - right_here).abs() <= 50, "{right_here} of 10000 right, the CPU has {right}");
    println!("accuracy {right_here} on {device}, {right} on the CPU; losses {} and {}", got[199], want[199]);
}
