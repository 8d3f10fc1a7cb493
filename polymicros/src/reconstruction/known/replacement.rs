//! Known values are put into the field after each update.

use super::Known;
use crate::Result;
use crate::diffusion::{Batch, Condition};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Algorithm 4: for the first share `theta` of the steps, the known values are put into the field
/// after each update.
#[derive(Debug, Clone)]
pub struct KnownVoxels<'a> {
    known: &'a Known,
    /// Steps with a lower number are conditioned.
    until: usize,
    /// Of the noise that the values are given; none where they stay clean, as printed.
    noise: Option<ChaCha8Rng>,
}

impl<'a> KnownVoxels<'a> {
    /// Algorithm 4 as printed, in a run of `steps` steps.
    pub fn as_printed(known: &'a Known, theta: f64, steps: usize) -> Self {
        KnownVoxels {
            known,
            until: conditioned_steps(theta, steps),
            noise: None,
        }
    }

    /// The same with noise of the field's level on the values, drawn anew after each update, as in
    /// RePaint (Lugmayr et al., 2022).
    pub fn noise_consistent(known: &'a Known, theta: f64, steps: usize, seed: u64) -> Self {
        // A stream of its own: the sampler draws from the seed as well.
        let mut noise = ChaCha8Rng::seed_from_u64(seed);
        noise.set_stream(1);
        KnownVoxels {
            noise: Some(noise),
            ..Self::as_printed(known, theta, steps)
        }
    }
}

/// The number of steps `i` with `i < theta N`.
pub(super) fn conditioned_steps(theta: f64, steps: usize) -> usize {
    (theta * steps as f64).ceil().clamp(0.0, steps as f64) as usize
}

impl Condition for KnownVoxels<'_> {
    fn apply(&mut self, x: &mut Batch, step: usize, sigma: f64) -> Result<()> {
        if step >= self.until {
            return self.known.fits(x);
        }
        match &mut self.noise {
            None => self.known.each(x, |x, y| *x = y),
            Some(rng) => self.known.each(x, |x, y| {
                let normal: f64 = StandardNormal.sample(rng);
                *x = y + (sigma * normal) as f32;
            }),
        }
    }
}
