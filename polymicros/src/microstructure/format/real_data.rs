//! Real files against numbers obtained with h5py, NumPy and SciPy, or counted by hand.

use crate::display::{ColourVolume, Maps, Plane};
use crate::microstructure::{LengthUnit, Microstructure};
use crate::orientation::{Euler, RotationMatrix};
use crate::{Error, Result};
use ndarray::{Axis, s};
use std::path::PathBuf;

/// A file of the shared data; `None`, and a word on it, where it is not there.
pub(crate) fn shared_data(name: &str) -> Option<PathBuf> {
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

/// The map, or the cube of a volume, in inverse pole figure colours: more than one colour, unless
/// nothing is indexed, and a PNG file.
fn pictured(m: &Microstructure) -> Result<()> {
    let colours = m.ipf_colours([0.0, 0.0, 1.0]);
    let first = colours.slice(s![0, 0, 0, ..]).to_owned();
    let many = colours
        .lanes(Axis(3))
        .into_iter()
        .any(|colour| colour != first);
    assert_eq!(many, m.indexed_share() > 0.0, "{}", m.name);
    let volume = ColourVolume::new(*m.grid(), colours)?;
    let picture = match m.grid().dimensions() {
        2 => Maps::new(&[volume.slice(Plane::Xy, 0)?], 1).picture()?,
        _ => volume.cube(&m.name).picture()?,
    };
    assert!(picture.png().starts_with(b"\x89PNG") && picture.png().len() > 1000);
    Ok(())
}

fn message(path: PathBuf) -> String {
    Microstructure::open(path).map_or_else(|e| e.to_string(), |m| format!("{m:?}"))
}

/// Voxels by h5py; angles by SciPy as `Rotation.from_quat(r, 1).as_euler("ZXZ")`.
#[test]
fn labdct_aluminium() -> Result<()> {
    let Some(path) = shared_data("crispy_labdct_al1050/lab_dct_Al1050.h5") else {
        return Ok(());
    };
    let m = Microstructure::open(path)?;
    pictured(&m)?;
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
    let Some(path) = shared_data("crispy_labdct_al1050/lab_dct_Al1050.h5") else {
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
                let g = RotationMatrix::from(Euler::from(angles(&m, [x, y, z]))).rows();
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
    let Some(path) = shared_data("ebsdlib/Out_Of_Order.ang") else {
        return Ok(());
    };
    let m = Microstructure::open(path)?;
    pictured(&m)?;
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
    let Some(path) = shared_data("orix_sdss/sdss_ferrite_austenite.ang") else {
        return Ok(());
    };
    let m = Microstructure::open(path)?;
    pictured(&m)?;
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
        let Some(path) = shared_data(name) else {
            return Ok(());
        };
        let m = Microstructure::open(path)?;
        pictured(&m)?;
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

/// Rows counted in the file; angles times pi / 180.
#[test]
fn ctf_with_points_and_with_commas() -> Result<()> {
    for name in ["ebsdlib/Test_US_1.ctf", "ebsdlib/Test_European_1.ctf"] {
        let Some(path) = shared_data(name) else {
            return Ok(());
        };
        let m = Microstructure::open(path)?;
        pictured(&m)?;
        assert_eq!(m.grid().shape, [40, 5, 1]);
        assert_eq!(m.grid().spacing[..2], [0.5, 0.5]);
        let phase = &m.phases()[0];
        assert_eq!(
            (phase.name.as_str(), phase.laue_group.as_str()),
            ("Zirc-alloy4", "6/mmm")
        );
        assert_eq!(
            phase.lattice,
            Some([3.231, 3.231, 5.148, 90.0, 90.0, 120.0])
        );
        assert_eq!(m.mask().iter().filter(|valid| !**valid).count(), 10);
        assert_close(
            angles(&m, [1, 0, 0]),
            [1.81252443, 0.70174453, 0.51302208],
            1e-6,
        );
        assert_close(
            angles(&m, [10, 3, 0]),
            [1.96227368, 0.99909628, 0.14840186],
            1e-6,
        );
        assert_eq!(m.properties()["band contrast"].sum(), 20194.0);
        assert_eq!(m.properties()["error"][[10, 3, 0]], 3.0);
    }
    Ok(())
}

/// Records by NumPy's `fromfile`.
#[test]
fn oxford_pair_by_either_name() -> Result<()> {
    for name in ["defdap/testDataEBSD.cpr", "defdap/testDataEBSD.crc"] {
        let Some(path) = shared_data(name) else {
            return Ok(());
        };
        let m = Microstructure::open(path)?;
        pictured(&m)?;
        assert_eq!(m.grid().shape, [359, 243, 1]);
        assert_eq!(m.grid().spacing[..2], [0.12, 0.12]);
        let phase = &m.phases()[0];
        assert_eq!(
            (phase.name.as_str(), phase.laue_group.as_str()),
            ("Ni-superalloy", "m-3m")
        );
        assert_eq!(phase.lattice, Some([3.57, 3.57, 3.57, 90.0, 90.0, 90.0]));
        assert_eq!(m.indexed_share(), 1.0);
        for (at, euler, numbers) in [
            (
                [0, 0, 0],
                [4.511944, 0.7443783, 1.5223058],
                [59.0, 45.0, 0.0, 3.0],
            ),
            (
                [100, 50, 0],
                [1.6846619, 0.7016233, 1.4294457],
                [85.0, 52.0, 9.0, 0.0],
            ),
            (
                [358, 242, 0],
                [1.5148166, 0.7853607, 1.1079137],
                [122.0, 66.0, 10.0, 0.0],
            ),
        ] {
            assert_close(angles(&m, at), euler, 1e-6);
            let names = ["band contrast", "band slope", "bands", "error"];
            assert_eq!(names.map(|name| m.properties()[name][at]), numbers);
        }
    }
    Ok(())
}

/// Cells by h5py.
#[test]
fn dream3d_slice() -> Result<()> {
    let Some(path) = shared_data("dream3d_tests/Small_IN100_Slice1.dream3d") else {
        return Ok(());
    };
    let m = Microstructure::open(path)?;
    pictured(&m)?;
    assert_eq!(m.grid().shape, [189, 201, 1]);
    assert_eq!(m.grid().spacing, [0.25, 0.25, 1.0]);
    assert_eq!(m.grid().origin, [-46.875, 0.125, 0.5]);
    let phase = &m.phases()[0];
    assert_eq!((m.phases().len(), phase.name.as_str()), (1, "Nickel"));
    assert_eq!(phase.laue_group, "m-3m");
    assert_eq!(m.phase().iter().filter(|phase| **phase == 1).count(), 37989);
    assert_close(
        angles(&m, [100, 100, 0]),
        [5.305809, 1.45956, 0.09263999],
        1e-6,
    );
    assert_eq!(m.properties()["Confidence Index"][[100, 100, 0]], 0.943);
    assert_eq!(m.properties()["X Position"][[0, 0, 0]], 47.0);
    assert_eq!(m.properties()["Y Position"][[0, 200, 0]], 50.0);
    Ok(())
}

/// Points by h5py.
#[test]
fn edax_hdf5_scan() -> Result<()> {
    let Some(path) = shared_data("ebsdlib/EdaxAngOnly.h5") else {
        return Ok(());
    };
    let m = Microstructure::open(path)?;
    pictured(&m)?;
    assert_eq!(m.grid().shape, [186, 151, 1]);
    assert_eq!(m.grid().spacing[..2], [1.5, 1.5]);
    let phase = &m.phases()[0];
    assert_eq!(
        (phase.name.as_str(), phase.laue_group.as_str()),
        ("Nickel", "m-3m")
    );
    assert_eq!(m.indexed_share(), 1.0);
    for (at, euler, confidence, quality) in [
        ([0, 0, 0], [4.0124, 0.94030994, 5.56448], 0.333, 4514.4),
        ([100, 50, 0], [2.2663, 0.80236, 3.56155], 0.452, 5039.4),
        ([185, 150, 0], [2.97947, 1.01044, 5.72402], 0.607, 4435.5),
    ] {
        assert_close(angles(&m, at), euler, 1e-6);
        assert_eq!(m.properties()["confidence index"][at], confidence);
        assert_eq!(m.properties()["image quality"][at], quality);
    }
    Ok(())
}

/// Cells by NumPy's `frombuffer`; angles are the file's text.
#[test]
fn neper_raster() -> Result<()> {
    let Some(path) = shared_data("pymicro_data/n100-id1.tesr") else {
        return Ok(());
    };
    let m = Microstructure::open(path)?;
    pictured(&m)?;
    assert_eq!(m.grid().shape, [54, 65, 75]);
    assert_close(m.grid().extent(), [1.0, 1.2, 1.4], 1e-9);
    assert_close(
        m.grid().origin,
        [-0.490740740741, -0.590769230769, -0.690666666667],
        1e-9,
    );
    assert_eq!(m.indexed_share(), 1.0);
    let ids = m
        .grain_ids()
        .ok_or_else(|| Error::value("grain ids", "none"))?;
    assert_eq!(ids.iter().map(|id| u64::from(*id)).sum::<u64>(), 13_223_042);
    for (at, cell) in [
        ([0, 0, 0], 82),
        ([30, 20, 10], 43),
        ([53, 64, 74], 37),
        ([5, 60, 33], 3),
    ] {
        assert_eq!(ids[at], cell);
    }
    let expected = [-38.864579722294 + 360.0, 24.099685888373, 38.213128317995];
    assert_close(angles(&m, [5, 60, 33]), expected.map(f64::to_radians), 1e-6);
    Ok(())
}

/// Cells by h5py; angles by pymicro's `Orientation.from_rodrigues(vector).euler`.
#[test]
fn pymicro_volumes() -> Result<()> {
    for (name, nz, grains, cells) in [
        ("pymicro_data/n27-id1_data.h5", 64, 27, [15, 16, 22, 27]),
        ("pymicro_data/m1_data.h5", 40, 24, [15, 26, 27, 22]),
    ] {
        let Some(path) = shared_data(name) else {
            return Ok(());
        };
        let m = Microstructure::open(path)?;
        pictured(&m)?;
        assert_eq!(m.grid().shape, [64, 64, nz]);
        assert_eq!(m.grid().spacing, [0.015625; 3]);
        assert_eq!(m.grid().unit, LengthUnit::Millimetre);
        assert_eq!(m.phases()[0].laue_group, "m-3m");
        assert_eq!(m.indexed_share(), 1.0);
        let ids = m
            .grain_ids()
            .ok_or_else(|| Error::value("grain ids", "none"))?;
        let found = [[0, 0, 0], [30, 20, 10], [1, 63, 39], [33, 60, 5]].map(|at| ids[at]);
        assert_eq!(found, cells);
        let kinds: std::collections::BTreeSet<u32> = ids.iter().copied().collect();
        assert_eq!(kinds.len(), grains);
        for (grain, degrees) in [
            (1, [327.62024416, 37.613661, 54.34260822]),
            (6, [327.21100304, 35.86775286, 43.19977572]),
        ] {
            let (at, _) = ids
                .indexed_iter()
                .find(|(_, id)| **id == grain)
                .ok_or_else(|| Error::value("grain", "not there"))?;
            let expected = degrees.map(f64::to_radians);
            assert_close(angles(&m, [at.0, at.1, at.2]), expected, 1e-6);
        }
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
            [
                "image_geom.dream3d",
                "EulerAngles",
                "ExemplaryPartitioningSchemeIds",
            ],
        ),
    ] {
        if let Some(path) = shared_data(name) {
            let text = message(path);
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        }
    }
}
