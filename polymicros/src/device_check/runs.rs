//! A training step and a sample on a device and on the processor, and how long passes take.

use super::{Comparison, Timing};
use crate::diffusion::{Batch, NetworkDenoiser, Preconditioning, Sampler, Schedule};
use crate::network::cost::{Passes, Workload};
use crate::network::tensor::failed;
use crate::network::{Cpu, Device, Facts, NetworkDevice, Padding, UNet, UNetConfig, to_volume};
use crate::training::Objective;
use crate::{Error, Result};
use dfdx::prelude::{HasShape, Trace};
use std::time::Instant;

/// Voxels along each edge where results are compared.
const EDGE: usize = 8;

/// Runs whose median is taken, after one to warm up.
const RUNS: usize = 5;

fn fields(batch: usize, edge: usize) -> Batch {
    Batch::from_shape_fn((batch, 3, edge, edge, edge), |(b, c, x, y, z)| {
        0.4 * ((b + 2 * c + 3 * x + 5 * y + 7 * z) as f32).sin()
    })
}

fn objective() -> Objective {
    Objective {
        preconditioning: Preconditioning::default(),
        padding: Padding::Replicate,
    }
}

/// Loss and gradient of a small network.
///
/// # Errors
/// When an operation fails.
pub(super) fn training<D: NetworkDevice>(device: &D) -> Result<Vec<Comparison>> {
    fn step<D: NetworkDevice>(device: &D) -> Result<(f32, Vec<f32>)> {
        let network = UNet::initial(UNetConfig::tiny(), 1, device)?;
        let batches = std::iter::once(Ok((fields(2, EDGE), 0)));
        let (loss, gradients) = objective().mean_gradients(&network, batches, 1)?;
        Ok((loss as f32, gradients.concat()))
    }
    let (loss, gradients) = step(device)?;
    let (expected_loss, expected) = step(&Cpu::default())?;
    Ok(vec![
        Comparison::new("training step: loss", &[loss], &[expected_loss], 1e-3),
        Comparison::new("training step: gradients", &gradients, &expected, 1e-2),
    ])
}

/// A sample from a small network; rounding grows from step to step.
///
/// # Errors
/// When an operation fails.
pub(super) fn sample<D: NetworkDevice>(device: &D) -> Result<Comparison> {
    fn draw<D: NetworkDevice>(device: &D) -> Result<Vec<f32>> {
        let denoiser = NetworkDenoiser {
            network: UNet::initial(UNetConfig::tiny(), 1, device)?,
            preconditioning: Preconditioning::default(),
            padding: Padding::Periodic,
        };
        let sampler = Sampler {
            schedule: Schedule {
                steps: 8,
                ..Schedule::default()
            },
            ..Sampler::default()
        };
        let x = sampler.sample(&denoiser, fields(1, EDGE), 3, None, |_| Ok(()))?;
        Ok(x.iter().copied().collect())
    }
    let (found, expected) = (draw(device)?, draw(&Cpu::default())?);
    Ok(Comparison::new("sample", &found, &expected, 1e-2))
}

/// Passes to be timed.
pub(super) struct Timed {
    preset: &'static str,
    edge: usize,
    batch: usize,
    passes: Passes,
}

/// On a card the paper's local model as it is trained and sampled; on the processor small ones.
pub(super) fn timed(device: Device) -> Vec<Timed> {
    let of = |preset, edge, batch, passes| Timed {
        preset,
        edge,
        batch,
        passes,
    };
    match device {
        Device::Cuda(_) => vec![
            of("desk", 32, 16, Passes::Training),
            of("paper-local", 32, 16, Passes::Training),
            of("paper-local", 128, 1, Passes::Evaluation),
        ],
        _ => vec![
            of("tiny", 8, 2, Passes::Training),
            of("tiny", 8, 2, Passes::Evaluation),
        ],
    }
}

impl Timed {
    pub fn name(&self) -> String {
        let what = match self.passes {
            Passes::Training => "training step",
            Passes::Evaluation => "evaluation",
        };
        let (preset, batch, edge) = (self.preset, self.batch, self.edge);
        format!("{preset}, {what}, {batch} x {edge}^3")
    }

    /// Times them.
    ///
    /// # Errors
    /// When an operation fails, or the device has too little memory.
    pub fn run<D: NetworkDevice>(&self, on: Device, device: &D) -> Result<Timing> {
        let config = UNetConfig::named(self.preset)?;
        let workload = Workload::new(config.clone(), self.edge, self.batch);
        room(on, &workload, self.passes)?;
        let network = UNet::initial(config, 1, device)?;
        let x = fields(self.batch, self.edge);
        let pass = || -> Result<()> {
            match self.passes {
                Passes::Training => {
                    let batches = std::iter::once(Ok((x.clone(), 0)));
                    objective().mean_gradients(&network, batches, 1)?;
                }
                Passes::Evaluation => {
                    network.apply(&x, &vec![0.1; self.batch], Padding::Periodic)?;
                }
            }
            Ok(())
        };
        // First of all kernels are compiled, and libraries take what they keep.
        pass()?;
        let kept = match self.passes {
            Passes::Training => kept(on, device, &network, &x)?,
            Passes::Evaluation => None,
        };
        let mut seconds = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let start = Instant::now();
            pass()?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        Ok(Timing {
            workload,
            what: self.name(),
            passes: self.passes,
            seconds: seconds[RUNS / 2],
            kept,
        })
    }
}

/// # Errors
/// When a GPU has less memory than the passes take by the cost model: dfdx would end the process.
fn room(on: Device, workload: &Workload, passes: Passes) -> Result<()> {
    let needed = workload.memory(passes).peak;
    match on.facts()? {
        Some(Facts { free, .. }) if free < needed => Err(Error::value(
            "memory",
            format!(
                "it takes {:.0} GB, and {:.0} GB are free",
                needed / 1e9,
                free / 1e9
            ),
        )),
        _ => Ok(()),
    }
}

/// Memory that is taken while a tape waits for its backward pass.
fn kept<D: NetworkDevice>(
    on: Device,
    device: &D,
    network: &UNet<D>,
    x: &Batch,
) -> Result<Option<f64>> {
    let x = to_volume(x.view(), device)?;
    let t = device
        .try_tensor_from_vec(vec![0.1; x.shape()[0]], (x.shape()[0],))
        .map_err(failed)?;
    let free = || -> Result<Option<f64>> {
        device.try_synchronize().map_err(failed)?;
        Ok(on.facts()?.map(|facts| facts.free))
    };
    let before = free()?;
    let y = network.forward(x.leaky_traced(), t, Padding::Replicate)?;
    let after = free()?;
    drop(y);
    Ok(before.zip(after).map(|(before, after)| before - after))
}
