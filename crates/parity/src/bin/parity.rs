//! `parity [DIR] [--only KIND]`: every fixture of a folder, a table, and one line for each failure.
//!
//! The device is the default one: set `FIREBRAND_DEVICE=wgpu` for another.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut folder = None;
    let mut only = None;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--only" => only = args.next(),
            "--help" | "-h" => {
                let kinds: Vec<&str> = parity::harness::kinds().collect();
                println!("usage: parity [DIR] [--only {}]", kinds.join("|"));
                return ExitCode::SUCCESS;
            }
            other if other.starts_with('-') => {
                eprintln!("parity: unknown option {other}");
                return ExitCode::from(2);
            }
            other => folder = Some(other.into()),
        }
    }
    let folder = folder.unwrap_or_else(parity::folder);
    println!("{} on {}", folder.display(), firebrand::device());
    match parity::harness::run(&folder, only.as_deref()) {
        Ok(report) => {
            print!("{report}");
            if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("parity: {error}");
            ExitCode::from(2)
        }
    }
}
