//! Whole training steps (fetch a batch, forward, loss, backward, optimizer) of the networks W1, W2 and W3 that
//! the project measures itself by; CPU and GPU side by side.
//!
//! `cargo bench --bench mlp_step`, `cargo bench --bench mlp_step --features wgpu`.

mod support;

use criterion::Criterion;
use firebrand::nn::{Linear, Module, ReLU, Sequential};
use firebrand::optim::{Adam, Optimizer, Sgd};
use firebrand::{DType, Device, Tensor, manual_seed};
use support::{Table, Work, criterion, devices};

/// A network and how it is trained.
struct Workload {
    name: &'static str,
    hidden: [usize; 2],
    batch: usize,
    adam: bool,
}

const WORKLOADS: [Workload; 3] = [
    Workload { name: "W1 784-128-64-10 b64 sgd", hidden: [128, 64], batch: 64, adam: false },
    Workload { name: "W2 784-512-512-10 b128 adam", hidden: [512, 512], batch: 128, adam: true },
    Workload { name: "W3 784-2048-2048-10 b1024 adam", hidden: [2048, 2048], batch: 1024, adam: true },
];

/// A training step of a workload on a device, over random images that stay there as bytes.
fn stepper(workload: &Workload, device: &Device) -> impl FnMut() + use<> {
    let mut model = Sequential::default();
    let mut inputs = 784;
    for size in workload.hidden {
        model.push(Linear::new(inputs, size, device));
        model.push(ReLU);
        inputs = size;
    }
    model.push(Linear::new(inputs, 10, device));
    let mut optimizer: Box<dyn Optimizer> = if workload.adam {
        Box::new(Adam::new(model.parameters(), 0.001))
    } else {
        Box::new(Sgd::new(model.parameters(), 0.003).momentum(0.9))
    };
    const IMAGES: usize = 8192;
    let pixels = Tensor::randint(0, 256, [IMAGES, 784], device).to_dtype(DType::U8);
    let labels = Tensor::randint(0, 10, [IMAGES], device);
    let (batch, device) = (workload.batch, device.clone());
    let mut at = 0;
    move || {
        let index: Vec<i32> = (0..batch).map(|i| ((at + 37 * i) % IMAGES) as i32).collect();
        at += batch;
        let index = Tensor::from_vec(index, batch, &device);
        let (x, y) = (pixels.fetch_pixels(&index, 0.5, 0.5), labels.index_select(0, &index));
        optimizer.zero_grad();
        model.forward(&x).cross_entropy(&y).backward();
        optimizer.step();
    }
}

fn steps(c: &mut Criterion, table: &Table) {
    for workload in &WORKLOADS {
        for device in devices() {
            // A software adapter takes seconds for a step of W3, and says nothing of a GPU.
            if workload.batch == 1024 && device.1.name().contains("llvmpipe") {
                eprintln!("{} on {}: left out, it is a software adapter", workload.name, device.1);
                continue;
            }
            let step = stepper(workload, &device.1);
            table.bench(c, "step", workload.name, &device, Work::Step, step);
        }
    }
}

fn main() {
    manual_seed(0);
    let (mut c, table) = (criterion(), Table::default());
    steps(&mut c, &table);
    c.final_summary();
    table.print();
}
