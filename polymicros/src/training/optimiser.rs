//! AdamW, and clipping.

use crate::network::vectorised;
use rayon::prelude::*;

/// Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), in PyTorch's form.
#[derive(Debug, Clone, PartialEq)]
pub struct AdamW {
    /// Decay of the running mean of gradients.
    pub beta1: f32,
    /// Decay of the running mean of their squares.
    pub beta2: f32,
    /// Keeps the division finite.
    pub epsilon: f32,
    /// How much of a weight is taken away at each step, times the rate.
    pub weight_decay: f32,
    /// Steps taken.
    steps: u64,
    first: Vec<Vec<f32>>,
    second: Vec<Vec<f32>>,
}

impl AdamW {
    /// For parameters of these sizes.
    pub fn new(sizes: impl IntoIterator<Item = usize>, weight_decay: f32) -> Self {
        let first: Vec<Vec<f32>> = sizes.into_iter().map(|size| vec![0.0; size]).collect();
        AdamW {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay,
            steps: 0,
            second: first.clone(),
            first,
        }
    }

    /// As it was after some steps, with the running means that it had then.
    pub(super) fn resumed(
        weight_decay: f32,
        steps: u64,
        first: Vec<Vec<f32>>,
        second: Vec<Vec<f32>>,
    ) -> Self {
        AdamW {
            steps,
            first,
            second,
            ..AdamW::new([], weight_decay)
        }
    }

    /// Running means of gradients and of their squares.
    pub(super) fn moments(&self) -> (&Vec<Vec<f32>>, &Vec<Vec<f32>>) {
        (&self.first, &self.second)
    }

    /// One step against `gradients`, parameter by parameter.
    pub fn step(&mut self, parameters: &mut [Vec<f32>], gradients: &[Vec<f32>], rate: f64) {
        self.steps += 1;
        let power = |beta: f32| f64::from(beta).powi(self.steps.min(1 << 30) as i32);
        let first_correction = 1.0 - power(self.beta1);
        let second_correction = (1.0 - power(self.beta2)).sqrt();
        let step = (rate / first_correction) as f32;
        let root = second_correction as f32;
        let keep = (1.0 - rate * f64::from(self.weight_decay)) as f32;
        let with = Update {
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.epsilon,
            keep,
            step,
            root,
        };
        parameters
            .par_iter_mut()
            .zip(gradients)
            .zip(self.first.par_iter_mut().zip(&mut self.second))
            .for_each(|((parameters, gradients), (first, second))| {
                update(with, parameters, gradients, first, second);
            });
    }
}

/// The numbers of one step.
#[derive(Clone, Copy)]
struct Update {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    /// What weight decay leaves of a weight.
    keep: f32,
    /// The rate over the correction of the first moment.
    step: f32,
    /// The root of the correction of the second.
    root: f32,
}

vectorised! {
    /// The step of a parameter with its gradient and its two moments.
    fn update<'a>(
        with: Update,
        parameters: &'a mut [f32],
        gradients: &'a [f32],
        first: &'a mut [f32],
        second: &'a mut [f32],
    ) {
        let moments = first.iter_mut().zip(second);
        for ((p, g), (m, v)) in parameters.iter_mut().zip(gradients).zip(moments) {
            *m = with.beta1 * *m + (1.0 - with.beta1) * g;
            *v = with.beta2 * *v + (1.0 - with.beta2) * g * g;
            *p = with.keep * *p - with.step * *m / (v.sqrt() / with.root + with.epsilon);
        }
    }
}

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
    fn squares<'a>(values: &'a [f32]) -> f64 {
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
    pub(super) fn scale<'a>(values: &'a mut [f32], factor: f32) {
        for value in values {
            *value *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PyTorch 2.15: `torch.optim.AdamW([p], lr=0.1, weight_decay=0.05)` from
    /// `[1, -2, 0.5]`, gradients `[0.3, -0.1, 2] * (k + 1)` for k = 0, 1, 2.
    #[test]
    fn pytorch_takes_the_same_steps() {
        let mut optimiser = AdamW::new([3], 0.05);
        let mut parameters = vec![vec![1.0, -2.0, 0.5]];
        for k in 1..=3 {
            let gradients = [0.3, -0.1, 2.0].map(|g| g * k as f32).to_vec();
            optimiser.step(&mut parameters, &[gradients], 0.1);
        }
        let theirs = [0.6942367, -1.679312, 0.2016992];
        for (ours, theirs) in parameters[0].iter().zip(theirs) {
            assert!((ours - theirs).abs() < 2e-6, "{parameters:?}");
        }
    }

    #[test]
    fn clipping_keeps_the_direction() {
        let mut gradients = vec![vec![3.0, 0.0], vec![-4.0]];
        assert_eq!(clip(&mut gradients, 10.0), 5.0);
        assert_eq!(gradients, [vec![3.0, 0.0], vec![-4.0]]);
        assert_eq!(clip(&mut gradients, 1.0), 5.0);
        assert!((gradients[0][0] - 0.6).abs() < 1e-6 && (gradients[1][0] + 0.8).abs() < 1e-6);
    }
}
