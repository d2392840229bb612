//! `cargo xtask sizes`: how light the default build is.
//!
//! Crates are counted from cargo's own tree, the build is a clean one in a folder of its own, and the program
//! measured trains the notebook's network on the real MNIST.

use crate::{Failed, Outcome, run};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Whom the figures stand beside.
const PEERS: [&str; 2] = ["burn 0.22", "candle"];
const NOTE: &str = "The peers' figures were measured once, on two Zen 4 cores.";

/// Prints the figures.
pub fn print() -> Outcome {
    let tree =
        Command::new("cargo").args(["tree", "-e", "normal", "--prefix", "none", "--no-dedupe"]).output();
    let tree = tree.map_err(|e| Failed(format!("cargo tree: {e}")))?;
    let mut crates: Vec<String> =
        String::from_utf8_lossy(&tree.stdout).lines().map(|l| l.replace(" (*)", "")).collect();
    crates.sort();
    crates.dedup();

    let folder = Path::new("target/sizes");
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|e| Failed(format!("{}: {e}", folder.display())))?;
    }
    let build = |args: &[&str]| {
        let clock = Instant::now();
        run(Command::new("cargo")
            .args(["build", "--release", "--quiet", "--target-dir", "target/sizes"])
            .args(args))
        .map(|()| clock.elapsed().as_secs_f64())
    };
    let library = build(&[])?;
    build(&["--example", "footprint"])?;
    let program = folder.join("release/examples/footprint");
    let stripped = folder.join("footprint-stripped");
    run(Command::new("strip").arg("-o").arg(&stripped).arg(&program))?;
    let size = std::fs::metadata(&stripped).map_err(|e| Failed(e.to_string()))?.len();
    let report = Command::new(&stripped).arg("data/mnist").output().map_err(|e| Failed(e.to_string()))?;

    println!("{:<33}{:>12}{:>14}{:>14}", "", "Firebrand", PEERS[0], PEERS[1]);
    let row = |what: &str, ours: String, [burn, candle]: [&str; 2]| {
        println!("{what:<33}{ours:>12}{burn:>14}{candle:>14}");
    };
    row("crates in the default build", crates.len().to_string(), ["206", "176"]);
    row("clean release build", format!("{library:.1} s"), ["260 s", "197 s"]);
    row("a trainer's stripped binary", format!("{:.2} MB", size as f64 / 1e6), ["—", "—"]);
    for line in String::from_utf8_lossy(&report.stdout).lines() {
        if let Some((what, ours)) = line.rsplit_once("  ") {
            row(what.trim(), ours.trim().to_owned(), ["—", "—"]);
        }
    }
    println!("\nThe trainer has the notebook's network and reads the real MNIST from files. {NOTE}");
    Ok(())
}
