//! The report on a GPU, made as `cargo xtask gpu-report` makes it but quickly: everything is right on the device
//! here, and where there is none it says so. Cargo builds no example for a test that is named:
//! `cargo build --features wgpu --example gpu_report` goes before.

mod common;

use common::{example, printed, refused};
use firebrand::backend_wgpu::adapters;

#[test]
fn a_quick_report_is_whole_and_all_is_right() {
    let required = std::env::var("FIREBRAND_REQUIRE_GPU").is_ok_and(|v| v == "1");
    let found = adapters();
    let Some(adapter) = found.first() else {
        assert!(!required, "FIREBRAND_REQUIRE_GPU=1, but there is no adapter");
        eprintln!("skipped: no adapter; `cargo xtask setup` installs a software one where it can");
        return;
    };
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("gpu-report.md");
    let report = printed(example("gpu_report").arg("--quick").arg("--out").arg(&file));
    assert_eq!(std::fs::read_to_string(&file).expect("a report"), report);
    assert!(report.starts_with(&format!("# {}\n", adapter.name())), "{report}");
    let warning = report.contains("software adapter: says nothing of a GPU");
    assert_eq!(warning, adapter.is_software(), "{report}");
    for part in ["Correctness", "Products of matrices", "What memory bounds", "Training steps"] {
        assert!(report.contains(&format!("\n## {part}\n")), "no part {part}:\n{report}");
    }
    // Eight products, nine operations and a training run, each with its verdict.
    assert_eq!(report.matches("| right |").count(), 18, "{report}");
    for figure in ["| 512×512×512 |", "| elementwise add, 4 MB |", "| W1 784-128-64-10 b64 sgd |"] {
        assert!(report.contains(figure), "no figure {figure}:\n{report}");
    }
    assert!(!report.contains("NaN"), "{report}");
}

#[test]
fn without_an_adapter_it_says_so() {
    let mut blind = example("gpu_report");
    blind.env("VK_DRIVER_FILES", "/none").env("VK_ICD_FILENAMES", "/none");
    if cfg!(target_os = "linux") {
        let message = refused(&mut blind);
        assert!(message.starts_with("error: no GPU adapter found"), "{message}");
    }
    let message = refused(example("gpu_report").args(["--device", "a card nobody makes"]));
    assert!(message.contains("a card nobody makes") || message.contains("no GPU adapter"), "{message}");
}
