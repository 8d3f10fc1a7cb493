//! From sections to volumes, in calls that a cell has nothing to compile of.

use polymicros::Result;
use polymicros::generation::LocalModel;
use polymicros::microstructure::Field;
use polymicros::reconstruction::sections::{Expansion, OrthogonalStatistics, Sample};

/// The sections xy, xz and yz of a volume that cross in one voxel.
///
/// # Errors
/// When there is no such voxel.
pub fn sections_through(volume: &Field, at: [usize; 3]) -> Result<Vec<Field>> {
    [2, 1, 0]
        .into_iter()
        .map(|axis| {
            let (mut first, mut shape) = ([0; 3], volume.grid().shape);
            (first[axis], shape[axis]) = (at[axis], 1);
            volume.crop(std::array::from_fn(|axis| {
                first[axis]..first[axis] + shape[axis]
            }))
        })
        .collect()
}

/// Volumes with a target's orthogonal statistics, seeds `seed`, `seed + 1` and so on.
///
/// # Errors
/// As [`Expansion::sample`].
pub fn expand(
    model: &LocalModel,
    target: &OrthogonalStatistics,
    settings: &Expansion,
    samples: usize,
    seed: u64,
) -> Result<Vec<Sample>> {
    (0..samples as u64)
        .map(|i| settings.sample(model, target, seed + i, |_| Ok(())))
        .collect()
}
