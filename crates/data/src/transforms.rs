//! Transforms of images, as torchvision's: `Compose`, `ToTensor`, `Normalize`. They work on whole batches.

use crate::dataset::Dataset;
use autograd::Tensor;
use tensor_core::{DType, check};

/// A step from what a dataset stores to what a network takes.
pub trait Transform: Send + Sync {
    /// The batch, transformed.
    fn apply(&self, batch: &Tensor) -> Tensor;
}

impl<F: Fn(&Tensor) -> Tensor + Send + Sync> Transform for F {
    fn apply(&self, batch: &Tensor) -> Tensor {
        self(batch)
    }
}

/// Transforms in order.
///
/// ```
/// use autograd::Tensor;
/// use data::{Compose, Normalize, ToTensor, Transform};
/// let pixels = Tensor::from_vec(vec![0u8, 255], [1, 1, 2], &backend_cpu::device());
/// let transform = Compose::new(vec![Box::new(ToTensor), Box::new(Normalize::new([0.5], [0.5]))]);
/// let images = transform.apply(&pixels);
/// assert_eq!(images.shape().dims(), [1, 1, 1, 2]);
/// assert_eq!(images.to_vec::<f32>(), [-1.0, 1.0]);
/// ```
#[derive(Default)]
pub struct Compose {
    steps: Vec<Box<dyn Transform>>,
}

impl Compose {
    /// The steps, first to last.
    pub fn new(steps: Vec<Box<dyn Transform>>) -> Self {
        Compose { steps }
    }
}

impl Transform for Compose {
    fn apply(&self, batch: &Tensor) -> Tensor {
        self.steps.iter().fold(batch.clone(), |batch, step| step.apply(&batch))
    }
}

/// Bytes 0 to 255 to floats 0 to 1, channels first: `[N, H, W] → [N, 1, H, W]`,
/// `[N, H, W, C] → [N, C, H, W]`, other shapes as they are.
#[derive(Clone, Copy, Debug)]
pub struct ToTensor;

impl Transform for ToTensor {
    fn apply(&self, batch: &Tensor) -> Tensor {
        let x = match batch.rank() {
            3 => batch.unsqueeze(1),
            4 => batch.permute(&[0, 3, 1, 2]).contiguous(),
            _ => batch.clone(),
        };
        if batch.dtype() == DType::U8 { x.normalize_pixels(0.0, 1.0) } else { x.to_dtype(DType::F32) }
    }
}

/// `(x − mean)/std`, a mean and a deviation for each channel of `[N, C, …]`, or one for all.
#[derive(Clone, Debug)]
pub struct Normalize {
    mean: Vec<f32>,
    std: Vec<f32>,
}

impl Normalize {
    /// By means and deviations, equally many.
    ///
    /// # Panics
    /// When their numbers differ, none is given, or a deviation is 0.
    #[track_caller]
    pub fn new(mean: impl Into<Vec<f32>>, std: impl Into<Vec<f32>>) -> Self {
        let (mean, std) = (mean.into(), std.into());
        if mean.is_empty() || mean.len() != std.len() || std.contains(&0.0) {
            check::fail(
                "Normalize",
                format_args!("means {mean:?} and deviations {std:?}"),
                "give one of each per channel, or one for all; no deviation may be 0",
            );
        }
        Normalize { mean, std }
    }
}

impl Transform for Normalize {
    #[track_caller]
    fn apply(&self, batch: &Tensor) -> Tensor {
        let channels = self.mean.len();
        if batch.dtype() == DType::U8 || (channels > 1 && (batch.rank() < 2 || batch.dim(1) != channels)) {
            check::fail(
                "Normalize",
                format_args!("{channels} channels do not fit {} of shape {}", batch.dtype(), batch.shape()),
                "it takes floats [N, C, …]: put ToTensor before it",
            );
        }
        if let ([mean], [std]) = (&self.mean[..], &self.std[..]) {
            return (batch - *mean) / *std;
        }
        let mut sizes = vec![1; batch.rank()];
        sizes[1] = channels;
        let column = |v: &[f32]| Tensor::from_slice(v, sizes.clone(), batch.device());
        (batch - column(&self.mean)) / column(&self.std)
    }
}

/// A dataset whose first column is transformed as it is fetched.
#[derive(Clone, Debug)]
pub struct Transformed<D, T> {
    pub(crate) dataset: D,
    pub(crate) transform: T,
}

impl<L: Send + 'static, D: Dataset<Batch = (Tensor, L)>, T: Transform> Dataset for Transformed<D, T> {
    type Batch = (Tensor, L);
    fn len(&self) -> usize {
        self.dataset.len()
    }
    fn batch(&self, indices: &[i64]) -> (Tensor, L) {
        let (first, rest) = self.dataset.batch(indices);
        (self.transform.apply(&first), rest)
    }
}
