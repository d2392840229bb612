//! Tensors from ndarray's arrays and into them, by `From`.
//!
//! An array has no device, so it becomes a tensor together with one: `(&array, &device).into()`. A tensor
//! becomes an array of any element type, converted as `Tensor.to(dtype)` does.

use crate::tensor::Tensor;
use ndarray::{ArrayBase, ArrayD, Data, Dimension, IxDyn};
use tensor_core::{Device, Element};

/// Copies the elements.
///
/// # Panics
/// With more than [`MAX_RANK`](tensor_core::MAX_RANK) dimensions, or when the device fails.
impl<T: Element, S: Data<Elem = T>, D: Dimension> From<(&ArrayBase<S, D>, &Device)> for Tensor {
    #[track_caller]
    fn from((array, device): (&ArrayBase<S, D>, &Device)) -> Self {
        Tensor::from_vec(array.iter().copied().collect::<Vec<T>>(), array.shape(), device)
    }
}

/// Copies the elements, row-major; gradients stay behind.
///
/// ```
/// use autograd::Tensor;
/// let cpu = backend_cpu::device();
/// let array = ndarray::array![[1.0f32, 2.0], [3.0, 4.0]];
/// let tensor = Tensor::from((&array.t(), &cpu));
/// assert_eq!(tensor.to_vec::<f32>(), [1.0, 3.0, 2.0, 4.0]);
/// let back = ndarray::ArrayD::<f32>::from(&tensor);
/// assert_eq!(back, array.t().into_dyn());
/// ```
///
/// # Panics
/// When the device fails.
impl<T: Element> From<&Tensor> for ArrayD<T> {
    #[track_caller]
    fn from(tensor: &Tensor) -> Self {
        ArrayD::from_shape_vec(IxDyn(tensor.shape().dims()), tensor.to_vec())
            .expect("a tensor has as many elements as its sizes say")
    }
}
