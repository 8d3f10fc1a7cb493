//! A vector-valued field on a grid: the paper's `m_s^β`.

use super::Grid;
use crate::{Error, Result};
use ndarray::{ArcArray, Array4, ArrayView3, ArrayViewMut4, Axis, Ix3, Ix4, s};
use std::ops::Range;

/// A field of any number of channels on a [`Grid`], such as the three ROGSH values of each voxel.
///
/// Data are `f32` in axis order `channel, x, y, z`, contiguous, with `z` fastest. Storage is
/// shared: a clone costs nothing until one of the two is changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    grid: Grid,
    channels: Vec<String>,
    data: ArcArray<f32, Ix4>,
    mask: Option<ArcArray<bool, Ix3>>,
}

impl Field {
    /// A field from its data, of shape `(channels, x, y, z)`.
    ///
    /// # Errors
    /// When the data's shape is not the number of channel names followed by the grid's shape.
    pub fn new(
        grid: Grid,
        channels: impl IntoIterator<Item = impl Into<String>>,
        data: Array4<f32>,
    ) -> Result<Self> {
        let channels: Vec<String> = channels.into_iter().map(Into::into).collect();
        let [x, y, z] = grid.shape;
        let expected = [channels.len(), x, y, z];
        if data.shape() != expected || channels.is_empty() {
            return Err(Error::shape("field data", expected, data.shape()));
        }
        // Everything downstream indexes slices, so the layout is settled once, here.
        let data = if data.is_standard_layout() {
            data
        } else {
            data.as_standard_layout().into_owned()
        };
        Ok(Field {
            grid,
            channels,
            data: data.into_shared(),
            mask: None,
        })
    }

    /// The same field with a number added to each channel.
    ///
    /// # Errors
    /// When there are more or fewer numbers than channels.
    pub fn shifted(&self, by: &[f64]) -> Result<Field> {
        let channels = self.channels.len();
        if by.len() != channels {
            return Err(Error::shape("shifts of channels", channels, by.len()));
        }
        let mut shifted = self.clone();
        shift_channels(shifted.data.view_mut(), by.iter().copied());
        Ok(shifted)
    }

    /// The same field, valid only where `mask` is true.
    ///
    /// # Errors
    /// When the mask's shape is not the grid's.
    pub fn with_mask(mut self, mask: ArcArray<bool, Ix3>) -> Result<Self> {
        if mask.shape() != self.grid.shape {
            return Err(Error::shape("field mask", self.grid.shape, mask.shape()));
        }
        let mask = if mask.is_standard_layout() {
            mask
        } else {
            mask.as_standard_layout().into_owned().into_shared()
        };
        self.mask = Some(mask);
        Ok(self)
    }

    /// The part of a field in `ranges` along x, y and z.
    ///
    /// # Errors
    /// When a range is empty or reaches beyond the grid.
    pub fn crop(&self, ranges: [Range<usize>; 3]) -> Result<Field> {
        let inside = (0..3).all(|a| !ranges[a].is_empty() && ranges[a].end <= self.grid.shape[a]);
        if !inside {
            let problem = format!("{ranges:?} is empty, or not within {:?}", self.grid.shape);
            return Err(Error::value("crop of a field", problem));
        }
        let mut grid = self.grid;
        for (axis, range) in ranges.iter().enumerate() {
            grid.shape[axis] = range.len();
            grid.origin[axis] += range.start as f64 * grid.spacing[axis];
        }
        let [x, y, z] = ranges;
        let data = self.data.slice(s![.., x.clone(), y.clone(), z.clone()]);
        let part = Field::new(grid, &self.channels, data.to_owned())?;
        match &self.mask {
            Some(mask) => part.with_mask(mask.slice(s![x, y, z]).to_owned().into_shared()),
            None => Ok(part),
        }
    }

    /// The grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The channels' names, in order.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// All values, in axis order `channel, x, y, z`, in standard (C) layout.
    pub fn data(&self) -> &ArcArray<f32, Ix4> {
        &self.data
    }

    /// All values as one slice, `channel` slowest and `z` fastest.
    pub fn as_slice(&self) -> &[f32] {
        self.data
            .as_slice()
            .expect("the constructor puts the data in standard layout")
    }

    /// One channel, in axis order `x, y, z`.
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn channel(&self, channel: usize) -> Result<ArrayView3<'_, f32>> {
        if channel >= self.channels.len() {
            return Err(Error::value(
                "channel",
                format!("{channel} asked of a field of {}", self.channels.len()),
            ));
        }
        Ok(self.data.index_axis(Axis(0), channel))
    }

    /// Where the field is valid, in axis order `x, y, z`; `None` where it is valid everywhere.
    pub fn mask(&self) -> Option<&ArcArray<bool, Ix3>> {
        self.mask.as_ref()
    }
}

/// Adds a number to each channel of values in axis order `channel, x, y, z`.
pub(crate) fn shift_channels(
    mut values: ArrayViewMut4<'_, f32>,
    by: impl IntoIterator<Item = f64>,
) {
    for (mut channel, by) in values.outer_iter_mut().zip(by) {
        channel.mapv_inplace(|value| (f64::from(value) + by) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn a_field_keeps_axis_order_and_layout() -> Result<()> {
        let grid = Grid::new([2, 3, 4])?;
        let data = Array4::from_shape_fn((2, 2, 3, 4), |(c, x, y, z)| {
            (1000 * c + 100 * x + 10 * y + z) as f32
        });
        let fortran = data.t().to_owned();
        let field = Field::new(grid, ["a", "b"], fortran.reversed_axes())?;
        assert_eq!(field.as_slice()[1], 1.0);
        assert_eq!(field.channel(1)?[[1, 2, 3]], 1123.0);
        Ok(())
    }

    #[test]
    fn a_part_of_a_field_knows_where_it_was() -> Result<()> {
        let mut grid = Grid::new([4, 5, 6])?;
        grid.spacing = [0.5; 3];
        let data =
            Array4::from_shape_fn((1, 4, 5, 6), |(_, x, y, z)| (100 * x + 10 * y + z) as f32);
        let mask = Array3::from_shape_fn((4, 5, 6), |(x, ..)| x < 3);
        let field = Field::new(grid, ["a"], data)?.with_mask(mask.into_shared())?;
        let part = field.crop([1..4, 2..3, 0..6])?;
        assert_eq!(part.grid().shape, [3, 1, 6]);
        assert_eq!(part.grid().origin, [0.5, 1.0, 0.0]);
        assert_eq!(part.channel(0)?[[1, 0, 5]], 225.0);
        assert!(part.mask().is_some_and(|m| m[[1, 0, 0]] && !m[[2, 0, 0]]));
        assert!(field.crop([1..5, 0..1, 0..1]).is_err());
        assert!(field.crop([1..1, 0..1, 0..1]).is_err());
        Ok(())
    }

    #[test]
    fn shapes_that_do_not_fit_are_named() -> Result<()> {
        let grid = Grid::new([2, 3, 4])?;
        let error = Field::new(grid, ["a"], Array4::zeros((1, 3, 2, 4))).map(|_| ());
        let text = error.map_or_else(|e| e.to_string(), |()| String::new());
        assert!(
            text.contains("[1, 2, 3, 4]") && text.contains("[1, 3, 2, 4]"),
            "{text}"
        );
        let field = Field::new(grid, ["a"], Array4::zeros((1, 2, 3, 4)))?;
        assert!(
            field
                .clone()
                .with_mask(Array3::from_elem((2, 3, 3), true).into_shared())
                .is_err()
        );
        assert!(field.channel(1).is_err());
        Ok(())
    }
}
