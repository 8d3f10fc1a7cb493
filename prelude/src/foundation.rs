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
    let path = own.unwrap_or_else(|| shipped("foundation", "safetensors"));
    if path.is_file() {
        return LocalModel::open(path);
    }
    let problem = format!(
        "{} is not there; POLYMICROS_FOUNDATION may name another file",
        path.display()
    );
    Err(Error::value("weights of the foundation model", problem))
}

/// The same before it was tuned, to fill in volumes of which some voxels are known, as they are in
/// experiments: not periodic. Large ones go in overlapping tiles.
///
/// # Errors
/// As [`foundation_model`].
pub fn inpainting_model() -> Result<Model> {
    Model::open(shipped("pretrained", "safetensors"))
}
