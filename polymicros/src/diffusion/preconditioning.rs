//! What a network is given and what is made of its output, at each noise level.

use crate::{Error, Result};
use rand::Rng;
use rand_distr::{Distribution, Normal};
use serde::{Deserialize, Serialize};

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

    /// A noise level to train at.
    ///
    /// # Errors
    /// When the logarithm's deviation is negative or not a number.
    pub fn draw(&self, rng: &mut impl Rng) -> Result<f64> {
        let normal = Normal::new(self.p_mean, self.p_std)
            .map_err(|e| Error::value("training noise", format!("p_std {}: {e}", self.p_std)))?;
        Ok(normal.sample(rng).exp())
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
    fn training_noise_is_lognormal() {
        let p = Preconditioning::default();
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let n = 20_000;
        let logs: Vec<f64> = (0..n)
            .map(|_| p.draw(&mut rng).map(f64::ln))
            .collect::<Result<_>>()
            .unwrap();
        let mean = logs.iter().sum::<f64>() / f64::from(n);
        let variance = logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / f64::from(n);
        // Four standard errors.
        assert!(
            (mean + 1.2).abs() < 4.0 * 1.2 / f64::from(n).sqrt(),
            "{mean}"
        );
        assert!((variance.sqrt() - 1.2).abs() < 0.03, "{variance}");
    }
}
