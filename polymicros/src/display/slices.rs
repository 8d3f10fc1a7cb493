//! Slices through volumes of numbers and of phases.

use super::colour::{NOTHING, series_colour};
use super::map::fits;
use super::{ColourBar, ColourMap, ColourRange, Map, Maps, Picture};
use crate::Result;
use crate::microstructure::{Grid, Microstructure};
use ndarray::ArrayView3;

/// Three orthogonal slices of a scalar volume through the voxel `at`, with one colour bar over the
/// whole volume's range. `values` is in axis order `x, y, z`; `label` says what it is.
///
/// # Errors
/// When the shape is not the grid's, the voxel lies outside, or a value is not finite.
pub fn scalar_slices(
    values: ArrayView3<'_, f32>,
    grid: &Grid,
    at: [usize; 3],
    colours: ColourMap,
    range: ColourRange,
    label: &str,
) -> Result<Picture> {
    fits(values.shape(), grid)?;
    let bar = ColourBar::over(values, colours, range, label)?;
    Maps::through(at, |plane, index| {
        Map::of_scalar(values, grid, plane, index, &bar)
    })?
    .picture()
}

/// Three orthogonal slices of a microstructure's phases through the voxel `at`, with a legend.
///
/// # Errors
/// When the voxel lies outside.
pub fn phase_slices(microstructure: &Microstructure, at: [usize; 3]) -> Result<Picture> {
    let (phase, mask) = (microstructure.phase(), microstructure.mask());
    let maps = Maps::through(at, |plane, index| {
        Map::of_plane(microstructure.grid(), plane, index, |at| {
            match phase[at].checked_sub(1) {
                Some(declared) if mask[at] => series_colour(usize::from(declared)),
                _ => NOTHING,
            }
        })
    })?;
    let mut maps = maps.title(&format!("{}: phases", microstructure.name));
    for (index, declared) in microstructure.phases().iter().enumerate() {
        maps = maps.explain(series_colour(index), &declared.name);
    }
    if phase.iter().zip(mask).any(|(k, valid)| *k == 0 || !valid) {
        maps = maps.explain(NOTHING, "not indexed");
    }
    maps.picture()
}

#[cfg(test)]
mod tests {
    use super::super::encode::tests::decode;
    use super::*;
    use crate::microstructure::{Origin, Phase};
    use ndarray::{Array3, Array4};

    #[test]
    fn phases_have_their_colours() -> Result<()> {
        let grid = Grid::new([6, 6, 6])?;
        let phase = |name: &str| Phase {
            name: name.into(),
            laue_group: "m-3m".into(),
            lattice: None,
        };
        let origin = Origin::Synthetic("blocks".into());
        let made = Microstructure::new("blocks", origin, grid, Array4::zeros((3, 6, 6, 6)))?
            .with_phases(
                vec![phase("alpha"), phase("beta")],
                Array3::from_shape_fn((6, 6, 6), |(x, _, _)| (x / 2) as u8),
            )?;
        let picture = phase_slices(&made, [2, 2, 2])?;
        let read = decode(picture.png())?;
        for colour in [series_colour(0), series_colour(1), NOTHING] {
            assert!(read.count(colour) > 10_000, "{colour:?}");
        }
        assert!(phase_slices(&made, [2, 6, 2]).is_err());
        Ok(())
    }

    #[test]
    fn numbers_that_are_none_are_refused() -> Result<()> {
        let grid = Grid::new([3, 3, 3])?;
        let mut values = Array3::<f32>::zeros((3, 3, 3));
        let draw = |values: &Array3<f32>, grid: &Grid| {
            let (colours, range) = (ColourMap::Viridis, ColourRange::Data);
            scalar_slices(values.view(), grid, [1, 1, 1], colours, range, "value")
        };
        assert!(draw(&values, &grid).is_ok());
        assert!(draw(&values, &Grid::new([3, 3, 4])?).is_err());
        values[[2, 2, 2]] = f32::INFINITY;
        assert!(draw(&values, &grid).is_err());
        Ok(())
    }
}
