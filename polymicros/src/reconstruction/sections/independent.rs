//! Orthogonal statistics of three maps that do not lie in one volume.

use super::OrthogonalStatistics;
use super::hermitian::PAIRS;
use super::planes::{SPANNED, empty};
use super::statistics::three;
use crate::microstructure::{Field, Grid};
use crate::statistics::{Cutoff, Pairs, TwoPoint, signed};
use crate::{Error, Result};
use ndarray::{Array3, Array4};
use serde::{Deserialize, Serialize};

/// How statistics at the displacements of a periodic volume are estimated from a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Estimate {
    /// The map is taken to repeat itself, as the paper has it (Eq. 1). It must be as large as the
    /// volume's face. Every pair that crosses the seam is one of unrelated voxels, which weakens
    /// the correlation at a displacement `r` by `r / n`.
    Wrapped,
    /// Pairs within the map only, each displacement divided by its own number of pairs: without
    /// bias up to a quarter of the map's edge. Beyond, where few pairs are left, covariances are
    /// brought to zero along a squared cosine, which ends at half of the map's edge (or of the
    /// volume's, if that is shorter). The volume may be larger than the map: at displacements that
    /// the map does not have, the volume is taken to be uncorrelated.
    #[default]
    Tapered,
}

/// The grid of a volume from three maps, and how their statistics are estimated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SectionSettings {
    /// Voxels of the volume along x, y and z.
    pub shape: [usize; 3],
    /// The edge of its voxels, in the maps' unit; none is the finest spacing of the maps. Maps of
    /// another spacing are sampled anew, each voxel from the nearest pixel, since orientations
    /// have no mean across a boundary.
    pub spacing: Option<f64>,
    /// How statistics are estimated.
    pub estimate: Estimate,
}

impl OrthogonalStatistics {
    /// The statistics of three maps of the planes xy, xz and yz, in this order, whose relative
    /// position is unknown: they may come from different places or specimens.
    ///
    /// The first axis of each map is the plane's first, x, x and y, and the second the plane's
    /// second, y, z and z. Orientations must be given in one frame for all three, the volume's:
    /// a map that was indexed in the frame of its own surface must be turned before, since ROGSH
    /// values are not those of a turned crystal.
    ///
    /// Each covariance is about its own map's mean; the mean of the result is that of all maps, by
    /// their valid pixels. The planes disagree where they meet:
    /// [`with_shared_axes`](Self::with_shared_axes) and [`Reachable`](super::Reachable).
    ///
    /// # Errors
    /// When a map is not one of three channels and two axes, the units differ, or a map does not
    /// have the size that the estimate needs.
    pub fn of_sections(maps: [&Field; 3], settings: &SectionSettings) -> Result<Self> {
        let [xy, xz, yz] = maps;
        let grid = grid_of(&maps, settings)?;
        let mut mean = [0.0; 3];
        let mut pixels = 0.0;
        let mut covariances = [0, 1, 2].map(|axis| empty(grid.shape, axis));
        // Planes are kept by the axis that they are perpendicular to.
        for (axis, map) in [yz, xz, xy].into_iter().enumerate() {
            let map = resampled(map, grid.spacing[0])?;
            let valid = match map.mask() {
                Some(mask) => mask.iter().filter(|valid| **valid).count(),
                None => map.grid().voxels(),
            } as f64;
            for (sum, one) in mean.iter_mut().zip(three(&map)?) {
                *sum += one * valid;
            }
            pixels += valid;
            covariances[axis] = plane(&map, &grid, axis, settings.estimate)?;
        }
        let mean = mean.map(|sum| sum / pixels);
        Ok(Self::new(grid, xy.channels().to_vec(), mean, covariances))
    }
}

const NAMES: [&str; 3] = ["yz", "xz", "xy"];

fn grid_of(maps: &[&Field; 3], settings: &SectionSettings) -> Result<Grid> {
    let unit = maps[0].grid().unit;
    if let Some(other) = maps.iter().find(|map| map.grid().unit != unit) {
        let found = other.grid().unit.symbol();
        return Err(Error::shape("units of the maps", unit.symbol(), found));
    }
    let finest = maps
        .iter()
        .flat_map(|map| edges(map).map(|(_, spacing)| spacing))
        .fold(f64::INFINITY, f64::min);
    let spacing = settings.spacing.unwrap_or(finest);
    Grid::with_spacing(settings.shape, [spacing; 3], unit)
}

/// Pixels and spacing along the two axes of a map.
fn edges(map: &Field) -> [(usize, f64); 2] {
    let grid = map.grid();
    let mut axes = (0..3).filter(|&axis| grid.shape[axis] > 1);
    [(); 2].map(|()| {
        let axis = axes.next().unwrap_or(2);
        (grid.shape[axis], grid.spacing[axis])
    })
}

/// The map as `channel, i, j, 1` with pixels of this size, each from the nearest one.
fn resampled(map: &Field, spacing: f64) -> Result<Field> {
    if map.grid().dimensions() != 2 {
        let problem = format!("{}; a map of two axes is needed", map.grid());
        return Err(Error::value("section", problem));
    }
    let edges = edges(map);
    // Sizes that fit but for rounding are not cut.
    let shape = edges.map(|(pixels, old)| (pixels as f64 * old / spacing + 1e-6).floor() as usize);
    if shape.contains(&0) {
        let problem = format!("{} is smaller than a voxel of {spacing}", map.grid());
        return Err(Error::value("section", problem));
    }
    let source = |i: usize, axis: usize| {
        let (pixels, old) = edges[axis];
        (((i as f64 + 0.5) * spacing / old) as usize).min(pixels - 1)
    };
    let flat = |i: usize, j: usize| source(i, 0) * edges[1].0 + source(j, 1);
    let (values, pixels) = (map.as_slice(), map.grid().voxels());
    let data = Array4::from_shape_fn(
        (map.channels().len(), shape[0], shape[1], 1),
        |(c, i, j, _)| values[c * pixels + flat(i, j)],
    );
    let grid = Grid::with_spacing([shape[0], shape[1], 1], [spacing; 3], map.grid().unit)?;
    let made = Field::new(grid, map.channels().to_vec(), data)?;
    let Some(mask) = map.mask() else {
        return Ok(made);
    };
    let valid: Vec<bool> = mask.iter().copied().collect();
    let mask = Array3::from_shape_fn((shape[0], shape[1], 1), |(i, j, _)| valid[flat(i, j)]);
    made.with_mask(mask.into_shared())
}

/// The covariances of a map at the displacements of the plane perpendicular to an axis.
fn plane(map: &Field, grid: &Grid, axis: usize, estimate: Estimate) -> Result<Array3<f64>> {
    let face = SPANNED[axis].map(|axis| grid.shape[axis]);
    let size = [map.grid().shape[0], map.grid().shape[1]];
    let reach = [0, 1].map(|i| size[i].min(face[i]) / 2);
    let known = match estimate {
        Estimate::Wrapped if size != face => {
            return Err(Error::value(
                format!("section {}", NAMES[axis]),
                format!(
                    "{} x {} voxels, but the volume's face has {} x {}; only maps that fill it \
                     can repeat themselves: ask for the tapered estimate",
                    size[0], size[1], face[0], face[1]
                ),
            ));
        }
        Estimate::Wrapped => TwoPoint::periodic(map, &Pairs::All)?,
        Estimate::Tapered => {
            let cutoff = Cutoff {
                displacement: [reach[0], reach[1], 0],
                min_pairs: 1,
            };
            TwoPoint::non_periodic(map, &Pairs::All, cutoff)?
        }
    }
    .to_covariance();
    let weight = |r: isize, i: usize| match estimate {
        Estimate::Wrapped => 1.0,
        Estimate::Tapered => taper(r.unsigned_abs() as f64 / reach[i] as f64),
    };
    let mut plane = empty(grid.shape, axis);
    for ((pair, i, j), value) in plane.indexed_iter_mut() {
        // Half of an even edge is as far in either direction.
        let (first, second) = (both_ways(i, face[0]), both_ways(j, face[1]));
        for r in first {
            for s in second {
                // Displacements without a pair of valid pixels are taken to be uncorrelated.
                let found = known.at(PAIRS[pair], [r, s, 0]).unwrap_or(0.0);
                *value += 0.25 * f64::from(found) * weight(r, 0) * weight(s, 1);
            }
        }
    }
    Ok(plane)
}

/// The displacement at an index, twice, or both of which it stands for.
fn both_ways(i: usize, edge: usize) -> [isize; 2] {
    let r = signed(i, edge);
    if 2 * i == edge { [r, -r] } else { [r, r] }
}

/// One up to half of the reach, then a squared cosine to zero.
fn taper(share: f64) -> f64 {
    match share {
        share if share <= 0.5 => 1.0,
        share if share < 1.0 => (std::f64::consts::PI * (share - 0.5)).cos().powi(2),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests;
