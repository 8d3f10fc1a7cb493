//! NumPy archives (`.npz`), compressed or not, in and out.
//!
//! | array | shape | type written | |
//! | --- | --- | --- | --- |
//! | `euler` | (3, x, y, z) | f4 | Bunge Euler angles phi1, Phi, phi2 in radians |
//! | `phase` | (x, y, z) | u1 | 0 is not indexed, k is the k-th of `phases`; optional |
//! | `mask` | (x, y, z) | b1 | true where there is an orientation; optional |
//! | `grain_ids` | (x, y, z) | u4 | 0 is no grain; optional |
//! | `spacing`, `origin` | (3,) | f8 | along x, y, z; optional |
//! | `unit` | () | text | `px`, `nm`, `µm` or `mm`; optional |
//! | `phases` | () | text | JSON: a list of `{"name", "laue_group", "lattice"}`; optional |
//! | `property: NAME` | (x, y, z) | f4 | a further number of each voxel; optional |
//!
//! A field has, in place of `euler`, the array `field` of shape (channels, x, y, z) and the
//! texts `channels`. Any number type, byte order and C or Fortran order is read.

mod archive;
mod bare;
mod mask;
mod npy;

use super::symmetry::unknown_phase;
use super::{Format, Writer, identity};
use crate::microstructure::{Field, Grid, LengthUnit, Microstructure, Phase};
use crate::{Error, Result};
use archive::{ArchiveReader, ArchiveWriter};
use ndarray::{Array3, Array4, ArrayD};
use std::fs::File;
use std::path::Path;

pub(super) use bare::{is_bare_array, read_bare_field};
pub(crate) use mask::{read_mask, write_mask};

/// The NumPy archive format.
pub(super) struct Npz;

/// The format of one NumPy array.
pub(super) struct Npy;

impl Format for Npz {
    fn name(&self) -> &'static str {
        "NumPy archive"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["npz"]
    }

    fn recognises(&self, _path: &Path, head: &[u8]) -> bool {
        head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
    }

    fn read(&self, path: &Path) -> Result<Microstructure> {
        read(path)
    }

    fn writer(&self) -> Option<Writer> {
        Some(write)
    }
}

const PROPERTY: &str = "property: ";
const UNITS: [LengthUnit; 4] = [
    LengthUnit::Voxel,
    LengthUnit::Nanometre,
    LengthUnit::Micrometre,
    LengthUnit::Millimetre,
];

fn read(path: &Path) -> Result<Microstructure> {
    let mut file = ArchiveReader::open(path)?;
    if !file.has("euler") {
        let names = file.names().join(", ");
        let hint = if file.has("rogsh") || file.has("field") {
            "; this file holds a field: open it as one"
        } else {
            ""
        };
        let problem =
            format!("expected Euler angles of shape (3, x, y, z); there are: {names}{hint}");
        return Err(file.bad("euler", problem));
    }
    let shape = file.shape("euler")?;
    let [3, x, y, z] = shape[..] else {
        return Err(file.bad(
            "euler",
            format!("expected the shape (3, x, y, z), found {shape:?}"),
        ));
    };
    let shape = [x, y, z];
    let grid = read_grid(&mut file, shape, "euler")?;

    let phases = read_phases(&mut file)?;
    let phase = match file.has("phase") {
        true => Some(volume::<u8>(&mut file, "phase", shape)?),
        false => None,
    };
    let mask = match (file.has("mask"), &phase) {
        (true, _) => volume::<bool>(&mut file, "mask", shape)?,
        (false, Some(phase)) => phase.mapv(|phase| phase > 0),
        (false, None) => Array3::from_elem((x, y, z), true),
    };
    let phase = phase.unwrap_or_else(|| mask.mapv(u8::from));
    let largest = phase.iter().copied().max().unwrap_or(0);
    let phases = phases.unwrap_or_else(|| {
        (1..=largest.max(1))
            .map(|k| unknown_phase(format!("phase {k}")))
            .collect()
    });
    if usize::from(largest) > phases.len() {
        let problem = format!(
            "holds phase {largest}, but `phases` declares {}",
            phases.len()
        );
        return Err(file.bad("phase", problem));
    }

    let mut euler: Array4<f32> = four_axes(&mut file, "euler")?;
    finite_where(&mut euler, Some(&mask)).map_err(|problem| file.bad("euler", problem))?;

    let (name, origin) = identity(path);
    let mut made = Microstructure::new(name, origin, grid, euler)?
        .with_phases(phases, phase)?
        .with_mask(mask)?;
    if file.has("grain_ids") {
        made = made.with_grain_ids(volume(&mut file, "grain_ids", shape)?)?;
    }
    for array in file.names() {
        if let Some(name) = array.strip_prefix(PROPERTY) {
            made = made.with_property(name, volume(&mut file, &array, shape)?)?;
        }
    }
    Ok(made)
}

/// Reads a field; see [`Field::open`].
pub(super) fn read_field(path: &Path) -> Result<Field> {
    let mut file = ArchiveReader::open(path)?;
    let name = match ["rogsh", "field"].into_iter().find(|name| file.has(name)) {
        Some(name) => name.to_owned(),
        None => {
            let mut found = Vec::new();
            for name in file.names() {
                if name != "euler" && file.shape(&name)?.len() == 4 {
                    found.push(name);
                }
            }
            match <[String; 1]>::try_from(found) {
                Ok([name]) => name,
                Err(found) => {
                    let problem = format!(
                        "expected one array of four axes (channel, x, y, z), or `rogsh` or \
                         `field`; found {found:?} among {:?}",
                        file.names()
                    );
                    return Err(file.bad("field", problem));
                }
            }
        }
    };
    let mut values: Array4<f32> = four_axes(&mut file, &name)?;
    let (count, x, y, z) = values.dim();
    let grid = read_grid(&mut file, [x, y, z], &name)?;
    let mask = match file.has("mask") {
        true => Some(volume::<bool>(&mut file, "mask", [x, y, z])?),
        false => None,
    };
    finite_where(&mut values, mask.as_ref()).map_err(|problem| file.bad(&name, problem))?;
    let channels = match file.has("channels") {
        true => file.texts("channels")?,
        false => (0..count).map(|k| format!("{name} {k}")).collect(),
    };
    if channels.len() != count || count == 0 {
        let problem = format!("expected {count} names, found {}", channels.len());
        return Err(file.bad("channels", problem));
    }
    let field = Field::new(grid, channels, values)?;
    match mask {
        Some(mask) => field.with_mask(mask.into_shared()),
        None => Ok(field),
    }
}

fn write(made: &Microstructure, out: &mut File, path: &Path) -> Result<()> {
    let mut file = ArchiveWriter::new(out, path);
    let shape = made.grid().shape;
    let [x, y, z] = shape;
    file.numbers("euler", &[3, x, y, z], made.euler().iter().copied())?;
    file.numbers("phase", &shape, made.phase().iter().copied())?;
    file.numbers("mask", &shape, made.mask().iter().copied())?;
    if let Some(ids) = made.grain_ids() {
        file.numbers("grain_ids", &shape, ids.iter().copied())?;
    }
    for (name, values) in made.properties() {
        file.numbers(&format!("{PROPERTY}{name}"), &shape, values.iter().copied())?;
    }
    let phases =
        serde_json::to_string(made.phases()).map_err(|e| Error::value("phases", e.to_string()))?;
    file.texts("phases", &[], &[&phases])?;
    write_grid(&mut file, made.grid())?;
    file.finish()
}

/// Writes a field; see [`Field::save`].
pub(super) fn write_field(field: &Field, out: &mut File, path: &Path) -> Result<()> {
    let mut file = ArchiveWriter::new(out, path);
    let [x, y, z] = field.grid().shape;
    let channels: Vec<&str> = field.channels().iter().map(String::as_str).collect();
    file.numbers(
        "field",
        &[channels.len(), x, y, z],
        field.as_slice().iter().copied(),
    )?;
    file.texts("channels", &[channels.len()], &channels)?;
    if let Some(mask) = field.mask() {
        file.numbers("mask", &[x, y, z], mask.iter().copied())?;
    }
    write_grid(&mut file, field.grid())?;
    file.finish()
}

fn read_grid(file: &mut ArchiveReader, shape: [usize; 3], sized_by: &str) -> Result<Grid> {
    let triple = |file: &mut ArchiveReader, name: &str, otherwise: f64| {
        if !file.has(name) {
            return Ok([otherwise; 3]);
        }
        let values = file.numbers::<f64>(name)?;
        if values.shape() != [3] || !values.iter().all(|v| v.is_finite()) {
            let problem = format!("expected three finite numbers, found {values}");
            return Err(file.bad(name, problem));
        }
        Ok(std::array::from_fn(|axis| values[axis]))
    };
    let spacing = triple(file, "spacing", 1.0)?;
    let origin = triple(file, "origin", 0.0)?;
    let mut unit = LengthUnit::Voxel;
    if file.has("unit") {
        let found = file.texts("unit")?.first().cloned().unwrap_or_default();
        unit = match found.as_str() {
            "um" => LengthUnit::Micrometre,
            symbol => UNITS
                .into_iter()
                .find(|unit| unit.symbol() == symbol)
                .ok_or_else(|| {
                    file.bad(
                        "unit",
                        format!("expected px, nm, µm or mm, found `{symbol}`"),
                    )
                })?,
        };
    }
    if !spacing.iter().all(|s| *s > 0.0) {
        return Err(file.bad(
            "spacing",
            format!("expected positive lengths, found {spacing:?}"),
        ));
    }
    let mut grid = Grid::with_spacing(shape, spacing, unit)
        .map_err(|error| file.bad(sized_by, error.to_string()))?;
    grid.origin = origin;
    Ok(grid)
}

fn write_grid(file: &mut ArchiveWriter<'_>, grid: &Grid) -> Result<()> {
    file.numbers("spacing", &[3], grid.spacing.into_iter())?;
    file.numbers("origin", &[3], grid.origin.into_iter())?;
    file.texts("unit", &[], &[grid.unit.symbol()])
}

fn read_phases(file: &mut ArchiveReader) -> Result<Option<Vec<Phase>>> {
    if !file.has("phases") {
        return Ok(None);
    }
    let text = file.texts("phases")?.first().cloned().unwrap_or_default();
    let phases: Vec<Phase> = serde_json::from_str(&text).map_err(|e| {
        file.bad(
            "phases",
            format!("expected JSON [{{name, laue_group, lattice}}, …]: {e}"),
        )
    })?;
    if phases.len() > usize::from(u8::MAX) {
        return Err(file.bad(
            "phases",
            format!("expected at most 255, found {}", phases.len()),
        ));
    }
    Ok(Some(phases))
}

fn volume<T: npy::Element>(
    file: &mut ArchiveReader,
    name: &str,
    shape: [usize; 3],
) -> Result<Array3<T>> {
    // The shape is compared before any value is read.
    let found = file.shape(name)?;
    let wrong = format!("expected the shape {shape:?}, found {found:?}");
    if found != shape {
        return Err(file.bad(name, wrong));
    }
    let values: ArrayD<T> = file.numbers(name)?;
    values
        .into_dimensionality()
        .map_err(|_| file.bad(name, wrong))
}

fn four_axes(file: &mut ArchiveReader, name: &str) -> Result<Array4<f32>> {
    let values: ArrayD<f32> = file.numbers(name)?;
    let wrong = format!(
        "expected four axes (channel, x, y, z), found {:?}",
        values.shape()
    );
    values
        .into_dimensionality()
        .map_err(|_| file.bad(name, wrong))
}

/// Every value must be a finite number; outside the mask, others become zero.
fn finite_where(values: &mut Array4<f32>, mask: Option<&Array3<bool>>) -> Result<(), String> {
    for ((c, x, y, z), value) in values.indexed_iter_mut() {
        if value.is_finite() {
            continue;
        }
        if mask.is_some_and(|mask| !mask[[x, y, z]]) {
            *value = 0.0;
        } else {
            return Err(format!(
                "expected finite numbers, found {value} at index ({c}, {x}, {y}, {z})"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
