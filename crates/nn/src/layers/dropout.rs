//! Dropout: of elements (Srivastava et al. 2014), of whole channels (Tompson et al. 2015), and the kinds that
//! keep mean and variance of what SELU makes (Klambauer et al. 2017).

use super::{python, scalar};
use crate::module::{Mode, Module};
use autograd::Tensor;
use std::fmt;
use tensor_core::{Scalar, Shape, check};

/// A probability, as it prints.
#[track_caller]
fn probability(layer: &str, p: Scalar) -> Scalar {
    if !(0.0..=1.0).contains(&p.to_f64()) {
        check::fail(layer, format_args!("{} is not a probability", p.to_f64()), "give a number from 0 to 1");
    }
    p
}

/// Kinds of dropout: their documentation, their name, and what they do to an input while training or not.
macro_rules! dropouts {
    ($($(#[$doc:meta])* $name:ident $(<const $dims:ident>)?, $label:expr, |$layer:ident, $x:ident| $body:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name $(<const $dims: usize>)? {
            p: Scalar,
            inplace: bool,
            training: Mode,
        }

        impl $(<const $dims: usize>)? $name $(<$dims>)? {
            /// Dropout of a probability in [0, 1].
            ///
            /// # Panics
            /// When it is not one.
            #[track_caller]
            pub fn new(p: impl Into<Scalar>) -> Self {
                $name { p: probability(&$label, p.into()), inplace: false, training: Mode::default() }
            }

            /// Whether `inplace=True` is printed; results are new tensors either way.
            #[must_use]
            pub fn inplace(self, inplace: bool) -> Self {
                $name { inplace, ..self }
            }
        }

        impl $(<const $dims: usize>)? Default for $name $(<$dims>)? {
            fn default() -> Self {
                $name::new(0.5)
            }
        }

        impl $(<const $dims: usize>)? Module for $name $(<$dims>)? {
            #[track_caller]
            fn forward(&self, $x: &Tensor) -> Tensor {
                let $layer = self;
                $body
            }
            fn name(&self) -> String {
                $label.into()
            }
            fn extra_repr(&self) -> String {
                format!("p={}, inplace={}", scalar(self.p), python(self.inplace))
            }
            fn set_training(&self, training: bool) {
                self.training.set(training);
            }
            fn is_training(&self) -> bool {
                self.training.get()
            }
        }

        impl $(<const $dims: usize>)? fmt::Display for $name $(<$dims>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.repr())
            }
        }
    )+};
}
dropouts! {
    /// Zeroes elements with probability `p` while training and scales the rest by 1/(1 − p). PyTorch's default is ½.
    ///
    /// ```
    /// use autograd::Tensor;
    /// use nn::{Dropout, Module};
    /// let (dropout, x) = (Dropout::new(0.5), Tensor::ones(100, &backend_cpu::device()));
    /// assert!(dropout.forward(&x).to_vec::<f32>().iter().all(|&v| v == 0.0 || v == 2.0));
    /// dropout.eval();
    /// assert!(dropout.forward(&x).equal(&x));
    /// ```
    Dropout, "Dropout", |m, x| x.dropout(m.p.to_f64(), m.is_training());
    /// Zeroes whole channels of `[N, C, …]` with probability `p` while training and scales the rest by
    /// 1/(1 − p). Use it by its aliases [`Dropout1d`] to [`Dropout3d`]. PyTorch's default is ½.
    DropoutNd<const D>, format!("Dropout{D}d"), |m, x| m.channels(x);
    /// Dropout for networks of [`SELU`](struct@crate::SELU): while training, elements become SELU's least value
    /// with probability `p`, and all are scaled and moved so that mean 0 and variance 1 stay so. PyTorch's
    /// default is ½.
    ///
    /// ```
    /// use autograd::Tensor;
    /// use nn::{AlphaDropout, Module};
    /// let (dropout, x) = (AlphaDropout::new(0.2), Tensor::ones(100, &backend_cpu::device()));
    /// assert_eq!(dropout.to_string(), "AlphaDropout(p=0.2, inplace=False)");
    /// assert_eq!(dropout.forward(&x).unique().numel(), 2);
    /// dropout.eval();
    /// assert!(dropout.forward(&x).equal(&x));
    /// ```
    AlphaDropout, "AlphaDropout", |m, x| x.alpha_dropout(m.p.to_f64(), m.is_training());
    /// [`AlphaDropout`] of whole channels of `[N, C, …]`. PyTorch's default is ½.
    FeatureAlphaDropout, "FeatureAlphaDropout", |m, x| x.feature_alpha_dropout(m.p.to_f64(), m.is_training());
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
    #[track_caller]
    fn channels(&self, input: &Tensor) -> Tensor {
        if !(D + 1..=D + 2).contains(&input.rank()) {
            check::fail(
                &self.name(),
                format_args!("input of shape {}", input.shape()),
                format_args!("it has {} dimensions, or {} without a batch", D + 2, D + 1),
            );
        }
        if !self.is_training() || self.p.to_f64() == 0.0 {
            return input.clone();
        }
        if input.rank() == D + 1 && D != 2 {
            return self.channels(&input.unsqueeze(0)).squeeze_dim(0);
        }
        let mut channels = vec![1; input.rank()];
        channels[..2].copy_from_slice(&input.shape()[..2]);
        let like = Tensor::zeros(Shape::new(&channels), (input.dtype(), input.device()));
        input * like.dropout_mask(self.p.to_f64())
    }
}
