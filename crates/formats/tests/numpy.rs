//! `.npy` and `.npz`: every version, order and type in; round trips; files that lie.

use autograd::Tensor;
use formats::numpy::{
    from_bytes, load, load_npz, load_npz_within, npz_from_bytes, save, savez, savez_compressed,
};
use tensor_core::{DType, HostData};

fn cpu() -> tensor_core::Device {
    backend_cpu::device()
}

fn npy(version: u8, dict: &str, data: &[u8]) -> Vec<u8> {
    let len = if version == 1 {
        (dict.len() as u16).to_le_bytes().to_vec()
    } else {
        (dict.len() as u32).to_le_bytes().to_vec()
    };
    [b"\x93NUMPY", &[version, 0][..], &len, dict.as_bytes(), data].concat()
}

fn dict(descr: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n")
}

fn error(bytes: &[u8]) -> String {
    from_bytes("a.npy", bytes, &cpu()).expect_err("a bad file").to_string()
}

#[test]
fn versions_orders_and_spellings() {
    let data: Vec<u8> = (1..=6i32).flat_map(i32::to_le_bytes).collect();
    for version in 1..=3 {
        let back = from_bytes("a", &npy(version, &dict("<i4", "(2, 3)"), &data), &cpu()).unwrap();
        assert_eq!((back.to_vec::<i32>(), back.shape().dims()), (vec![1, 2, 3, 4, 5, 6], &[2, 3][..]));
    }
    let fortran = npy(1, r#"{"fortran_order":True,"descr":"<i4","shape":(2L,3L)}"#, &data);
    let back = from_bytes("a", &fortran, &cpu()).unwrap();
    assert_eq!(back.to_vec::<i32>(), [1, 3, 5, 2, 4, 6]);
    assert_eq!(back.raw().layout().strides(), [1, 2], "seen through strides, not copied");
    let big: Vec<u8> = [1.5f64, -2.0].iter().flat_map(|v| v.to_be_bytes()).collect();
    assert_eq!(
        from_bytes("a", &npy(1, &dict(">f8", "(2,)"), &big), &cpu()).unwrap().to_vec::<f64>(),
        [1.5, -2.0]
    );
    assert_eq!(from_bytes("a", &npy(1, &dict("|b1", "()"), &[1]), &cpu()).unwrap().to_vec::<bool>(), [true]);
    let half = from_bytes("a", &npy(1, &dict(">f2", "(1,)"), &[0x3c, 0]), &cpu()).unwrap();
    assert_eq!(half.to_host().unwrap(), HostData::F32(vec![1.0]));
    assert_eq!((half.conversions[0].from, half.conversions[0].to), ("float16", DType::F32));
}

fn samples() -> Vec<(&'static str, Tensor)> {
    let matrix = Tensor::from_vec((0..6).map(|i| i as f32 / 3.0).collect::<Vec<_>>(), [2, 3], &cpu());
    vec![
        ("transposed", matrix.t()),
        ("every_other", matrix.i(autograd::s![.., ..;2])),
        ("matrix", matrix),
        ("f64", Tensor::from_vec(vec![0.1f64], (), &cpu())),
        ("i32", Tensor::from_vec(vec![i32::MIN, 5], 2, &cpu())),
        ("i64", Tensor::from_vec(vec![i64::MAX], 1, &cpu())),
        ("u8", Tensor::from_vec(vec![0u8, 255], [1, 2, 1], &cpu())),
        ("bool", Tensor::from_vec(vec![true, false, true], 3, &cpu())),
        ("empty", Tensor::from_vec(Vec::<f32>::new(), [3, 0], &cpu())),
    ]
}

#[test]
fn round_trips_of_one_and_of_many() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    for (name, tensor) in samples() {
        save(&path, &tensor).unwrap();
        let back = load(&path, &cpu()).unwrap();
        assert_eq!((back.shape(), back.to_host()), (tensor.shape(), tensor.to_host()), "{name}");
        assert!(back.conversions.is_empty());
        let bytes = std::fs::read(&path).unwrap();
        let header = bytes.len() - tensor.numel() * tensor.dtype().size();
        assert_eq!(header % 64, 0, "aligned");
        assert_eq!(bytes[..header].windows(4).any(|w| w == b"True"), name == "transposed");
    }
    let (plain, packed) = (folder.path().join("a.npz"), folder.path().join("b.npz"));
    let all = samples();
    savez(&plain, all.iter().map(|(n, t)| (*n, t))).unwrap();
    savez_compressed(&packed, all.iter().map(|(n, t)| (*n, t))).unwrap();
    for path in [&plain, &packed] {
        let back = load_npz(path, &cpu()).unwrap();
        assert_eq!(back.len(), all.len());
        for ((name, tensor), (got_name, got)) in all.iter().zip(&back.value) {
            assert_eq!((name, got.shape(), got.to_host()), (&&**got_name, tensor.shape(), tensor.to_host()));
        }
        let bytes = std::fs::read(path).unwrap();
        for cut in 0..bytes.len() {
            assert!(npz_from_bytes("a", &bytes[..cut], &cpu()).is_err(), "{cut} bytes");
        }
    }
    assert!(savez(&plain, [("a", &all[0].1), ("a", &all[1].1)]).is_err());
    assert_eq!(load_npz(&plain, &cpu()).unwrap().len(), all.len(), "the failed write changed nothing");
}

#[test]
fn every_fault_names_the_byte() {
    let good = npy(1, &dict("<f4", "(2,)"), &[0; 8]);
    for cut in 0..good.len() {
        let said = error(&good[..cut]);
        assert!(said.starts_with("a.npy, byte "), "{cut}: {said}");
    }
    let with = |dict: &str| error(&npy(1, dict, &[0; 8]));
    assert_eq!(
        error(&npy(1, &dict("<f4", "(2,)"), &[0; 9])),
        "a.npy, byte 68: 9 bytes of elements, sizes [2] take 8"
    );
    assert_eq!(error(b"PK\x03\x04"), "a.npy, byte 0: not a .npy file: it does not start with \\x93NUMPY");
    assert_eq!(error(&npy(9, "", &[])), "a.npy, byte 6: version 9; 1 to 3 are known");
    assert!(with(&dict("|O", "(1,)")).contains("object array: its pickles are not executed"));
    assert!(with(&dict("<c8", "(1,)")).contains("\"<c8\" has no counterpart"));
    assert!(with("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}").contains("records"));
    assert!(with("{'descr': '<f4', 'shape': (2,)}").contains("lacks"));
    assert!(with("{'descr': '<f4', 'descr': '<f4', 'shape': (2,)}").contains("there twice"));
    assert!(
        with("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} __import__('os')")
            .contains("more after")
    );
    assert!(with(&dict("<f4", "(-2,)")).contains("a size is expected"));
}

#[test]
fn absurd_shapes() {
    for shape in [
        "(18446744073709551615,)",
        "(4294967296, 4294967296)",
        "(0, 9223372036854775807, 4)",
        "(99999999999999999999,)",
    ] {
        let said = error(&npy(1, &dict("<f4", shape), &[]));
        assert!(said.contains("fit in memory") || said.contains("below 2⁶⁴"), "{shape}: {said}");
    }
    assert!(error(&npy(1, &dict("<f4", "(1,1,1,1,1,1,1,1,1)"), &[0; 4])).contains("at most 8"));
    assert!(
        error(&npy(2, &dict("<f4", "(1000000000,)"), &[0; 4])).contains("sizes [1000000000] take 4000000000")
    );
}

#[test]
fn zip_bombs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zeros.npz");
    savez_compressed(&path, [("z", Tensor::zeros([4 << 20], &cpu()))]).unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size < 20_000, "16 MiB of zeros pack into {size} bytes");
    let said = load_npz(&path, &cpu()).unwrap_err().to_string();
    assert!(
        said.contains("unpacks to 16777") && said.contains(&format!("{} allowed", 64 * size + (1 << 20))),
        "{said}"
    );
    assert_eq!(
        load_npz_within(&path, &cpu(), 1 << 25).unwrap()["z"].numel(),
        4 << 20,
        "allowed when asked for"
    );

    // A directory that lies: the entry claims to be small and is not, or large and cannot be.
    let bytes = std::fs::read(&path).unwrap();
    let directory = bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    for claim in [1000u32, 0xffff_fffe] {
        let mut lying = bytes.clone();
        lying[directory + 24..directory + 28].copy_from_slice(&claim.to_le_bytes());
        let path = folder.path().join("lying.npz");
        std::fs::write(&path, &lying).unwrap();
        let said = load_npz_within(&path, &cpu(), u64::MAX).unwrap_err().to_string();
        assert!(said.contains("another length than the 1000") || said.contains("cannot hold"), "{said}");
    }
}

#[test]
fn overlapping_entries_cannot_multiply_a_file() {
    // One stored entry, named a hundred times by the directory.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.npz");
    savez(&path, [("a", &Tensor::zeros([1000], &cpu()))]).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let start = bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    let end = bytes.windows(4).rposition(|w| w == b"PK\x05\x06").unwrap();
    let mut overlapping = bytes[..start].to_vec();
    for i in 0..100u8 {
        let mut record = bytes[start..end].to_vec();
        record[46] = b'a' + i % 26 + (i / 26) * 32; // the name's first letter
        overlapping.extend(record);
    }
    let size = (overlapping.len() - start) as u32;
    let mut tail = bytes[end..].to_vec();
    tail[8..10].copy_from_slice(&100u16.to_le_bytes());
    tail[10..12].copy_from_slice(&100u16.to_le_bytes());
    tail[12..16].copy_from_slice(&size.to_le_bytes());
    overlapping.extend(tail);
    let said = npz_from_bytes("o.npz", &overlapping, &cpu()).unwrap_err().to_string();
    assert!(said.contains("over another one"), "{said}");
}
