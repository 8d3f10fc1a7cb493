//! Volumes of grains in HDF5 as pymicro writes them: `CellData` holds the grain of each voxel (axis
//! order `z, y, x`), and `GrainData/GrainDataTable` a Rodrigues vector for each grain.
//!
//! The vectors turn the sample's axes into the crystal's. Lengths are in millimetres. A grain's phase
//! is that of the table; the map of phases and the mask, which may be there, are not read.

use super::Format;
use super::grain_map::{GrainMap, TableRow};
use super::hdf5::{self, Hdf5, to_xyz};
use super::symmetry::{of_crystal_system, unknown_phase};
use crate::microstructure::{Grid, LengthUnit, Microstructure, Phase};
use crate::orientation::Rodrigues;
use crate::{Error, Result};
use hdf5_pure::{CompoundField, CompoundType, Datatype, FormatError};
use std::collections::BTreeMap;
use std::path::Path;

/// The format of pymicro's microstructures.
pub(super) struct Pymicro;

const CELLS: &str = "CellData";
const TABLE: &str = "GrainData/GrainDataTable";
const PHASES: &str = "PhaseData";

impl Format for Pymicro {
    fn name(&self) -> &'static str {
        "pymicro HDF5"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["h5"]
    }

    fn recognises(&self, path: &Path, head: &[u8]) -> bool {
        hdf5::is_container(head)
            && Hdf5::open(path).is_ok_and(|file| file.has_group(CELLS) && file.has(TABLE))
    }

    fn read(&self, path: &Path) -> Result<Microstructure> {
        read(path)
    }
}

fn read(path: &Path) -> Result<Microstructure> {
    let file = Hdf5::open(path)?;
    let map = match file.attribute_text(CELLS, "active_grain_map") {
        Ok(name) => format!("{CELLS}/{name}"),
        Err(_) => format!("{CELLS}/grain_map"),
    };
    let shape = file.shape(&map)?;
    let [nz, ny, nx] = shape[..] else {
        return Err(file.bad(
            &map,
            format!("expected the axes z, y, x, found the shape {shape:?}"),
        ));
    };
    let stored = [nz, ny, nx];
    let dimension = file.attribute_numbers(CELLS, "dimension")?;
    if dimension != [nx, ny, nz].map(|edge| edge as f64) {
        let problem = format!(
            "expected z, y, x reversed from the attribute dimension {dimension:?} of {CELLS}, \
             found {stored:?}"
        );
        return Err(file.bad(&map, problem));
    }
    let three = |name: &str| -> Result<[f64; 3]> {
        let found = file.attribute_numbers(CELLS, name)?;
        found[..].try_into().map_err(|_| {
            let problem = format!("expected three numbers as {name}, found {found:?}");
            Error::format(path, format!("group {CELLS}"), problem)
        })
    };
    let spacing = three("spacing")?;
    let corner = three("origin")?;
    let mut grid = Grid::with_spacing([nx, ny, nz], spacing, LengthUnit::Millimetre)
        .map_err(|e| Error::format(path, format!("group {CELLS}"), e.to_string()))?;
    // The file's origin is the corner of the first voxel.
    grid.origin = std::array::from_fn(|axis| corner[axis] + 0.5 * spacing[axis]);

    let phases = phases(&file)?;
    let ids = to_xyz(&file.i64(&map, &stored)?, stored, |voxel, id| {
        // Negative numbers mark voxels outside every grain.
        u32::try_from(id.max(0))
            .map_err(|_| file.bad(&map, format!("grain {id} at voxel {voxel} exceeds 32 bits")))
    })?;
    let volume = GrainMap {
        grid,
        ids,
        table: table(&file, phases.len())?,
        phases,
    };
    volume.into_map(path, &format!("dataset {map}"))
}

fn table(file: &Hdf5, phases: usize) -> Result<BTreeMap<u32, TableRow>> {
    let mut table = BTreeMap::new();
    for grain in file.compounds::<Grain>(TABLE)? {
        let bad = |problem: &str| file.bad(TABLE, format!("grain {}: {problem}", grain.id));
        let id = u32::try_from(grain.id).map_err(|_| bad("expected a positive number"))?;
        if !grain.orientation.iter().all(|number| number.is_finite()) {
            return Err(bad("its orientation has a number that is not finite"));
        }
        if grain.phase == 0 || usize::from(grain.phase) > phases {
            let problem = format!("phase {}, but {PHASES} declares {phases}", grain.phase);
            return Err(bad(&problem));
        }
        let vector = Rodrigues::from_crystal_to_sample(grain.orientation.map(f64::from));
        let row = TableRow {
            orientation: vector.into(),
            phase: grain.phase,
        };
        if table.insert(id, row).is_some() {
            return Err(bad("stands in the table twice"));
        }
    }
    Ok(table)
}

/// The declared phases, which must be numbered from 1 on.
fn phases(file: &Hdf5) -> Result<Vec<Phase>> {
    if !file.has_group(PHASES) {
        return Ok(vec![unknown_phase("unknown")]);
    }
    let mut phases = Vec::new();
    for name in file.groups(PHASES)? {
        let group = format!("{PHASES}/{name}");
        let number = file.attribute_numbers(&group, "phase_id")?;
        if number != [(phases.len() + 1) as f64] {
            let problem = format!("expected phase_id {}, found {number:?}", phases.len() + 1);
            return Err(file.bad(&group, problem));
        }
        let mut phase = unknown_phase(file.attribute_text(&group, "name")?);
        let system = file.attribute_text(&group, "symmetry")?;
        phase.laue_group = of_crystal_system(&system).into();
        phases.push(phase);
    }
    if phases.len() > usize::from(u8::MAX) {
        return Err(file.bad(PHASES, "more than 255 phases"));
    }
    Ok(phases)
}

/// A row of the table: what is needed of it.
struct Grain {
    id: i32,
    orientation: [f32; 3],
    phase: u8,
}

impl CompoundType for Grain {
    /// Nothing writes this table.
    fn datatype() -> Result<Datatype, FormatError> {
        Err(missing("a writer"))
    }

    fn encode(&self, _output: &mut Vec<u8>) {}

    fn decode(datatype: &Datatype, bytes: &[u8]) -> Result<Self, FormatError> {
        let (of, id) = member(datatype, bytes, "idnumber")?;
        let id = i32::decode_field(of, id)?;
        let (of, phase) = member(datatype, bytes, "phase")?;
        let phase = u8::decode_field(of, phase)?;
        let (of, vector) = member(datatype, bytes, "orientation")?;
        let Datatype::Array { base_type, .. } = of else {
            return Err(missing("orientation as an array"));
        };
        let numbers = vector
            .chunks_exact(4)
            .map(|bytes| f32::decode_field(base_type, bytes))
            .collect::<Result<Vec<f32>, _>>()?;
        let orientation = numbers[..]
            .try_into()
            .map_err(|_| missing("orientation of three numbers"))?;
        Ok(Grain {
            id,
            orientation,
            phase,
        })
    }
}

/// A member of a compound value: its type and its bytes.
fn member<'a>(
    datatype: &'a Datatype,
    bytes: &'a [u8],
    name: &str,
) -> Result<(&'a Datatype, &'a [u8]), FormatError> {
    let Datatype::Compound { members, .. } = datatype else {
        return Err(missing("a compound type"));
    };
    let member = members.iter().find(|member| member.name == name);
    let member = member.ok_or_else(|| missing(name))?;
    let start = usize::try_from(member.byte_offset).ok();
    let size = usize::try_from(member.datatype.type_size()).ok();
    start
        .and_then(|start| bytes.get(start..start.checked_add(size?)?))
        .map(|bytes| (&member.datatype, bytes))
        .ok_or_else(|| missing(name))
}

fn missing(what: &str) -> FormatError {
    FormatError::CompoundFieldTypeMismatch(what.to_owned())
}
