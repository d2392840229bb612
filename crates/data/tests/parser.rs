//! The IDX parser on bytes that nobody would write.

use data::Idx;
use proptest::prelude::*;
use std::io::Write;

/// A file of sizes and bytes, as the format has it.
fn file(dims: &[usize], bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 8, dims.len() as u8];
    dims.iter().for_each(|&d| out.extend((d as u32).to_be_bytes()));
    out.extend(bytes);
    out
}

proptest! {
    /// What is not a file is an error that names it: no panic, no memory that the bytes do not prove.
    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        match Idx::parse("some file", &bytes) {
            Ok(idx) => prop_assert_eq!(idx.dims.iter().product::<usize>(), idx.bytes.len()),
            Err(error) => prop_assert!(error.to_string().starts_with("some file: ")),
        }
    }

    /// The same, past the checks of the header.
    #[test]
    fn any_sizes_are_parsed_or_refused(rank in any::<u8>(), rest in prop::collection::vec(any::<u8>(), 0..200)) {
        let bytes = [&[0, 0, 8, rank][..], &rest].concat();
        if let Ok(idx) = Idx::parse("some file", &bytes) {
            prop_assert_eq!(idx.dims.len(), usize::from(rank));
            prop_assert_eq!(idx.dims.iter().product::<usize>(), idx.bytes.len());
        }
    }

    /// What is a file comes back, plain and gzipped; a byte more or fewer is refused.
    #[test]
    fn files_come_back(dims in prop::collection::vec(0usize..6, 0..4), seed in any::<u8>()) {
        let bytes: Vec<u8> = (0..dims.iter().product()).map(|i: usize| seed.wrapping_add(i as u8)).collect();
        let plain = file(&dims, &bytes);
        let want = Idx { dims, bytes };
        prop_assert_eq!(&Idx::parse("a", &plain).unwrap(), &want);
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&plain).unwrap();
        let mut gz = gz.finish().unwrap();
        prop_assert_eq!(&Idx::parse("a", &gz).unwrap(), &want);
        prop_assert!(Idx::parse("a", &plain[..plain.len() - 1]).is_err());
        prop_assert!(Idx::parse("a", &[&plain[..], &[0]].concat()).is_err());
        // One flipped bit of gzip's checksum or length.
        let at = gz.len() - 1 - usize::from(seed) % 8;
        gz[at] ^= 1 << (seed % 8);
        prop_assert!(Idx::parse("a", &gz).is_err());
    }
}
