//! How far a volume's orthogonal statistics are from a target, and the gradient of that.

use super::OrthogonalStatistics;
use super::hermitian::Hermitian;
use super::planes::Planes;
use super::spectra::Spectra;
use crate::Result;
use crate::statistics::Real;

/// The mismatch of Algorithm 5: the mean square, over the six pairs of channels and all
/// displacements of the three planes, of `f̂_⊥ - f_⊥` (in terms of the paper's squared norm: that
/// divided by the number of values), and its analytic gradient.
///
/// Means are left out: the covariances are compared, and the gradient leaves the mean of each
/// channel as it is. Where the means are the target's, covariances and statistics have the same
/// mismatch.
///
/// Cost: a transform and an inverse transform of each channel, and two passes over the spectra.
/// Sums of `T` are compared with the target in `f64`. Memory: three half-spectra.
#[derive(Debug, Clone)]
pub struct Mismatch<T: Real = f32> {
    target: Planes,
    spectra: Spectra<T>,
}

impl<T: Real> Mismatch<T> {
    /// The mismatch with a target of volumes on the target's grid.
    ///
    /// # Errors
    /// When the grid has fewer than two voxels along an axis.
    pub fn new(target: &OrthogonalStatistics) -> Result<Self> {
        Self::with(target.planes()?, target.grid().shape)
    }

    pub(super) fn with(target: Planes, shape: [usize; 3]) -> Result<Self> {
        Ok(Mismatch {
            target,
            spectra: Spectra::new(shape)?,
        })
    }

    /// The mismatch of a field, `channel, x, y, z` with `z` fastest.
    ///
    /// # Errors
    /// When the field is not three channels of the target's shape.
    pub fn value(&mut self, field: &[T]) -> Result<f64> {
        self.spectra.load(field)?;
        Ok(self.spectra.planes().minus(&self.target).mean_square())
    }

    /// The mismatch, and its derivative with respect to each value of the field.
    ///
    /// # Errors
    /// When field or gradient are not three channels of the target's shape.
    pub fn value_and_gradient(&mut self, field: &[T], gradient: &mut [T]) -> Result<f64> {
        Ok(self.residual_and_gradient(field, gradient)?.mean_square())
    }

    /// The gradient, and the coefficients of the difference from the target.
    pub(super) fn residual_and_gradient(
        &mut self,
        field: &[T],
        gradient: &mut [T],
    ) -> Result<Planes> {
        self.spectra.load(field)?;
        let residual = self.spectra.planes().minus(&self.target);
        // Of the plane perpendicular to a: |Q_bc|² of a pair b ≠ c is in the sum once, but both
        // M_b and M_c depend on it, so the factor 2 of the square falls on the diagonal alone.
        let voxels: f64 = self
            .spectra
            .shape()
            .iter()
            .map(|&edge| edge as f64)
            .product();
        let factors = residual.map(|axis, matrix| {
            let each = residual.displacements(axis) * 2.0 / (residual.values() * voxels);
            weighted(matrix, 2.0 * each, each)
        });
        self.spectra
            .multiply([0, 1, 2].map(|axis| Some(factors.of(axis))));
        self.spectra.unload(gradient)?;
        Ok(residual)
    }
}

/// A matrix with factors on its diagonal and beside it.
pub(super) fn weighted(matrix: &Hermitian, diagonal: f64, beside: f64) -> Hermitian {
    Hermitian {
        diagonal: matrix.diagonal.map(|value| value * diagonal),
        above: matrix.above.map(|value| value * beside),
    }
}

#[cfg(test)]
mod tests;
