//! Element types: what a tensor can hold, how Rust types map to it, and PyTorch's promotion rules.
//!
//! The default integer is [`DType::I32`], since GPUs have no other; it stands where PyTorch has
//! `int64` and prints without a dtype suffix. [`DType::U8`] holds pixels: it is stored, indexed,
//! compared and cast, but never computed with. [`DType::F64`] and [`DType::I64`] live on the CPU.

use std::fmt;

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// 32-bit float, the default.
    F32,
    /// 64-bit float, for gradient checks and linear algebra on the CPU.
    F64,
    /// 32-bit signed integer, the default integer.
    I32,
    /// 64-bit signed integer, for interoperation on the CPU.
    I64,
    /// Unsigned byte: pixels; no arithmetic.
    U8,
    /// `true` or `false`, one byte each on the host.
    Bool,
}

/// The kinds among which promotion moves upward: bool, then integer, then float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Booleans.
    Bool,
    /// Integers.
    Int,
    /// Floating point numbers.
    Float,
}

impl DType {
    /// Every element type.
    pub const ALL: [DType; 6] = [DType::F32, DType::F64, DType::I32, DType::I64, DType::U8, DType::Bool];

    /// PyTorch's name of this type, `I32` standing for the default integer: `torch.float32`, `torch.int32`, …
    pub fn torch_name(self) -> &'static str {
        match self {
            DType::F32 => "torch.float32",
            DType::F64 => "torch.float64",
            DType::I32 => "torch.int32",
            DType::I64 => "torch.int64",
            DType::U8 => "torch.uint8",
            DType::Bool => "torch.bool",
        }
    }

    /// Bytes that one element takes on the host.
    pub fn size(self) -> usize {
        match self {
            DType::F64 | DType::I64 => 8,
            DType::F32 | DType::I32 => 4,
            DType::U8 | DType::Bool => 1,
        }
    }

    /// Whether this is a floating point type, the only kind that has gradients.
    pub fn is_float(self) -> bool {
        self.category() == Category::Float
    }

    /// The promotion category of this type.
    pub fn category(self) -> Category {
        match self {
            DType::F32 | DType::F64 => Category::Float,
            DType::I32 | DType::I64 | DType::U8 => Category::Int,
            DType::Bool => Category::Bool,
        }
    }

    /// The smallest type that holds both, as `torch.promote_types`.
    ///
    /// ```
    /// use tensor_core::DType::*;
    /// assert_eq!(I64.promote(F32), F32);
    /// assert_eq!(U8.promote(I32), I32);
    /// assert_eq!(Bool.promote(U8), U8);
    /// ```
    pub fn promote(self, other: DType) -> DType {
        use DType::{Bool, F32, F64, I32, I64, U8};
        let rank = |dtype| match dtype {
            Bool => 0,
            U8 => 1,
            I32 => 2,
            I64 => 3,
            F32 => 4,
            F64 => 5,
        };
        if rank(self) >= rank(other) { self } else { other }
    }

    /// The default type of a category: what a Python number of that kind becomes.
    pub fn default_of(category: Category) -> DType {
        match category {
            Category::Bool => DType::Bool,
            Category::Int => DType::I32,
            Category::Float => DType::F32,
        }
    }

    /// The type that true division and the transcendental functions compute in: itself when
    /// floating, else [`DType::F32`].
    pub fn to_float(self) -> DType {
        if self.is_float() { self } else { DType::F32 }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.torch_name().trim_start_matches("torch."))
    }
}

/// A single number of any kind, as Python's `bool`, `int` and `float` are: its kind takes part in
/// promotion, its width does not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// `True` or `False`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
}

impl Scalar {
    /// The promotion category of this number.
    pub fn category(self) -> Category {
        match self {
            Scalar::Bool(_) => Category::Bool,
            Scalar::Int(_) => Category::Int,
            Scalar::Float(_) => Category::Float,
        }
    }

    /// As a double; integers beyond 2⁵³ round.
    pub fn to_f64(self) -> f64 {
        match self {
            Scalar::Bool(v) => f64::from(u8::from(v)),
            Scalar::Int(v) => v as f64,
            Scalar::Float(v) => v,
        }
    }

    /// As an integer; floats are cut towards zero and saturate.
    pub fn to_i64(self) -> i64 {
        match self {
            Scalar::Bool(v) => i64::from(v),
            Scalar::Int(v) => v,
            Scalar::Float(v) => v as i64,
        }
    }

    /// As a truth value: whether it differs from zero.
    pub fn to_bool(self) -> bool {
        match self {
            Scalar::Bool(v) => v,
            Scalar::Int(v) => v != 0,
            Scalar::Float(v) => v != 0.0,
        }
    }
}

macro_rules! scalar_from {
    ($($ty:ty => $variant:ident as $as:ty),+ $(,)?) => {$(
        impl From<$ty> for Scalar {
            fn from(value: $ty) -> Self {
                Scalar::$variant(value as $as)
            }
        }
    )+};
}
scalar_from!(
    f32 => Float as f64, f64 => Float as f64, bool => Bool as bool,
    u8 => Int as i64, i32 => Int as i64, u32 => Int as i64, i64 => Int as i64, usize => Int as i64,
);

/// A Rust type that can be an element: exactly the six of [`DType`].
pub trait Element:
    Copy + Default + Send + Sync + fmt::Debug + PartialEq + Into<Scalar> + sealed::Sealed + 'static
{
    /// The element type that holds it.
    const DTYPE: DType;
    /// Converts as `Tensor.to(dtype)` does: floats to integers cut towards zero, anything but zero is `true`.
    fn from_scalar(value: Scalar) -> Self;
    /// Takes a host vector's elements when they are of this very type.
    fn unwrap_host(host: crate::HostData) -> Result<Vec<Self>, crate::HostData>;
    /// Borrows a host vector's elements when they are of this very type.
    fn slice_host(host: &crate::HostData) -> Option<&[Self]>;
    /// Wraps a vector as host data.
    fn wrap_host(values: Vec<Self>) -> crate::HostData;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! element {
    ($($ty:ty, $variant:ident, $scalar:ident => $convert:expr;)+) => {$(
        impl sealed::Sealed for $ty {}
        impl Element for $ty {
            const DTYPE: DType = DType::$variant;
            fn from_scalar($scalar: Scalar) -> Self {
                $convert
            }
            fn unwrap_host(host: crate::HostData) -> Result<Vec<Self>, crate::HostData> {
                match host {
                    crate::HostData::$variant(values) => Ok(values),
                    other => Err(other),
                }
            }
            fn slice_host(host: &crate::HostData) -> Option<&[Self]> {
                match host {
                    crate::HostData::$variant(values) => Some(values),
                    _ => None,
                }
            }
            fn wrap_host(values: Vec<Self>) -> crate::HostData {
                crate::HostData::$variant(values)
            }
        }
    )+};
}
element! {
    f32, F32, v => match v { Scalar::Int(i) => i as f32, other => other.to_f64() as f32 };
    f64, F64, v => v.to_f64();
    i32, I32, v => v.to_i64() as i32;
    i64, I64, v => v.to_i64();
    u8, U8, v => v.to_i64() as u8;
    bool, Bool, v => v.to_bool();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promotion_is_commutative_and_idempotent() {
        for a in DType::ALL {
            assert_eq!(a.promote(a), a);
            for b in DType::ALL {
                assert_eq!(a.promote(b), b.promote(a));
            }
        }
    }

    #[test]
    fn conversions_follow_torch() {
        assert_eq!(i32::from_scalar(Scalar::Float(-2.9)), -2);
        assert_eq!(u8::from_scalar(Scalar::Int(-1)), 255);
        assert!(bool::from_scalar(Scalar::Float(f64::NAN)));
        assert_eq!(f32::from_scalar(Scalar::Int(16_777_219)), 16_777_220.0);
    }
}
