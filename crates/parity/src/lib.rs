//! PyTorch's exact numbers, and Firebrand held to them.
//!
//! [`registry`] maps PyTorch's names to Firebrand's calls; [`python`] evaluates PyTorch's own lines
//! over it; [`fixture`] decodes the files of `fixtures/parity`; [`harness`] runs them all.

pub mod fixture;
pub mod harness;
pub mod modules;
pub mod python;
pub mod registry;

pub use fixture::{cases, decode, fnv1a64, folder, load, sizes};
