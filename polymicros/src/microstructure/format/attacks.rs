//! Files made wrong on purpose: every reader answers with an error, or reads; none panics.

mod sound;

pub(super) use sound::{ang, neper};

use super::formats;
use crate::microstructure::{Field, Microstructure};
use crate::{Error, Result};
use proptest::prelude::*;
use sound::{ctf, dream3d, edax, lab_dct_with, npz, oxford, pymicro, sound};
use std::path::Path;

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
