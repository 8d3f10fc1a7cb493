//! Group normalisation on an NVIDIA GPU.

use super::card::{self, Inputs, Slots};
use super::{GroupNorm, GroupNormKernel, check};
use crate::Result;
use crate::network::cuda::exchange::{given, gpu, put, take, taken};
use crate::network::cuda::sums;
use crate::network::tensor::{Matrix, Vector, Volume};
use dfdx::prelude::{Cuda, HasShape, PutTape, Shape, SplitTape, Tape};

impl GroupNormKernel for Cuda {
    fn group_norm<T: Tape<f32, Self>>(
        x: Volume<Self, T>,
        [gamma, beta]: [Vector<Self>; 2],
        modulation: Option<Matrix<Self, T>>,
        residual: Option<Volume<Self, T>>,
        how: GroupNorm,
    ) -> Result<Volume<Self, T>> {
        let sizes = check(
            &x,
            [&gamma, &beta],
            modulation.as_ref(),
            residual.as_ref(),
            how,
        )?;
        let (x, mut tape) = x.split_tape();
        let modulation = modulation.map(|modulation| {
            let (modulation, other) = modulation.split_tape();
            tape = std::mem::take(&mut tape).merge(other);
            modulation
        });
        let residual = residual.map(|residual| {
            let (residual, other) = residual.split_tape();
            tape = std::mem::take(&mut tape).merge(other);
            residual
        });
        let gpu = gpu(x.device())?;
        let numbers = [taken(&x)?, taken(&gamma)?, taken(&beta)?];
        let scales = modulation.as_ref().map(taken).transpose()?;
        let inputs = {
            let [x, gamma, beta] = &numbers;
            Inputs {
                x,
                gamma,
                beta,
                modulation: scales.as_ref(),
            }
        };
        let mut saved = None;
        let y = {
            let added = residual.as_ref().map(taken).transpose()?;
            given(x.device(), *x.shape(), |y| {
                saved = Some(card::forward(&gpu, &sizes, &inputs, added.as_ref(), y)?);
                Ok(())
            })?
        };
        let made = y.ghost();
        let size = x.shape().num_elements();
        let (x, added) = (x.ghost(), residual.map(|residual| residual.ghost()));
        let modulation = modulation.map(|modulation| modulation.ghost());
        tape.add_backward_op(move |grads| {
            let Some(saved) = &saved else {
                return Ok(());
            };
            let [values, gammas, betas] = &numbers;
            let mut gradient = take(grads.get_or_alloc_mut(&made)?)?;
            if let Some(added) = &added {
                let slot = grads.get_or_alloc_mut(added)?;
                sums::add(&gpu, &gradient, 0, slot, size)?;
            }
            let mut slots = Slots {
                x: take(grads.get_or_alloc_mut(&x)?)?,
                gamma: take(grads.get_or_alloc_mut(&gamma)?)?,
                beta: take(grads.get_or_alloc_mut(&beta)?)?,
                modulation: match &modulation {
                    Some(modulation) => Some(take(grads.get_or_alloc_mut(modulation)?)?),
                    None => None,
                },
            };
            let inputs = Inputs {
                x: values,
                gamma: gammas,
                beta: betas,
                modulation: scales.as_ref(),
            };
            card::backward(&gpu, &sizes, &inputs, saved, &mut gradient, &mut slots)?;
            put(grads.get_or_alloc_mut(&x)?, slots.x);
            put(grads.get_or_alloc_mut(&gamma)?, slots.gamma);
            put(grads.get_or_alloc_mut(&beta)?, slots.beta);
            if let (Some(modulation), Some(slot)) = (&modulation, slots.modulation) {
                put(grads.get_or_alloc_mut(modulation)?, slot);
            }
            Ok(())
        });
        Ok(y.put_tape(tape))
    }
}
