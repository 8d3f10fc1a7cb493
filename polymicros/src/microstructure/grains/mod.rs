//! Grains: connected voxels of one orientation, their sizes, orientations, neighbours and chords.
//!
//! Grains are told apart in one of three ways, and [`Grains::told_by`] says which:
//!
//! * by the numbers that the source of a volume gives ([`Grains::of_source`]);
//! * by disorientation ([`Grains::by_disorientation`]), for whatever was measured or simulated
//!   with orientations;
//! * by the distance of ROGSH values ([`Grains::by_rogsh`]), for fields that were generated: there
//!   an orientation is one of 16 or more with the same values (see
//!   [`preimages`](crate::orientation::preimages)), so that two voxels of one grain may be given
//!   orientations far apart, and a disorientation means nothing.
//!
//! Voxels are connected through their faces.

mod chords;
mod faces;
mod list;
mod segment;

pub use chords::Chords;
pub use list::{Grain, LEAST_CONTACT};

use super::{Field, Grid, Microstructure};
use crate::orientation::{Euler, ROGSH_NAMES, disorientation};
use crate::{Error, Result};
use list::Means;
use ndarray::{ArcArray, Array3, Ix3};

/// How grains were told apart.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ToldBy {
    /// By the numbers that came with the volume.
    Source,
    /// Neighbouring voxels of one phase within this disorientation, in radians, are one grain.
    Disorientation(f64),
    /// Neighbouring voxels within this Euclidean distance of their three ROGSH values are one
    /// grain.
    Rogsh(f64),
}

/// The grains of a volume or a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Grains {
    grid: Grid,
    labels: ArcArray<u32, Ix3>,
    list: Vec<Grain>,
    periodic: bool,
    told_by: ToldBy,
}

impl Grains {
    /// The grains that the volume's source knows, by their numbers there. Whether they are
    /// connected is the source's affair.
    ///
    /// # Errors
    /// When the volume has no grain ids, or no grain.
    pub fn of_source(volume: &Microstructure, periodic: bool) -> Result<Self> {
        let Some(ids) = volume.grain_ids() else {
            return Err(Error::value("grains", "this volume has no grain ids"));
        };
        let means = Means::Orientations(volume);
        Self::listed(*volume.grid(), ids.clone(), periodic, ToldBy::Source, means)
    }

    /// The grains of a cubic volume or map: neighbouring voxels of one phase are in one grain
    /// where their disorientation is below `threshold` radians. Voxels outside the mask are in no
    /// grain. In a `periodic` volume opposite faces of the box are neighbours.
    ///
    /// A grain whose orientation drifts slowly stays one, however far its ends are apart. Grains
    /// are numbered from 1 in the order of their first voxels, x slowest.
    ///
    /// # Errors
    /// When the threshold is not positive, a phase that a valid voxel has is not cubic m-3m, or
    /// no voxel is valid.
    pub fn by_disorientation(
        volume: &Microstructure,
        threshold: f64,
        periodic: bool,
    ) -> Result<Self> {
        positive("disorientation threshold", threshold)?;
        volume.refuse_other_than_cubic()?;
        let voxels = volume.grid().voxels();
        let euler = slice(volume.euler().as_slice());
        let phase = slice(volume.phase().as_slice());
        let angles = |at: usize| [0, 1, 2].map(|c| euler[c * voxels + at]);
        let same = |a: usize, b: usize| {
            let (first, second) = (angles(a), angles(b));
            let euler = |angles: [f32; 3]| Euler::from(angles.map(f64::from));
            phase[a] == phase[b]
                // Voxels of one grain often have the very same angles.
                && (first == second || disorientation(euler(first), euler(second)) < threshold)
        };
        let inside = slice(volume.mask().as_slice());
        let labels = segment::connected(volume.grid().shape, periodic, inside, same)?;
        let (told_by, means) = (
            ToldBy::Disorientation(threshold),
            Means::Orientations(volume),
        );
        Self::listed(
            *volume.grid(),
            labels.into_shared(),
            periodic,
            told_by,
            means,
        )
    }

    /// The grains of a field of ROGSH values, whose orientations are not unique: neighbouring
    /// voxels are in one grain where the Euclidean distance of their values is below `threshold`.
    /// The values span about 1 to 1.3, see [`ROGSH_RANGE`](crate::orientation::ROGSH_RANGE).
    ///
    /// Two grains of different orientations whose values happen to agree are one here.
    ///
    /// # Errors
    /// When the threshold is not positive, the field's channels are not [`ROGSH_NAMES`], or no
    /// voxel is valid.
    pub fn by_rogsh(field: &Field, threshold: f64, periodic: bool) -> Result<Self> {
        positive("ROGSH threshold", threshold)?;
        if field.channels() != ROGSH_NAMES {
            return Err(Error::shape(
                "channels of a ROGSH field",
                ROGSH_NAMES,
                field.channels(),
            ));
        }
        let (values, voxels) = (field.as_slice(), field.grid().voxels());
        let same = |a: usize, b: usize| {
            let squares = [0, 1, 2].map(|c| {
                let [a, b] = [a, b].map(|at| f64::from(values[c * voxels + at]));
                (a - b).powi(2)
            });
            squares.iter().sum::<f64>() < threshold * threshold
        };
        let everywhere;
        let inside = match field.mask() {
            Some(mask) => slice(mask.as_slice()),
            None => {
                everywhere = vec![true; voxels];
                &everywhere[..]
            }
        };
        let labels = segment::connected(field.grid().shape, periodic, inside, same)?;
        let (told_by, means) = (ToldBy::Rogsh(threshold), Means::Rogsh(field));
        Self::listed(
            *field.grid(),
            labels.into_shared(),
            periodic,
            told_by,
            means,
        )
    }

    fn listed(
        grid: Grid,
        labels: ArcArray<u32, Ix3>,
        periodic: bool,
        told_by: ToldBy,
        means: Means<'_>,
    ) -> Result<Self> {
        Ok(Grains {
            list: list::list(&grid, slice(labels.as_slice()), periodic, means)?,
            grid,
            labels,
            periodic,
            told_by,
        })
    }

    /// How the grains were told apart.
    pub fn told_by(&self) -> ToldBy {
        self.told_by
    }

    /// Whether opposite faces of the box are neighbours.
    pub fn periodic(&self) -> bool {
        self.periodic
    }

    /// The grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The grain of each voxel, in axis order `x, y, z`; 0 is no grain.
    /// [`Microstructure::with_grain_ids`] takes them.
    pub fn labels(&self) -> &ArcArray<u32, Ix3> {
        &self.labels
    }

    /// The grains, in the order of their numbers.
    pub fn list(&self) -> &[Grain] {
        &self.list
    }

    /// The number of grains.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// The equivalent diameter of each grain, in the grid's unit.
    pub fn diameters(&self) -> Vec<f64> {
        self.list.iter().map(|grain| grain.diameter).collect()
    }

    /// Standard deviation of the logarithm of the equivalent diameters: a lognormal
    /// distribution's sigma.
    pub fn lognormal_sigma(&self) -> f64 {
        let logs: Vec<f64> = self.list.iter().map(|grain| grain.diameter.ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        (logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / logs.len() as f64).sqrt()
    }

    /// The mean number of neighbours.
    pub fn mean_neighbours(&self) -> f64 {
        let all: usize = self.list.iter().map(|grain| grain.neighbours.len()).sum();
        all as f64 / self.count() as f64
    }

    /// The chords along an axis: 0 is x, 1 is y, 2 is z.
    ///
    /// # Errors
    /// When there is no such axis.
    pub fn chords(&self, axis: usize) -> Result<Chords> {
        Chords::along(self, axis)
    }
}

/// What is in standard layout by construction.
fn slice<T>(values: Option<&[T]>) -> &[T] {
    values.expect("fields, maps and labels are kept in standard layout")
}

fn positive(what: &str, threshold: f64) -> Result<()> {
    if threshold > 0.0 && threshold.is_finite() {
        return Ok(());
    }
    Err(Error::value(
        what,
        format!("{threshold}: expected a positive number"),
    ))
}

/// Labels of a shape.
fn array(shape: [usize; 3], labels: Vec<u32>) -> Result<Array3<u32>> {
    let found = labels.len();
    Array3::from_shape_vec(shape, labels).map_err(|_| Error::shape("labels", shape, found))
}

#[cfg(test)]
mod tests;
