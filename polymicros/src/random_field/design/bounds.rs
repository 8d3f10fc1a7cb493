//! The box of parameters, and Latin hypercube samples of it.

use crate::random_field::{MosmParameters, SpectralGaussian};
use crate::{Error, Result};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// The least and the largest value of each class of parameters (paper B.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// The number of mixtures, `Q`.
    pub mixtures: usize,
    /// The number of channels, `H`.
    pub channels: usize,
    /// Elements of the covariances `A` along each axis; positive.
    pub covariance: [f64; 2],
    /// Elements of the means `ς`, in periods of the domain.
    pub mean: [f64; 2],
    /// Elements of the delays `θ`, in radians of the domain.
    pub delay: [f64; 2],
    /// The weights `w`.
    pub weight: [f64; 2],
    /// The phases `φ`, in radians.
    pub phase: [f64; 2],
}

impl Bounds {
    /// The paper's: four mixtures of three channels, `A` itself from 1.5 to 5 (register of
    /// readings, R7), means within 5, delays within 0.5, weights within 0.02 and any phase.
    pub fn paper() -> Self {
        Bounds {
            mixtures: 4,
            channels: 3,
            covariance: [1.5, 5.0],
            mean: [-5.0, 5.0],
            delay: [-0.5, 0.5],
            weight: [-0.02, 0.02],
            phase: [0.0, TAU],
        }
    }

    /// A Latin hypercube sample of `count` sets of parameters: the range of each parameter is cut
    /// into `count` equal parts, each of which holds exactly one of the sets.
    ///
    /// # Errors
    /// When a range is empty, not finite or, of the covariances, not positive.
    pub fn latin_hypercube(&self, count: usize, seed: u64) -> Result<Vec<MosmParameters>> {
        self.sample(count, &mut ChaCha8Rng::seed_from_u64(seed))
    }

    pub(super) fn sample(&self, count: usize, rng: &mut ChaCha8Rng) -> Result<Vec<MosmParameters>> {
        let ranges = self.ranges()?;
        let gaussians = self.mixtures * self.channels;
        let size = gaussians * ranges.len();
        let mut vectors = vec![0.0; count * size];
        let mut parts: Vec<usize> = (0..count).collect();
        for parameter in 0..size {
            let [low, high] = ranges[parameter % ranges.len()];
            parts.shuffle(rng);
            for (set, part) in parts.iter().enumerate() {
                let share = (*part as f64 + rng.random::<f64>()) / count as f64;
                vectors[set * size + parameter] = low + (high - low) * share;
            }
        }
        vectors
            .chunks_exact(size)
            .map(|vector| MosmParameters::from_vector(self.channels, vector))
            .collect()
    }

    /// One range for each number of a [`SpectralGaussian`].
    fn ranges(&self) -> Result<[[f64; 2]; SpectralGaussian::COUNT]> {
        let named = [
            ("covariance", self.covariance),
            ("mean", self.mean),
            ("delay", self.delay),
            ("weight", self.weight),
            ("phase", self.phase),
        ];
        for (name, [low, high]) in named {
            // Written so that a NaN fails too.
            if !(low <= high && low.is_finite() && high.is_finite()) {
                return Err(Error::value(
                    format!("bounds of the {name}"),
                    format!("{low} to {high}: the first must be the smaller"),
                ));
            }
        }
        if self.covariance[0] <= 0.0 {
            return Err(Error::value(
                "bounds of the covariance",
                format!("{}: must be positive", self.covariance[0]),
            ));
        }
        if self.mixtures * self.channels == 0 {
            return Err(Error::value(
                "bounds",
                "at least one mixture of one channel is needed",
            ));
        }
        let [a, mean, delay] = [self.covariance, self.mean, self.delay];
        let (w, phase) = (self.weight, self.phase);
        Ok([a, a, a, mean, mean, mean, delay, delay, delay, w, phase])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn every_part_of_every_range_holds_one_set(count in 1usize..60, seed in 0u64..1000) {
            let bounds = Bounds::paper();
            let sets = bounds
                .latin_hypercube(count, seed)
                .map_err(|e| TestCaseError::fail(e.to_string()))?;
            let ranges = bounds.ranges().map_err(|e| TestCaseError::fail(e.to_string()))?;
            let vectors: Vec<Vec<f64>> = sets.iter().map(MosmParameters::to_vector).collect();
            for parameter in 0..132 {
                let [low, high] = ranges[parameter % 11];
                let mut parts: Vec<usize> = vectors
                    .iter()
                    .map(|v| ((v[parameter] - low) / (high - low) * count as f64) as usize)
                    .collect();
                parts.sort_unstable();
                prop_assert_eq!(parts, (0..count).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn bounds_that_are_none_are_named() {
        let message = |bounds: Bounds| {
            bounds
                .latin_hypercube(3, 1)
                .map_or_else(|e| e.to_string(), |_| String::new())
        };
        let paper = Bounds::paper;
        assert!(
            message(Bounds {
                weight: [0.02, -0.02],
                ..paper()
            })
            .contains("weight")
        );
        assert!(
            message(Bounds {
                mean: [0.0, f64::NAN],
                ..paper()
            })
            .contains("mean")
        );
        assert!(
            message(Bounds {
                covariance: [0.0, 1.0],
                ..paper()
            })
            .contains("positive")
        );
        assert!(
            message(Bounds {
                mixtures: 0,
                ..paper()
            })
            .contains("at least one")
        );
        assert!(message(paper()).is_empty());
    }
}
