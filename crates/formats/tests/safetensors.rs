//! safetensors: PyTorch's file in, every type round and widened, and files that lie.

use autograd::Tensor;
use formats::safetensors::{Reader, load_file, save_file, save_file_with};
use std::collections::BTreeMap;
use tensor_core::{DType, HostData};

fn cpu() -> tensor_core::Device {
    backend_cpu::device()
}

/// A file of a header and data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

fn error(bytes: &[u8]) -> String {
    let read = Reader::from_bytes("m.safetensors", bytes).and_then(|mut r| r.state_dict(&cpu()).map(drop));
    read.expect_err("a bad file").to_string()
}

#[test]
fn pytorch_s_file_has_its_names_sizes_and_sums() {
    let state = load_file(parity::folder().join("cnn_state.safetensors"), &cpu()).unwrap();
    let files = parity::load("files.json");
    let keys = files["cnn"]["keys"].as_object().unwrap();
    assert_eq!(state.len(), keys.len());
    for (name, sizes) in keys {
        assert_eq!(state[name].shape().dims(), parity::sizes(sizes), "{name}");
    }
    assert!(state.conversions.is_empty());
    assert_eq!(state["1.num_batches_tracked"].dtype(), DType::I64);
    let names: Vec<_> = state.keys().map(String::as_str).collect();
    assert_eq!(names[0], "1.num_batches_tracked", "in the order of the bytes");
}

#[test]
fn written_files_are_read_again_with_order_notes_and_equal_bytes() {
    let tensors = [
        ("z", Tensor::from_vec(vec![1.5f32, -0.0, f32::NAN], 3, &cpu())),
        ("flags", Tensor::from_vec(vec![true, false], [2, 1], &cpu())),
        ("count", Tensor::from_vec(vec![i64::MIN], (), &cpu())),
        ("a", Tensor::from_vec(vec![7i32, -8], 2, &cpu())),
        ("wide", Tensor::from_vec(vec![0.1f64], 1, &cpu())),
        ("none", Tensor::from_vec(Vec::<f32>::new(), [0, 3], &cpu())),
        ("é\"\n", Tensor::from_vec(vec![255u8], 1, &cpu())),
        ("t", Tensor::from_vec((0..6).collect::<Vec<i32>>(), [2, 3], &cpu()).t()),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.safetensors");
    let notes: BTreeMap<String, String> =
        (0..20).map(|i| (format!("note {i}"), format!("\"{i}\""))).collect();
    save_file_with(tensors.iter().map(|(n, t)| (n, t)), &notes, &path).unwrap();
    let first = std::fs::read(&path).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(reader.metadata(), notes);
    assert_eq!(reader.names(), ["count", "wide", "z", "a", "none", "t", "flags", "é\"\n"]);
    assert_eq!(reader.dtype_in_file("count").as_deref(), Some("I64"));
    for (name, tensor) in &tensors {
        let back = reader.tensor(name, &cpu()).unwrap();
        assert_eq!(back.shape(), tensor.shape(), "{name}");
        assert_eq!(format!("{:?}", back.to_host()), format!("{:?}", tensor.to_host()), "{name}");
    }
    let state = load_file(&path, &cpu()).unwrap();
    save_file_with(&state.value, &notes, &path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), first, "a file that is read and written is the same file");
    assert!(reader.tensor("q", &cpu()).unwrap_err().to_string().contains("\"q\": no tensor of this name"));
    let twice = save_file([("a", &tensors[0].1), ("a", &tensors[0].1)], &path).unwrap_err();
    assert!(twice.to_string().contains("two tensors"), "{twice}");
    assert_eq!(std::fs::read(&path).unwrap(), first, "an error leaves the file");
}

#[test]
fn types_that_are_lacking_widen_and_are_reported() {
    let types = [
        ("F16", 2, HostData::F32(vec![1.0])),
        ("BF16", 2, HostData::F32(vec![0.0078125])),
        ("I8", 1, HostData::I32(vec![0])),
        ("I16", 2, HostData::I32(vec![0x3c00])),
        ("U16", 2, HostData::I32(vec![0x3c00])),
        ("U32", 4, HostData::I64(vec![0x3c00])),
        ("U64", 8, HostData::I64(vec![0x3c00])),
    ];
    for (name, size, want) in types {
        let header = format!(r#"{{"w":{{"dtype":"{name}","shape":[1],"data_offsets":[0,{size}]}}}}"#);
        let bytes = file(&header, &[0, 0x3c, 0, 0, 0, 0, 0, 0][..size]);
        let state = Reader::from_bytes("m", &bytes).unwrap().state_dict(&cpu()).unwrap();
        assert_eq!(state["w"].to_host().unwrap(), want, "{name}");
        let said: Vec<String> = state.conversions.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 1);
        assert!(
            said[0].starts_with("w: ") && said[0].ends_with(&format!("became {}", want.dtype())),
            "{said:?}"
        );
    }
    let bytes = file(r#"{"w":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}"#, &[0xff; 8]);
    assert_eq!(error(&bytes), "m.safetensors, \"w\": an unsigned number beyond 2⁶³ − 1, the largest int64");
    let bytes = file(r#"{"w":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#, &[0]);
    assert_eq!(error(&bytes), "m.safetensors, \"w\": element type F8_E4M3 has no counterpart here");
}

#[test]
fn overlapping_ranges() {
    let two = |a: &str, b: &str| {
        format!(
            r#"{{"a":{{"dtype":"U8","shape":[4],"data_offsets":{a}}},"b":{{"dtype":"U8","shape":[4],"data_offsets":{b}}}}}"#
        )
    };
    Reader::from_bytes("m", &file(&two("[0,4]", "[4,8]"), &[0; 8])).unwrap();
    for (a, b, len) in
        [("[0,4]", "[0,4]", 4), ("[0,4]", "[2,6]", 6), ("[0,4]", "[5,9]", 9), ("[4,0]", "[4,8]", 8)]
    {
        let said = error(&file(&two(a, b), &vec![0; len]));
        assert!(said.contains("invalid offset for tensor"), "{a} {b}: {said}");
    }
}

#[test]
fn absurd_shapes_and_lengths() {
    let shaped = |shape: &str| {
        file(&format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[0,4]}}}}"#), &[0; 4])
    };
    assert!(error(&shaped("[4294967296,4294967296]")).contains("overflow"));
    assert!(error(&shaped("[2]")).contains("invalid shape"));
    assert!(error(&shaped("[-1]")).contains("byte"), "{}", error(&shaped("[-1]")));
    assert!(error(&shaped("[1,1,1,1,1,1,1,1,1]")).contains("9 dimensions; a tensor has at most 8"));
    let empty = file(r#"{"a":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]}}"#, &[]);
    assert!(error(&empty).contains("do not fit in memory"), "{}", error(&empty));
    assert_eq!(
        error(&[0xff; 16]),
        format!(
            "m.safetensors, byte 8: cut short: the header takes {} bytes, the file has 16 in all",
            u64::MAX
        )
    );
    let deep = "[".repeat(100_000);
    assert!(error(&file(&format!(r#"{{"a":{deep}"#), &[])).contains("recursion limit"));
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let whole = std::fs::read(parity::folder().join("cnn_state.safetensors")).unwrap();
    for cut in 0..whole.len() {
        assert!(Reader::from_bytes("m", &whole[..cut]).is_err(), "{cut} bytes");
    }
}
