//! The same bits at any number of threads and any width of vectors.

use backend_tests::{assert_same, same_at_any_level};

/// All operations are at least so many.
const LEAST: usize = 91;

fn lines() -> Vec<String> {
    backend_tests::checksums(&backend_cpu::device())
        .into_iter()
        .map(|(name, sum)| format!("{name}: {sum:016x}"))
        .collect()
}

#[test]
fn any_number_of_threads() {
    backend_cpu::set_num_threads(1);
    let one = lines();
    assert!(one.len() >= LEAST, "{} operations", one.len());
    for threads in [2, 3, 7] {
        backend_cpu::set_num_threads(threads);
        assert_eq!(backend_cpu::num_threads(), threads);
        assert_same(&format!("{threads} threads"), &one, &lines());
    }
}

#[test]
fn any_width_of_vectors() {
    same_at_any_level("any_width_of_vectors", backend_cpu::simd::level(), LEAST, lines);
}
