//! Slices at a distance, and the volume that they are slices of.

use crate::microstructure::{Field, Grid, Microstructure, Origin};
use crate::reconstruction::Mask;
use crate::{Error, Result};
use ndarray::{Array3, Array4, ArrayView3, Axis, s};

/// A stack of slices across an axis that are to become `factor` times as many.
///
/// The full volume reaches from the first slice to the last one, `(n - 1) factor + 1` slices:
/// nothing is added beyond what was seen. Its voxels along the axis are `factor` times thinner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stack {
    /// The grid of the slices; its spacing across them is their distance.
    pub coarse: Grid,
    /// The axis across them: 0, 1, 2 for x, y, z.
    pub axis: usize,
    /// How many times the slices become.
    pub factor: usize,
}

impl Stack {
    /// The slices of a volume of this grid.
    ///
    /// # Errors
    /// When there is no such axis, the factor is below 2, or there are fewer than two slices.
    pub fn new(coarse: Grid, axis: usize, factor: usize) -> Result<Self> {
        if axis > 2 || factor < 2 {
            let problem = format!(
                "{factor} times along axis {axis}: needs an axis 0, 1 or 2 and a factor of 2 or more"
            );
            return Err(Error::value("super-resolution", problem));
        }
        if coarse.shape[axis] < 2 {
            return Err(Error::value(
                "stack of slices",
                format!(
                    "{} across axis {axis}: needs two or more",
                    coarse.shape[axis]
                ),
            ));
        }
        Ok(Stack {
            coarse,
            axis,
            factor,
        })
    }

    /// The grid of the full volume.
    pub fn grid(&self) -> Grid {
        let mut grid = self.coarse;
        grid.shape[self.axis] = (grid.shape[self.axis] - 1) * self.factor + 1;
        grid.spacing[self.axis] /= self.factor as f64;
        grid
    }

    /// The full volume with the slices in their places, 0 elsewhere and masked.
    ///
    /// # Errors
    /// When the field is not of the stack's grid.
    pub fn place(&self, slices: &Field) -> Result<Field> {
        if slices.grid().shape != self.coarse.shape {
            let (expected, found) = (self.coarse.shape, slices.grid().shape);
            return Err(Error::shape("slices of the stack", expected, found));
        }
        let grid = self.grid();
        let [x, y, z] = grid.shape;
        let mut values = Array4::zeros((slices.channels().len(), x, y, z));
        let mut known = Array3::from_elem(grid.shape, false);
        let valid = Mask::of(slices);
        for k in 0..self.coarse.shape[self.axis] {
            let there = k * self.factor;
            values
                .index_axis_mut(Axis(self.axis + 1), there)
                .assign(&slices.data().index_axis(Axis(self.axis + 1), k));
            known
                .index_axis_mut(Axis(self.axis), there)
                .assign(&valid.known().index_axis(Axis(self.axis), k));
        }
        Field::new(grid, slices.channels(), values)?.with_mask(known.into_shared())
    }

    /// The full volume of orientations, where `sources` says from which voxel of the full grid, one
    /// of a slice, each voxel is taken: those of
    /// [`Projection::sources`](crate::reconstruction::Projection::sources). So no orientation has to
    /// be told from its ROGSH values, which 16 have. Phases and grain ids are taken along.
    ///
    /// # Errors
    /// When the volume is not the stack's, or a source does not lie on a slice.
    pub fn oriented(&self, slices: &Microstructure, sources: &[u32]) -> Result<Microstructure> {
        let grid = self.grid();
        if slices.grid().shape != self.coarse.shape || sources.len() != grid.voxels() {
            return Err(Error::shape(
                "slices and sources",
                (self.coarse.shape, grid.voxels()),
                (slices.grid().shape, sources.len()),
            ));
        }
        let [_, ny, nz] = grid.shape;
        let from = sources
            .iter()
            .map(|&at| {
                let at = at as usize;
                let mut place = [at / (ny * nz), at / nz % ny, at % nz];
                if !place[self.axis].is_multiple_of(self.factor) || at >= sources.len() {
                    let problem = format!("voxel {place:?} lies on no slice");
                    return Err(Error::value("source of an orientation", problem));
                }
                place[self.axis] /= self.factor;
                Ok(place)
            })
            .collect::<Result<Vec<[usize; 3]>>>()?;
        let from = Array3::from_shape_vec(grid.shape, from)
            .map_err(|e| Error::value("sources", e.to_string()))?;
        let mut euler = Array4::zeros((3, grid.shape[0], ny, nz));
        for (angle, mut channel) in euler.outer_iter_mut().enumerate() {
            channel.assign(&gathered(
                &from,
                slices.euler().slice(s![angle, .., .., ..]),
            ));
        }
        let name = format!("{}, {} times", slices.name, self.factor);
        let origin = Origin::Synthetic(format!(
            "{} slices of {} made {} times as many",
            self.coarse.shape[self.axis], slices.name, self.factor
        ));
        let made = Microstructure::new(name, origin, grid, euler)?
            .with_phases(
                slices.phases().to_vec(),
                gathered(&from, slices.phase().view()),
            )?
            .with_mask(gathered(&from, slices.mask().view()))?;
        match slices.grain_ids() {
            Some(ids) => made.with_grain_ids(gathered(&from, ids.view())),
            None => Ok(made),
        }
    }
}

fn gathered<T: Copy>(from: &Array3<[usize; 3]>, values: ArrayView3<'_, T>) -> Array3<T> {
    from.mapv(|place| values[place])
}
