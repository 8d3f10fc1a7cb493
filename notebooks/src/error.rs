//! What can go wrong around the notebooks and the commands.

use std::path::{Path, PathBuf};

/// An error of a command, a notebook or its kernel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read, write or start something.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file, folder or program.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file is not the notebook that it should be.
    #[error("{}: {problem}", path.display())]
    Notebook {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A cell did not run to its end.
    #[error("{}: cell {cell} of {cells}: {problem}", path.display())]
    Cell {
        /// The notebook.
        path: PathBuf,
        /// The code cell, counted from 1.
        cell: usize,
        /// How many code cells there are.
        cells: usize,
        /// What the compiler, a panic or a failing `?` said.
        problem: String,
    },
    /// The kernel could not be started or broke down.
    #[error("notebook kernel: {0}")]
    Kernel(String),
    /// A command was asked for something that it cannot do.
    #[error("{0}")]
    Usage(String),
    /// An error of the library.
    #[error(transparent)]
    Library(#[from] polymicros::Error),
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

    /// Something wrong with a notebook file.
    pub fn notebook(path: impl AsRef<Path>, problem: impl Into<String>) -> Self {
        Error::Notebook {
            path: path.as_ref().to_owned(),
            problem: problem.into(),
        }
    }
}
