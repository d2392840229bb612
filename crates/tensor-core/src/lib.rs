//! Firebrand's foundation: what a tensor is before it has gradients.
//!
//! A device is an object-safe [`Backend`]; a tensor without gradients is a [`RawTensor`], a shared
//! buffer seen through a [`Layout`]. Everything that is arithmetic on layouts (transpose, slice,
//! expand, …) happens here and never reaches a backend; shapes and element types are checked here,
//! once, with a message that names the op, the shapes and the likely fix.

mod dtype;
mod error;
mod host;

pub use dtype::{Category, DType, Element, Scalar};
pub use error::{Error, Result};
pub use host::HostData;
