//! The fixture files, decoded.
//!
//! Every file is JSON with a `cases` array. Arrays of floats come as bit patterns, so a comparison
//! can be exact: see [`decode`].

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::path::PathBuf;
use tensor_core::HostData;

/// The folder of the fixtures: `FIREBRAND_PARITY_DIR`, else the repository's own copy.
pub fn folder() -> PathBuf {
    std::env::var_os("FIREBRAND_PARITY_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/parity")),
        PathBuf::from,
    )
}

/// Reads a fixture file.
///
/// # Panics
/// When the file is absent or is not JSON: a test without its fixture must fail.
pub fn load(name: &str) -> Value {
    let path = folder().join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The `cases` of a fixture file.
pub fn cases(name: &str) -> Vec<Value> {
    load(name)["cases"].as_array().expect("a fixture has cases").clone()
}

/// An array of unsigned integers, as sizes are written.
pub fn sizes(value: &Value) -> Vec<usize> {
    value.as_array().expect("a list of sizes").iter().map(|v| v.as_u64().expect("a size") as usize).collect()
}

/// A tensor written as `{dtype, shape, bits | data}`: its shape and its elements.
///
/// `f32` bits are u32 patterns, `f64` bits 16-digit hex strings; integers and bools are plain `data`.
/// Halves and short integers are widened, as Firebrand reads them.
///
/// # Panics
/// On a dtype that has no place in [`HostData`].
pub fn decode(value: &Value) -> (Vec<usize>, HostData) {
    let list = |key: &str| value[key].as_array().unwrap_or_else(|| panic!("no {key} in {value}")).clone();
    let ints = || list("data").iter().map(|v| v.as_i64().expect("an integer")).collect::<Vec<i64>>();
    let bits16 = || list("bits").into_iter().map(|v| v.as_u64().expect("bits") as u16);
    let data = match value["dtype"].as_str().expect("a dtype") {
        "f32" => HostData::F32(
            list("bits").iter().map(|v| f32::from_bits(v.as_u64().expect("bits") as u32)).collect(),
        ),
        "f64" => HostData::F64(
            list("bits")
                .iter()
                .map(|v| f64::from_bits(u64::from_str_radix(v.as_str().expect("hex"), 16).expect("hex")))
                .collect(),
        ),
        "i64" => HostData::I64(ints()),
        "f16" => HostData::F32(bits16().map(half_to_f32).collect()),
        "bf16" => HostData::F32(bits16().map(|b| f32::from_bits(u32::from(b) << 16)).collect()),
        "i16" | "i8" => HostData::I32(ints().iter().map(|&v| v as i32).collect()),
        "i32" => HostData::I32(ints().iter().map(|&v| v as i32).collect()),
        "u8" => HostData::U8(ints().iter().map(|&v| v as u8).collect()),
        "bool" => HostData::Bool(ints().iter().map(|&v| v != 0).collect()),
        other => panic!("dtype {other} is not one of Firebrand's"),
    };
    (sizes(&value["shape"]), data)
}

/// The number that 16 bits of a half-precision float stand for.
pub fn half_to_f32(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (bits >> 15, (bits >> 10) & 31, bits & 1023);
    let magnitude = match exponent {
        0 => f32::from(fraction) * 2f32.powi(-24),
        31 if fraction == 0 => f32::INFINITY,
        31 => f32::NAN,
        e => (1.0 + f32::from(fraction) / 1024.0) * 2f32.powi(i32::from(e) - 15),
    };
    if sign == 1 { -magnitude } else { magnitude }
}

/// A list of u32 bit patterns as singles.
pub fn f32s(bits: &Value) -> Vec<f32> {
    let bits = bits.as_array().expect("a list of bits").iter();
    bits.map(|v| f32::from_bits(v.as_u64().expect("bits") as u32)).collect()
}

/// A tensor of a safetensors file: its shape and its elements.
///
/// # Errors
/// When the file lacks the name, or holds a type that [`HostData`] has no place for.
pub fn from_safetensors(file: &SafeTensors, name: &str) -> Result<(Vec<usize>, HostData), String> {
    let view = file.tensor(name).map_err(|e| format!("{name}: {e}"))?;
    let bytes = view.data();
    macro_rules! words {
        ($ty:ty, $variant:ident) => {
            HostData::$variant(
                bytes
                    .chunks_exact(size_of::<$ty>())
                    .map(|c| <$ty>::from_le_bytes(c.try_into().expect("whole words")))
                    .collect(),
            )
        };
    }
    let data = match view.dtype() {
        Dtype::F32 => words!(f32, F32),
        Dtype::F64 => words!(f64, F64),
        Dtype::I32 => words!(i32, I32),
        Dtype::I64 => words!(i64, I64),
        Dtype::U8 => HostData::U8(bytes.to_vec()),
        Dtype::BOOL => HostData::Bool(bytes.iter().map(|&b| b != 0).collect()),
        other => return Err(format!("{name}: {other:?} is not one of Firebrand's types")),
    };
    Ok((view.shape().to_vec(), data))
}

/// The little-endian bytes of elements, as they lie in memory and in files.
pub fn element_bytes(data: &HostData) -> Vec<u8> {
    match data {
        HostData::F32(v) => v.iter().flat_map(|v| v.to_le_bytes()).collect(),
        HostData::F64(v) => v.iter().flat_map(|v| v.to_le_bytes()).collect(),
        HostData::I32(v) => v.iter().flat_map(|v| v.to_le_bytes()).collect(),
        HostData::I64(v) => v.iter().flat_map(|v| v.to_le_bytes()).collect(),
        HostData::U8(v) => v.clone(),
        HostData::Bool(v) => v.iter().map(|&b| u8::from(b)).collect(),
    }
}

/// FNV-1a over bytes, 64 bits: the checksum of long arrays.
pub fn fnv1a64(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
