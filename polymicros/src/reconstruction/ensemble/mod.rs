//! Mean and spread of several samples.

use crate::microstructure::{Field, Grid};
use crate::{Error, Result};
use ndarray::{Array4, Axis, Zip};

/// Mean and spread of samples of one volume, which are taken in one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    grid: Grid,
    channels: Vec<String>,
    samples: usize,
    mean: Array4<f64>,
    /// Sums of squared deviations from the mean (Welford's recurrence).
    squares: Array4<f64>,
}

impl Ensemble {
    /// Of one sample.
    pub fn new(first: &Field) -> Self {
        Ensemble {
            grid: *first.grid(),
            channels: first.channels().to_vec(),
            samples: 1,
            mean: first.data().mapv(f64::from),
            squares: Array4::zeros(first.data().dim()),
        }
    }

    /// Takes in one more.
    ///
    /// # Errors
    /// When its shape is another.
    pub fn add(&mut self, sample: &Field) -> Result<()> {
        if sample.data().shape() != self.mean.shape() {
            let (expected, found) = (self.mean.shape(), sample.data().shape());
            return Err(Error::shape("further sample", expected, found));
        }
        self.samples += 1;
        let n = self.samples as f64;
        Zip::from(&mut self.mean)
            .and(&mut self.squares)
            .and(sample.data())
            .for_each(|mean, squares, value| {
                let before = f64::from(*value) - *mean;
                *mean += before / n;
                *squares += before * (f64::from(*value) - *mean);
            });
        Ok(())
    }

    /// How many there are.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The mean of the samples.
    ///
    /// # Errors
    /// Never: it has the samples' shape.
    pub fn mean(&self) -> Result<Field> {
        Field::new(self.grid, &self.channels, self.mean.mapv(|v| v as f32))
    }

    /// The spread, one channel: the root of the variance of all channels together, estimated without
    /// bias. That is the root mean square distance of a sample to the mean of all there could be.
    /// Zero for one sample.
    ///
    /// # Errors
    /// Never: it has the samples' grid.
    pub fn spread(&self) -> Result<Field> {
        let degrees = (self.samples.max(2) - 1) as f64;
        let variance = self.squares.sum_axis(Axis(0)) / degrees;
        let spread = variance.mapv(|v| v.sqrt() as f32).insert_axis(Axis(0));
        Field::new(self.grid, ["spread"], spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_spread_are_the_textbooks() -> Result<()> {
        let grid = Grid::new([2, 3, 4])?;
        let samples: Vec<Field> = (0..5)
            .map(|k| {
                let value = |(c, x, y, z)| ((k * 7 + 3 * c + 5 * x + y * z * k) % 11) as f32;
                Field::new(grid, ["a", "b"], Array4::from_shape_fn((2, 2, 3, 4), value))
            })
            .collect::<Result<_>>()?;
        let mut ensemble = Ensemble::new(&samples[0]);
        assert!(ensemble.spread()?.as_slice().iter().all(|s| *s == 0.0));
        for sample in &samples[1..] {
            ensemble.add(sample)?;
        }
        assert_eq!(ensemble.samples(), 5);
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
        assert!(ensemble.add(&other).is_err());
        Ok(())
    }
}
