//! Firebrand's files: PyTorch's `.pt`, safetensors, NumPy's `.npy` and `.npz`, in and out.
//!
//! | file | read | write |
//! |---|---|---|
//! | `.pt`, `.pth` | [`pt::load`] | [`pt::save`], readable by `torch.load(weights_only=True)` |
//! | `.safetensors` | [`safetensors::load_file`], [`safetensors::Reader`] | [`safetensors::save_file`] |
//! | `.npy` | [`numpy::load`] | [`numpy::save`] |
//! | `.npz` | [`numpy::load_npz`] | [`numpy::savez`], [`numpy::savez_compressed`] |
//!
//! Three promises. **Nothing is executed**: a pickle builds tensors, containers and numbers, and a name of
//! anything else is an error. **Nothing is trusted**: a file that lies about its sizes gives an
//! [`Error`](enum@Error) with the file and the place, never a panic, and never takes memory beyond a small
//! multiple of its own size. **Nothing is half-written**: a file is written beside its place, synced and
//! renamed ([`write_atomically`]).
//!
//! Element types that Firebrand lacks are widened without loss, and [`Loaded`] says which were.

mod atomic;
mod error;
pub mod numpy;
pub mod pt;
pub mod safetensors;
mod source;
mod stored;
mod tensors;
mod value;
mod zip;

pub use atomic::write_atomically;
pub use error::{Error, Place, Result};
pub use tensors::{Conversion, Loaded, StateDict};
pub use value::{Dict, Key, Value};
