//! DREAM.3D files (`.dream3d`, the HDF5 layout of versions 6 and 6.5), in and out.
//!
//! The first data container with an image geometry and an array of Euler angles (radians) on its
//! cells is read. Cell arrays are in axis order `z, y, x, component`. Phase 0 is not indexed, as
//! is phase 0 of the ensemble arrays. Lengths are in micrometres by DREAM.3D's convention.

mod read;
#[cfg(test)]
mod tests;
mod write;

use super::hdf5::{self, Hdf5};
use super::{Format, Writer};
use crate::microstructure::Microstructure;
use crate::{Error, Result};
use std::path::Path;

/// The DREAM.3D format.
pub(super) struct Dream3d;

const CONTAINERS: &str = "DataContainers";

impl Format for Dream3d {
    fn name(&self) -> &'static str {
        "DREAM.3D"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["dream3d"]
    }

    fn recognises(&self, path: &Path, head: &[u8]) -> bool {
        hdf5::is_container(head) && Hdf5::open(path).is_ok_and(|file| file.has_group(CONTAINERS))
    }

    fn read(&self, path: &Path) -> Result<Microstructure> {
        let file = Hdf5::open(path)?;
        let (container, cells) = find(&file, path)?;
        read::read(&file, path, &container, &cells)
    }

    fn writer(&self) -> Option<Writer> {
        Some(write::write)
    }
}

/// The container and its group of cell arrays that hold orientations.
fn find(file: &Hdf5, path: &Path) -> Result<(String, String)> {
    let mut seen = Vec::new();
    for name in file.groups(CONTAINERS)? {
        let container = format!("{CONTAINERS}/{name}");
        if !file.has(&format!("{container}/_SIMPL_GEOMETRY/DIMENSIONS")) {
            continue;
        }
        for group in file.groups(&container)? {
            let cells = format!("{container}/{group}");
            let four = |shape: Vec<usize>| shape.len() == 4;
            if file.shape(&format!("{cells}/EulerAngles")).is_ok_and(four) {
                return Ok((container, cells));
            }
            seen.extend(file.datasets(&cells)?);
        }
    }
    let problem = format!(
        "expected a cell array EulerAngles on an image geometry; found the arrays {seen:?}"
    );
    Err(Error::format(path, format!("group {CONTAINERS}"), problem))
}
