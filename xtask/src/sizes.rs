//! `cargo xtask sizes`: how light the default build is.
//!
//! Crates are counted from cargo's own tree, builds are clean ones in folders of their own, and the program measured,
//! a user's project, trains the notebook's network on the real MNIST.

use crate::{Failed, Outcome, run};
use std::path::{Path, PathBuf};
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
    let library = build(Path::new("."), &folder.join("library"), &[])?;
    let user = Trainer::write(folder.join("user"))?;
    let (default, thin) = (user.build("default", &[])?, user.build("thin", &THIN)?);
    let report = Command::new(&default.program).arg("data/mnist").output();
    let report = report.map_err(|e| Failed(e.to_string()))?;

    println!("{:<40}{:>12}{:>14}{:>14}", "", "Firebrand", PEERS[0], PEERS[1]);
    let row = |what: &str, ours: String, [burn, candle]: [&str; 2]| {
        println!("{what:<40}{ours:>12}{burn:>14}{candle:>14}");
    };
    let none = ["—", "—"];
    row("crates in the default build", crates.len().to_string(), ["206", "176"]);
    row("clean build of the library", format!("{library:.1} s"), none);
    row("clean build of a trainer", format!("{:.1} s", default.seconds), none);
    row("  with lto = \"thin\" and 4 codegen units", format!("{:.1} s", thin.seconds), ["260 s", "197 s"]);
    row("its stripped binary", format!("{:.2} MB", default.megabytes), none);
    row("  with lto = \"thin\" and 4 codegen units", format!("{:.2} MB", thin.megabytes), none);
    for line in String::from_utf8_lossy(&report.stdout).lines() {
        if let Some((what, ours)) = line.rsplit_once("  ") {
            row(what.trim(), ours.trim().to_owned(), none);
        }
    }
    println!(
        "\nThe library is built by this workspace's profile, which leaves machine code to the program that links it; the \
         trainer, a project of its own, by cargo's default.\nIt has the notebook's network and reads the real MNIST from \
         files. {NOTE}"
    );
    Ok(())
}

/// What a user may write into `[profile.release]`, as this workspace and the peers' programs do.
const THIN: [(&str, &str); 2] =
    [("CARGO_PROFILE_RELEASE_LTO", "thin"), ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "4")];

/// Seconds of a release build of the package in a folder.
fn build(package: &Path, target: &Path, profile: &[(&str, &str)]) -> Result<f64, Failed> {
    let target = std::path::absolute(target).map_err(|e| Failed(e.to_string()))?;
    let clock = Instant::now();
    run(Command::new("cargo")
        .args(["build", "--release", "--quiet", "--target-dir"])
        .arg(target)
        .envs(profile.iter().copied())
        .current_dir(package))?;
    Ok(clock.elapsed().as_secs_f64())
}

/// A user's program: the footprint example as a project of its own.
struct Trainer {
    folder: PathBuf,
}

/// What became of it.
struct Built {
    seconds: f64,
    megabytes: f64,
    /// The stripped program.
    program: PathBuf,
}

impl Trainer {
    fn write(folder: PathBuf) -> Result<Self, Failed> {
        let manifest = "[package]\nname = \"trainer\"\nedition = \"2024\"\n\n[dependencies]\n\
                        firebrand = { path = \"../../..\" }\n\n[workspace]\n";
        let written = std::fs::create_dir_all(folder.join("src"))
            .and_then(|()| std::fs::write(folder.join("Cargo.toml"), manifest))
            .and_then(|()| std::fs::copy("Cargo.lock", folder.join("Cargo.lock")))
            .and_then(|_| std::fs::copy("examples/footprint.rs", folder.join("src/main.rs")));
        written.map_err(|e| Failed(format!("{}: {e}", folder.display())))?;
        Ok(Trainer { folder })
    }

    fn build(&self, name: &str, profile: &[(&str, &str)]) -> Result<Built, Failed> {
        let target = self.folder.join(name);
        let seconds = build(&self.folder, &target, profile)?;
        let program = self.folder.join(format!("{name}-stripped"));
        run(Command::new("strip").arg("-o").arg(&program).arg(target.join("release/trainer")))?;
        let bytes = std::fs::metadata(&program).map_err(|e| Failed(e.to_string()))?.len();
        Ok(Built { seconds, megabytes: bytes as f64 / 1e6, program })
    }
}
