//! Writing a file whole or not at all: under a temporary name in the same folder, synced, renamed.

use crate::error::{Error, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes a file by `fill`. Whatever fails, the file that stood there before stands there still.
///
/// # Errors
/// What `fill` returns, and what the system says.
pub fn write_atomically(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let io = Error::io(path);
    let (temporary, file) = create(path).map_err(&io)?;
    let written = write(file, fill, &io).and_then(|()| fs::rename(&temporary, path).map_err(&io));
    if written.is_err() {
        // The first error is the one to report; a temporary file that stays is harmless.
        let _ = fs::remove_file(&temporary);
    } else if let Some(folder) = folder(path) {
        sync_folder(folder);
    }
    written
}

/// A new file beside `path`, which nobody else has opened.
fn create(path: &Path) -> std::io::Result<(PathBuf, File)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name =
        path.file_name().ok_or_else(|| std::io::Error::new(ErrorKind::InvalidInput, "no file name"))?;
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let temporary =
            path.with_file_name(format!(".{}.{}.{count}.tmp", name.to_string_lossy(), std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            other => return other.map(|file| (temporary, file)),
        }
    }
}

fn write(
    file: File,
    fill: impl FnOnce(&mut dyn Write) -> Result<()>,
    io: &impl Fn(std::io::Error) -> Error,
) -> Result<()> {
    let mut writer = BufWriter::with_capacity(1 << 16, file);
    fill(&mut writer)?;
    writer.into_inner().map_err(|e| io(e.into_error()))?.sync_all().map_err(io)
}

fn folder(path: &Path) -> Option<&Path> {
    path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

/// Makes the new name last; systems that cannot sync a folder keep their own promises.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.bin");
        write_atomically(&path, |w| w.write_all(b"old").map_err(Error::io(&path))).unwrap();
        let failed = write_atomically(&path, |w| {
            w.write_all(b"half of the ne").map_err(Error::io(&path))?;
            Err(Error::malformed("model.bin", crate::Place::File, "no more"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        write_atomically(&path, |w| w.write_all(b"new").map_err(Error::io(&path))).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_absent_is_an_error_with_the_file_s_name() {
        let error = write_atomically(Path::new("no/such/folder/model.pt"), |_| Ok(())).unwrap_err();
        assert!(error.to_string().starts_with("no/such/folder/model.pt: "), "{error}");
        assert!(write_atomically(Path::new("/"), |_| Ok(())).is_err());
    }
}
