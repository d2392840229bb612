//! One program that tells what a GPU does here: its limits, whether it computes rightly, and how fast it is
//! beside the CPU, as Markdown. It needs no Rust, no data and no network where it runs.
//!
//! `cargo xtask gpu-report` builds and runs it; `cargo xtask gpu-report --build-only DIR` packs it for another
//! machine.

mod checks;
mod speed;
#[path = "../../benches/support/work.rs"]
#[allow(dead_code, reason = "the benches take the rest")]
mod work;

use clap::Parser;
use firebrand::backend_wgpu::{self, Gpu};
use firebrand::{self as torch, Device};
use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures a GPU beside the CPU and prints Markdown
#[derive(Parser)]
struct Args {
    /// wgpu (the fastest there is), wgpu:N, or part of an adapter's name
    #[arg(long)]
    device: Option<String>,
    /// Small sizes and short measurements: for software adapters, and to see that it works
    #[arg(long)]
    quick: bool,
    /// Write the report to this file too
    #[arg(long)]
    out: Option<PathBuf>,
    /// The card's f32 peak by its maker, in GFLOP/s, to stand beside the measured one
    #[arg(long)]
    peak: Option<f64>,
}

/// The report so far. Each part is printed as soon as it is there, so that a device that hangs has been named.
#[derive(Default)]
pub struct Report(String);

impl Report {
    /// Adds a part.
    pub fn add(&mut self, part: &str) {
        println!("{part}");
        self.0.push_str(part);
        self.0.push('\n');
    }

    /// Adds a table.
    pub fn table(&mut self, heads: &[&str], rows: &[Vec<String>]) {
        let line = |cells: Vec<&str>| format!("| {} |", cells.join(" | "));
        self.add(&line(heads.to_vec()));
        let rule = |i: usize| if i == 0 { "---" } else { "--:" };
        self.add(&line((0..heads.len()).map(rule).collect()));
        for row in rows {
            self.add(&line(row.iter().map(String::as_str).collect()));
        }
        self.add("");
    }
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("error: this device computes wrongly; see the table of correctness");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything was right.
fn run(args: &Args) -> Result<bool, Box<dyn Error>> {
    let wanted = args.device.clone().or_else(|| std::env::var("FIREBRAND_DEVICE").ok());
    let wanted = wanted.filter(|name| !name.is_empty() && name != "cpu").unwrap_or("wgpu".into());
    let device = backend_wgpu::open(&wanted)?;
    let gpu: &Gpu = device.downcast_ref().ok_or("a wgpu device that is none")?;
    torch::manual_seed(0);

    let mut report = Report::default();
    report.add(&format!("# {}\n", gpu.adapter().name()));
    if work::is_software(&device) {
        report.add(&format!("**{}.**\n", work::SOFTWARE));
    }
    machine(&mut report, gpu);
    let right = torch::no_grad(|| checks::add(&mut report, &device, gpu, args.quick))?;
    speed::add(&mut report, &device, gpu, args.quick, args.peak)?;
    if let Some(path) = &args.out {
        std::fs::write(path, &report.0).map_err(|e| format!("{}: {e}", path.display()))?;
        eprintln!("written to {}", path.display());
    }
    Ok(right)
}

fn machine(report: &mut Report, gpu: &Gpu) {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let facts = [
        ("adapter", gpu.adapter().to_string()),
        ("kind, interface, driver", gpu.adapter().details()),
        ("processor", format!("{}, {} threads used", model.unwrap_or("unknown"), torch::num_threads())),
        ("system", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
        ("Firebrand", env!("CARGO_PKG_VERSION").into()),
    ];
    let mut text = String::new();
    for (name, fact) in facts {
        let _ = writeln!(text, "- {name}: {}", fact.trim());
    }
    report.add(&text);
    let limits: Vec<_> = gpu
        .adapter()
        .limits()
        .into_iter()
        .map(|(name, value)| vec![name.into(), value.to_string()])
        .collect();
    report.table(&["limit", "value"], &limits);
}

/// The CPU, which everything is held against.
pub fn cpu() -> Device {
    torch::cpu()
}
