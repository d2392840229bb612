//! The harness: every kind of fixture in a folder, run through the registry.
//!
//! A file's kind is the first part of its name (`ops.json`, `ops_more.json`), so a folder may hold any
//! number of each. Nothing is skipped: a name that Firebrand lacks is a failure that says the name.

mod denormal;
mod display;
mod files;
mod json;
mod judge;
mod ops;
mod optim;
mod report;
mod rng;
mod schedules;
mod training;

pub use json::{fields, to_value};
pub use judge::{Rule, compare, compare_either};
pub use report::{Report, Tally};

use crate::python::guarded;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The outcome of one case; the text says what differs.
pub type Outcome = Result<(), String>;

/// A fixture file with the folder it lies in.
pub struct Fixture {
    /// The folder.
    pub folder: PathBuf,
    /// The file's name.
    pub name: String,
    /// Its content.
    pub json: Json,
}

type Runner = fn(&Fixture, &mut Tally);

/// The kinds by the first part of the file's name.
const KINDS: [(&str, Runner); 8] = [
    ("rng", rng::run),
    ("display", display::run),
    ("module_repr", display::run_reprs),
    ("ops", ops::run),
    ("optim", optim::run),
    ("schedules", schedules::run),
    ("training", training::run),
    ("files", files::run),
];

/// The names of the kinds.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, _)| *kind)
}

/// Runs every fixture file of a folder, or those of one kind, on the default device. One run at a time:
/// the default generator and the printing options are the whole program's.
///
/// # Errors
/// When the folder cannot be read, a JSON file of a known kind is broken, or there is none.
pub fn run(folder: &Path, only: Option<&str>) -> Result<Report, String> {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let at = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map_err(at)?
        .map(|entry| entry.map(|e| e.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, _>>()
        .map_err(at)?;
    names.sort();
    let mut report = Report::default();
    for name in names.into_iter().filter(|n| n.ends_with(".json")) {
        let Some((kind, runner)) = KINDS.iter().find(|(kind, _)| name.starts_with(kind)) else { continue };
        if only.is_some_and(|only| only != *kind) {
            continue;
        }
        let text = std::fs::read_to_string(folder.join(&name)).map_err(at)?;
        let json = serde_json::from_str(&text).map_err(|e| format!("{name}: {e}"))?;
        let fixture = Fixture { folder: folder.into(), name: name.clone(), json };
        let mut tally = Tally::new(&name);
        // A case that is not written as this format says is a failure of the file, not of the harness.
        if let Err(error) = guarded(|| runner(&fixture, &mut tally)) {
            tally.case("(the file itself)", || Err(error.message));
        }
        report.tallies.push(tally);
    }
    if report.tallies.is_empty() {
        return Err(format!("{}: no fixture of a known kind", folder.display()));
    }
    Ok(report)
}

/// The cases under a key.
fn list<'a>(json: &'a Json, key: &str) -> &'a [Json] {
    json[key].as_array().map_or(&[], Vec::as_slice)
}

/// The case's name.
fn id(case: &Json) -> String {
    case["id"].as_str().or(case["expr"].as_str()).unwrap_or("(unnamed)").to_string()
}
