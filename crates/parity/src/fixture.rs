//! The fixture files, decoded.
//!
//! Every file is JSON with a `cases` array. Arrays of floats come as bit patterns, so a comparison
//! can be exact: see [`decode`].

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
///
/// # Panics
/// On a dtype that has no place in [`HostData`].
pub fn decode(value: &Value) -> (Vec<usize>, HostData) {
    let list = |key: &str| value[key].as_array().unwrap_or_else(|| panic!("no {key} in {value}")).clone();
    let ints = || list("data").iter().map(|v| v.as_i64().expect("an integer")).collect::<Vec<i64>>();
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
        "i32" => HostData::I32(ints().iter().map(|&v| v as i32).collect()),
        "u8" => HostData::U8(ints().iter().map(|&v| v as u8).collect()),
        "bool" => HostData::Bool(ints().iter().map(|&v| v != 0).collect()),
        other => panic!("dtype {other} is not one of Firebrand's"),
    };
    (sizes(&value["shape"]), data)
}

/// FNV-1a over bytes, 64 bits: the checksum of long arrays.
pub fn fnv1a64(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
