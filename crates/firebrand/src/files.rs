//! `torch.save` and `torch.load`, and ndarray's arrays, on the default device.

use crate::device;
use formats::{Loaded, Value};
use std::path::Path;

/// Writes a state dict, a tensor or a checkpoint of plain values: `torch.save`. PyTorch reads it with
/// `torch.load(path, weights_only=True)`.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use firebrand::nn::{Linear, Module};
/// let path = std::env::temp_dir().join("firebrand-doc-save.pt");
/// let model = Linear::new(2, 1, &firebrand::device());
/// firebrand::save(&model.state_dict(), &path)?;
///
/// let other = Linear::new(2, 1, &firebrand::device());
/// other.load_state_dict(&firebrand::load(&path)?.state_dict()?, true)?;
/// assert_eq!(other.weight.to_vec::<f32>(), model.weight.to_vec::<f32>());
/// # std::fs::remove_file(path)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When the file cannot be written; then the one that stood there still stands.
pub fn save(object: impl Into<Value>, path: impl AsRef<Path>) -> formats::Result<()> {
    formats::pt::save(object, path)
}

/// Reads what `torch.save` or [`save`] wrote, executing nothing: `torch.load(path, weights_only=True)`.
///
/// # Errors
/// As [`formats::pt::load`].
pub fn load(path: impl AsRef<Path>) -> formats::Result<Loaded<Value>> {
    formats::pt::load(path, &device())
}

/// A tensor of an array's elements, copied: `torch.from_numpy`.
///
/// ```
/// let array = ndarray::array![[1, 2], [3, 4]];
/// assert_eq!(firebrand::from_ndarray(&array).to_vec::<i32>(), [1, 2, 3, 4]);
/// ```
///
/// # Panics
/// With more dimensions than a tensor has.
#[cfg(feature = "ndarray")]
#[track_caller]
pub fn from_ndarray<T: tensor_core::Element, S: ndarray::Data<Elem = T>, D: ndarray::Dimension>(
    array: &ndarray::ArrayBase<S, D>,
) -> autograd::Tensor {
    (array, &device()).into()
}
