//! The one error type of the library.

use std::path::{Path, PathBuf};

/// What went wrong, with what, and what was expected instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read or write a file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// A file does not hold what its format promises.
    #[error("{}: {place}: {problem}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where in it: `line 12`, `dataset LabDCT/Data/Rodrigues`, `header TotalLines`.
        place: String,
        /// What was expected there and what was found.
        problem: String,
    },

    /// No reader, or no writer, takes this file.
    #[error("{}: {problem}", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// Which formats would have been understood.
        problem: String,
    },

    /// Two things that must have the same shape do not.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// What has the wrong shape.
        what: String,
        /// The shape that fits, in words or numbers.
        expected: String,
        /// The shape that was given.
        found: String,
    },

    /// An argument lies outside the values that make sense.
    #[error("{what}: {problem}")]
    Value {
        /// The argument's name.
        what: String,
        /// What is wrong with it, and what would be right.
        problem: String,
    },

    /// A calculation broke down, for example an eigenvalue iteration that does not converge.
    #[error("{what}: {problem}")]
    Numerical {
        /// The calculation.
        what: String,
        /// How it failed.
        problem: String,
    },
}

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An operating-system error on `path`.
    pub fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Error::Io {
            path: path.as_ref().to_owned(),
            source,
        }
    }

    /// A malformed file: where in it, and what was expected and found there.
    pub fn format(
        path: impl AsRef<Path>,
        place: impl Into<String>,
        problem: impl Into<String>,
    ) -> Self {
        Error::Format {
            path: path.as_ref().to_owned(),
            place: place.into(),
            problem: problem.into(),
        }
    }

    /// A shape that does not fit.
    pub fn shape(
        what: impl Into<String>,
        expected: impl std::fmt::Debug,
        found: impl std::fmt::Debug,
    ) -> Self {
        Error::Shape {
            what: what.into(),
            expected: format!("{expected:?}"),
            found: format!("{found:?}"),
        }
    }

    /// An argument that makes no sense.
    pub fn value(what: impl Into<String>, problem: impl Into<String>) -> Self {
        Error::Value {
            what: what.into(),
            problem: problem.into(),
        }
    }

    /// A calculation that broke down.
    pub fn numerical(what: impl Into<String>, problem: impl Into<String>) -> Self {
        Error::Numerical {
            what: what.into(),
            problem: problem.into(),
        }
    }
}
