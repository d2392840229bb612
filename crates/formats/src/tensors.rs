//! From a file's elements to tensors: sizes checked, types widened, and what changed noted.

use crate::error::{Error, Place, Result};
use crate::stored::{Order, Stored};
use autograd::Tensor;
use indexmap::IndexMap;
use std::fmt;
use std::ops::Deref;
use tensor_core::{DType, Device, HostData, MAX_RANK, RawTensor, Shape};

/// Tensors by name, in the order of the file: what `Module::state_dict` returns and `load_state_dict` takes.
pub type StateDict = IndexMap<String, Tensor>;

/// A tensor whose element type is not the file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// The tensor's name; empty for a file of one tensor.
    pub name: String,
    /// PyTorch's name of the type in the file: `float16`.
    pub from: &'static str,
    /// The type it has here: the smallest that holds every value, unless the device lacks that one too.
    pub to: DType,
}

impl fmt::Display for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.is_empty() {
            write!(f, "{}: ", self.name)?;
        }
        write!(f, "{} became {}", self.from, self.to)
    }
}

/// What a file held, and which of its tensors have another element type here. Dereferences to the value.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// What the file held.
    pub value: T,
    /// The tensors whose type Firebrand, or the device, lacks; empty when all came over as they are.
    pub conversions: Vec<Conversion>,
}

impl<T> Deref for Loaded<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// Checks sizes that a file gives: their number, and that no product of them overflows, whichever are 0.
pub(crate) fn shape(file: &str, place: Place, dims: &[u64]) -> Result<Shape> {
    if dims.len() > MAX_RANK {
        let what = format!("{} dimensions; a tensor has at most {MAX_RANK}", dims.len());
        return Err(Error::unsupported(file, place, what));
    }
    let elements = dims.iter().try_fold(1u64, |n, &d| n.checked_mul(d.max(1)));
    if elements.is_none_or(|n| n > isize::MAX as u64 / 8) {
        return Err(Error::malformed(file, place, format!("sizes {dims:?} do not fit in memory")));
    }
    Ok(Shape::new(&dims.iter().map(|&d| d as usize).collect::<Vec<_>>()))
}

/// Elements of a file as a flat tensor on a device, in a type that it has.
pub(crate) fn upload(
    file: &str,
    place: Place,
    bytes: &[u8],
    (stored, order): (Stored, Order),
    shape: Shape,
    device: &Device,
) -> Result<RawTensor> {
    let Some(mut data) = stored.decode(bytes, order) else {
        return Err(Error::unsupported(file, place, "an unsigned number beyond 2⁶³ − 1, the largest int64"));
    };
    if !device.supports(data.dtype()) {
        data = narrow(data);
    }
    RawTensor::from_host(&data, shape, device).map_err(|source| Error::Device {
        file: file.into(),
        place,
        source,
    })
}

/// For devices without 64-bit types: doubles rounded, integers as they are if all fit.
fn narrow(data: HostData) -> HostData {
    match data {
        HostData::F64(_) => data.cast(DType::F32),
        HostData::I64(values) => match values.iter().map(|&v| i32::try_from(v)).collect() {
            Ok(all) => HostData::I32(all),
            Err(_) => HostData::I64(values),
        },
        other => other,
    }
}

/// Notes a conversion, if there was one.
pub(crate) fn note(conversions: &mut Vec<Conversion>, name: &str, stored: Stored, to: DType) {
    if Stored::of(to) != stored {
        conversions.push(Conversion { name: name.into(), from: stored.name(), to });
    }
}

/// A tensor's elements, row-major, for a file of that name.
pub(crate) fn download(file: &str, name: &str, tensor: &RawTensor) -> Result<HostData> {
    tensor.to_host().map_err(|source| Error::Device {
        file: file.into(),
        place: Place::Name(name.into()),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_64_bits_gets_what_fits() {
        assert_eq!(narrow(HostData::I64(vec![-5, 1 << 30])), HostData::I32(vec![-5, 1 << 30]));
        let large = HostData::I64(vec![1, 1 << 31]);
        assert_eq!(narrow(large.clone()), large, "left as it is, for the device's own error");
        assert_eq!(narrow(HostData::F64(vec![0.1])), HostData::F32(vec![0.1]));
        let mut conversions = Vec::new();
        note(&mut conversions, "x", Stored::I64, DType::I32);
        note(&mut conversions, "y", Stored::F32, DType::F32);
        assert_eq!(
            conversions.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["x: int64 became int32"]
        );
    }
}
