//! Laboratory diffraction contrast tomography: HDF5 as Xnovo's GrainMapper3D writes it.
//!
//! Datasets are in axis order `z, y, x`. `LabDCT/Data/Rodrigues` holds rotations from crystal
//! to sample (the file's own inverse pole figure colours along z settle that, see the tests); a
//! voxel of phase 0 is not indexed. Lengths are in millimetres.

use super::hdf5::{self, Hdf5, to_xyz};
use super::symmetry::{self, unknown_phase};
use super::{Format, identity};
use crate::microstructure::{Grid, LengthUnit, Microstructure, Phase};
use crate::orientation::{Euler, Rodrigues};
use crate::{Error, Result};
use ndarray::{Array3, Array4, Axis};
use rayon::prelude::*;
use std::path::Path;

/// The Xnovo LabDCT format.
pub(super) struct LabDct;

impl Format for LabDct {
    fn name(&self) -> &'static str {
        "Xnovo LabDCT HDF5"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["h5", "hdf5"]
    }

    fn recognises(&self, path: &Path, head: &[u8]) -> bool {
        hdf5::is_container(head) && Hdf5::open(path).is_ok_and(|file| file.has_group("LabDCT/Data"))
    }

    fn read(&self, path: &Path) -> Result<Microstructure> {
        read(path)
    }
}

const RODRIGUES: &str = "LabDCT/Data/Rodrigues";
const PHASE: &str = "LabDCT/Data/PhaseId";
const GRAIN: &str = "LabDCT/Data/GrainId";
const MASK: &str = "LabDCT/Data/Mask";
const COMPLETENESS: &str = "LabDCT/Data/Completeness";
const SPACING: &str = "LabDCT/Spacing";

fn read(path: &Path) -> Result<Microstructure> {
    let file = Hdf5::open(path)?;
    let shape = file.shape(RODRIGUES)?;
    let [nz, ny, nx, 3] = shape[..] else {
        let problem = format!("expected the shape (z, y, x, 3), found {shape:?}");
        return Err(file.bad(RODRIGUES, problem));
    };
    let stored = [nz, ny, nx];
    let spacing = file.f64(SPACING, &[3])?;
    let spacing = [spacing[0], spacing[1], spacing[2]];
    let mut grid = Grid::with_spacing([nx, ny, nz], spacing, LengthUnit::Millimetre)
        .map_err(|e| Error::format(path, "grid", e.to_string()))?;
    grid.origin = origin(&file, &grid)?;

    let phases = phases(&file)?;
    let phase = phase_map(&file, &stored, phases.len())?;
    let euler = euler_angles(&file, stored, &phase)?;
    let mut mask = phase.mapv(|phase| phase > 0);
    if file.has(MASK) {
        let inside = to_xyz(
            &file.i64(MASK, &stored)?,
            stored,
            |_, inside| Ok(inside > 0),
        )?;
        mask.zip_mut_with(&inside, |valid, inside| *valid &= inside);
    }

    let (name, origin) = identity(path);
    let mut made = Microstructure::new(name, origin, grid, euler)?
        .with_phases(phases, phase)?
        .with_mask(mask)?;
    if file.has(GRAIN) {
        let ids = to_xyz(&file.i64(GRAIN, &stored)?, stored, |index, id| {
            // Negative numbers mark voxels outside every grain.
            u32::try_from(id.max(0)).map_err(|_| {
                file.bad(
                    GRAIN,
                    format!("grain {id} at voxel {index} exceeds 32 bits"),
                )
            })
        })?;
        made = made.with_grain_ids(ids)?;
    }
    if file.has(COMPLETENESS) {
        let values = to_xyz(&file.f32(COMPLETENESS, &stored)?, stored, |_, v| Ok(v))?;
        made = made.with_property("completeness", values)?;
    }
    Ok(made)
}

/// The position of the first voxel. The header gives the centre and extent of the scan, which
/// say nothing of this grid where the volume was cropped afterwards: then it is left at zero.
fn origin(file: &Hdf5, grid: &Grid) -> Result<[f64; 3]> {
    if !file.has("LabDCT/Center") || !file.has("LabDCT/Extent") {
        return Ok([0.0; 3]);
    }
    let centre = file.f64("LabDCT/Center", &[3])?;
    let extent = file.f64("LabDCT/Extent", &[3])?;
    let whole = (0..3).all(|axis| {
        (extent[axis] - grid.extent()[axis]).abs() < 0.5 * grid.spacing[axis]
            && centre[axis].is_finite()
    });
    if !whole {
        return Ok([0.0; 3]);
    }
    Ok(std::array::from_fn(|axis| {
        centre[axis] - 0.5 * (grid.extent()[axis] - grid.spacing[axis])
    }))
}

fn phases(file: &Hdf5) -> Result<Vec<Phase>> {
    let mut phases = Vec::new();
    if !file.has_group("PhaseInfo") {
        return Ok(vec![unknown_phase("unknown")]);
    }
    for group in file.groups("PhaseInfo")? {
        let Some(number) = group
            .strip_prefix("Phase")
            .and_then(|n| n.parse::<usize>().ok())
        else {
            continue;
        };
        if phases.len() + 1 != number {
            let problem = format!("found {group} as phase {} of the file", phases.len() + 1);
            return Err(file.bad("PhaseInfo", problem));
        }
        let at = |entry: &str| format!("PhaseInfo/{group}/{entry}");
        let mut phase = unknown_phase(group.clone());
        if file.has(&at("Name")) {
            phase.name = file.text(&at("Name"))?;
        }
        if file.has(&at("SpaceGroup")) {
            let number = file.i64(&at("SpaceGroup"), &[1])?[0];
            phase.laue_group = symmetry::of_space_group(number).into();
        }
        if file.has(&at("UnitCell")) {
            let cell = file.f64(&at("UnitCell"), &[6])?;
            phase.lattice = Some(std::array::from_fn(|k| cell[k]));
        }
        phases.push(phase);
    }
    Ok(phases)
}

/// Phase of each voxel. A file without phase numbers has one phase, wherever there is a grain.
fn phase_map(file: &Hdf5, stored: &[usize; 3], declared: usize) -> Result<Array3<u8>> {
    if !file.has(PHASE) {
        return to_xyz(&file.i64(GRAIN, stored)?, *stored, |_, id| {
            Ok(u8::from(id > 0))
        });
    }
    to_xyz(&file.i64(PHASE, stored)?, *stored, |index, phase| {
        u8::try_from(phase)
            .ok()
            .filter(|&phase| usize::from(phase) <= declared)
            .ok_or_else(|| {
                let problem =
                    format!("phase {phase} at voxel {index}, but PhaseInfo declares {declared}");
                file.bad(PHASE, problem)
            })
    })
}

fn euler_angles(file: &Hdf5, stored: [usize; 3], phase: &Array3<u8>) -> Result<Array4<f32>> {
    let [nz, ny, nx] = stored;
    let rodrigues = file.f32(RODRIGUES, &[nz, ny, nx, 3])?;
    let mut euler = Array4::zeros((3, nx, ny, nz));
    euler
        .axis_iter_mut(Axis(1))
        .into_par_iter()
        .enumerate()
        .try_for_each(|(x, mut plane)| {
            for (y, z) in (0..ny).flat_map(|y| (0..nz).map(move |z| (y, z))) {
                if phase[[x, y, z]] == 0 {
                    continue;
                }
                let at = 3 * ((z * ny + y) * nx + x);
                let vector = [0, 1, 2].map(|k| f64::from(rodrigues[at + k]));
                if !vector.iter().all(|c| c.is_finite()) {
                    let problem =
                        format!("{vector:?} at (z, y, x) = ({z}, {y}, {x}): expected numbers");
                    return Err(file.bad(RODRIGUES, problem));
                }
                let angles = Euler::from(Rodrigues::from_crystal_to_sample(vector));
                for (channel, angle) in <[f64; 3]>::from(angles).into_iter().enumerate() {
                    plane[[channel, y, z]] = angle as f32;
                }
            }
            Ok(())
        })?;
    Ok(euler)
}
