//! Laguerre tessellations of a periodic box (power diagrams): the synthetic grain structures that
//! packings of balls or ellipsoids give.

use super::Grid;
use super::packing::pack;
use crate::{Error, Result};
use ndarray::Array3;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Balls in a periodic box, or ellipsoids of one shape along the axes, and the cells among them.
///
/// A voxel belongs to the ball whose power distance, the squared distance to its centre less the
/// square of its radius, is the least.
#[derive(Debug, Clone, PartialEq)]
pub struct Tessellation {
    /// Edges of the box.
    edges: [f64; 3],
    /// What a length along each axis is divided by: the metric in which the ellipsoids are balls.
    stretch: [f64; 3],
    /// Centres in the box, and radii in the metric.
    balls: Vec<([f64; 3], f64)>,
}

impl Tessellation {
    /// Balls at given centres in a box of these edges, in one unit with the radii. `stretch` makes
    /// ellipsoids of them, longer along an axis by its factor; ones leave balls.
    ///
    /// # Errors
    /// When there are no balls, or a number is not finite or, but for centres, not positive.
    pub fn new(edges: [f64; 3], stretch: [f64; 3], balls: Vec<([f64; 3], f64)>) -> Result<Self> {
        let positive = |v: &f64| *v > 0.0 && v.is_finite();
        let placed = |centre: &[f64; 3]| centre.iter().all(|x| x.is_finite());
        let fine = balls
            .iter()
            .all(|(centre, radius)| placed(centre) && positive(radius));
        if balls.is_empty() || !fine || !edges.iter().chain(&stretch).all(positive) {
            let problem = "at least one ball, with finite numbers and positive lengths";
            return Err(Error::value("tessellation", problem));
        }
        Ok(Tessellation {
            edges,
            stretch,
            balls,
        })
    }

    /// Balls of these radii packed at random: one after the other, the largest first, each where
    /// it overlaps those that are there least of 20 random places.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn packed(
        edges: [f64; 3],
        stretch: [f64; 3],
        radii: &[f64],
        rng: &mut ChaCha8Rng,
    ) -> Result<Self> {
        let balls = pack(
            edges,
            radii,
            |apart| {
                let along = apart.iter().zip(stretch);
                along
                    .map(|(apart, stretch)| (apart / stretch).powi(2))
                    .sum()
            },
            rng,
        );
        Self::new(edges, stretch, balls)
    }

    /// The square of a difference along an axis, between the nearest of all periodic images.
    fn square_along(&self, axis: usize, difference: f64) -> f64 {
        let edge = self.edges[axis];
        let nearest = difference - edge * (difference / edge).round();
        (nearest / self.stretch[axis]).powi(2)
    }

    /// The ball, counted from zero, of each voxel of a grid that fills the box, `x, y, z`.
    pub fn labels(&self, grid: &Grid) -> Array3<u32> {
        let [nx, ny, nz] = grid.shape;
        let squares = |axis: usize| -> Vec<Vec<f64>> {
            let step = self.edges[axis] / grid.shape[axis] as f64;
            let along = |centre: f64| {
                let at = |i: usize| (i as f64 + 0.5) * step - centre;
                (0..grid.shape[axis])
                    .map(|i| self.square_along(axis, at(i)))
                    .collect()
            };
            self.balls
                .iter()
                .map(|(centre, _)| along(centre[axis]))
                .collect()
        };
        let [along_x, along_y, along_z] = [0, 1, 2].map(squares);
        let mut labels = vec![0u32; nx * ny * nz];
        labels.par_chunks_exact_mut(nz).enumerate().for_each_init(
            || vec![f64::INFINITY; nz],
            |least, (row, labels)| {
                let (x, y) = (row / ny, row % ny);
                least.fill(f64::INFINITY);
                for (ball, (_, radius)) in self.balls.iter().enumerate() {
                    let start = along_x[ball][x] + along_y[ball][y] - radius * radius;
                    let voxels = labels.iter_mut().zip(least.iter_mut());
                    for ((label, least), square) in voxels.zip(&along_z[ball]) {
                        let power = start + square;
                        if power < *least {
                            (*label, *least) = (ball as u32, power);
                        }
                    }
                }
            },
        );
        Array3::from_shape_vec((nx, ny, nz), labels).expect("a label was made for each voxel")
    }
}

#[cfg(test)]
mod tests;
