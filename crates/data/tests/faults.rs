//! Every way in which a folder of MNIST's files can be wrong, and what the error says.

use data::{DataError, Dataset, Mnist, MnistFiles};
use std::io::Write;
use std::path::Path;

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

fn idx(dims: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 8, dims.len() as u8];
    dims.iter().for_each(|d| out.extend(d.to_be_bytes()));
    out.extend(bytes);
    out
}

/// A folder of three training images and two test images, some plain and some gzipped.
fn good() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("train-images-idx3-ubyte.gz", &gz(&idx(&[3, 28, 28], &[9; 3 * 784])));
    write("train-labels-idx1-ubyte", &idx(&[3], &[1, 2, 3]));
    write("t10k-images.idx3-ubyte", &idx(&[2, 28, 28], &[9; 2 * 784]));
    write("t10k-labels-idx1-ubyte.gz", &gz(&idx(&[2], &[4, 5])));
    folder
}

fn error(folder: &Path) -> (DataError, String) {
    let error = Mnist::open(folder).load(&backend_cpu::device()).unwrap_err();
    let text = error.to_string();
    (error, text)
}

/// What the error says when one file of a good folder holds other bytes.
fn with(name: &str, bytes: &[u8]) -> String {
    let folder = good();
    std::fs::write(folder.path().join(name), bytes).unwrap();
    let (_, text) = error(folder.path());
    assert!(text.starts_with(&folder.path().join(name).display().to_string()), "{text}");
    text
}

#[test]
fn plain_gzipped_and_dotted_names_load() {
    let folder = good();
    let train = Mnist::open(folder.path()).load(&backend_cpu::device()).unwrap();
    assert_eq!((train.len(), train.labels().to_vec::<i32>()), (3, vec![1, 2, 3]));
}

#[test]
fn absent() {
    let folder = good();
    std::fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte.gz")).unwrap();
    let (error, text) = error(folder.path());
    assert!(matches!(error, DataError::Absent { .. }), "{text}");
    assert!(text.contains("t10k-labels-idx1-ubyte (plain or .gz)"), "{text}");
    let (_, text) = self::error(Path::new("no/such/folder"));
    assert!(text.contains("no/such/folder"), "{text}");
}

#[test]
fn truncated() {
    let whole = idx(&[3], &[1, 2, 3]);
    for cut in 0..whole.len() {
        let text = with("train-labels-idx1-ubyte", &whole[..cut]);
        assert!(text.contains("expected"), "{cut}: {text}");
    }
    let packed = gz(&idx(&[3, 28, 28], &[9; 3 * 784]));
    for cut in [3, packed.len() / 2, packed.len() - 1] {
        let text = with("train-images-idx3-ubyte.gz", &packed[..cut]);
        assert!(text.contains("corrupt gzip data"), "{cut}: {text}");
    }
}

#[test]
fn corrupt() {
    let packed = gz(&idx(&[3, 28, 28], &(0..3 * 784).map(|i| (i % 251) as u8).collect::<Vec<_>>()));
    let mut checksum = packed.clone();
    *checksum.iter_mut().nth_back(5).unwrap() ^= 1;
    assert!(with("train-images-idx3-ubyte.gz", &checksum).contains("corrupt gzip data"));
}

#[test]
fn oversized() {
    let text = with("train-labels-idx1-ubyte", &idx(&[3], &[1, 2, 3, 4]));
    assert!(text.ends_with("found 4 bytes of data, expected 3, for sizes [3]"), "{text}");
    let bomb = gz(&vec![0; 20_000_000]); // a thousand times its packed size
    let text = with("train-images-idx3-ubyte.gz", &bomb);
    assert!(text.contains("found more, expected at most") && text.ends_with("bytes unpacked"), "{text}");
    let claims = idx(&[u32::MAX, u32::MAX, u32::MAX], &[]);
    assert!(with("train-images-idx3-ubyte.gz", &claims).contains("expected sizes that fit in memory"));
}

#[test]
fn not_what_its_name_says() {
    assert!(
        with("train-labels-idx1-ubyte", b"<!DOCTYPE html>").contains("magic bytes 3c 21, expected 00 00")
    );
    let floats = [&[0, 0, 0x0d, 1, 0, 0, 0, 1][..], &[0; 4]].concat();
    assert!(with("train-labels-idx1-ubyte", &floats).contains("element type 0x0d"));
    let text = with("train-labels-idx1-ubyte", &idx(&[2], &[1, 2]));
    assert!(text.contains("sizes [2], expected [3], one label per image"), "{text}");
    let text = with("train-labels-idx1-ubyte", &idx(&[3], &[1, 2, 10]));
    assert!(text.contains("label 10, expected labels from 0 to 9"), "{text}");
    let text = with("train-images-idx3-ubyte.gz", &gz(&idx(&[3, 28, 27], &[0; 3 * 28 * 27])));
    assert!(text.contains("expected [N, 28, 28]"), "{text}");
}

#[test]
fn bytes_in_memory_are_checked_alike() {
    let images = idx(&[1, 28, 28], &[0; 784]);
    let labels = idx(&[1], &[3]);
    assert!(MnistFiles::from_bytes([&images, &labels, &images, &labels]).is_ok());
    let text = MnistFiles::from_bytes([&images, &labels, &labels, &images]).unwrap_err().to_string();
    assert!(text.starts_with("t10k-images-idx3-ubyte: found sizes [1]"), "{text}");
}
