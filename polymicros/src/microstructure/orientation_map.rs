//! An orientation map or volume: which crystal, turned which way, sits in each voxel.

use super::Grid;
use crate::{Error, Result};
use ndarray::{ArcArray, Array, Array3, Array4, Dimension, Ix3, Ix4};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where a microstructure comes from. Nothing that the library made is ever called measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Origin {
    /// Read from a file.
    File(PathBuf),
    /// A stand-in for an experiment, made from a seed.
    StandIn {
        /// The stand-in's name.
        name: String,
        /// The seed it was made from.
        seed: u64,
    },
    /// Made by the library in some other way, described in words.
    Synthetic(String),
}

/// A crystalline phase, as a file declares it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// The phase's name, for example `Nickel`.
    pub name: String,
    /// The Laue group in Hermann-Mauguin notation, for example `m-3m`; empty where unknown.
    pub laue_group: String,
    /// Lattice constants a, b, c in ångström and alpha, beta, gamma in degrees, where known.
    pub lattice: Option<[f64; 6]>,
}

/// A voxelised orientation field with phases and a mask (paper 2.1).
///
/// Orientations are Bunge Euler angles `phi1, Phi, phi2` in radians, `f32`, in axis order
/// `angle, x, y, z` with `z` fastest. Storage is shared: clones are cheap.
#[derive(Debug, Clone, PartialEq)]
pub struct Microstructure {
    /// What to call it in tables and pictures.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    grid: Grid,
    euler: ArcArray<f32, Ix4>,
    /// Phase of each voxel: 0 is "not indexed", k is `phases[k - 1]`.
    phase: ArcArray<u8, Ix3>,
    phases: Vec<Phase>,
    /// True where the voxel belongs to the specimen and carries an orientation.
    mask: ArcArray<bool, Ix3>,
    grain_ids: Option<ArcArray<u32, Ix3>>,
    properties: BTreeMap<String, ArcArray<f32, Ix3>>,
}

impl Microstructure {
    /// A single-phase cubic (m-3m) microstructure that fills its grid.
    ///
    /// `euler` holds Bunge Euler angles in radians, of shape `(3, x, y, z)`.
    ///
    /// # Errors
    /// When the shape does not fit the grid, or an angle is not finite.
    pub fn new(
        name: impl Into<String>,
        origin: Origin,
        grid: Grid,
        euler: Array4<f32>,
    ) -> Result<Self> {
        let [x, y, z] = grid.shape;
        if euler.shape() != [3, x, y, z] {
            return Err(Error::shape("Euler angles", [3, x, y, z], euler.shape()));
        }
        if let Some((index, angle)) = first_where(&euler, |angle| !angle.is_finite()) {
            return Err(Error::value(
                "Euler angles",
                format!("{angle} at (angle, x, y, z) = {index:?}: angles must be finite"),
            ));
        }
        Ok(Microstructure {
            name: name.into(),
            origin,
            grid,
            euler: standard(euler),
            phase: Array3::from_elem((x, y, z), 1).into_shared(),
            phases: vec![Phase {
                name: "cubic".into(),
                laue_group: "m-3m".into(),
                lattice: None,
            }],
            mask: Array3::from_elem((x, y, z), true).into_shared(),
            grain_ids: None,
            properties: BTreeMap::new(),
        })
    }

    /// The same microstructure with its phases: 0 in `phase` is "not indexed", k is
    /// `phases[k - 1]`.
    ///
    /// # Errors
    /// When the shape does not fit the grid, or a voxel's phase is not declared.
    pub fn with_phases(mut self, phases: Vec<Phase>, phase: Array3<u8>) -> Result<Self> {
        self.fits("phase map", phase.shape())?;
        if let Some((index, k)) = first_where(&phase, |k| usize::from(*k) > phases.len()) {
            return Err(Error::value(
                "phase map",
                format!(
                    "phase {k} at (x, y, z) = {index:?}, but only {} declared",
                    phases.len()
                ),
            ));
        }
        self.phase = standard(phase);
        self.phases = phases;
        Ok(self)
    }

    /// The same microstructure, valid only where `mask` is true.
    ///
    /// # Errors
    /// When the shape does not fit the grid.
    pub fn with_mask(mut self, mask: Array3<bool>) -> Result<Self> {
        self.fits("mask", mask.shape())?;
        self.mask = standard(mask);
        Ok(self)
    }

    /// The same microstructure with the grain number of each voxel; 0 is "no grain".
    ///
    /// # Errors
    /// When the shape does not fit the grid.
    pub fn with_grain_ids(mut self, grain_ids: Array3<u32>) -> Result<Self> {
        self.fits("grain ids", grain_ids.shape())?;
        self.grain_ids = Some(standard(grain_ids));
        Ok(self)
    }

    /// The same microstructure with one more number for each voxel, such as a confidence index.
    ///
    /// # Errors
    /// When the shape does not fit the grid.
    pub fn with_property(mut self, name: impl Into<String>, values: Array3<f32>) -> Result<Self> {
        let name = name.into();
        self.fits(&name, values.shape())?;
        self.properties.insert(name, standard(values));
        Ok(self)
    }

    fn fits(&self, what: &str, shape: &[usize]) -> Result<()> {
        if shape == self.grid.shape {
            Ok(())
        } else {
            Err(Error::shape(what, self.grid.shape, shape))
        }
    }

    /// The grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Bunge Euler angles in radians, in axis order `angle, x, y, z`, standard layout.
    pub fn euler(&self) -> &ArcArray<f32, Ix4> {
        &self.euler
    }

    /// Phase of each voxel: 0 is "not indexed", k is `phases()[k - 1]`.
    pub fn phase(&self) -> &ArcArray<u8, Ix3> {
        &self.phase
    }

    /// The declared phases.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// True where the voxel belongs to the specimen and carries an orientation.
    pub fn mask(&self) -> &ArcArray<bool, Ix3> {
        &self.mask
    }

    /// Grain number of each voxel where the source knows it; 0 is "no grain".
    pub fn grain_ids(&self) -> Option<&ArcArray<u32, Ix3>> {
        self.grain_ids.as_ref()
    }

    /// Further numbers of each voxel, by name.
    pub fn properties(&self) -> &BTreeMap<String, ArcArray<f32, Ix3>> {
        &self.properties
    }

    /// The share of voxels that carry an orientation.
    pub fn indexed_share(&self) -> f64 {
        self.mask.iter().filter(|valid| **valid).count() as f64 / self.grid.voxels() as f64
    }
}

/// Everything downstream indexes slices, so the layout is settled once; data that are in
/// standard layout already are not copied.
fn standard<T: Clone, D: Dimension>(values: Array<T, D>) -> ArcArray<T, D> {
    if values.is_standard_layout() {
        values.into_shared()
    } else {
        values.as_standard_layout().into_owned().into_shared()
    }
}

/// The first value of which this holds, and its place. A look at values alone is several times as
/// fast as one at values and their places, and mostly there is none.
fn first_where<T, D: Dimension>(
    array: &Array<T, D>,
    holds: impl Fn(&T) -> bool,
) -> Option<(D::Pattern, &T)> {
    if !array.iter().any(&holds) {
        return None;
    }
    array.indexed_iter().find(|(_, value)| holds(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Result<Microstructure> {
        Microstructure::new(
            "small",
            Origin::Synthetic("one orientation".into()),
            Grid::new([2, 3, 1])?,
            Array4::zeros((3, 2, 3, 1)),
        )
    }

    #[test]
    fn undeclared_phases_and_wrong_shapes_are_refused() -> Result<()> {
        let phase = Array3::from_shape_fn((2, 3, 1), |(x, _, _)| x as u8 + 1);
        assert!(small()?.with_phases(vec![], phase).is_err());
        assert!(
            small()?
                .with_mask(Array3::from_elem((3, 2, 1), true))
                .is_err()
        );
        assert_eq!(small()?.indexed_share(), 1.0);
        Ok(())
    }

    #[test]
    fn angles_that_are_not_numbers_are_refused() -> Result<()> {
        let mut euler = Array4::zeros((3, 2, 3, 1));
        euler[[1, 0, 2, 0]] = f32::NAN;
        let made = Microstructure::new(
            "x",
            Origin::Synthetic("x".into()),
            Grid::new([2, 3, 1])?,
            euler,
        );
        assert!(made.is_err());
        Ok(())
    }
}
