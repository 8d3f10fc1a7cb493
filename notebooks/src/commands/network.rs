//! The network in batch: bare, and as a sampler.

use super::Progress;
use crate::{Error, Result};
use ndarray::{Array5, Axis};
use polymicros::diffusion::{NetworkDenoiser, Sampler, Schedule, Solver};
use polymicros::network::weights::{Precision, parse, save_tensors, values};
use polymicros::network::{Cpu, Device, DeviceWork, NetworkDevice, Padding, UNet};
use polymicros_prelude::{Field, Grid, ROGSH_NAMES};
use serde_json::json;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What to apply the bare network to: tensors `x` and `t`.
#[derive(Debug, Clone)]
pub(super) struct Application {
    pub(super) weights: PathBuf,
    pub(super) input: PathBuf,
    pub(super) output: PathBuf,
    pub(super) padding: Padding,
    pub(super) device: Device,
}

pub(super) fn apply(plan: &Application) -> Result<()> {
    plan.device.run(plan)
}

impl DeviceWork for &Application {
    type Output = ();
    type Error = Error;

    fn on<D: NetworkDevice>(self, device: &D) -> Result<()> {
        apply_on(self, device)
    }
}

fn apply_on<D: NetworkDevice>(plan: &Application, device: &D) -> Result<()> {
    let (input, output): (&Path, &Path) = (&plan.input, &plan.output);
    let network = UNet::load(&plan.weights, device)?;
    let bytes = std::fs::read(input).map_err(|source| Error::io(input, source))?;
    let (file, _) = parse(input, &bytes)?;
    let (shape, x) = values(input, &file, "x")?;
    let [batch, channels, nx, ny, nz] = shape[..] else {
        return Err(Error::Usage(format!(
            "{}: x has shape {shape:?}; expected batch, channel, x, y, z",
            input.display()
        )));
    };
    let (_, t) = values(input, &file, "t")?;
    let x = Array5::from_shape_vec((batch, channels, nx, ny, nz), x)
        .map_err(|e| Error::Usage(e.to_string()))?;
    let y = network.apply(&x, &t, plan.padding)?;
    let values: Vec<f32> = y.iter().copied().collect();
    let tensors = std::iter::once(("y".to_owned(), shape, values.as_slice()));
    Ok(save_tensors(
        output,
        tensors,
        HashMap::new(),
        Precision::F32,
    )?)
}

/// The same weights in another precision.
pub(super) fn convert(weights: &Path, output: &Path, precision: Precision) -> Result<()> {
    Ok(NetworkDenoiser::load(weights, &Cpu::default())?.save(output, precision)?)
}

/// What to sample.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) weights: PathBuf,
    pub(super) out: PathBuf,
    pub(super) edge: usize,
    pub(super) steps: usize,
    pub(super) seed: u64,
    pub(super) padding: Padding,
    pub(super) solver: Solver,
    pub(super) device: Device,
    pub(super) json: bool,
}

pub(super) fn sample(plan: &Plan) -> Result<()> {
    plan.device.run(plan)
}

impl DeviceWork for &Plan {
    type Output = ();
    type Error = Error;

    fn on<D: NetworkDevice>(self, device: &D) -> Result<()> {
        sample_on(self, device)
    }
}

fn sample_on<D: NetworkDevice>(plan: &Plan, device: &D) -> Result<()> {
    let denoiser = NetworkDenoiser {
        padding: plan.padding,
        ..NetworkDenoiser::load(&plan.weights, device)?
    };
    let channels = denoiser.network.config().channels;
    let sampler = Sampler {
        schedule: Schedule {
            steps: plan.steps,
            ..Schedule::default()
        },
        solver: plan.solver,
        ..Sampler::default()
    };
    let edge = plan.edge;
    let start = Instant::now();
    let mut progress = Progress::new("sample");
    let x = Array5::zeros((1, channels, edge, edge, edge));
    let x = sampler.sample(&denoiser, x, plan.seed, None, |step| {
        progress.say(&format!("step {step} of {}", plan.steps));
        Ok(())
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let device = plan.device.resolve();
    progress.keep(&format!("{edge}^3 on {device}, {seconds:.1} s"));
    let names: Vec<String> = if channels == ROGSH_NAMES.len() {
        ROGSH_NAMES.map(str::to_owned).to_vec()
    } else {
        (0..channels).map(|c| format!("channel {c}")).collect()
    };
    let field = Field::new(Grid::cube(edge)?, names, x.index_axis_move(Axis(0), 0))?;
    field.save(&plan.out)?;
    if plan.json {
        let evaluations = sampler.evaluations();
        println!(
            "{}",
            json!({ "out": plan.out, "seconds": seconds, "evaluations": evaluations })
        );
    }
    Ok(())
}
