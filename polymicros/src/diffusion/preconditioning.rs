//! What a network is given and what is made of its output, at each noise level.

use crate::{Error, Result};
use rand::Rng;
use rand_distr::{Distribution, OpenClosed01};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// EDM's preconditioning (paper Eq. 19, read as in the register of readings):
/// `D(x; sigma) = c_skip x + c_out F(c_in x; c_noise)`, its training noise and its loss weight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preconditioning {
    /// Standard deviation that the data are taken to have.
    pub sigma_data: f64,
    /// Mean of the logarithm of the noise level in training.
    pub p_mean: f64,
    /// Standard deviation of the logarithm of the noise level in training.
    pub p_std: f64,
}

impl Default for Preconditioning {
    /// EDM's values, which the paper adopts without modification.
    fn default() -> Self {
        Preconditioning {
            sigma_data: 0.5,
            p_mean: -1.2,
            p_std: 1.2,
        }
    }
}

impl Preconditioning {
    /// How much of the noisy field the result keeps.
    pub fn c_skip(&self, sigma: f64) -> f64 {
        self.sigma_data.powi(2) / self.variance(sigma)
    }

    /// Factor of the network's output.
    pub fn c_out(&self, sigma: f64) -> f64 {
        sigma * self.sigma_data / self.variance(sigma).sqrt()
    }

    /// Factor of the network's input, which brings it to variance one.
    pub fn c_in(&self, sigma: f64) -> f64 {
        self.variance(sigma).powf(-0.5)
    }

    /// The network's time input.
    pub fn c_noise(&self, sigma: f64) -> f64 {
        sigma.ln() / 4.0
    }

    /// Weight of the squared error of the denoised field, which makes that of the network's output
    /// one: `1 / c_out^2`.
    pub fn loss_weight(&self, sigma: f64) -> f64 {
        self.c_out(sigma).powi(-2)
    }

    /// Noise levels to train at, one for each member of a batch: each is from a lognormal
    /// distribution, and together they are spread evenly over its quantiles, at a common offset
    /// drawn from `rng`. So a batch's loss depends less on which levels it happened to get.
    ///
    /// # Errors
    /// When the logarithm's deviation is not positive.
    pub fn draw(&self, count: usize, rng: &mut impl Rng) -> Result<Vec<f64>> {
        let normal = Normal::new(self.p_mean, self.p_std)
            .map_err(|e| Error::value("training noise", format!("p_std {}: {e}", self.p_std)))?;
        let offset: f64 = OpenClosed01.sample(rng);
        let quantile = |i: usize| normal.inverse_cdf((i as f64 + offset) / count as f64);
        // The quantile one, of infinite noise, comes up once in 2^53 times.
        let most = self.p_mean + 8.0 * self.p_std;
        Ok((0..count).map(|i| quantile(i).min(most).exp()).collect())
    }

    fn variance(&self, sigma: f64) -> f64 {
        sigma * sigma + self.sigma_data * self.sigma_data
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;

    proptest! {
        /// What EDM derives the coefficients from (its appendix B.6): the network's input and its
        /// training target both have variance one when the data have theirs.
        #[test]
        fn input_and_target_have_variance_one(sigma in 1e-3..100.0f64, data in 0.05..2.0f64) {
            let p = Preconditioning { sigma_data: data, ..Default::default() };
            let input = p.c_in(sigma).powi(2) * (data * data + sigma * sigma);
            prop_assert!((input - 1.0).abs() < 1e-12);
            let target = ((1.0 - p.c_skip(sigma)).powi(2) * data * data
                + (p.c_skip(sigma) * sigma).powi(2))
                / p.c_out(sigma).powi(2);
            prop_assert!((target - 1.0).abs() < 1e-9);
            prop_assert!((p.loss_weight(sigma) * p.c_out(sigma).powi(2) - 1.0).abs() < 1e-12);
        }

        /// Of all ways to mix, this c_skip makes the network's errors matter least: c_out is at its
        /// minimum.
        #[test]
        fn c_skip_is_optimal(sigma in 1e-2..50.0f64, nearby in -0.2..0.2f64) {
            let p = Preconditioning::default();
            let amplitude = |skip: f64| {
                (1.0 - skip).powi(2) * p.sigma_data.powi(2) + (skip * sigma).powi(2)
            };
            let best = amplitude(p.c_skip(sigma));
            prop_assert!(best <= amplitude(p.c_skip(sigma) + nearby) + 1e-12);
        }
    }

    #[test]
    fn training_noise_is_lognormal_and_spread_over_each_batch() {
        let p = Preconditioning::default();
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let (batches, size) = (5_000, 4);
        let mut logs = Vec::new();
        // The quartiles of the normal distribution.
        let quartiles = [-0.674_489_75, 0.0, 0.674_489_75].map(|q| -1.2 + 1.2 * q);
        for _ in 0..batches {
            let batch = p.draw(size, &mut rng).unwrap();
            let mut quarters: Vec<usize> = batch
                .iter()
                .map(|sigma| quartiles.iter().filter(|q| sigma.ln() > **q).count())
                .collect();
            quarters.sort_unstable();
            assert_eq!(quarters, [0, 1, 2, 3]);
            logs.extend(batch.iter().map(|sigma| sigma.ln()));
        }
        let n = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / n;
        let variance = logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / n;
        // Four standard errors of as many independent draws.
        assert!((mean + 1.2).abs() < 4.0 * 1.2 / n.sqrt(), "{mean}");
        assert!((variance.sqrt() - 1.2).abs() < 0.03, "{variance}");
        let backwards = Preconditioning { p_std: -1.0, ..p };
        assert!(backwards.draw(2, &mut rng).is_err());
    }
}
