//! Whole tensors compared, iterated and converted.

use crate::tensor::Tensor;
use tensor_core::{Device, Element};

impl Tensor {
    /// Whether shapes are equal and all elements are; NaN equals nothing.
    #[track_caller]
    pub fn equal(&self, other: &Tensor) -> bool {
        self.shape() == other.shape() && self.eq(other).all().item()
    }

    /// Whether |a − b| ≤ atol + rtol·|b| for all elements (PyTorch's defaults are 1e-5 and 1e-8).
    #[track_caller]
    pub fn allclose(&self, other: &Tensor, rtol: f64, atol: f64) -> bool {
        self.isclose(other, rtol, atol, false).all().item()
    }

    /// The slices of the first dimension, one after another.
    #[track_caller]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Tensor> + '_ {
        let (_, size) = self.sized_axis("iter", 0);
        (0..size).map(|i| self.select(0, i as isize))
    }
}

/// The slices of the first dimension, as Python's `for row in tensor`.
impl IntoIterator for &Tensor {
    type Item = Tensor;
    type IntoIter = std::vec::IntoIter<Tensor>;

    #[track_caller]
    fn into_iter(self) -> Self::IntoIter {
        if self.rank() == 0 {
            tensor_core::check::fail("iter", "a 0-d tensor has no rows", "take .item()");
        }
        self.unbind(0).into_iter()
    }
}

/// Numbers, and nested arrays, slices and vectors of them, that become tensors: what the facade's `tensor` takes.
pub trait Nested {
    /// The element type.
    type Item: Element;
    /// Appends the elements row-major and gives the sizes.
    #[track_caller]
    fn flatten_into(&self, out: &mut Vec<Self::Item>) -> Vec<usize>;
}

macro_rules! nested_numbers {
    ($($ty:ty),+) => {$(
        impl Nested for $ty {
            type Item = $ty;
            fn flatten_into(&self, out: &mut Vec<$ty>) -> Vec<usize> {
                out.push(*self);
                Vec::new()
            }
        }
    )+};
}
nested_numbers!(f32, f64, i32, i64, u8, bool);

impl<T: Nested, const N: usize> Nested for [T; N] {
    type Item = T::Item;
    #[track_caller]
    fn flatten_into(&self, out: &mut Vec<T::Item>) -> Vec<usize> {
        nested(self, out)
    }
}

impl<T: Nested> Nested for Vec<T> {
    type Item = T::Item;
    #[track_caller]
    fn flatten_into(&self, out: &mut Vec<T::Item>) -> Vec<usize> {
        nested(self, out)
    }
}

impl<T: Nested> Nested for [T] {
    type Item = T::Item;
    #[track_caller]
    fn flatten_into(&self, out: &mut Vec<T::Item>) -> Vec<usize> {
        nested(self, out)
    }
}

impl<T: Nested + ?Sized> Nested for &T {
    type Item = T::Item;
    #[track_caller]
    fn flatten_into(&self, out: &mut Vec<T::Item>) -> Vec<usize> {
        (**self).flatten_into(out)
    }
}

#[track_caller]
fn nested<T: Nested>(rows: &[T], out: &mut Vec<T::Item>) -> Vec<usize> {
    let mut sizes = vec![rows.len()];
    for (i, row) in rows.iter().enumerate() {
        let inner = row.flatten_into(out);
        if i == 0 {
            sizes.extend(inner);
        } else if sizes[1..] != inner[..] {
            tensor_core::check::fail(
                "tensor",
                format!("row {i} has sizes {inner:?}, the first has {:?}", &sizes[1..]),
                "all rows must be equally long",
            );
        }
    }
    sizes
}

impl Tensor {
    /// A tensor of nested arrays or vectors: `Tensor::new(&[[1.0, 2.0], [3.0, 4.0]], &device)`.
    /// The element type is the Rust one; the facade's `tensor` makes F32 of plain floats.
    #[track_caller]
    pub fn new<N: Nested + ?Sized>(values: &N, device: &Device) -> Tensor {
        let mut flat = Vec::new();
        let sizes = values.flatten_into(&mut flat);
        Tensor::from_vec(flat, sizes, device)
    }
}

/// The elements, when the tensor has one dimension; a clear message otherwise.
impl<T: Element> TryFrom<&Tensor> for Vec<T> {
    type Error = tensor_core::Error;
    fn try_from(tensor: &Tensor) -> Result<Self, Self::Error> {
        if tensor.rank() != 1 {
            return Err(tensor_core::Error::Invalid(format!(
                "a vector holds one dimension, this tensor has shape {}",
                tensor.shape()
            )));
        }
        Ok(tensor.to_host()?.into_vec())
    }
}

macro_rules! arrays {
    ($($ty:ty),+) => {$(
        /// The elements of a tensor of exactly this size; a clear message otherwise.
        impl<const N: usize> TryFrom<&Tensor> for [$ty; N] {
            type Error = tensor_core::Error;
            fn try_from(tensor: &Tensor) -> Result<Self, Self::Error> {
                let values: Vec<$ty> = sized(tensor, &[N])?;
                Ok(std::array::from_fn(|i| values[i]))
            }
        }

        /// The rows of a tensor of exactly these sizes; a clear message otherwise.
        impl<const N: usize, const M: usize> TryFrom<&Tensor> for [[$ty; M]; N] {
            type Error = tensor_core::Error;
            fn try_from(tensor: &Tensor) -> Result<Self, Self::Error> {
                let values: Vec<$ty> = sized(tensor, &[N, M])?;
                Ok(std::array::from_fn(|i| std::array::from_fn(|j| values[i * M + j])))
            }
        }
    )+};
}
arrays!(f32, f64, i32, i64, u8, bool);

/// The elements, row-major, if the tensor has these sizes.
fn sized<T: Element>(tensor: &Tensor, sizes: &[usize]) -> Result<Vec<T>, tensor_core::Error> {
    if tensor.shape().dims() != sizes {
        return Err(tensor_core::Error::Invalid(format!(
            "an array of sizes {sizes:?} does not hold a tensor of shape {}",
            tensor.shape()
        )));
    }
    Ok(tensor.to_host()?.into_vec())
}
