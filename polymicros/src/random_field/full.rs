//! The full sampler: the spectral matrix is factored at each frequency.

use super::density::Density;
use super::noise::Noise;
use crate::buffer::Reused;
use crate::statistics::{Complex, RealFft};
use crate::{Error, Result};
use faer::{Mat, Side};
use ndarray::Array4;
use rayon::prelude::*;

/// How indefinite the spectral matrices may be: the smallest eigenvalue over the largest trace.
/// What a finite box leaves is well below, and is cut off; a kernel as Eq. 14 is printed is above.
const TOLERANCE: f64 = 5e-3;

/// Traces that are a smaller share of the largest are nothing: 3e-7 in amplitude.
const NOTHING: f64 = 1e-13;

/// A pivot that is a smaller share of its diagonal entry is what rounding leaves of zero.
const ROUNDING: f64 = 1e-12;

/// Fills `data` of all channels with one draw of mean zero; `density` holds all pairs.
pub(super) fn draw(density: &Density<f64>, noise: &Noise, data: &mut [f32]) -> Result<()> {
    let fft = RealFft::<f32>::new(density.shape)?;
    let channels = data.len() / fft.voxels();
    let largest = largest_trace(density);
    let mut spectra: Vec<Reused<Complex<f32>>> = (0..channels)
        .map(|_| Reused::zeros(fft.frequencies()))
        .collect();
    let mut rows: Vec<Vec<&mut [Complex<f32>]>> = (0..density.rows).map(|_| Vec::new()).collect();
    for spectrum in &mut spectra {
        for (row, values) in rows.iter_mut().zip(spectrum.chunks_exact_mut(density.row)) {
            row.push(values);
        }
    }
    let scale = 1.0 / (density.voxels() as f64).sqrt();
    let worst = rows
        .into_par_iter()
        .enumerate()
        .map_init(
            || (density.rows_of_all(), Factor::new(channels)),
            |(maps, factor), (row, mut values)| {
                let end = support(density, row);
                let mut worst = 0.0f64;
                if end == 0 {
                    return Ok(worst);
                }
                density.row_of_all(row, maps);
                for (channel, values) in values.iter_mut().enumerate() {
                    noise.row(channel, row, &mut values[..end]);
                }
                for k in 0..end {
                    factor.set(maps, k, scale * scale);
                    let something =
                        (row, k) != (0, 0) && factor.trace() > NOTHING * largest * scale * scale;
                    if something {
                        worst = worst.min(factor.factorise()? / (scale * scale));
                        factor.apply(&mut values, k);
                    } else {
                        values.iter_mut().for_each(|v| v[k] = Complex::ZERO);
                    }
                }
                Ok(worst)
            },
        )
        .try_reduce(|| 0.0, |a: f64, b: f64| Ok(a.min(b)))?;
    if worst < -TOLERANCE * largest {
        return Err(indefinite(worst, largest));
    }
    let mut work = Reused::<Complex<f32>>::stale(fft.frequencies());
    for (spectrum, values) in spectra.iter().zip(data.chunks_exact_mut(fft.voxels())) {
        let copy = |range: std::ops::Range<usize>, to: &mut [Complex<f32>]| {
            to.copy_from_slice(&spectrum[range]);
        };
        fft.inverse_of(copy, &mut work, values)?;
    }
    Ok(())
}

/// The covariances that draws have on average: the target's without their zero frequency.
pub(super) fn expected(density: &Density<f64>) -> Result<Array4<f32>> {
    let fft = RealFft::<f64>::new(density.shape)?;
    let [nx, ny, nz] = density.shape;
    let mut maps = Array4::zeros((density.pairs().len(), nx, ny, nz));
    let mut spectra: Vec<_> = density.pairs().iter().map(|_| fft.spectrum()).collect();
    let mut values = density.rows_of_all();
    for row in 0..density.rows {
        density.row_of_all(row, &mut values);
        for (spectrum, values) in spectra.iter_mut().zip(&values) {
            spectrum[row * density.row..][..density.row].copy_from_slice(values);
        }
    }
    let mut real = vec![0.0; fft.voxels()];
    for (spectrum, mut map) in spectra.iter_mut().zip(maps.outer_iter_mut()) {
        spectrum[0] = Complex::ZERO;
        fft.inverse(spectrum, &mut real)?;
        for (to, from) in map.iter_mut().zip(&real) {
            *to = *from as f32;
        }
    }
    Ok(maps)
}

/// The smallest and the largest eigenvalue of the spectral matrices at all frequencies.
pub(super) fn eigenvalue_range(density: &Density<f64>, channels: usize) -> Result<[f64; 2]> {
    let (mut maps, mut factor) = (density.rows_of_all(), Factor::new(channels));
    let mut range = [f64::INFINITY, f64::NEG_INFINITY];
    for row in 0..density.rows {
        density.row_of_all(row, &mut maps);
        for k in 0..density.row {
            factor.set(&maps, k, 1.0);
            let values = factor.eigenvalues()?;
            for value in values {
                range = [range[0].min(value), range[1].max(value)];
            }
        }
    }
    Ok(range)
}

fn indefinite(worst: f64, largest: f64) -> Error {
    Error::numerical(
        "random field",
        format!(
            "the covariances are indefinite: the worst eigenvalue of a spectral matrix is \
             {worst:.3e}, {:.1e} of the largest trace, {largest:.3e}; no field has them",
            worst / largest
        ),
    )
}

/// Where a row ends for every channel.
fn support(density: &Density<f64>, row: usize) -> usize {
    let autos = density.pairs().iter().enumerate();
    autos
        .filter(|(_, (b, g))| b == g)
        .map(|(pair, _)| density.support(pair, row).end)
        .max()
        .unwrap_or(0)
}

/// Without the zero frequency, which is not drawn.
fn largest_trace(density: &Density<f64>) -> f64 {
    let autos: Vec<usize> = (0..density.pairs().len())
        .filter(|&pair| density.pairs()[pair].0 == density.pairs()[pair].1)
        .collect();
    (0..density.rows)
        .into_par_iter()
        .map_init(
            || vec![0.0; density.row],
            |trace, row| {
                trace.fill(0.0);
                for &pair in &autos {
                    density.add_real(pair, row, 0..density.row, trace);
                }
                let first = usize::from(row == 0);
                trace[first..].iter().copied().fold(0.0, f64::max)
            },
        )
        .reduce(|| 0.0, f64::max)
}

/// A Hermitian matrix `G_γβ = F_βγ` (the covariance of the channels' coefficients) and its factor.
struct Factor {
    n: usize,
    /// Row-major; the lower triangle of `G`.
    matrix: Vec<Complex<f64>>,
    factor: Vec<Complex<f64>>,
    noise: Vec<Complex<f64>>,
}

impl Factor {
    fn new(n: usize) -> Self {
        Factor {
            n,
            matrix: vec![Complex::ZERO; n * n],
            factor: vec![Complex::ZERO; n * n],
            noise: vec![Complex::ZERO; n],
        }
    }

    /// Takes the matrix at place `k` of the rows of all pairs `β ≤ γ`.
    fn set(&mut self, maps: &[Vec<Complex<f64>>], k: usize, scale: f64) {
        let mut pair = 0;
        for b in 0..self.n {
            for g in b..self.n {
                self.matrix[g * self.n + b] = maps[pair][k] * scale;
                pair += 1;
            }
        }
    }

    fn trace(&self) -> f64 {
        (0..self.n).map(|i| self.matrix[i * self.n + i].re).sum()
    }

    /// Makes the factor; where the matrix is indefinite, that of the nearest one that is not.
    /// Returns its smallest eigenvalue where that is negative, otherwise zero.
    fn factorise(&mut self) -> Result<f64> {
        if self.cholesky() {
            return Ok(0.0);
        }
        self.square_root()
    }

    /// The lower triangular factor; false where a pivot is negative beyond rounding.
    fn cholesky(&mut self) -> bool {
        let n = self.n;
        self.factor.fill(Complex::ZERO);
        for j in 0..n {
            let above: f64 = (0..j).map(|k| self.factor[j * n + k].norm_sqr()).sum();
            let diagonal = self.matrix[j * n + j].re;
            let pivot = diagonal - above;
            if pivot < -ROUNDING * diagonal.abs() {
                return false;
            }
            let root = pivot.sqrt();
            for i in j..n {
                let known: Complex<f64> = (0..j)
                    .map(|k| self.factor[i * n + k] * self.factor[j * n + k].conj())
                    .sum();
                let rest = self.matrix[i * n + j] - known;
                if pivot > ROUNDING * diagonal {
                    self.factor[i * n + j] = rest / root;
                } else if rest.norm_sqr()
                    > 10.0 * ROUNDING * diagonal.abs() * self.matrix[i * n + i].re.abs()
                    || (diagonal <= 0.0 && rest.norm_sqr() > 0.0)
                {
                    return false;
                }
            }
        }
        true
    }

    /// The Hermitian square root of the matrix without its negative part, and the smallest
    /// eigenvalue.
    fn square_root(&mut self) -> Result<f64> {
        let n = self.n;
        let eigen = self
            .hermitian()
            .self_adjoint_eigen(Side::Lower)
            .map_err(|e| Error::numerical("spectral matrix", format!("{e:?}")))?;
        let (vectors, values) = (eigen.U(), eigen.S());
        for i in 0..n {
            for j in 0..n {
                self.factor[i * n + j] = (0..n)
                    .map(|k| {
                        vectors[(i, k)] * vectors[(j, k)].conj() * values[k].re.max(0.0).sqrt()
                    })
                    .sum();
            }
        }
        Ok((0..n).map(|k| values[k].re).fold(f64::INFINITY, f64::min))
    }

    fn eigenvalues(&self) -> Result<Vec<f64>> {
        self.hermitian()
            .self_adjoint_eigenvalues(Side::Lower)
            .map_err(|e| Error::numerical("spectral matrix", format!("{e:?}")))
    }

    fn hermitian(&self) -> Mat<Complex<f64>> {
        let n = self.n;
        Mat::from_fn(n, n, |i, j| {
            if i >= j {
                self.matrix[i * n + j]
            } else {
                self.matrix[j * n + i].conj()
            }
        })
    }

    /// Replaces the noise at place `k` of each channel's row by the factor times it.
    fn apply(&mut self, values: &mut [&mut [Complex<f32>]], k: usize) {
        for (noise, values) in self.noise.iter_mut().zip(&*values) {
            *noise = Complex::new(f64::from(values[k].re), f64::from(values[k].im));
        }
        for (factors, values) in self.factor.chunks_exact(self.n).zip(values) {
            let sum: Complex<f64> = factors.iter().zip(&self.noise).map(|(f, w)| f * w).sum();
            values[k] = Complex::new(sum.re as f32, sum.im as f32);
        }
    }
}
