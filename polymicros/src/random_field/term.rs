//! One mixture's part in the covariance of two channels: a product of three one-dimensional
//! factors.

use super::{Images, SpectralGaussian};
use crate::statistics::{Complex, signed};
use std::f64::consts::{PI, TAU};

/// Where `exp(-x²/2)` is zero in `f64`.
const NOTHING_BEYOND: f64 = 39.0;

/// `α exp(-½ (r+θ)ᵀA(r+θ)) cos((r+θ)ᵀς + φ)` of one mixture and two channels (Eq. 2).
///
/// `A` is diagonal, so this is the real part of a complex number times one factor for each axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Term {
    /// `w_β w_γ exp(i φ_βγ)`.
    pub amplitude: Complex<f64>,
    pub axes: [Factor; 3],
}

/// `scale exp(-½ A (r+θ)² + i (r+θ) ς)` along one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Factor {
    pub scale: f64,
    pub covariance: f64,
    pub mean: f64,
    pub delay: f64,
}

impl Term {
    /// Eqs. 13 to 18.
    pub fn between(b: &SpectralGaussian, g: &SpectralGaussian) -> Self {
        Term {
            amplitude: Complex::cis(b.phase - g.phase) * (b.weight * g.weight),
            axes: std::array::from_fn(|axis| Factor::between(b, g, axis)),
        }
    }

    /// The term at a displacement in radians of the domain, which is not wrapped.
    pub fn at(&self, r: [f64; 3]) -> f64 {
        let [x, y, z] = std::array::from_fn(|axis| self.axes[axis].at(r[axis]));
        (self.amplitude * x * y * z).re
    }
}

impl Factor {
    pub fn between(b: &SpectralGaussian, g: &SpectralGaussian, axis: usize) -> Self {
        let (a_b, a_g) = (b.covariance[axis], g.covariance[axis]);
        let (s_b, s_g) = (b.mean[axis], g.mean[axis]);
        let covariance = 2.0 * a_b * a_g / (a_b + a_g);
        let apart = s_b - s_g;
        Factor {
            // The axis's share of Eqs. 15 and 18.
            scale: (TAU * covariance).sqrt() * (-0.25 * apart * apart / (a_b + a_g)).exp(),
            covariance,
            // Each mean has the other's covariance as its weight: Eq. 14 prints them swapped
            // (register of readings, R6).
            mean: (a_b * s_g + a_g * s_b) / (a_b + a_g),
            delay: b.delay[axis] - g.delay[axis],
        }
    }

    /// The factor at a displacement in radians of the domain, which is not wrapped.
    pub fn at(&self, r: f64) -> Complex<f64> {
        let u = r + self.delay;
        Complex::cis(u * self.mean) * (self.scale * (-0.5 * self.covariance * u * u).exp())
    }

    /// The largest magnitude at distance `r` from zero displacement.
    pub fn envelope(&self, r: f64) -> f64 {
        let u = (r - self.delay.abs()).max(0.0);
        self.scale * (-0.5 * self.covariance * u * u).exp()
    }

    /// Its values on an axis of `n` voxels, displacement zero first.
    pub fn line(&self, n: usize, images: Images) -> Vec<Complex<f64>> {
        let step = TAU / n as f64;
        let displacements = (0..n).map(|i| signed(i, n) as f64 * step);
        match images {
            Images::Nearest => displacements.map(|r| self.at(r)).collect(),
            // Poisson's summation: the shorter of two sums that are equal.
            Images::All if self.covariance >= 1.0 => {
                let reach = NOTHING_BEYOND / self.covariance.sqrt() + PI + self.delay.abs();
                let most = (reach / TAU).ceil() as i32;
                displacements
                    .map(|r| {
                        (-most..=most)
                            .map(|m| self.at(r + TAU * f64::from(m)))
                            .sum()
                    })
                    .collect()
            }
            Images::All => {
                let reach = NOTHING_BEYOND * self.covariance.sqrt();
                let first = (self.mean - reach).floor() as i64;
                let last = (self.mean + reach).ceil() as i64;
                displacements
                    .map(|r| {
                        (first..=last)
                            .map(|k| self.density(k as f64) * Complex::cis(k as f64 * r))
                            .sum()
                    })
                    .collect()
            }
        }
    }

    /// The discrete transform of [`line`](Self::line) at the frequencies `0, 1, …, -1`.
    pub fn spectrum(&self, n: usize, images: Images) -> Vec<Complex<f64>> {
        match images {
            Images::Nearest => {
                let mut line = self.line(n, images);
                rustfft::FftPlanner::new()
                    .plan_fft_forward(n)
                    .process(&mut line);
                line
            }
            // Free of rounding however small: the images' transform is known.
            Images::All => {
                let reach = NOTHING_BEYOND * self.covariance.sqrt() + self.mean.abs();
                let most = (reach / n as f64 + 0.5).ceil() as i64;
                (0..n)
                    .map(|i| {
                        let sum: Complex<f64> = (-most..=most)
                            .map(|m| self.density((signed(i, n) as i64 + m * n as i64) as f64))
                            .sum();
                        sum * n as f64
                    })
                    .collect()
            }
        }
    }

    /// The factor's Fourier coefficient on the periodic domain at frequency `k`.
    fn density(&self, k: f64) -> Complex<f64> {
        let distance = k - self.mean;
        let height = self.scale / (TAU * self.covariance).sqrt();
        Complex::cis(k * self.delay)
            * (height * (-0.5 * distance * distance / self.covariance).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Both sums of the images, and the transform against a direct one.
        #[test]
        fn lines_and_their_spectra_agree(
            covariance in prop_oneof![0.01..1.0, 1.0..6.0],
            mean in -5.0..5.0,
            delay in -1.0..1.0,
            n in 1usize..24,
        ) {
            let factor = Factor { scale: 1.3, covariance, mean, delay };
            for images in [Images::Nearest, Images::All] {
                let line = factor.line(n, images);
                for (i, value) in line.iter().enumerate() {
                    let r = signed(i, n) as f64 * TAU / n as f64;
                    let far = if images == Images::All { 80 } else { 0 };
                    let direct: Complex<f64> =
                        (-far..=far).map(|m| factor.at(r + TAU * f64::from(m))).sum();
                    prop_assert!((value - direct).norm() < 1e-12, "{} {}", value, direct);
                }
                for (k, value) in factor.spectrum(n, images).iter().enumerate() {
                    let direct: Complex<f64> = line
                        .iter()
                        .enumerate()
                        .map(|(i, v)| v * Complex::cis(-TAU * (i * k) as f64 / n as f64))
                        .sum();
                    prop_assert!((value - direct).norm() < 1e-11, "{} {}", value, direct);
                }
            }
        }
    }

    #[test]
    fn the_envelope_bounds_the_factor() {
        let factor = Factor {
            scale: 2.0,
            covariance: 1.7,
            mean: 3.0,
            delay: -0.8,
        };
        for step in 0..100 {
            let r = f64::from(step) * 0.04;
            let largest = factor.at(r).norm().max(factor.at(-r).norm());
            assert!(factor.envelope(r) >= largest * (1.0 - 1e-12));
        }
    }
}
