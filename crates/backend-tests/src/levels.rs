//! The same lines at any width of vectors: a test started again in child processes, one for each level.
//!
//! A process decides its level once, so that comparing levels takes processes. Where the machine has no such
//! level the child says which it ran at instead, and that is compared.

use std::fmt::Debug;
use std::process::Command;

/// Set for a child process: print the lines instead of comparing them.
const CHILD: &str = "FIREBRAND_TEST_LEVEL";

/// Holds what `lines` gives at every level against what it gives in portable code; `test` is the full name of the
/// test that calls this, `level` the level of this process, `least` the number of lines that there must be.
///
/// # Panics
/// When a child fails, or a line differs.
#[track_caller]
pub fn same_at_any_level(test: &str, level: impl Debug, least: usize, lines: impl FnOnce() -> Vec<String>) {
    if std::env::var_os(CHILD).is_some() {
        println!("level {level:?}");
        lines().iter().for_each(|line| println!("line {line}"));
        return;
    }
    let (ran, portable) = child(test, "portable");
    assert_eq!(ran, "portable");
    assert!(portable.len() >= least, "{} lines", portable.len());
    for level in ["avx2", "avx512"] {
        let (ran, lines) = child(test, level);
        if ran != level {
            println!("this machine has no {level}: compared {ran} instead");
        }
        assert_same(level, &portable, &lines);
    }
}

/// Panics at the first line that differs.
#[track_caller]
pub fn assert_same(how: &str, expected: &[String], got: &[String]) {
    assert_eq!(expected.len(), got.len(), "{how}");
    for (expected, got) in expected.iter().zip(got) {
        assert_eq!(expected, got, "{how}");
    }
}

/// The level that a child asked for `level` ran at, and its lines.
#[track_caller]
fn child(test: &str, level: &str) -> (String, Vec<String>) {
    let output = Command::new(std::env::current_exe().expect("this test has a path"))
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .env("FIREBRAND_SIMD", level)
        .output()
        .expect("a child process");
    assert!(output.status.success(), "{level}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let ran = text.lines().find_map(|l| l.split_once("level ").map(|(_, level)| level.to_lowercase()));
    let lines = text.lines().filter_map(|l| l.strip_prefix("line ")).map(String::from).collect();
    (ran.expect("the child names its level"), lines)
}
