//! Dropout of whole channels (Tompson et al. 2015).

use super::{number, python};
use crate::module::{Mode, Module};
use autograd::Tensor;
use std::fmt;
use tensor_core::{Shape, check};

/// Zeroes whole channels of `[N, C, …]` with probability `p` while training and scales the rest by
/// 1/(1 − p). Use it by its aliases [`Dropout1d`] to [`Dropout3d`]. PyTorch's default is ½.
#[derive(Debug)]
pub struct DropoutNd<const D: usize> {
    p: f64,
    training: Mode,
}

/// Channels of `[N, C, L]` or `[C, L]`.
pub type Dropout1d = DropoutNd<1>;
/// Channels of `[N, C, H, W]`; also of `[N, C, L]`, as PyTorch reads three dimensions.
///
/// ```
/// use autograd::Tensor;
/// use nn::{Dropout2d, Module};
/// let y = Dropout2d::new(0.5).forward(&Tensor::ones([4, 8, 3, 3], &backend_cpu::device()));
/// for channel in y.reshape([32, 9]).iter() {
///     let values = channel.to_vec::<f32>();
///     assert!(values == [0.0; 9] || values == [2.0; 9]);
/// }
/// ```
pub type Dropout2d = DropoutNd<2>;
/// Channels of `[N, C, D, H, W]` or `[C, D, H, W]`.
pub type Dropout3d = DropoutNd<3>;

impl<const D: usize> DropoutNd<D> {
    /// Dropout of a probability in [0, 1].
    ///
    /// # Panics
    /// When it is not one.
    #[track_caller]
    pub fn new(p: f64) -> Self {
        if !(0.0..=1.0).contains(&p) {
            check::fail(
                &format!("Dropout{D}d"),
                format!("{p} is not a probability"),
                "give a number from 0 to 1",
            );
        }
        DropoutNd { p, training: Mode::default() }
    }
}

impl<const D: usize> Default for DropoutNd<D> {
    fn default() -> Self {
        DropoutNd::new(0.5)
    }
}

impl<const D: usize> Module for DropoutNd<D> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        if !(D + 1..=D + 2).contains(&input.rank()) {
            check::fail(
                &self.name(),
                format!("input of shape {}", input.shape()),
                format!("it has {} dimensions, or {} without a batch", D + 2, D + 1),
            );
        }
        if !self.is_training() || self.p == 0.0 {
            return input.clone();
        }
        if input.rank() == D + 1 && D != 2 {
            return self.forward(&input.unsqueeze(0)).squeeze_dim(0);
        }
        let mut channels = vec![1; input.rank()];
        channels[..2].copy_from_slice(&input.shape()[..2]);
        let like = Tensor::zeros(Shape::new(&channels), (input.dtype(), input.device()));
        input * like.dropout_mask(self.p)
    }
    fn name(&self) -> String {
        format!("Dropout{D}d")
    }
    fn extra_repr(&self) -> String {
        format!("p={}, inplace={}", number(self.p), python(false))
    }
    fn set_training(&self, training: bool) {
        self.training.set(training);
    }
    fn is_training(&self) -> bool {
        self.training.get()
    }
}

impl<const D: usize> fmt::Display for DropoutNd<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}
