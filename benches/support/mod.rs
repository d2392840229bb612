//! What both benches share: Criterion's settings, and a table at the end that a person can read.
#![allow(dead_code, reason = "each bench takes what it needs")]

pub mod work;

use criterion::{BenchmarkId, Criterion, Throughput};
use firebrand::Device;
use std::cell::RefCell;
use std::time::{Duration, Instant};
use work::{Case, SOFTWARE, Work, is_software};

/// Criterion with settings under which everything takes minutes.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(900))
        .without_plots()
        .configure_from_args()
}

struct Row {
    name: String,
    device: &'static str,
    work: Work,
    seconds: f64,
}

/// The best times seen, by what was measured and where.
#[derive(Default)]
pub struct Table {
    rows: RefCell<Vec<Row>>,
    software: RefCell<Option<String>>,
}

impl Table {
    /// Measures a case on `device` until all of it is done.
    pub fn bench(&self, c: &mut Criterion, (name, device): &(&'static str, Device), mut case: Case) {
        let mut group = c.benchmark_group(case.group);
        match case.work {
            Work::Flops(n) => drop(group.throughput(Throughput::Elements(n as u64))),
            Work::Bytes(n) => drop(group.throughput(Throughput::Bytes(n as u64))),
            Work::Step => {}
        }
        let mut best = f64::INFINITY;
        group.bench_function(BenchmarkId::new(&case.what, name), |b| {
            b.iter_custom(|times| {
                let clock = Instant::now();
                (0..times).for_each(|_| (case.call)());
                device.sync().expect("the device works");
                let spent = clock.elapsed();
                best = best.min(spent.as_secs_f64() / times as f64);
                spent
            });
        });
        group.finish();
        if best.is_finite() {
            let name_of_row = format!("{} {}", case.group, case.what);
            let row = Row { name: name_of_row, device: name, work: case.work, seconds: best };
            self.rows.borrow_mut().push(row);
            if is_software(device) {
                *self.software.borrow_mut() = Some(device.name());
            }
        }
    }

    /// Prints one line for each thing measured, the devices side by side.
    pub fn print(&self) {
        let rows = self.rows.borrow();
        let has_gpu = rows.iter().any(|row| row.device == "wgpu");
        let line = |name: &str, cpu: &str, gpu: &str, ratio: &str| {
            if has_gpu {
                println!("{name:36} {cpu:>26} {gpu:>26} {ratio:>12}");
            } else {
                println!("{name:36} {cpu:>26}");
            }
        };
        println!();
        line("best of all samples", "cpu", "wgpu", "wgpu is");
        for (i, row) in rows.iter().enumerate() {
            if rows[..i].iter().any(|earlier| earlier.name == row.name) {
                continue;
            }
            let of = |device: &str| rows.iter().find(|r| r.name == row.name && r.device == device);
            let (cpu, gpu) = (of("cpu"), of("wgpu"));
            let ratio = cpu.zip(gpu).map_or(String::new(), |(c, g)| faster(c.seconds / g.seconds));
            line(&row.name, &cell(cpu), &cell(gpu), &ratio);
        }
        if let Some(name) = &*self.software.borrow() {
            println!("{name}, a {SOFTWARE}");
        }
    }
}

fn cell(row: Option<&Row>) -> String {
    row.map_or("-".into(), |row| {
        let milliseconds = row.seconds * 1e3;
        match (row.work, row.work.rate(row.seconds)) {
            (Work::Flops(_), Some(rate)) => format!("{milliseconds:.3} ms {rate:8.1} GFLOP/s"),
            (_, Some(rate)) => format!("{milliseconds:.3} ms {rate:8.1} GB/s   "),
            (_, None) => format!("{milliseconds:.3} ms a step"),
        }
    })
}

/// How many times as fast, in words.
fn faster(times: f64) -> String {
    if times >= 1.0 { format!("{times:.1}× faster") } else { format!("{:.1}× slower", 1.0 / times) }
}
