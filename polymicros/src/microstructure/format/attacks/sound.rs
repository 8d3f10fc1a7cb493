//! A small sound file of each format.

use crate::microstructure::{Grid, LengthUnit, Microstructure, Origin};
use crate::{Error, Result};
use hdf5_pure::{
    AttrValue, CompoundTypeBuilder, Datatype, make_f32_type, make_i32_type, make_u8_type,
};
use ndarray::Array4;
use ndarray_npy::WriteNpyExt;
use std::path::Path;

/// A small valid map in the `.ang` format: two phases, one point not indexed.
pub(in crate::microstructure::format) fn ang() -> String {
    let mut text = String::from(
        "# TEM_PIXperUM 1.0\n# Phase 1\n# MaterialName A\n# Symmetry 43\n\
         # LatticeConstants 3.5 3.5 3.5 90 90 90\n# Phase 2\n# MaterialName B\n# Symmetry 62\n\
         # GRID: SqrGrid\n# XSTEP: 0.5\n# YSTEP: 0.25\n# NCOLS_ODD: 3\n# NCOLS_EVEN: 3\n\
         # NROWS: 2\n#\n",
    );
    for k in 0..6 {
        let (x, y) = (f64::from(k % 3) * 0.5, f64::from(k / 3) * 0.25);
        let confidence = if k == 4 { -1.0 } else { 0.5 };
        text += &format!(
            "0.{k} 1.0 2.0 {x} {y} 10{k}.5 {confidence} {} 1.5 0.3\n",
            1 + k % 2
        );
    }
    text
}

/// A valid archive.
pub(super) fn npz(folder: &Path) -> Result<Vec<u8>> {
    let path = folder.join("sound.npz");
    let grid = Grid::with_spacing([2, 3, 2], [0.5, 0.5, 1.0], LengthUnit::Micrometre)?;
    let euler = Array4::from_shape_fn((3, 2, 3, 2), |(c, x, y, z)| (c + x + y + z) as f32 * 0.1);
    Microstructure::new("m", Origin::Synthetic("ramp".into()), grid, euler)?.save(&path)?;
    std::fs::read(&path).map_err(|e| Error::io(&path, e))
}

/// A valid bare array: a map of 2 x 3 points.
pub(super) fn npy() -> Result<Vec<u8>> {
    let euler = ndarray::Array3::from_shape_fn((3, 2, 3), |(c, x, y)| (c + x + y) as f32 * 0.1);
    let mut bytes = Vec::new();
    euler
        .write_npy(&mut bytes)
        .map_err(|e| Error::value("array", e.to_string()))?;
    Ok(bytes)
}

/// A LabDCT file of the given spacing with these datasets.
pub(super) fn lab_dct_with(fill: impl FnOnce(&mut hdf5_pure::GroupBuilder)) -> Result<Vec<u8>> {
    let mut file = hdf5_pure::FileBuilder::new();
    let mut scan = file.create_group("LabDCT");
    scan.create_dataset("Spacing")
        .with_f64_data(&[0.5; 3])
        .with_shape(&[3]);
    let mut data = scan.create_group("Data");
    fill(&mut data);
    scan.add_group(data.finish());
    file.add_group(scan.finish());
    file.finish()
        .map_err(|e| Error::value("HDF5", e.to_string()))
}

/// A valid LabDCT file.
pub(super) fn lab_dct() -> Result<Vec<u8>> {
    lab_dct_with(|data| {
        data.create_dataset("Rodrigues")
            .with_f32_data(&[0.1; 72])
            .with_shape(&[2, 3, 4, 3]);
        data.create_dataset("GrainId")
            .with_i32_data(&[1; 24])
            .with_shape(&[2, 3, 4]);
    })
}

/// A valid map in the `.ctf` format.
pub(super) fn ctf() -> String {
    let mut text = String::from(
        "Channel Text File\r\nJobMode\tGrid\r\nXCells\t3\r\nYCells\t2\r\nXStep\t0,5\r\n\
         YStep\t0,5\r\nPhases\t1\r\n3,5;3,5;3,5\t90;90;90\tNickel\t11\t225\r\n\
         Phase\tX\tY\tEuler1\tEuler2\tEuler3\tMAD\r\n",
    );
    for k in 0..6 {
        let (x, y) = (5 * (k % 3), 5 * (k / 3));
        text += &format!(
            "1\t{}\t{}\t1{k},5\t20,5\t30,5\t0,6\r\n",
            tenths(x),
            tenths(y)
        );
    }
    text
}

pub(super) fn tenths(n: i32) -> String {
    format!("{},{}", n / 10, n % 10)
}

/// A valid raster tessellation: two cells and a void.
pub(in crate::microstructure::format) fn neper() -> String {
    "***tesr\n **format\n  2.0 ascii\n **general\n  3\n  3 2 1\n  0.5 0.5 0.25\n  *origin\n   -1 0 0\n \
     **cell\n  2\n  *id\n   1 3\n  *crysym\n   cubic\n  *ori\n   euler-bunge:passive\n   10 20 30\n   \
     -10 40 0\n **data\n1 3 0\n3 3 1\n***end\n"
        .into()
}

/// A valid file of pymicro's, with this phase for its grain.
pub(super) fn pymicro(phase: u8) -> Result<Vec<u8>> {
    let mut file = hdf5_pure::FileBuilder::new();
    let mut cells = file.create_group("CellData");
    cells.set_attr("dimension", AttrValue::I64Array(vec![3, 2, 1]));
    cells.set_attr("spacing", AttrValue::F64Array(vec![0.5; 3]));
    cells.set_attr("origin", AttrValue::F64Array(vec![0.0; 3]));
    cells
        .create_dataset("grain_map")
        .with_u16_data(&[7, 7, 0, 7, 7, 7])
        .with_shape(&[1, 2, 3]);
    file.add_group(cells.finish());
    let mut grains = file.create_group("GrainData");
    let vector = Datatype::Array {
        base_type: Box::new(make_f32_type()),
        dimensions: vec![3],
    };
    let row = CompoundTypeBuilder::new()
        .field("idnumber", make_i32_type())
        .field("orientation", vector)
        .field("phase", make_u8_type())
        .build()
        .map_err(|e| Error::value("HDF5", e.to_string()))?;
    let mut bytes = 7i32.to_le_bytes().to_vec();
    bytes.extend([0.1f32, 0.2, 0.3].iter().flat_map(|v| v.to_le_bytes()));
    bytes.push(phase);
    grains
        .create_dataset("GrainDataTable")
        .with_compound_data(row, bytes, 1);
    file.add_group(grains.finish());
    file.finish()
        .map_err(|e| Error::value("HDF5", e.to_string()))
}

/// A valid `.cpr` and its `.crc`.
pub(super) fn oxford() -> (String, Vec<u8>) {
    let text = "[General]\nJobMode=RegularGrid\n[Job]\nGridDistX=0.5\nGridDistY=0.5\nxCells=3\n\
                yCells=2\n[Fields]\nCount=4\nField1=3\nField2=4\nField3=5\nField4=7\n[Phases]\n\
                Count=1\n[Phase1]\nStructureName=Ni\na=3.5\nb=3.5\nc=3.5\nalpha=90\nbeta=90\n\
                gamma=90\nLaueGroup=11\n";
    let record: Vec<u8> = [&[1][..], &[0x00, 0x00, 0x80, 0x3f].repeat(3), &[77]].concat();
    (text.into(), record.repeat(6))
}

/// A valid DREAM.3D file; the Euler angles are those given.
pub(super) fn dream3d(angles: &[f32; 18], phase: i32) -> Result<Vec<u8>> {
    let mut file = hdf5_pure::FileBuilder::new();
    let mut all = file.create_group("DataContainers");
    let mut container = all.create_group("Image");
    let mut geometry = container.create_group("_SIMPL_GEOMETRY");
    geometry
        .create_dataset("DIMENSIONS")
        .with_i64_data(&[3, 2, 1])
        .with_shape(&[3]);
    geometry
        .create_dataset("SPACING")
        .with_f32_data(&[0.5; 3])
        .with_shape(&[3]);
    geometry
        .create_dataset("ORIGIN")
        .with_f32_data(&[0.0; 3])
        .with_shape(&[3]);
    container.add_group(geometry.finish());
    let mut cells = container.create_group("Cells");
    cells
        .create_dataset("EulerAngles")
        .with_f32_data(angles)
        .with_shape(&[1, 2, 3, 3]);
    cells
        .create_dataset("Phases")
        .with_i32_data(&[phase; 6])
        .with_shape(&[1, 2, 3, 1]);
    container.add_group(cells.finish());
    let mut ensemble = container.create_group("Ensemble");
    ensemble
        .create_dataset("CrystalStructures")
        .with_u32_data(&[999, 1])
        .with_shape(&[2, 1]);
    container.add_group(ensemble.finish());
    all.add_group(container.finish());
    file.add_group(all.finish());
    file.finish()
        .map_err(|e| Error::value("HDF5", e.to_string()))
}

/// A valid EDAX file of `rows` x 2 points; the header promises 2 x 2.
pub(super) fn edax(rows: u64, phase: i8) -> Result<Vec<u8>> {
    let mut file = hdf5_pure::FileBuilder::new();
    let mut scan = file.create_group("Scan 1");
    let mut ebsd = scan.create_group("EBSD");
    let mut header = ebsd.create_group("Header");
    let texts = |e: hdf5_pure::FormatError| Error::value("HDF5", e.to_string());
    let grid = header.create_dataset("Grid Type");
    grid.with_ascii_strings(&["SqrGrid"]).map_err(texts)?;
    let mut phases = header.create_group("Phase");
    let mut first = phases.create_group("1");
    let name = first.create_dataset("MaterialName");
    name.with_ascii_strings(&["Nickel"]).map_err(texts)?;
    first
        .create_dataset("Symmetry")
        .with_i32_data(&[43])
        .with_shape(&[1]);
    for letter in ["a", "b", "c", "alpha", "beta", "gamma"] {
        let constant = first.create_dataset(&format!("Lattice Constant {letter}"));
        constant.with_f32_data(&[3.5]).with_shape(&[1]);
    }
    phases.add_group(first.finish());
    header.add_group(phases.finish());
    header
        .create_dataset("nColumns")
        .with_i32_data(&[2])
        .with_shape(&[1]);
    header
        .create_dataset("nRows")
        .with_i32_data(&[2])
        .with_shape(&[1]);
    header
        .create_dataset("Step X")
        .with_f32_data(&[0.5])
        .with_shape(&[1]);
    header
        .create_dataset("Step Y")
        .with_f32_data(&[0.5])
        .with_shape(&[1]);
    ebsd.add_group(header.finish());
    let mut data = ebsd.create_group("Data");
    let count = 2 * rows as usize;
    let mut put = |name: &str, value: &dyn Fn(usize) -> f32| {
        let values: Vec<f32> = (0..count).map(value).collect();
        data.create_dataset(name)
            .with_f32_data(&values)
            .with_shape(&[count as u64]);
    };
    for name in ["Phi1", "Phi", "Phi2", "CI"] {
        put(name, &|_| 0.5);
    }
    put("X Position", &|k| (k % 2) as f32 * 0.5);
    put("Y Position", &|k| (k / 2) as f32 * 0.5);
    let phases = vec![phase; count];
    data.create_dataset("Phase")
        .with_i8_data(&phases)
        .with_shape(&[count as u64]);
    ebsd.add_group(data.finish());
    scan.add_group(ebsd.finish());
    file.add_group(scan.finish());
    file.finish()
        .map_err(|e| Error::value("HDF5", e.to_string()))
}

/// The sound files of all formats, by name. The `.cpr` finds its `.crc` in the folder.
pub(super) fn sound(folder: &Path) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let (cpr, crc) = oxford();
    std::fs::write(folder.join("a.crc"), &crc).map_err(|e| Error::io(folder, e))?;
    Ok(vec![
        ("a.ang", ang().into_bytes()),
        ("a.npz", npz(folder)?),
        ("a.npy", npy()?),
        ("a.h5", lab_dct()?),
        ("a.ctf", ctf().into_bytes()),
        ("a.dream3d", dream3d(&[0.5; 18], 1)?),
        ("b.h5", edax(2, 0)?),
        ("a.cpr", cpr.into_bytes()),
        ("a.tesr", neper().into_bytes()),
        ("c.h5", pymicro(1)?),
    ])
}
