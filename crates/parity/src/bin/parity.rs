//! `parity [DIR] [--only KIND] [--device cpu|wgpu]`: every fixture of a folder, a table, and one line for
//! each failure.

use std::process::{Command, ExitCode};

/// The default device is chosen once, by this variable: another one is for another process.
const DEVICE: &str = "FIREBRAND_DEVICE";

fn main() -> ExitCode {
    let mut folder = None;
    let (mut only, mut device) = (None, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--only" => only = args.next(),
            "--device" => device = args.next(),
            "--help" | "-h" => {
                let kinds: Vec<&str> = parity::harness::kinds().collect();
                println!("usage: parity [DIR] [--only {}] [--device cpu|wgpu]", kinds.join("|"));
                return ExitCode::SUCCESS;
            }
            other if other.starts_with('-') => {
                eprintln!("parity: unknown option {other}");
                return ExitCode::from(2);
            }
            other => folder = Some(other.into()),
        }
    }
    if let Some(device) = device.filter(|device| std::env::var(DEVICE).as_deref() != Ok(device)) {
        let this = std::env::current_exe().expect("this program has a path");
        let status = Command::new(this).args(std::env::args_os().skip(1)).env(DEVICE, device).status();
        return status
            .ok()
            .and_then(|s| s.code())
            .map_or(ExitCode::from(2), |code| ExitCode::from(code as u8));
    }
    let on_cpu = firebrand::device() == firebrand::cpu();
    if std::env::var(DEVICE).is_ok_and(|asked| (asked == "cpu") != on_cpu) {
        eprintln!("parity: the default device is {}, not the one asked for", firebrand::device());
        return ExitCode::from(2);
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
