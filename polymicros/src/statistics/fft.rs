//! The real Fourier transform of a volume, a map or a line.

use crate::{Error, Result};
use ndarray::{ArrayViewMut2, Axis};
use rayon::prelude::*;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftNum};
use std::ops::{DerefMut, Range};
use std::sync::Arc;

pub use rustfft::num_complex::Complex;

/// Columns of a strided axis that travel through the cache together: two cache lines of `f32`.
const BLOCK: usize = 16;

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
pub struct RealFft<T: FftNum> {
    shape: [usize; 3],
    halved: usize,
    /// The axes as the passes see them: planes, rows of a plane, and the halved axis.
    inner: [usize; 3],
    rows: (Arc<dyn RealToComplex<T>>, Arc<dyn ComplexToReal<T>>),
    columns: (Arc<dyn Fft<T>>, Arc<dyn Fft<T>>),
    planes: (Arc<dyn Fft<T>>, Arc<dyn Fft<T>>),
}

impl<T: FftNum> std::fmt::Debug for RealFft<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RealFft")
            .field("shape", &self.shape)
            .field("spectrum_shape", &self.spectrum_shape())
            .finish_non_exhaustive()
    }
}

/// Working memory of one thread.
struct Scratch<T> {
    lines: Vec<Complex<T>>,
    segment: Vec<Complex<T>>,
    real: Vec<T>,
    plan: Vec<Complex<T>>,
}

impl<T: FftNum> RealFft<T> {
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
            columns: (
                complex.plan_fft_forward(inner[1]),
                complex.plan_fft_inverse(inner[1]),
            ),
            planes: (
                complex.plan_fft_forward(inner[0]),
                complex.plan_fft_inverse(inner[0]),
            ),
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
        let stride = self.inner[1] * (self.inner[2] / 2 + 1);
        let fft = &*self.planes.0;
        if fft.len() > 1 {
            matrix(spectrum, self.inner[0], stride)?
                .axis_chunks_iter_mut(Axis(1), BLOCK)
                .into_par_iter()
                .for_each_init(
                    || self.scratch(),
                    |scratch, block| transform_block(fft, block, scratch),
                );
        }
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
                    self.transform_columns(&*self.columns.0, plane, scratch)
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
        let fft = &*self.planes.1;
        let scale = self.inverse_scale()?;
        matrix(
            spectrum,
            self.inner[0],
            self.inner[1] * (self.inner[2] / 2 + 1),
        )?
        .axis_chunks_iter_mut(Axis(1), BLOCK)
        .into_par_iter()
        .for_each_init(
            || self.scratch(),
            |scratch, mut block| {
                block.mapv_inplace(|value| value * scale);
                transform_block(fft, block, scratch);
            },
        );
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
        let stride = self.inner[1] * (self.inner[2] / 2 + 1);
        let n = self.inner[0];
        let fft = &*self.planes.1;
        matrix(work, n, stride)?
            .axis_chunks_iter_mut(Axis(1), BLOCK)
            .into_par_iter()
            .enumerate()
            .for_each_init(
                || self.scratch(),
                |scratch, (chunk, block)| {
                    let width = block.ncols();
                    for i in 0..n {
                        let start = i * stride + chunk * BLOCK;
                        let segment = &mut scratch.segment[..width];
                        fill(start..start + width, segment);
                        spread(segment, i, n, &mut scratch.lines);
                    }
                    let lines = &mut scratch.lines[..width * n];
                    if !all_zero(lines) {
                        fft.process_with_scratch(lines, &mut scratch.plan);
                    }
                    collect(&scratch.lines, block);
                },
            );
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
        let half = n / 2 + 1;
        spectrum
            .par_chunks_exact_mut(n_rows * half)
            .zip(real.par_chunks_exact_mut(n_rows * n))
            .try_for_each_init(
                || self.scratch(),
                |scratch, (plane, real)| {
                    self.transform_columns(&*self.columns.1, plane, scratch)?;
                    for (row, real) in plane.chunks_exact_mut(half).zip(real.chunks_exact_mut(n)) {
                        // Frequencies that are their own mirror image are real; rounding in the
                        // passes before leaves a residue that the row transform would object to.
                        row[0].im = T::zero();
                        if n % 2 == 0 {
                            row[half - 1].im = T::zero();
                        }
                        self.rows
                            .1
                            .process_with_scratch(row, real, &mut scratch.plan)
                            .map_err(unexpected)?;
                    }
                    Ok(())
                },
            )
    }

    /// The same for a spectrum whose transform is even, as that of an autocorrelation: half of the
    /// planes are the others' mirror images.
    pub(super) fn inverse_even_planes(
        &self,
        spectrum: &mut [Complex<T>],
        real: &mut [T],
    ) -> Result<()> {
        let [n_planes, n_rows, n] = self.inner;
        let size = n_rows * n;
        let made = n_planes / 2 + 1;
        let (made_real, rest) = real.split_at_mut(made * size);
        let spectrum = &mut spectrum[..made * n_rows * (n / 2 + 1)];
        self.inverse_planes(spectrum, made_real)?;
        rest.par_chunks_exact_mut(size)
            .enumerate()
            .for_each(|(index, plane)| {
                let mirror = &made_real[(n_planes - made - index) * size..][..size];
                for (y, row) in plane.chunks_exact_mut(n).enumerate() {
                    let from = &mirror[(n_rows - y) % n_rows * n..][..n];
                    row[0] = from[0];
                    for (to, from) in row[1..].iter_mut().zip(from[1..].iter().rev()) {
                        *to = *from;
                    }
                }
            });
        Ok(())
    }

    /// The pass across the planes for several half-spectra at once, each transformed within its
    /// planes by [`forward_planes`](Self::forward_planes): a few lines of the first `fields` of
    /// them are transformed forward, `combine` makes a line of each buffer from those, and these
    /// are transformed back. So each spectrum travels through memory once, whatever the number of
    /// combinations.
    ///
    /// `combine(k, lines, made)` writes line values of buffer `k`; `lines` holds those of field
    /// `f` at `f * made.len() ..`.
    pub(super) fn across_planes<B, F>(
        &self,
        buffers: &mut [B],
        fields: usize,
        combine: F,
    ) -> Result<()>
    where
        B: DerefMut<Target = [Complex<T>]>,
        F: Fn(usize, &[Complex<T>], &mut [Complex<T>]) + Sync,
    {
        let n = self.inner[0];
        let stride = self.inner[1] * (self.inner[2] / 2 + 1);
        let (forward, inverse) = (&*self.planes.0, &*self.planes.1);
        let mut blocks: Vec<Vec<ArrayViewMut2<'_, Complex<T>>>> =
            (0..stride.div_ceil(BLOCK)).map(|_| Vec::new()).collect();
        for buffer in buffers {
            let columns = column_blocks(buffer, n, stride)?;
            for (block, columns) in blocks.iter_mut().zip(columns) {
                block.push(columns);
            }
        }
        blocks.into_par_iter().for_each_init(
            || {
                let zero = Complex::new(T::zero(), T::zero());
                (self.scratch(), vec![zero; fields * n * BLOCK])
            },
            |(scratch, lines), mut blocks| {
                let size = n * blocks.first().map_or(0, |block| block.ncols());
                let lines = &mut lines[..fields * size];
                for (block, lines) in blocks.iter().zip(lines.chunks_exact_mut(size)) {
                    for (i, row) in block.rows().into_iter().enumerate() {
                        if let Some(row) = row.to_slice() {
                            spread(row, i, n, lines);
                        }
                    }
                }
                forward.process_with_scratch(lines, &mut scratch.plan);
                for (k, block) in blocks.iter_mut().enumerate() {
                    let made = &mut scratch.lines[..size];
                    combine(k, lines, made);
                    inverse.process_with_scratch(made, &mut scratch.plan);
                    collect(made, block.view_mut());
                }
            },
        );
        Ok(())
    }

    fn transform_columns(
        &self,
        fft: &dyn Fft<T>,
        plane: &mut [Complex<T>],
        scratch: &mut Scratch<T>,
    ) -> Result<()> {
        if fft.len() > 1 {
            let half = self.inner[2] / 2 + 1;
            for block in matrix(plane, fft.len(), half)?.axis_chunks_iter_mut(Axis(1), BLOCK) {
                transform_block(fft, block, scratch);
            }
        }
        Ok(())
    }

    fn scratch(&self) -> Scratch<T> {
        let zero = Complex::new(T::zero(), T::zero());
        let plan = [
            self.rows.0.get_scratch_len(),
            self.rows.1.get_scratch_len(),
            self.columns.0.get_inplace_scratch_len(),
            self.columns.1.get_inplace_scratch_len(),
            self.planes.0.get_inplace_scratch_len(),
            self.planes.1.get_inplace_scratch_len(),
        ];
        Scratch {
            lines: vec![zero; BLOCK * self.inner[0].max(self.inner[1])],
            segment: vec![zero; BLOCK],
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

/// The slice as a matrix whose columns are the lines of a strided axis.
fn matrix<T>(slice: &mut [T], rows: usize, columns: usize) -> Result<ArrayViewMut2<'_, T>> {
    let length = slice.len();
    ArrayViewMut2::from_shape((rows, columns), slice)
        .map_err(|_| Error::shape("transform data", [rows, columns], length))
}

/// The matrix in blocks of [`BLOCK`] columns, in order.
fn column_blocks<T>(
    slice: &mut [T],
    rows: usize,
    columns: usize,
) -> Result<Vec<ArrayViewMut2<'_, T>>> {
    let mut rest = matrix(slice, rows, columns)?;
    let mut blocks = Vec::with_capacity(columns.div_ceil(BLOCK));
    while rest.ncols() > BLOCK {
        let (block, others) = rest.split_at(Axis(1), BLOCK);
        blocks.push(block);
        rest = others;
    }
    blocks.push(rest);
    Ok(blocks)
}

/// Transforms each column of a block: gathered into lines, transformed, and put back.
fn transform_block<T: FftNum>(
    fft: &dyn Fft<T>,
    block: ArrayViewMut2<'_, Complex<T>>,
    scratch: &mut Scratch<T>,
) {
    let (n, width) = block.dim();
    for (i, row) in block.rows().into_iter().enumerate() {
        if let Some(row) = row.to_slice() {
            spread(row, i, n, &mut scratch.lines);
        }
    }
    let lines = &mut scratch.lines[..width * n];
    // What a smooth field's spectrum mostly is.
    if !all_zero(lines) {
        fft.process_with_scratch(lines, &mut scratch.plan);
        collect(lines, block);
    }
}

fn all_zero<T: FftNum>(lines: &[Complex<T>]) -> bool {
    lines
        .iter()
        .all(|value| value.re.is_zero() && value.im.is_zero())
}

/// Entry `i` of each line from a row.
fn spread<T: Copy>(row: &[T], i: usize, n: usize, lines: &mut [T]) {
    for (entry, value) in lines[i..].iter_mut().step_by(n).zip(row) {
        *entry = *value;
    }
}

/// Each line back into its column.
fn collect<T: Copy>(lines: &[T], mut block: ArrayViewMut2<'_, T>) {
    let n = block.nrows();
    for (i, mut row) in block.rows_mut().into_iter().enumerate() {
        for (value, entry) in row.iter_mut().zip(lines[i..].iter().step_by(n)) {
            *value = *entry;
        }
    }
}

/// The buffers are made to measure, so the row transform has nothing to object to.
fn unexpected(error: realfft::FftError) -> Error {
    Error::numerical("row transform", error.to_string())
}

#[cfg(test)]
mod tests;
