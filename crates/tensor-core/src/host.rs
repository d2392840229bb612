//! Host-side element vectors: what goes up to a device and what comes back.

use crate::dtype::{DType, Element, Scalar};

/// A vector of one of the six element types, row-major when it stands for a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum HostData {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
    /// 32-bit integers.
    I32(Vec<i32>),
    /// 64-bit integers.
    I64(Vec<i64>),
    /// Bytes.
    U8(Vec<u8>),
    /// Truth values.
    Bool(Vec<bool>),
}

/// Runs `$body` with `$v` bound to the typed vector inside `$host`, whichever it is.
#[macro_export]
macro_rules! each_host {
    ($host:expr, $v:ident => $body:expr) => {
        match $host {
            $crate::HostData::F32($v) => $body,
            $crate::HostData::F64($v) => $body,
            $crate::HostData::I32($v) => $body,
            $crate::HostData::I64($v) => $body,
            $crate::HostData::U8($v) => $body,
            $crate::HostData::Bool($v) => $body,
        }
    };
}

impl HostData {
    /// The element type.
    pub fn dtype(&self) -> DType {
        fn of<T: Element>(_: &[T]) -> DType {
            T::DTYPE
        }
        each_host!(self, v => of(v))
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        each_host!(self, v => v.len())
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `index`, as a number of its kind.
    ///
    /// # Panics
    /// When `index` is out of range.
    pub fn get(&self, index: usize) -> Scalar {
        each_host!(self, v => v[index].into())
    }

    /// The elements converted to `T`, as `Tensor.to(dtype)` converts; no copy when they are `T` already.
    pub fn into_vec<T: Element>(self) -> Vec<T> {
        T::unwrap_host(self.cast(T::DTYPE)).unwrap_or_else(|_| unreachable!("converted to this type"))
    }

    /// The elements converted to `dtype`.
    pub fn cast(self, dtype: DType) -> HostData {
        fn converted<T: Element>(data: HostData) -> HostData {
            T::wrap_host(each_host!(data, v => v.into_iter().map(|x| T::from_scalar(x.into())).collect()))
        }
        match dtype {
            same if same == self.dtype() => self,
            DType::F32 => converted::<f32>(self),
            DType::F64 => converted::<f64>(self),
            DType::I32 => converted::<i32>(self),
            DType::I64 => converted::<i64>(self),
            DType::U8 => converted::<u8>(self),
            DType::Bool => converted::<bool>(self),
        }
    }

    /// `len` copies of `value`, converted to `dtype`.
    pub fn full(len: usize, dtype: DType, value: Scalar) -> HostData {
        fn make<T: Element>(len: usize, value: Scalar) -> HostData {
            T::wrap_host(vec![T::from_scalar(value); len])
        }
        match dtype {
            DType::F32 => make::<f32>(len, value),
            DType::F64 => make::<f64>(len, value),
            DType::I32 => make::<i32>(len, value),
            DType::I64 => make::<i64>(len, value),
            DType::U8 => make::<u8>(len, value),
            DType::Bool => make::<bool>(len, value),
        }
    }
}

impl<T: Element> From<Vec<T>> for HostData {
    fn from(values: Vec<T>) -> Self {
        T::wrap_host(values)
    }
}
