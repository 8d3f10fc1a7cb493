//! Fields that the tests of this folder share.

use crate::microstructure::{Field, Grid};
use ndarray::Array4;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// Correlated noise in three channels, with a mean.
pub fn noise([x, y, z]: [usize; 3], seed: u64) -> Field {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut data = Array4::from_shape_fn((3, x, y, z), |_| rng.random_range(-0.5..0.5f32));
    let first = data.index_axis(ndarray::Axis(0), 0).to_owned();
    let mut second = data.index_axis_mut(ndarray::Axis(0), 1);
    second.zip_mut_with(&first, |value, first| {
        *value = 0.3 + 0.5 * *value - 0.4 * first
    });
    Field::new(Grid::new([x, y, z]).unwrap(), NAMES, data).unwrap()
}

/// Cells of constant values: each voxel has the values of the nearest of a few points.
pub fn cells(shape: [usize; 3], count: usize, seed: u64) -> Field {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let points: Vec<([f64; 3], [f32; 3])> = (0..count)
        .map(|_| {
            let at = shape.map(|edge| rng.random_range(0.0..edge as f64));
            let a = rng.random_range(-0.3..0.3);
            let b = rng.random_range(-0.2..0.2) + 0.5 * a;
            (at, [a, b, rng.random_range(-0.3..0.3)])
        })
        .collect();
    let [x, y, z] = shape;
    let data = Array4::from_shape_fn((3, x, y, z), |(c, x, y, z)| {
        let distance = |at: &[f64; 3]| -> f64 {
            let steps = [x, y, z].into_iter().zip(at).zip(shape);
            steps
                .map(|((i, p), edge)| {
                    let d = (i as f64 - p).abs();
                    d.min(edge as f64 - d).powi(2)
                })
                .sum()
        };
        let nearest = points
            .iter()
            .min_by(|a, b| distance(&a.0).total_cmp(&distance(&b.0)));
        nearest.unwrap().1[c]
    });
    Field::new(Grid::new(shape).unwrap(), NAMES, data).unwrap()
}

/// The sections xy, xz and yz of a volume through one voxel.
pub fn sections(volume: &Field, at: usize) -> [Field; 3] {
    [2, 1, 0].map(|axis| {
        let (mut first, mut shape) = ([0; 3], volume.grid().shape);
        (first[axis], shape[axis]) = (at, 1);
        volume
            .crop(std::array::from_fn(|axis| {
                first[axis]..first[axis] + shape[axis]
            }))
            .unwrap()
    })
}
