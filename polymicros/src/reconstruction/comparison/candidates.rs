//! What there is to choose from.

use crate::diffusion::Sampler;
use crate::reconstruction::{Consistency, Inpainting, Interpolation, Start};
use serde::{Deserialize, Serialize};

/// A way of filling in with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// What it is called in the table.
    pub name: String,
    /// How it goes.
    pub inpainting: Inpainting,
}

fn candidate(name: impl Into<String>, inpainting: Inpainting) -> Candidate {
    Candidate {
        name: name.into(),
        inpainting,
    }
}

/// From the paper's way to those that leave the least to the model: the four kinds of
/// [`Consistency`] from noise, with resampling and with polishing, and the last two of them from
/// interpolations at noise levels from high to low.
pub fn candidates(sampler: Sampler, theta: f64) -> Vec<Candidate> {
    let from_noise = |consistency, theta| Inpainting {
        sampler,
        consistency,
        theta,
        ..Inpainting::default()
    };
    let printed = from_noise(Consistency::AsPrinted, theta);
    let noisy = from_noise(Consistency::NoiseConsistent, 1.0);
    let replaced = from_noise(Consistency::Replaced, 1.0);
    let guided = from_noise(Consistency::Guided { iterations: 1 }, 1.0);
    let resampled = Inpainting {
        sampler: Sampler {
            resampling: 3,
            ..sampler
        },
        ..noisy
    };
    let polished = Inpainting {
        polish: Some(0.1),
        ..replaced
    };
    let mut list = vec![
        candidate(format!("Algorithm 4, {:.0} %", 100.0 * theta), printed),
        candidate("noise-consistent", noisy),
        candidate("noise-consistent, resampled 3 times", resampled),
        candidate("replaced in the estimate", replaced),
        candidate("replaced, polished from 0.1", polished),
        candidate("gradient", guided),
    ];
    for (name, way) in [("replaced", replaced), ("gradient", guided)] {
        for of in [Interpolation::Linear, Interpolation::Shape] {
            for sigma in [2.0, 1.0, 0.5, 0.2, 0.1] {
                let start = Start::Interpolation { of, sigma };
                let name = format!("{name}, from {} at {sigma}", of.name());
                list.push(candidate(name, Inpainting { start, ..way }));
            }
        }
    }
    list
}

/// Algorithm 4 as printed with several shares of conditioned steps (Figure 8).
pub fn theta_ablation(sampler: Sampler, thetas: &[f64]) -> Vec<Candidate> {
    let of = |theta: &f64| {
        let inpainting = Inpainting {
            sampler,
            theta: *theta,
            ..Inpainting::default()
        };
        candidate(format!("Algorithm 4, {:.0} %", 100.0 * theta), inpainting)
    };
    thetas.iter().map(of).collect()
}
