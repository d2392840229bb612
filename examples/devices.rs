//! Which devices are here, what bounds them, and which of them is faster for which network.
//!
//! `cargo run --release --features wgpu --example devices`

#[cfg(feature = "wgpu")]
use firebrand::backend_wgpu;
use firebrand::nn::{Linear, Module, ReLU, Sequential};
use firebrand::optim::{Adam, Optimizer};
use firebrand::{self as torch, DType, Device, Tensor};
use std::error::Error;
use std::time::Instant;

fn main() {
    if let Err(error) = run() {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    println!("cpu: {} threads", torch::num_threads());
    #[cfg_attr(not(feature = "wgpu"), expect(unused_mut, reason = "GPUs join under their feature"))]
    let mut devices = vec![torch::cpu()];
    #[cfg(feature = "wgpu")]
    {
        let adapters = backend_wgpu::adapters();
        if adapters.is_empty() {
            println!("no GPU: {}", backend_wgpu::choose("wgpu").err().ok_or("adapters that vanish")?);
        }
        for adapter in adapters {
            println!("{adapter}: {}", adapter.details());
            for (limit, value) in adapter.limits() {
                println!("    {limit:36} {value}");
            }
            match torch::wgpu(&format!("wgpu:{}", adapter.index)) {
                Ok(device) => devices.push(device),
                Err(error) => println!("    cannot be used: {error}"),
            }
        }
    }
    #[cfg(not(feature = "wgpu"))]
    println!("this program was built without GPUs: build it with --features wgpu");
    println!("the default device is {}\n", torch::device());

    println!("milliseconds a training step with Adam:");
    for (hidden, batch) in [(vec![32], 16), (vec![128, 64], 64), (vec![512, 512], 128)] {
        let mut times = Vec::new();
        for device in &devices {
            times.push((step_time(&hidden, batch, device), device.name()));
        }
        let sizes: Vec<String> = hidden.iter().map(usize::to_string).collect();
        println!("784-{}-10, batch {batch}", sizes.join("-"));
        for (time, name) in &times {
            println!("    {time:9.3}  {name}");
        }
        if let Some((_, name)) = times.iter().min_by(|a, b| a.0.total_cmp(&b.0)) {
            println!("    faster: {name}");
        }
    }
    Ok(())
}

/// The time of a step in milliseconds: the best of some runs of a few, after a warm-up.
fn step_time(hidden: &[usize], batch: usize, device: &Device) -> f64 {
    torch::manual_seed(0);
    let mut model = Sequential::default();
    let mut inputs = 784;
    for &size in hidden {
        model.push(Linear::new(inputs, size, device));
        model.push(ReLU);
        inputs = size;
    }
    model.push(Linear::new(inputs, 10, device));
    let mut optimizer = Adam::new(model.parameters(), 0.001);
    let images = Tensor::randint(0, 256, [1024, 784], device).to_dtype(DType::U8);
    let labels = Tensor::randint(0, 10, [1024], device);
    let mut step = |from: usize| {
        let index: Vec<i32> = (0..batch).map(|i| ((from + i) % 1024) as i32).collect();
        let index = Tensor::from_vec(index, batch, device);
        let (x, y) = images.fetch_batch(&labels, &index, 0.5, 0.5);
        optimizer.zero_grad();
        model.forward(&x).cross_entropy(&y).backward();
        optimizer.step();
    };
    let mut best = f64::INFINITY;
    for round in 0..6 {
        const STEPS: usize = 5;
        let clock = Instant::now();
        (0..STEPS).for_each(|i| step(STEPS * round + i));
        device.sync().expect("the device works");
        if round > 0 {
            best = best.min(clock.elapsed().as_secs_f64() * 1e3 / STEPS as f64);
        }
    }
    best
}
