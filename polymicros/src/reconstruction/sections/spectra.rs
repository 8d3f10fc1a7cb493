//! The spectra of a field's three channels, sums of their products along lines, and products with
//! matrices that are constant along lines.
//!
//! Both are all that the planes of the 2-point statistics and their gradient need of a volume. The
//! values of the statistics at displacements with `r_a = 0` are, by the projection-slice theorem,
//! the transform of the spectral matrices summed over `k_a`; and what lives on that plane alone has
//! a spectrum that does not depend on `k_a`.

use super::hermitian::Hermitian;
use super::planes::Planes;
use crate::statistics::{Complex, Real, RealFft};
use crate::{Error, Result};
use rayon::prelude::*;

/// Numbers that make a Hermitian matrix of three channels.
const PARTS: usize = 9;

/// The half-spectra of three channels without their mean, `x, y, z`, and what transforms them.
#[derive(Debug, Clone)]
pub(super) struct Spectra<T: Real> {
    fft: RealFft<T>,
    channels: [Vec<Complex<T>>; 3],
}

impl<T: Real> Spectra<T> {
    /// Plans for volumes of this shape.
    ///
    /// # Errors
    /// When an axis has fewer than two voxels.
    pub(super) fn new(shape: [usize; 3]) -> Result<Self> {
        if shape.iter().any(|&edge| edge < 2) {
            return Err(Error::value(
                "volume shape",
                format!("{shape:?}: at least two voxels along each axis"),
            ));
        }
        let fft = RealFft::new(shape)?;
        Ok(Spectra {
            channels: std::array::from_fn(|_| fft.spectrum()),
            fft,
        })
    }

    pub(super) fn shape(&self) -> [usize; 3] {
        self.fft.shape()
    }

    /// Takes in a field, `channel, x, y, z`; its mean is left out.
    ///
    /// # Errors
    /// When it is not three channels of the shape.
    pub(super) fn load(&mut self, field: &[T]) -> Result<()> {
        self.fits(field.len())?;
        for (spectrum, values) in self
            .channels
            .iter_mut()
            .zip(field.chunks_exact(self.fft.voxels()))
        {
            self.fft.forward(values, spectrum)?;
            spectrum[0] = Complex::new(T::zero(), T::zero());
        }
        Ok(())
    }

    /// Writes the field of mean zero with these spectra, which have no meaning afterwards.
    ///
    /// # Errors
    /// When there is not room for three channels of the shape.
    pub(super) fn unload(&mut self, field: &mut [T]) -> Result<()> {
        self.fits(field.len())?;
        for (spectrum, values) in self
            .channels
            .iter_mut()
            .zip(field.chunks_exact_mut(self.fft.voxels()))
        {
            self.fft.inverse(spectrum, values)?;
        }
        Ok(())
    }

    fn fits(&self, length: usize) -> Result<()> {
        if length == 3 * self.fft.voxels() {
            return Ok(());
        }
        let [x, y, z] = self.shape();
        Err(Error::shape("field", [3, x, y, z], length))
    }

    /// The Fourier coefficients of the covariances on all three planes.
    pub(super) fn planes(&self) -> Planes {
        Planes::new(self.shape(), std::array::from_fn(|axis| self.sums(axis)))
    }

    /// The spectral matrices `M_b conj(M_c) / S²` summed along the lines of an axis: those of the
    /// covariances on the plane perpendicular to it, in the layout of [`Planes`].
    pub(super) fn sums(&self, axis: usize) -> Vec<Hermitian> {
        let [nx, ny, _] = self.shape();
        let half = self.half();
        let row = |x: usize, y: usize| (x * ny + y) * half;
        match axis {
            0 => self.rows_of_sums(ny, |sums, line, y| {
                (0..nx).for_each(|x| self.add_products(row(x, y), line, sums));
            }),
            1 => self.rows_of_sums(nx, |sums, line, x| {
                (0..ny).for_each(|y| self.add_products(row(x, y), line, sums));
            }),
            _ => self.sums_along_rows(),
        }
    }

    /// A row of matrices for each of `rows`, of sums that `fill` makes.
    fn rows_of_sums(
        &self,
        rows: usize,
        fill: impl Fn(&mut Parts<T>, &mut Line<T>, usize) + Sync,
    ) -> Vec<Hermitian> {
        let (half, scale) = (self.half(), self.scale());
        let mut matrices = vec![Hermitian::ZERO; rows * half];
        matrices
            .par_chunks_exact_mut(half)
            .enumerate()
            .for_each_init(
                || (parts::<T>(half), Line::new(half)),
                |(sums, line), (index, matrices)| {
                    sums.iter_mut().for_each(|part| part.fill(T::zero()));
                    fill(sums, line, index);
                    for (k, matrix) in matrices.iter_mut().enumerate() {
                        let parts = std::array::from_fn(|part| sums[part][k].into() * scale);
                        *matrix = Hermitian::of_parts(parts);
                    }
                },
            );
        matrices
    }

    /// The sums over all `k_z`, of which half are stored.
    fn sums_along_rows(&self) -> Vec<Hermitian> {
        let [nx, ny, nz] = self.shape();
        let (half, scale) = (self.half(), self.scale());
        let mut stored = vec![Hermitian::ZERO; nx * ny];
        stored.par_chunks_exact_mut(ny).enumerate().for_each_init(
            || (parts::<T>(half), Line::new(half)),
            |(products, line), (x, sums)| {
                for (y, sum) in sums.iter_mut().enumerate() {
                    products.iter_mut().for_each(|part| part.fill(T::zero()));
                    self.add_products((x * ny + y) * half, line, products);
                    let parts = std::array::from_fn(|part| {
                        let own = &products[part];
                        // Frequencies that are their own mirror image along z count half here,
                        // since the mirror image is added below.
                        let mut sum: f64 = total(own);
                        sum -= 0.5 * own[0].into();
                        if nz % 2 == 0 {
                            sum -= 0.5 * own[half - 1].into();
                        }
                        sum * scale
                    });
                    *sum = Hermitian::of_parts(parts);
                }
            },
        );
        (0..nx * ny)
            .map(|k| {
                let mirrored = (nx - k / ny) % nx * ny + (ny - k % ny) % ny;
                stored[k].plus(&stored[mirrored].conj())
            })
            .collect()
    }

    /// Adds the products of a row of coefficients to `sums`.
    fn add_products(&self, start: usize, line: &mut Line<T>, sums: &mut Parts<T>) {
        line.read(
            self.channels
                .each_ref()
                .map(|c| &c[start..start + self.half()]),
        );
        let [re, im] = [&line.re, &line.im];
        for (c, sum) in sums[..3].iter_mut().enumerate() {
            for ((sum, a), b) in sum.iter_mut().zip(&re[c]).zip(&im[c]) {
                *sum = *sum + (*a * *a + *b * *b);
            }
        }
        let above = sums[3..].chunks_exact_mut(2);
        for (sums, (b, c)) in above.zip([(0, 1), (0, 2), (1, 2)]) {
            let [real, imaginary] = sums else { return };
            let (first, second) = (re[b].iter().zip(&im[b]), re[c].iter().zip(&im[c]));
            let sums = real.iter_mut().zip(imaginary.iter_mut());
            for (((real, imaginary), (a, x)), (b, y)) in sums.zip(first).zip(second) {
                *real = *real + (*a * *b + *x * *y);
                *imaginary = *imaginary + (*x * *b - *a * *y);
            }
        }
    }

    /// Replaces the channels' coefficients at each frequency by a matrix times them: the sum of
    /// the matrices given for its lines along the three axes, each in the layout of [`Planes`].
    pub(super) fn multiply(&mut self, matrices: [Option<&[Hermitian]>; 3]) {
        let ny = self.shape()[1];
        let half = self.half();
        let split = |axis: usize| matrices[axis].map(|matrices| split::<T>(matrices));
        let (across_x, across_y) = (split(0), split(1));
        let [m0, m1, m2] = &mut self.channels;
        let planes = m0
            .par_chunks_exact_mut(ny * half)
            .zip(m1.par_chunks_exact_mut(ny * half))
            .zip(m2.par_chunks_exact_mut(ny * half));
        planes.enumerate().for_each_init(
            || (parts::<T>(half), Line::new(half), Line::new(half)),
            |(sums, line, made), (x, ((m0, m1), m2))| {
                for y in 0..ny {
                    let row = y * half..(y + 1) * half;
                    let along = matrices[2].map_or(Hermitian::ZERO, |all| all[x * ny + y]);
                    for (part, (sum, start)) in sums.iter_mut().zip(along.parts()).enumerate() {
                        sum.fill(of(start));
                        let more = [(&across_x, y), (&across_y, x)];
                        for (table, row) in more
                            .into_iter()
                            .filter_map(|(t, row)| Some((t.as_ref()?, row)))
                        {
                            let table = &table[part][row * half..(row + 1) * half];
                            sum.iter_mut()
                                .zip(table)
                                .for_each(|(sum, more)| *sum = *sum + *more);
                        }
                    }
                    line.read([&m0[row.clone()], &m1[row.clone()], &m2[row.clone()]]);
                    line.multiplied(sums, made);
                    made.write([&mut m0[row.clone()], &mut m1[row.clone()], &mut m2[row]]);
                }
            },
        );
    }

    /// Coefficients in a row.
    fn half(&self) -> usize {
        self.fft.spectrum_shape()[2]
    }

    /// What makes means of products of fields from products of unscaled coefficients.
    fn scale(&self) -> f64 {
        (self.fft.voxels() as f64).powi(-2)
    }
}

/// The parts of the matrices in a row, each by itself, so that loops over a row are vectorised.
type Parts<T> = [Vec<T>; PARTS];

fn parts<T: Real>(length: usize) -> Parts<T> {
    std::array::from_fn(|_| vec![T::zero(); length])
}

fn split<T: Real>(matrices: &[Hermitian]) -> Parts<T> {
    let mut split = parts(matrices.len());
    for (k, matrix) in matrices.iter().enumerate() {
        for (part, value) in split.iter_mut().zip(matrix.parts()) {
            part[k] = of(value);
        }
    }
    split
}

/// A number as `T`, which has all numbers to its own precision.
pub(super) fn of<T: Real>(value: f64) -> T {
    T::from_f64(value).unwrap_or_else(T::zero)
}

/// The sum, in eight partial sums that the processor adds side by side.
fn total<T: Real>(values: &[T]) -> f64 {
    let mut lanes = [T::zero(); 8];
    let whole = values.chunks_exact(8);
    let rest: f64 = whole.remainder().iter().map(|v| (*v).into()).sum();
    for values in whole {
        for (lane, value) in lanes.iter_mut().zip(values) {
            *lane = *lane + *value;
        }
    }
    lanes.into_iter().map(Into::<f64>::into).sum::<f64>() + rest
}

/// A row of coefficients of three channels, real and imaginary parts apart.
struct Line<T> {
    re: [Vec<T>; 3],
    im: [Vec<T>; 3],
}

impl<T: Real> Line<T> {
    fn new(length: usize) -> Self {
        let zeros = || std::array::from_fn(|_| vec![T::zero(); length]);
        Line {
            re: zeros(),
            im: zeros(),
        }
    }

    fn read(&mut self, rows: [&[Complex<T>]; 3]) {
        for (c, row) in rows.into_iter().enumerate() {
            let parts = self.re[c].iter_mut().zip(self.im[c].iter_mut());
            for ((re, im), value) in parts.zip(row) {
                (*re, *im) = (value.re, value.im);
            }
        }
    }

    fn write(&self, rows: [&mut [Complex<T>]; 3]) {
        for (c, row) in rows.into_iter().enumerate() {
            let parts = self.re[c].iter().zip(&self.im[c]);
            for (value, (re, im)) in row.iter_mut().zip(parts) {
                *value = Complex::new(*re, *im);
            }
        }
    }

    /// Matrices times the row.
    fn multiplied(&self, matrices: &Parts<T>, made: &mut Line<T>) {
        for b in 0..3 {
            let (re, im) = (&mut made.re[b], &mut made.im[b]);
            let own = self.re[b].iter().zip(&self.im[b]).zip(&matrices[b]);
            for ((re, im), ((x, y), factor)) in re.iter_mut().zip(im.iter_mut()).zip(own) {
                (*re, *im) = (*factor * *x, *factor * *y);
            }
            for c in (0..3).filter(|&c| c != b) {
                let at = 3 + 2 * (b + c - 1);
                let factors = matrices[at].iter().zip(&matrices[at + 1]);
                let other = self.re[c].iter().zip(&self.im[c]);
                let sums = re.iter_mut().zip(im.iter_mut()).zip(factors).zip(other);
                // The elements below the diagonal are the conjugates of those above.
                if b < c {
                    for (((re, im), (u, v)), (x, y)) in sums {
                        *re = *re + (*u * *x - *v * *y);
                        *im = *im + (*u * *y + *v * *x);
                    }
                } else {
                    for (((re, im), (u, v)), (x, y)) in sums {
                        *re = *re + (*u * *x + *v * *y);
                        *im = *im + (*u * *y - *v * *x);
                    }
                }
            }
        }
    }
}
