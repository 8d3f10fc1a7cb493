//! 2-point statistics of a field (paper Eq. 1), periodic or not, with or without a mask.

use super::circular::circular;
use super::one_point::{mask_slice, means};
use super::two_point::signed;
use super::{Correlator, Pairs, TwoPoint};
use crate::microstructure::{Field, Grid};
use crate::{Error, Result};
use ndarray::{Array3, Array4};

/// How far non-periodic statistics reach, and what they ask of a displacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cutoff {
    /// The longest displacement along `x, y, z`, in voxels. Longer ones are not computed.
    pub displacement: [usize; 3],
    /// The fewest pairs of valid voxels that make a value; a displacement with fewer is marked
    /// with NaN. At least 1.
    pub min_pairs: u64,
}

impl Cutoff {
    /// Half of the grid's edges, and at least one pair.
    pub fn half(grid: &Grid) -> Self {
        Cutoff {
            displacement: grid.shape.map(|edge| edge / 2),
            min_pairs: 1,
        }
    }
}

impl TwoPoint {
    /// The 2-point statistics of a field that repeats itself beyond its grid (Eq. 1):
    /// `f^{βγ}_r = 1/S Σ_s m^β_s m^γ_{s+r}`.
    ///
    /// Where the field has a mask, sum and number `S` are those of the pairs of which both voxels
    /// are valid, a number for each `r` ([`counts`](Self::counts)), and displacements without any
    /// are marked. Without a mask the transforms are in `f32`, with one in `f64`.
    ///
    /// Memory beside the field and the result, without a mask: one half-spectrum a channel (or a
    /// pair of different channels, where there are more of these) and half of one for each
    /// autocorrelation, which for three channels and six pairs comes to 1.5 times the field.
    ///
    /// # Errors
    /// When a pair names no channel of the field, no voxel is valid, or a valid value is not
    /// finite.
    pub fn periodic(field: &Field, pairs: &Pairs) -> Result<TwoPoint> {
        let mean = means(field)?;
        let pairs = pairs.among(field.channels().len())?;
        let shape = field.grid().shape;
        if field.mask().is_some() {
            let lattice = Lattice {
                shape,
                padded: shape,
                min_pairs: 1,
            };
            return lattice.statistics(field, pairs, true, mean);
        }
        let values = circular(field.as_slice(), shape, field.channels().len(), &pairs)?;
        Ok(TwoPoint::estimated(field, pairs, true, mean, values, None))
    }

    /// The 2-point statistics of a field of which nothing is known beyond its grid and mask:
    /// for each `r` the mean of `m^β_s m^γ_{s+r}` over all `s` for which `s` and `s + r` are valid
    /// voxels of the grid. The number of those is in [`counts`](Self::counts).
    ///
    /// The field is padded with zeros and transformed in `f64`, since a value that stands on few
    /// pairs is a small difference of large sums.
    ///
    /// # Errors
    /// As [`periodic`](Self::periodic), and when the cut-off reaches beyond the grid.
    pub fn non_periodic(field: &Field, pairs: &Pairs, cutoff: Cutoff) -> Result<TwoPoint> {
        let mean = means(field)?;
        let pairs = pairs.among(field.channels().len())?;
        let edges = field.grid().shape;
        if (0..3).any(|axis| cutoff.displacement[axis] >= edges[axis]) {
            return Err(Error::value(
                "cut-off",
                format!(
                    "{:?} voxels, but the grid has only {edges:?}: \
                     the longest displacement is one less",
                    cutoff.displacement
                ),
            ));
        }
        let lattice = Lattice {
            shape: cutoff.displacement.map(|reach| 2 * reach + 1),
            padded: std::array::from_fn(|axis| {
                fast_length(edges[axis] + cutoff.displacement[axis])
            }),
            min_pairs: cutoff.min_pairs.max(1),
        };
        lattice.statistics(field, pairs, false, mean)
    }
}

/// The displacements asked for, and the padded grid whose circular correlations hold them.
struct Lattice {
    shape: [usize; 3],
    padded: [usize; 3],
    min_pairs: u64,
}

impl Lattice {
    fn statistics(
        &self,
        field: &Field,
        pairs: Vec<(usize, usize)>,
        periodic: bool,
        mean: Vec<f64>,
    ) -> Result<TwoPoint> {
        let edges = field.grid().shape;
        let channels: Vec<&[f32]> = field
            .as_slice()
            .chunks_exact(field.grid().voxels())
            .collect();
        let (values, counts) = self.weighted(edges, &channels, mask_slice(field), &pairs)?;
        let values = values.mapv(|value| value as f32);
        Ok(TwoPoint::estimated(
            field,
            pairs,
            periodic,
            mean,
            values,
            Some(counts),
        ))
    }

    /// Values and numbers of pairs for each displacement.
    fn weighted(
        &self,
        edges: [usize; 3],
        channels: &[&[f32]],
        mask: Option<&[bool]>,
        pairs: &[(usize, usize)],
    ) -> Result<(Array4<f64>, Array3<u64>)> {
        let voxels: usize = self.padded.iter().product();
        let mut padded = vec![0.0; voxels];
        let mut correlator = Correlator::new(self.padded, channels.len())?;

        // The mask goes first, through the place of channel 0, so that it needs none of its own.
        self.pad(edges, &mut padded, |i| f64::from(mask.is_none_or(|m| m[i])));
        correlator.set(0, &padded)?;
        correlator.correlate((0, 0), 1.0, &mut padded)?;
        let counts = Array3::from_shape_fn(self.shape, |index| {
            padded[self.source(index)].round().max(0.0) as u64
        });

        for (channel, values) in channels.iter().enumerate() {
            padded.fill(0.0);
            self.pad(edges, &mut padded, |i| match mask {
                Some(mask) if !mask[i] => 0.0,
                _ => f64::from(values[i]),
            });
            correlator.set(channel, &padded)?;
        }
        let [x, y, z] = self.shape;
        let mut values = Array4::zeros((pairs.len(), x, y, z));
        for (pair, mut map) in pairs.iter().zip(values.outer_iter_mut()) {
            correlator.correlate(*pair, 1.0, &mut padded)?;
            for ((index, value), count) in map.indexed_iter_mut().zip(&counts) {
                *value = if *count < self.min_pairs {
                    f64::NAN
                } else {
                    padded[self.source(index)] / *count as f64
                };
            }
        }
        Ok((values, counts))
    }

    /// Writes the values of the field's voxels into the corner of the padded grid.
    fn pad(&self, edges: [usize; 3], padded: &mut [f64], value: impl Fn(usize) -> f64) {
        let [_, py, pz] = self.padded;
        let [nx, ny, nz] = edges;
        for x in 0..nx {
            for y in 0..ny {
                let to = (x * py + y) * pz;
                let from = (x * ny + y) * nz;
                for (z, entry) in padded[to..to + nz].iter_mut().enumerate() {
                    *entry = value(from + z);
                }
            }
        }
    }

    /// Where the padded grid holds the displacement at an index.
    fn source(&self, index: (usize, usize, usize)) -> usize {
        let place = |i: usize, axis: usize| {
            signed(i, self.shape[axis]).rem_euclid(self.padded[axis] as isize) as usize
        };
        (place(index.0, 0) * self.padded[1] + place(index.1, 1)) * self.padded[2]
            + place(index.2, 2)
    }
}

/// The least length from `n` that is a product of 2, 3 and 5.
fn fast_length(n: usize) -> usize {
    let smooth = |mut n: usize| {
        for prime in [2, 3, 5] {
            while n.is_multiple_of(prime) {
                n /= prime;
            }
        }
        n == 1
    };
    (n.max(1)..).find(|n| smooth(*n)).unwrap_or(n)
}

#[cfg(test)]
mod tests;
