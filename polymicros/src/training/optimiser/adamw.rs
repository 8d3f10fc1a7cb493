//! AdamW.

use crate::network::vectorised;

/// Decay of the running mean of gradients.
const BETA1: f32 = 0.9;
/// Decay of the running mean of their squares.
const BETA2: f32 = 0.999;
/// Keeps the division finite.
const EPSILON: f32 = 1e-8;

/// Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), in PyTorch's form:
/// the numbers of one step.
#[derive(Clone, Copy)]
pub(super) struct AdamW {
    /// What weight decay leaves of a weight.
    keep: f32,
    /// The rate over the correction of the first moment.
    step: f32,
    /// The root of the correction of the second.
    root: f32,
}

impl AdamW {
    /// Those of step `number`, counted from one.
    pub fn of_step(number: u64, rate: f64, keep: f32) -> Self {
        let correction = |beta: f32| 1.0 - f64::from(beta).powi(number.min(1 << 30) as i32);
        AdamW {
            keep,
            step: (rate / correction(BETA1)) as f32,
            root: correction(BETA2).sqrt() as f32,
        }
    }

    /// Takes the step of a parameter with its gradient and the running means of its gradients and
    /// of their squares.
    pub fn take(self, parameters: &mut [f32], gradients: &[f32], moments: [&mut [f32]; 2]) {
        let [first, second] = moments;
        update(self, parameters, gradients, first, second);
    }
}

vectorised! {
    fn update<'a>(
        with: AdamW,
        parameters: &'a mut [f32],
        gradients: &'a [f32],
        first: &'a mut [f32],
        second: &'a mut [f32],
    ) {
        let moments = first.iter_mut().zip(second);
        for ((p, g), (m, v)) in parameters.iter_mut().zip(gradients).zip(moments) {
            *m = BETA1 * *m + (1.0 - BETA1) * g;
            *v = BETA2 * *v + (1.0 - BETA2) * g * g;
            *p = with.keep * *p - with.step * *m / (v.sqrt() / with.root + EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Optimiser;

    /// PyTorch 2.15: `torch.optim.AdamW([p], lr=0.1, weight_decay=0.05)` from
    /// `[1, -2, 0.5]`, gradients `[0.3, -0.1, 2] * (k + 1)` for k = 0, 1, 2.
    #[test]
    fn pytorch_takes_the_same_steps() {
        let mut optimiser = Optimiser::adamw([3], 0.05);
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
}
