//! Group normalisation on dfdx's tape, on an NVIDIA GPU.

use super::{Inputs, Slots, backward, forward};
use crate::Result;
use crate::network::activation::{Activation, CudaValues};
use crate::network::cuda::exchange::{put, take, taken};
use crate::network::cuda::gpu::{Gpu, Memory};
use crate::network::cuda::queue::Queue;
use crate::network::group_norm::{GroupNorm, GroupNormKernel, Sizes, Untaped, check, untaped};
use crate::network::tensor::{Matrix, Vector, failed};
use cudarc::driver::DeviceSlice;
use dfdx::prelude::{Cuda, Tape};

/// What both passes read.
struct Kept {
    gpu: Gpu,
    sizes: Sizes,
    x: CudaValues,
    gamma: Memory,
    beta: Memory,
    modulation: Option<Memory>,
}

impl Kept {
    fn inputs(&self) -> Inputs<'_, Memory> {
        Inputs {
            x: &self.x,
            gamma: &self.gamma,
            beta: &self.beta,
            modulation: self.modulation.as_ref(),
        }
    }
}

impl GroupNormKernel for Cuda {
    fn group_norm<T: Tape<f32, Self>>(
        x: Activation<Self, T>,
        [gamma, beta]: [Vector<Self>; 2],
        modulation: Option<Matrix<Self, T>>,
        residual: Option<Activation<Self, T>>,
        how: GroupNorm,
    ) -> Result<Activation<Self, T>> {
        let shape = x.shape();
        let added = residual.as_ref().map(Activation::shape);
        let sizes = check(shape, added, [&gamma, &beta], modulation.as_ref(), how)?;
        let (
            Untaped {
                x,
                modulation,
                residual,
            },
            mut tape,
        ) = untaped(x, modulation, residual);
        let kept = Kept {
            gpu: x.gpu()?,
            sizes,
            x,
            gamma: taken(&gamma)?,
            beta: taken(&beta)?,
            modulation: modulation.as_ref().map(taken).transpose()?,
        };
        let Kept { gpu, sizes, .. } = &kept;
        let mut y = gpu.zeros(kept.x.len()).map_err(failed)?;
        let saved =
            forward(gpu, sizes, &kept.inputs(), residual.as_deref(), &mut y).map_err(failed)?;
        let values = kept.x.with(y, shape)?;
        let made = values.node();
        let added = residual.map(|residual| residual.node());
        let modulation = modulation.map(|modulation| modulation.ghost());
        tape.add_backward_op(move |of| {
            let Kept { gpu, sizes, .. } = &kept;
            let x = kept.x.node();
            let mut gradient = made.take(of)?;
            if let Some(added) = &added {
                added.add(of, &gradient)?;
            }
            let mut slots = Slots {
                x: x.take(of)?,
                gamma: take(of.get_or_alloc_mut(&gamma)?)?,
                beta: take(of.get_or_alloc_mut(&beta)?)?,
                modulation: match &modulation {
                    Some(modulation) => Some(take(of.get_or_alloc_mut(modulation)?)?),
                    None => None,
                },
            };
            backward(
                gpu,
                sizes,
                &kept.inputs(),
                &saved,
                &mut gradient,
                &mut slots,
            )?;
            x.give(of, slots.x)?;
            put(of.get_or_alloc_mut(&gamma)?, slots.gamma);
            put(of.get_or_alloc_mut(&beta)?, slots.beta);
            if let (Some(modulation), Some(slot)) = (&modulation, slots.modulation) {
                put(of.get_or_alloc_mut(modulation)?, slot);
            }
            Ok(())
        });
        Ok(Activation { values, tape })
    }
}
