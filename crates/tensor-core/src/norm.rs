//! Normalisation, as backends see it.

use crate::buffer::View;

/// What a normalisation is computed from, all seen in the input's shape (repeats are strides of 0):
/// `n = (x − mean)·rstd`, and `n·weight + bias`. What is absent is left out.
#[derive(Clone, Copy, Debug)]
pub struct Standard<'a> {
    /// The input, floats.
    pub x: View<'a>,
    /// What is taken off.
    pub mean: Option<View<'a>>,
    /// What it is multiplied by, 1/√(variance + eps).
    pub rstd: View<'a>,
    /// The factor of each feature.
    pub weight: Option<View<'a>>,
}
