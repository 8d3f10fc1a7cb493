//! One map: a slice of a volume as an image with axes.

use super::colour::{ColourMap, ColourRange, NOTHING};
use crate::microstructure::{Grid, LengthUnit};
use crate::{Error, Result};
use ndarray::{Array3, ArrayView3};

/// The plane of a slice. The first letter runs to the right, the second upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// x to the right, y up: seen from the positive z axis.
    Xy,
    /// x to the right, z up: seen from the negative y axis.
    Xz,
    /// y to the right, z up: seen from the positive x axis.
    Yz,
}

impl Plane {
    /// The axes to the right, upwards, and across the plane.
    pub(super) fn axes(self) -> [usize; 3] {
        match self {
            Plane::Xy => [0, 1, 2],
            Plane::Xz => [0, 2, 1],
            Plane::Yz => [1, 2, 0],
        }
    }
}

/// A colour bar: the colour map, the values at its two ends, and what is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ColourBar {
    /// The colours.
    pub colours: ColourMap,
    /// The values at the lower and the upper end.
    pub limits: [f64; 2],
    /// What is shown, with its unit; may be empty.
    pub label: String,
}

impl ColourBar {
    /// The colour of a value; what is not finite has the colour of nothing.
    pub(super) fn colour(&self, value: f64) -> [u8; 3] {
        if !value.is_finite() {
            return NOTHING;
        }
        let [low, high] = self.limits;
        self.colours.rgb((value - low) / (high - low))
    }
}

/// One image with its axes, to be put in [`Maps`](super::Maps).
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    pub(super) title: String,
    /// In axis order `row, column, colour`, rows from the top.
    pub(super) pixels: Array3<u8>,
    /// The labels of the axis to the right and of the axis upwards.
    pub(super) labels: [String; 2],
    /// The values at the left and right edge, and at the lower and upper edge.
    pub(super) spans: [[f64; 2]; 2],
    pub(super) bar: Option<ColourBar>,
}

impl Map {
    /// A slice of an array on a grid by a colour for each index `(x, y, z)`.
    pub(super) fn of_plane(
        grid: &Grid,
        plane: Plane,
        index: usize,
        colour: impl Fn([usize; 3]) -> [u8; 3],
    ) -> Result<Self> {
        let [right, up, across] = plane.axes();
        if index >= grid.shape[across] {
            return Err(Error::value(
                format!("slice across {}", NAMES[across]),
                format!("index {index} of {} voxels", grid.shape[across]),
            ));
        }
        let (columns, rows) = (grid.shape[right], grid.shape[up]);
        let mut pixels = Array3::zeros((rows, columns, 3));
        for row in 0..rows {
            for column in 0..columns {
                let mut at = [index; 3];
                at[right] = column;
                at[up] = rows - 1 - row;
                for (channel, value) in colour(at).into_iter().enumerate() {
                    pixels[[row, column, channel]] = value;
                }
            }
        }
        // Edges of voxels; the origin is the centre of the first.
        let span = |axis: usize| {
            let low = grid.origin[axis] - grid.spacing[axis] / 2.0;
            [low, low + grid.extent()[axis]]
        };
        let label = |axis: usize| match grid.unit {
            LengthUnit::Voxel => NAMES[axis].to_owned(),
            unit => format!("{} / {}", NAMES[axis], unit.symbol()),
        };
        let position = grid.origin[across] + index as f64 * grid.spacing[across];
        let unit = match grid.unit {
            LengthUnit::Voxel => "",
            unit => unit.symbol(),
        };
        let title = format!("{} = {} {unit}", NAMES[across], trimmed(position));
        Ok(Map {
            title: title.trim_end().to_owned(),
            pixels,
            labels: [label(right), label(up)],
            spans: [span(right), span(up)],
            bar: None,
        })
    }

    /// A slice of a scalar volume, in axis order `x, y, z`. The range is that of the slice;
    /// `label` says what is shown.
    ///
    /// # Errors
    /// When the shape is not the grid's, the index lies outside, or a value is not finite.
    pub fn of_scalar(
        values: ArrayView3<'_, f32>,
        grid: &Grid,
        plane: Plane,
        index: usize,
        bar: &ColourBar,
    ) -> Result<Self> {
        fits(values.shape(), grid)?;
        let mut map = Self::of_plane(grid, plane, index, |at| bar.colour(f64::from(values[at])))?;
        map.bar = Some(bar.clone());
        Ok(map)
    }

    /// The same map with another title.
    pub fn title(mut self, title: &str) -> Self {
        self.title = title.into();
        self
    }
}

impl ColourBar {
    /// A bar for these values.
    ///
    /// # Errors
    /// When there are no values, one is not finite, or a fixed range has no width.
    pub fn over(
        values: ArrayView3<'_, f32>,
        colours: ColourMap,
        range: ColourRange,
        label: &str,
    ) -> Result<Self> {
        Ok(ColourBar {
            colours,
            limits: range.limits("values", values.iter().copied())?,
            label: label.into(),
        })
    }
}

const NAMES: [&str; 3] = ["x", "y", "z"];

pub(super) fn fits(shape: &[usize], grid: &Grid) -> Result<()> {
    if shape == grid.shape {
        Ok(())
    } else {
        Err(Error::shape("volume (x, y, z)", grid.shape, shape))
    }
}

/// A position without digits that only rounding made.
fn trimmed(value: f64) -> String {
    let text = super::ticks::plain(value, 3);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_have_their_axes_to_the_right_and_up() -> Result<()> {
        let grid = Grid::with_spacing([2, 3, 4], [1.0, 1.0, 0.5], LengthUnit::Micrometre)?;
        let named = |at: [usize; 3]| at.map(|index| index as u8);
        let corners = |map: &Map| {
            let (rows, columns, _) = map.pixels.dim();
            let at = |row: usize, column: usize| [0, 1, 2].map(|c| map.pixels[[row, column, c]]);
            (at(rows - 1, 0), at(rows - 1, columns - 1), at(0, 0))
        };
        // Lower left, lower right, upper left.
        let xy = Map::of_plane(&grid, Plane::Xy, 3, named)?;
        assert_eq!(corners(&xy), ([0, 0, 3], [1, 0, 3], [0, 2, 3]));
        assert_eq!(xy.title, "z = 1.5 µm");
        let xz = Map::of_plane(&grid, Plane::Xz, 1, named)?;
        assert_eq!(corners(&xz), ([0, 1, 0], [1, 1, 0], [0, 1, 3]));
        assert_eq!(xz.spans, [[-0.5, 1.5], [-0.25, 1.75]]);
        let yz = Map::of_plane(&grid, Plane::Yz, 0, named)?;
        assert_eq!(corners(&yz), ([0, 0, 0], [0, 2, 0], [0, 0, 3]));
        assert_eq!(yz.labels, ["y / µm", "z / µm"]);
        assert!(Map::of_plane(&grid, Plane::Yz, 2, named).is_err());
        Ok(())
    }
}
