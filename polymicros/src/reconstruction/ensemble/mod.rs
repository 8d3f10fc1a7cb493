//! Several samples of one volume: their mean and spread.

use crate::microstructure::Field;
use crate::{Error, Result};
use ndarray::{Array4, Axis, Zip};

/// Samples of one volume.
///
/// All are held, 4 bytes a value: what most of them agree on
/// ([`Projection`](super::Projection)) cannot be told from their mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    samples: Vec<Field>,
}

impl Ensemble {
    /// Of one sample.
    pub fn new(first: Field) -> Self {
        Ensemble {
            samples: vec![first],
        }
    }

    /// Takes in one more.
    ///
    /// # Errors
    /// When its shape is another.
    pub fn add(&mut self, sample: Field) -> Result<()> {
        let (expected, found) = (self.samples[0].data().shape(), sample.data().shape());
        if found != expected {
            return Err(Error::shape("further sample", expected, found));
        }
        self.samples.push(sample);
        Ok(())
    }

    /// The samples, at least one.
    pub fn samples(&self) -> &[Field] {
        &self.samples
    }

    /// The mean of the samples.
    ///
    /// # Errors
    /// Never: it has the samples' shape.
    pub fn mean(&self) -> Result<Field> {
        let first = &self.samples[0];
        let mean = self.centre().mapv(|v| v as f32);
        Field::new(*first.grid(), first.channels(), mean)
    }

    /// The spread, one channel: the root of the variance of all channels together, estimated without
    /// bias. That is the root mean square distance of a sample to the mean of all there could be.
    /// Zero for one sample.
    ///
    /// # Errors
    /// Never: it has the samples' grid.
    pub fn spread(&self) -> Result<Field> {
        let centre = self.centre();
        let mut squares = Array4::<f64>::zeros(centre.dim());
        for sample in &self.samples {
            Zip::from(&mut squares)
                .and(&centre)
                .and(sample.data())
                .for_each(|sum, mean, value| *sum += (f64::from(*value) - mean).powi(2));
        }
        let degrees = (self.samples.len().max(2) - 1) as f64;
        let variance = squares.sum_axis(Axis(0)) / degrees;
        let spread = variance.mapv(|v| v.sqrt() as f32).insert_axis(Axis(0));
        Field::new(*self.samples[0].grid(), ["spread"], spread)
    }

    fn centre(&self) -> Array4<f64> {
        let mut sum = self.samples[0].data().mapv(f64::from);
        for sample in &self.samples[1..] {
            Zip::from(&mut sum)
                .and(sample.data())
                .for_each(|sum, value| *sum += f64::from(*value));
        }
        sum / self.samples.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microstructure::Grid;

    #[test]
    fn mean_and_spread_are_the_textbooks() -> Result<()> {
        let grid = Grid::new([2, 3, 4])?;
        let samples: Vec<Field> = (0..5)
            .map(|k| {
                let value = |(c, x, y, z)| ((k * 7 + 3 * c + 5 * x + y * z * k) % 11) as f32;
                Field::new(grid, ["a", "b"], Array4::from_shape_fn((2, 2, 3, 4), value))
            })
            .collect::<Result<_>>()?;
        let mut ensemble = Ensemble::new(samples[0].clone());
        assert!(ensemble.spread()?.as_slice().iter().all(|s| *s == 0.0));
        for sample in &samples[1..] {
            ensemble.add(sample.clone())?;
        }
        assert_eq!(ensemble.samples(), samples);
        let (mean, spread) = (ensemble.mean()?, ensemble.spread()?);
        for v in 0..24 {
            let mut variance = 0.0;
            for c in 0..2 {
                let values: Vec<f64> = samples
                    .iter()
                    .map(|s| f64::from(s.as_slice()[24 * c + v]))
                    .collect();
                let average = values.iter().sum::<f64>() / 5.0;
                assert!((f64::from(mean.as_slice()[24 * c + v]) - average).abs() < 1e-6);
                variance += values.iter().map(|v| (v - average).powi(2)).sum::<f64>() / 4.0;
            }
            assert!((f64::from(spread.as_slice()[v]) - variance.sqrt()).abs() < 1e-5);
        }
        let other = Field::new(
            Grid::new([2, 3, 3])?,
            ["a", "b"],
            Array4::zeros((2, 2, 3, 3)),
        )?;
        assert!(ensemble.add(other).is_err());
        Ok(())
    }
}
