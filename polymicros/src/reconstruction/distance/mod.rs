//! Exact Euclidean distances to the nearest marked voxel.

#[cfg(test)]
mod tests;

use crate::{Error, Result};
use rayon::prelude::*;

/// For each voxel of a box, the nearest marked one and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Distances {
    /// Squared distances between voxel centres, in axis order `x, y, z`.
    pub squared: Vec<f64>,
    /// The nearest marked voxel, as an index in that order; of several, that with the lowest
    /// x, of these that with the lowest y, and then z.
    pub nearest: Vec<u32>,
}

impl Distances {
    /// The distances of all voxels of a box of `shape` to those that are `marked` (`z` fastest),
    /// where voxels are `spacing` apart along x, y and z.
    ///
    /// The lower envelope of parabolas, axis by axis (Felzenszwalb and Huttenlocher, Theory of
    /// Computing 8, 415, 2012): time and memory are linear in the number of voxels.
    ///
    /// # Errors
    /// When no voxel is marked, the number of marks is not the box's, or there are 2^32 or more.
    pub fn to(marked: &[bool], shape: [usize; 3], spacing: [f64; 3]) -> Result<Self> {
        let voxels: usize = shape.iter().product();
        if marked.len() != voxels {
            return Err(Error::shape("marked voxels", voxels, marked.len()));
        }
        if u32::try_from(voxels).is_err() {
            let problem = format!("{voxels} voxels: fewer than 2^32 are supported");
            return Err(Error::value("distances", problem));
        }
        if !marked.contains(&true) {
            return Err(Error::value("distances", "no voxel is marked"));
        }
        let mut found = Distances {
            squared: marked
                .iter()
                .map(|&marked| if marked { 0.0 } else { f64::INFINITY })
                .collect(),
            nearest: (0..voxels as u32).collect(),
        };
        for axis in (0..3).rev() {
            found.pass(shape, axis, spacing[axis]);
        }
        Ok(found)
    }

    /// From distances within the planes, or lines, that the axes done so far span to those that
    /// this one spans as well.
    fn pass(&mut self, shape: [usize; 3], axis: usize, spacing: f64) {
        let n = shape[axis];
        if n == 1 {
            return;
        }
        let stride: usize = shape[axis + 1..].iter().product();
        // A block holds whole lines along the axis, `stride` of them side by side.
        let block = n * stride;
        self.squared
            .par_chunks_mut(block)
            .zip(self.nearest.par_chunks_mut(block))
            .for_each_init(
                || Envelope::new(n, spacing),
                |envelope, (squared, nearest)| {
                    for first in 0..stride {
                        envelope.line(squared, nearest, first, stride);
                    }
                },
            );
    }
}

/// The lower envelope of the parabolas over one line, with memory that is kept.
struct Envelope {
    spacing: f64,
    heights: Vec<f64>,
    sources: Vec<u32>,
    /// Places of the parabolas of the envelope, from the left.
    vertices: Vec<usize>,
    /// Where each of them begins to be the lowest.
    starts: Vec<f64>,
}

impl Envelope {
    fn new(n: usize, spacing: f64) -> Self {
        Envelope {
            spacing,
            heights: vec![0.0; n],
            sources: vec![0; n],
            vertices: Vec::with_capacity(n),
            starts: Vec::with_capacity(n),
        }
    }

    fn line(&mut self, squared: &mut [f64], nearest: &mut [u32], first: usize, stride: usize) {
        let n = self.heights.len();
        for place in 0..n {
            self.heights[place] = squared[first + place * stride];
            self.sources[place] = nearest[first + place * stride];
        }
        self.build();
        let mut lowest = 0;
        if self.vertices.is_empty() {
            return;
        }
        for place in 0..n {
            let here = place as f64;
            while self.starts.get(lowest + 1).is_some_and(|s| *s < here) {
                lowest += 1;
            }
            let vertex = self.vertices[lowest];
            let along = (here - vertex as f64) * self.spacing;
            squared[first + place * stride] = self.heights[vertex] + along * along;
            nearest[first + place * stride] = self.sources[vertex];
        }
    }

    fn build(&mut self) {
        self.vertices.clear();
        self.starts.clear();
        let scale = self.spacing * self.spacing;
        for place in 0..self.heights.len() {
            let height = self.heights[place];
            if height == f64::INFINITY {
                continue;
            }
            let mut start = f64::NEG_INFINITY;
            while let (Some(&last), Some(&begun)) = (self.vertices.last(), self.starts.last()) {
                // Where this parabola crosses the last one of the envelope.
                let (p, q) = (place as f64, last as f64);
                start = 0.5 * ((height - self.heights[last]) / (scale * (p - q)) + p + q);
                if start > begun {
                    break;
                }
                self.vertices.pop();
                self.starts.pop();
                start = f64::NEG_INFINITY;
            }
            self.vertices.push(place);
            self.starts.push(start);
        }
    }
}
