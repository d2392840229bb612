//! What is done with a file's bytes: read them, and use what came out. A panic is a fault; so is memory.
//!
//! libFuzzer runs these by `cargo +nightly fuzz run pt` (or `idx`, `safetensors`, `npy`, `npz`), and
//! `crates/formats/tests/mutations.rs` runs them on stable over mutated real files.

#![allow(dead_code, reason = "each target uses one")]

use autograd::Tensor;
use formats::{StateDict, Value};

/// More elements than this are not looked at: a view may repeat a few of a file's.
const LOOK: usize = 1 << 16;

/// Whether the bytes are a file of the format.
pub type Read = bool;

/// IDX files, plain or gzipped.
pub fn idx(bytes: &[u8]) -> Read {
    data::Idx::parse("fuzz", bytes).is_ok_and(|idx| {
        assert_eq!(idx.dims.iter().product::<usize>(), idx.bytes.len());
        true
    })
}

/// safetensors.
pub fn safetensors(bytes: &[u8]) -> Read {
    let device = backend_cpu::device();
    let reader = formats::safetensors::Reader::from_bytes("fuzz", bytes);
    told(reader.and_then(|mut reader| {
        assert!(reader.metadata().len() <= bytes.len());
        reader.state_dict(&device)
    }))
    .is_some_and(|state| use_all(&state))
}

/// `.npy`.
pub fn npy(bytes: &[u8]) -> Read {
    told(formats::numpy::from_bytes("fuzz", bytes, &backend_cpu::device()))
        .is_some_and(|loaded| use_one(&loaded))
}

/// `.npz`.
pub fn npz(bytes: &[u8]) -> Read {
    told(formats::numpy::npz_from_bytes("fuzz", bytes, &backend_cpu::device()))
        .is_some_and(|state| use_all(&state))
}

/// `.pt`.
pub fn pt(bytes: &[u8]) -> Read {
    told(formats::pt::from_bytes("fuzz", bytes, &backend_cpu::device())).is_some_and(|loaded| {
        for conversion in &loaded.conversions {
            assert!(!conversion.to_string().is_empty());
        }
        use_value(&loaded)
    })
}

/// An error must be told in a bounded line that names the file.
fn told<T>(read: formats::Result<T>) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with("fuzz") && text.len() < 2000, "{text}");
            None
        }
    }
}

fn use_one(tensor: &Tensor) -> Read {
    if tensor.numel() <= LOOK {
        let elements = tensor.to_host().expect("the CPU gives its elements");
        assert_eq!(elements.len(), tensor.numel());
    }
    true
}

fn use_all(state: &StateDict) -> Read {
    state.values().all(use_one)
}

fn use_value(value: &Value) -> Read {
    match value {
        Value::Tensor(tensor) => use_one(tensor),
        Value::List(values) | Value::Tuple(values) => values.iter().all(use_value),
        Value::Dict(dict) | Value::OrderedDict(dict) => dict.iter().all(|(_, value)| use_value(value)),
        _ => true,
    }
}
