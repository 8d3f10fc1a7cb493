//! The real Fourier transform of a volume, a map or a line.

mod across;
mod butterfly;
mod columns;
mod entry;
mod lines;
mod real;

use crate::{Error, Result};
use columns::{ColumnScratch, matrix, transform};
use entry::WIDTH;
use lines::Lines;
use ndarray::Axis;
use rayon::prelude::*;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::ops::Range;
use std::sync::Arc;

pub(super) use across::Products;
pub use real::Real;
pub use rustfft::num_complex::Complex;

/// The Fourier transform of real data on a grid of one to three axes, forward and inverse.
///
/// Sizes are chosen at run time and need not be even, equal or products of small primes; axes of
/// length one cost nothing. `T` is `f32` or `f64`. The value owns its plans, can be shared between
/// threads and used any number of times. The work runs on the rayon pool that the caller is in,
/// and its result does not depend on the number of threads.
///
/// With `N` voxels, [`forward`](Self::forward) computes
/// `F_k = Σ_s m_s exp(-2πi Σ_a k_a s_a / n_a)` without a factor, and
/// [`inverse`](Self::inverse) its inverse with the factor `1 / N`: the convention of
/// `numpy.fft.rfftn` and `irfftn`.
///
/// A real field's spectrum is Hermitian, so only half of it is kept: the last axis longer than one,
/// of length `n`, has `n / 2 + 1` frequencies ([`spectrum_shape`](Self::spectrum_shape)).
#[derive(Clone)]
pub struct RealFft<T: Real> {
    shape: [usize; 3],
    halved: usize,
    /// The axes as the passes see them: planes, rows of a plane, and the halved axis.
    inner: [usize; 3],
    rows: (Arc<dyn RealToComplex<T>>, Arc<dyn ComplexToReal<T>>),
    columns: Lines<T>,
    planes: Lines<T>,
}

impl<T: Real> std::fmt::Debug for RealFft<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RealFft")
            .field("shape", &self.shape)
            .field("spectrum_shape", &self.spectrum_shape())
            .finish_non_exhaustive()
    }
}

/// Working memory of one thread.
struct Scratch<T> {
    columns: ColumnScratch<T>,
    real: Vec<T>,
    plan: Vec<Complex<T>>,
}

impl<T: Real> RealFft<T> {
    /// Plans the transforms of grids of this shape, axes `x, y, z`.
    ///
    /// # Errors
    /// When an axis has no voxels.
    pub fn new(shape: [usize; 3]) -> Result<Self> {
        if shape.contains(&0) {
            return Err(Error::value(
                "transform shape",
                format!("{shape:?}: every axis needs at least one voxel"),
            ));
        }
        let halved = (0..3).rev().find(|&axis| shape[axis] > 1).unwrap_or(2);
        let mut longer = shape.iter().copied().filter(|&edge| edge > 1);
        // A map's first axis becomes the planes, so that its rows are shared between threads.
        let inner = match (longer.next(), longer.next(), longer.next()) {
            (Some(a), Some(b), Some(c)) => [a, b, c],
            (Some(a), Some(b), None) => [a, 1, b],
            (a, ..) => [1, 1, a.unwrap_or(1)],
        };
        let mut real = RealFftPlanner::new();
        let mut complex = rustfft::FftPlanner::new();
        Ok(RealFft {
            shape,
            halved,
            inner,
            rows: (
                real.plan_fft_forward(inner[2]),
                real.plan_fft_inverse(inner[2]),
            ),
            columns: Lines::new(inner[1], &mut complex),
            planes: Lines::new(inner[0], &mut complex),
        })
    }

    /// The shape of the real data, axes `x, y, z`.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The shape of the half-spectrum: as [`shape`](Self::shape), but for the last axis longer
    /// than one, whose length `n` becomes `n / 2 + 1`.
    pub fn spectrum_shape(&self) -> [usize; 3] {
        let mut shape = self.shape;
        shape[self.halved] = shape[self.halved] / 2 + 1;
        shape
    }

    /// The number of real values.
    pub fn voxels(&self) -> usize {
        self.shape.iter().product()
    }

    /// The number of complex values in a half-spectrum.
    pub fn frequencies(&self) -> usize {
        self.spectrum_shape().iter().product()
    }

    /// A half-spectrum of zeros, to transform into.
    pub fn spectrum(&self) -> Vec<Complex<T>> {
        vec![Complex::new(T::zero(), T::zero()); self.frequencies()]
    }

    /// The transform of `real` into `spectrum`, both with the last axis fastest.
    ///
    /// # Errors
    /// When a slice's length does not fit the shape.
    pub fn forward(&self, real: &[T], spectrum: &mut [Complex<T>]) -> Result<()> {
        self.forward_planes(real, spectrum)?;
        if self.planes.length() > 1 {
            self.across(spectrum, false, |_, _| ())?;
        }
        Ok(())
    }

    /// The pass across the planes, after `prepare` has changed the values from a flat index on.
    fn across<F>(&self, spectrum: &mut [Complex<T>], inverse: bool, prepare: F) -> Result<()>
    where
        F: Fn(usize, &mut [Complex<T>]) + Sync,
    {
        let n = self.inner[0];
        let stride = self.inner[1] * (self.inner[2] / 2 + 1);
        matrix(spectrum, n, stride)?
            .axis_chunks_iter_mut(Axis(1), WIDTH)
            .into_par_iter()
            .enumerate()
            .for_each_init(
                || ColumnScratch::new(&self.planes),
                |scratch, (at, mut block)| {
                    for (i, mut row) in block.rows_mut().into_iter().enumerate() {
                        if let Some(row) = row.as_slice_mut() {
                            prepare(i * stride + at * WIDTH, row);
                        }
                    }
                    transform(&self.planes, block, inverse, scratch);
                },
            );
        Ok(())
    }

    /// The passes within each plane: forward along its rows, then its columns.
    pub(super) fn forward_planes(&self, real: &[T], spectrum: &mut [Complex<T>]) -> Result<()> {
        self.fits(real.len(), spectrum.len())?;
        let [_, n_rows, n] = self.inner;
        let half = n / 2 + 1;
        spectrum
            .par_chunks_exact_mut(n_rows * half)
            .zip(real.par_chunks_exact(n_rows * n))
            .try_for_each_init(
                || self.scratch(),
                |scratch, (plane, real)| {
                    for (row, real) in plane.chunks_exact_mut(half).zip(real.chunks_exact(n)) {
                        scratch.real.copy_from_slice(real);
                        self.rows
                            .0
                            .process_with_scratch(&mut scratch.real, row, &mut scratch.plan)
                            .map_err(unexpected)?;
                    }
                    self.transform_columns(plane, false, scratch)
                },
            )
    }

    /// The inverse transform of `spectrum` into `real`, with the factor `1 / N`. The spectrum is
    /// used as working memory: what it holds afterwards has no meaning.
    ///
    /// Of a spectrum that is not Hermitian, the part is taken that is.
    ///
    /// # Errors
    /// When a slice's length does not fit the shape.
    pub fn inverse(&self, spectrum: &mut [Complex<T>], real: &mut [T]) -> Result<()> {
        self.fits(real.len(), spectrum.len())?;
        let scale = self.inverse_scale()?;
        self.across(spectrum, true, |_, row| {
            row.iter_mut().for_each(|value| *value = *value * scale);
        })?;
        self.inverse_planes(spectrum, real)
    }

    /// The inverse transform, without a factor, of the spectrum whose values in a range of flat
    /// indices `fill` writes. The spectrum itself is never stored: `work`, of its length, takes
    /// what the first pass makes of it.
    pub(crate) fn inverse_of<F>(
        &self,
        fill: F,
        work: &mut [Complex<T>],
        real: &mut [T],
    ) -> Result<()>
    where
        F: Fn(Range<usize>, &mut [Complex<T>]) + Sync,
    {
        self.fits(real.len(), work.len())?;
        self.across(work, true, |start, row| {
            fill(start..start + row.len(), row);
        })?;
        self.inverse_planes(work, real)
    }

    /// `1 / N` as `T`.
    pub(crate) fn inverse_scale(&self) -> Result<T> {
        T::from_f64(1.0 / self.voxels() as f64)
            .ok_or_else(|| Error::numerical("inverse transform", "1 / N is not a number"))
    }

    /// The passes within each plane: inverse along its columns, then its rows.
    pub(super) fn inverse_planes(&self, spectrum: &mut [Complex<T>], real: &mut [T]) -> Result<()> {
        let [_, n_rows, n] = self.inner;
        spectrum
            .par_chunks_exact_mut(n_rows * (n / 2 + 1))
            .zip(real.par_chunks_exact_mut(n_rows * n))
            .try_for_each_init(
                || self.scratch(),
                |scratch, (plane, real)| self.inverse_plane(plane, real, scratch),
            )
    }

    /// The same for the first `n / 2 + 1` planes of a spectrum whose transform is even, as that of
    /// an autocorrelation: the other planes are their mirror images.
    pub(super) fn inverse_even_planes(
        &self,
        spectrum: &mut [Complex<T>],
        real: &mut [T],
    ) -> Result<()> {
        let [n_planes, n_rows, n] = self.inner;
        let size = n_rows * n;
        let (made, rest) = real.split_at_mut((n_planes / 2 + 1) * size);
        let mut mirrors = rest.rchunks_exact_mut(size);
        let planes: Vec<_> = spectrum
            .chunks_exact_mut(n_rows * (n / 2 + 1))
            .zip(made.chunks_exact_mut(size))
            .enumerate()
            // The first plane is its own mirror image, and so is the last of an even number.
            .map(|(x, (plane, real))| {
                let mirror = if x > 0 { mirrors.next() } else { None };
                (plane, real, mirror)
            })
            .collect();
        planes.into_par_iter().try_for_each_init(
            || self.scratch(),
            |scratch, (plane, real, mirror)| {
                self.inverse_plane(plane, real, scratch)?;
                if let Some(mirror) = mirror {
                    mirrored(real, n, mirror);
                }
                Ok(())
            },
        )
    }

    fn inverse_plane(
        &self,
        plane: &mut [Complex<T>],
        real: &mut [T],
        scratch: &mut Scratch<T>,
    ) -> Result<()> {
        let n = self.inner[2];
        let half = n / 2 + 1;
        self.transform_columns(plane, true, scratch)?;
        for (row, real) in plane.chunks_exact_mut(half).zip(real.chunks_exact_mut(n)) {
            // Frequencies that are their own mirror image are real; rounding in the
            // passes before leaves a residue that the row transform would object to.
            row[0].im = T::zero();
            if n.is_multiple_of(2) {
                row[half - 1].im = T::zero();
            }
            self.rows
                .1
                .process_with_scratch(row, real, &mut scratch.plan)
                .map_err(unexpected)?;
        }
        Ok(())
    }

    fn transform_columns(
        &self,
        plane: &mut [Complex<T>],
        inverse: bool,
        scratch: &mut Scratch<T>,
    ) -> Result<()> {
        let n = self.columns.length();
        if n > 1 {
            let half = self.inner[2] / 2 + 1;
            for block in matrix(plane, n, half)?.axis_chunks_iter_mut(Axis(1), WIDTH) {
                transform(&self.columns, block, inverse, &mut scratch.columns);
            }
        }
        Ok(())
    }

    fn scratch(&self) -> Scratch<T> {
        let plan = [self.rows.0.get_scratch_len(), self.rows.1.get_scratch_len()];
        let zero = Complex::new(T::zero(), T::zero());
        Scratch {
            columns: ColumnScratch::new(&self.columns),
            real: vec![T::zero(); self.inner[2]],
            plan: vec![zero; plan.into_iter().max().unwrap_or(0)],
        }
    }

    fn fits(&self, real: usize, spectrum: usize) -> Result<()> {
        if real != self.voxels() {
            return Err(Error::shape("real data", self.shape, real));
        }
        if spectrum != self.frequencies() {
            return Err(Error::shape("spectrum", self.spectrum_shape(), spectrum));
        }
        Ok(())
    }
}

/// The plane, in rows of `n`, with both its axes reversed around the first entry.
fn mirrored<T: Copy>(plane: &[T], n: usize, mirror: &mut [T]) {
    let rows = plane.len() / n;
    for (y, to) in mirror.chunks_exact_mut(n).enumerate() {
        let from = &plane[(rows - y) % rows * n..][..n];
        to[0] = from[0];
        for (to, from) in to[1..].iter_mut().zip(from[1..].iter().rev()) {
            *to = *from;
        }
    }
}

/// The buffers are made to measure, so the row transform has nothing to object to.
fn unexpected(error: realfft::FftError) -> Error {
    Error::numerical("row transform", error.to_string())
}

#[cfg(test)]
mod tests;
