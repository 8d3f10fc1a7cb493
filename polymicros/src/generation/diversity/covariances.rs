//! A structure as the vector that sets are compared by.

use crate::microstructure::{Field, Grid};
use crate::statistics::{Pairs, TwoPoint};
use crate::{Error, Result};
use ndarray::{Axis, Slice};
use serde::{Deserialize, Serialize};

/// Displacements along each axis of which not more are looked at: in larger volumes every second
/// one, or every third.
const MOST: usize = 32;

/// What of a volume is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// All of it.
    #[default]
    Volumes,
    /// The plane of x and z through its middle, as a map of one scan would show it.
    Sections,
}

/// In what measure covariances are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// As they are.
    #[default]
    Covariances,
    /// Over the variance of all channels together: how strongly the channels vary does not count.
    Correlations,
}

/// All covariances of a periodic field of mean zero, at up to 32 displacements along each axis.
///
/// # Errors
/// When the field has no variance to divide by, or a value is not finite.
pub(super) fn vector(field: &Field, extent: Extent, scale: Scale) -> Result<Vec<f32>> {
    let section;
    let field = match extent {
        Extent::Volumes => field,
        Extent::Sections => {
            section = middle(field)?;
            &section
        }
    };
    let covariance = TwoPoint::periodic(field, &Pairs::All)?.to_covariance();
    let mut values = covariance.values().clone();
    for axis in 1..4 {
        let step = values.len_of(Axis(axis)).div_ceil(MOST) as isize;
        values.slice_axis_inplace(Axis(axis), Slice::new(0, None, step));
    }
    let by = match scale {
        Scale::Covariances => 1.0,
        Scale::Correlations => {
            let channels = field.channels().len();
            let variance = (0..channels).filter_map(|c| covariance.at((c, c), [0, 0, 0]));
            let total: f32 = variance.sum();
            if total <= 0.0 {
                let problem = "a constant field has no correlations";
                return Err(Error::value("diversity", problem));
            }
            total.recip()
        }
    };
    Ok(values.iter().map(|value| value * by).collect())
}

/// The section through the middle, perpendicular to y.
fn middle(field: &Field) -> Result<Field> {
    let [nx, ny, nz] = field.grid().shape;
    let plane = ny / 2;
    let data = field
        .data()
        .slice_axis(Axis(2), Slice::from(plane..plane + 1))
        .to_owned();
    Field::new(Grid::new([nx, 1, nz])?, field.channels().to_vec(), data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;

    fn field(edge: usize) -> Result<Field> {
        let data = Array4::from_shape_fn((2, edge, edge, edge), |(c, x, y, z)| {
            ((c + 1) * (3 * x + 5 * y * y + 7 * z) % 11) as f32
        });
        Field::new(Grid::cube(edge)?, ["a", "b"], data)
    }

    #[test]
    fn every_second_displacement_of_a_large_volume() -> Result<()> {
        let field = field(36)?;
        let found = vector(&field, Extent::Volumes, Scale::Covariances)?;
        assert_eq!(found.len(), 3 * 18 * 18 * 18);
        let all = TwoPoint::periodic(&field, &Pairs::All)?.to_covariance();
        assert_eq!(found[(18 * 18 + 2 * 18) + 5], all.values()[[0, 2, 4, 10]]);
        Ok(())
    }

    #[test]
    fn sections_are_planes_and_correlations_do_not_know_amplitudes() -> Result<()> {
        let field = field(8)?;
        let section = vector(&field, Extent::Sections, Scale::Covariances)?;
        assert_eq!(section.len(), 3 * 8 * 8);
        let plane = field.data().index_axis(Axis(2), 4);
        let mean = plane.index_axis(Axis(0), 0).mean().unwrap_or(f32::NAN);
        let variance = plane
            .index_axis(Axis(0), 0)
            .mapv(|v| (v - mean).powi(2))
            .mean();
        assert!((section[0] - variance.unwrap_or(f32::NAN)).abs() < 1e-4);
        let loud = Field::new(*field.grid(), ["a", "b"], field.data().mapv(|v| 3.0 * v))?;
        let [quiet, loud] =
            [&field, &loud].map(|f| vector(f, Extent::Volumes, Scale::Correlations));
        for (a, b) in quiet?.iter().zip(&loud?) {
            assert!((a - b).abs() < 1e-5);
        }
        let flat = Field::new(Grid::cube(4)?, ["a"], Array4::zeros((1, 4, 4, 4)))?;
        assert!(vector(&flat, Extent::Volumes, Scale::Correlations).is_err());
        Ok(())
    }
}
