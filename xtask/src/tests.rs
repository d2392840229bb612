//! `cargo xtask test`: every test of the workspace, and one summary at the end.

use crate::{Failed, Outcome, cargo, setup, watch};
use std::process::Command;

/// What the tests want beside the default features; not the GPU's, which changes the default device.
const FEATURES: &str = "firebrand/download,firebrand/ndarray";

/// What the test programs counted.
#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Counts {
    /// Reads libtest's `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        let words: Vec<&str> = counts.split_whitespace().collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<usize>() else { continue };
            match pair[1].trim_end_matches(';') {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

/// Sets up what is missing, runs every test, and ends with their sum.
pub fn all() -> Outcome {
    println!("{}", setup::vulkan()?);
    let mut counts = Counts::default();
    // Every program runs, also after one has failed, so that one run shows all that is wrong.
    let mut run = |args: &[&str]| {
        let mut tests = Command::new("cargo");
        tests.args(["test", "--workspace", "--no-fail-fast"]).args(args);
        watch(&mut tests, |line| counts.add(line))
    };
    let cpu = run(&["--features", FEATURES]);
    // What exists under the GPU's feature alone; a workspace's features are one set, so this is a build of its own.
    let with = format!("{FEATURES},firebrand/wgpu,firebrand-parity/wgpu");
    let gpu = cargo(&["build", "--workspace", "--features", &with, "--example", "gpu_report"])
        .and_then(|()| run(&["--features", &with, "--test", "wgpu", "--test", "gpu_report"]));
    let outcome = cpu.and(gpu);
    println!("\n{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.ignored);
    match (outcome, counts.failed, counts.passed) {
        (Ok(()), 0, 0) => Err(Failed("no test ran".into())),
        (Ok(()), 0, _) => Ok(()),
        (Err(failed), _, _) => Err(failed),
        (Ok(()), failed, _) => Err(Failed(format!("{failed} tests failed"))),
    }
}
