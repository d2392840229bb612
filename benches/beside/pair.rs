//! A call of Firebrand and one of PyTorch, measured in turns in one run, and the table of all.
//!
//! PyTorch runs in a process of its own (`pytorch.py`) that waits for the next line while Firebrand is measured;
//! both take two turns and the better of them counts, so that a disturbance of one turn says nothing.

use clap::Parser;
use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Operations beside PyTorch's: the best time of a call each, and their ratio.
#[derive(Parser)]
pub struct Arguments {
    /// A Python with torch; without one, Firebrand's side alone is measured
    #[arg(long)]
    python: Option<PathBuf>,
    /// Measure for this long a turn, of which there are two
    #[arg(long, default_value_t = 0.15)]
    seconds: f64,
    /// Only operations whose section or name has one of these in it
    names: Vec<String>,
    /// What cargo tells every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// Both sides, and what was asked for.
pub struct Pair {
    arguments: Arguments,
    pytorch: Option<PyTorch>,
    section: &'static str,
}

impl Pair {
    /// Starts PyTorch, if there is one, and prints the head of the table.
    pub fn start() -> Result<Self, Box<dyn Error>> {
        let arguments = Arguments::parse();
        let mut pytorch = arguments.python.as_ref().map(PyTorch::start).transpose()?;
        let threads = firebrand::num_threads();
        print!("{threads} threads, {:?}", backend_cpu::simd::level());
        match &mut pytorch {
            Some(pytorch) => {
                println!("; PyTorch {}", pytorch.ask(&serde_json::json!({ "threads": threads }))?);
            }
            None => println!("; --python PATH puts PyTorch beside"),
        }
        println!("\n{:58} {:>12} {:>12} {:>7}", "µs a call", "Firebrand", "PyTorch", "ratio");
        Ok(Pair { arguments, pytorch, section: "" })
    }

    /// The cases that follow, and what PyTorch's code of them needs beforehand.
    pub fn section(&mut self, name: &'static str, setup: &str) -> Result<(), Box<dyn Error>> {
        self.section = name;
        if let Some(pytorch) = &mut self.pytorch {
            pytorch.ask(&serde_json::json!({ "setup": setup }))?;
        }
        Ok(())
    }

    /// One operation on both sides: PyTorch's `code`, which is its name in the table too, and Firebrand's `call`.
    pub fn case<R>(&mut self, code: &str, call: impl FnMut() -> R) -> Result<(), Box<dyn Error>> {
        self.named(code, code, call)
    }

    /// [`Pair::case`] with another name in the table.
    pub fn named<R>(
        &mut self,
        name: &str,
        code: &str,
        mut call: impl FnMut() -> R,
    ) -> Result<(), Box<dyn Error>> {
        let Arguments { names, seconds, .. } = &self.arguments;
        let name = format!("{}: {}", self.section, name.replace('\n', "; "));
        if !names.is_empty() && !names.iter().any(|part| name.contains(part)) {
            return Ok(());
        }
        let (mut ours, mut theirs) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..2 {
            // PyTorch's threads spin for some milliseconds after their work.
            std::thread::sleep(Duration::from_millis(20));
            ours = ours.min(best(&mut call, *seconds));
            if let Some(pytorch) = &mut self.pytorch {
                let asked = serde_json::json!({ "code": code, "seconds": seconds });
                theirs = theirs.min(pytorch.ask(&asked)?.parse()?);
            }
        }
        let name: String = name.chars().take(58).collect();
        if theirs.is_finite() {
            println!("{name:58} {ours:>12.1} {theirs:>12.1} {:>7.2}", ours / theirs);
        } else {
            println!("{name:58} {ours:>12.1}");
        }
        Ok(())
    }
}

/// Microseconds of the fastest call in about `seconds`, and of five at least.
fn best<R>(call: &mut impl FnMut() -> R, seconds: f64) -> f64 {
    let (clock, mut shortest, mut calls) = (Instant::now(), f64::INFINITY, 0);
    while calls < 5 || clock.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        drop(black_box(call()));
        shortest = shortest.min(start.elapsed().as_secs_f64());
        calls += 1;
    }
    shortest * 1e6
}

/// The process that answers.
struct PyTorch {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl PyTorch {
    fn start(python: &PathBuf) -> Result<Self, Box<dyn Error>> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/beside/pytorch.py");
        let mut process = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{}: {e}", python.display()))?;
        let questions = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("a piped output"));
        Ok(PyTorch { process, questions, answers })
    }

    fn ask(&mut self, question: &serde_json::Value) -> Result<String, Box<dyn Error>> {
        writeln!(self.questions.as_mut().expect("open until dropped"), "{question}")?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            return Err(format!("PyTorch's side ended at {question}; what it said is above").into());
        }
        Ok(answer.trim().into())
    }
}

impl Drop for PyTorch {
    fn drop(&mut self) {
        self.questions = None;
        // Its input is at an end, so it ends; how does not matter any more.
        let _ = self.process.wait();
    }
}
