//! The IDX format of MNIST (LeCun, Cortes & Burges): two zero bytes, an element type, a rank, sizes in
//! big endian, elements. Plain or gzipped. Nothing is allocated beyond what the file itself proves.

use crate::error::DataError;
use flate2::read::GzDecoder;
use std::io::Read;

/// The most that a file of `packed` bytes may unpack to: 64 times its size and a mebibyte (MNIST's unpack to
/// five times theirs), and never more than ten times MNIST's largest.
fn unpacked_limit(packed: usize) -> u64 {
    (64 * packed as u64 + (1 << 20)).min(500_000_000)
}

/// An array of bytes with its sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// Outermost first.
    pub dims: Vec<usize>,
    /// Row-major.
    pub bytes: Vec<u8>,
}

impl Idx {
    /// Parses a file's bytes, unpacking them first if they are gzip; `file` is named in errors.
    ///
    /// # Errors
    /// For corrupt gzip, a wrong magic number or element type, and a length that does not fit the sizes.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Idx, DataError> {
        let unpacked = if bytes.starts_with(&[0x1f, 0x8b]) { unpack(file, bytes)? } else { bytes.to_vec() };
        parse(file, unpacked)
    }
}

fn unpack(file: &str, bytes: &[u8]) -> Result<Vec<u8>, DataError> {
    let limit = unpacked_limit(bytes.len());
    let mut out = Vec::new();
    GzDecoder::new(bytes)
        .take(limit + 1)
        .read_to_end(&mut out)
        .map_err(|e| DataError::Gzip { file: file.into(), reason: e.to_string() })?;
    if out.len() as u64 > limit {
        let (found, expected) = ("more".to_string(), format!("at most {limit} bytes unpacked"));
        return Err(DataError::Format { file: file.into(), found, expected });
    }
    Ok(out)
}

fn parse(file: &str, mut bytes: Vec<u8>) -> Result<Idx, DataError> {
    let wrong = |found: String, expected: &str| {
        Err(DataError::Format { file: file.into(), found, expected: expected.into() })
    };
    if bytes.len() < 4 {
        return wrong(format!("{} bytes", bytes.len()), "an IDX header of at least 4 bytes");
    }
    let [zero, zero2, kind, rank] = [bytes[0], bytes[1], bytes[2], bytes[3]];
    if (zero, zero2) != (0, 0) {
        return wrong(format!("magic bytes {zero:02x} {zero2:02x}"), "00 00, as every IDX file starts");
    }
    if kind != 0x08 {
        return wrong(format!("element type {kind:#04x}"), "0x08, unsigned bytes");
    }
    let header = 4 + 4 * usize::from(rank);
    if bytes.len() < header {
        return wrong(format!("{} bytes", bytes.len()), &format!("a header of {header} bytes"));
    }
    let dims: Vec<usize> = bytes[4..header]
        .chunks_exact(4)
        .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize)
        .collect();
    let count = dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let have = bytes.len() - header;
    match count {
        Some(count) if count == have => {}
        Some(count) => {
            return wrong(format!("{have} bytes of data"), &format!("{count}, for sizes {dims:?}"));
        }
        None => return wrong(format!("sizes {dims:?}"), "sizes that fit in memory"),
    }
    bytes.drain(..header);
    Ok(Idx { dims, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn sample() -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3];
        bytes.extend(1..=6);
        bytes
    }

    #[test]
    fn plain_and_gzipped_are_the_same() {
        let want = Idx { dims: vec![2, 3], bytes: vec![1, 2, 3, 4, 5, 6] };
        assert_eq!(Idx::parse("a", &sample()).unwrap(), want);
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&sample()).unwrap();
        let gz = gz.finish().unwrap();
        assert_eq!(Idx::parse("a", &gz).unwrap(), want);
        for cut in 0..gz.len() {
            assert!(Idx::parse("a", &gz[..cut]).is_err(), "{cut} bytes of {}", gz.len());
        }
    }

    #[test]
    fn a_gzip_bomb_is_stopped() {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gz.write_all(&[0, 0, 8, 1, 0, 0x80, 0, 0]).unwrap();
        gz.write_all(&vec![0; 8 << 20]).unwrap(); // honest, but packed a thousand to one
        let gz = gz.finish().unwrap();
        let message = Idx::parse("bomb", &gz).unwrap_err().to_string();
        let limit = 64 * gz.len() + (1 << 20);
        assert_eq!(message, format!("bomb: found more, expected at most {limit} bytes unpacked"));
    }

    #[test]
    fn every_fault_names_the_file_and_what_was_expected() {
        let message = |bytes: &[u8]| Idx::parse("train-images", bytes).unwrap_err().to_string();
        let mut long = sample();
        long.push(0);
        assert_eq!(message(&long), "train-images: found 7 bytes of data, expected 6, for sizes [2, 3]");
        assert!(message(&sample()[..10]).contains("expected a header of 12 bytes"));
        assert!(message(&[0, 0, 0x0d, 1, 0, 0, 0, 0]).contains("0x0d, expected 0x08"));
        assert!(message(&[1, 0, 8, 1]).contains("magic"));
        let huge = [&[0, 0, 8, 3][..], &[0xff; 12]].concat();
        assert!(message(&huge).contains("fit in memory"));
        for cut in 0..sample().len() {
            assert!(Idx::parse("a", &sample()[..cut]).is_err());
        }
    }
}
