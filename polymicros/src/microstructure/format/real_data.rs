//! Real files against numbers obtained with h5py, NumPy and SciPy, or counted by hand.

use super::rodrigues::tests::bunge_matrix;
use crate::microstructure::{LengthUnit, Microstructure};
use crate::{Error, Result};
use std::path::PathBuf;

/// A file of the shared data; `None`, and a word on it, where it is not there.
fn data(name: &str) -> Option<PathBuf> {
    let found = std::env::var_os("POLYMICROS_DATA")
        .map(|folder| PathBuf::from(folder).join(name))
        .filter(|path| path.exists());
    if found.is_none() {
        println!("skipped: POLYMICROS_DATA holds no {name}");
    }
    found
}

fn angles(m: &Microstructure, [x, y, z]: [usize; 3]) -> [f64; 3] {
    [0, 1, 2].map(|c| f64::from(m.euler()[[c, x, y, z]]))
}

fn assert_close(found: [f64; 3], expected: [f64; 3], tolerance: f64) {
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < tolerance, "{found:?} is not {expected:?}");
    }
}

fn message(path: PathBuf) -> String {
    Microstructure::open(path).map_or_else(|e| e.to_string(), |m| format!("{m:?}"))
}

/// Voxels by h5py; angles by SciPy as `Rotation.from_quat(r, 1).as_euler("ZXZ")`.
#[test]
fn labdct_aluminium() -> Result<()> {
    let Some(path) = data("crispy_labdct_al1050/lab_dct_Al1050.h5") else {
        return Ok(());
    };
    let m = Microstructure::open(path)?;
    assert_eq!(m.grid().shape, [109, 103, 64]);
    assert_eq!(m.grid().spacing, [0.0025; 3]);
    assert_eq!(m.grid().unit, LengthUnit::Millimetre);
    let phase = &m.phases()[0];
    assert_eq!(
        (phase.name.as_str(), phase.laue_group.as_str()),
        ("Aluminum", "m-3m")
    );
    assert_eq!(
        phase.lattice,
        Some([4.04958, 4.04958, 4.04958, 90.0, 90.0, 90.0])
    );
    assert_eq!(m.mask().iter().filter(|valid| **valid).count(), 717_986);
    let ids = m
        .grain_ids()
        .ok_or_else(|| Error::value("grain ids", "none"))?;
    assert_eq!(ids.iter().map(|id| u64::from(*id)).sum::<u64>(), 28_217_121);
    let completeness = &m.properties()["completeness"];
    for (at, id, share, euler) in [
        (
            [30, 20, 10],
            1,
            0.877451,
            [6.04174897, 0.28141155, 0.57419224],
        ),
        (
            [91, 65, 0],
            5,
            0.6169154,
            [3.71097832, 0.76586986, 2.62121561],
        ),
        (
            [54, 51, 63],
            80,
            0.7248677,
            [3.20599296, 0.64558437, 3.5423392],
        ),
    ] {
        assert_eq!(ids[at], id);
        assert!((completeness[at] - share).abs() < 1e-6);
        assert_close(angles(&m, at), euler, 1e-6);
    }
    Ok(())
}

/// Whether Rodrigues vectors are active or passive is settled by the file's own colours: those
/// of the crystal direction along the sample's z axis. GrainMapper3D's colour key is near the
/// TSL key, not the same, so the bound is wide; read the other way, colours are plainly wrong.
#[test]
fn labdct_rodrigues_vectors_agree_with_the_colours_in_the_file() -> Result<()> {
    let Some(path) = data("crispy_labdct_al1050/lab_dct_Al1050.h5") else {
        return Ok(());
    };
    let m = Microstructure::open(&path)?;
    let colours = super::hdf5::Hdf5::open(&path)?.f32("LabDCT/Data/IPF001", &[64, 103, 109, 3])?;
    let (mut as_read, mut transposed) = (0.0f64, 0.0f64);
    for x in (0..109).step_by(3) {
        for y in (0..103).step_by(3) {
            for z in (0..64).step_by(3) {
                if !m.mask()[[x, y, z]] {
                    continue;
                }
                let at = 3 * ((z * 103 + y) * 109 + x);
                let colour = &colours[at..at + 3];
                let g = bunge_matrix(angles(&m, [x, y, z]));
                let distance = |direction: [f64; 3]| {
                    let key = tsl_key(direction);
                    (0..3)
                        .map(|c| (key[c] - f64::from(colour[c])).abs())
                        .fold(0.0, f64::max)
                };
                as_read = as_read.max(distance([g[0][2], g[1][2], g[2][2]]));
                transposed = transposed.max(distance(g[2]));
            }
        }
    }
    assert!(as_read < 0.25, "{as_read}");
    assert!(transposed > 0.9, "{transposed}");
    Ok(())
}

/// The TSL colour of a cubic crystal direction: red at 001, green at 101, blue at 111, by polar
/// angle and azimuth in the standard triangle.
fn tsl_key(direction: [f64; 3]) -> [f64; 3] {
    let mut d = direction.map(f64::abs);
    d.sort_by(f64::total_cmp);
    let [y, x, z] = d;
    let (azimuth, tilt) = (y.atan2(x), z.min(1.0).acos());
    let most = (1.0 / (2.0 + azimuth.tan().powi(2))).sqrt().acos();
    let (share, turn) = (tilt / most, azimuth / std::f64::consts::FRAC_PI_4);
    let colour = [1.0 - share, (1.0 - turn) * share, turn * share].map(|c| c.max(0.0).sqrt());
    let brightest = colour.iter().copied().fold(0.0, f64::max);
    colour.map(|c| c / brightest)
}

/// Rows by `numpy.loadtxt`, found there by their coordinates.
#[test]
fn ang_with_rows_out_of_order() -> Result<()> {
    let Some(path) = data("ebsdlib/Out_Of_Order.ang") else {
        return Ok(());
    };
    let m = Microstructure::open(path)?;
    assert_eq!(m.grid().shape, [189, 201, 1]);
    assert_eq!(m.grid().spacing[..2], [0.25, 0.25]);
    assert_eq!(m.grid().unit, LengthUnit::Micrometre);
    assert_eq!(m.phases().len(), 1);
    let phase = &m.phases()[0];
    assert_eq!(
        (phase.name.as_str(), phase.laue_group.as_str()),
        ("Nickel", "m-3m")
    );
    assert_eq!(phase.lattice, Some([3.52, 3.52, 3.52, 90.0, 90.0, 90.0]));
    assert_eq!(m.mask().iter().filter(|valid| !**valid).count(), 6926);
    let at = [100, 100, 0];
    assert_close(angles(&m, at), [5.87337, 0.81931, 2.24194], 1e-6);
    assert_eq!(m.phase()[at], 1);
    let property = |name: &str| m.properties()[name][at];
    assert_eq!(property("image quality"), 197.6);
    assert_eq!(property("confidence index"), 0.714);
    assert_eq!(property("SEM signal"), 1760.0);
    assert_eq!(property("fit"), -1.12);
    for (at, signal) in [([188, 200, 0], -896.0), ([3, 7, 0], -864.0)] {
        assert_eq!((m.phase()[at], m.mask()[at]), (0, false));
        assert_eq!(m.properties()["SEM signal"][at], signal);
        assert_eq!(angles(&m, at), [0.0; 3]);
    }
    let quality: f64 = m.properties()["image quality"]
        .iter()
        .map(|v| f64::from(*v))
        .sum();
    assert!((quality - 5_544_094.4).abs() < 1.0, "{quality}");
    Ok(())
}

#[test]
fn ang_with_two_phases() -> Result<()> {
    let Some(path) = data("orix_sdss/sdss_ferrite_austenite.ang") else {
        return Ok(());
    };
    let m = Microstructure::open(path)?;
    assert_eq!(m.grid().shape, [117, 100, 1]);
    assert_eq!(m.grid().spacing[..2], [1.5, 1.5]);
    let names: Vec<&str> = m.phases().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["austenite/austenite", "ferrite/ferrite"]);
    assert!(m.phases().iter().all(|p| p.laue_group == "m-3m"));
    assert_eq!(
        m.phases()[1].lattice,
        Some([2.867, 2.867, 2.867, 90.0, 90.0, 90.0])
    );
    let count = |k: u8| m.phase().iter().filter(|phase| **phase == k).count();
    assert_eq!([count(0), count(1), count(2)], [0, 5657, 6043]);
    assert_eq!(m.indexed_share(), 1.0);
    assert_eq!(m.properties().len(), 2);
    assert_close(angles(&m, [0, 0, 0]), [3.54788, 0.67696, 2.98719], 1e-6);
    assert_close(angles(&m, [100, 50, 0]), [5.2538, 0.75807, 1.27661], 1e-6);
    assert_close(angles(&m, [116, 99, 0]), [2.27744, 0.84674, 3.52001], 1e-6);
    assert_close(angles(&m, [1, 0, 0]), [2.71855, 0.93469, 4.03133], 1e-6);
    assert_eq!([m.phase()[[0, 0, 0]], m.phase()[[1, 0, 0]]], [2, 1]);
    Ok(())
}

/// 40 columns and 4 rows, nothing indexed; the signals of the first points by eye.
#[test]
fn ang_without_a_grid_line_is_square_by_its_coordinates() -> Result<()> {
    for name in ["ebsdlib/Test_1.ang", "ebsdlib/GridMissing.ang"] {
        let Some(path) = data(name) else {
            return Ok(());
        };
        let m = Microstructure::open(path)?;
        assert_eq!(m.grid().shape, [40, 4, 1]);
        assert_eq!(m.indexed_share(), 0.0);
        let signal = &m.properties()["SEM signal"];
        assert_eq!(
            [signal[[0, 0, 0]], signal[[1, 0, 0]], signal[[0, 1, 0]]],
            [-816.0, -768.0, -768.0]
        );
        assert_eq!(signal[[39, 3, 0]], -720.0);
    }
    Ok(())
}

#[test]
fn malformed_ang_files_are_told_what_is_wrong() {
    // The header ends with line 32 and the points with line 120, before a blank one.
    for (name, parts) in [
        (
            "ebsdlib/ShortFile.ang",
            ["line 120", "expected 160 points", "found 88"],
        ),
        (
            "ebsdlib/HexHeader.ang",
            ["line 22", "YSTEP: expected 0.216506", "found 0.25"],
        ),
        (
            "dream3d_tests/image_geom.dream3d",
            ["image_geom.dream3d", "HDF5", "known"],
        ),
    ] {
        if let Some(path) = data(name) {
            let text = message(path);
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        }
    }
}
