//! Volumes that a command line names.

use crate::{Error, Result};
use polymicros::training::Source;
use polymicros_prelude::Field;

/// The volumes of all sources, one after another.
pub(super) fn all(sources: &[Source]) -> Result<Vec<Field>> {
    let mut volumes = Vec::new();
    for source in sources {
        volumes.extend(source.fields()?);
    }
    Ok(volumes)
}

/// The volume of a source that must have one only; `name` is what the command line calls it.
pub(super) fn only(source: &Source, name: &str) -> Result<Field> {
    let mut volumes = source.fields()?;
    match volumes.len() {
        1 => Ok(volumes.swap_remove(0)),
        several => Err(Error::Usage(format!(
            "{name}: {several} volumes, and one is compared at a time"
        ))),
    }
}
