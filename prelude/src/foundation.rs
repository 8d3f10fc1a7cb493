//! The foundation model that ships, or the user's.

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
    LocalModel::open(weights("foundation")?)
}

/// The same before it was tuned, to fill in volumes of which some voxels are known, as they are in
/// experiments: not periodic. Large ones go in overlapping tiles.
///
/// # Errors
/// As [`foundation_model`].
pub fn inpainting_model() -> Result<Model> {
    Model::open(weights("pretrained")?)
}

fn weights(name: &str) -> Result<PathBuf> {
    let path = match std::env::var_os("POLYMICROS_FOUNDATION") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(format!("../fixtures/models/{name}.safetensors")),
    };
    if !path.is_file() {
        let problem = format!(
            "{} is not there; POLYMICROS_FOUNDATION may name another file",
            path.display()
        );
        return Err(Error::value("weights of the foundation model", problem));
    }
    Ok(path)
}
