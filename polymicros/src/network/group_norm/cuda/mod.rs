//! Forward and backward passes on a GPU: which kernels, in which order, on which memory.

#[cfg(feature = "cuda")]
mod tape;
#[cfg(test)]
mod tests;

use super::{EPSILON, Sizes};
use crate::network::cuda::queue::{Argument, Queue, Shape, Source};
use crate::network::cuda::sums;

/// `kernels.cu`.
pub(in crate::network) const SOURCE: Source = Source {
    name: "group_norm",
    text: include_str!("kernels.cu"),
    kernels: &[
        "moment_sums",
        "moments",
        "factors",
        "normalise",
        "gradient_sums",
        "gradients",
        "input_gradient",
    ],
};

/// Threads of a block, and how many channels they see at once.
const THREADS: usize = 256;
const CHANNELS: usize = 32;
/// Voxels that a block normalises.
const DEPTH: usize = 64;

/// What is normalised, and how.
pub(super) struct Inputs<'a, M> {
    pub x: &'a M,
    pub gamma: &'a M,
    pub beta: &'a M,
    /// Scales, then shifts, for each member of the batch.
    pub modulation: Option<&'a M>,
}

/// What the backward pass reads again.
pub(super) struct Saved<M> {
    /// Mean and one over the deviation of each group of each member.
    moments: M,
    /// A factor for each channel and a summand for each, for each member.
    factors: M,
}

/// Gradients to be added to.
pub(super) struct Slots<M> {
    pub x: M,
    pub gamma: M,
    pub beta: M,
    pub modulation: Option<M>,
}

impl Sizes {
    fn grid(&self, depth: usize, tiles: usize) -> Shape {
        Shape {
            blocks: [self.voxels.div_ceil(depth), tiles, self.batch],
            threads: THREADS,
        }
    }

    fn groups(&self) -> Shape {
        Shape {
            blocks: [self.groups, self.batch, 1],
            threads: THREADS,
        }
    }
}

/// Writes `y`, which has room for all of `x`.
pub(super) fn forward<Q: Queue>(
    queue: &Q,
    sizes: &Sizes,
    inputs: &Inputs<Q::Memory>,
    residual: Option<&Q::Memory>,
    y: &mut Q::Memory,
) -> Result<Saved<Q::Memory>, Q::Error> {
    let Sizes {
        batch,
        voxels,
        channels,
        groups,
        silu,
    } = *sizes;
    let depth = sums::depth(voxels);
    let blocks = voxels.div_ceil(depth);
    let mut partial = queue.zeros(batch * blocks * 2 * channels)?;
    queue.launch(
        &SOURCE,
        "moment_sums",
        sizes.grid(depth, channels.div_ceil(CHANNELS)),
        &mut [
            Argument::In(inputs.x, 0),
            Argument::Out(&mut partial, 0),
            Argument::Count(voxels),
            Argument::Count(channels),
            Argument::Count(depth),
        ],
    )?;
    let mut moments = queue.zeros(batch * groups * 2)?;
    queue.launch(
        &SOURCE,
        "moments",
        sizes.groups(),
        &mut [
            Argument::In(inputs.x, 0),
            Argument::In(&partial, 0),
            Argument::Out(&mut moments, 0),
            Argument::Count(voxels),
            Argument::Count(channels),
            Argument::Count(blocks),
            Argument::Number(EPSILON),
        ],
    )?;
    let mut factors = queue.zeros(batch * 2 * channels)?;
    let shape = Shape {
        blocks: [channels.div_ceil(THREADS), batch, 1],
        threads: THREADS,
    };
    queue.launch(
        &SOURCE,
        "factors",
        shape,
        &mut [
            Argument::In(&moments, 0),
            Argument::In(inputs.gamma, 0),
            Argument::In(inputs.beta, 0),
            Argument::In(inputs.modulation.unwrap_or(inputs.gamma), 0),
            Argument::Out(&mut factors, 0),
            Argument::Count(channels),
            Argument::Count(groups),
            Argument::Count(usize::from(inputs.modulation.is_some())),
        ],
    )?;
    queue.launch(
        &SOURCE,
        "normalise",
        sizes.grid(DEPTH, 1),
        &mut [
            Argument::In(inputs.x, 0),
            Argument::In(&factors, 0),
            Argument::In(residual.unwrap_or(inputs.x), 0),
            Argument::Out(y, 0),
            Argument::Count(voxels),
            Argument::Count(channels),
            Argument::Count(DEPTH),
            Argument::Count(usize::from(silu)),
            Argument::Count(usize::from(residual.is_some())),
        ],
    )?;
    Ok(Saved { moments, factors })
}

/// Adds to the gradients; that of the result is used up.
pub(super) fn backward<Q: Queue>(
    queue: &Q,
    sizes: &Sizes,
    inputs: &Inputs<Q::Memory>,
    saved: &Saved<Q::Memory>,
    gradient: &mut Q::Memory,
    slots: &mut Slots<Q::Memory>,
) -> Result<(), Q::Error> {
    let Sizes {
        batch,
        voxels,
        channels,
        silu,
        ..
    } = *sizes;
    let depth = sums::depth(voxels);
    let blocks = voxels.div_ceil(depth);
    let mut partial = queue.zeros(batch * blocks * 2 * channels)?;
    queue.launch(
        &SOURCE,
        "gradient_sums",
        sizes.grid(depth, channels.div_ceil(CHANNELS)),
        &mut [
            Argument::In(inputs.x, 0),
            Argument::In(&saved.factors, 0),
            Argument::Out(gradient, 0),
            Argument::Out(&mut partial, 0),
            Argument::Count(voxels),
            Argument::Count(channels),
            Argument::Count(depth),
            Argument::Count(usize::from(silu)),
        ],
    )?;
    let mut by_parameters = queue.zeros(batch * 2 * channels)?;
    let mut slopes = queue.zeros(batch * 2 * channels)?;
    let mut nowhere = queue.zeros(1)?;
    queue.launch(
        &SOURCE,
        "gradients",
        sizes.groups(),
        &mut [
            Argument::In(&partial, 0),
            Argument::In(&saved.moments, 0),
            Argument::In(inputs.gamma, 0),
            Argument::In(inputs.beta, 0),
            Argument::In(inputs.modulation.unwrap_or(inputs.gamma), 0),
            Argument::Out(&mut by_parameters, 0),
            Argument::Out(slots.modulation.as_mut().unwrap_or(&mut nowhere), 0),
            Argument::Out(&mut slopes, 0),
            Argument::Count(voxels),
            Argument::Count(channels),
            Argument::Count(blocks),
            Argument::Count(usize::from(inputs.modulation.is_some())),
        ],
    )?;
    let mut both = queue.zeros(2 * channels)?;
    sums::add_rows(queue, &by_parameters, [batch, 2 * channels], &mut both)?;
    sums::add(queue, &both, 0, &mut slots.gamma, channels)?;
    sums::add(queue, &both, channels, &mut slots.beta, channels)?;
    queue.launch(
        &SOURCE,
        "input_gradient",
        sizes.grid(DEPTH, 1),
        &mut [
            Argument::In(inputs.x, 0),
            Argument::In(gradient, 0),
            Argument::In(&saved.factors, 0),
            Argument::In(&slopes, 0),
            Argument::Out(&mut slots.x, 0),
            Argument::Count(voxels),
            Argument::Count(channels),
            Argument::Count(DEPTH),
        ],
    )
}
