//! Writing DREAM.3D files: the layout of version 7.0, as DREAM.3D 6.5 writes it itself.
//!
//! Lengths of a known unit are turned into micrometres. The layout has single precision for
//! spacing, origin and lattice constants.

use super::super::symmetry::{UNKNOWN_TO_DREAM3D, to_dream3d};
use crate::microstructure::{LengthUnit, Microstructure};
use crate::{Error, Result};
use hdf5_pure::{
    AttrValue, CharacterSet, DatasetBuilder, Datatype, FileBuilder, GroupBuilder, LibVer,
    StringPadding, make_u8_type,
};
use std::fs::File;
use std::path::Path;

const CONTAINER: &str = "ImageDataContainer";
const CELLS: &str = "CellData";
const ENSEMBLE: &str = "CellEnsembleData";

/// DREAM.3D's numbers for the kinds of attribute matrices.
const CELL_MATRIX: u32 = 3;
const ENSEMBLE_MATRIX: u32 = 11;

/// What DREAM.3D wants to find of a pipeline that had no filters.
const NO_PIPELINE: &str =
    r#"{"PipelineBuilder": {"Name": "Pipeline", "Number_Filters": 0, "Version": 6}}"#;

/// Writes a microstructure.
pub(super) fn write(made: &Microstructure, out: &mut File, path: &Path) -> Result<()> {
    let mut file = FileBuilder::new();
    // DREAM.3D 6 is built on HDF5 1.8 or 1.10.
    file.with_libver_bounds(LibVer::Earliest, LibVer::V18);
    file.set_attr("FileVersion", text("7.0"));
    let writer = concat!("PolyMicros ", env!("CARGO_PKG_VERSION"));
    file.set_attr("DREAM3D Version", text(writer));

    let mut containers = file.create_group("DataContainers");
    let mut container = containers.create_group(CONTAINER);
    geometry(made, &mut container);
    cells(made, &mut container)?;
    ensemble(made, &mut container);
    containers.add_group(container.finish());
    file.add_group(containers.finish());
    for empty in ["DataContainerBundles", "Montages"] {
        let group = file.create_group(empty).finish();
        file.add_group(group);
    }
    let mut pipeline = file.create_group("Pipeline");
    pipeline.set_attr("Current Pipeline", text("Pipeline"));
    pipeline.set_attr("Pipeline Version", AttrValue::I32Array(vec![2]));
    pipeline
        .create_dataset("Pipeline")
        .with_ascii_strings(&[NO_PIPELINE])
        .map_err(|e| Error::format(path, "dataset Pipeline", e.to_string()))?
        .with_shape(&[]);
    file.add_group(pipeline.finish());
    file.finish_to(out)
        .map_err(|e| Error::format(path, "HDF5 file", format!("is not written: {e}")))
}

fn geometry(made: &Microstructure, container: &mut GroupBuilder) {
    let grid = made.grid();
    let scale = match grid.unit {
        LengthUnit::Nanometre => 1e-3,
        LengthUnit::Millimetre => 1e3,
        LengthUnit::Micrometre | LengthUnit::Voxel => 1.0,
    };
    let lengths = |values: [f64; 3]| values.map(|length| (length * scale) as f32);
    // DREAM.3D's origin is the corner of the first cell.
    let corner = std::array::from_fn(|axis| grid.origin[axis] - 0.5 * grid.spacing[axis]);
    let mut group = container.create_group("_SIMPL_GEOMETRY");
    group.set_attr("GeometryName", text("ImageGeometry"));
    group.set_attr("GeometryTypeName", text("ImageGeometry"));
    for (name, value) in [
        ("GeometryType", 0),
        ("SpatialDimensionality", 3),
        ("UnitDimensionality", 3),
    ] {
        group.set_attr(name, AttrValue::U32Array(vec![value]));
    }
    group
        .create_dataset("DIMENSIONS")
        .with_i64_data(&grid.shape.map(|edge| edge as i64));
    group
        .create_dataset("ORIGIN")
        .with_f32_data(&lengths(corner));
    group
        .create_dataset("SPACING")
        .with_f32_data(&lengths(grid.spacing));
    container.add_group(group.finish());
}

fn cells(made: &Microstructure, container: &mut GroupBuilder) -> Result<()> {
    let shape = made.grid().shape;
    let mut matrix = Matrix::new(container, CELLS, CELL_MATRIX, &shape);
    matrix.array("EulerAngles", "DataArray<float>", 3, |array| {
        let euler = made.euler();
        array.with_f32_data(&flat(shape, 3, |[x, y, z], c| euler[[c, x, y, z]]));
    });
    matrix.array("Phases", "DataArray<int32_t>", 1, |array| {
        array.with_i32_data(&flat(shape, 1, |at, _| made.phase()[at].into()));
    });
    matrix.array("Mask", "DataArray<bool>", 1, |array| {
        array.with_u8_data(&flat(shape, 1, |at, _| made.mask()[at].into()));
    });
    if let Some(ids) = made.grain_ids() {
        if let Some(id) = ids.iter().find(|id| i32::try_from(**id).is_err()) {
            let problem = format!("{id} is more than the layout's 31 bits hold");
            return Err(Error::value("grain ids", problem));
        }
        matrix.array("FeatureIds", "DataArray<int32_t>", 1, |array| {
            array.with_i32_data(&flat(shape, 1, |at, _| ids[at] as i32));
        });
    }
    for (name, values) in made.properties() {
        // A slash would separate groups.
        let name = name.replace('/', "|");
        if ["EulerAngles", "Phases", "Mask", "FeatureIds"].contains(&name.as_str()) {
            let problem = "this name is taken by DREAM.3D's own array: rename the property";
            return Err(Error::value(format!("property `{name}`"), problem));
        }
        matrix.array(&name, "DataArray<float>", 1, |array| {
            array.with_f32_data(&flat(shape, 1, |at, _| values[at]));
        });
    }
    let matrix = matrix.group.finish();
    container.add_group(matrix);
    Ok(())
}

/// The phases, behind one that stands for "not indexed".
fn ensemble(made: &Microstructure, container: &mut GroupBuilder) {
    let phases = made.phases();
    let tuples = [1 + phases.len()];
    let mut matrix = Matrix::new(container, ENSEMBLE, ENSEMBLE_MATRIX, &tuples);
    let mut structures = vec![UNKNOWN_TO_DREAM3D];
    structures.extend(phases.iter().map(|phase| to_dream3d(&phase.laue_group)));
    matrix.array("CrystalStructures", "DataArray<uint32_t>", 1, |array| {
        array.with_u32_data(&structures);
    });
    let lattices = phases.iter().map(|phase| phase.lattice.unwrap_or_default());
    let constants = std::iter::once([0.0; 6]).chain(lattices).flatten();
    let constants: Vec<f32> = constants.map(|constant| constant as f32).collect();
    matrix.array("LatticeConstants", "DataArray<float>", 6, |array| {
        array.with_f32_data(&constants);
    });
    // DREAM.3D reads its texts as ASCII, and the HDF5 library does not convert.
    let ascii = |name: &str| name.replace(|c: char| !c.is_ascii() || c == '\0', "?");
    let mut names = vec!["Invalid Phase".to_owned()];
    names.extend(phases.iter().map(|phase| ascii(&phase.name)));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    matrix.array("MaterialName", "StringDataArray", 1, |array| {
        let texts = Datatype::VariableLength {
            is_string: true,
            padding: Some(StringPadding::NullTerminate),
            charset: Some(CharacterSet::Ascii),
            base_type: Box::new(make_u8_type()),
        };
        array.with_vlen_strings(&names).with_dtype(texts);
    });
    let matrix = matrix.group.finish();
    container.add_group(matrix);
}

/// An attribute matrix: arrays of one number of tuples.
struct Matrix<'a> {
    group: GroupBuilder,
    tuples: &'a [usize],
}

impl<'a> Matrix<'a> {
    fn new(container: &mut GroupBuilder, name: &str, kind: u32, tuples: &'a [usize]) -> Self {
        let mut group = container.create_group(name);
        group.set_attr("AttributeMatrixType", AttrValue::U32Array(vec![kind]));
        group.set_attr("TupleDimensions", sizes(tuples));
        Matrix { group, tuples }
    }

    /// An array, with `components` for each tuple, and the attributes that DREAM.3D reads it by.
    /// Texts have no axis for components.
    fn array(
        &mut self,
        name: &str,
        kind: &str,
        components: usize,
        fill: impl FnOnce(&mut DatasetBuilder),
    ) {
        let mut shape: Vec<u64> = self.tuples.iter().rev().map(|&edge| edge as u64).collect();
        if kind != "StringDataArray" {
            shape.push(components as u64);
        }
        let axes: Vec<String> = ["x", "y", "z"]
            .iter()
            .zip(self.tuples)
            .map(|(axis, edge)| format!("{axis}={edge}"))
            .collect();
        let array = self.group.create_dataset(name);
        fill(array);
        array
            .with_shape(&shape)
            .set_attr("ComponentDimensions", sizes(&[components]))
            .set_attr("DataArrayVersion", AttrValue::I32Array(vec![2]))
            .set_attr("ObjectType", text(kind))
            .set_attr("Tuple Axis Dimensions", text(&axes.join(",")))
            .set_attr("TupleDimensions", sizes(self.tuples));
    }
}

/// Values in DREAM.3D's order: `z, y, x, component`.
fn flat<T>(
    [nx, ny, nz]: [usize; 3],
    components: usize,
    value: impl Fn([usize; 3], usize) -> T,
) -> Vec<T> {
    let mut out = Vec::with_capacity(nx * ny * nz * components);
    for z in 0..nz {
        for y in 0..ny {
            for x in 0..nx {
                out.extend((0..components).map(|c| value([x, y, z], c)));
            }
        }
    }
    out
}

fn text(value: &str) -> AttrValue {
    AttrValue::AsciiString(value.to_owned())
}

fn sizes(values: &[usize]) -> AttrValue {
    AttrValue::U64Array(values.iter().map(|&value| value as u64).collect())
}
