//! Fields larger than a network's memory allows: denoised tile by tile, blended at each call.

mod cover;
#[cfg(test)]
mod tests;

use crate::diffusion::{Batch, Denoiser};
use crate::{Error, Result};
use cover::Cover;
use serde::{Deserialize, Serialize};

/// How a field is cut into overlapping cubes.
///
/// Neighbouring tiles share `overlap` voxels. The outermost `margin` voxels of a tile only give
/// the denoiser something to look at: what it says there is dropped. Over the rest of the overlap
/// a tile's share rises from 0 to 1 along half a cosine, and the shares of all tiles add up to 1 in
/// each voxel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tiling {
    /// Voxels along each edge of a tile.
    pub tile: usize,
    /// Voxels that neighbouring tiles share; at least `2 margin`, and less than `tile`.
    pub overlap: usize,
    /// Voxels at a tile's edges whose denoised values are dropped, except at the edge of a field
    /// that is not periodic.
    pub margin: usize,
    /// Whether tiles reach around the edge of the field; a field that is no larger than a tile is
    /// left to the denoiser as it is.
    pub periodic: bool,
}

impl Default for Tiling {
    /// Twice the edge of the paper's patches, so that a tile's middle sees as much as a patch
    /// around it; periodic.
    fn default() -> Self {
        Tiling {
            tile: 64,
            overlap: 16,
            margin: 4,
            periodic: true,
        }
    }
}

impl Tiling {
    /// Checks that tiles of this form cover a field.
    ///
    /// # Errors
    /// When the overlap does not fit the tile or the margin.
    pub fn check(&self) -> Result<()> {
        let Tiling {
            tile,
            overlap,
            margin,
            ..
        } = *self;
        if overlap >= tile || overlap < 2 * margin {
            return Err(Error::value(
                "tiles",
                format!(
                    "of {tile} voxels, {overlap} shared, {margin} dropped: needs 2 margin <= \
                     overlap < tile"
                ),
            ));
        }
        Ok(())
    }

    /// Whether a field of this shape `x, y, z` is larger than a tile along some axis.
    pub fn divides(&self, shape: [usize; 3]) -> bool {
        shape.iter().any(|&edge| edge > self.tile)
    }

    /// How many tiles cover a field of this shape `x, y, z`.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn count(&self, shape: [usize; 3]) -> Result<usize> {
        let covers = self.covers(shape)?;
        Ok(covers.iter().map(|cover| cover.tiles.len()).product())
    }

    fn covers(&self, shape: [usize; 3]) -> Result<[Cover; 3]> {
        self.check()?;
        let alone = !self.divides(shape);
        Ok(shape.map(|edge| Cover::new(edge, self, alone)))
    }
}

/// A denoiser that asks another one about tiles of a field.
///
/// Its memory beside the field and the result is that of the other on one tile, however large the
/// field (along an axis that fits into a tile, a periodic field's tile is longer by the overlap).
/// The result is that of the other on the whole field, as far as the other's value in a
/// voxel depends on no voxel further away than `margin`. For the network that is so of its
/// convolutions' largest part only; its normalisations and its attention take sums over all voxels
/// they are given, here those of a tile instead of the field's. A tile should therefore be no
/// smaller than the patches that the network learned from, and it then sees what it saw in
/// training.
#[derive(Debug)]
pub struct Tiled<'a, D: ?Sized> {
    /// The denoiser of the tiles.
    pub denoiser: &'a D,
    /// How the field is cut.
    pub tiling: Tiling,
}

impl<D: Denoiser + ?Sized> Denoiser for Tiled<'_, D> {
    fn denoise(&self, x: &Batch, sigma: f64) -> Result<Batch> {
        let (batch, channels, nx, ny, nz) = x.dim();
        let [along_x, along_y, along_z] = self.tiling.covers([nx, ny, nz])?;
        let mut blended = Batch::zeros(x.dim());
        for tx in &along_x.tiles {
            for ty in &along_y.tiles {
                for tz in &along_z.tiles {
                    let edges = [tx, ty, tz].map(|tile| tile.voxels.len());
                    let tile = Batch::from_shape_fn(
                        (batch, channels, edges[0], edges[1], edges[2]),
                        |(b, c, i, j, k)| x[[b, c, tx.voxels[i], ty.voxels[j], tz.voxels[k]]],
                    );
                    let denoised = self.denoiser.denoise(&tile, sigma)?;
                    if denoised.dim() != tile.dim() {
                        let (expected, found) = (tile.dim(), denoised.dim());
                        return Err(Error::shape("denoised tile", expected, found));
                    }
                    for ((b, c, i, j, k), value) in denoised.indexed_iter() {
                        let share = tx.shares[i] * ty.shares[j] * tz.shares[k];
                        blended[[b, c, tx.voxels[i], ty.voxels[j], tz.voxels[k]]] += share * value;
                    }
                }
            }
        }
        Ok(blended)
    }
}
