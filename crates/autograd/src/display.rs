//! Printing tensors as PyTorch does, with one download.

use crate::tensor::Tensor;
use std::fmt;
use tensor_core::display::{Suffixes, print_options, shown, text};
use tensor_core::{DType, RawTensor};

/// The elements that will be shown, gathered on the device.
fn corners(x: &RawTensor, keep: &[Vec<usize>]) -> RawTensor {
    keep.iter().enumerate().fold(x.clone(), |x, (axis, places)| {
        let (size, len) = (x.shape()[axis], places.len());
        if len == size {
            return x;
        }
        RawTensor::cat(&[x.narrow(axis, 0, len / 2), x.narrow(axis, size - len / 2, len / 2)], axis)
    })
}

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = print_options();
        let visible = match shown(self.shape(), &options) {
            Some(keep) => corners(self.raw(), &keep),
            None => self.raw().clone(),
        };
        let data = match visible.to_host() {
            Ok(data) => data,
            Err(error) => return write!(f, "tensor(<{error}>)"),
        };
        // I32 stands for torch's int64, the default integer.
        let (name, is_default) = match self.dtype() {
            DType::I32 => ("torch.int64", true),
            dtype => (dtype.torch_name(), matches!(dtype, DType::F32 | DType::I64 | DType::Bool)),
        };
        let suffixes = Suffixes {
            dtype: Some((name, is_default)),
            grad_fn: self.grad_fn(),
            requires_grad: self.requires_grad(),
            parameter: self.is_parameter(),
        };
        f.write_str(&text(&data, self.shape(), &suffixes, &options))
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
