//! Writing ZIP archives: sizes known before each entry, no clock, so equal contents make equal bytes.

use super::{CENTRAL, END, END64, EXTRA64, LOCAL, LOCATOR64};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::{Result, Write};

/// 1 January 1980, the first day that the format knows.
const DATE: u16 = 0x0021;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
/// PyTorch's own extra field for padding.
const PADDING: u16 = u16::from_le_bytes(*b"FB");

/// An archive being written.
pub(crate) struct Writer<'w> {
    out: &'w mut dyn Write,
    at: u64,
    directory: Vec<u8>,
    count: u64,
    /// What 32-bit fields hold at most; less in tests.
    narrow: u64,
}

impl<'w> Writer<'w> {
    /// Starts an archive.
    pub fn new(out: &'w mut dyn Write) -> Self {
        Writer { out, at: 0, directory: Vec::new(), count: 0, narrow: u64::from(u32::MAX) - 1 }
    }

    /// Adds an entry whose data starts at a multiple of `align`.
    pub fn stored(&mut self, name: &str, data: &[u8], align: u64) -> Result<()> {
        self.entry(name, 0, data, data, align)
    }

    /// Adds an entry, packed by deflate.
    pub fn deflated(&mut self, name: &str, data: &[u8]) -> Result<()> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data)?;
        self.entry(name, 8, data, &encoder.finish()?, 1)
    }

    fn entry(&mut self, name: &str, method: u16, data: &[u8], packed: &[u8], align: u64) -> Result<()> {
        let mut crc = Crc::new();
        crc.update(data);
        let (size, packed_size, header) = (data.len() as u64, packed.len() as u64, self.at);
        let big = size.max(packed_size) > self.narrow;
        let far = header > self.narrow;
        let version: u16 = if big || far { 45 } else { 20 };
        let narrow = |value: u64, wide: bool| if wide { u32::MAX } else { value as u32 };

        let mut common = Vec::new();
        for field in [version, UTF8, method, 0, DATE] {
            common.extend(field.to_le_bytes());
        }
        for field in [crc.sum(), narrow(packed_size, big), narrow(size, big)] {
            common.extend(field.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());

        let sizes: Vec<u64> = if big { vec![size, packed_size] } else { Vec::new() };
        let mut extra = wide_field(&sizes);
        let data_at = self.at + 30 + (name.len() + extra.len()) as u64;
        if !data_at.is_multiple_of(align) {
            let padding = (align - (data_at + 4) % align) % align;
            extra.extend(PADDING.to_le_bytes());
            extra.extend((padding as u16).to_le_bytes());
            extra.resize(extra.len() + padding as usize, b'Z');
        }
        let mut local = LOCAL.to_le_bytes().to_vec();
        local.extend(&common);
        local.extend((extra.len() as u16).to_le_bytes());
        local.extend(name.as_bytes());
        local.extend(extra);
        self.write(&local)?;
        self.write(packed)?;

        let wide: Vec<u64> = sizes.into_iter().chain(far.then_some(header)).collect();
        let extra = wide_field(&wide);
        let directory = &mut self.directory;
        directory.extend(CENTRAL.to_le_bytes());
        directory.extend(version.to_le_bytes());
        directory.extend(common);
        directory.extend((extra.len() as u16).to_le_bytes());
        directory.extend([0; 10]); // comment, disk, attributes
        directory.extend(narrow(header, far).to_le_bytes());
        directory.extend(name.as_bytes());
        directory.extend(extra);
        self.count += 1;
        Ok(())
    }

    /// Writes the directory.
    pub fn finish(mut self) -> Result<()> {
        let (at, directory) = (self.at, std::mem::take(&mut self.directory));
        let size = directory.len() as u64;
        self.write(&directory)?;
        let wide = at.max(size) > self.narrow || self.count >= u64::from(u16::MAX);
        let mut end = Vec::new();
        if wide {
            let record = self.at;
            end.extend(END64.to_le_bytes());
            end.extend(44u64.to_le_bytes());
            end.extend([45, 0, 45, 0]); // versions
            end.extend([0; 8]); // disks
            for field in [self.count, self.count, size, at] {
                end.extend(field.to_le_bytes());
            }
            end.extend(LOCATOR64.to_le_bytes());
            end.extend([0; 4]);
            end.extend(record.to_le_bytes());
            end.extend(1u32.to_le_bytes());
        }
        let count = if wide { u16::MAX } else { self.count as u16 };
        end.extend(END.to_le_bytes());
        end.extend([0; 4]);
        end.extend(count.to_le_bytes());
        end.extend(count.to_le_bytes());
        end.extend(if wide { u32::MAX } else { size as u32 }.to_le_bytes());
        end.extend(if wide { u32::MAX } else { at as u32 }.to_le_bytes());
        end.extend([0; 2]);
        self.write(&end)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

/// The extra field of 64-bit values, if there are any.
fn wide_field(values: &[u64]) -> Vec<u8> {
    let mut field = Vec::new();
    if !values.is_empty() {
        field.extend(EXTRA64.to_le_bytes());
        field.extend((8 * values.len() as u16).to_le_bytes());
        field.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::zip::Archive;

    fn archive(narrow: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer { narrow, ..Writer::new(&mut bytes) };
        writer.stored("top/data.pkl", b"pickle", 64).unwrap();
        writer.stored("top/data/0", &[7; 100], 64).unwrap();
        writer.deflated("zeros.npy", &[0; 5000]).unwrap();
        writer.stored("empty", b"", 64).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read_in_32_and_64_bits() {
        for narrow in [u64::from(u32::MAX) - 1, 99, 10] {
            let bytes = archive(narrow);
            let mut zip = Archive::new(Source::bytes("a.zip", &bytes)).unwrap();
            assert_eq!(zip.names().collect::<Vec<_>>(), ["top/data.pkl", "top/data/0", "zeros.npy", "empty"]);
            assert_eq!(zip.read("top/data.pkl").unwrap(), b"pickle");
            assert_eq!(zip.read("top/data/0").unwrap(), [7; 100]);
            assert_eq!(zip.read("zeros.npy").unwrap(), [0; 5000]);
            assert_eq!(zip.read("empty").unwrap(), b"");
            let at = bytes.windows(100).position(|w| w == [7; 100]).unwrap();
            assert_eq!(at % 64, 0, "aligned");
            assert_eq!(bytes, archive(narrow), "the same bytes each time");
        }
    }

    #[test]
    fn a_changed_byte_of_data_is_noticed() {
        let mut bytes = archive(u64::MAX);
        let at = bytes.windows(6).position(|w| w == b"pickle").unwrap();
        bytes[at] ^= 1;
        let error = Archive::new(Source::bytes("a.zip", &bytes)).unwrap().read("top/data.pkl").unwrap_err();
        assert!(error.to_string().starts_with("a.zip, \"top/data.pkl\": its checksum is"), "{error}");
    }
}
