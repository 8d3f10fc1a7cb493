//! How fast the statistics of draws come to those that are asked for.

use super::{Mogrf, Sampler};
use crate::Result;
use crate::statistics::{Pairs, TwoPoint};
use ndarray::Array4;

impl Mogrf {
    /// The root mean square distance, over all displacements, between the average of the 2-point
    /// covariances of draws and [`expected`](Self::expected): for each number of draws in `counts`,
    /// for each pair of channels (00, 01, …), in units of the channels' standard deviations.
    ///
    /// Draws are independent, so it falls as one over the root of their number. The seeds are
    /// `seed`, `seed + 1`, ….
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    pub fn convergence(
        &self,
        sampler: Sampler,
        counts: &[u64],
        seed: u64,
    ) -> Result<Vec<Vec<f64>>> {
        let expected = self.expected(sampler)?;
        let variance = |c: usize| f64::from(expected.at((c, c), [0; 3]).unwrap_or(f32::NAN));
        let mut sum = Array4::<f32>::zeros(expected.values().raw_dim());
        let mut errors = vec![Vec::new(); counts.len()];
        for draw in 1..=counts.iter().copied().max().unwrap_or(0) {
            let field = self.sample(sampler, seed + draw - 1)?;
            let statistics = TwoPoint::periodic(&field, &Pairs::All)?;
            sum += statistics.to_covariance().values();
            let reached = counts
                .iter()
                .enumerate()
                .filter(|(_, count)| **count == draw);
            for (place, _) in reached {
                let difference = &sum / draw as f32 - expected.values();
                let maps = expected.pairs().iter().zip(difference.outer_iter());
                let of_pair = maps.map(|(&(b, g), map)| {
                    let square: f64 = map.iter().map(|v| f64::from(*v).powi(2)).sum();
                    (square / map.len() as f64 / (variance(b) * variance(g))).sqrt()
                });
                errors[place] = of_pair.collect();
            }
        }
        Ok(errors)
    }
}
