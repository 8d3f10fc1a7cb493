//! Maps of 2-point statistics (paper 2.1.1): cuts through zero displacement.

use super::{ColourBar, ColourMap, ColourRange, Map, Maps, Picture, Plane};
use crate::microstructure::{Grid, LengthUnit};
use crate::{Error, Result};
use ndarray::{Array2, ArrayView3};

/// Cuts through `r = 0` of 2-point statistics, one row for each pair of channels: the planes xy,
/// xz and yz with a colour bar, or one plane of each pair in a panel grid.
///
/// Statistics come centred, in axis order `x, y, z`: along an axis of `n` voxels, zero
/// displacement lies at index `n / 2`, rounded down, where `fftshift` puts it.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoPointMaps {
    grid: Grid,
    title: String,
    rows: Vec<Row>,
    only: Option<Plane>,
    range: ColourRange,
    colours: ColourMap,
    shared: bool,
    reach: f64,
}

/// The three cuts of one pair.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    name: String,
    cuts: [Array2<f32>; 3],
}

const PLANES: [Plane; 3] = [Plane::Xy, Plane::Xz, Plane::Yz];

impl TwoPointMaps {
    /// Maps on this grid of displacements; only its shape, spacing and unit are used.
    pub fn new(grid: &Grid) -> Self {
        TwoPointMaps {
            grid: *grid,
            title: String::new(),
            rows: Vec::new(),
            only: None,
            range: ColourRange::Symmetric,
            colours: ColourMap::BlueRed,
            shared: false,
            reach: f64::INFINITY,
        }
    }

    /// The same maps and one more pair, named for example `00` or `01`.
    ///
    /// # Errors
    /// When the shape is not the grid's.
    pub fn pair(self, name: &str, statistics: ArrayView3<'_, f32>) -> Result<Self> {
        super::map::fits(statistics.shape(), &self.grid)?;
        // The cuts are all that is shown; the volume need not be kept.
        let cuts = PLANES.map(|plane| {
            let [right, up, across] = plane.axes();
            let shape = (self.grid.shape[right], self.grid.shape[up]);
            Array2::from_shape_fn(shape, |(i, j)| {
                let mut at = [0; 3];
                (at[right], at[up], at[across]) = (i, j, self.grid.shape[across] / 2);
                statistics[at]
            })
        });
        self.cuts(name, cuts)
    }

    /// The same maps and one more pair of which the cuts are known: the planes xy, xz and yz, each
    /// with zero displacement at index `n / 2` of its axes.
    ///
    /// # Errors
    /// When a shape is not that of the grid's plane.
    pub fn cuts(mut self, name: &str, cuts: [Array2<f32>; 3]) -> Result<Self> {
        for (plane, cut) in PLANES.into_iter().zip(&cuts) {
            let [right, up, _] = plane.axes();
            let expected = [self.grid.shape[right], self.grid.shape[up]];
            if cut.shape() != expected {
                return Err(Error::shape("cut of statistics", expected, cut.shape()));
            }
        }
        self.rows.push(Row {
            name: name.into(),
            cuts,
        });
        Ok(self)
    }

    /// The same maps under a title.
    pub fn title(mut self, title: &str) -> Self {
        self.title = title.into();
        self
    }

    /// The same maps with this range of colours instead of one symmetric about zero, and the
    /// colour map that suits it: blue to red about zero, otherwise Viridis.
    pub fn range(mut self, range: ColourRange) -> Self {
        let about_zero = match range {
            ColourRange::Symmetric => true,
            ColourRange::Fixed(low, high) => low == -high,
            ColourRange::Data => false,
        };
        self.range = range;
        self.colours = if about_zero {
            ColourMap::BlueRed
        } else {
            ColourMap::Viridis
        };
        self
    }

    /// The same maps with one range of colours for all pairs instead of one for each.
    pub fn one_scale(mut self) -> Self {
        self.shared = true;
        self
    }

    /// The same maps up to this displacement along every axis, in the grid's unit: the interior.
    pub fn reach(mut self, displacement: f64) -> Self {
        self.reach = displacement;
        self
    }

    /// One plane of every pair, three in a row, instead of the three planes of every pair.
    pub fn only(mut self, plane: Plane) -> Self {
        self.only = Some(plane);
        self
    }

    /// Draws the maps.
    ///
    /// # Errors
    /// When there are no pairs, a value shown is not finite, or the reach is not positive.
    pub fn picture(&self) -> Result<Picture> {
        if self.rows.is_empty() {
            return Err(Error::value("2-point maps", "no pair to show"));
        }
        if self.reach.is_nan() || self.reach <= 0.0 {
            return Err(Error::value(
                "reach",
                format!("{}: a displacement above zero is needed", self.reach),
            ));
        }
        let mut maps = Vec::new();
        for row in &self.rows {
            let shown: &[Row] = if self.shared {
                &self.rows
            } else {
                std::slice::from_ref(row)
            };
            let bar = ColourBar {
                colours: self.colours,
                limits: self.limits(shown)?,
                label: String::new(),
            };
            for (which, plane) in PLANES.into_iter().enumerate() {
                if self.only.is_none_or(|only| only == plane) {
                    maps.push(self.map(row, which, &bar)?);
                }
            }
        }
        Maps::new(&maps, 3).title(&self.title).picture()
    }

    fn limits(&self, rows: &[Row]) -> Result<[f64; 2]> {
        let mut values = Vec::new();
        for row in rows {
            for (which, plane) in PLANES.into_iter().enumerate() {
                if self.only.is_none_or(|only| only == plane) {
                    let [(a, width), (b, height)] = self.window(plane);
                    let inside = row.cuts[which].indexed_iter().filter(|((i, j), _)| {
                        (a..a + width).contains(i) && (b..b + height).contains(j)
                    });
                    values.extend(inside.map(|(_, value)| *value));
                }
            }
        }
        let name = rows.first().map_or("", |row| row.name.as_str());
        self.range
            .limits(&format!("2-point statistics {name}"), values.into_iter())
    }

    /// First index and number of the displacements within reach, to the right and upwards.
    fn window(&self, plane: Plane) -> [(usize, usize); 2] {
        let [right, up, _] = plane.axes();
        [right, up].map(|axis| {
            let (n, centre) = (self.grid.shape[axis], self.grid.shape[axis] / 2);
            let steps = (self.reach / self.grid.spacing[axis] + 1e-9).min(n as f64) as usize;
            let first = centre.saturating_sub(steps);
            (first, (centre + steps).min(n - 1) + 1 - first)
        })
    }

    fn map(&self, row: &Row, which: usize, bar: &ColourBar) -> Result<Map> {
        let plane = PLANES[which];
        let [right, up, across] = plane.axes();
        let [(a, width), (b, height)] = self.window(plane);
        let mut grid = self.grid;
        grid.shape[right] = width;
        grid.shape[up] = height;
        grid.shape[across] = 1;
        for (axis, first) in [(right, a), (up, b)] {
            let steps = first as f64 - (self.grid.shape[axis] / 2) as f64;
            grid.origin[axis] = steps * grid.spacing[axis];
        }
        grid.origin[across] = 0.0;
        let cut = &row.cuts[which];
        let mut map = Map::of_plane(&grid, plane, 0, |at| {
            bar.colour(f64::from(cut[[a + at[right], b + at[up]]]))
        })?;
        map.labels = [right, up].map(|axis| displacement(axis, grid.unit));
        map.bar = Some(bar.clone());
        let plane = match across {
            0 => "r₁ = 0",
            1 => "r₂ = 0",
            _ => "r₃ = 0",
        };
        map.title = if self.only.is_some() {
            row.name.clone()
        } else {
            format!("{}, {plane}", row.name)
        };
        Ok(map)
    }
}

fn displacement(axis: usize, unit: LengthUnit) -> String {
    let name = ["r₁", "r₂", "r₃"][axis];
    match unit {
        LengthUnit::Voxel => format!("{name} / voxels"),
        unit => format!("{name} / {}", unit.symbol()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn zero_displacement_is_in_the_middle_of_the_axes() -> Result<()> {
        for (shape, reach) in [([8, 9, 6], f64::INFINITY), ([16, 9, 12], 4.0)] {
            let grid = Grid::with_spacing(shape, [2.0, 1.0, 1.0], LengthUnit::Micrometre)?;
            let mut statistics = Array3::<f32>::zeros(shape);
            statistics[[shape[0] / 2, shape[1] / 2, shape[2] / 2]] = 1.0;
            let maps = TwoPointMaps::new(&grid)
                .pair("00", statistics.view())?
                .reach(reach);
            let bar = ColourBar {
                colours: ColourMap::BlueRed,
                limits: maps.limits(&maps.rows)?,
                label: String::new(),
            };
            assert_eq!(bar.limits, [-1.0, 1.0]);
            for which in 0..3 {
                let map = maps.map(&maps.rows[0], which, &bar)?;
                let (rows, columns, _) = map.pixels.dim();
                // The pixel that holds the axes' zero.
                let share = |axis: usize| {
                    let [low, high] = map.spans[axis];
                    -low / (high - low)
                };
                let column = (share(0) * columns as f64) as usize;
                let row = rows - 1 - (share(1) * rows as f64) as usize;
                let at = [0, 1, 2].map(|c| map.pixels[[row, column, c]]);
                assert_eq!(at, bar.colour(1.0), "{shape:?} plane {which}");
            }
            maps.picture()?;
        }
        Ok(())
    }

    #[test]
    fn reach_cuts_the_interior_out() -> Result<()> {
        let grid = Grid::with_spacing([16; 3], [2.0; 3], LengthUnit::Micrometre)?;
        let maps = TwoPointMaps::new(&grid).reach(6.0);
        assert_eq!(maps.window(Plane::Xy), [(5, 7), (5, 7)]);
        assert_eq!(TwoPointMaps::new(&grid).window(Plane::Xy)[0], (0, 16));
        Ok(())
    }

    #[test]
    fn nothing_and_not_a_number_are_refused() -> Result<()> {
        let grid = Grid::cube(4)?;
        assert!(TwoPointMaps::new(&grid).picture().is_err());
        let nan = Array3::from_elem((4, 4, 4), f32::NAN);
        let maps = TwoPointMaps::new(&grid).pair("00", nan.view())?;
        assert!(maps.picture().is_err());
        let other = Array3::<f32>::zeros((4, 4, 5));
        assert!(TwoPointMaps::new(&grid).pair("00", other.view()).is_err());
        let cuts = [4, 4, 5].map(|edge| Array2::zeros((edge, 4)));
        assert!(TwoPointMaps::new(&grid).cuts("00", cuts).is_err());
        let zero = Array3::<f32>::zeros((4, 4, 4));
        let maps = TwoPointMaps::new(&grid).pair("00", zero.view())?;
        assert!(maps.clone().reach(f64::NAN).picture().is_err());
        maps.picture()?;
        Ok(())
    }
}
