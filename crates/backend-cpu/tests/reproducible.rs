//! The same bits at any number of threads and any width of vectors.

use std::process::Command;

/// Set for a child process: print the checksums of all operations.
const CHILD: &str = "FIREBRAND_TEST_CHECKSUMS";

fn lines() -> Vec<String> {
    backend_tests::checksums(&backend_cpu::device())
        .into_iter()
        .map(|(name, sum)| format!("checksum {name}: {sum:016x}"))
        .collect()
}

#[track_caller]
fn assert_same(how: &str, expected: &[String], got: &[String]) {
    assert_eq!(expected.len(), got.len(), "{how}");
    for (expected, got) in expected.iter().zip(got) {
        assert_eq!(expected, got, "{how}");
    }
}

#[test]
fn any_number_of_threads() {
    backend_cpu::set_num_threads(1);
    let one = lines();
    assert!(one.len() > 90, "{} operations", one.len());
    for threads in [2, 3, 7] {
        backend_cpu::set_num_threads(threads);
        assert_eq!(backend_cpu::num_threads(), threads);
        assert_same(&format!("{threads} threads"), &one, &lines());
    }
}

#[test]
fn any_width_of_vectors() {
    if std::env::var_os(CHILD).is_some() {
        println!("level {:?}", backend_cpu::simd::level());
        lines().iter().for_each(|line| println!("{line}"));
        return;
    }
    let run = |level: &str| -> (String, Vec<String>) {
        let output = Command::new(std::env::current_exe().expect("this test has a path"))
            .args(["any_width_of_vectors", "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, "1")
            .env("FIREBRAND_SIMD", level)
            .output()
            .expect("a child process");
        assert!(output.status.success(), "{level}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("text");
        let ran = text.lines().find_map(|l| l.split_once("level ").map(|(_, level)| level.to_lowercase()));
        let sums = text.lines().filter(|l| l.starts_with("checksum ")).map(String::from).collect();
        (ran.expect("the child names its level"), sums)
    };
    let (ran, portable) = run("portable");
    assert_eq!(ran, "portable");
    assert!(portable.len() > 90, "{} operations", portable.len());
    for level in ["avx2", "avx512"] {
        let (ran, sums) = run(level);
        if ran != level {
            println!("this machine has no {level}: compared {ran} instead");
        }
        assert_same(level, &portable, &sums);
    }
}
