//! Masks of voxels, alone in a file.

use super::archive::{ArchiveReader, ArchiveWriter};
use super::bare::{array, is_bare_array};
use crate::microstructure::format::head;
use crate::{Error, Result};
use ndarray::{ArcArray, Array3, ArrayD, Ix3};
use std::fs::File;
use std::path::Path;

/// Reads the array `mask` of an archive, or a bare array, of shape (x, y, z).
pub(crate) fn read_mask(path: &Path) -> Result<Array3<bool>> {
    let (place, values): (_, ArrayD<bool>) = if is_bare_array(&head(path)?) {
        ("array", array(path)?)
    } else {
        let mut file = ArchiveReader::open(path)?;
        ("array `mask`", file.numbers("mask")?)
    };
    let found = values.shape().to_vec();
    if found.contains(&0) {
        return Err(Error::format(path, place, format!("{found:?} is empty")));
    }
    values.into_dimensionality().map_err(|_| {
        let problem = format!("expected the shape (x, y, z), found {found:?}");
        Error::format(path, place, problem)
    })
}

/// Writes the array `mask` as an archive.
pub(crate) fn write_mask(mask: &ArcArray<bool, Ix3>, out: &mut File, path: &Path) -> Result<()> {
    let mut file = ArchiveWriter::new(out, path);
    file.numbers("mask", mask.shape(), mask.iter().copied())?;
    file.finish()
}
