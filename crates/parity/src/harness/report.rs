//! What was run and what failed.

use super::Outcome;
use crate::python::guarded;
use std::fmt;
use std::time::{Duration, Instant};

/// One file's cases.
pub struct Tally {
    file: String,
    cases: usize,
    failures: Vec<(String, String)>,
    start: Instant,
    time: Duration,
}

impl Tally {
    /// Of a file.
    pub fn new(file: &str) -> Self {
        Tally {
            file: file.into(),
            cases: 0,
            failures: Vec::new(),
            start: Instant::now(),
            time: Duration::ZERO,
        }
    }

    /// Runs one case; a panic is a failure with its message.
    pub fn case(&mut self, name: impl fmt::Display, run: impl FnOnce() -> Outcome) {
        self.cases += 1;
        let outcome = guarded(run).unwrap_or_else(|panic| Err(panic.message));
        if let Err(why) = outcome {
            self.failures.push((name.to_string(), why));
        }
        self.time = self.start.elapsed();
    }

    /// Cases run.
    pub fn cases(&self) -> usize {
        self.cases
    }

    /// Cases that passed.
    pub fn passed(&self) -> usize {
        self.cases - self.failures.len()
    }

    /// The failures: the case, and what differs.
    pub fn failures(&self) -> &[(String, String)] {
        &self.failures
    }
}

/// Every file's cases.
#[derive(Default)]
pub struct Report {
    /// One per file.
    pub tallies: Vec<Tally>,
}

impl Report {
    /// Whether nothing failed.
    pub fn is_ok(&self) -> bool {
        self.tallies.iter().all(|t| t.failures.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for tally in &self.tallies {
            for (case, why) in &tally.failures {
                writeln!(f, "FAILED {} {case}: {}", tally.file, why.replace('\n', " · "))?;
            }
        }
        writeln!(f, "| {:<28} | cases | passed | seconds |", "file")?;
        writeln!(f, "|{:-<30}|------:|-------:|--------:|", "")?;
        let (mut cases, mut passed) = (0, 0);
        for t in &self.tallies {
            let seconds = t.time.as_secs_f64();
            writeln!(f, "| {:<28} | {:>5} | {:>6} | {seconds:>7.1} |", t.file, t.cases, t.passed())?;
            cases += t.cases;
            passed += t.passed();
        }
        writeln!(f, "| {:<28} | {cases:>5} | {passed:>6} |         |", "all")
    }
}
