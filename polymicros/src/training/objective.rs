//! The loss, and its gradient.

use super::optimiser::scale;
use crate::diffusion::{Batch, Preconditioning};
use crate::network::tensor::{Volume, failed};
use crate::network::{NetworkDevice, Padding, UNet, add, to_volume};
use crate::{Error, Result};
use dfdx::prelude::{
    Axis, Backward, Gradients, HasShape, OwnedTape, ReshapeTo, SumTo, Tensor, Trace, TryMul, TrySub,
};
use ndarray::s;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use std::ops::Range;

/// EDM's training objective (paper Eq. 20): the squared error of the denoised field at a random
/// noise level, weighted so that the network's own target has variance one at every level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// The coefficients and the distribution of noise levels.
    pub preconditioning: Preconditioning,
    /// What the network's convolutions see beyond the edge of a patch.
    pub padding: Padding,
}

/// What the network is given in a step, and what it is to give.
struct Lesson {
    input: Batch,
    target: Batch,
    /// The time input of each member.
    times: Vec<f32>,
}

impl Objective {
    /// Adds noise to clean fields. All that is random follows from `seed` and `place`.
    fn lesson(&self, clean: &Batch, seed: u64, place: u64) -> Result<Lesson> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(place);
        let p = &self.preconditioning;
        let sigmas = p.draw(clean.shape()[0], &mut rng)?;
        // What the network is to give: (clean - c_skip noisy) / c_out.
        let (mut input, mut target) = (clean.clone(), clean.clone());
        let members = input.outer_iter_mut().zip(target.outer_iter_mut());
        for ((mut input, mut target), &sigma) in members.zip(&sigmas) {
            let (c_in, c_skip) = (p.c_in(sigma) as f32, p.c_skip(sigma) as f32);
            let rate = (1.0 / p.c_out(sigma)) as f32;
            ndarray::Zip::from(&mut input)
                .and(&mut target)
                .for_each(|x, y| {
                    let normal: f64 = StandardNormal.sample(&mut rng);
                    let noisy = *y + (sigma * normal) as f32;
                    *x = c_in * noisy;
                    *y = (*y - c_skip * noisy) * rate;
                });
        }
        Ok(Lesson {
            input,
            target,
            times: sigmas.iter().map(|&s| p.c_noise(s) as f32).collect(),
        })
    }

    /// The loss of some members of a batch, and its gradients.
    fn learn<D: NetworkDevice>(
        &self,
        network: &UNet<D>,
        lesson: &Lesson,
        members: Range<usize>,
    ) -> Result<(f32, Gradients<f32, D>)> {
        let device = network.parameters().device();
        let times = lesson.times[members.clone()].to_vec();
        let t = device
            .try_tensor_from_vec(times, (members.len(),))
            .map_err(failed)?;
        let of =
            |batch: &Batch| to_volume(batch.slice(s![members.clone(), .., .., .., ..]), device);
        let (input, target): (Volume<D>, Volume<D>) = (of(&lesson.input)?, of(&lesson.target)?);
        let count = target.shape().iter().product::<usize>();
        let output = network.forward(input.leaky_traced(), t, self.padding)?;
        let error: Volume<D, OwnedTape<f32, D>> =
            TrySub::<Volume<D>>::try_sub(output, target).map_err(failed)?;
        let loss: Tensor<(), f32, D, OwnedTape<f32, D>> = error
            .try_square()
            .and_then(|square| square.try_reshape_like(&(count,)))
            .and_then(|square| square.try_sum::<(), Axis<0>>())
            .and_then(|sum| TryMul::<f32>::try_mul(sum, 1.0 / count as f32))
            .map_err(failed)?;
        let mut value = [0f32];
        loss.copy_into(&mut value);
        if !value[0].is_finite() {
            return Err(Error::numerical("loss", format!("is {}", value[0])));
        }
        let gradients = loss.try_backward().map_err(failed)?;
        Ok((value[0], gradients))
    }

    /// The mean of the losses of several batches, each with its place, and of their gradients,
    /// parameter by parameter. All that is random follows from `seed` and the places.
    ///
    /// # Errors
    /// When the fields do not fit the network, the loss is not a number, or memory runs out; and
    /// those of the batches.
    pub fn mean_gradients<D: NetworkDevice>(
        &self,
        network: &UNet<D>,
        batches: impl ExactSizeIterator<Item = Result<(Batch, u64)>>,
        seed: u64,
    ) -> Result<(f64, Vec<Vec<f32>>)> {
        let parts = batches.len() as f32;
        let mut total: Vec<Vec<f32>> = Vec::new();
        let mut loss = 0.0;
        for batch in batches {
            let (batch, place) = batch?;
            let lesson = self.lesson(&batch, seed, place)?;
            let count = lesson.times.len();
            let found = D::parts_of_batch(network, count, |network, members| {
                let share = members.len() as f32 / (count as f32 * parts);
                let (loss, mut found) = self.learn(network, &lesson, members)?;
                let parameters = network.parameters();
                let gradients = (0..parameters.entries().len()).map(|index| {
                    let mut gradient = parameters.gradient(index, &mut found)?;
                    scale(&mut gradient, share);
                    Ok(gradient)
                });
                Ok((share * loss, gradients.collect::<Result<Vec<_>>>()?))
            })?;
            for (value, gradients) in found {
                loss += f64::from(value);
                if total.is_empty() {
                    total = gradients;
                } else {
                    let sums = total.par_iter_mut().zip(&gradients);
                    sums.for_each(|(sum, gradient)| add(sum, gradient));
                }
            }
        }
        Ok((loss, total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::UNetConfig;
    use dfdx::prelude::Cpu;

    /// The gradient of the loss with respect to all parameters, against its change along itself.
    #[test]
    fn the_gradient_is_the_derivative_of_the_loss() {
        let device = Cpu::default();
        let mut network = UNet::initial(UNetConfig::tiny(), 5, &device).unwrap();
        let clean = Batch::from_shape_fn((2, 3, 8, 4, 4), |(b, c, x, y, z)| {
            0.4 * ((b + 2 * c + 3 * x + 5 * y + 7 * z) as f32).sin()
        });
        let objective = Objective {
            preconditioning: Preconditioning::default(),
            padding: Padding::Replicate,
        };
        let loss = |network: &UNet<Cpu>| {
            let batches = std::iter::once(Ok((clean.clone(), 2)));
            objective.mean_gradients(network, batches, 1).unwrap()
        };
        let (_, gradients) = loss(&network);
        let before = network.parameters().values();
        let length = gradients
            .iter()
            .flatten()
            .map(|g| f64::from(*g).powi(2))
            .sum::<f64>()
            .sqrt();
        let mut at = |step: f32| {
            for (i, (values, g)) in before.iter().zip(&gradients).enumerate() {
                let moved: Vec<f32> = values
                    .iter()
                    .zip(g)
                    .map(|(v, g)| v + step * g / length as f32)
                    .collect();
                network.parameters_mut().set(i, &moved);
            }
            loss(&network).0
        };
        // Richardson: the error of central differences is even in the step.
        let mut slope = |step: f32| (at(step) - at(-step)) / (2.0 * f64::from(step));
        let slope = (4.0 * slope(0.003) - slope(0.006)) / 3.0;
        assert!((slope / length - 1.0).abs() < 0.01, "{slope} {length}");
    }
}
