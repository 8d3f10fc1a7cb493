//! At which noise level a model loses what is real.

use super::names::{Place, SolverName};
use super::{Progress, volumes};
use crate::Result;
use clap::Args;
use polymicros::diffusion::{Sampler, TrainedNetwork};
use polymicros::training::Source;
use polymicros_prelude::{Measure, RealismLoss, RealismSettings, realism_loss_chart};
use serde_json::json;
use std::path::PathBuf;

/// How real a volume of an experiment still is when noise of each level has been added to it and a
/// model has taken it off again: where the model is to learn more.
///
/// A perfect model would stay at the volume's own ratios at every level.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  polymicros realism-loss model.safetensors --volume \
        stand-in:twinned:48:204 --source stand-in:twinned:64:203\n  \
        polymicros realism-loss model.safetensors --volume held_out.h5 --source volume.h5 --picture \
        loss.png --json\n\n\
        A ratio of about 1: not to be told from the experiment.\n\
        Exit code 0: measured. 1: it was not, and the message says why."
)]
pub(super) struct Plan {
    /// The local model, as training writes it. Beyond an edge its convolutions see what they saw in
    /// training: the other side, or the edge again.
    weights: PathBuf,
    /// A volume of the experiment that noise is added to: a file in any format that is read, a
    /// part of it where all voxels are valid as FILE[x0:x1,y0:y1,z0:z1], or
    /// stand-in:NAME:EDGE:SEED.
    #[arg(long, value_name = "VOLUME")]
    volume: Source,
    /// Other volumes of the experiment, that it is compared with.
    #[arg(long, required = true, num_args = 1.., value_name = "VOLUME")]
    source: Vec<Source>,
    /// Noise levels, separated by commas; the nearest of the sampler's 25 that is not above is
    /// taken.
    #[arg(long, value_delimiter = ',', default_values_t = [0.005, 0.02, 0.06, 0.2, 0.5, 1.2, 3.0, 10.0])]
    levels: Vec<f64>,
    /// Heun's method, as in the paper, or one of half as many evaluations.
    #[arg(long, value_enum, default_value = "multistep")]
    solver: SolverName,
    /// Decides the noise.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write a picture of the ratios, as .png.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(plan: &Plan, as_json: bool) -> Result<()> {
    let model = TrainedNetwork::open(&plan.weights, plan.place.device)?;
    let progress = Progress::new("realism-loss");
    progress.say("volumes");
    let volume = volumes::only(&plan.volume, "--volume")?;
    let source = volumes::all(&plan.source)?;
    let sampler = Sampler {
        solver: plan.solver.into(),
        ..Sampler::default()
    };
    let to = (&source[..], RealismSettings::default());
    let (levels, seed) = (&plan.levels, plan.seed);
    let found = RealismLoss::measure(&sampler, &model, &volume, levels, to, seed, |done| {
        progress.say(&format!("level {done} of {}", levels.len()));
        Ok(())
    })?;
    if let Some(path) = &plan.picture {
        realism_loss_chart(&found, &plan.weights.display().to_string())
            .picture()?
            .save(path)?;
    }
    if as_json {
        println!("{}", json!(found));
        return Ok(());
    }
    println!("distance / yardstick");
    let names = Measure::ALL.map(|measure| format!("{:>22}", measure.name()));
    println!("{:>9}{}", "sigma", names.concat());
    for one in &found {
        let ratios = one.realism.comparisons.iter();
        let ratios: String = ratios.map(|c| format!("{:>22.2}", c.ratio)).collect();
        println!("{:>9.4}{ratios}", one.sigma);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::untrained::{parsed, untrained};

    #[test]
    fn levels_are_measured_and_two_volumes_for_one_are_refused() -> Result<()> {
        let (folder, weights) = untrained()?;
        let weights = weights.display().to_string();
        let picture = folder.path().join("loss.png");
        let drawn = picture.display().to_string();
        let measure = |volume: &str| {
            let first = [&weights, "--volume", volume, "--picture", &drawn];
            let rest = [
                "--source",
                "stand-in:twinned:32:2",
                "--levels",
                "0.005,0.02",
            ];
            run(&parsed(&[&first[..], &rest[..]].concat()), true)
        };
        measure("stand-in:twinned:16:1")?;
        assert!(picture.is_file());
        let set = format!("dataset:{}/../fixtures/dataset", env!("CARGO_MANIFEST_DIR"));
        let error = measure(&set).err().map(|e| e.to_string());
        assert!(error.is_some_and(|e| e.contains("12 volumes")));
        Ok(())
    }
}
