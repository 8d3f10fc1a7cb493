//! Datasets of an HDF5 file, with errors that name them.

use crate::{Error, Result};
use hdf5_pure::{AttrValue, CompoundType, DType, Dataset, File, Group};
use ndarray::Array3;
use std::path::{Path, PathBuf};

/// Whether a file that begins like this is HDF5.
pub(super) fn is_container(head: &[u8]) -> bool {
    head.starts_with(b"\x89HDF\r\n\x1a\n")
}

/// Bytes in a dataset for each byte of the file, at the most: a file that promises more is refused
/// before memory is asked for. Deflate, by which these files are compressed, reaches 1032.
const MOST_COMPRESSED: u64 = 1100;

/// An open HDF5 file.
pub(super) struct Hdf5 {
    path: PathBuf,
    file: File,
}

impl Hdf5 {
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open_streaming(path)
            .map_err(|e| Error::format(path, "HDF5 file", format!("does not open: {e}")))?;
        let (expected, found) = (file.superblock().eof_address, file.file_size());
        if expected > found {
            let problem = format!("is cut short: expected {expected} bytes, found {found}");
            return Err(Error::format(path, "HDF5 file", problem));
        }
        Ok(Hdf5 {
            path: path.to_owned(),
            file,
        })
    }

    /// Whether there is a group of this name.
    pub fn has_group(&self, name: &str) -> bool {
        self.file.group(name).is_ok()
    }

    /// Whether there is a dataset of this name.
    pub fn has(&self, name: &str) -> bool {
        self.file.dataset(name).is_ok()
    }

    /// The names of the groups inside a group, sorted.
    pub fn groups(&self, name: &str) -> Result<Vec<String>> {
        self.names(name, Group::groups)
    }

    /// The names of the datasets inside a group, sorted.
    pub fn datasets(&self, name: &str) -> Result<Vec<String>> {
        self.names(name, Group::datasets)
    }

    fn names(
        &self,
        name: &str,
        of: impl FnOnce(&Group) -> Result<Vec<String>, hdf5_pure::Error>,
    ) -> Result<Vec<String>> {
        let names = self.file.group(name).and_then(|group| of(&group));
        let mut names =
            names.map_err(|e| Error::format(&self.path, format!("group {name}"), e.to_string()))?;
        names.sort();
        Ok(names)
    }

    /// Whether a dataset holds floating-point numbers.
    pub fn is_float(&self, name: &str) -> bool {
        let dataset = self.file.dataset(name);
        let kind = dataset.and_then(|dataset| dataset.dtype());
        matches!(kind, Ok(DType::F32 | DType::F64))
    }

    /// The shape of a dataset.
    pub fn shape(&self, name: &str) -> Result<Vec<usize>> {
        let shape = self.dataset(name)?.shape().map_err(|e| self.bad(name, e))?;
        shape
            .iter()
            .map(|&edge| usize::try_from(edge).map_err(|e| self.bad(name, e)))
            .collect()
    }

    pub fn f32(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        self.values(name, shape, Dataset::read_f32)
    }

    pub fn f64(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>> {
        self.values(name, shape, Dataset::read_f64)
    }

    pub fn i64(&self, name: &str, shape: &[usize]) -> Result<Vec<i64>> {
        self.values(name, shape, Dataset::read_i64)
    }

    /// A dataset's strings, without padding.
    pub fn texts(&self, name: &str) -> Result<Vec<String>> {
        let texts = self.holding(name)?.read_string();
        let texts = texts.map_err(|e| self.bad(name, e))?;
        let trimmed = texts.iter().map(|text| text.trim_matches(['\0', ' ']));
        Ok(trimmed.map(str::to_owned).collect())
    }

    /// A dataset's first string, without padding.
    pub fn text(&self, name: &str) -> Result<String> {
        Ok(self.texts(name)?.into_iter().next().unwrap_or_default())
    }

    /// A dataset's compound values.
    pub fn compounds<T: CompoundType>(&self, name: &str) -> Result<Vec<T>> {
        let values = self.holding(name)?.read_compound();
        values.map_err(|e| self.bad(name, e))
    }

    /// A group's attribute as text, without padding.
    pub fn attribute_text(&self, group: &str, name: &str) -> Result<String> {
        let value = self.attribute(group, name)?;
        match value.as_str() {
            Some(text) => Ok(text.trim_matches(['\0', ' ']).to_owned()),
            None => Err(self.bad_attribute(group, name, format!("expected text, found {value:?}"))),
        }
    }

    /// A group's attribute as numbers.
    pub fn attribute_numbers(&self, group: &str, name: &str) -> Result<Vec<f64>> {
        match self.attribute(group, name)? {
            AttrValue::F64(value) => Ok(vec![value]),
            AttrValue::F64Array(values) => Ok(values),
            AttrValue::I64(value) => Ok(vec![value as f64]),
            AttrValue::I64Array(values) => Ok(values.into_iter().map(|v| v as f64).collect()),
            value => {
                let problem = format!("expected 64-bit numbers, found {value:?}");
                Err(self.bad_attribute(group, name, problem))
            }
        }
    }

    fn attribute(&self, group: &str, name: &str) -> Result<AttrValue> {
        let attributes = self.file.group(group).and_then(|group| group.attrs());
        let mut attributes =
            attributes.map_err(|e| self.bad_attribute(group, name, e.to_string()))?;
        let value = attributes.remove(name);
        value.ok_or_else(|| self.bad_attribute(group, name, "is missing".into()))
    }

    fn bad_attribute(&self, group: &str, name: &str, problem: String) -> Error {
        Error::format(
            &self.path,
            format!("attribute {name} of group {group}"),
            problem,
        )
    }

    /// An error that names a dataset.
    pub fn bad(&self, name: &str, problem: impl std::fmt::Display) -> Error {
        Error::format(&self.path, format!("dataset {name}"), problem.to_string())
    }

    fn dataset(&self, name: &str) -> Result<Dataset> {
        self.file.dataset(name).map_err(|e| self.bad(name, e))
    }

    /// A dataset that the file can hold.
    fn holding(&self, name: &str) -> Result<Dataset> {
        let shape = self.shape(name)?;
        let dataset = self.dataset(name)?;
        let size = dataset.element_size().map_err(|e| self.bad(name, e))?;
        let bytes = self.file.file_size();
        let room = bytes.saturating_mul(MOST_COMPRESSED);
        let fits = |edges: &[u64]| {
            let needed = edges.iter().try_fold(size, |n, &edge| n.checked_mul(edge));
            needed.is_some_and(|needed| needed <= room)
        };
        let edges: Vec<u64> = shape.iter().map(|&edge| edge as u64).collect();
        if !fits(&edges) {
            let problem = format!(
                "the shape {shape:?} of {size} bytes each, more than {bytes} bytes can hold"
            );
            return Err(self.bad(name, problem));
        }
        // The library takes chunks at their word: it asks for their memory before the file's end
        // is, and goes through all of their voxels wherever they are. Of a dataset without chunks,
        // or of chunks that cannot be listed, reading says itself what is wrong.
        let chunks = dataset.chunks().unwrap_or_default();
        let of_chunk = dataset.chunk_shape().map_err(|e| self.bad(name, e))?;
        if let Some(of_chunk) = of_chunk.filter(|edges| !chunks.is_empty() && !fits(edges)) {
            let problem = format!(
                "chunks of the shape {of_chunk:?}, {size} bytes each, more than {bytes} bytes can hold"
            );
            return Err(self.bad(name, problem));
        }
        for chunk in chunks {
            let (at, end) = (
                chunk.offset,
                chunk.address.saturating_add(chunk.storage_size),
            );
            if end > bytes {
                let problem = format!("the chunk at {at:?} ends at byte {end} of {bytes}");
                return Err(self.bad(name, problem));
            }
            if at.iter().zip(&edges).any(|(at, edge)| at >= edge) {
                let problem = format!("the chunk at {at:?} is outside of the shape {shape:?}");
                return Err(self.bad(name, problem));
            }
        }
        Ok(dataset)
    }

    fn values<T>(
        &self,
        name: &str,
        shape: &[usize],
        read: impl FnOnce(&Dataset) -> Result<Vec<T>, hdf5_pure::Error>,
    ) -> Result<Vec<T>> {
        let found = self.shape(name)?;
        let expects = || format!("expected the shape {shape:?}, found {found:?}");
        if found != shape {
            return Err(self.bad(name, expects()));
        }
        let values = read(&self.holding(name)?).map_err(|e| self.bad(name, e))?;
        if values.len() != shape.iter().product::<usize>() {
            let problem = format!("{}, with {} values", expects(), values.len());
            return Err(self.bad(name, problem));
        }
        Ok(values)
    }
}

/// Values stored in axis order `z, y, x`, converted and in axis order `x, y, z`. The
/// conversion is given each value's index in the file.
pub(super) fn to_xyz<S: Copy, T>(
    values: &[S],
    [nz, ny, nx]: [usize; 3],
    convert: impl Fn(usize, S) -> Result<T>,
) -> Result<Array3<T>> {
    let mut out = Vec::with_capacity(values.len());
    for x in 0..nx {
        for y in 0..ny {
            for z in 0..nz {
                let index = (z * ny + y) * nx + x;
                out.push(convert(index, values[index])?);
            }
        }
    }
    Array3::from_shape_vec((nx, ny, nz), out)
        .map_err(|_| Error::shape("dataset", [nz, ny, nx], values.len()))
}
