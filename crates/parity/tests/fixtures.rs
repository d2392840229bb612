//! Every fixture of the repository's two folders, by kind. `cargo xtask parity` runs the same, on any folder.

use parity::harness::{Report, run};

/// The reports of a kind: of the folder that `cargo xtask parity` takes by default, and of the wider one that
/// `crates/parity/tools` draws.
fn reports(kind: &str) -> [Report; 2] {
    let wider = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/parity-more").into();
    [parity::folder(), wider].map(|folder| run(&folder, Some(kind)).unwrap_or_else(|e| panic!("{e}")))
}

/// All cases of a kind pass.
fn passes(kind: &str, at_least: usize) {
    let reports = reports(kind);
    let tallies = || reports.iter().flat_map(|report| &report.tallies);
    let cases: usize = tallies().map(|t| t.cases()).sum();
    assert!(cases >= at_least, "{kind}: {cases} cases, expected {at_least}");
    let failures: Vec<String> =
        tallies().flat_map(|t| t.failures()).map(|(case, why)| format!("{case}: {why}")).collect();
    assert!(failures.is_empty(), "{} of {cases} cases fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn rng() {
    passes("rng", 177 + 26);
}

#[test]
fn display() {
    passes("display", 100 + 151);
}

#[test]
fn module_repr() {
    passes("module_repr", 148 + 121);
}

#[test]
fn ops() {
    passes("ops", 400 + 533);
}

#[test]
fn optim() {
    passes("optim", 32 + 78);
}

#[test]
fn schedules() {
    passes("schedules", 28 + 47);
}

#[test]
fn files() {
    let report = run(&parity::folder(), Some("files")).expect("a folder of fixtures");
    assert!(report.is_ok(), "{report}");
    assert!(report.tallies.iter().map(|t| t.cases()).sum::<usize>() >= 25);
}

#[test]
fn training() {
    passes("training", 5 + 15);
}

#[test]
fn a_wrong_folder_is_told() {
    let nowhere = std::path::Path::new("/nowhere/at/all");
    let Err(error) = run(nowhere, None) else { panic!("nothing is there") };
    assert!(error.contains("/nowhere/at/all"), "{error}");
}

#[test]
fn a_wrong_expectation_and_a_missing_name_fail_with_a_line_each() {
    let folder = std::env::temp_dir().join(format!("parity-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let cases = r#"{"cases":[
        {"expr":"nn.ReLU()","expected":"ReLU(x)"},
        {"expr":"nn.Nonsense()","expected":"?"},
        {"expr":"nn.Identity()","expected":"Identity()"}]}"#;
    std::fs::write(folder.join("module_repr_more.json"), cases).expect("a file");
    std::fs::write(folder.join("display_broken.json"), r#"{"cases":[{"dtype":"f32"}]}"#).expect("a file");
    let report = run(&folder, None).expect("a folder of fixtures");
    std::fs::remove_dir_all(&folder).expect("removed");
    assert!(!report.is_ok());
    let text = report.to_string();
    assert!(text.contains("FAILED module_repr_more.json nn.ReLU(): prints \"ReLU()\""), "{text}");
    assert!(text.contains("has no attribute 'Nonsense'"), "{text}");
    assert!(text.contains("FAILED display_broken.json (unnamed)"), "{text}");
    assert!(text.contains("|     3 |      1 |"), "{text}");
}
