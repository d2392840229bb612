//! `cargo xtask sweep`: how the time of a training step grows with width, batch, depth and threads.
//!
//! Every point is a run of the release `mnist` example on the CPU. Rounds are interleaved: all points once,
//! then all again; a run counts by its best epoch and a point by the median of its runs. Other frameworks are
//! never run from here: their measurements come in a file of JSON lines, best together with Firebrand's own
//! from the same interleaved run, since ratios are good for one machine at one time only.

mod grid;
mod plot;
mod report;
mod runs;

use crate::{Failed, Outcome, cargo};
use grid::Point;
use runs::Run;
use std::path::Path;
use std::process::{Command, Stdio};

const HELP: &str = "\
cargo xtask sweep [--list] [--quick] [--rounds N] [--peers FILE] [--out DIR]
  --list        prints the points, one a line: axis, value, threads, arguments of the mnist example; runs nothing
  --quick       two points an axis
  --rounds N    interleaved rounds (3)
  --peers FILE  JSON lines of runs to compare with: {\"peer\":\"torch\",\"axis\":\"width\",\"value\":128,
                \"ms_per_step\":…}, a number or one an epoch, several lines a point for several rounds;
                where Firebrand's own runs are among them, nothing is measured here
  --out DIR     where `performance/sweep.json`, `performance/sweep.svg` and the section of `performance.md`
                are written (docs)";

/// What was asked for.
struct Options {
    list: bool,
    quick: bool,
    rounds: usize,
    peers: Option<String>,
    out: String,
}

fn options(args: &[&str]) -> Result<Options, Failed> {
    let mut options = Options { list: false, quick: false, rounds: 3, peers: None, out: "docs".into() };
    let mut args = args.iter();
    while let Some(&arg) = args.next() {
        let mut value =
            || args.next().map(|&v| v.to_string()).ok_or_else(|| Failed(format!("{arg} wants a value")));
        match arg {
            "--list" => options.list = true,
            "--quick" => options.quick = true,
            "--rounds" => {
                options.rounds = value()?.parse().map_err(|e| Failed(format!("--rounds: {e}")))?;
            }
            "--peers" => options.peers = Some(value()?),
            "--out" => options.out = value()?,
            _ => return Err(Failed(HELP.into())),
        }
    }
    Ok(options)
}

/// The chore.
pub fn run(args: &[&str]) -> Outcome {
    let options = options(args)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let points = grid::points(cores, options.quick);
    if options.list {
        for point in &points {
            println!(
                "{} {} {} {}",
                point.axis.name(),
                point.value,
                point.threads,
                point.arguments().join(" ")
            );
        }
        return Ok(());
    }
    let mut found = match &options.peers {
        Some(file) => runs::read(Path::new(file))?,
        None => Vec::new(),
    };
    if !found.iter().any(Run::is_ours) {
        found.extend(measure(&points, options.rounds)?);
    }
    let table = runs::medians(&found);
    let machine = machine(cores);
    let docs = Path::new(&options.out);
    let folder = docs.join("performance");
    std::fs::create_dir_all(&folder).map_err(|e| Failed(format!("{}: {e}", folder.display())))?;
    write(&folder.join("sweep.json"), &runs::json(&table, &machine))?;
    plot::svg(&table, &folder.join("sweep.svg"))?;
    report::into_document(&docs.join("performance.md"), &report::section(&table, &machine))?;
    println!("{}", report::behind(&table));
    Ok(())
}

/// Measures the points with the mnist example, round after round.
fn measure(points: &[Point], rounds: usize) -> Result<Vec<Run>, Failed> {
    cargo(&["build", "--quiet", "--release", "--example", "mnist"])?;
    let line = std::env::temp_dir().join(format!("firebrand-sweep-{}.json", std::process::id()));
    let mut found = Vec::new();
    for round in 1..=rounds {
        for point in points {
            let mut command = Command::new("target/release/examples/mnist");
            command
                .args(point.arguments())
                .args(["--device", "cpu", "--threads", &point.threads.to_string(), "--json"])
                .arg(&line)
                .stdout(Stdio::null());
            let status = command.status().map_err(|e| Failed(format!("the mnist example: {e}")))?;
            if !status.success() {
                return Err(Failed(format!("failed ({status}): {command:?}")));
            }
            let run = Run::at(point, &runs::text(&line)?)?;
            println!("round {round}  {:<7} {:>5}  {:>9.4} ms", point.axis.name(), point.value, run.ms);
            found.push(run);
        }
    }
    std::fs::remove_file(&line).map_err(|e| Failed(format!("{}: {e}", line.display())))?;
    Ok(found)
}

/// The processor's name and how many cores of it there are.
fn machine(cores: usize) -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|l| l.strip_prefix("model name")?.split_once(": "));
    format!("{}, {cores} cores", name.map_or("unknown processor", |(_, name)| name.trim()))
}

fn write(path: &Path, text: &str) -> Outcome {
    std::fs::write(path, text).map_err(|e| Failed(format!("{}: {e}", path.display())))
}
