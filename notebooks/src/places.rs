//! Where things are: the workspace, its notebooks, and what is built below `target/`.

use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// The folder that holds the workspace: found upwards from the current folder, else where this
/// program was compiled.
///
/// # Errors
/// When neither holds a `notebooks` folder beside a `prelude` folder.
pub fn workspace() -> Result<PathBuf> {
    let here = std::env::current_dir().map_err(|source| Error::io(".", source))?;
    let compiled = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .chain(compiled.ancestors())
        .find(|folder| {
            folder.join("notebooks/Cargo.toml").is_file()
                && folder.join("prelude/Cargo.toml").is_file()
        })
        .map(Path::to_owned)
        .ok_or_else(|| {
            Error::Usage(format!(
                "neither {} nor a folder above it is a PolyMicros checkout: run this command \
                 inside one",
                here.display()
            ))
        })
}

/// The notebooks' folder.
///
/// # Errors
/// As [`workspace`].
pub fn notebooks_dir() -> Result<PathBuf> {
    Ok(workspace()?.join("notebooks"))
}

/// The folder that everything built or downloaded goes below.
///
/// # Errors
/// As [`workspace`].
pub fn target_dir() -> Result<PathBuf> {
    Ok(workspace()?.join("target"))
}
