//! What is done to the fields after each step of the sampler.

use super::Batch;
use crate::microstructure::shift_channels;
use crate::{Error, Result};
use ndarray::Axis;

/// A change of the fields after each update of Algorithm 2.
pub trait Condition {
    /// Changes `x`, which has just reached noise level `sigma` at the end of step `step` (counted
    /// from zero).
    ///
    /// # Errors
    /// When the condition does not fit the fields.
    fn apply(&mut self, x: &mut Batch, step: usize, sigma: f64) -> Result<()>;
}

/// Several conditions, one after the other.
impl<C: Condition> Condition for Vec<C> {
    fn apply(&mut self, x: &mut Batch, step: usize, sigma: f64) -> Result<()> {
        self.iter_mut()
            .try_for_each(|condition| condition.apply(x, step, sigma))
    }
}

/// Two conditions, one after the other.
impl<A: Condition, B: Condition> Condition for (A, B) {
    fn apply(&mut self, x: &mut Batch, step: usize, sigma: f64) -> Result<()> {
        self.0.apply(x, step, sigma)?;
        self.1.apply(x, step, sigma)
    }
}

impl<C: Condition + ?Sized> Condition for Box<C> {
    fn apply(&mut self, x: &mut Batch, step: usize, sigma: f64) -> Result<()> {
        (**self).apply(x, step, sigma)
    }
}

/// Moves the mean of each channel to its target (appendix A.3).
#[derive(Debug, Clone, PartialEq)]
pub struct MeanCorrection {
    /// Mean of each channel.
    pub means: Vec<f32>,
}

impl MeanCorrection {
    /// Mean zero, as in the generation of the paper's data.
    pub fn zero(channels: usize) -> Self {
        MeanCorrection {
            means: vec![0.0; channels],
        }
    }
}

impl Condition for MeanCorrection {
    fn apply(&mut self, x: &mut Batch, _: usize, _: f64) -> Result<()> {
        if x.len_of(Axis(1)) != self.means.len() {
            let found = x.len_of(Axis(1));
            return Err(Error::shape("means to correct to", self.means.len(), found));
        }
        for field in x.outer_iter_mut() {
            let changes: Vec<f64> = field
                .outer_iter()
                .zip(&self.means)
                .map(|(channel, target)| {
                    let sum: f64 = channel.iter().map(|&v| f64::from(v)).sum();
                    f64::from(*target) - sum / channel.len().max(1) as f64
                })
                .collect();
            shift_channels(field, changes);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scale(f32);

    impl Condition for Scale {
        fn apply(&mut self, x: &mut Batch, _: usize, _: f64) -> Result<()> {
            x.mapv_inplace(|value| self.0 * value);
            Ok(())
        }
    }

    #[test]
    fn conditions_are_applied_in_their_order() {
        let start = Batch::from_shape_fn((1, 1, 1, 1, 2), |(.., z)| z as f32);
        let means = MeanCorrection { means: vec![3.0] };
        // Means first: 2.5 and 3.5, then twice as much.
        let mut pair = (means.clone(), Scale(2.0));
        let mut list: Vec<Box<dyn Condition>> = vec![Box::new(means), Box::new(Scale(2.0))];
        let both: [&mut dyn Condition; 2] = [&mut pair, &mut list];
        for conditions in both {
            let mut x = start.clone();
            conditions.apply(&mut x, 0, 1.0).unwrap();
            assert_eq!(x.as_slice().unwrap(), [5.0, 7.0]);
        }
    }

    #[test]
    fn means_are_moved_and_differences_kept() {
        let mut x = Batch::from_shape_fn((2, 2, 2, 3, 4), |(b, c, i, j, k)| {
            (b * 100 + c * 10 + i * j * k) as f32
        });
        let before = x.clone();
        let mut condition = MeanCorrection {
            means: vec![0.25, -1.0],
        };
        condition.apply(&mut x, 0, 1.0).unwrap();
        for (b, field) in x.outer_iter().enumerate() {
            for (c, channel) in field.outer_iter().enumerate() {
                assert!((channel.mean().unwrap() - condition.means[c]).abs() < 1e-6);
                let change = channel[[0, 0, 0]] - before[[b, c, 0, 0, 0]];
                let same = before.index_axis(Axis(0), b);
                for (after, before) in channel.iter().zip(same.index_axis(Axis(0), c)) {
                    assert!((after - before - change).abs() < 1e-5);
                }
            }
        }
        assert!(MeanCorrection::zero(3).apply(&mut x, 0, 1.0).is_err());
    }
}
