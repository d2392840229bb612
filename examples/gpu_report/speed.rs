//! How fast the device is beside the CPU: products, what memory bounds, and whole training steps.

use crate::work::{self, Case, SOFTWARE, WORKLOADS};
use crate::{Report, cpu};
use firebrand::backend_wgpu::Gpu;
use firebrand::{self as torch, Device, Error};
use std::time::Instant;

/// Samples of a measurement; the best counts.
const SAMPLES: usize = 5;

/// Adds the tables.
pub fn add(
    report: &mut Report,
    device: &Device,
    gpu: &Gpu,
    quick: bool,
    maker: Option<f64>,
) -> Result<(), Error> {
    let long = if quick { 0.02 } else { 0.2 };
    torch::no_grad(|| {
        products(report, device, gpu, quick, (long, maker))?;
        memory(report, device, quick, long)
    })?;
    steps(report, device, quick, long)
}

fn products(
    report: &mut Report,
    device: &Device,
    gpu: &Gpu,
    quick: bool,
    (long, maker): (f64, Option<f64>),
) -> Result<(), Error> {
    let peak = gpu.fma_peak()? * 2.0 / 1e9;
    report.add("## Products of matrices\n");
    let beside = maker.map_or(String::new(), |maker| {
        format!("; its maker says {maker:.0} ({:.0} % of it reached)", 100.0 * peak / maker)
    });
    report.add(&format!("Peak of f32 multiply-adds on registers, measured: {peak:.0} GFLOP/s{beside}.\n"));
    let squares = [256, 512, 1024, 2048, 4096].map(|n| [n; 3]);
    let squares = &squares[..if quick { 2 } else { 5 }];
    let layers = WORKLOADS.iter().filter(|w| !(quick && w.is_long())).flat_map(|w| w.products());
    let mut rows = Vec::new();
    for size @ [m, k, n] in squares.iter().copied().chain(layers) {
        let [here, there] = [cpu(), device.clone()].map(|d| measured(&d, long, work::product(size, &d)));
        let (here, there) = (here?, there?);
        rows.push(vec![
            format!("{m}×{k}×{n}"),
            gpu.product_plan([1, m, k], n).to_string(),
            number(here.milliseconds),
            number(here.rate),
            number(there.milliseconds),
            number(there.rate),
            format!("{:.1}", 100.0 * there.rate / peak),
        ]);
    }
    let heads =
        ["M×K×N", "kernel", "CPU ms", "CPU GFLOP/s", "wgpu ms", "wgpu GFLOP/s", "% of the measured peak"];
    report.table(&heads, &rows);
    Ok(())
}

fn memory(report: &mut Report, device: &Device, quick: bool, long: f64) -> Result<(), Error> {
    report.add("## What memory bounds\n");
    let mut rows = Vec::new();
    // Four megabytes, which caches hold, and 64, the most that every adapter binds.
    for floats in if quick { vec![1024] } else { vec![1024, 16 * 1024] } {
        let pairs = work::elements(floats, &cpu()).into_iter().zip(work::elements(floats, device));
        for (on_cpu, on_gpu) in pairs {
            let name = format!("{} {}, {} MB", on_cpu.group, on_cpu.what, floats * 4096 / 1_000_000);
            let (here, there) = (measured(&cpu(), long, on_cpu)?, measured(device, long, on_gpu)?);
            rows.push(vec![
                name,
                number(here.milliseconds),
                number(here.rate),
                number(there.milliseconds),
                number(there.rate),
            ]);
        }
    }
    report.table(&["operation, of arrays of", "CPU ms", "CPU GB/s", "wgpu ms", "wgpu GB/s"], &rows);
    Ok(())
}

fn steps(report: &mut Report, device: &Device, quick: bool, long: f64) -> Result<(), Error> {
    report.add("## Training steps\n");
    let mut rows = Vec::new();
    for workload in &WORKLOADS {
        if quick && workload.is_long() {
            report.add(&format!("{}: left out, this is a quick report.\n", workload.name));
            continue;
        }
        let mut step = workload.stepper(&cpu());
        let here = best(&cpu(), long, || drop(step()))?;
        let mut step = workload.stepper(device);
        let there = best(device, long, || drop(step()))?;
        const COUNTED: u64 = 10;
        let before = device.stats();
        (0..COUNTED).for_each(|_| drop(step()));
        device.sync()?;
        let after = device.stats();
        rows.push(vec![
            workload.name.into(),
            number(here * 1e3),
            number(there * 1e3),
            format!("{:.2}", here / there),
            ((after.dispatches - before.dispatches) / COUNTED).to_string(),
            (after.creations - before.creations + after.allocations - before.allocations).to_string(),
        ]);
    }
    let heads =
        ["network", "CPU ms", "wgpu ms", "CPU / wgpu", "dispatches a step", "things made in 10 steps"];
    report.table(&heads, &rows);
    if work::is_software(device) {
        report.add(&format!("All of wgpu's figures: {SOFTWARE}."));
    }
    Ok(())
}

struct Measured {
    milliseconds: f64,
    rate: f64,
}

fn measured(device: &Device, long: f64, mut case: Case) -> Result<Measured, Error> {
    let seconds = best(device, long, &mut case.call)?;
    let rate = case.work.rate(seconds).unwrap_or(f64::NAN);
    Ok(Measured { milliseconds: seconds * 1e3, rate })
}

/// Seconds of a call, the best of some samples of about `long` seconds, each measured until all of it is done.
fn best(device: &Device, long: f64, mut call: impl FnMut()) -> Result<f64, Error> {
    let mut sample = |times: usize| -> Result<f64, Error> {
        let clock = Instant::now();
        (0..times).for_each(|_| call());
        device.sync()?;
        Ok(clock.elapsed().as_secs_f64())
    };
    sample(2)?; // compiles, and fills the pool
    let mut times = 1;
    let mut spent = sample(times)?;
    while spent < long / 2.0 {
        times *= 2;
        spent = sample(times)?;
    }
    let mut best = spent / times as f64;
    for _ in 1..SAMPLES {
        best = best.min(sample(times)? / times as f64);
    }
    Ok(best)
}

/// Three digits or more.
fn number(v: f64) -> String {
    match v {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v if v >= 1.0 => format!("{v:.2}"),
        v => format!("{v:.4}"),
    }
}
