//! Errors from outside the program: devices, memory, singular matrices, files.
//!
//! Programmer mistakes (shapes, dtypes, devices) are panics at the caller's line instead; see
//! [`crate::check`].

use crate::dtype::DType;

/// What can go wrong through no fault of the program's text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A matrix that has no inverse, or is not positive definite where that is needed.
    #[error("linalg.{op}: the matrix{} is singular: pivot {pivot} is zero", batch_text(*.batch))]
    Singular {
        /// The operation that met it.
        op: &'static str,
        /// Which matrix of a batch, when there is more than one.
        batch: Option<usize>,
        /// Zero-based index of the zero pivot.
        pivot: usize,
    },
    /// A matrix that has no Cholesky factor.
    #[error(
        "linalg.cholesky: the matrix{} is not positive-definite: the leading minor of order {} is not positive",
        batch_text(*.batch), .pivot + 1
    )]
    NotPositiveDefinite {
        /// Which matrix of a batch, when there is more than one.
        batch: Option<usize>,
        /// Zero-based index of the pivot that is not positive.
        pivot: usize,
    },
    /// The device cannot hold this element type.
    #[error("device {device} has no {dtype} tensors; convert with .to_dtype(…) first, or stay on the CPU")]
    UnsupportedDType {
        /// The device's name.
        device: String,
        /// The element type it lacks.
        dtype: DType,
    },
    /// The device has no room left.
    #[error("device {device} is out of memory: {requested} bytes asked for, {live} live")]
    OutOfMemory {
        /// The device's name.
        device: String,
        /// Bytes that were asked for.
        requested: usize,
        /// Bytes in use when they were.
        live: usize,
    },
    /// More than one buffer of the device can hold, however much memory is free.
    #[error("device {device}: a buffer of {requested} bytes is over its limit of {limit}")]
    TooLarge {
        /// The device's name.
        device: String,
        /// Bytes that were asked for.
        requested: usize,
        /// Bytes a buffer can have.
        limit: usize,
    },
    /// The device stopped answering, or never started.
    #[error("device {device}: {reason}")]
    Device {
        /// The device's name.
        device: String,
        /// What its driver said.
        reason: String,
    },
    /// A generator state that is not one.
    #[error("generator state: {reason}")]
    GeneratorState {
        /// What is wrong with it.
        reason: String,
    },
    /// An argument from outside that does not fit.
    #[error("{0}")]
    Invalid(String),
}

/// A [`std::result::Result`] with this crate's [`Error`](enum@Error).
pub type Result<T, E = Error> = std::result::Result<T, E>;

fn batch_text(batch: Option<usize>) -> String {
    batch.map_or(String::new(), |index| format!(" at batch index {index}"))
}
