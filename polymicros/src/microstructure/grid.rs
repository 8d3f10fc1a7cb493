//! The regular grid that voxels sit on.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The unit of a grid's spacing and origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum LengthUnit {
    /// One voxel is one long: nothing is known of the physical size.
    #[default]
    Voxel,
    /// 1e-9 m.
    Nanometre,
    /// 1e-6 m.
    Micrometre,
    /// 1e-3 m.
    Millimetre,
}

impl LengthUnit {
    /// The symbol to print behind a length: `px`, `nm`, `µm` or `mm`.
    pub fn symbol(self) -> &'static str {
        match self {
            LengthUnit::Voxel => "px",
            LengthUnit::Nanometre => "nm",
            LengthUnit::Micrometre => "µm",
            LengthUnit::Millimetre => "mm",
        }
    }
}

/// A regular grid of voxels. Axis order is `x, y, z`; a 2D map has one voxel along `z`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// Voxels along x, y and z; none is zero.
    pub shape: [usize; 3],
    /// Edge lengths of a voxel along x, y and z, in `unit`; positive and finite.
    pub spacing: [f64; 3],
    /// Position of the first voxel's centre, in `unit`.
    pub origin: [f64; 3],
    /// The unit of `spacing` and `origin`.
    pub unit: LengthUnit,
}

impl Grid {
    /// A grid of the given shape with unit spacing, in voxels.
    ///
    /// # Errors
    /// When an edge is zero, or the number of voxels overflows.
    pub fn new(shape: [usize; 3]) -> Result<Self> {
        Self::with_spacing(shape, [1.0; 3], LengthUnit::Voxel)
    }

    /// A cube of `edge` voxels a side, in voxels.
    ///
    /// # Errors
    /// As [`Grid::new`].
    pub fn cube(edge: usize) -> Result<Self> {
        Self::new([edge; 3])
    }

    /// A grid with a physical spacing and its origin at zero.
    ///
    /// # Errors
    /// When an edge is zero, the number of voxels overflows, or a spacing is not positive and
    /// finite.
    pub fn with_spacing(shape: [usize; 3], spacing: [f64; 3], unit: LengthUnit) -> Result<Self> {
        let voxels = shape
            .iter()
            .try_fold(1usize, |n, &edge| n.checked_mul(edge))
            .filter(|&n| n <= isize::MAX as usize / 16);
        match voxels {
            None => {
                return Err(Error::value(
                    "grid shape",
                    format!("{shape:?} holds more voxels than memory can address"),
                ));
            }
            Some(0) => {
                return Err(Error::value(
                    "grid shape",
                    format!("{shape:?}: every axis needs at least one voxel"),
                ));
            }
            Some(_) => {}
        }
        if !spacing.iter().all(|s| s.is_finite() && *s > 0.0) {
            return Err(Error::value(
                "grid spacing",
                format!("{spacing:?}: spacings must be positive and finite"),
            ));
        }
        Ok(Grid {
            shape,
            spacing,
            origin: [0.0; 3],
            unit,
        })
    }

    /// The number of voxels.
    pub fn voxels(&self) -> usize {
        self.shape.iter().product()
    }

    /// The number of axes with more than one voxel: 2 for a map, 3 for a volume.
    pub fn dimensions(&self) -> usize {
        self.shape.iter().filter(|&&edge| edge > 1).count()
    }

    /// The physical edge lengths of the whole grid, in `unit`.
    pub fn extent(&self) -> [f64; 3] {
        std::array::from_fn(|axis| self.shape[axis] as f64 * self.spacing[axis])
    }
}

impl std::fmt::Display for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [x, y, z] = self.shape;
        let [dx, dy, dz] = self.spacing;
        write!(f, "{x} x {y} x {z} voxels of ")?;
        if dx == dy && dy == dz {
            write!(f, "{dx} {}", self.unit.symbol())
        } else {
            write!(f, "{dx} x {dy} x {dz} {}", self.unit.symbol())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_and_endless_grids_are_refused() {
        assert!(Grid::new([4, 0, 4]).is_err());
        assert!(Grid::new([usize::MAX, 2, 1]).is_err());
        assert!(Grid::with_spacing([2, 2, 2], [1.0, 0.0, 1.0], LengthUnit::Micrometre).is_err());
        assert!(Grid::with_spacing([2, 2, 2], [1.0, f64::NAN, 1.0], LengthUnit::Voxel).is_err());
    }

    #[test]
    fn a_map_has_two_dimensions() -> Result<()> {
        assert_eq!(Grid::new([5, 7, 1])?.dimensions(), 2);
        assert_eq!(Grid::cube(3)?.dimensions(), 3);
        assert_eq!(Grid::new([5, 7, 2])?.voxels(), 70);
        Ok(())
    }
}
