//! A field from a trained network.

use super::Progress;
use super::names::{Edge, Place, SolverName};
use crate::Result;
use ndarray::{Array5, Axis};
use polymicros::diffusion::{Sampler, Schedule, TrainedNetwork};
use polymicros_prelude::{Field, Grid, ROGSH_NAMES};
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

/// Sample a field from a trained network (Algorithm 2).
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  polymicros sample network.safetensors field.npz --edge 64 \
        --seed 7"
)]
pub(super) struct Plan {
    /// The network, as training writes it or as converted from the authors' weights.
    weights: PathBuf,
    /// The field, as .npz (array `field`: channel, x, y, z).
    out: PathBuf,
    /// Voxels along each edge.
    #[arg(long, default_value_t = 64)]
    edge: usize,
    /// Noise levels on the way.
    #[arg(long, default_value_t = 25)]
    steps: usize,
    /// Decides all that is random.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What convolutions see beyond the edge; without it, what they saw in training.
    #[arg(long, value_enum)]
    padding: Option<Edge>,
    /// Heun's method, as in the paper, or one of half as many evaluations.
    #[arg(long, value_enum, default_value = "heun")]
    solver: SolverName,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    let network = TrainedNetwork::open(&plan.weights, plan.place.device)?;
    let denoiser = match plan.padding {
        Some(padding) => network.with_padding(padding.into()),
        None => network,
    };
    let channels = denoiser.config().channels;
    let sampler = Sampler {
        schedule: Schedule {
            steps: plan.steps,
            ..Schedule::default()
        },
        solver: plan.solver.into(),
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
    let device = plan.place.device.resolve();
    progress.keep(&format!("{edge}^3 on {device}, {seconds:.1} s"));
    let names: Vec<String> = if channels == ROGSH_NAMES.len() {
        ROGSH_NAMES.map(str::to_owned).to_vec()
    } else {
        (0..channels).map(|c| format!("channel {c}")).collect()
    };
    let field = Field::new(Grid::cube(edge)?, names, x.index_axis_move(Axis(0), 0))?;
    field.save(&plan.out)?;
    if json {
        let evaluations = sampler.evaluations();
        println!(
            "{}",
            json!({ "out": plan.out, "seconds": seconds, "evaluations": evaluations })
        );
    }
    Ok(())
}
