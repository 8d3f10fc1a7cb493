//! EDAX scans in HDF5, as OIM Analysis writes them: one group a scan, with `EBSD/Header` and
//! `EBSD/Data`. Columns mean what they mean in `.ang`. A file of several scans is read only
//! where just one of them is a map.

use super::hdf5::{self, Hdf5};
use super::layout::{Layout, Pattern};
use super::points::{MapParts, Points};
use super::{Format, symmetry};
use crate::microstructure::{Microstructure, Phase};
use crate::{Error, Result};
use std::path::Path;

/// The EDAX HDF5 format.
pub(super) struct EdaxHdf5;

impl Format for EdaxHdf5 {
    fn name(&self) -> &'static str {
        "EDAX HDF5"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["h5", "oh5"]
    }

    fn recognises(&self, path: &Path, head: &[u8]) -> bool {
        hdf5::is_container(head)
            && Hdf5::open(path).is_ok_and(|file| scans(&file).is_ok_and(|scans| !scans.is_empty()))
    }

    fn read(&self, path: &Path) -> Result<Microstructure> {
        let file = Hdf5::open(path)?;
        match &scans(&file)?[..] {
            [scan] => read(&file, path, scan),
            scans => {
                let problem = format!("expected one scan with EBSD/Data/Phi1, found {scans:?}");
                Err(Error::format(path, "group /", problem))
            }
        }
    }
}

fn scans(file: &Hdf5) -> Result<Vec<String>> {
    let mut scans = file.groups("/")?;
    scans.retain(|scan| file.has(&format!("{scan}/EBSD/Data/Phi1")));
    Ok(scans)
}

fn read(file: &Hdf5, path: &Path, scan: &str) -> Result<Microstructure> {
    let header = |entry: &str| format!("{scan}/EBSD/Header/{entry}");
    let data = |column: &str| format!("{scan}/EBSD/Data/{column}");
    let pattern = match file.text(&header("Grid Type"))?.as_str() {
        "SqrGrid" => Pattern::Square,
        "HexGrid" => Pattern::Hexagonal,
        other => {
            let problem = format!("expected SqrGrid or HexGrid, found `{other}`");
            return Err(file.bad(&header("Grid Type"), problem));
        }
    };
    let count = |entry: &str| -> Result<usize> {
        let found = file.i64(&header(entry), &[1])?[0];
        let count = usize::try_from(found).ok().filter(|count| *count > 0);
        count.ok_or_else(|| {
            file.bad(
                &header(entry),
                format!("expected at least 1, found {found}"),
            )
        })
    };
    let step = |entry: &str| -> Result<f64> {
        let found = file.f64(&header(entry), &[1])?[0];
        if found.is_finite() && found > 0.0 {
            Ok(found)
        } else {
            Err(file.bad(
                &header(entry),
                format!("expected a positive length, found {found}"),
            ))
        }
    };
    let columns = count("nColumns")?;
    let layout = Layout {
        pattern,
        columns: [columns; 2],
        rows: count("nRows")?,
        step: [step("Step X")?, step("Step Y")?],
    };
    layout
        .check_steps()
        .map_err(|problem| file.bad(&header("Step Y"), problem))?;

    let total = file.shape(&data("Phi1"))?;
    let &[total] = &total[..] else {
        return Err(file.bad(
            &data("Phi1"),
            format!("expected one axis, found the shape {total:?}"),
        ));
    };
    let column = |name: &str| file.f32(&data(name), &[total]);
    let finite = |name: &str| -> Result<Vec<f32>> {
        let values = column(name)?;
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(values),
            Some(k) => Err(file.bad(
                &data(name),
                format!("expected numbers, found {} as point {k}", values[k]),
            )),
        }
    };
    let phases = phases(file, &header("Phase"))?;
    let confidence = column("CI")?;
    let numbers = file.i64(&data("Phase"), &[total])?;
    let mut phase = Vec::with_capacity(total);
    for (k, &number) in numbers.iter().enumerate() {
        let index = match phases.iter().position(|(declared, _)| *declared == number) {
            _ if confidence[k] <= -1.0 => 0,
            Some(index) => index as u8 + 1,
            // A scan of one phase leaves its number at zero.
            None if number == 0 && phases.len() == 1 => 1,
            None if number <= 0 => 0,
            None => {
                let problem =
                    format!("point {k} has phase {number}, which the header does not declare");
                return Err(file.bad(&data("Phase"), problem));
            }
        };
        phase.push(index);
    }
    let (phi1, tilt, phi2) = (finite("Phi1")?, finite("Phi")?, finite("Phi2")?);
    let euler = (0..total)
        .map(|k| {
            if phase[k] > 0 {
                [phi1[k], tilt[k], phi2[k]]
            } else {
                [0.0; 3]
            }
        })
        .collect();
    let mut points = Points {
        euler,
        x: finite("X Position")?,
        y: finite("Y Position")?,
        phase,
        properties: vec![confidence],
    };
    let mut properties = vec!["confidence index".to_owned()];
    for (array, name) in [
        ("IQ", "image quality"),
        ("SEM Signal", "SEM signal"),
        ("Fit", "fit"),
    ] {
        if file.has(&data(array)) {
            points.properties.push(column(array)?);
            properties.push(name.into());
        }
    }
    let parts = MapParts {
        points,
        layout,
        phases: phases.into_iter().map(|(_, phase)| phase).collect(),
        properties,
    };
    parts.into_map(path, |k| format!("group {scan}/EBSD/Data, point {k}"))
}

/// The declared phases and their numbers in the file.
fn phases(file: &Hdf5, group: &str) -> Result<Vec<(i64, Phase)>> {
    let mut phases = Vec::new();
    for name in file.groups(group)? {
        let at = |entry: &str| format!("{group}/{name}/{entry}");
        let number: u8 = name
            .parse()
            .map_err(|_| file.bad(&format!("{group}/{name}"), "expected a phase number"))?;
        let mut lattice = [0.0; 6];
        for (value, letter) in lattice
            .iter_mut()
            .zip(["a", "b", "c", "alpha", "beta", "gamma"])
        {
            *value = file.f64(&at(&format!("Lattice Constant {letter}")), &[1])?[0];
        }
        let phase = Phase {
            name: file.text(&at("MaterialName"))?,
            laue_group: symmetry::of_tsl(file.i64(&at("Symmetry"), &[1])?[0]).into(),
            lattice: Some(lattice),
        };
        phases.push((i64::from(number), phase));
    }
    phases.sort_by_key(|(number, _)| *number);
    Ok(phases)
}
