//! Neighbourhoods cut from volumes.

use super::symmetry::Symmetry;
use crate::microstructure::{Field, shift_channels};
use crate::{Error, Result};
use ndarray::{Array4, ArrayView4, Axis, s};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Overlapping cubes of several volumes: the paper's neighbourhood set.
///
/// Patches come in epochs: each patch once in an order drawn from the seed, then all again in
/// another.
#[derive(Debug, Clone)]
pub struct PatchSet {
    volumes: Vec<Array4<f32>>,
    edge: usize,
    /// Volume and first corner of each patch.
    corners: Vec<(usize, [usize; 3])>,
    augment: bool,
    seed: u64,
    /// The order of the epoch last asked for.
    order: Option<(usize, Vec<usize>)>,
}

impl PatchSet {
    /// Patches of `edge` voxels at every `stride` voxels of each volume, in axis order
    /// `channel, x, y, z`. With `augment` each is moved by one of the operations of [`Symmetry`],
    /// drawn anew each time.
    ///
    /// # Errors
    /// When there are no volumes, one is smaller than a patch, they differ in channels, have
    /// values that are not finite, or edge or stride is zero.
    pub fn new(
        volumes: Vec<Array4<f32>>,
        edge: usize,
        stride: usize,
        augment: bool,
        seed: u64,
    ) -> Result<Self> {
        if edge == 0 || stride == 0 {
            return Err(Error::value(
                "patches",
                format!("edge {edge} and stride {stride} must be positive"),
            ));
        }
        let channels = volumes.first().map_or(0, |volume| volume.len_of(Axis(0)));
        let mut corners = Vec::new();
        for (index, volume) in volumes.iter().enumerate() {
            let (c, nx, ny, nz) = volume.dim();
            if c != channels {
                let what = format!("channels of volume {index}");
                return Err(Error::shape(what, channels, c));
            }
            if nx.min(ny).min(nz) < edge {
                return Err(Error::value(
                    format!("volume {index}"),
                    format!("{nx} x {ny} x {nz} voxels hold no patch of {edge}"),
                ));
            }
            if let Some((at, value)) = volume.indexed_iter().find(|(_, v)| !v.is_finite()) {
                return Err(Error::value(
                    format!("volume {index}"),
                    format!("{value} at {at:?}; only finite values can be learned"),
                ));
            }
            let starts = |n: usize| (0..=n - edge).step_by(stride);
            for x in starts(nx) {
                for y in starts(ny) {
                    corners.extend(starts(nz).map(|z| (index, [x, y, z])));
                }
            }
        }
        if corners.is_empty() {
            return Err(Error::value("patches", "no volume to cut them from"));
        }
        Ok(PatchSet {
            volumes,
            edge,
            corners,
            augment,
            seed,
            order: None,
        })
    }

    /// Patches in an epoch.
    pub fn len(&self) -> usize {
        self.corners.len()
    }

    /// Never: a set without patches cannot be made.
    pub fn is_empty(&self) -> bool {
        self.corners.is_empty()
    }

    /// Channels of each patch.
    pub fn channels(&self) -> usize {
        self.volumes[0].len_of(Axis(0))
    }

    /// Voxels along each axis of a patch.
    pub fn edge(&self) -> usize {
        self.edge
    }

    /// Whether each patch is a whole volume.
    pub fn are_whole(&self) -> bool {
        let volume = |one: &Array4<f32>| one.shape()[1..] == [self.edge; 3];
        self.volumes.iter().all(volume)
    }

    /// A patch by its number, not moved.
    pub fn patch(&self, index: usize) -> ArrayView4<'_, f32> {
        let (volume, [x, y, z]) = self.corners[index];
        let e = self.edge;
        self.volumes[volume].slice(s![.., x..x + e, y..y + e, z..z + e])
    }

    /// So many patches, evenly over all, or all where there are fewer; not moved.
    pub fn evenly(&self, count: usize) -> Vec<Array4<f32>> {
        let count = count.min(self.len());
        (0..count)
            .map(|i| self.patch(i * self.len() / count).to_owned())
            .collect()
    }

    /// Which volume a patch is from, and its first voxel there.
    pub(crate) fn corner(&self, index: usize) -> (usize, [usize; 3]) {
        self.corners[index]
    }

    /// The patch that comes at place `position`, counted over all epochs.
    pub fn draw(&mut self, position: usize) -> Array4<f32> {
        let (epoch, place) = (position / self.len(), position % self.len());
        if self.order.as_ref().is_none_or(|(known, _)| *known != epoch) {
            let mut order: Vec<usize> = (0..self.len()).collect();
            order.shuffle(&mut self.random(0, epoch as u64));
            self.order = Some((epoch, order));
        }
        let index = self.order.as_ref().map_or(place, |(_, order)| order[place]);
        let symmetry = if self.augment {
            let mut random = self.random(1, position as u64);
            Symmetry::new(random.random_range(0..Symmetry::COUNT))
        } else {
            Symmetry::IDENTITY
        };
        symmetry.apply(self.patch(index))
    }

    /// Random numbers for one purpose and place, whatever was drawn before.
    fn random(&self, purpose: u64, place: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(2 * place + purpose);
        rng
    }
}

/// The values of a field with the mean of each channel taken away (paper 3.2).
///
/// # Errors
/// When some voxels are not valid: a patch has no way to leave them out.
pub fn centred(field: &Field) -> Result<Array4<f32>> {
    if let Some(mask) = field.mask() {
        let invalid = mask.iter().filter(|valid| !**valid).count();
        if invalid > 0 {
            return Err(Error::value(
                "volume to learn from",
                format!("{invalid} voxels are not valid; crop to a part where all are"),
            ));
        }
    }
    let mean = crate::statistics::means(field)?;
    let mut data = field.data().to_owned();
    shift_channels(data.view_mut(), mean.iter().map(|mean| -mean));
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume() -> Array4<f32> {
        Array4::from_shape_fn((2, 6, 7, 8), |(c, x, y, z)| {
            (1000 * c + 100 * x + 10 * y + z) as f32
        })
    }

    #[test]
    fn an_epoch_holds_each_patch_once() {
        let mut set = PatchSet::new(vec![volume()], 4, 2, false, 1).unwrap();
        // Starts 0, 2 along x and y, and 0, 2, 4 along z.
        assert_eq!(set.len(), 2 * 2 * 3);
        for epoch in 0..3 {
            let mut corners: Vec<f32> = (0..12)
                .map(|i| set.draw(12 * epoch + i)[[0, 0, 0, 0]])
                .collect();
            corners.sort_by(f32::total_cmp);
            corners.dedup();
            assert_eq!(corners.len(), 12);
        }
    }

    #[test]
    fn the_same_place_gives_the_same_patch_whatever_came_before() {
        let make = || PatchSet::new(vec![volume(), volume()], 5, 1, true, 9).unwrap();
        let (mut one, mut other) = (make(), make());
        let in_order: Vec<_> = (0..100).map(|i| one.draw(i)).collect();
        for i in [57, 3, 99, 0, 58] {
            assert_eq!(other.draw(i), in_order[i]);
        }
    }

    #[test]
    fn what_cannot_be_cut_is_refused() {
        let wrong = |volumes, edge, stride| {
            PatchSet::new(volumes, edge, stride, false, 0)
                .unwrap_err()
                .to_string()
        };
        assert!(wrong(vec![volume()], 7, 1).contains("hold no patch of 7"));
        assert!(wrong(vec![volume()], 4, 0).contains("stride 0"));
        assert!(wrong(vec![], 4, 1).contains("no volume"));
        let mut bad = volume();
        bad[[1, 2, 3, 4]] = f32::NAN;
        assert!(wrong(vec![bad], 4, 1).contains("(1, 2, 3, 4)"));
    }
}
