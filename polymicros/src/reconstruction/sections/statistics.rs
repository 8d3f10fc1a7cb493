//! 2-point statistics on the three planes through zero displacement.

use super::hermitian::PAIRS;
use super::planes::{Planes, SPANNED, empty};
use super::spectra::Spectra;
use crate::microstructure::{Field, Grid};
use crate::statistics::means;
use crate::{Error, Result};
use ndarray::{Array2, Array3, Axis, s};
use serde::{Deserialize, Serialize};

/// The orthogonal 2-point statistics `f_⊥^{βγ}` of three channels (paper 5.3): the covariances at
/// the displacements of which one component is zero, and the mean of each channel.
///
/// Displacements are those of a periodic volume, in its voxels. On each plane zero displacement is
/// at index 0, and negative ones count back from the end, as in
/// [`TwoPoint`](crate::statistics::TwoPoint).
#[derive(Debug, Clone)]
pub struct OrthogonalStatistics {
    grid: Grid,
    channels: Vec<String>,
    mean: [f64; 3],
    /// For each axis the plane perpendicular to it: `pair, r, r'`.
    covariances: [Array3<f64>; 3],
}

/// How far the statistics of one pair of channels are from their target, over all displacements of
/// the three planes. What two planes share counts in both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrelationError {
    /// The channels.
    pub pair: (usize, usize),
    /// The largest absolute error.
    pub maximum: f64,
    /// The mean absolute error.
    pub mean: f64,
    /// The mean square error.
    pub mean_square: f64,
    /// The largest absolute covariance of the target, to compare with.
    pub scale: f64,
}

impl OrthogonalStatistics {
    /// From its parts: `covariances` holds for each axis the plane perpendicular to it, of shape
    /// `(6, n, n')`, pairs as in
    /// [`Pairs::All`](crate::statistics::Pairs::All).
    pub(super) fn new(
        grid: Grid,
        channels: Vec<String>,
        mean: [f64; 3],
        covariances: [Array3<f64>; 3],
    ) -> Self {
        OrthogonalStatistics {
            grid,
            channels,
            mean,
            covariances,
        }
    }

    /// Those of a volume that is periodic, without an inverse transform of the whole: planes of
    /// the statistics are transforms of sums of the spectrum (projection-slice theorem).
    ///
    /// # Errors
    /// When the field has other than three channels, fewer than two voxels along an axis, a mask,
    /// or values that are not finite.
    pub fn of_volume(field: &Field) -> Result<Self> {
        if field.mask().is_some() {
            let problem = "some voxels are not valid; crop to a part where all are";
            return Err(Error::value("volume of target statistics", problem));
        }
        let mean = three(field)?;
        let mut spectra = Spectra::new(field.grid().shape)?;
        spectra.load(field.as_slice())?;
        let covariances = spectra.planes().covariances()?;
        let channels = field.channels().to_vec();
        Ok(Self::new(*field.grid(), channels, mean, covariances))
    }

    /// The grid of the volume that has these statistics.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The names of the channels.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// The mean of each channel.
    pub fn mean(&self) -> [f64; 3] {
        self.mean
    }

    /// The covariances on the plane perpendicular to an axis (0, 1, 2 for x, y, z), of shape
    /// `(6, n, n')`: pairs 00, 01, 02, 11, 12, 22, and the displacements along the other axes.
    ///
    /// # Errors
    /// When there is no such axis.
    pub fn plane(&self, axis: usize) -> Result<&Array3<f64>> {
        self.covariances.get(axis).ok_or_else(|| no_axis(axis))
    }

    /// The variance of each channel: its covariance at zero displacement.
    pub(super) fn variances(&self) -> [f64; 3] {
        [0, 3, 5].map(|pair| self.covariances[0][[pair, 0, 0]])
    }

    /// The mean of the channels' variances.
    pub(super) fn variance(&self) -> f64 {
        self.variances().iter().sum::<f64>() / 3.0
    }

    /// The covariances of a pair on the plane perpendicular to an axis, with zero displacement in
    /// the middle, at index `n / 2`: to look at.
    ///
    /// # Errors
    /// When there is no such axis, or the pair is not one of 00, 01, 02, 11, 12, 22.
    pub fn centred(&self, pair: (usize, usize), axis: usize) -> Result<Array2<f32>> {
        let known = PAIRS.iter().position(|known| *known == pair);
        let index = known.ok_or_else(|| {
            Error::value("channel pair", format!("{pair:?} is none of {PAIRS:?}"))
        })?;
        let map = self.plane(axis)?.index_axis(Axis(0), index).to_owned();
        let (a, b) = map.dim();
        Ok(Array2::from_shape_fn((a, b), |(i, j)| {
            map[[(i + a - a / 2) % a, (j + b - b / 2) % b]] as f32
        }))
    }

    /// The statistics with the same values wherever two planes meet: on the axes the mean of the
    /// two planes, at zero displacement of all three. Of all that agree these are the nearest in
    /// mean square.
    pub fn with_shared_axes(&self) -> Self {
        let mut made = self.clone();
        let [yz, xz, xy] = &self.covariances;
        let at_zero = |plane: &Array3<f64>| plane.slice(s![.., 0, 0]).to_owned();
        let zero = (at_zero(yz) + at_zero(xz) + at_zero(xy)) / 3.0;
        for along in 0..3 {
            let planes: Vec<usize> = (0..3).filter(|&axis| axis != along).collect();
            let line = |axis: usize| self.covariances[axis].index_axis(place(axis, along), 0);
            let mut shared = (&line(planes[0]) + &line(planes[1])) / 2.0;
            shared.slice_mut(s![.., 0]).assign(&zero);
            for axis in planes {
                made.covariances[axis]
                    .index_axis_mut(place(axis, along), 0)
                    .assign(&shared);
            }
        }
        made
    }

    /// The error of these statistics, with their means, against a target's, for each pair.
    ///
    /// # Errors
    /// When the two have different shapes.
    pub fn errors(&self, target: &OrthogonalStatistics) -> Result<Vec<CorrelationError>> {
        if self.grid.shape != target.grid.shape {
            let what = "statistics to compare";
            return Err(Error::shape(what, target.grid.shape, self.grid.shape));
        }
        let of_pair = |(index, pair): (usize, (usize, usize))| {
            let (b, c) = pair;
            let shift = self.mean[b] * self.mean[c] - target.mean[b] * target.mean[c];
            let mut error = CorrelationError {
                pair,
                maximum: 0.0,
                mean: 0.0,
                mean_square: 0.0,
                scale: 0.0,
            };
            let mut count = 0.0;
            for axis in 0..3 {
                let map = |all: &OrthogonalStatistics| {
                    all.covariances[axis].index_axis(Axis(0), index).to_owned()
                };
                for (value, target) in map(self).iter().zip(&map(target)) {
                    let difference = (value - target + shift).abs();
                    error.maximum = error.maximum.max(difference);
                    error.mean += difference;
                    error.mean_square += difference * difference;
                    error.scale = error.scale.max(target.abs());
                    count += 1.0;
                }
            }
            error.mean /= count;
            error.mean_square /= count;
            error
        };
        Ok(PAIRS.into_iter().enumerate().map(of_pair).collect())
    }

    /// The mean of several, such as those of an ensemble.
    ///
    /// # Errors
    /// When there are none, or their shapes differ.
    pub fn mean_of(all: &[OrthogonalStatistics]) -> Result<Self> {
        let Some(first) = all.first() else {
            return Err(Error::value("mean of statistics", "there are none"));
        };
        let mut made = first.clone();
        made.mean = [0.0; 3];
        made.covariances = [0, 1, 2].map(|axis| empty(first.grid.shape, axis));
        let share = 1.0 / all.len() as f64;
        for one in all {
            if one.grid.shape != first.grid.shape {
                let what = "statistics to take the mean of";
                return Err(Error::shape(what, first.grid.shape, one.grid.shape));
            }
            for (sum, mean) in made.mean.iter_mut().zip(one.mean) {
                *sum += share * mean;
            }
            for (sum, plane) in made.covariances.iter_mut().zip(&one.covariances) {
                sum.scaled_add(share, plane);
            }
        }
        Ok(made)
    }

    /// These covariances less others, with the difference of the means: to look at.
    ///
    /// # Errors
    /// When the two have different shapes.
    pub fn difference(&self, other: &OrthogonalStatistics) -> Result<Self> {
        if self.grid.shape != other.grid.shape {
            let what = "statistics to subtract";
            return Err(Error::shape(what, self.grid.shape, other.grid.shape));
        }
        let mut made = self.clone();
        for axis in 0..3 {
            made.mean[axis] -= other.mean[axis];
            made.covariances[axis] -= &other.covariances[axis];
        }
        Ok(made)
    }

    /// The Fourier coefficients of the covariances.
    pub(super) fn planes(&self) -> Result<Planes> {
        Planes::of_covariances(self.grid.shape, &self.covariances)
    }

    /// Statistics on the same grid with the same means, and these covariances.
    pub(super) fn with_planes(&self, planes: &Planes) -> Result<Self> {
        Ok(OrthogonalStatistics {
            covariances: planes.covariances()?,
            ..self.clone()
        })
    }
}

/// Which axis of `pair, r, r'` is not `along`, on the plane perpendicular to `axis`.
fn place(axis: usize, along: usize) -> Axis {
    Axis(if SPANNED[axis][0] == along { 2 } else { 1 })
}

fn no_axis(axis: usize) -> Error {
    Error::value("axis", format!("{axis}: 0, 1 or 2 for x, y, z"))
}

/// The means of a field that has three channels.
pub(super) fn three(field: &Field) -> Result<[f64; 3]> {
    let means = means(field)?;
    <[f64; 3]>::try_from(means)
        .map_err(|means| Error::shape("channels of a field of ROGSH values", 3, means.len()))
}

#[cfg(test)]
mod tests;
