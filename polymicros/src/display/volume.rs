//! A volume of colours.

use super::colour::NOTHING;
use super::{Cube, Map, Maps, Plane, ROGSH_RANGES};
use crate::microstructure::{Field, Grid};
use crate::{Error, Result};
use ndarray::{ArcArray, Array4, Ix4};

/// A colour for each voxel of a grid. Storage is shared: clones are cheap.
///
/// Whatever has a colour (ROGSH values, an orientation by its inverse pole figure key) becomes one
/// of these and is then shown as a [`cube`](ColourVolume::cube) or in [`slices`](Self::slices).
#[derive(Debug, Clone, PartialEq)]
pub struct ColourVolume {
    grid: Grid,
    voxels: ArcArray<u8, Ix4>,
}

impl ColourVolume {
    /// A volume from RGB voxels in axis order `x, y, z, colour`, of shape `(x, y, z, 3)`.
    ///
    /// # Errors
    /// When the shape is not the grid's followed by 3.
    pub fn new(grid: Grid, voxels: Array4<u8>) -> Result<Self> {
        let [x, y, z] = grid.shape;
        if voxels.shape() != [x, y, z, 3] {
            return Err(Error::shape(
                "RGB voxels (x, y, z, colour)",
                [x, y, z, 3],
                voxels.shape(),
            ));
        }
        Ok(ColourVolume {
            grid,
            voxels: voxels.into_shared(),
        })
    }

    /// The first three channels of a field as red, green and blue, each mapped linearly from its
    /// range to 0..=255; values beyond take the end's colour. Masked voxels are grey.
    ///
    /// # Errors
    /// When the field has fewer than three channels, a range has no width, or a value outside the
    /// mask is not finite.
    pub fn of_field(field: &Field, ranges: [[f64; 2]; 3]) -> Result<Self> {
        if field.channels().len() < 3 {
            return Err(Error::value(
                "field",
                format!("{} channels, three make a colour", field.channels().len()),
            ));
        }
        for range in ranges {
            // Written so that a NaN fails too.
            if !(range[0] < range[1] && (range[1] - range[0]).is_finite()) {
                return Err(Error::value(
                    "colour range",
                    format!(
                        "{} to {}: the first must be the smaller",
                        range[0], range[1]
                    ),
                ));
            }
        }
        let [x, y, z] = field.grid().shape;
        let mut voxels = Array4::zeros((x, y, z, 3));
        for (channel, [low, high]) in ranges.into_iter().enumerate() {
            for ((i, j, k), value) in field.channel(channel)?.indexed_iter() {
                voxels[[i, j, k, channel]] = if field.mask().is_some_and(|m| !m[[i, j, k]]) {
                    NOTHING[channel]
                } else if value.is_finite() {
                    let share = (f64::from(*value) - low) / (high - low);
                    (255.0 * share.clamp(0.0, 1.0)).round() as u8
                } else {
                    return Err(Error::value(
                        format!("channel {}", field.channels()[channel]),
                        format!("{value} at (x, y, z) = {:?} has no colour", (i, j, k)),
                    ));
                };
            }
        }
        Self::new(*field.grid(), voxels)
    }

    /// A field of the three cubic ROGSH values in the paper's colours: [`ROGSH_RANGES`].
    ///
    /// # Errors
    /// As [`ColourVolume::of_field`].
    pub fn rogsh(field: &Field) -> Result<Self> {
        Self::of_field(field, ROGSH_RANGES)
    }

    /// The grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The colours, in axis order `x, y, z, colour`.
    pub fn voxels(&self) -> &ArcArray<u8, Ix4> {
        &self.voxels
    }

    /// The volume as an isometric cube with a title, which may be empty.
    pub fn cube(&self, title: &str) -> Cube {
        Cube::new(self, title)
    }

    /// One slice of the volume, to be put in [`Maps`].
    ///
    /// # Errors
    /// When the index lies outside the volume.
    pub fn slice(&self, plane: Plane, index: usize) -> Result<Map> {
        Map::of_plane(&self.grid, plane, index, |at| {
            [0, 1, 2].map(|colour| self.voxels[[at[0], at[1], at[2], colour]])
        })
    }

    /// Three orthogonal slices through the voxel `at`: the planes xy, xz and yz.
    ///
    /// # Errors
    /// When the voxel lies outside the volume.
    pub fn slices(&self, at: [usize; 3]) -> Result<Maps> {
        Maps::through(at, |plane, index| self.slice(plane, index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn channels_become_red_green_and_blue() -> Result<()> {
        let grid = Grid::new([2, 1, 2])?;
        let data = Array4::from_shape_fn((3, 2, 1, 2), |(c, x, _, z)| match (x, z) {
            (0, 0) => [-0.4564, -0.5092, -0.4557][c],
            (0, 1) => [0.4564, 0.7638, 0.6553][c],
            (1, 0) => 99.0,
            _ => f32::NAN,
        });
        let field = Field::new(grid, ["a", "b", "c"], data)?;
        assert!(ColourVolume::rogsh(&field).is_err(), "NaN has no colour");
        let mask = Array3::from_shape_fn((2, 1, 2), |(x, _, z)| (x, z) != (1, 1));
        let colours = ColourVolume::rogsh(&field.with_mask(mask.into_shared())?)?;
        let at = |x: usize, z: usize| [0, 1, 2].map(|c| colours.voxels()[[x, 0, z, c]]);
        assert_eq!(at(0, 0), [0, 0, 0]);
        assert_eq!(at(0, 1), [255, 255, 255]);
        assert_eq!(at(1, 0), [255, 255, 255]);
        assert_eq!(at(1, 1), NOTHING);
        Ok(())
    }

    #[test]
    fn what_makes_no_colour_is_refused() -> Result<()> {
        let grid = Grid::new([2, 2, 2])?;
        assert!(ColourVolume::new(grid, Array4::zeros((3, 2, 2, 2))).is_err());
        let two = Field::new(grid, ["a", "b"], Array4::zeros((2, 2, 2, 2)))?;
        assert!(ColourVolume::rogsh(&two).is_err());
        let three = Field::new(grid, ["a", "b", "c"], Array4::zeros((3, 2, 2, 2)))?;
        assert!(ColourVolume::of_field(&three, [[0.0, 0.0]; 3]).is_err());
        assert!(ColourVolume::of_field(&three, [[f64::NAN, 1.0]; 3]).is_err());
        Ok(())
    }
}
