//! The smallest trainer, measured: how soon its first step is done, and the most memory it ever holds.
//!
//! `cargo xtask sizes` runs it; by hand: `cargo run --release --example footprint -- data/mnist`.

use firebrand::data::{DataLoader, Mnist};
use firebrand::nn::{self, Linear, Module, ReLU};
use firebrand::optim::{Optimizer, Sgd};
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let folder = std::env::args().nth(1).unwrap_or_else(|| "data/mnist".into());
    let device = firebrand::device();
    let train = Mnist::open(folder).normalize(0.5, 0.5).load(&device)?;
    let model = nn::seq![
        Linear::new(784, 128, &device),
        ReLU,
        Linear::new(128, 64, &device),
        ReLU,
        Linear::new(64, 10, &device)
    ];
    let mut optimizer = Sgd::new(model.parameters(), 0.003).momentum(0.9);
    for (step, (images, labels)) in DataLoader::new(train, 64).shuffle(true).iter().enumerate() {
        optimizer.zero_grad();
        model.forward(&images).cross_entropy(&labels).backward();
        optimizer.step();
        if step == 0 {
            println!("start to first training step    {:.3} s", start.elapsed().as_secs_f64());
        }
    }
    println!(
        "peak memory                     {}",
        peak_memory().unwrap_or_else(|| "not told by this system".into())
    );
    Ok(())
}

/// The kernel's own count of the most this process has held.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(format!("{:.0} MB", kib * 1024.0 / 1e6))
}
