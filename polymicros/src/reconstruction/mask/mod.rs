//! Which voxels are known.

#[cfg(test)]
mod tests;

use crate::microstructure::Field;
use crate::microstructure::format::{read_mask, write_mask};
use crate::{Error, Result, write_whole};
use ndarray::{ArcArray, Array3, Axis, Ix3, Zip, s};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::path::Path;

/// The known voxels of a volume, in axis order `x, y, z` (the paper's `mask` in Algorithm 4; the
/// kinds here are those of Figure 9). Storage is shared: clones are cheap.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    known: ArcArray<bool, Ix3>,
}

impl Mask {
    /// The mask that is true where a voxel is known.
    pub fn new(known: Array3<bool>) -> Self {
        Mask {
            known: known.as_standard_layout().into_owned().into_shared(),
        }
    }

    /// Every `factor`-th slice across `axis` (0, 1, 2 for x, y, z) is known, from slice `first` on:
    /// serial sectioning.
    ///
    /// # Errors
    /// When there is no such axis, the factor is zero, or `first` lies outside.
    pub fn slices(shape: [usize; 3], axis: usize, factor: usize, first: usize) -> Result<Self> {
        if axis > 2 || factor == 0 || first >= shape[axis] {
            return Err(Error::value(
                "known slices",
                format!(
                    "every {factor}th across axis {axis} from slice {first} of {shape:?}: needs an \
                     axis 0, 1 or 2, a factor of at least 1, and a first slice inside"
                ),
            ));
        }
        Ok(Self::from_fn(shape, |at| {
            at[axis] >= first && (at[axis] - first).is_multiple_of(factor)
        }))
    }

    /// A share of the voxels, drawn from `seed`, is missing: noise, or voxels that were not
    /// indexed. Exactly `share` of them, rounded.
    ///
    /// # Errors
    /// When the share is not in 0 to 1.
    pub fn missing_at_random(shape: [usize; 3], share: f64, seed: u64) -> Result<Self> {
        if !(0.0..=1.0).contains(&share) {
            let problem = format!("{share}: expected a number from 0 to 1");
            return Err(Error::value("share of missing voxels", problem));
        }
        let voxels: usize = shape.iter().product();
        let missing = (share * voxels as f64).round() as usize;
        let mut known: Vec<bool> = (0..voxels).map(|at| at >= missing).collect();
        known.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        Array3::from_shape_vec(shape, known)
            .map(Self::new)
            .map_err(|_| Error::shape("mask", shape, voxels))
    }

    /// The voxels in `ranges` along x, y and z are missing: a damaged region.
    ///
    /// # Errors
    /// When a range reaches beyond the volume or is empty.
    pub fn missing_block(shape: [usize; 3], ranges: [Range<usize>; 3]) -> Result<Self> {
        let inside = (0..3).all(|a| !ranges[a].is_empty() && ranges[a].end <= shape[a]);
        if !inside {
            return Err(Error::value(
                "missing block",
                format!("{ranges:?} is not within {shape:?}, or is empty"),
            ));
        }
        Ok(Self::from_fn(shape, |at| {
            (0..3).any(|axis| !ranges[axis].contains(&at[axis]))
        }))
    }

    /// `count` cubes of `edge` voxels a side, at places drawn from `seed`, are missing. They may
    /// overlap.
    ///
    /// # Errors
    /// When a cube does not fit into the volume, or the edge is zero.
    pub fn missing_blocks(shape: [usize; 3], count: usize, edge: usize, seed: u64) -> Result<Self> {
        if edge == 0 || shape.iter().any(|&n| n < edge) {
            let problem = format!("cubes of {edge} voxels do not fit into {shape:?}");
            return Err(Error::value("missing blocks", problem));
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut known = Array3::from_elem(shape, true);
        for _ in 0..count {
            let [x, y, z] = shape.map(|n| rng.random_range(0..=n - edge));
            known
                .slice_mut(s![x..x + edge, y..y + edge, z..z + edge])
                .fill(false);
        }
        Ok(Self::new(known))
    }

    /// The first slice across each axis is known: three orthogonal faces of the volume.
    pub fn three_faces(shape: [usize; 3]) -> Self {
        Self::from_fn(shape, |at| at.contains(&0))
    }

    fn from_fn(shape: [usize; 3], known: impl Fn([usize; 3]) -> bool) -> Self {
        let array = Array3::from_shape_fn(shape, |(x, y, z)| known([x, y, z]));
        Mask {
            known: array.into_shared(),
        }
    }

    /// Reads a mask of booleans or integers, true or not zero where a voxel is known, from an
    /// `.npy` file of shape (x, y, z), or from the array `mask` of an `.npz` file.
    ///
    /// # Errors
    /// When the file cannot be read or holds no such array.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::new(read_mask(path.as_ref())?))
    }

    /// Writes the array `mask` into an `.npz` file, whole or not at all.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        write_whole(path, |file| write_mask(&self.known, file, path))
    }

    /// The volume's shape.
    pub fn shape(&self) -> [usize; 3] {
        let (x, y, z) = self.known.dim();
        [x, y, z]
    }

    /// True where a voxel is known, in axis order `x, y, z`, standard layout.
    pub fn known(&self) -> &ArcArray<bool, Ix3> {
        &self.known
    }

    /// The same, `z` fastest.
    pub fn as_slice(&self) -> &[bool] {
        self.known
            .as_slice()
            .expect("masks are made in standard layout")
    }

    /// The number of known voxels.
    pub fn count(&self) -> usize {
        self.as_slice().iter().filter(|known| **known).count()
    }

    /// The share of known voxels.
    pub fn share(&self) -> f64 {
        self.count() as f64 / self.known.len() as f64
    }

    /// Known where either is.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn union(&self, other: &Mask) -> Result<Mask> {
        self.combined(other, |a, b| a || b)
    }

    /// Known where both are.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn intersection(&self, other: &Mask) -> Result<Mask> {
        self.combined(other, |a, b| a && b)
    }

    /// Known where this is not.
    pub fn complement(&self) -> Mask {
        Self::new(self.known.mapv(|known| !known))
    }

    fn combined(&self, other: &Mask, rule: impl Fn(bool, bool) -> bool) -> Result<Mask> {
        self.fits(other.shape())?;
        let known = Zip::from(&self.known)
            .and(&other.known)
            .map_collect(|a, b| rule(*a, *b));
        Ok(Self::new(known))
    }

    /// # Errors
    /// When a volume of this shape is not what the mask is of.
    pub fn fits(&self, shape: [usize; 3]) -> Result<()> {
        if self.shape() == shape {
            return Ok(());
        }
        Err(Error::shape("mask of known voxels", shape, self.shape()))
    }

    /// What is left of a field: its values at the known voxels, 0 elsewhere, with this mask. Voxels
    /// that the field itself has no value for are not known either.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn observe(&self, field: &Field) -> Result<Field> {
        self.fits(field.grid().shape)?;
        let known = match field.mask() {
            Some(valid) => self.intersection(&Mask::new(valid.to_owned()))?,
            None => self.clone(),
        };
        let mut values = field.data().to_owned();
        for mut channel in values.axis_iter_mut(Axis(0)) {
            Zip::from(&mut channel)
                .and(&known.known)
                .for_each(|value, known| {
                    if !known {
                        *value = 0.0;
                    }
                });
        }
        Field::new(*field.grid(), field.channels(), values)?.with_mask(known.known)
    }

    /// The axis across which whole slices are known and others missing, and the numbers of the
    /// known ones; none where this is no stack of at least two slices. A slice counts as known where
    /// more than half of it is: of a real one some voxels may not be indexed.
    pub fn stack(&self) -> Option<(usize, Vec<usize>)> {
        (0..3).find_map(|axis| {
            let mut known = Vec::new();
            for (at, slice) in self.known.axis_iter(Axis(axis)).enumerate() {
                let voxels = slice.iter().filter(|known| **known).count();
                if 2 * voxels > slice.len() {
                    known.push(at);
                } else if voxels > 0 {
                    return None;
                }
            }
            let missing = self.known.len_of(Axis(axis)) > known.len();
            (missing && known.len() >= 2).then_some((axis, known))
        })
    }

    /// Where a field has values: its mask, or all of it.
    pub fn of(field: &Field) -> Mask {
        match field.mask() {
            Some(mask) => Self::new(mask.to_owned()),
            None => Self::from_fn(field.grid().shape, |_| true),
        }
    }
}
