//! Firebrand: deep learning's first steps in pure Rust.
