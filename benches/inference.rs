//! What a step is made of, beside its arithmetic: `cargo bench --bench inference`, on the CPU.
//!
//! Answers of the trained notebook network, the tape's cost per operation, the memory a training step holds
//! against what it must hold, and the bandwidth of element-wise kernels against a copy's. Every time is the
//! best of many in one run.

mod support;

use firebrand::data::{DataLoader, Dataset, Mnist};
use firebrand::nn::{self, Linear, Module, ReLU, Sequential};
use firebrand::optim::{Optimizer, Sgd};
use firebrand::{Device, Tensor, cpu, manual_seed, no_grad};
use std::hint::black_box;
use std::time::Instant;
use support::work::{WORKLOADS, Workload};

/// Seconds of the fastest of the calls made in about half a second, and of ten at least.
fn best(mut call: impl FnMut()) -> f64 {
    let (clock, mut best, mut calls) = (Instant::now(), f64::INFINITY, 0);
    while calls < 10 || clock.elapsed().as_secs_f64() < 0.5 {
        calls += 1;
        let start = Instant::now();
        call();
        best = best.min(start.elapsed().as_secs_f64());
    }
    best
}

fn main() {
    println!("{} threads, {:?}", firebrand::num_threads(), backend_cpu::simd::level());
    inference();
    overhead();
    memory();
    bandwidth();
}

/// The notebook's network after one pass over the real images.
fn trained(train: Mnist, device: &Device) -> Sequential {
    manual_seed(0);
    let model = nn::seq![
        Linear::new(784, 128, device),
        ReLU,
        Linear::new(128, 64, device),
        ReLU,
        Linear::new(64, 10, device)
    ];
    let mut optimizer = Sgd::new(model.parameters(), 0.003).momentum(0.9);
    for (images, labels) in &DataLoader::new(train, 64).shuffle(true) {
        optimizer.zero_grad();
        model.forward(&images).cross_entropy(&labels).backward();
        optimizer.step();
    }
    model.eval();
    model
}

fn inference() {
    let device = cpu();
    let open = |train| Mnist::open("data/mnist").train(train).normalize(0.5, 0.5).load(&device);
    let test = open(false).expect("the repository's MNIST");
    let model = trained(open(true).expect("the repository's MNIST"), &device);
    let all: Vec<i64> = (0..test.len() as i64).collect();
    let (images, labels) = test.batch(&all);
    let one = images.narrow(0, 0, 1).contiguous();
    no_grad(|| {
        let right = model.forward(&images).argmax_dim(1, false).eq(&labels).sum().item::<i32>();
        println!("\nanswers of 784-128-64-10, {right} of {} right", test.len());
        let latency = best(|| drop(black_box(model.forward(&one))));
        println!("  one image        {:>9.2} µs", latency * 1e6);
        let many = best(|| drop(black_box(model.forward(&images))));
        println!("  {} images    {:>9.3} ms", test.len(), many * 1e3);
    });
}

/// Chains of operations on one element, where the arithmetic is nothing.
fn overhead() {
    const OPS: usize = 1000;
    type Op = fn(&Tensor) -> Tensor;
    // By name, kernels or views of the backward pass, and operation.
    let ops: [(&str, usize, Op); 3] = [
        ("unsqueeze, squeeze", 1, |x| x.unsqueeze(0).squeeze_dim(0)),
        ("x + 1", 0, |x| x + 1.0),
        ("x * 1", 1, |x| x * 1.0),
    ];
    println!("\nns per operation in a chain of {OPS} on one element");
    println!("  {:<20} {:>8} {:>9} {:>9} {:>9}", "", "no_grad", "recorded", "backward", "the tape");
    let x = Tensor::ones(1, &cpu()).requires_grad_(true);
    for (name, kernels, op) in ops {
        let count = if name.contains(',') { OPS / 2 } else { OPS };
        let chain = || (0..count).fold(op(&x), |y, _| op(&y));
        let each = 1e9 / OPS as f64;
        let plain = each * no_grad(|| best(|| drop(black_box(chain()))));
        let (mut forward, mut backward) = (f64::INFINITY, f64::INFINITY);
        let whole = best(|| {
            x.zero_grad();
            let clock = Instant::now();
            let y = chain();
            forward = forward.min(clock.elapsed().as_secs_f64());
            let clock = Instant::now();
            y.backward();
            backward = backward.min(clock.elapsed().as_secs_f64());
        });
        // Recording, walking back and freeing, without the kernels of either way.
        let tape = each * whole - plain * (1 + kernels) as f64;
        let (forward, backward) = (each * forward, each * backward);
        println!("  {name:<20} {plain:>8.0} {forward:>9.0} {backward:>9.0} {tape:>9.0}");
    }
}

/// Bytes that any training step must hold at once: parameters, gradients and the optimizer's state; the batch
/// and its labels; what each layer gave and the backward pass reads.
fn must_live(workload: &Workload) -> usize {
    let products = workload.products();
    let params: usize = products.iter().map(|[_, inputs, outputs]| (inputs + 1) * outputs).sum();
    let results: usize = products.iter().map(|[batch, _, outputs]| batch * outputs).sum();
    let copies = if workload.adam { 4 } else { 3 };
    let [batch, pixels, _] = products[0];
    4 * (copies * params + batch * (pixels + 1) + results)
}

fn memory() {
    println!("\nbytes at the peak of a training step, the data set apart");
    println!("  {:<32} {:>12} {:>12} {:>7}", "", "held, MB", "must, MB", "ratio");
    for workload in &WORKLOADS {
        let device = Device::new(backend_cpu::Cpu::default()); // its counters are this network's alone
        let mut step = workload.stepper(&device);
        (0..3).for_each(|_| drop(step()));
        let data = 8192 * (784 + 4);
        let (held, must) = (device.stats().peak - data, must_live(workload));
        let ratio = held as f64 / must as f64;
        let [held, must] = [held, must].map(|bytes| bytes as f64 / 1e6);
        println!("  {:<32} {held:>12.2} {must:>12.2} {ratio:>7.2}", workload.name);
    }
}

/// Copies on as many threads as kernels use.
fn copy(from: &[f32], to: &mut [f32]) {
    let part = from.len().div_ceil(firebrand::num_threads());
    std::thread::scope(|scope| {
        for (from, to) in from.chunks(part).zip(to.chunks_mut(part)) {
            scope.spawn(move || to.copy_from_slice(from));
        }
    });
}

fn bandwidth() {
    const N: usize = 64 << 20 >> 2;
    let device = cpu();
    let (a, b) = (Tensor::rand([N], &device), Tensor::rand([N], &device));
    let (from, mut to) = (vec![1f32; N], vec![0f32; N]);
    let rate = |arrays: usize, seconds: f64| (4 * arrays * N) as f64 / seconds / 1e9;
    // The slices lie in small pages, the backend's memory in large ones: the faster of the two is the measure.
    let sliced = rate(2, best(|| copy(black_box(&from), black_box(&mut to))));
    let own = rate(2, best(|| drop(black_box(a.raw().copy()))));
    let copied = sliced.max(own);
    println!("\nbytes read and written on tensors of 64 MiB");
    println!("  {:<20} {:>8} {:>12}", "", "GB/s", "% of a copy");
    println!("  {:<20} {sliced:>8.1} {:>12.0}", "copy_from_slice", 100.0 * sliced / copied);
    println!("  {:<20} {own:>8.1} {:>12.0}", "a tensor's copy", 100.0 * own / copied);
    no_grad(|| {
        let row = |name: &str, arrays: usize, call: &dyn Fn() -> Tensor| {
            let rate = rate(arrays, best(|| drop(black_box(call()))));
            println!("  {name:<20} {rate:>8.1} {:>12.0}", 100.0 * rate / copied);
        };
        row("a + b", 3, &|| &a + &b);
        row("relu", 2, &|| a.relu());
        row("exp", 2, &|| a.exp());
        row("sum of all", 1, &|| a.sum());
        row("sum of rows", 1, &|| a.reshape([4096, N as isize / 4096]).sum_dim(1, false));
        row("sum of columns", 1, &|| a.reshape([N as isize / 4096, 4096]).sum_dim(0, false));
        row("largest of all", 1, &|| a.max());
    });
}
