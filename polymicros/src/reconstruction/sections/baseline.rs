//! What users have today: a packing with the sections' grain sizes and texture.

use crate::microstructure::{Field, Grains, Grid, Tessellation, filling_radii};
use crate::orientation::ROGSH_NAMES;
use crate::{Error, Result};
use ndarray::Array4;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// A Laguerre tessellation of packed ellipsoids, fitted to the grains seen in three sections, with
/// orientations drawn from the sections' pixels: mean-field statistics, sizes and texture without
/// any pattern of where they are.
///
/// Fitted are the mean intercept along each axis and the spread of the grains' sizes in sections,
/// each by comparing sections of tessellations with the maps.
#[derive(Debug, Clone)]
pub struct MeanField {
    grid: Grid,
    /// The relative lengths of the ellipsoids' axes, and the radius of the mean ball.
    stretch: [f64; 3],
    radius: f64,
    /// Standard deviation of the logarithm of the radii.
    sigma: f64,
    /// Values to draw from.
    texture: Vec<[f32; 3]>,
}

/// The grains of three sections in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SectionGrains {
    /// The mean intercepts along x, y and z, in the grid's unit.
    pub intercepts: [f64; 3],
    /// The coefficient of variation of the equivalent diameters of whole grains; zero where there
    /// are none.
    pub variation: f64,
}

/// Rounds of correcting the sizes.
const ROUNDS: usize = 6;

/// Spreads of the radii that are tried.
const SIGMAS: [f64; 6] = [0.0, 0.15, 0.3, 0.45, 0.6, 0.75];

/// Mean intercept over mean diameter of a ball: the first guess.
const INTERCEPT: f64 = 2.0 / 3.0;

/// Pixels of the smallest grain that counts.
const SMALLEST: usize = 4;

impl MeanField {
    /// Fits volumes on a grid to maps of the planes xy, xz and yz, as for
    /// [`OrthogonalStatistics::of_sections`](super::OrthogonalStatistics::of_sections); neighbouring pixels are in one grain where their
    /// ROGSH values are within `threshold`.
    ///
    /// # Errors
    /// When a map is not one of ROGSH values with two axes.
    pub fn fit(maps: [&Field; 3], grid: &Grid, threshold: f64, seed: u64) -> Result<Self> {
        let [xy, xz, yz] = maps;
        // Along x the maps xy and xz see grains, and so on.
        let grains = [xy, xz, yz].map(|map| flat_grains(map, threshold));
        let [xy_grains, xz_grains, yz_grains] = grains;
        let seen = in_numbers(&[xy_grains?, xz_grains?, yz_grains?])?;
        for (axis, (seen, voxel)) in seen.intercepts.iter().zip(grid.spacing).enumerate() {
            if *seen < voxel {
                let problem = format!(
                    "grains of {seen:.3} along axis {axis} on average, and voxels of {voxel:.3}: \
                     finer voxels, or a higher threshold where the maps are noisy"
                );
                return Err(Error::value("sections of a mean field", problem));
            }
        }
        let texture = maps.iter().flat_map(|map| values(map)).collect();
        let mean = seen.intercepts.iter().product::<f64>().cbrt();
        let mut best: Option<(f64, MeanField)> = None;
        for sigma in SIGMAS {
            let mut model = MeanField {
                grid: *grid,
                stretch: seen.intercepts.map(|length| length / mean),
                radius: 0.5 * mean / INTERCEPT,
                sigma,
                texture: Vec::new(),
            };
            let mut variation = 0.0;
            for round in 0..ROUNDS {
                let found = model.sections(seed.wrapping_add(round as u64))?;
                let ratio: [f64; 3] =
                    std::array::from_fn(|axis| seen.intercepts[axis] / found.intercepts[axis]);
                let size = ratio.iter().product::<f64>().cbrt();
                model.radius *= size;
                model.stretch = std::array::from_fn(|a| model.stretch[a] * ratio[a] / size);
                variation = found.variation;
            }
            let miss = (variation - seen.variation).abs();
            if best.as_ref().is_none_or(|(least, _)| miss < *least) {
                best = Some((miss, model));
            }
        }
        let (_, model) = best.ok_or_else(|| Error::numerical("mean-field fit", "nothing tried"))?;
        Ok(MeanField { texture, ..model })
    }

    /// A volume.
    ///
    /// # Errors
    /// When the fitted sizes leave no room for a grain.
    pub fn sample(&self, seed: u64) -> Result<Field> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let tessellation = self.tessellation(&mut rng)?;
        let labels = tessellation.labels(&self.grid);
        let grains = labels.iter().copied().max().unwrap_or(0) as usize + 1;
        let texture: Vec<[f32; 3]> = (0..grains)
            .map(|_| self.texture[rng.random_range(0..self.texture.len())])
            .collect();
        let [x, y, z] = self.grid.shape;
        let data = Array4::from_shape_fn((3, x, y, z), |(c, x, y, z)| {
            texture[labels[[x, y, z]] as usize][c]
        });
        Field::new(self.grid, ROGSH_NAMES, data)
    }

    fn tessellation(&self, rng: &mut ChaCha8Rng) -> Result<Tessellation> {
        let edges = self.grid.extent();
        let volume: f64 = edges.iter().product();
        let radii = filling_radii(volume, self.radius, self.sigma, rng);
        Tessellation::packed(edges, self.stretch, &radii, rng)
    }

    /// What the middle sections of a tessellation show, every cell a grain of its own.
    fn sections(&self, seed: u64) -> Result<SectionGrains> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let labels = self.tessellation(&mut rng)?.labels(&self.grid);
        let [x, y, z] = self.grid.shape;
        // Cells in the place of orientations: different numbers are different grains.
        let data = Array4::from_shape_fn((3, x, y, z), |(c, x, y, z)| match c {
            0 => labels[[x, y, z]] as f32,
            _ => 0.0,
        });
        let whole = Field::new(self.grid, ROGSH_NAMES, data)?;
        let sections = [2, 1, 0].map(|axis| {
            let (mut first, mut shape) = ([0; 3], self.grid.shape);
            (first[axis], shape[axis]) = (shape[axis] / 2, 1);
            flat_grains(
                &whole.crop(std::array::from_fn(|axis| {
                    first[axis]..first[axis] + shape[axis]
                }))?,
                0.5,
            )
        });
        let [xy, xz, yz] = sections;
        in_numbers(&[xy?, xz?, yz?])
    }
}

/// The axes of a volume that the maps xy, xz and yz have.
const AXES: [[usize; 2]; 3] = [[0, 1], [0, 2], [1, 2]];

fn flat_grains(map: &Field, threshold: f64) -> Result<Grains> {
    if map.grid().dimensions() != 2 {
        let problem = format!("{}; a map of two axes is needed", map.grid());
        return Err(Error::value("section", problem));
    }
    Grains::by_rogsh(map, threshold, false)
}

/// The grains of the maps xy, xz and yz in numbers.
fn in_numbers(maps: &[Grains; 3]) -> Result<SectionGrains> {
    let mut sums = [(0.0, 0.0); 3];
    let mut diameters = Vec::new();
    for (grains, axes) in maps.iter().zip(AXES) {
        let own = (0..3).filter(|&axis| grains.grid().shape[axis] > 1);
        for (axis, own) in axes.into_iter().zip(own) {
            // Grains that no line ends in are at least as long as the map.
            let extent = grains.grid().extent()[own];
            sums[axis].0 += grains.chords(own)?.mean_intercept.unwrap_or(extent);
            sums[axis].1 += 1.0;
        }
        let whole = grains
            .list()
            .iter()
            .filter(|g| !g.cut && g.voxels >= SMALLEST);
        diameters.extend(whole.map(|grain| grain.diameter));
    }
    let count = diameters.len().max(1) as f64;
    let mean = diameters.iter().sum::<f64>() / count;
    let variance = diameters.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / count;
    Ok(SectionGrains {
        intercepts: sums.map(|(sum, count)| sum / count),
        variation: if mean > 0.0 {
            variance.sqrt() / mean
        } else {
            0.0
        },
    })
}

/// The values of the valid pixels.
fn values(map: &Field) -> Vec<[f32; 3]> {
    let pixels = map.grid().voxels();
    let valid = |at: usize| map.mask().and_then(|m| m.as_slice()).is_none_or(|m| m[at]);
    (0..pixels)
        .filter(|&at| valid(at))
        .map(|at| [0, 1, 2].map(|c| map.as_slice()[c * pixels + at]))
        .collect()
}

#[cfg(test)]
mod tests;
