//! Random fields of one channel, cut at a level: structures of two phases.

use super::{between, field};
use crate::Result;
use crate::microstructure::{Field, Grid};
use crate::orientation::Quaternion;
use crate::random_field::{Bounds, Images, Mogrf, MosmKernel, Sampler};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

const FRACTION: [f64; 2] = [0.2, 0.8];

pub(super) fn structure(edge: usize, rng: &mut ChaCha8Rng) -> Result<Field> {
    let bounds = Bounds {
        channels: 1,
        ..Bounds::paper()
    };
    let parameters = bounds.latin_hypercube(1, rng.random())?.remove(0);
    let kernel = MosmKernel::new(&parameters)?;
    let grid = Grid::cube(edge)?;
    let drawn =
        Mogrf::of_kernel(&kernel, &grid, Images::All)?.sample(Sampler::Full, rng.random())?;
    let values = drawn.as_slice();
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let at = between(FRACTION, rng) * sorted.len() as f64;
    let level = sorted[(at as usize).min(sorted.len() - 1)];
    let labels: Vec<u32> = values.iter().map(|v| u32::from(*v >= level)).collect();
    let phases = [Quaternion::random(rng), Quaternion::random(rng)];
    field(edge, &labels, &phases)
}
