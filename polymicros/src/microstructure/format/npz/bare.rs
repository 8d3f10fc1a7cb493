//! A NumPy array alone (`.npy`): Euler angles of shape (3, x, y, z), or of a map (3, x, y), in
//! radians. There is nothing in it of spacing, phases or a mask.

use super::npy::{Element, Header};
use super::{Format, Npy, finite_where};
use crate::microstructure::format::identity;
use crate::microstructure::{Field, Grid, Microstructure};
use crate::{Error, Result};
use ndarray::{Array4, ArrayD, Axis, IxDyn, ShapeBuilder};
use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::Path;

/// Whether a file that begins like this is a NumPy array.
pub(in super::super) fn is_bare_array(head: &[u8]) -> bool {
    head.starts_with(b"\x93NUMPY")
}

impl Format for Npy {
    fn name(&self) -> &'static str {
        "NumPy array"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["npy"]
    }

    fn recognises(&self, _path: &Path, head: &[u8]) -> bool {
        is_bare_array(head)
    }

    fn read(&self, path: &Path) -> Result<Microstructure> {
        let mut values: ArrayD<f32> = array(path)?;
        if values.ndim() == 3 {
            values.insert_axis_inplace(Axis(3));
        }
        let found = values.shape().to_vec();
        let [3, x, y, z] = found[..] else {
            let problem = format!(
                "expected Euler angles of shape (3, x, y, z) or (3, x, y), found {found:?}"
            );
            return Err(Error::format(path, "array", problem));
        };
        let (euler, grid) = checked(path, values, [x, y, z])?;
        let (name, origin) = identity(path);
        Microstructure::new(name, origin, grid, euler)
    }
}

/// Reads a field; see [`Field::open`].
pub(in super::super) fn read_bare_field(path: &Path) -> Result<Field> {
    let values: ArrayD<f32> = array(path)?;
    let found = values.shape().to_vec();
    let [channels, x, y, z] = found[..] else {
        let problem = format!("expected the shape (channel, x, y, z), found {found:?}");
        return Err(Error::format(path, "array", problem));
    };
    if channels == 0 {
        return Err(Error::format(
            path,
            "array",
            "expected at least one channel",
        ));
    }
    let (values, grid) = checked(path, values, [x, y, z])?;
    Field::new(grid, (0..channels).map(|k| format!("field {k}")), values)
}

fn checked(path: &Path, values: ArrayD<f32>, shape: [usize; 3]) -> Result<(Array4<f32>, Grid)> {
    let bad = |problem: String| Error::format(path, "array", problem);
    let grid = Grid::new(shape).map_err(|e| bad(e.to_string()))?;
    let mut values: Array4<f32> = values
        .into_dimensionality()
        .map_err(|e| bad(e.to_string()))?;
    finite_where(&mut values, None).map_err(bad)?;
    Ok((values, grid))
}

/// The array, in whatever order it is stored.
pub(super) fn array<T: Element>(path: &Path) -> Result<ArrayD<T>> {
    let io = |e| Error::io(path, e);
    let bad = |problem: String| Error::format(path, "array", problem);
    let file = File::open(path).map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    let mut stream = BufReader::new(file);
    let header = Header::read(&mut stream).map_err(bad)?;
    let left = bytes.saturating_sub(stream.stream_position().map_err(io)?);
    let values = header.numbers(&mut stream, left).map_err(bad)?;
    let shape = IxDyn(&header.shape).set_f(header.fortran);
    ArrayD::from_shape_vec(shape, values).map_err(|e| bad(e.to_string()))
}
