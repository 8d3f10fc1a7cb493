//! The foundation model that ships, or the user's.

use crate::generation::shipped;
use polymicros::generation::LocalModel;
use polymicros::reconstruction::Model;
use polymicros::{Error, Result};
use std::path::PathBuf;

/// The foundation model that ships with the project, or the one whose weights
/// `POLYMICROS_FOUNDATION` names: pre-trained on the neighbourhoods of all stand-ins and tuned on
/// periodic synthetic volumes, which is what it makes.
///
/// # Errors
/// When the file is not there or cannot be read.
pub fn foundation_model() -> Result<LocalModel> {
    let own = std::env::var_os("POLYMICROS_FOUNDATION").map(PathBuf::from);
    LocalModel::open(existing(
        own.unwrap_or_else(|| shipped("foundation", "safetensors")),
    )?)
}

/// The same before it was tuned, to fill in volumes of which some voxels are known, as they are in
/// experiments: not periodic. Large ones go in overlapping tiles.
///
/// # Errors
/// As [`foundation_model`].
pub fn inpainting_model() -> Result<Model> {
    Model::open(existing(shipped("pretrained", "safetensors"))?)
}

fn existing(path: PathBuf) -> Result<PathBuf> {
    if path.is_file() {
        return Ok(path);
    }
    let problem = format!(
        "{} is not there; POLYMICROS_FOUNDATION may name another file of the foundation model",
        path.display()
    );
    Err(Error::value("weights", problem))
}
