//! What both benches share: the devices to compare, and a table at the end that a person can read.
#![allow(dead_code, reason = "each bench takes what it needs")]

use criterion::{BenchmarkId, Criterion, Throughput};
use firebrand::Device;
use std::cell::RefCell;
use std::time::{Duration, Instant};

/// The CPU, and the GPU when this was built for one and there is one.
pub fn devices() -> Vec<(&'static str, Device)> {
    #[cfg_attr(not(feature = "wgpu"), expect(unused_mut, reason = "the GPU joins under its feature"))]
    let mut found = vec![("cpu", firebrand::cpu())];
    #[cfg(feature = "wgpu")]
    match firebrand::wgpu("wgpu") {
        Ok(gpu) => found.push(("wgpu", gpu)),
        Err(error) => eprintln!("the CPU alone: {error}"),
    }
    found
}

/// Criterion with settings under which everything takes minutes.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(900))
        .without_plots()
        .configure_from_args()
}

/// A rate to report: operations or bytes of one call, and the unit of 10⁹ of them a second.
#[derive(Clone, Copy)]
pub enum Work {
    /// Floating point operations.
    Flops(f64),
    /// Bytes read and written.
    Bytes(f64),
    /// Training steps: only the time matters.
    Step,
}

/// The best times seen, by what was measured and where.
#[derive(Default)]
pub struct Table(RefCell<Vec<(String, String, Work, f64)>>);

impl Table {
    /// Measures `call` on `device` until all of it is done.
    pub fn bench(
        &self,
        c: &mut Criterion,
        group: &str,
        what: &str,
        (name, device): &(&'static str, Device),
        work: Work,
        mut call: impl FnMut(),
    ) {
        let mut group_of = c.benchmark_group(group);
        match work {
            Work::Flops(n) => drop(group_of.throughput(Throughput::Elements(n as u64))),
            Work::Bytes(n) => drop(group_of.throughput(Throughput::Bytes(n as u64))),
            Work::Step => {}
        }
        let mut best = f64::INFINITY;
        group_of.bench_function(BenchmarkId::new(what, name), |b| {
            b.iter_custom(|times| {
                let clock = Instant::now();
                (0..times).for_each(|_| call());
                device.sync().expect("the device works");
                let spent = clock.elapsed();
                best = best.min(spent.as_secs_f64() / times as f64);
                spent
            });
        });
        group_of.finish();
        if best.is_finite() {
            self.0.borrow_mut().push((format!("{group} {what}"), name.to_string(), work, best));
        }
    }

    /// Prints one line for each thing measured, the devices side by side.
    pub fn print(&self) {
        let rows = self.0.borrow();
        let mut names: Vec<&String> = rows.iter().map(|row| &row.0).collect();
        names.dedup();
        println!("\n{:36} {:>26} {:>26}", "best of all samples", "cpu", "wgpu");
        for name in names {
            let cell = |device: &str| {
                let row = rows.iter().find(|row| &row.0 == name && row.1 == device);
                row.map_or("-".into(), |(_, _, work, time)| match work {
                    Work::Flops(n) => format!("{:.3} ms {:8.1} GFLOP/s", time * 1e3, n / time / 1e9),
                    Work::Bytes(n) => format!("{:.3} ms {:8.1} GB/s   ", time * 1e3, n / time / 1e9),
                    Work::Step => format!("{:.3} ms a step", time * 1e3),
                })
            };
            println!("{name:36} {:>26} {:>26}", cell("cpu"), cell("wgpu"));
        }
    }
}
