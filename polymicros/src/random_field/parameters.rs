//! The parameters of a multi-output spectral mixture kernel, as a typed value.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The parameters of one mixture in one channel: a Gaussian among spatial frequencies
/// (paper A.6 and B.1). 11 numbers.
///
/// The domain is `-π` to `π` along each axis, whatever the number of voxels, so that frequencies
/// count periods of the domain and displacements are in radians of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpectralGaussian {
    /// The diagonal of the Gaussian's covariance `A`, along `x, y, z`; positive. Its root is the
    /// Gaussian's width among frequencies, and one over that the length over which the
    /// correlation decays.
    pub covariance: [f64; 3],
    /// The Gaussian's mean `ς`: the frequency of the waves, in periods of the domain.
    pub mean: [f64; 3],
    /// The delay `θ`, in radians of the domain. Only differences between channels matter.
    pub delay: [f64; 3],
    /// The weight `w`, of either sign.
    pub weight: f64,
    /// The phase `φ` in radians. Only differences between channels matter.
    pub phase: f64,
}

/// One term of the mixture: a [`SpectralGaussian`] for each channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mixture {
    /// One for each channel, in the channels' order.
    pub channels: Vec<SpectralGaussian>,
}

/// The parameters of a multi-output spectral mixture (MOSM) kernel (paper Eqs. 2 and 13 to 18).
///
/// With the paper's `Q = 4` mixtures and three channels these are 132 numbers. The value reads and
/// writes itself as JSON: `{"mixtures": [{"channels": [{"covariance": [x, y, z], "mean": …,
/// "delay": …, "weight": w, "phase": φ}, …]}, …]}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MosmParameters {
    /// The `Q` mixtures.
    pub mixtures: Vec<Mixture>,
}

impl SpectralGaussian {
    /// The number of parameters.
    pub const COUNT: usize = 11;

    /// All of them in the order of the fields.
    pub fn to_array(&self) -> [f64; Self::COUNT] {
        let mut all = [0.0; Self::COUNT];
        all[0..3].copy_from_slice(&self.covariance);
        all[3..6].copy_from_slice(&self.mean);
        all[6..9].copy_from_slice(&self.delay);
        all[9] = self.weight;
        all[10] = self.phase;
        all
    }

    /// The parameters from an array in the order of [`to_array`](Self::to_array).
    pub fn from_array(all: [f64; Self::COUNT]) -> Self {
        let three = |from: usize| [all[from], all[from + 1], all[from + 2]];
        SpectralGaussian {
            covariance: three(0),
            mean: three(3),
            delay: three(6),
            weight: all[9],
            phase: all[10],
        }
    }
}

impl MosmParameters {
    /// The number of mixtures, `Q`.
    pub fn mixtures(&self) -> usize {
        self.mixtures.len()
    }

    /// The number of channels, `H`.
    pub fn channels(&self) -> usize {
        self.mixtures.first().map_or(0, |m| m.channels.len())
    }

    /// How many numbers these are: 132 for four mixtures of three channels.
    pub fn count(&self) -> usize {
        self.mixtures() * self.channels() * SpectralGaussian::COUNT
    }

    /// All numbers as one vector: mixture by mixture, channel by channel, each in the order of
    /// [`SpectralGaussian::to_array`].
    pub fn to_vector(&self) -> Vec<f64> {
        let gaussians = self.mixtures.iter().flat_map(|m| &m.channels);
        gaussians.flat_map(SpectralGaussian::to_array).collect()
    }

    /// The parameters from a vector in the order of [`to_vector`](Self::to_vector).
    ///
    /// # Errors
    /// When the length is not a multiple of `11 channels`, or the parameters are not
    /// [valid](Self::validate).
    pub fn from_vector(channels: usize, vector: &[f64]) -> Result<Self> {
        let size = channels * SpectralGaussian::COUNT;
        if size == 0 || vector.is_empty() || !vector.len().is_multiple_of(size) {
            return Err(Error::shape(
                "MOSM parameter vector",
                format!("a multiple of {size} numbers ({channels} channels)"),
                vector.len(),
            ));
        }
        let parameters = MosmParameters {
            mixtures: vector
                .chunks_exact(size)
                .map(|mixture| Mixture {
                    channels: mixture
                        .as_chunks::<{ SpectralGaussian::COUNT }>()
                        .0
                        .iter()
                        .map(|all| SpectralGaussian::from_array(*all))
                        .collect(),
                })
                .collect(),
        };
        parameters.validate()?;
        Ok(parameters)
    }

    /// Checks that this describes a kernel.
    ///
    /// # Errors
    /// When there is no mixture or no channel, mixtures differ in their number of channels, a
    /// number is not finite, or a covariance is not positive: the message names mixture, channel
    /// and axis.
    pub fn validate(&self) -> Result<()> {
        let channels = self.channels();
        if channels == 0 {
            return Err(Error::value(
                "MOSM parameters",
                "at least one mixture of at least one channel is needed",
            ));
        }
        for (q, mixture) in self.mixtures.iter().enumerate() {
            if mixture.channels.len() != channels {
                let what = format!("channels of mixture {q}");
                return Err(Error::shape(what, channels, mixture.channels.len()));
            }
            for (channel, gaussian) in mixture.channels.iter().enumerate() {
                let place = format!("MOSM parameters, mixture {q}, channel {channel}");
                if let Some(wrong) = gaussian.to_array().iter().find(|v| !v.is_finite()) {
                    return Err(Error::value(place, format!("{wrong} is not a number")));
                }
                for (axis, a) in gaussian.covariance.iter().enumerate() {
                    if *a <= 0.0 {
                        let axis = ["x", "y", "z"][axis];
                        return Err(Error::value(
                            place,
                            format!("the covariance A along {axis} is {a}: it must be positive"),
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Parameters within the paper's bounds.
    pub(crate) fn within_bounds(mixtures: usize, channels: usize) -> BoxedStrategy<MosmParameters> {
        let gaussian = (
            prop::array::uniform3(1.5..5.0),
            prop::array::uniform3(-5.0..5.0),
            prop::array::uniform3(-0.5..0.5),
            -0.02..0.02,
            0.0..std::f64::consts::TAU,
        )
            .prop_map(
                |(covariance, mean, delay, weight, phase)| SpectralGaussian {
                    covariance,
                    mean,
                    delay,
                    weight,
                    phase,
                },
            );
        prop::collection::vec(prop::collection::vec(gaussian, channels), mixtures)
            .prop_map(|mixtures| MosmParameters {
                mixtures: mixtures
                    .into_iter()
                    .map(|channels| Mixture { channels })
                    .collect(),
            })
            .boxed()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn numbers_survive_vector_and_json(parameters in within_bounds(4, 3)) {
            prop_assert_eq!(parameters.count(), 132);
            let vector = parameters.to_vector();
            prop_assert_eq!(vector.len(), 132);
            let back = MosmParameters::from_vector(3, &vector);
            prop_assert_eq!(back.ok(), Some(parameters.clone()));
            let text = serde_json::to_string(&parameters).unwrap_or_default();
            let read: Option<MosmParameters> = serde_json::from_str(&text).ok();
            prop_assert_eq!(read, Some(parameters));
        }
    }

    #[test]
    fn parameters_that_make_no_kernel_are_named() -> Result<()> {
        let mut vector = vec![1.0; 2 * 2 * 11];
        vector[(2 + 1) * 11 + 2] = -0.5;
        let message = |vector: &[f64]| {
            MosmParameters::from_vector(2, vector).map_or_else(|e| e.to_string(), |_| String::new())
        };
        let text = message(&vector);
        assert!(
            text.contains("mixture 1, channel 1") && text.contains("along z is -0.5"),
            "{text}"
        );
        vector[0] = f64::NAN;
        assert!(message(&vector).contains("mixture 0, channel 0"));
        assert!(message(&vector[..21]).contains("multiple of 22"));
        assert!(message(&[]).contains("multiple of 22"));
        let mut ragged = MosmParameters::from_vector(2, &[1.0; 44])?;
        ragged.mixtures[1].channels.pop();
        let text = ragged
            .validate()
            .map_or_else(|e| e.to_string(), |()| String::new());
        assert!(text.contains("mixture 1: expected 2, found 1"), "{text}");
        Ok(())
    }
}
