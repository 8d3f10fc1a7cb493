//! Reading DREAM.3D files.

use super::super::hdf5::{Hdf5, to_xyz};
use super::super::{identity, symmetry};
use crate::Result;
use crate::microstructure::{Grid, LengthUnit, Microstructure, Phase};
use ndarray::{Array4, Axis};
use std::path::Path;

/// Reads the cell arrays of a container.
pub(super) fn read(
    file: &Hdf5,
    path: &Path,
    container: &str,
    cells: &str,
) -> Result<Microstructure> {
    let geometry = |entry: &str| format!("{container}/_SIMPL_GEOMETRY/{entry}");
    let euler_name = format!("{cells}/EulerAngles");
    let shape = file.shape(&euler_name)?;
    let dimensions = file.i64(&geometry("DIMENSIONS"), &[3])?;
    let [nz, ny, nx, 3] = shape[..] else {
        return Err(file.bad(
            &euler_name,
            format!("expected the shape (z, y, x, 3), found {shape:?}"),
        ));
    };
    let stored = [nz, ny, nx];
    if !dimensions
        .iter()
        .zip([nx, ny, nz])
        .all(|(a, b)| usize::try_from(*a) == Ok(b))
    {
        let problem = format!(
            "expected z, y, x reversed from the DIMENSIONS {dimensions:?}, found {stored:?}"
        );
        return Err(file.bad(&euler_name, problem));
    }
    let spacing = file.f64(&geometry("SPACING"), &[3])?;
    let corner = file.f64(&geometry("ORIGIN"), &[3])?;
    let spacing = [spacing[0], spacing[1], spacing[2]];
    let mut grid = Grid::with_spacing([nx, ny, nz], spacing, LengthUnit::Micrometre)
        .map_err(|e| file.bad(&geometry("SPACING"), e))?;
    // The file's origin is the corner of the first cell.
    grid.origin = std::array::from_fn(|axis| corner[axis] + 0.5 * spacing[axis]);

    let angles = file.f32(&euler_name, &shape)?;
    if let Some(k) = angles.iter().position(|angle| !angle.is_finite()) {
        let cell = k / 3;
        return Err(file.bad(
            &euler_name,
            format!("expected numbers, found {} in cell {cell}", angles[k]),
        ));
    }
    let mut euler = Array4::zeros((3, nx, ny, nz));
    for channel in 0..3 {
        let values: Vec<f32> = angles.iter().skip(channel).step_by(3).copied().collect();
        let values = to_xyz(&values, stored, |_, angle| Ok(angle))?;
        euler.index_axis_mut(Axis(0), channel).assign(&values);
    }

    let phases = phases(file, container)?;
    let scalar = [nz, ny, nx, 1];
    let phase_name = format!("{cells}/Phases");
    let phase = to_xyz(&file.i64(&phase_name, &scalar)?, stored, |cell, phase| {
        let declared = phases.len();
        let known = u8::try_from(phase)
            .ok()
            .filter(|&phase| usize::from(phase) <= declared);
        known.ok_or_else(|| {
            file.bad(
                &phase_name,
                format!("phase {phase} in cell {cell}, but {declared} are declared"),
            )
        })
    })?;
    let mut mask = phase.mapv(|phase| phase > 0);
    let mask_name = format!("{cells}/Mask");
    if file.has(&mask_name) {
        let inside = to_xyz(&file.i64(&mask_name, &scalar)?, stored, |_, inside| {
            Ok(inside != 0)
        })?;
        mask.zip_mut_with(&inside, |valid, inside| *valid &= inside);
    }

    let (name, origin) = identity(path);
    let mut made = Microstructure::new(name, origin, grid, euler)?
        .with_phases(phases, phase)?
        .with_mask(mask)?;
    let ids_name = format!("{cells}/FeatureIds");
    if file.has(&ids_name) {
        let ids = to_xyz(&file.i64(&ids_name, &scalar)?, stored, |cell, id| {
            u32::try_from(id)
                .map_err(|_| file.bad(&ids_name, format!("feature {id} in cell {cell}")))
        })?;
        made = made.with_grain_ids(ids)?;
    }
    for array in file.datasets(cells)? {
        let dataset = format!("{cells}/{array}");
        if file.is_float(&dataset) && file.shape(&dataset)? == scalar {
            let values = to_xyz(&file.f32(&dataset, &scalar)?, stored, |_, value| Ok(value))?;
            made = made.with_property(array, values)?;
        }
    }
    Ok(made)
}

/// The phases of the container's ensemble arrays; their entry 0 stands for "not indexed".
fn phases(file: &Hdf5, container: &str) -> Result<Vec<Phase>> {
    for group in file.groups(container)? {
        let at = |array: &str| format!("{container}/{group}/{array}");
        let structures = at("CrystalStructures");
        if !file.has(&structures) {
            continue;
        }
        let shape = file.shape(&structures)?;
        let count = shape.first().copied().unwrap_or(0);
        if shape != [count, 1] || count > 256 {
            return Err(file.bad(
                &structures,
                format!("expected the shape (phases, 1), found {shape:?}"),
            ));
        }
        let numbers = file.i64(&structures, &shape)?;
        let names = match file.has(&at("MaterialName")) {
            true => file.texts(&at("MaterialName"))?,
            false => Vec::new(),
        };
        let lattices = match file.has(&at("LatticeConstants")) {
            true => file.f64(&at("LatticeConstants"), &[count, 6])?,
            false => Vec::new(),
        };
        let phase = |k: usize| {
            let name = names
                .get(k)
                .map(|name| name.trim_start_matches("MaterialName").trim());
            let lattice = lattices
                .get(6 * k..6 * k + 6)
                .and_then(|l| <[f64; 6]>::try_from(l).ok())
                // A phase of which no lattice is known has zeros.
                .filter(|l| l.iter().any(|constant| *constant != 0.0));
            Phase {
                name: name.map_or_else(|| format!("phase {k}"), str::to_owned),
                laue_group: symmetry::of_dream3d(numbers[k]).into(),
                lattice,
            }
        };
        return Ok((1..count).map(phase).collect());
    }
    Err(file.bad(
        container,
        "expected the ensemble array CrystalStructures in one of its groups",
    ))
}
