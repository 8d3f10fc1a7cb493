//! What the network costs on this machine.

use crate::commands::Progress;
use crate::commands::names::Edge;
use crate::{Error, Result};
use ndarray::Array5;
use polymicros::diffusion::Preconditioning;
use polymicros::network::{Arithmetic, Cpu, UNet, UNetConfig};
use polymicros::peak_memory;
use polymicros::training::{Objective, Optimiser};
use serde_json::json;
use std::time::Instant;

/// Time a forward pass and a training step of a network with random weights, and take the peak
/// of memory of each.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  polymicros network bench --base 16 --mults 1,2,4 --edge 32 \
        --batch 1 --threads 2\n  \
        polymicros network bench --base 32 --mults 4,8,16 --edge 64 --forward --json"
)]
pub(in crate::commands) struct Plan {
    /// Channels of the first level.
    #[arg(long, default_value_t = 16)]
    base: usize,
    /// Channels of the following levels, in multiples of base.
    #[arg(long, value_delimiter = ',', default_value = "1,2,4")]
    mults: Vec<usize>,
    /// Voxels along each edge.
    #[arg(long, default_value_t = 32)]
    edge: usize,
    /// Fields at a time.
    #[arg(long, default_value_t = 1)]
    batch: usize,
    /// Threads; without it, one for each processor core.
    #[arg(long)]
    threads: Option<usize>,
    /// Runs after a warm-up; their median is told.
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// What convolutions see beyond the edge.
    #[arg(long, value_enum, default_value = "replicate")]
    padding: Edge,
    /// How matrix products are computed: f32, or bf16.
    #[arg(long, default_value = "f32")]
    precision: Arithmetic,
    /// Leave out the training step, and with it the memory that it takes.
    #[arg(long)]
    forward: bool,
}

/// A median, and the process' peak of memory after the runs.
struct Cost {
    milliseconds: f64,
    peak: Option<u64>,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(plan.threads.unwrap_or(0))
        .build()
        .map_err(|e| Error::Usage(e.to_string()))?
        .install(|| time(plan, json))
}

fn time(plan: &Plan, json: bool) -> Result<()> {
    let config = UNetConfig {
        base: plan.base,
        multipliers: plan.mults.clone(),
        ..UNetConfig::desk()
    };
    let channels = config.channels;
    let mut network = UNet::initial(config, 1, &Cpu::default())?.with(plan.precision)?;
    let parameters = network.parameters().count();
    let (padding, edge) = (plan.padding.into(), plan.edge);
    let shape = (plan.batch, channels, edge, edge, edge);
    let x = Array5::from_shape_fn(shape, |(b, c, x, y, z)| {
        0.4 * ((b + 2 * c + 3 * x + 5 * y + 7 * z) as f32).sin()
    });
    let mut progress = Progress::new("network bench");
    let t = vec![0.0; plan.batch];
    // The forward pass first: the peak of memory never falls.
    let forward = cost("forward", plan.runs, &mut progress, |_| {
        Ok(network.apply(&x, &t, padding).map(drop)?)
    })?;
    let objective = Objective {
        preconditioning: Preconditioning::default(),
        padding,
    };
    let step = if plan.forward {
        None
    } else {
        let mut weights = network.parameters().values();
        let mut optimiser = Optimiser::adamw(weights.iter().map(Vec::len), 0.01);
        Some(cost("training step", plan.runs, &mut progress, |run| {
            let batches = std::iter::once(Ok((x.clone(), run)));
            let (_, gradients) = objective.mean_gradients(&network, batches, 1)?;
            optimiser.step(&mut weights, &gradients, 1e-4);
            network.parameters_mut().set_all(&weights);
            Ok(())
        })?)
    };
    drop(progress);
    if json {
        let megabytes = |cost: &Cost| cost.peak.map(|peak| peak as f64 / 1e6);
        println!(
            "{}",
            json!({
                "parameters": parameters,
                "forward_ms": forward.milliseconds,
                "forward_peak_mb": megabytes(&forward),
                "step_ms": step.as_ref().map(|step| step.milliseconds),
                "step_peak_mb": step.as_ref().map(megabytes),
            })
        );
        return Ok(());
    }
    let costs = [("forward", Some(forward)), ("training step", step)];
    let told = costs
        .iter()
        .filter_map(|(name, cost)| Some((name, cost.as_ref()?)));
    let times: Vec<String> = told
        .clone()
        .map(|(name, cost)| format!("{name} {:.1} ms", cost.milliseconds))
        .collect();
    println!("{}", times.join(", "));
    for (name, cost) in told {
        if let Some(peak) = cost.peak {
            println!("peak memory, {name}: {:.0} MB", peak as f64 / 1e6);
        }
    }
    Ok(())
}

/// The median of some runs after one that does not count.
fn cost(
    name: &str,
    runs: usize,
    progress: &mut Progress,
    mut work: impl FnMut(u64) -> Result<()>,
) -> Result<Cost> {
    let mut times = Vec::with_capacity(runs);
    for run in 0..=runs {
        progress.say(&format!("{name}, run {run} of {runs}"));
        let start = Instant::now();
        work(run as u64)?;
        if run > 0 {
            times.push(1e3 * start.elapsed().as_secs_f64());
        }
    }
    times.sort_by(f64::total_cmp);
    let milliseconds = *times
        .get(times.len() / 2)
        .ok_or_else(|| Error::Usage("--runs must not be zero".into()))?;
    Ok(Cost {
        milliseconds,
        peak: peak_memory(),
    })
}
