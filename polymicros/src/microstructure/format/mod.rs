//! Reading and writing microstructures, one [`Format`] a file format.
//!
//! [`Microstructure::open`] finds the reader by a file's content, then by its ending;
//! [`Microstructure::save`] finds the writer by the ending. A further format is a type that
//! implements [`Format`] and a line in [`formats`].
//!
//! | format | endings | read | written |
//! | --- | --- | --- | --- |
//! | Xnovo LabDCT HDF5 | `h5`, `hdf5` | yes | |
//! | DREAM.3D | `dream3d` | yes | yes |
//! | EDAX HDF5 | `h5`, `oh5` | yes | |
//! | EDAX TSL text | `ang` | yes | |
//! | pymicro HDF5 | `h5` | yes | |
//! | Neper raster tessellation | `tesr` | yes | |
//! | Channel Text File | `ctf` | yes | |
//! | Oxford CPR and CRC | `cpr`, `crc` | yes | |
//! | NumPy archive | `npz` | yes | yes |
//! | NumPy array | `npy` | yes | |
//! | VTK image data | `vti` | | yes |
//!
//! Euler angles are handed on as the file has them, in radians. Instruments often turn the frame
//! of the angles against the frame of the scan (TSL by 90° about z); no such turn is applied here.

mod ang;
mod ctf;
mod dream3d;
mod edax_hdf5;
mod grain_map;
mod hdf5;
mod lab_dct;
mod layout;
mod neper;
mod npz;
mod oxford_crc;
mod points;
mod pymicro;
mod stack;
mod symmetry;
mod table;
mod text_map;
mod vti;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod real_data;

use super::{Field, Microstructure, Origin};
use crate::{Error, Result, write_whole};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

pub(crate) use npz::{read_mask, write_mask};
#[cfg(test)]
pub(crate) use real_data::shared_data;
pub use stack::numbered_slices;

/// A file format that holds a microstructure.
pub trait Format: Sync {
    /// The format's name in messages and tables, for example `EDAX TSL text`.
    fn name(&self) -> &'static str;

    /// The file name endings it goes by, in lower case, without the dot.
    fn endings(&self) -> &'static [&'static str];

    /// Whether the file is of this format, by its content. `head` is its first 4096 bytes, or
    /// all of a shorter file; a container format may open `path` to look further.
    fn recognises(&self, path: &Path, head: &[u8]) -> bool;

    /// Reads the file.
    ///
    /// # Errors
    /// When the file cannot be read or is malformed: the message names the line, header entry
    /// or dataset, and what was expected there.
    fn read(&self, path: &Path) -> Result<Microstructure>;

    /// How to write this format, where the library can.
    fn writer(&self) -> Option<Writer> {
        None
    }
}

/// Writes a microstructure into an open, empty file; the path is the one to name in messages.
pub type Writer = fn(&Microstructure, &mut File, &Path) -> Result<()>;

/// All known formats. Where two recognise the same content, the first is taken.
pub fn formats() -> &'static [&'static dyn Format] {
    &[
        &lab_dct::LabDct,
        &dream3d::Dream3d,
        &edax_hdf5::EdaxHdf5,
        &pymicro::Pymicro,
        &neper::Neper,
        &ang::Ang,
        &ctf::Ctf,
        &oxford_crc::OxfordCrc,
        &npz::Npz,
        &npz::Npy,
        &vti::Vti,
    ]
}

impl Microstructure {
    /// Reads a microstructure from a file of any known format, which is told by its content
    /// and, where that says nothing, by its ending.
    ///
    /// # Errors
    /// When the file cannot be read, no format takes it (the message lists the known ones), or
    /// it is malformed (the message names line, header entry or dataset, and what was expected).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        find_reader(path)?.read(path)
    }

    /// Reads one file for each slice and stacks them along z, in the order given, at a distance
    /// of `spacing_z` in the unit of the slices. [`numbered_slices`] lists the files of a folder.
    ///
    /// Slices are read in parallel. Grid, phases and properties must be the same in all.
    ///
    /// # Errors
    /// When there is no slice, a slice does not read, holds more than one layer, or differs in
    /// shape, spacing, phases or properties from the first: the message names the file.
    pub fn open_stack(paths: &[PathBuf], spacing_z: f64) -> Result<Self> {
        stack::read(paths, spacing_z)
    }

    /// Writes the microstructure to `path`, in the format of its ending. The file appears whole
    /// or not at all.
    ///
    /// # Errors
    /// When no format with this ending can be written, or the system refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let writer = find_writer(path)?;
        write_whole(path, |file| writer(self, file, path))
    }
}

impl Field {
    /// Reads a field from an `.npz` file: the array `rogsh`, or `field`, or else its only array
    /// of four axes, in axis order `channel, x, y, z`. The optional arrays `channels`, `mask`,
    /// `spacing`, `origin` and `unit` are taken along. Or from an `.npy` file of such an array,
    /// whose channels then have numbers for names, and voxels no size.
    ///
    /// # Errors
    /// When the file cannot be read, holds no such array or more than one, or an array has the
    /// wrong type or shape or values that are not finite: the message names the array.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if npz::is_bare_array(&head(path)?) {
            npz::read_bare_field(path)
        } else {
            npz::read_field(path)
        }
    }

    /// Writes the field to an `.npz` file, values as the array `field`. The file appears whole
    /// or not at all.
    ///
    /// # Errors
    /// When the ending is not `npz`, or the system refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        if ending(path) != "npz" {
            return Err(Error::UnknownFormat {
                path: path.to_owned(),
                problem: "fields are written as NumPy archives: expected the ending `npz`".into(),
            });
        }
        write_whole(path, |file| npz::write_field(self, file, path))
    }
}

/// The first bytes of a file.
fn head(path: &Path) -> Result<Vec<u8>> {
    let io = |e| Error::io(path, e);
    let mut head = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(4096).read_to_end(&mut head).map_err(io)?;
    Ok(head)
}

/// The format that takes this file: by its content, or else by its ending.
///
/// # Errors
/// When the file cannot be read, or no format takes it; the message lists the known ones.
pub fn find_reader(path: &Path) -> Result<&'static dyn Format> {
    let head = head(path)?;
    let ending = ending(path);
    if let Some(format) = formats().iter().find(|f| f.recognises(path, &head)) {
        return Ok(*format);
    }
    if hdf5::is_container(&head) {
        // A damaged container says so itself; a sound one is of a layout that nobody here reads.
        let found = hdf5::Hdf5::open(path)?.groups("/")?;
        return Err(Error::UnknownFormat {
            path: path.to_owned(),
            problem: format!(
                "an HDF5 file of no known layout, with the groups {found:?}; known are: {}",
                list(|_| true)
            ),
        });
    }
    formats()
        .iter()
        .find(|f| f.endings().contains(&ending.as_str()))
        .copied()
        .ok_or_else(|| Error::UnknownFormat {
            path: path.to_owned(),
            problem: format!(
                "neither its content nor its ending `{ending}` is of a known format: {}",
                list(|_| true)
            ),
        })
}

/// How to write a file of this name, by its ending.
///
/// # Errors
/// When no format with this ending can be written; the message lists those that can.
pub fn find_writer(path: &Path) -> Result<Writer> {
    let ending = ending(path);
    formats()
        .iter()
        .filter(|format| format.endings().contains(&ending.as_str()))
        .find_map(|format| format.writer())
        .ok_or_else(|| Error::UnknownFormat {
            path: path.to_owned(),
            problem: format!(
                "no format with the ending `{ending}` is written; these are: {}",
                list(|format| format.writer().is_some())
            ),
        })
}

fn ending(path: &Path) -> String {
    path.extension()
        .map(|ending| ending.to_string_lossy().to_lowercase())
        .unwrap_or_default()
}

fn list(which: impl Fn(&dyn Format) -> bool) -> String {
    let names: Vec<String> = formats()
        .iter()
        .filter(|format| which(**format))
        .map(|format| format!("{} (.{})", format.name(), format.endings().join(", .")))
        .collect();
    names.join("; ")
}

/// The name and origin of whatever is read from `path`.
fn identity(path: &Path) -> (String, Origin) {
    let name = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    (name, Origin::File(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_file_is_told_the_known_formats() -> Result<()> {
        let folder = tempfile::tempdir().map_err(|e| Error::io("", e))?;
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "hello").map_err(|e| Error::io(&path, e))?;
        let text = Microstructure::open(&path).map_or_else(|e| e.to_string(), |m| m.name);
        assert!(text.contains("notes.txt"), "{text}");
        for format in formats() {
            assert!(text.contains(format.name()), "{text}");
        }
        Ok(())
    }

    #[test]
    fn a_missing_file_is_named() {
        let text = Microstructure::open("no/such.ang").map_or_else(|e| e.to_string(), |m| m.name);
        assert!(text.contains("no/such.ang"), "{text}");
    }

    #[test]
    fn endings_are_lower_case_and_without_dot() {
        for format in formats() {
            assert!(!format.endings().is_empty());
            for ending in format.endings() {
                assert!(!ending.contains('.') && ending.to_lowercase() == *ending);
            }
        }
    }
}
