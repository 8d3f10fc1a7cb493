//! White noise, drawn at the frequencies of a half-spectrum.

use super::density::halved_edge;
use crate::statistics::{Complex, signed};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::f64::consts::FRAC_1_SQRT_2;

/// Complex Gaussian noise `w` of unit variance at the frequencies of a real field's half-spectrum.
///
/// Each row of frequencies has a stream of random numbers of its own, which depends on the seed, the
/// channel and the row's place among the frequencies alone: neither threads, nor which rows are
/// drawn, nor the size of the grid change it. So one seed is one structure, on a coarse grid and on
/// a fine one.
///
/// Frequencies on the faces of the half-spectrum come in mirrored pairs, of which a real field uses
/// the conjugate-symmetric part (and the inverse transform takes it); they are drawn with twice the
/// variance, so that this part has the right one. That is Algorithm 1's `𝒢[·]`: the real part of the
/// transform of complex noise.
#[derive(Debug, Clone)]
pub(super) struct Noise {
    rng: ChaCha8Rng,
    /// Lengths of the rows' two axes.
    outer: [usize; 2],
    edge: usize,
}

impl Noise {
    pub fn new(seed: u64, shape: [usize; 3]) -> Self {
        let [nx, ny, nz] = shape;
        Noise {
            rng: ChaCha8Rng::seed_from_u64(seed),
            // Axes from the halved one on have one row.
            outer: match (ny, nz) {
                (1, 1) => [1, 1],
                (_, 1) => [nx, 1],
                _ => [nx, ny],
            },
            edge: halved_edge(shape),
        }
    }

    /// The first frequencies of a row, as many as `values` holds.
    pub fn row(&self, channel: usize, row: usize, values: &mut [Complex<f32>]) {
        let [nx, ny] = self.outer;
        let mut rng = self.rng.clone();
        rng.set_stream((channel as u64) << 48 | place(row / ny, nx) << 24 | place(row % ny, ny));
        for (k, value) in values.iter_mut().enumerate() {
            let own_mirror = k == 0 || 2 * k == self.edge;
            let scale = if own_mirror { 1.0 } else { FRAC_1_SQRT_2 };
            let [re, im]: [f64; 2] = std::array::from_fn(|_| rng.sample(StandardNormal));
            *value = Complex::new((re * scale) as f32, (im * scale) as f32);
        }
    }
}

/// A frequency's number in the order `0, 1, -1, 2, -2, …`, the same for every length of the axis.
fn place(i: usize, n: usize) -> u64 {
    let k = signed(i, n);
    if k > 0 {
        2 * k as u64 - 1
    } else {
        2 * k.unsigned_abs() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Result;
    use crate::statistics::RealFft;

    #[test]
    fn the_inverse_transform_is_real_white_noise() -> Result<()> {
        for shape in [[8, 6, 10], [7, 9, 5], [8, 9, 1], [1, 1, 6], [64, 1, 1]] {
            let fft = RealFft::<f32>::new(shape)?;
            let n = fft.voxels();
            let row = halved_edge(shape) / 2 + 1;
            // The sample covariance of voxel 0 with each voxel, over many seeds.
            let seeds = 20_000 / n.min(100);
            let (mut covariance, mut variance) = (vec![0.0; n], 0.0);
            let mut real = vec![0.0; n];
            for seed in 0..seeds {
                let noise = Noise::new(seed as u64, shape);
                let mut spectrum = fft.spectrum();
                for (i, values) in spectrum.chunks_exact_mut(row).enumerate() {
                    noise.row(0, i, values);
                }
                fft.inverse(&mut spectrum, &mut real)?;
                for (sum, value) in covariance.iter_mut().zip(&real) {
                    *sum += f64::from(real[0] * value) * n as f64 / seeds as f64;
                }
                variance += real.iter().map(|v| f64::from(v * v)).sum::<f64>() / seeds as f64;
            }
            let error = 5.0 / (seeds as f64).sqrt();
            assert!(
                (variance - 1.0).abs() < 2.0 * error / (n as f64).sqrt(),
                "{shape:?} {variance}"
            );
            for (s, value) in covariance.iter().enumerate() {
                let expected = f64::from(u8::from(s == 0));
                assert!((value - expected).abs() < error, "{shape:?} {s}: {value}");
            }
        }
        Ok(())
    }

    #[test]
    fn rows_are_those_of_their_frequency() {
        let (coarse, fine) = (Noise::new(5, [8, 8, 8]), Noise::new(5, [16, 12, 20]));
        let draw = |noise: &Noise, channel: usize, row: usize, count: usize| {
            let mut values = vec![Complex::new(0.0, 0.0); count];
            noise.row(channel, row, &mut values);
            values
        };
        // Frequencies (2, -3): rows 2 · 8 + 5 and 2 · 12 + 9.
        assert_eq!(draw(&coarse, 1, 21, 4), draw(&fine, 1, 33, 9)[..4]);
        assert_ne!(draw(&coarse, 1, 21, 4), draw(&coarse, 0, 21, 4));
        assert_ne!(draw(&coarse, 1, 21, 4), draw(&coarse, 1, 19, 4));
        assert_ne!(
            draw(&coarse, 1, 21, 4),
            draw(&Noise::new(6, [8; 3]), 1, 21, 4)
        );
    }
}
