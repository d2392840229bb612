//! Reading parts of a file. No part is longer than the file, so no length written in a file can make
//! a reader allocate more than the file's own size.
//!
//! Parts are read, not memory-mapped: a map is `unsafe` to create (another process may change the file
//! under it), and tensors are copied to their device anyway, so a map would save one copy of one tensor
//! at a time. Only the parts that are asked for are ever read.

use crate::error::{Error, Place, Result};
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;

trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// A file, or bytes that stand for one.
pub(crate) struct Source<'a> {
    /// Its name, for errors.
    pub file: String,
    /// Its length in bytes.
    pub len: u64,
    reader: Box<dyn ReadSeek + 'a>,
}

impl<'a> Source<'a> {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Source<'static>> {
        let io = Error::io(path);
        let file = File::open(path).map_err(&io)?;
        let len = file.metadata().map_err(&io)?.len();
        Ok(Source { file: path.display().to_string(), len, reader: Box::new(file) })
    }

    /// Takes bytes for a file of that name.
    pub fn bytes(name: &str, bytes: &'a [u8]) -> Source<'a> {
        Source { file: name.into(), len: bytes.len() as u64, reader: Box::new(Cursor::new(bytes)) }
    }

    /// The `len` bytes from `at` on; `what` says what they are, should the file be too short for them.
    pub fn read(&mut self, at: u64, len: u64, what: &str) -> Result<Vec<u8>> {
        let end = at.checked_add(len);
        let Some(size) = usize::try_from(len).ok().filter(|_| end.is_some_and(|end| end <= self.len)) else {
            let problem = format!("cut short: {what} takes {len} bytes, the file has {} in all", self.len);
            return Err(Error::malformed(&self.file, Place::Byte(at), problem));
        };
        let mut bytes = vec![0; size];
        self.reader
            .seek(SeekFrom::Start(at))
            .and_then(|_| self.reader.read_exact(&mut bytes))
            .map_err(|source| Error::Io { file: self.file.clone(), source })?;
        Ok(bytes)
    }
}
