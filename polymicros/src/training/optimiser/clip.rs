//! Clipping of gradients.

use crate::network::vectorised;
use rayon::prelude::*;

/// Scales gradients down to a length of at most `most`; gives their length before.
pub fn clip(gradients: &mut [Vec<f32>], most: f64) -> f64 {
    let squares: Vec<f64> = gradients.par_iter().map(|g| squares(g)).collect();
    let length = squares.iter().sum::<f64>().sqrt();
    if length > most {
        let factor = (most / length) as f32;
        gradients.par_iter_mut().for_each(|gradients| {
            scale(gradients, factor);
        });
    }
    length
}

vectorised! {
    /// The sum of squares, in an order that vector instructions can follow.
    pub(super) fn squares<'a>(values: &'a [f32]) -> f64 {
        const LANES: usize = 16;
        let mut lanes = [0.0; LANES];
        for values in values.chunks(LANES) {
            for (lane, value) in lanes.iter_mut().zip(values) {
                *lane += f64::from(*value) * f64::from(*value);
            }
        }
        lanes.iter().sum()
    }
}

vectorised! {
    pub(in crate::training) fn scale<'a>(values: &'a mut [f32], factor: f32) {
        for value in values {
            *value *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_keeps_the_direction() {
        let mut gradients = vec![vec![3.0, 0.0], vec![-4.0]];
        assert_eq!(clip(&mut gradients, 10.0), 5.0);
        assert_eq!(gradients, [vec![3.0, 0.0], vec![-4.0]]);
        assert_eq!(clip(&mut gradients, 1.0), 5.0);
        assert!((gradients[0][0] - 0.6).abs() < 1e-6 && (gradients[1][0] + 0.8).abs() < 1e-6);
    }
}
