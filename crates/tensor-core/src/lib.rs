//! Firebrand's foundation: what a tensor is before it has gradients.
//!
//! A device is an object-safe [`Backend`]; a tensor without gradients is a [`RawTensor`], a shared
//! buffer seen through a [`Layout`]. Everything that is arithmetic on layouts (transpose, slice,
//! expand, …) happens here and never reaches a backend; shapes and element types are checked here,
//! once, with a message that names the op, the shapes and the likely fix.

pub mod backend;
mod buffer;
pub mod check;
pub mod compose;
pub mod derivative;
mod device;
pub mod display;
mod dtype;
mod error;
mod host;
mod layout;
pub mod linalg;
pub mod loss;
pub mod norm;
pub mod op;
mod optim;
mod order;
pub mod random;
mod raw;
pub mod recurrent;
mod shape;
pub mod window;

pub use backend::{Backend, Download, Operand, OptimSlot, Stats};
pub use buffer::{Buffer, Storage, View};
pub use device::Device;
pub use dtype::{Category, DType, Element, Scalar};
pub use error::{Error, Result};
pub use host::HostData;
pub use layout::{Indices, Layout};
pub use norm::Standard;
pub use op::{
    Activation, ArgOp, BinaryOp, CompareOp, LinalgOp, LossOp, OptimStep, ReduceOp, ScanOp, UnaryOp,
};
pub use order::sorted_places;
pub use raw::{Arg, RawTensor, Scale, result_type};
pub use shape::{Axes, MAX_RANK, Shape};
pub use window::Window;
