//! How far a kernel is from measured covariances, and the gradient of that.

use crate::random_field::term::{Factor, Term};
use crate::random_field::{MosmParameters, SpectralGaussian};
use crate::statistics::{Complex, TwoPoint};
use crate::{Error, Result};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;
use std::f64::consts::TAU;

/// Numbers of one Gaussian: [`SpectralGaussian::to_array`] with the logarithms of the covariances,
/// so that every vector of numbers is a kernel.
pub(super) const COUNT: usize = SpectralGaussian::COUNT;

/// Powers of the distance `r + θ` that gradients are made of, real and imaginary: 1, u, u².
const MOMENTS: usize = 6;

/// A term's factors at the displacements of each axis.
type Lines = [Vec<Complex<f64>>; 3];

/// The highest frequency at which a further mixture is looked for.
const HIGHEST: i32 = 8;

/// `Σ_βγ Σ_r (k_βγ(r) - Σ_βγ(r))² / (Σ_ββ(0) Σ_γγ(0))` over the same sum of the squared
/// covariances: the square of the relative error. Pairs of different channels count twice, as both
/// their orders do.
///
/// Each term is a product of three factors, so a kernel on a grid is a product of two matrices,
/// `(x y) x mixtures` and `mixtures x z`, and so are the sums that its gradient is made of.
pub(super) struct Objective {
    /// Displacements along each axis, in radians of the domain.
    axes: [Vec<f64>; 3],
    pairs: Vec<Pair>,
    pub channels: usize,
    /// The standard deviation of each channel, the unit of the weights.
    pub deviation: Vec<f64>,
}

struct Pair {
    channels: (usize, usize),
    /// What a squared difference counts.
    weight: f64,
    /// In units of the channels' deviations, `x, y, z` with `z` fastest; NaN where unknown.
    values: Vec<f64>,
}

impl Objective {
    /// For covariances of all pairs, at up to `most` displacements along each axis, evenly spaced
    /// around zero.
    pub fn new(covariance: &TwoPoint, most: usize) -> Result<Self> {
        let channels = covariance.channels().len();
        let deviation = (0..channels)
            .map(|c| match covariance.at((c, c), [0; 3]) {
                Some(variance) if variance > 0.0 => Ok(f64::from(variance).sqrt()),
                _ => Err(Error::value(
                    format!("covariance of channel {c} with itself"),
                    "a positive variance at zero displacement is needed",
                )),
            })
            .collect::<Result<Vec<_>>>()?;
        let shape = covariance.displacements();
        let steps: [Vec<isize>; 3] = std::array::from_fn(|axis| steps(shape[axis], most));
        let axes = std::array::from_fn(|axis| {
            let radians = |r: &isize| *r as f64 * TAU / shape[axis] as f64;
            steps[axis].iter().map(radians).collect()
        });
        let mut total = 0.0;
        let mut pairs = Vec::new();
        for b in 0..channels {
            for g in b..channels {
                covariance.map((b, g))?;
                let scale = 1.0 / (deviation[b] * deviation[g]);
                let weight = if b == g { 1.0 } else { 2.0 };
                let mut values = Vec::new();
                for x in &steps[0] {
                    for y in &steps[1] {
                        values.extend(steps[2].iter().map(|z| {
                            let value = covariance.at((b, g), [*x, *y, *z]);
                            value.map_or(f64::NAN, |v| f64::from(v) * scale)
                        }));
                    }
                }
                let known = values.iter().filter(|v| !v.is_nan());
                total += weight * known.map(|v| v * v).sum::<f64>();
                pairs.push(Pair {
                    channels: (b, g),
                    weight,
                    values,
                });
            }
        }
        pairs.iter_mut().for_each(|pair| pair.weight /= total);
        Ok(Objective {
            axes,
            pairs,
            channels,
            deviation,
        })
    }

    /// The objective at a vector of numbers.
    pub fn value(&self, vector: &[f64]) -> Result<f64> {
        Ok(self.evaluate(vector, false)?.0)
    }

    /// The objective and its gradient.
    pub fn value_and_gradient(&self, vector: &[f64]) -> Result<(f64, Vec<f64>)> {
        self.evaluate(vector, true)
    }

    fn evaluate(&self, vector: &[f64], gradient: bool) -> Result<(f64, Vec<f64>)> {
        let parameters = parameters(self.channels, vector)?;
        let parts: Vec<(f64, Vec<f64>)> = self
            .pairs
            .par_iter()
            .map(|pair| self.of_pair(pair, &parameters, gradient))
            .collect();
        let mut sum = (0.0, vec![0.0; if gradient { vector.len() } else { 0 }]);
        for (value, part) in parts {
            sum.0 += value;
            for (sum, part) in sum.1.iter_mut().zip(part) {
                *sum += part;
            }
        }
        Ok(sum)
    }

    /// The frequency, in whole periods of the domain, at which what the kernel leaves over of a
    /// channel's autocovariance has most power.
    pub fn peak(&self, channel: usize, vector: &[f64]) -> Result<[f64; 3]> {
        let auto = self.pairs.iter().find(|p| p.channels == (channel, channel));
        let Some(auto) = auto else {
            return Ok([0.0; 3]);
        };
        let mut left: Vec<f64> = auto
            .values
            .iter()
            .map(|v| if v.is_nan() { 0.0 } else { *v })
            .collect();
        if !vector.is_empty() {
            let parameters = parameters(self.channels, vector)?;
            let (terms, lines) = self.terms(auto.channels, &parameters);
            for ((left, wanted), model) in left
                .iter_mut()
                .zip(&auto.values)
                .zip(self.model(&terms, &lines))
            {
                *left -= if wanted.is_nan() { 0.0 } else { model };
            }
        }
        // An autocovariance is symmetric, so its power is a sum of cosines.
        let [nx, ny, nz] = self.axes.each_ref().map(Vec::len);
        let waves = |axis: usize, k: i32| -> Vec<Complex<f64>> {
            self.axes[axis]
                .iter()
                .map(|r| Complex::cis(r * f64::from(k)))
                .collect()
        };
        let highest = |n: usize| (n as i32 / 2).min(HIGHEST);
        let mut best = (f64::NEG_INFINITY, [0.0; 3]);
        for kz in 0..=highest(nz) {
            let wave = waves(2, kz);
            let rows: Vec<Complex<f64>> = left
                .chunks_exact(nz)
                .map(|row| row.iter().zip(&wave).map(|(v, w)| w * v).sum())
                .collect();
            for ky in -highest(ny)..=highest(ny) {
                let wave = waves(1, ky);
                let planes: Vec<Complex<f64>> = rows
                    .chunks_exact(ny)
                    .map(|row| row.iter().zip(&wave).map(|(v, w)| v * w).sum())
                    .collect();
                for kx in -highest(nx)..=highest(nx) {
                    let wave = waves(0, kx);
                    let power: Complex<f64> = planes.iter().zip(&wave).map(|(v, w)| v * w).sum();
                    if power.re > best.0 {
                        best = (power.re, [kx, ky, kz].map(f64::from));
                    }
                }
            }
        }
        Ok(best.1)
    }

    /// The terms of a pair of channels, and their factors at all displacements.
    fn terms(
        &self,
        (b, g): (usize, usize),
        parameters: &MosmParameters,
    ) -> (Vec<Term>, Vec<Lines>) {
        let mixtures = parameters.mixtures.iter();
        let terms: Vec<Term> = mixtures
            .map(|m| Term::between(&m.channels[b], &m.channels[g]))
            .collect();
        let lines = |term: &Term| {
            std::array::from_fn(|axis| {
                let factor = term.axes[axis];
                self.axes[axis].iter().map(|r| factor.at(*r)).collect()
            })
        };
        let lines = terms.iter().map(lines).collect();
        (terms, lines)
    }

    fn of_pair(&self, pair: &Pair, parameters: &MosmParameters, gradient: bool) -> (f64, Vec<f64>) {
        let (b, g) = pair.channels;
        let mixtures = parameters.mixtures();
        let both = |q: usize| {
            let channels = &parameters.mixtures[q].channels;
            (&channels[b], &channels[g])
        };
        let (terms, lines) = self.terms(pair.channels, parameters);
        let mut residual = self.model(&terms, &lines);
        let mut value = 0.0;
        for (model, wanted) in residual.iter_mut().zip(&pair.values) {
            let difference = if wanted.is_nan() {
                0.0
            } else {
                *model - wanted
            };
            value += pair.weight * difference * difference;
            *model = 2.0 * pair.weight * difference;
        }
        if !gradient {
            return (value, Vec::new());
        }
        let sums = self.contracted(&residual, &terms, &lines);
        let mut slope = vec![0.0; mixtures * self.channels * COUNT];
        for (q, term) in terms.iter().enumerate() {
            let moments = self.moments(&sums, q, mixtures, term, &lines[q]);
            let of = |channel: usize| (q * self.channels + channel) * COUNT;
            add_slopes(term, both(q), &moments, [of(b), of(g)], &mut slope);
        }
        (value, slope)
    }

    /// The kernel at all displacements.
    fn model(&self, terms: &[Term], lines: &[Lines]) -> Vec<f64> {
        let [nx, ny, nz] = self.axes.each_ref().map(Vec::len);
        let depth = 2 * terms.len();
        let mut left = vec![0.0; nx * ny * depth];
        let mut right = vec![0.0; depth * nz];
        for (q, (term, [x, y, z])) in terms.iter().zip(lines).enumerate() {
            for (i, x) in x.iter().enumerate() {
                for (j, y) in y.iter().enumerate() {
                    let product = term.amplitude * x * y;
                    let at = (i * ny + j) * depth + 2 * q;
                    left[at..at + 2].copy_from_slice(&[product.re, -product.im]);
                }
            }
            for (k, z) in z.iter().enumerate() {
                right[2 * q * nz + k] = z.re;
                right[(2 * q + 1) * nz + k] = z.im;
            }
        }
        product(&left, &right, [nx * ny, depth, nz])
    }

    /// `Σ_z R u^p z_q`, six numbers a mixture for each `x, y`.
    fn contracted(&self, residual: &[f64], terms: &[Term], lines: &[Lines]) -> Vec<f64> {
        let [nx, ny, nz] = self.axes.each_ref().map(Vec::len);
        let width = MOMENTS * terms.len();
        let mut right = vec![0.0; nz * width];
        for (q, (term, [_, _, line])) in terms.iter().zip(lines).enumerate() {
            for ((r, z), right) in self.axes[2]
                .iter()
                .zip(line)
                .zip(right.chunks_exact_mut(width))
            {
                let u = r + term.axes[2].delay;
                let values = [z.re, z.im, u * z.re, u * z.im, u * u * z.re, u * u * z.im];
                right[MOMENTS * q..][..MOMENTS].copy_from_slice(&values);
            }
        }
        product(residual, &right, [nx * ny, nz, width])
    }

    /// `M_0 = Σ_r R e^{iφ} h`, and for each axis `M_1 = Σ_r R e^{iφ} h u` and `M_2` with `u²`;
    /// without the weights.
    fn moments(
        &self,
        sums: &[f64],
        q: usize,
        mixtures: usize,
        term: &Term,
        [x, y, _]: &Lines,
    ) -> Moments {
        let mut moments = Moments::default();
        let width = MOMENTS * mixtures;
        for (i, x) in x.iter().enumerate() {
            let u = self.axes[0][i] + term.axes[0].delay;
            for (j, y) in y.iter().enumerate() {
                let v = self.axes[1][j] + term.axes[1].delay;
                let sums = &sums[(i * self.axes[1].len() + j) * width + MOMENTS * q..];
                let product = x * y;
                let m = [0, 2, 4].map(|p| product * Complex::new(sums[p], sums[p + 1]));
                moments.zeroth += m[0];
                for (axis, (first, second)) in [
                    (m[0] * u, m[0] * (u * u)),
                    (m[0] * v, m[0] * (v * v)),
                    (m[1], m[2]),
                ]
                .into_iter()
                .enumerate()
                {
                    moments.first[axis] += first;
                    moments.second[axis] += second;
                }
            }
        }
        moments
    }
}

#[derive(Default)]
struct Moments {
    zeroth: Complex<f64>,
    first: [Complex<f64>; 3],
    second: [Complex<f64>; 3],
}

/// Adds the slopes with respect to the numbers of both Gaussians of a term, which begin at `at`.
fn add_slopes(
    term: &Term,
    (b, g): (&SpectralGaussian, &SpectralGaussian),
    moments: &Moments,
    at: [usize; 2],
    slope: &mut [f64],
) {
    let turn = Complex::cis(b.phase - g.phase);
    let zeroth = moments.zeroth * turn;
    let weights = b.weight * g.weight;
    slope[at[0] + 9] += zeroth.re * g.weight;
    slope[at[1] + 9] += zeroth.re * b.weight;
    // Re(i M) = -Im M.
    slope[at[0] + 10] -= zeroth.im * weights;
    slope[at[1] + 10] += zeroth.im * weights;
    for axis in 0..3 {
        let Factor {
            covariance, mean, ..
        } = term.axes[axis];
        let (first, second) = (moments.first[axis] * turn, moments.second[axis] * turn);
        let of_covariance = weights * (0.5 * zeroth.re / covariance - 0.5 * second.re);
        let of_mean = -weights * first.im;
        let of_delay = weights * (-covariance * first.re - mean * zeroth.im);
        let of_exponent = weights * zeroth.re;
        let (a_b, a_g) = (b.covariance[axis], g.covariance[axis]);
        let apart = b.mean[axis] - g.mean[axis];
        let sum = a_b + a_g;
        for (at, own, other, other_mean, sign) in [
            (at[0], a_b, a_g, g.mean[axis], 1.0),
            (at[1], a_g, a_b, b.mean[axis], -1.0),
        ] {
            let by_covariance = of_covariance * 2.0 * (other / sum).powi(2)
                + of_mean * (other_mean - mean) / sum
                + of_exponent * 0.25 * (apart / sum).powi(2);
            slope[at + axis] += by_covariance * own;
            slope[at + 3 + axis] += of_mean * other / sum - sign * of_exponent * 0.5 * apart / sum;
            slope[at + 6 + axis] += sign * of_delay;
        }
    }
}

/// Row-major `left (n x m)` times `right (m x l)`.
fn product(left: &[f64], right: &[f64], [n, m, l]: [usize; 3]) -> Vec<f64> {
    let mut result = vec![0.0; n * l];
    matmul(
        MatMut::from_row_major_slice_mut(&mut result, n, l),
        Accum::Replace,
        MatRef::from_row_major_slice(left, n, m),
        MatRef::from_row_major_slice(right, m, l),
        1.0,
        Par::Seq,
    );
    result
}

/// Displacements of an axis: about `most`, evenly spaced, zero among them.
fn steps(n: usize, most: usize) -> Vec<isize> {
    let stride = n.div_ceil(most.max(1)).max(1) as isize;
    let (below, above) = ((n / 2) as isize, (n.div_ceil(2)) as isize - 1);
    (-(below / stride)..=above / stride)
        .map(|i| i * stride)
        .collect()
}

/// The numbers of parameters whose weights are in units of the deviations.
pub(super) fn vector(parameters: &MosmParameters) -> Vec<f64> {
    let mut vector = parameters.to_vector();
    for gaussian in vector.chunks_exact_mut(COUNT) {
        gaussian[..3].iter_mut().for_each(|a| *a = a.ln());
    }
    vector
}

/// The parameters that these are the numbers of.
pub(super) fn parameters(channels: usize, vector: &[f64]) -> Result<MosmParameters> {
    let mut vector = vector.to_vec();
    for gaussian in vector.chunks_exact_mut(COUNT) {
        // Beyond these a Gaussian is wider or narrower than any grid.
        gaussian[..3]
            .iter_mut()
            .for_each(|a| *a = a.clamp(-12.0, 12.0).exp());
    }
    MosmParameters::from_vector(channels, &vector)
}
