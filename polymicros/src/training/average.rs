//! Averaged weights.

use crate::network::vectorised;
use rayon::prelude::*;

/// An exponential moving average of parameters, which is what is sampled from.
#[derive(Debug, Clone, PartialEq)]
pub struct Average {
    /// How much of the average each step keeps: 0.9 in the paper.
    pub decay: f32,
    /// The averaged values, parameter by parameter.
    pub values: Vec<Vec<f32>>,
}

impl Average {
    /// Starts from the parameters as they are.
    pub fn new(decay: f32, parameters: &[Vec<f32>]) -> Self {
        Average {
            decay,
            values: parameters.to_vec(),
        }
    }

    /// Moves towards the parameters.
    pub fn update(&mut self, parameters: &[Vec<f32>]) {
        let decay = self.decay;
        self.values
            .par_iter_mut()
            .zip(parameters)
            .for_each(|(average, parameters)| {
                moved(decay, average, parameters);
            });
    }
}

vectorised! {
    fn moved<'a>(decay: f32, average: &'a mut [f32], parameters: &'a [f32]) {
        for (average, parameter) in average.iter_mut().zip(parameters) {
            *average = decay * *average + (1.0 - decay) * parameter;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_forgotten_geometrically() {
        let mut average = Average::new(0.9, &[vec![1.0]]);
        for _ in 0..10 {
            average.update(&[vec![3.0]]);
        }
        let expected = 3.0 - 2.0 * 0.9f32.powi(10);
        assert!((average.values[0][0] - expected).abs() < 1e-5);
    }
}
