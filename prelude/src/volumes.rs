//! The volumes that a notebook shows.

use polymicros::microstructure::{Microstructure, Origin, StandIn};
use polymicros::statistics::{Cutoff, Pairs, TwoPoint};
use polymicros::{Error, Result};
use std::path::{Path, PathBuf};

/// The real volume of the project, below the folder that `POLYMICROS_DATA` names.
const ALUMINIUM: &str = "crispy_labdct_al1050/lab_dct_Al1050.h5";

/// A volume's edge in voxels: `default`, times the factor that `POLYMICROS_SCALE` names.
///
/// # Errors
/// When `POLYMICROS_SCALE` is not a positive number.
pub fn edge(default: usize) -> Result<usize> {
    match std::env::var("POLYMICROS_SCALE") {
        Ok(text) => scaled(default, &text),
        Err(_) => Ok(default),
    }
}

fn scaled(default: usize, text: &str) -> Result<usize> {
    match text.parse::<f64>() {
        Ok(scale) if scale > 0.0 && scale <= 16.0 => Ok((default as f64 * scale).round() as usize),
        _ => Err(Error::value(
            "POLYMICROS_SCALE",
            format!("`{text}` is not a number between 0 and 16"),
        )),
    }
}

/// The six stand-ins as cubes of `edge` voxels; the held-out one is the last.
///
/// # Errors
/// When the edge is too small to hold a grain.
pub fn stand_ins(edge: usize, seed: u64) -> Result<Vec<Microstructure>> {
    StandIn::all()
        .into_iter()
        .map(|stand_in| stand_in.generate([edge; 3], seed))
        .collect()
}

/// The real aluminium volume where `POLYMICROS_DATA` names the folder that holds it; none elsewhere.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn real_volumes() -> Result<Vec<Microstructure>> {
    let Some(folder) = std::env::var_os("POLYMICROS_DATA") else {
        return Ok(Vec::new());
    };
    let path = Path::new(&folder).join(ALUMINIUM);
    if path.is_file() {
        Ok(vec![Microstructure::open(path)?])
    } else {
        Ok(Vec::new())
    }
}

/// The user's own files, which `polymicros data FILE…` names.
///
/// # Errors
/// When one of them cannot be read.
pub fn user_volumes() -> Result<Vec<Microstructure>> {
    let Some(files) = std::env::var_os("POLYMICROS_FILES") else {
        return Ok(Vec::new());
    };
    std::env::split_paths(&files)
        .filter(|path| *path != PathBuf::new())
        .map(Microstructure::open)
        .collect()
}

/// All auto- and cross-covariances of a volume: as a periodic one if the library made it, else with
/// the number of valid pairs at each displacement, up to half of each edge.
///
/// # Errors
/// When no voxel is valid.
pub fn covariances(volume: &Microstructure) -> Result<TwoPoint> {
    let field = volume.rogsh()?;
    let statistics = match volume.origin {
        Origin::File(_) => TwoPoint::non_periodic(&field, &Pairs::All, Cutoff::half(field.grid())),
        _ => TwoPoint::periodic(&field, &Pairs::All),
    };
    Ok(statistics?.to_covariance())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_scaled_and_what_is_no_factor_is_named() -> Result<()> {
        assert_eq!(scaled(64, "2")?, 128);
        assert_eq!(scaled(48, "0.5")?, 24);
        for text in ["", "two", "0", "-1", "17", "NaN"] {
            let problem = scaled(64, text).map_or_else(|e| e.to_string(), |_| String::new());
            assert!(problem.contains("POLYMICROS_SCALE"), "{text}: {problem}");
        }
        Ok(())
    }
}
