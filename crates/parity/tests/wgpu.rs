//! The fixtures of both folders on a GPU, held to the tolerances that `docs/parity.md` states. Without an adapter
//! the test says that it is skipped, or fails with `FIREBRAND_REQUIRE_GPU=1`.

use std::process::Command;

#[test]
fn every_fixture_passes_on_a_gpu() {
    let adapter =
        std::env::var("FIREBRAND_DEVICE").ok().filter(|name| name != "cpu").unwrap_or("wgpu".into());
    if let Err(error) = firebrand::wgpu(&adapter) {
        assert!(
            std::env::var("FIREBRAND_REQUIRE_GPU").as_deref() != Ok("1"),
            "FIREBRAND_REQUIRE_GPU=1, but {error}"
        );
        eprintln!("skipped: {error}");
        return;
    }
    // The default device is chosen once in a program: this one is for the program that runs the fixtures.
    let wider = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/parity-more").into();
    for (folder, at_least) in [(parity::folder(), 923), (wider, 1150)] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_parity"));
        let output = program.arg(folder).args(["--device", &adapter]).output().expect("it runs");
        let (table, said) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{table}{said}");
        println!("{table}");
        let total = table.lines().last().expect("a table");
        let counts: Vec<usize> = total.split('|').filter_map(|cell| cell.trim().parse().ok()).collect();
        assert!(counts[0] >= at_least && counts[0] == counts[1], "{table}");
    }
}
