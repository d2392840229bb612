//! The project's chores in Rust: `cargo xtask <chore>`.
//!
//! Each chore is a list of commands that anyone can also type; a chore stops at the first that fails and says
//! which. What CI runs is `cargo xtask ci`, nothing else.

mod gpu_report;
mod setup;
mod sizes;
mod sweep;
mod tests;

use std::ffi::OsStr;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

const HELP: &str = "\
cargo xtask <chore>
  test          sets up what is missing and runs every test of the workspace
  ci            formatting, clippy and rustdoc without warnings, then `test`
  bench [args]  the benchmarks, as `cargo bench`
  gpu-report [--build-only DIR] [args]
                one release program that measures this machine's GPU beside the CPU, run here (its report goes to
                target/gpu-report.md too) or packed for a machine without Rust; --quick for a software adapter
  parity [DIR] [--device wgpu]
                PyTorch's fixtures of a folder (the repository's own by default), as a table
  sizes         crates, build time, binary size, start-up time and memory of the default build
  sweep [args]  time per training step against width, batch, depth and threads, as data, plot and tables;
                `sweep --help` says more
  setup         installs what the GPU tests need (a software Vulkan driver), where it can";

/// Why a chore stopped.
#[derive(Debug)]
pub struct Failed(pub String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a chore ends.
pub type Outcome = Result<(), Failed>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => tests::all(),
        ["ci"] => ci(),
        ["bench", ref rest @ ..] => cargo(&[&["bench"], rest].concat()),
        ["parity", ref rest @ ..] => parity(rest),
        ["gpu-report", "--build-only", folder] => gpu_report::pack(folder.as_ref()),
        ["gpu-report", ref rest @ ..] => gpu_report::run_here(rest),
        ["sizes"] => sizes::print(),
        ["sweep", ref rest @ ..] => sweep::run(rest),
        ["setup"] => setup::vulkan().map(|found| println!("{found}")),
        _ => Err(Failed(HELP.into())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("{failed}");
            ExitCode::FAILURE
        }
    }
}

fn ci() -> Outcome {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    // What the facade, its benches and examples have under the feature.
    let wgpu = ["--workspace", "--all-targets", "--features", "firebrand/wgpu"];
    cargo(&[&["clippy"], &wgpu[..], &["--", "-D", "warnings"]].concat())?;
    run(Command::new("cargo").args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    tests::all()
}

/// The fixtures; built with GPUs, which takes minutes, only where one is asked for.
fn parity(args: &[&str]) -> Outcome {
    let gpu = args.windows(2).any(|pair| pair[0] == "--device" && pair[1] != "cpu");
    let features: &[&str] = if gpu { &["--features", "wgpu"] } else { &[] };
    let program = ["run", "--quiet", "--release", "-p", "firebrand-parity", "--bin", "parity"];
    cargo(&[&program, features, &["--"], args].concat())
}

/// Runs cargo.
pub fn cargo<S: AsRef<OsStr>>(args: &[S]) -> Outcome {
    run(Command::new("cargo").args(args))
}

/// Runs a command with this one's output.
pub fn run(command: &mut Command) -> Outcome {
    println!("$ {}", text(command));
    let status = command.status().map_err(|e| Failed(format!("{}: {e}", text(command))))?;
    if status.success() { Ok(()) } else { Err(Failed(format!("failed ({status}): {}", text(command)))) }
}

/// Runs a command, showing each line of its output as it comes and giving it to `see`.
pub fn watch(command: &mut Command, mut see: impl FnMut(&str)) -> Outcome {
    let typed = text(command);
    println!("$ {typed}");
    let broken = |e: std::io::Error| Failed(format!("{typed}: {e}"));
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(broken)?;
    let output = child.stdout.take().expect("a piped output");
    for line in BufReader::new(output).lines() {
        let line = line.map_err(|e| Failed(e.to_string()))?;
        println!("{line}");
        see(&line);
    }
    let status = child.wait().map_err(|e| Failed(e.to_string()))?;
    if status.success() { Ok(()) } else { Err(Failed(format!("failed ({status}): {typed}"))) }
}

/// A command as one would type it.
fn text(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|w| w.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
