//! Is a model fit to sample from? Its denoising error at each noise level, against filters that
//! learned nothing.
//!
//! A sampler is only as good as the denoiser's answers between the level that it starts from and
//! the end. A model that a classical filter beats at some level adds nothing there.

mod filter;
mod table;
#[cfg(test)]
mod tests;

pub use filter::Filter;
pub use table::{DenoisingError, DenoisingRow};

use super::{PatchSet, Source};
use crate::diffusion::{Batch, Denoiser};
use crate::{Error, Result};
use filter::Kind;
use ndarray::{Array4, Axis, Slice};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How many patches a denoiser is given at once.
const BATCH: usize = 8;

/// When a training run measures its denoising error, and on what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenoisingSettings {
    /// Steps of the optimiser from one measurement to the next; the last step has one too.
    pub every: usize,
    /// Volumes that the run does not learn from. The filters' parameters are chosen on patches
    /// that it does learn from.
    pub volumes: Vec<Source>,
    /// Noise levels.
    #[serde(default = "DenoisingTest::levels")]
    pub levels: Vec<f64>,
    /// How many patches are taken for either, evenly from all.
    #[serde(default = "patches")]
    pub patches: usize,
}

fn patches() -> usize {
    16
}

impl DenoisingSettings {
    /// # Errors
    /// When settings make no sense.
    pub fn check(&self) -> Result<()> {
        if self.every == 0 || self.volumes.is_empty() {
            let problem = "needs at least one volume, and `every` above zero";
            return Err(Error::value("denoising", problem));
        }
        Ok(())
    }
}

/// Held-out patches with noise on them, and what filters make of them.
#[derive(Debug, Clone)]
pub struct DenoisingTest {
    clean: Batch,
    noisy: Vec<Noisy>,
    rows: Vec<DenoisingRow>,
}

/// All patches at one noise level.
#[derive(Debug, Clone)]
struct Noisy {
    sigma: f64,
    patches: Batch,
}

impl DenoisingTest {
    /// The levels to measure at where none are asked for: from what matters least to where nothing
    /// but the mean is left.
    pub fn levels() -> Vec<f64> {
        vec![0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0]
    }

    /// Adds noise to the `held_out` patches, and filters it with each filter's best parameter of
    /// each level. Best is what leaves the least error on the `tuning` patches, other ones.
    ///
    /// # Errors
    /// When there are no patches or no levels, patches differ in shape, or a level is not positive.
    pub fn new(
        tuning: &[Array4<f32>],
        held_out: &[Array4<f32>],
        levels: &[f64],
        seed: u64,
    ) -> Result<Self> {
        if levels.is_empty() || !levels.iter().all(|t| t.is_finite() && *t > 0.0) {
            let problem = format!("{levels:?}: expected one or more positive numbers");
            return Err(Error::value("noise levels", problem));
        }
        // Two streams of noise, so that nothing is chosen on the noise that it is judged by.
        let (tuning, of_tuning) = with_noise("patches to tune on", tuning, levels, seed, 0)?;
        let (clean, noisy) = with_noise("held-out patches", held_out, levels, seed, 1)?;
        let mut rows = vec![DenoisingRow {
            way: "nothing".to_owned(),
            errors: noisy.iter().map(|n| error(&n.patches, &clean)).collect(),
            parameters: Vec::new(),
        }];
        for kind in Kind::ALL {
            let mut row = DenoisingRow {
                way: kind.name().to_owned(),
                errors: Vec::with_capacity(levels.len()),
                parameters: Vec::with_capacity(levels.len()),
            };
            for (of_tuning, noisy) in of_tuning.iter().zip(&noisy) {
                let candidates = kind.candidates(noisy.sigma);
                let filter = best(&candidates, |filter| {
                    error(&filtered(&of_tuning.patches, filter), &tuning)
                });
                row.errors
                    .push(error(&filtered(&noisy.patches, filter), &clean));
                row.parameters.push(filter.parameter());
            }
            rows.push(row);
        }
        Ok(DenoisingTest { clean, noisy, rows })
    }

    /// The test of a training run: filters tuned on `data`, errors on the held-out volumes.
    ///
    /// # Errors
    /// When a volume cannot be read or made, or is smaller than a patch.
    pub fn of_run(settings: &DenoisingSettings, data: &PatchSet, seed: u64) -> Result<Self> {
        let held_out = PatchSet::of(&settings.volumes, data.edge(), data.edge(), false, seed)?;
        let count = settings.patches;
        DenoisingTest::new(
            &data.evenly(count),
            &held_out.evenly(count),
            &settings.levels,
            seed,
        )
    }

    /// The error of a denoiser, below those of the filters.
    ///
    /// # Errors
    /// When the denoiser cannot take the patches.
    pub fn measure(
        &self,
        name: &str,
        denoiser: &(impl Denoiser + ?Sized),
    ) -> Result<DenoisingError> {
        let mut errors = Vec::with_capacity(self.noisy.len());
        for noisy in &self.noisy {
            let mut squares = 0.0;
            for first in (0..self.clean.len_of(Axis(0))).step_by(BATCH) {
                let last = (first + BATCH).min(self.clean.len_of(Axis(0)));
                let part = Slice::from(first..last);
                let x = noisy.patches.slice_axis(Axis(0), part).to_owned();
                let denoised = denoiser.denoise(&x, noisy.sigma)?;
                let clean = self.clean.slice_axis(Axis(0), part).to_owned();
                squares += error(&denoised, &clean).powi(2) * clean.len() as f64;
            }
            errors.push((squares / self.clean.len() as f64).sqrt());
        }
        let mut rows = self.rows.clone();
        rows.push(DenoisingRow {
            way: name.to_owned(),
            errors,
            parameters: Vec::new(),
        });
        Ok(DenoisingError {
            patches: self.clean.len_of(Axis(0)),
            edge: self.clean.len_of(Axis(2)),
            levels: self.noisy.iter().map(|noisy| noisy.sigma).collect(),
            rows,
        })
    }
}

/// The patches as one batch, and with noise of each level.
fn with_noise(
    what: &str,
    patches: &[Array4<f32>],
    levels: &[f64],
    seed: u64,
    stream: u64,
) -> Result<(Batch, Vec<Noisy>)> {
    let views: Vec<_> = patches.iter().map(|patch| patch.view()).collect();
    let clean = ndarray::stack(Axis(0), &views)
        .map_err(|e| Error::value(what, format!("{} of them: {e}", patches.len())))?;
    let noisy = levels.iter().enumerate().map(|(index, &sigma)| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(2 * index as u64 + stream);
        let patches = clean.mapv(|value| {
            let normal: f64 = StandardNormal.sample(&mut rng);
            value + (sigma * normal) as f32
        });
        Noisy { sigma, patches }
    });
    let noisy = noisy.collect();
    Ok((clean, noisy))
}

/// The candidate with the least error, where the error falls along the list up to it and rises
/// after: found from the middle, downhill.
fn best(candidates: &[Filter], error: impl Fn(Filter) -> f64) -> Filter {
    let mut at = candidates.len() / 2;
    let mut least = error(candidates[at]);
    for up in [true, false] {
        let start = at;
        loop {
            let next = if up {
                at.checked_add(1)
            } else {
                at.checked_sub(1)
            };
            let Some((next, &filter)) = next.and_then(|i| Some((i, candidates.get(i)?))) else {
                break;
            };
            let found = error(filter);
            if found >= least {
                break;
            }
            (at, least) = (next, found);
        }
        if at != start {
            break;
        }
    }
    candidates[at]
}

fn filtered(patches: &Batch, filter: Filter) -> Batch {
    let mut all = patches.clone();
    all.axis_iter_mut(Axis(0))
        .into_par_iter()
        .for_each(|mut patch| {
            let made = filter.apply(patch.view());
            patch.assign(&made);
        });
    all
}

/// Root of the mean square difference over all voxels and channels.
fn error(a: &Batch, b: &Batch) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    (squares.sum::<f64>() / a.len() as f64).sqrt()
}
