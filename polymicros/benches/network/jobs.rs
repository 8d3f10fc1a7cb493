//! What is timed.

use dfdx::prelude::{
    Backward, Cpu, PutTape, SplitTape, Tape, Tensor, TensorFromVec, Trace, ZerosTensor,
};
use polymicros::Result;
use polymicros::diffusion::{Batch, Preconditioning};
use polymicros::network::activation::Activation;
use polymicros::network::convolution::{Convolution, ConvolutionKernel};
use polymicros::network::tensor::{Filter, Vector, Volume};
use polymicros::network::{Arithmetic, Padding, UNet, UNetConfig, layout};
use polymicros::training::{Objective, Optimiser};
use std::sync::Arc;

/// A piece of work that both sides know.
pub enum Job {
    Forward { edge: usize, batch: usize },
    Step { edge: usize, batch: usize },
    Convolve { channels: usize, edge: usize },
    ConvolveBack { channels: usize, edge: usize },
}

impl Job {
    /// As `unet.py --serve` understands it.
    pub fn for_peers(&self) -> String {
        match self {
            Job::Forward { edge, batch } => format!("forward 16 1,2,4 {edge} {batch}"),
            Job::Step { edge, batch } => format!("step 16 1,2,4 {edge} {batch}"),
            Job::Convolve { channels, edge } => format!("conv {channels} {channels} {edge}"),
            Job::ConvolveBack { channels, edge } => {
                format!("conv-back {channels} {channels} {edge}")
            }
        }
    }

    pub fn name(&self) -> String {
        match self {
            Job::Forward { edge, batch } => format!("network, forward, {edge}^3, batch {batch}"),
            Job::Step { edge, batch } => format!("network, training step, {edge}^3, batch {batch}"),
            Job::Convolve { channels, edge } => {
                format!("convolution {channels} to {channels}, {edge}^3")
            }
            Job::ConvolveBack { channels, edge } => {
                format!("convolution {channels} to {channels}, {edge}^3, and back")
            }
        }
    }

    /// Multiplications and additions of the plain way to do it; an algorithm that needs fewer
    /// reaches a higher rate.
    pub fn operations(&self) -> f64 {
        let convolution =
            |channels: usize, edge: usize| 54.0 * (channels * channels * edge.pow(3)) as f64;
        match *self {
            Job::Forward { edge, batch } => batch as f64 * network(&UNetConfig::desk(), edge),
            Job::Step { edge, batch } => 3.0 * batch as f64 * network(&UNetConfig::desk(), edge),
            Job::Convolve { channels, edge } => convolution(channels, edge),
            Job::ConvolveBack { channels, edge } => 3.0 * convolution(channels, edge),
        }
    }

    pub fn prepare(&self) -> Result<Box<dyn FnMut() -> Result<()>>> {
        let device = Cpu::default();
        match *self {
            Job::Forward { edge, batch } => {
                let network = UNet::initial(UNetConfig::desk(), 1, &device)?;
                let shape = (batch, 3, edge, edge, edge);
                let x = Batch::from_shape_fn(shape, |(b, c, x, y, z)| {
                    (0.37 * (b + 2 * c + 3 * x + 5 * y + 7 * z) as f32).sin()
                });
                let t = vec![0.0; batch];
                Ok(Box::new(move || {
                    network.apply(&x, &t, Padding::Replicate).map(drop)
                }))
            }
            Job::Step { edge, batch } => {
                let mut network = UNet::initial(UNetConfig::desk(), 1, &device)?;
                let mut values = network.parameters().values();
                let mut optimiser = Optimiser::adamw(values.iter().map(Vec::len), 0.01);
                let clean = Batch::from_elem((batch, 3, edge, edge, edge), 0.1);
                let objective = Objective {
                    preconditioning: Preconditioning::default(),
                    padding: Padding::Replicate,
                };
                let mut place = 0;
                Ok(Box::new(move || {
                    place += 1;
                    let batches = std::iter::once(Ok((clean.clone(), place)));
                    let (_, gradients) = objective.mean_gradients(&network, batches, 1)?;
                    optimiser.step(&mut values, &gradients, 1e-4);
                    network.parameters_mut().set_all(&values);
                    Ok(())
                }))
            }
            Job::Convolve { channels, edge } => {
                let (x, weight, bias) = convolution(&device, channels, edge);
                Ok(Box::new(move || {
                    let weight = Activation::enter(weight.clone())?;
                    let x = Activation::enter(x.clone())?;
                    Cpu::convolution(x, None, weight, bias.clone(), PLAIN).map(drop)
                }))
            }
            Job::ConvolveBack { channels, edge } => {
                let (x, weight, bias) = convolution(&device, channels, edge);
                let upstream = Arc::new(numbers(channels * edge.pow(3)));
                Ok(Box::new(move || {
                    let x = Activation::enter(x.leaky_trace())?;
                    let weight = Activation::enter(weight.leaky_trace())?;
                    let y = Cpu::convolution(x, None, weight, bias.clone(), PLAIN)?;
                    let (y, mut tape) = y.leave()?.split_tape();
                    let upstream = upstream.clone();
                    tape.add_backward_op(move |of| {
                        of.get_or_alloc_mut(&y)?.copy_from_slice(&upstream);
                        Ok(())
                    });
                    let end: Tensor<(), f32, Cpu> = device.zeros();
                    drop(end.put_tape(tape).backward());
                    Ok(())
                }))
            }
        }
    }
}

/// Multiplications and additions of a forward pass through the weights of a network, and of the
/// means over voxels in its attentions.
fn network(config: &UNetConfig, edge: usize) -> f64 {
    const HIDDEN: usize = 128;
    let last = config.multipliers.len() - 1;
    let of = |name: &str| {
        let mut parts = name.split('.');
        let (part, number) = (
            parts.next(),
            parts.next().and_then(|n| n.parse::<usize>().ok()),
        );
        let moves = name.contains(".3.1.");
        let level = match (part, number) {
            (Some("downs"), Some(level)) => level + usize::from(moves),
            (Some("ups"), Some(up)) => last - up - usize::from(moves),
            (Some("init_conv" | "final_res_block" | "final_conv"), _) => 0,
            _ => last,
        };
        (edge >> level).pow(3) as f64
    };
    let entries = layout(config);
    let filters = entries.iter().filter(|entry| entry.shape.len() == 5);
    filters
        .map(|entry| {
            let means = match entry.name.ends_with("to_qkv.weight") {
                true => HIDDEN * HIDDEN / 4,
                false => 0,
            };
            let weights = entry.shape.iter().product::<usize>() + means;
            2.0 * weights as f64 * of(&entry.name)
        })
        .sum()
}

const PLAIN: Convolution = Convolution {
    padding: Padding::Replicate,
    upsample: false,
    arithmetic: Arithmetic::F32,
};

fn convolution(
    device: &Cpu,
    channels: usize,
    edge: usize,
) -> (Volume<Cpu>, Filter<Cpu>, Vector<Cpu>) {
    let x = numbers(channels * edge.pow(3));
    let weight = numbers(27 * channels * channels);
    (
        device.tensor_from_vec(x, [1, edge, edge, edge, channels]),
        device.tensor_from_vec(weight, [channels, channels, 3, 3, 3]),
        device.tensor_from_vec(numbers(channels), (channels,)),
    )
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| (0.37 * i as f32).sin()).collect()
}

/// All jobs, and how often each is run.
pub fn jobs() -> Vec<(Job, usize)> {
    let mut jobs = Vec::new();
    for (edge, batch) in [(32, 1), (16, 8)] {
        jobs.push((Job::Forward { edge, batch }, 9));
        jobs.push((Job::Step { edge, batch }, 7));
    }
    for (channels, edge) in [(16, 64), (32, 32), (128, 16)] {
        jobs.push((Job::Convolve { channels, edge }, 15));
        jobs.push((Job::ConvolveBack { channels, edge }, 11));
    }
    jobs
}
