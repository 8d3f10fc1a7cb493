//! The tiles along one axis, and each one's share in its voxels.

use super::Tiling;
use std::f64::consts::FRAC_PI_2;

/// Tiles that cover an axis.
pub(super) struct Cover {
    pub tiles: Vec<Tile>,
}

/// A tile's part of an axis.
pub(super) struct Tile {
    /// Which voxel of the field stands at each place of the tile.
    pub voxels: Vec<usize>,
    /// The tile's share in that voxel; the shares of all tiles add up to 1.
    pub shares: Vec<f32>,
}

impl Cover {
    /// One tile where the axis is no longer than that; of a periodic field with longer axes
    /// (`alone` is false), whose denoiser does not wrap, it reaches around the axis by half the
    /// overlap on either side. Otherwise tiles start at multiples of their distance and, where the
    /// field is not periodic, the last ends with the field.
    pub fn new(edge: usize, tiling: &Tiling, alone: bool) -> Self {
        if edge <= tiling.tile {
            let around = if tiling.periodic && !alone {
                tiling.overlap / 2
            } else {
                0
            };
            let before = edge - around % edge;
            let tile = Tile {
                voxels: (0..edge + 2 * around)
                    .map(|i| (before + i) % edge)
                    .collect(),
                shares: (0..edge + 2 * around)
                    .map(|i| f32::from(u8::from((around..around + edge).contains(&i))))
                    .collect(),
            };
            return Cover { tiles: vec![tile] };
        }
        let step = tiling.tile - tiling.overlap;
        let starts: Vec<usize> = if tiling.periodic {
            (0..edge).step_by(step).collect()
        } else {
            let last = edge - tiling.tile;
            (0..last).step_by(step).chain([last]).collect()
        };
        let weights: Vec<Vec<f64>> = starts
            .iter()
            .map(|&start| {
                let open = !tiling.periodic;
                let faces = [open && start == 0, open && start + tiling.tile == edge];
                (0..tiling.tile).map(|i| tiling.weight(i, faces)).collect()
            })
            .collect();
        let mut sums = vec![0.0; edge];
        for (&start, weights) in starts.iter().zip(&weights) {
            for (i, weight) in weights.iter().enumerate() {
                sums[(start + i) % edge] += weight;
            }
        }
        let tile = |(&start, weights): (&usize, &Vec<f64>)| {
            let voxels: Vec<usize> = (start..start + tiling.tile).map(|v| v % edge).collect();
            let of_sum = |(weight, &voxel): (&f64, &usize)| (weight / sums[voxel]) as f32;
            let shares = weights.iter().zip(&voxels).map(of_sum).collect();
            Tile { voxels, shares }
        };
        Cover {
            tiles: starts.iter().zip(&weights).map(tile).collect(),
        }
    }
}

impl Tiling {
    /// Weight of place `i` of a tile, before all are made to add up to 1. `faces` says which ends
    /// of the tile are ends of the field, beyond which there is nothing to blend with.
    fn weight(&self, i: usize, faces: [bool; 2]) -> f64 {
        let rise = |from_end: usize, face: bool| {
            if face {
                return 1.0;
            }
            if from_end < self.margin {
                return 0.0;
            }
            let width = self.overlap - 2 * self.margin;
            let at = from_end - self.margin;
            if at >= width {
                return 1.0;
            }
            (FRAC_PI_2 * (at as f64 + 0.5) / width as f64).sin().powi(2)
        };
        rise(i, faces[0]) * rise(self.tile - 1 - i, faces[1])
    }
}
