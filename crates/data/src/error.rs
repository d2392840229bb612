//! What can be wrong with a data file. Every message names the file and what was expected.

/// A data file that could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// No file of a name.
    #[error("no {name} (plain or .gz) in {folder}; a data folder holds the four MNIST files")]
    Absent {
        /// The name looked for.
        name: String,
        /// The folder.
        folder: String,
    },
    /// A file that could not be read.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A gzip file that does not unpack.
    #[error("{file}: corrupt gzip data: {reason}")]
    Gzip {
        /// The file.
        file: String,
        /// What the decoder said.
        reason: String,
    },
    /// A file that is not what it should be.
    #[error("{file}: found {found}, expected {expected}")]
    Format {
        /// The file.
        file: String,
        /// What stands there.
        found: String,
        /// What should.
        expected: String,
    },
    /// A file that could not be fetched.
    #[cfg(feature = "download")]
    #[error("{url}: {reason}")]
    Download {
        /// Where it should be.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// A file that was fetched and is not the published one.
    #[cfg(feature = "download")]
    #[error("{url}: got {found}, expected {expected}")]
    Checksum {
        /// Where it came from.
        url: String,
        /// What came.
        found: String,
        /// What should have.
        expected: String,
    },
}
