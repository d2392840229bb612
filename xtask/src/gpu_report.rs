//! `cargo xtask gpu-report`: the program that measures a GPU beside the CPU, built and run here, or packed for a
//! machine without Rust.
//!
//! Everything Rust is linked in; what stays outside is the C library, with its unwinder, and the Vulkan loader,
//! which is opened at run time. A fully static program (musl) could not do that: a driver is a shared library
//! made for the system's own C library, and a static program has no loader to open it with.

use crate::{Failed, Outcome, cargo, run};
use std::path::{Path, PathBuf};
use std::process::Command;

const NAME: &str = "gpu_report";

/// Builds the program; where it is.
fn build() -> Result<PathBuf, Failed> {
    let rustc = ["rustc", "--release", "--features", "wgpu", "--example", NAME];
    cargo(&[&rustc[..], &["--", "-C", "strip=symbols"]].concat())?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    Ok(target.join("release/examples").join(format!("{NAME}{}", std::env::consts::EXE_SUFFIX)))
}

/// Builds it and runs it, its report going to `target/gpu-report.md` too.
pub fn run_here(args: &[&str]) -> Outcome {
    let program = build()?;
    run(Command::new(program).args(["--out", "target/gpu-report.md"]).args(args))
}

/// Builds it and copies it to a folder, saying what it needs where it will run.
pub fn pack(folder: &Path) -> Outcome {
    let program = build()?;
    let failed = |e: std::io::Error| Failed(format!("{}: {e}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let packed = folder.join(program.file_name().expect("a program's path"));
    std::fs::copy(&program, &packed).map_err(failed)?;
    let bytes = std::fs::read(&packed).map_err(failed)?;
    println!("\n{}: {:.1} MB", packed.display(), bytes.len() as f64 / 1e6);
    if let Some((major, minor)) = newest_glibc(&bytes) {
        println!(
            "needs Linux with glibc {major}.{minor} or newer, and a Vulkan driver with its loader (libvulkan.so.1)"
        );
    }
    println!("there: ./{NAME} --out gpu-report.md");
    Ok(())
}

/// The newest version of glibc whose symbols a program asks for, by the names in it (`GLIBC_2.34`).
fn newest_glibc(program: &[u8]) -> Option<(u32, u32)> {
    const MARK: &[u8] = b"GLIBC_";
    let places = program.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK);
    let versions = places.filter_map(|(at, _)| {
        let rest = &program[at + MARK.len()..];
        let end = rest.iter().position(|b| !b.is_ascii_digit() && *b != b'.')?;
        let (major, minor) = std::str::from_utf8(&rest[..end]).ok()?.split_once('.')?;
        // A third number (2.2.5) is of versions long past.
        Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
    });
    versions.max()
}

#[cfg(test)]
mod tests {
    use super::newest_glibc;

    #[test]
    fn the_newest_version_asked_for() {
        let program = b"\0GLIBC_2.2.5\0GLIBC_2.34\0__libc_start_main\0GLIBC_2.9\0GLIBC_PRIVATE\0";
        assert_eq!(newest_glibc(program), Some((2, 34)));
        assert_eq!(newest_glibc(b"nothing"), None);
    }
}
