//! Files made wrong on purpose: every reader answers with an error, or reads; none panics.

use super::formats;
use crate::microstructure::{Field, Grid, LengthUnit, Microstructure, Origin};
use crate::{Error, Result};
use hdf5_pure::{
    AttrValue, CompoundTypeBuilder, Datatype, make_f32_type, make_i32_type, make_u8_type,
};
use ndarray::Array4;
use ndarray_npy::WriteNpyExt;
use proptest::prelude::*;
use std::path::Path;

/// A small valid map in the `.ang` format: two phases, one point not indexed.
pub(super) fn ang() -> String {
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
fn npz(folder: &Path) -> Result<Vec<u8>> {
    let path = folder.join("sound.npz");
    let grid = Grid::with_spacing([2, 3, 2], [0.5, 0.5, 1.0], LengthUnit::Micrometre)?;
    let euler = Array4::from_shape_fn((3, 2, 3, 2), |(c, x, y, z)| (c + x + y + z) as f32 * 0.1);
    Microstructure::new("m", Origin::Synthetic("ramp".into()), grid, euler)?.save(&path)?;
    std::fs::read(&path).map_err(|e| Error::io(&path, e))
}

/// A valid bare array: a map of 2 x 3 points.
fn npy() -> Result<Vec<u8>> {
    let euler = ndarray::Array3::from_shape_fn((3, 2, 3), |(c, x, y)| (c + x + y) as f32 * 0.1);
    let mut bytes = Vec::new();
    euler
        .write_npy(&mut bytes)
        .map_err(|e| Error::value("array", e.to_string()))?;
    Ok(bytes)
}

/// A LabDCT file of the given spacing with these datasets.
fn lab_dct_with(fill: impl FnOnce(&mut hdf5_pure::GroupBuilder)) -> Result<Vec<u8>> {
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
fn lab_dct() -> Result<Vec<u8>> {
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
fn ctf() -> String {
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

fn tenths(n: i32) -> String {
    format!("{},{}", n / 10, n % 10)
}

/// A valid raster tessellation: two cells and a void.
pub(super) fn neper() -> String {
    "***tesr\n **format\n  2.0 ascii\n **general\n  3\n  3 2 1\n  0.5 0.5 0.25\n  *origin\n   -1 0 0\n \
     **cell\n  2\n  *id\n   1 3\n  *crysym\n   cubic\n  *ori\n   euler-bunge:passive\n   10 20 30\n   \
     -10 40 0\n **data\n1 3 0\n3 3 1\n***end\n"
        .into()
}

/// A valid file of pymicro's, with this phase for its grain.
fn pymicro(phase: u8) -> Result<Vec<u8>> {
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
fn oxford() -> (String, Vec<u8>) {
    let text = "[General]\nJobMode=RegularGrid\n[Job]\nGridDistX=0.5\nGridDistY=0.5\nxCells=3\n\
                yCells=2\n[Fields]\nCount=4\nField1=3\nField2=4\nField3=5\nField4=7\n[Phases]\n\
                Count=1\n[Phase1]\nStructureName=Ni\na=3.5\nb=3.5\nc=3.5\nalpha=90\nbeta=90\n\
                gamma=90\nLaueGroup=11\n";
    let record: Vec<u8> = [&[1][..], &[0x00, 0x00, 0x80, 0x3f].repeat(3), &[77]].concat();
    (text.into(), record.repeat(6))
}

/// A valid DREAM.3D file; the Euler angles are those given.
fn dream3d(angles: &[f32; 18], phase: i32) -> Result<Vec<u8>> {
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
fn edax(rows: u64, phase: i8) -> Result<Vec<u8>> {
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
fn sound(folder: &Path) -> Result<Vec<(&'static str, Vec<u8>)>> {
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

/// What reading these bytes under this name says.
fn says(folder: &Path, name: &str, bytes: &[u8]) -> Result<String> {
    let path = folder.join(name);
    std::fs::write(&path, bytes).map_err(|e| Error::io(&path, e))?;
    // A field reader that panics is as bad, and any of the formats may be handed any bytes.
    let _ = Field::open(&path).map(|field| field.channels().len());
    for format in formats() {
        let _ = format.read(&path).map(|m| m.grid().voxels());
    }
    Ok(Microstructure::open(&path).map_or_else(|e| e.to_string(), |m| format!("read: {m:?}")))
}

fn folder() -> Result<tempfile::TempDir> {
    tempfile::tempdir().map_err(|e| Error::io("a temporary folder", e))
}

#[test]
fn the_sound_files_read() -> Result<()> {
    let folder = folder()?;
    let mut files = sound(folder.path())?;
    // By content alone.
    files.push(("ang.txt", ang().into_bytes()));
    files.push(("npz.zip", npz(folder.path())?));
    files.push(("ctf.txt", ctf().into_bytes()));
    for (name, bytes) in files {
        let text = says(folder.path(), name, &bytes)?;
        assert!(text.starts_with("read: "), "{name}: {text}");
    }
    Ok(())
}

#[test]
fn ang_errors_name_line_and_expectation() -> Result<()> {
    let folder = folder()?;
    let sound = ang();
    let cases: [(&str, &str, &[&str]); 16] = [
        (
            "0.2 1.0 2.0 1 0 102.5",
            "nan 1.0 2.0 1 0 102.5",
            &["line 18", "column 1", "finite"],
        ),
        (
            "102.5 0.5",
            "102.5 zero",
            &["line 18", "column 7", "`zero`"],
        ),
        (
            "102.5 0.5 1 1.5 0.3",
            "102.5 0.5 1 1.5",
            &["line 18", "expected 10", "found 9"],
        ),
        (
            "102.5 0.5 1 1.5 0.3",
            "102.5 0.5 1 1.5 0.3 7",
            &["line 18", "expected 10", "found 11"],
        ),
        (
            "102.5 0.5 1",
            "102.5 0.5 3",
            &["line 18", "phase 3", "[1, 2]"],
        ),
        ("102.5 0.5 1", "102.5 0.5 1.5", &["line 18", "phase", "1.5"]),
        (
            "2.0 1 0 102.5",
            "2.0 0.7 0 102.5",
            &["line 18", "x = 0.7", "square"],
        ),
        (
            "2.0 1 0 102.5",
            "2.0 0.5 0 102.5",
            &["line 18", "second point"],
        ),
        (
            "2.0 1 0 102.5",
            "2.0 1.5 0 102.5",
            &["line 18", "x = 1.5", "k below 3"],
        ),
        (
            "# NROWS: 2",
            "# NROWS: 3",
            &["line 21", "expected 9 points", "found 6"],
        ),
        (
            "# NROWS: 2",
            "# NROWS: 1000000000000000000",
            &["NROWS", "more points"],
        ),
        ("# NROWS: 2", "# NROWS: two", &["line 14", "NROWS", "`two`"]),
        ("# NROWS: 2\n", "", &["header", "NROWS"]),
        (
            "# NCOLS_EVEN: 3",
            "# NCOLS_EVEN: 4",
            &["line 13", "NCOLS_EVEN", "expected 3"],
        ),
        ("SqrGrid", "Triangles", &["line 9", "`Triangles`"]),
        (
            "# XSTEP: 0.5",
            "# XSTEP: -0.5",
            &["line 10", "XSTEP", "-0.5"],
        ),
    ];
    for (from, to, parts) in cases {
        assert!(sound.contains(from), "{from}");
        let text = says(
            folder.path(),
            "a.ang",
            sound.replacen(from, to, 1).as_bytes(),
        )?;
        assert!(
            parts.iter().all(|part| text.contains(part)) && !text.starts_with("read"),
            "{to}: {text}"
        );
    }
    // Columns and rows whose product overflows, and a row alone with endless others.
    for (odd, rows) in [("9999999999", "9999999999"), ("3", "18446744073709551615")] {
        let text = sound
            .replace("NCOLS_ODD: 3", &format!("NCOLS_ODD: {odd}"))
            .replace("NCOLS_EVEN: 3", &format!("NCOLS_EVEN: {odd}"))
            .replace("NROWS: 2", &format!("NROWS: {rows}"));
        let text = says(folder.path(), "a.ang", text.as_bytes())?;
        assert!(text.contains("more points"), "{text}");
    }
    Ok(())
}

#[test]
fn undeclared_phases_and_foreign_shapes_in_hdf5_are_named() -> Result<()> {
    let folder = folder()?;
    let build = |phase: u8, z: u64| {
        lab_dct_with(|data| {
            let rodrigues = data.create_dataset("Rodrigues");
            rodrigues.with_f32_data(&[0.1; 6]).with_shape(&[1, 1, 2, 3]);
            let phases = vec![phase; 2 * z as usize];
            data.create_dataset("PhaseId")
                .with_u8_data(&phases)
                .with_shape(&[z, 1, 2]);
        })
    };
    let text = says(folder.path(), "a.h5", &build(3, 1)?)?;
    assert!(
        text.contains("LabDCT/Data/PhaseId") && text.contains("phase 3"),
        "{text}"
    );
    let text = says(folder.path(), "a.h5", &build(0, 2)?)?;
    assert!(
        text.contains("LabDCT/Data/PhaseId") && text.contains("[2, 1, 2]"),
        "{text}"
    );
    Ok(())
}

#[test]
fn truncated_files_are_refused_at_every_length() -> Result<()> {
    let folder = folder()?;
    for (name, bytes) in sound(folder.path())? {
        let until = match name {
            // Losing the last digits may leave a sound row; losing a row does not.
            "a.ang" | "a.ctf" => {
                let text = String::from_utf8_lossy(&bytes);
                text.trim_end().rfind('\n').unwrap_or(0)
            }
            // Losing the last letter or two leaves another number.
            "a.cpr" => bytes.len() - 4,
            "a.tesr" => bytes.len() - "1\n***end\n".len(),
            _ => bytes.len() - 1,
        };
        for end in (0..=until).step_by(7.max(until / 60)).chain([until]) {
            let text = says(folder.path(), name, &bytes[..end])?;
            assert!(!text.starts_with("read: "), "{name} cut at {end}: {text}");
            assert!(text.contains(&name[..1]), "{text}");
            // Not of some dataset, nor of a layout that nobody knows: of the file.
            if name.ends_with("h5") || name.ends_with("dream3d") {
                assert!(text.contains("HDF5 file: "), "{name} cut at {end}: {text}");
            }
        }
    }
    let (cpr, crc) = oxford();
    for (bytes, found) in [(&crc[..83], "found 83"), (&crc.repeat(2)[..], "found 168")] {
        std::fs::write(folder.path().join("a.crc"), bytes).map_err(|e| Error::io("a.crc", e))?;
        let text = says(folder.path(), "a.cpr", cpr.as_bytes())?;
        assert!(
            text.contains("a.crc") && text.contains("of 14 bytes") && text.contains(found),
            "{text}"
        );
    }
    Ok(())
}

/// What fuzzing once found, among the first inputs of the fuzz targets: those read, and what is
/// wrong with the others is told.
#[test]
fn the_inputs_of_the_fuzz_targets_are_read_or_refused() -> Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let folder = folder()?;
    let mut read = 0;
    for target in entries(&corpus)? {
        for input in entries(&target)? {
            let bytes = std::fs::read(&input).map_err(|e| Error::io(&input, e))?;
            // Without an ending, content alone tells the format. A pair of files is no file.
            let text = says(folder.path(), "input", &bytes)?;
            let known = text.starts_with("read: ");
            let found = input.file_name().and_then(|name| name.to_str());
            match found.and_then(|name| name.strip_prefix("found_")) {
                None if target.ends_with("oxford_crc") => {}
                // A field is no map of orientations, nor is an array of two channels, and HDF5 2.0's
                // layout of chunks is not read: all are told.
                None => {
                    let why = [
                        "this file holds a field",
                        "expected Euler angles of shape",
                        "data layout version: 5",
                    ];
                    let told = why.iter().any(|why| text.contains(why));
                    assert!(known || told, "{}: {text}", input.display());
                }
                Some(name) => {
                    assert!(text.contains("LabDCT/Data/"), "{name}: {text}");
                    let part = match name {
                        "chunks_beyond_the_end" => "ends at byte",
                        "chunks_outside" => "is outside",
                        "huge_chunks" => "chunks of the shape",
                        _ => "nothing that is expected here",
                    };
                    assert!(text.contains(part), "{name}: {text}");
                }
            }
            read += usize::from(known);
        }
    }
    assert!(read > 20, "{read}");
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let io = |e| Error::io(folder, e);
    let all = std::fs::read_dir(folder).map_err(io)?;
    all.map(|entry| entry.map(|entry| entry.path()).map_err(io))
        .collect()
}

/// One change for each format that must be told where it is.
#[test]
fn further_formats_name_entry_dataset_or_line() -> Result<()> {
    let folder = folder()?;
    for (from, to, parts) in [
        (
            "XCells\t3",
            "XCells\t1000000000000000000",
            ["XCells", "more points"],
        ),
        ("XCells\t3\r\n", "", ["`XCells`", "line 8"]),
        ("90;90;90", "90;90", ["line 8", "lattice"]),
        ("1\t0,5\t0,0", "2\t0,5\t0,0", ["line 11", "phase 2"]),
        ("11,5", "eleven", ["line 11", "`eleven`"]),
        ("\tEuler3", "\tEuler4", ["line 9", "Euler3"]),
        ("\t1,0\t0,0", "\t1,5\t0,0", ["line 12", "x = 1.5"]),
    ] {
        assert!(ctf().contains(from), "{from}");
        let text = says(
            folder.path(),
            "a.ctf",
            ctf().replacen(from, to, 1).as_bytes(),
        )?;
        assert!(
            parts.iter().all(|part| text.contains(part)) && !text.starts_with("read"),
            "{to}: {text}"
        );
    }
    let (cpr, crc) = oxford();
    std::fs::write(folder.path().join("a.crc"), &crc).map_err(|e| Error::io("a.crc", e))?;
    for (from, to, parts) in [
        (
            "xCells=3",
            "xCells=1000000000000000000",
            ["a.crc", "expected 1000000000000000000"],
        ),
        ("xCells=3", "xCells=no", ["line 6", "`no`"]),
        ("Field4=7", "Field4=9", ["[Fields]", "field 9"]),
        ("Field3=5", "Field3=4", ["[Fields]", "Euler angles"]),
        (
            "Count=1\n[Phase1]",
            "Count=2\n[Phase1]",
            ["entries", "[Phase2]"],
        ),
        (
            "Count=1\n[Phase1]",
            "Count=0\n[Phase1]",
            ["record 0", "phase 1"],
        ),
        (
            "JobMode=RegularGrid",
            "JobMode=Interactive",
            ["line 2", "`Interactive`"],
        ),
    ] {
        assert!(cpr.contains(from), "{from}");
        let text = says(folder.path(), "a.cpr", cpr.replacen(from, to, 1).as_bytes())?;
        assert!(parts.iter().all(|part| text.contains(part)), "{to}: {text}");
    }
    for (from, to, parts) in [
        ("2.0 ascii", "2.0 base64", ["**data", "`base64`"]),
        (
            "  3\n  3 2 1",
            "  4\n  3 2 1",
            ["line 5", "2 or 3 dimensions"],
        ),
        (
            "3 2 1\n",
            "3 2 9999999999\n",
            ["**data", "expected 59999999994 voxels"],
        ),
        ("3 2 1\n", "3 2 x\n", ["line 5", "`x`"]),
        ("3 2 1\n", "3 2\n", ["line 5", "found 6 words"]),
        ("passive", "active", ["line 17", "-oridescriptor"]),
        ("-10 40 0", "-10 40", ["line 17", "5 angles"]),
        ("-10 40 0", "-10 nan 0", ["line 17", "NaN for cell 3"]),
        ("*id\n   1 3", "*id\n   1 1", ["line 17", "declared twice"]),
        ("3 3 1", "3 2 1", ["**data", "grain 2 at"]),
        ("3 3 1", "3 3 one", ["**data", "`one`"]),
        ("*ori\n", "*orientation\n", ["*ori", "not found"]),
        ("**data", "**date", ["**data", "found none"]),
    ] {
        assert!(neper().contains(from), "{from}");
        let text = neper().replacen(from, to, 1);
        let text = says(folder.path(), "a.tesr", text.as_bytes())?;
        assert!(parts.iter().all(|part| text.contains(part)), "{to}: {text}");
    }
    let text = says(folder.path(), "a.h5", &pymicro(2)?)?;
    assert!(
        text.contains("GrainDataTable") && text.contains("phase 2"),
        "{text}"
    );
    let mut nan = [0.5; 18];
    nan[7] = f32::NAN;
    for (bytes, parts) in [
        (dream3d(&nan, 1)?, ["EulerAngles", "NaN in cell 2"]),
        (dream3d(&[0.5; 18], 2)?, ["Phases", "phase 2"]),
        (edax(2, 2)?, ["Scan 1/EBSD/Data/Phase", "phase 2"]),
        (edax(3, 0)?, ["Scan 1", "expected 4 points"]),
    ] {
        let text = says(folder.path(), "a.h5", &bytes)?;
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let folder = folder().map_err(fail)?;
        for (name, start) in [
            ("a.ang", &b"# TEM_PIXperUM\n"[..]), ("a.npz", b"PK\x03\x04"), ("a.h5", b"\x89HDF\r\n\x1a\n"), ("a.npz", b""),
        ] {
            let all = [start, &bytes].concat();
            says(folder.path(), name, &all).map_err(fail)?;
        }
    }

    #[test]
    fn mutated_files_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        digits: bool,
    ) {
        let folder = folder().map_err(fail)?;
        for (name, mut bytes) in sound(folder.path()).map_err(fail)? {
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = if digits { b'0' + byte % 10 } else { *byte };
            }
            says(folder.path(), name, &bytes).map_err(fail)?;
        }
    }
}

fn fail(error: Error) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}
