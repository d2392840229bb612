//! Element types as files store them, more than Firebrand has, and what each becomes here.
//!
//! A type that Firebrand lacks widens to the smallest one that holds all its values: f16 and bf16 to
//! F32, the small integers to I32, u32 to I64. Nothing is rounded; a u64 beyond `i64::MAX` is an error.

use tensor_core::{DType, HostData};

/// The order of an element's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

/// An element type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stored {
    F16,
    BF16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bool,
}

impl Stored {
    /// Every one.
    pub const ALL: [Stored; 13] = {
        use Stored::*;
        [F16, BF16, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64, Bool]
    };

    /// How Firebrand's own types are stored.
    pub fn of(dtype: DType) -> Stored {
        match dtype {
            DType::F32 => Stored::F32,
            DType::F64 => Stored::F64,
            DType::I32 => Stored::I32,
            DType::I64 => Stored::I64,
            DType::U8 => Stored::U8,
            DType::Bool => Stored::Bool,
        }
    }

    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Stored::I8 | Stored::U8 | Stored::Bool => 1,
            Stored::F16 | Stored::BF16 | Stored::I16 | Stored::U16 => 2,
            Stored::F32 | Stored::I32 | Stored::U32 => 4,
            Stored::F64 | Stored::I64 | Stored::U64 => 8,
        }
    }

    /// PyTorch's name, without `torch.`.
    pub fn name(self) -> &'static str {
        match self {
            Stored::F16 => "float16",
            Stored::BF16 => "bfloat16",
            Stored::F32 => "float32",
            Stored::F64 => "float64",
            Stored::I8 => "int8",
            Stored::I16 => "int16",
            Stored::I32 => "int32",
            Stored::I64 => "int64",
            Stored::U8 => "uint8",
            Stored::U16 => "uint16",
            Stored::U32 => "uint32",
            Stored::U64 => "uint64",
            Stored::Bool => "bool",
        }
    }

    /// The elements in `bytes`, widened; `None` when an unsigned number is beyond `i64::MAX`.
    pub fn decode(self, bytes: &[u8], order: Order) -> Option<HostData> {
        macro_rules! each {
            ($ty:ty, $v:ident => $convert:expr) => {{
                let (elements, _) = bytes.as_chunks::<{ size_of::<$ty>() }>();
                let read = match order {
                    Order::Little => <$ty>::from_le_bytes,
                    Order::Big => <$ty>::from_be_bytes,
                };
                elements
                    .iter()
                    .map(|b| {
                        let $v = read(*b);
                        $convert
                    })
                    .collect()
            }};
        }
        Some(match self {
            Stored::F16 => HostData::F32(each!(u16, v => f16_to_f32(v))),
            Stored::BF16 => HostData::F32(each!(u16, v => f32::from_bits(u32::from(v) << 16))),
            Stored::F32 => HostData::F32(each!(f32, v => v)),
            Stored::F64 => HostData::F64(each!(f64, v => v)),
            Stored::I8 => HostData::I32(each!(i8, v => i32::from(v))),
            Stored::I16 => HostData::I32(each!(i16, v => i32::from(v))),
            Stored::U16 => HostData::I32(each!(u16, v => i32::from(v))),
            Stored::I32 => HostData::I32(each!(i32, v => v)),
            Stored::I64 => HostData::I64(each!(i64, v => v)),
            Stored::U32 => HostData::I64(each!(u32, v => i64::from(v))),
            Stored::U64 => {
                let values: Option<Vec<i64>> = each!(u64, v => i64::try_from(v).ok());
                HostData::I64(values?)
            }
            Stored::U8 => HostData::U8(bytes.to_vec()),
            Stored::Bool => HostData::Bool(bytes.iter().map(|&b| b != 0).collect()),
        })
    }
}

/// The bytes of elements, little endian.
pub(crate) fn encode(data: &HostData) -> Vec<u8> {
    match data {
        HostData::F32(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        HostData::F64(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        HostData::I32(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        HostData::I64(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        HostData::U8(v) => v.clone(),
        HostData::Bool(v) => v.iter().map(|&x| u8::from(x)).collect(),
    }
}

/// The value of a 16-bit float, exactly. (A crate for this one function brings a derive macro.)
fn f16_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, mantissa) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => mantissa as f32 * 2f32.powi(-24),             // subnormal or zero
        31 => f32::from_bits(0xff << 23 | mantissa << 13), // infinity or NaN
        _ => f32::from_bits((exponent + 112) << 23 | mantissa << 13),
    };
    f32::from_bits(magnitude.to_bits() | sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_what_its_fields_say() {
        for bits in 0..=u16::MAX {
            let (sign, exponent, mantissa) = (bits >> 15, i32::from(bits >> 10 & 31), f64::from(bits & 1023));
            let value = match exponent {
                0 => mantissa / 1024.0 * 2f64.powi(-14),
                31 if mantissa == 0.0 => f64::INFINITY,
                31 => f64::NAN,
                _ => (1.0 + mantissa / 1024.0) * 2f64.powi(exponent - 15),
            };
            let (got, want) = (f16_to_f32(bits), if sign == 1 { -value } else { value });
            assert!(f64::from(got) == want || got.is_nan() && want.is_nan(), "{bits:#06x}: {got} {want}");
            assert_eq!(got.is_sign_negative(), sign == 1, "{bits:#06x}");
        }
    }

    #[test]
    fn both_byte_orders_and_every_type() {
        let bytes: Vec<u8> = (0..16).map(|i| i * 7).collect();
        for stored in Stored::ALL {
            let little = stored.decode(&bytes, Order::Little).unwrap();
            let swapped: Vec<u8> =
                bytes.chunks(stored.size()).flat_map(|c| c.iter().rev().copied()).collect();
            assert_eq!(stored.decode(&swapped, Order::Big).unwrap(), little, "{stored:?}");
            assert_eq!(little.len(), 16 / stored.size());
            if Stored::of(little.dtype()) == stored && stored != Stored::Bool {
                assert_eq!(encode(&little), bytes, "{stored:?}");
            }
        }
        assert_eq!(Stored::U64.decode(&[0xff; 8], Order::Little), None);
        assert_eq!(Stored::BF16.decode(&[0x40, 0x40], Order::Little), Some(HostData::F32(vec![3.0])));
        assert_eq!(Stored::I8.decode(&[0x80], Order::Little), Some(HostData::I32(vec![-128])));
    }
}
