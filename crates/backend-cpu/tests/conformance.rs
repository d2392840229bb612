//! The CPU held to what every backend must do.

backend_tests::suite!(backend_cpu::device());
