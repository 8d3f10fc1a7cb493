//! The state that growth starts from: nuclei at random places, each with what lies nearest to it.
//!
//! Nuclei that appear at one time and grow at one speed until they meet divide space into the
//! Voronoi cells of a Poisson process (Johnson-Mehl with site saturation). It is a start only:
//! growth has to forget it, which takes about an eightfold decrease of the number of grains.

use rand::{Rng, RngExt};
use rayon::prelude::*;

/// `count` nuclei in a periodic box, uniformly at random; coordinates as voxels count them.
pub(super) fn nuclei(shape: [usize; 3], count: usize, rng: &mut impl Rng) -> Vec<[f64; 3]> {
    (0..count)
        .map(|_| shape.map(|n| rng.random::<f64>() * n as f64 - 0.5))
        .collect()
}

/// The number of the nearest nucleus, in a periodic box, for each voxel in axis order `x, y, z`.
pub(super) fn nearest(shape: [usize; 3], nuclei: &[[f64; 3]]) -> Vec<u32> {
    let bins = Bins::new(shape, nuclei);
    let [nx, ny, nz] = shape;
    let mut labels = vec![0; nx * ny * nz];
    labels
        .par_chunks_mut(nz)
        .enumerate()
        .for_each(|(row, labels)| {
            for (z, label) in labels.iter_mut().enumerate() {
                *label = bins.nearest([(row / ny) as f64, (row % ny) as f64, z as f64]);
            }
        });
    labels
}

/// Nuclei sorted into the cells of a periodic lattice, about one to a cell.
struct Bins<'a> {
    shape: [f64; 3],
    counts: [usize; 3],
    edge: [f64; 3],
    /// Nuclei by cell: those of cell `c` are `order[start[c] .. start[c + 1]]`.
    start: Vec<usize>,
    order: Vec<u32>,
    nuclei: &'a [[f64; 3]],
}

impl<'a> Bins<'a> {
    fn new(shape: [usize; 3], nuclei: &'a [[f64; 3]]) -> Self {
        let volume: f64 = shape.iter().map(|&n| n as f64).product();
        let wanted = (volume / nuclei.len().max(1) as f64).cbrt();
        let counts = shape.map(|n| ((n as f64 / wanted) as usize).max(1));
        let shape = shape.map(|n| n as f64);
        let edge = std::array::from_fn(|a| shape[a] / counts[a] as f64);
        let mut bins = Bins {
            shape,
            counts,
            edge,
            start: vec![0; counts.iter().product::<usize>() + 1],
            order: vec![0; nuclei.len()],
            nuclei,
        };
        let cells: Vec<usize> = nuclei.iter().map(|&at| bins.index(bins.cell(at))).collect();
        for &cell in &cells {
            bins.start[cell + 1] += 1;
        }
        for cell in 1..bins.start.len() {
            bins.start[cell] += bins.start[cell - 1];
        }
        let mut next = bins.start.clone();
        for (nucleus, &cell) in cells.iter().enumerate() {
            bins.order[next[cell]] = nucleus as u32;
            next[cell] += 1;
        }
        bins
    }

    fn cell(&self, at: [f64; 3]) -> [usize; 3] {
        std::array::from_fn(|a| (((at[a] + 0.5) / self.edge[a]) as usize).min(self.counts[a] - 1))
    }

    fn index(&self, [x, y, z]: [usize; 3]) -> usize {
        (x * self.counts[1] + y) * self.counts[2] + z
    }

    fn nearest(&self, at: [f64; 3]) -> u32 {
        let home = self.cell(at).map(|c| c as i64);
        let least_edge = self.edge.iter().fold(f64::INFINITY, |a, &b| a.min(b));
        let furthest = self.counts.iter().fold(0, |a, &b| a.max(b as i64));
        let (mut best, mut best_distance) = (u32::MAX, f64::INFINITY);
        for ring in 0..=furthest {
            // What lies beyond the cells seen so far is at least this far away.
            let safe = (ring - 1).max(0) as f64 * least_edge;
            if ring > 0 && best_distance <= safe * safe {
                break;
            }
            for x in -ring..=ring {
                for y in -ring..=ring {
                    let shell = x.abs() == ring || y.abs() == ring;
                    let stride = if shell { 1 } else { (2 * ring).max(1) as usize };
                    for z in (-ring..=ring).step_by(stride) {
                        let cell = std::array::from_fn(|a| {
                            (home[a] + [x, y, z][a]).rem_euclid(self.counts[a] as i64) as usize
                        });
                        let cell = self.index(cell);
                        for &nucleus in &self.order[self.start[cell]..self.start[cell + 1]] {
                            let distance = self.distance(at, self.nuclei[nucleus as usize]);
                            if (distance, nucleus) < (best_distance, best) {
                                (best, best_distance) = (nucleus, distance);
                            }
                        }
                    }
                }
            }
        }
        best
    }

    /// The squared distance to the nearest image.
    fn distance(&self, a: [f64; 3], b: [f64; 3]) -> f64 {
        (0..3)
            .map(|axis| {
                let d = (a[axis] - b[axis]).abs();
                let d = d.min(self.shape[axis] - d);
                d * d
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_nearest_nucleus_is_that_of_a_search_through_all() {
        for (shape, count) in [
            ([13, 9, 17], 60),
            ([20, 1, 6], 9),
            ([5, 5, 5], 1),
            ([8, 30, 8], 400),
        ] {
            let mut rng = ChaCha8Rng::seed_from_u64(count as u64);
            let nuclei = nuclei(shape, count, &mut rng);
            let labels = nearest(shape, &nuclei);
            let [nx, ny, nz] = shape;
            let distance = |at: [usize; 3], nucleus: u32| -> f64 {
                (0..3)
                    .map(|a| {
                        let n = shape[a] as f64;
                        (-1..=1)
                            .map(|k| at[a] as f64 - nuclei[nucleus as usize][a] + f64::from(k) * n)
                            .fold(f64::INFINITY, |m, d| m.min(d * d))
                    })
                    .sum()
            };
            for x in 0..nx {
                for y in 0..ny {
                    for z in 0..nz {
                        let found = distance([x, y, z], labels[(x * ny + y) * nz + z]);
                        let least = (0..count as u32)
                            .map(|k| distance([x, y, z], k))
                            .fold(f64::INFINITY, f64::min);
                        assert!((found - least).abs() < 1e-9, "{found} for {least}");
                    }
                }
            }
        }
    }
}
