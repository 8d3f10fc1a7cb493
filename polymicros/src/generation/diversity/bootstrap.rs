//! Intervals by drawing again.

use crate::Result;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A figure with its interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The figure of the whole set.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// The figures that `figures` takes of the samples with these numbers, each with its interval: the
/// middle 95 % of `resamples` repetitions of `samples` drawn with repetition, moved to where their
/// mean is the figure of the whole set. The same seed gives the same intervals on any number of
/// threads.
///
/// # Errors
/// When `figures` fails.
pub(super) fn intervals<const N: usize>(
    samples: usize,
    resamples: usize,
    seed: u64,
    figures: impl Fn(&[usize]) -> Result<[f64; N]> + Sync,
) -> Result<[Interval; N]> {
    let all: Vec<usize> = (0..samples).collect();
    let whole = figures(&all)?;
    let drawn = (0..resamples)
        .into_par_iter()
        .map(|resample| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(resample as u64);
            let chosen: Vec<usize> = (0..samples).map(|_| rng.random_range(0..samples)).collect();
            figures(&chosen)
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(std::array::from_fn(|figure| {
        let mut values: Vec<f64> = drawn.iter().map(|figures| figures[figure]).collect();
        values.sort_by(f64::total_cmp);
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let end = |share: f64| {
            let at = (share * values.len().saturating_sub(1) as f64).round() as usize;
            let scatter = values.get(at).map_or(0.0, |value| value - mean);
            whole[figure] + scatter
        };
        Interval {
            value: whole[figure],
            low: end(0.025),
            high: end(0.975),
        }
    }))
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = f.precision().unwrap_or(2);
        let Interval { value, low, high } = self;
        write!(
            f,
            "{value:.decimals$} ({low:.decimals$} to {high:.decimals$})"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::{Distribution, StandardNormal};

    /// Of the mean of normal numbers: an interval holds the true mean about 95 times in 100, and is
    /// as wide as theory says.
    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() -> Result<()> {
        let (samples, trials) = (60, 200);
        let (mut held, mut width) = (0, 0.0);
        for trial in 0..trials {
            let mut rng = ChaCha8Rng::seed_from_u64(trial);
            let values: Vec<f64> = (0..samples)
                .map(|_| -> f64 { StandardNormal.sample(&mut rng) })
                .collect();
            let mean = |chosen: &[usize]| -> Result<[f64; 1]> {
                Ok([chosen.iter().map(|&i| values[i]).sum::<f64>() / chosen.len() as f64])
            };
            let [found] = intervals(samples, 300, trial, mean)?;
            held += usize::from(found.low <= 0.0 && 0.0 <= found.high);
            width += (found.high - found.low) / trials as f64;
        }
        assert!((180..=199).contains(&held), "{held}");
        let expected = 2.0 * 1.96 / (samples as f64).sqrt();
        assert!((width / expected - 1.0).abs() < 0.06, "{width} {expected}");
        Ok(())
    }

    /// Distinct members of a set: each repetition has fewer, yet the interval is about the figure.
    #[test]
    fn intervals_are_about_the_figure_of_the_whole_set() -> Result<()> {
        let distinct = |chosen: &[usize]| -> Result<[f64; 1]> {
            let mut chosen = chosen.to_vec();
            chosen.sort_unstable();
            chosen.dedup();
            Ok([chosen.len() as f64])
        };
        let [found] = intervals(100, 400, 1, distinct)?;
        assert_eq!(found.value, 100.0);
        assert!((90.0..100.0).contains(&found.low) && (100.0..110.0).contains(&found.high));
        assert_eq!(format!("{found:.0}").split(' ').next(), Some("100"));
        assert_eq!(found, intervals(100, 400, 1, distinct)?[0]);
        Ok(())
    }
}
