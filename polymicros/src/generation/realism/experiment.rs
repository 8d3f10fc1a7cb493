//! What generated neighbourhoods are compared with, measured once for many comparisons.

use super::distribution::Distribution;
use super::neighbourhood::Neighbourhood;
use super::{Comparison, Measure, Realism, RealismSettings, neighbourhoods};
use crate::microstructure::Field;
use crate::{Error, Result};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// An experiment's neighbourhoods, and how they are halved.
pub(in crate::generation) struct Experiment {
    settings: RealismSettings,
    measured: Vec<Neighbourhood>,
    /// For each axis, the numbers of those in either half; equally many.
    halves: Vec<[Vec<usize>; 2]>,
}

impl Experiment {
    /// Measures and halves the experiment's volumes.
    ///
    /// # Errors
    /// As [`Realism::compare`], for the source.
    pub(in crate::generation) fn new(source: &[Field], settings: RealismSettings) -> Result<Self> {
        let (set, measured) = neighbourhoods(source, settings)?;
        let halves: Vec<[Vec<usize>; 2]> = (0..3)
            .map(|axis| {
                let mut halves = [Vec::new(), Vec::new()];
                for at in 0..set.len() {
                    let (volume, corner) = set.corner(at);
                    let count = source[volume].grid().shape[axis] / settings.patch;
                    let place = corner[axis] / settings.patch;
                    if place < count / 2 {
                        halves[0].push(at);
                    } else if place >= count - count / 2 {
                        halves[1].push(at);
                    }
                }
                halves
            })
            .filter(|[a, _]| !a.is_empty())
            .collect();
        if halves.is_empty() {
            return Err(Error::value(
                "source of the comparison",
                format!(
                    "no volume holds two patches of {} side by side",
                    settings.patch
                ),
            ));
        }
        Ok(Experiment {
            settings,
            measured,
            halves,
        })
    }

    /// Whether cubes of this shape, which are yet to be made, can be compared with it.
    ///
    /// # Errors
    /// When they hold no patch.
    pub(in crate::generation) fn takes(&self, shape: [usize; 3]) -> Result<()> {
        let patch = self.settings.patch;
        if shape.iter().any(|&edge| edge < patch) {
            let problem = format!("{shape:?} voxels hold no patch of {patch}");
            return Err(Error::value("structures to compare", problem));
        }
        Ok(())
    }

    /// As [`Realism::compare`].
    ///
    /// # Errors
    /// As there, for what was generated.
    pub(in crate::generation) fn compare(&self, generated: &[Field]) -> Result<Realism> {
        let (_, generated) = neighbourhoods(generated, self.settings)?;
        let source: Vec<&Neighbourhood> = self.measured.iter().collect();
        let generated = shuffled(generated.iter().collect());
        let smallest = self.halves.iter().map(|[a, _]| a.len()).min();
        let patches = smallest.unwrap_or(0).min(generated.len());
        let compare = |measure: Measure| {
            let all = pooled(&source, measure);
            let samples: Vec<Distribution> = generated
                .chunks_exact(patches)
                .map(|sample| pooled(sample, measure))
                .collect();
            let (mut distance, mut yardstick) = (0.0, 0.0);
            for halves in &self.halves {
                let [a, b] = halves.each_ref().map(|half| {
                    let half = shuffled(half.iter().map(|&at| source[at]).collect());
                    pooled(&half[..patches], measure)
                });
                let apart = samples
                    .iter()
                    .map(|sample| 0.5 * (sample.wasserstein(&a) + sample.wasserstein(&b)));
                distance += apart.sum::<f64>() / samples.len() as f64;
                yardstick += a.wasserstein(&b);
            }
            let unit = all.deviation() * self.halves.len() as f64;
            Comparison {
                measure,
                source: all.mean(),
                generated: pooled(&generated, measure).mean(),
                distance: distance / unit,
                yardstick: yardstick / unit,
                ratio: distance / yardstick,
            }
        };
        Ok(Realism {
            settings: self.settings,
            patches,
            comparisons: Measure::ALL.map(compare).to_vec(),
        })
    }
}

/// The values of several patches as one distribution.
fn pooled(sample: &[&Neighbourhood], measure: Measure) -> Distribution {
    let values = sample.iter().flat_map(|one| one.of(measure));
    Distribution::new(values.copied())
}

/// In an order that has nothing to do with places, and is always the same.
fn shuffled(mut all: Vec<&Neighbourhood>) -> Vec<&Neighbourhood> {
    all.shuffle(&mut ChaCha8Rng::seed_from_u64(0));
    all
}
