//! ZIP archives, the container of `.pt` and `.npz`: the central directory, and entries that are stored
//! or deflated.
//!
//! Sizes and places come from the central directory alone, since PyTorch's local headers leave them to
//! data descriptors. (The `zip` crate would bring eleven more, for encryption and clocks; what is
//! needed here is this, with errors that name the byte.) Invariants: entries lie before the directory
//! and their packed sizes sum to less than the file, so overlapping entries cannot multiply it.

mod write;

pub(crate) use write::Writer;

use crate::error::{Error, Place, Result};
use crate::source::Source;
use flate2::Crc;
use flate2::read::DeflateDecoder;
use indexmap::IndexMap;
use std::io::Read;

pub(crate) const LOCAL: u32 = 0x0403_4b50;
pub(crate) const CENTRAL: u32 = 0x0201_4b50;
pub(crate) const END: u32 = 0x0605_4b50;
pub(crate) const END64: u32 = 0x0606_4b50;
pub(crate) const LOCATOR64: u32 = 0x0706_4b50;
/// The extra field that holds what does not fit in 32 bits.
pub(crate) const EXTRA64: u16 = 1;
/// The most that one byte of deflate can unpack to (RFC 1951: 258 bytes in two bits), rounded up.
const DEFLATE_RATIO: u64 = 1032;

/// An entry, as the central directory has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    /// Bytes when unpacked.
    pub size: u64,
    header: u64,
}

impl Entry {
    /// Whether its bytes lie in the file as they are.
    pub fn is_stored(&self) -> bool {
        self.method == 0
    }
}

/// An archive that is open for reading.
pub(crate) struct Archive<'a> {
    source: Source<'a>,
    entries: IndexMap<String, Entry>,
    /// Whether entries have checksums: PyTorch can be told to leave all of them 0.
    checked: bool,
}

impl<'a> Archive<'a> {
    /// Reads the central directory.
    pub fn new(mut source: Source<'a>) -> Result<Self> {
        let directory = find_directory(&mut source)?;
        let bytes = source.read(directory.at, directory.size, "the central directory")?;
        let mut fields = Fields { file: &source.file, bytes: &bytes, base: directory.at, at: 0 };
        let mut entries = IndexMap::new();
        let mut packed = 0u64;
        for _ in 0..directory.count {
            let (name, entry) = read_entry(&mut fields)?;
            let wrong = |problem| Error::malformed(&source.file, Place::Name(name.clone()), problem);
            packed = packed.saturating_add(entry.packed);
            if entry.header >= directory.at || packed > directory.at {
                return Err(wrong("the entry lies outside the file, or over another one"));
            }
            if entry.is_stored() && entry.packed != entry.size {
                return Err(wrong("a stored entry of two sizes"));
            }
            if entries.contains_key(&name) {
                return Err(wrong("two entries of this name"));
            }
            entries.insert(name, entry);
        }
        let checked = entries.values().any(|entry: &Entry| entry.crc != 0);
        Ok(Archive { source, entries, checked })
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.source.file
    }

    /// The names, in the order of the directory.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// An entry by name.
    pub fn entry(&self, name: &str) -> Option<Entry> {
        self.entries.get(name).copied()
    }

    /// An entry's bytes, unpacked and checked against its checksum.
    pub fn read(&mut self, name: &str) -> Result<Vec<u8>> {
        let file = self.source.file.clone();
        let wrong = |problem: &str| Error::malformed(&file, Place::Name(name.into()), problem);
        let entry = self.entry(name).ok_or_else(|| wrong("the archive has no such entry"))?;
        if entry.flags & 1 != 0 {
            return Err(Error::unsupported(&file, Place::Name(name.into()), "an encrypted entry"));
        }
        let local = self.source.read(entry.header, 30, "an entry's header")?;
        let mut fields = Fields { file: &file, bytes: &local, base: entry.header, at: 0 };
        fields.signature(LOCAL, "an entry's header")?;
        fields.skip(22)?;
        let skip = u64::from(fields.u16()?) + u64::from(fields.u16()?);
        let packed = self.source.read(entry.header + 30 + skip, entry.packed, "an entry")?;
        let bytes = match entry.method {
            0 => packed,
            8 => inflate(&packed, entry.size).map_err(|problem| wrong(&problem))?,
            other => {
                let what = format!("packed by method {other}; only stored and deflated entries are read");
                return Err(Error::unsupported(&file, Place::Name(name.into()), what));
            }
        };
        let mut crc = Crc::new();
        crc.update(&bytes);
        if self.checked && crc.sum() != entry.crc {
            return Err(wrong(&format!("its checksum is {:08x}, not {:08x}", crc.sum(), entry.crc)));
        }
        Ok(bytes)
    }
}

fn inflate(packed: &[u8], size: u64) -> Result<Vec<u8>, String> {
    if size > (packed.len() as u64).saturating_mul(DEFLATE_RATIO) {
        return Err(format!("{} packed bytes cannot hold the {size} that it claims", packed.len()));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    DeflateDecoder::new(packed).take(size + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 != size {
        return Err(format!("unpacks to another length than the {size} bytes that it claims"));
    }
    Ok(bytes)
}

struct Directory {
    at: u64,
    size: u64,
    count: u64,
}

/// The record at the file's end (after which only a comment may stand), or the 64-bit one before it.
fn find_directory(source: &mut Source) -> Result<Directory> {
    let tail_len = source.len.min(22 + 0xffff);
    let tail_at = source.len - tail_len;
    let tail = source.read(tail_at, tail_len, "the archive's end")?;
    let end = (0..=tail.len().saturating_sub(22)).rev().find(|&i| {
        tail.get(i..i + 22).is_some_and(|r| {
            r[..4] == END.to_le_bytes()
                && i + 22 + usize::from(u16::from_le_bytes([r[20], r[21]])) == tail.len()
        })
    });
    let file = source.file.clone();
    let wrong = |at, problem: &str| Error::malformed(&file, Place::Byte(at), problem);
    let end = end
        .ok_or_else(|| wrong(source.len, "no ZIP archive: it has no central directory, or was cut short"))?;
    let end_at = tail_at + end as u64;
    let mut fields = Fields { file: &file, bytes: &tail[end + 4..], base: end_at + 4, at: 0 };
    let (disk, start_disk, _, count) = (fields.u16()?, fields.u16()?, fields.u16()?, fields.u16()?);
    let (size, at) = (fields.u32()?, fields.u32()?);
    let mut directory = Directory { at: at.into(), size: size.into(), count: count.into() };
    let mut limit = end_at;
    if count == u16::MAX || size == u32::MAX || at == u32::MAX {
        let locator_at = end_at.checked_sub(20).ok_or_else(|| wrong(end_at, "no 64-bit record before it"))?;
        let locator = source.read(locator_at, 20, "the 64-bit locator")?;
        let mut fields = Fields { file: &file, bytes: &locator, base: locator_at, at: 0 };
        fields.signature(LOCATOR64, "the 64-bit locator")?;
        fields.skip(4)?;
        limit = fields.u64()?;
        let record = source.read(limit, 56, "the 64-bit record")?;
        let mut fields = Fields { file: &file, bytes: &record, base: limit, at: 0 };
        fields.signature(END64, "the 64-bit record")?;
        fields.skip(28)?;
        directory = Directory { count: fields.u64()?, size: fields.u64()?, at: fields.u64()? };
    } else if (disk, start_disk) != (0, 0) {
        return Err(Error::unsupported(&file, Place::Byte(end_at), "an archive of several parts"));
    }
    // PyTorch puts a 64-bit record after the directory even where nobody needs it.
    if directory.at.checked_add(directory.size).is_none_or(|end| end > limit) {
        return Err(wrong(end_at, "the central directory is not where its record says"));
    }
    Ok(directory)
}

fn read_entry(fields: &mut Fields) -> Result<(String, Entry)> {
    let at = fields.place();
    fields.signature(CENTRAL, "an entry of the central directory")?;
    fields.skip(4)?;
    let (flags, method) = (fields.u16()?, fields.u16()?);
    fields.skip(4)?;
    let crc = fields.u32()?;
    let (packed, size) = (fields.u32()?, fields.u32()?);
    let (name_len, extra_len, comment_len) = (fields.u16()?, fields.u16()?, fields.u16()?);
    fields.skip(8)?;
    let header = fields.u32()?;
    let name = fields.take(name_len.into())?;
    let name = std::str::from_utf8(name)
        .map_err(|_| Error::malformed(fields.file, at, "a name that is not UTF-8"))?;
    let extra_at = fields.base + fields.at as u64;
    let extra = fields.take(extra_len.into())?;
    let mut extra = Fields { file: fields.file, bytes: extra, base: extra_at, at: 0 };
    fields.skip(comment_len.into())?;
    let mut wide = [size, packed, header].map(u64::from);
    if [size, packed, header].contains(&u32::MAX) {
        while extra.at + 4 <= extra.bytes.len() {
            let (id, len) = (extra.u16()?, extra.u16()?);
            let part_at = extra.base + extra.at as u64;
            let part = extra.take(len.into())?;
            if id == EXTRA64 {
                let mut part = Fields { file: fields.file, bytes: part, base: part_at, at: 0 };
                for value in wide.iter_mut().filter(|v| **v == u64::from(u32::MAX)) {
                    *value = part.u64()?;
                }
                break;
            }
        }
    }
    let [size, packed, header] = wide;
    Ok((name.into(), Entry { flags, method, crc, packed, size, header }))
}

/// Little-endian fields, one after the other.
struct Fields<'a> {
    file: &'a str,
    bytes: &'a [u8],
    base: u64,
    at: usize,
}

impl<'a> Fields<'a> {
    fn place(&self) -> Place {
        Place::Byte(self.base + self.at as u64)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let part = self.bytes.get(self.at..).and_then(|rest| rest.get(..len));
        let part = part.ok_or_else(|| Error::malformed(self.file, self.place(), "a record is cut short"))?;
        self.at += len;
        Ok(part)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(*self.take(N)?.first_chunk().expect("N bytes were taken"))
    }

    fn skip(&mut self, len: usize) -> Result<()> {
        self.take(len).map(drop)
    }

    fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn signature(&mut self, want: u32, what: &str) -> Result<()> {
        let place = self.place();
        match self.u32()? {
            got if got == want => Ok(()),
            got => Err(Error::malformed(self.file, place, format!("{got:08x} where {what} should start"))),
        }
    }
}
