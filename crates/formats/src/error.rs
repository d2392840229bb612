//! What can be wrong with a file. Every message names the file, and the offset or the name inside it.

use std::fmt;
use std::path::Path;

/// Where in a file something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// A byte of the file.
    Byte(u64),
    /// A byte of a part of the file: of an archive's entry, or of a header.
    Inside(String, u64),
    /// A tensor, an archive's entry or a key, by name.
    Name(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File => Ok(()),
            Place::Byte(at) => write!(f, ", byte {at}"),
            Place::Inside(part, at) => write!(f, ", byte {at} of {}", short(part)),
            Place::Name(name) => write!(f, ", {:?}", short(name)),
        }
    }
}

/// Names come from the file and may be of any length; messages are not.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

/// A file that could not be read or written, or a value of it that is not what was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system could not read or write it.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not what its format says: corrupt, cut short, or of another format.
    #[error("{file}{place}: {problem}")]
    Malformed {
        /// The file.
        file: String,
        /// Where in it.
        place: Place,
        /// What is wrong there.
        problem: String,
    },
    /// Well-formed, but nothing that Firebrand has a counterpart of.
    #[error("{file}{place}: {what}")]
    Unsupported {
        /// The file.
        file: String,
        /// Where in it.
        place: Place,
        /// What it is, and the way around it.
        what: String,
    },
    /// A pickle asks for a Python object that is neither a tensor, a container nor a number.
    #[error(
        "{file}{place}: the pickle asks for {}, which is neither a tensor, a container nor a number; \
         nothing was executed",
        short(.name)
    )]
    Forbidden {
        /// The file.
        file: String,
        /// Where in it.
        place: Place,
        /// The object's dotted name, `os.system`.
        name: String,
    },
    /// It would unpack to more memory than allowed.
    #[error("{file}{place}: unpacks to {size} bytes, more than the {limit} allowed for this file")]
    TooLarge {
        /// The file.
        file: String,
        /// Where in it.
        place: Place,
        /// What it would take.
        size: u64,
        /// What it may.
        limit: u64,
    },
    /// The device could not take or give a tensor.
    #[error("{file}{place}: {source}")]
    Device {
        /// The file.
        file: String,
        /// The tensor.
        place: Place,
        /// What the device said.
        source: tensor_core::Error,
    },
    /// A value is of another kind than asked for.
    #[error("{name:?} is {found}, not {expected}")]
    Kind {
        /// The key.
        name: String,
        /// What it is.
        found: &'static str,
        /// What was asked for.
        expected: &'static str,
    },
}

/// A [`std::result::Result`] with this crate's [`Error`](enum@Error).
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn io(path: &Path) -> impl Fn(std::io::Error) -> Error {
        let file = path.display().to_string();
        move |source| Error::Io { file: file.clone(), source }
    }

    pub(crate) fn malformed(file: &str, place: Place, problem: impl Into<String>) -> Error {
        Error::Malformed { file: file.into(), place, problem: problem.into() }
    }

    pub(crate) fn unsupported(file: &str, place: Place, what: impl Into<String>) -> Error {
        Error::Unsupported { file: file.into(), place, what: what.into() }
    }
}
