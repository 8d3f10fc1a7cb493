//! Whether a model denoises better than what learned nothing.

use super::Progress;
use super::names::Place;
use crate::{Error, Result};
use clap::Args;
use polymicros::diffusion::TrainedNetwork;
use polymicros::network::Padding;
use polymicros::training::{DenoisingTest, PatchSet, Source};
use polymicros_prelude::denoising_chart;
use std::path::PathBuf;

/// The denoising error of a network at each noise level, beside those of filters (Gaussian,
/// median, total variation) at their best and of doing nothing.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  polymicros denoise-check model.safetensors held_out.h5\n  \
        polymicros denoise-check model.safetensors stand-in:columnar:64:9 --picture \
        errors.png --json\n\n\
        Patches from the first half of the volumes choose the filters' parameters, those of \
        the other half give the errors. A network that was trained on periodic volumes sees \
        replicated edges in patches that are smaller than the volumes.\n\
        Exit code 0: measured, whoever was better. 1: it was not, and the message says why."
)]
pub(super) struct Plan {
    /// The network, as training writes it.
    weights: PathBuf,
    /// Volumes that the network did not learn from: files in any format that is read, parts of
    /// them where all voxels are valid as FILE[x0:x1,y0:y1,z0:z1], stand-in:NAME:EDGE:SEED, or
    /// dataset:DIR.
    #[arg(required = true, value_name = "VOLUME")]
    volumes: Vec<Source>,
    /// Voxels along each edge of a patch.
    #[arg(long, default_value_t = 16)]
    patch: usize,
    /// How many patches the errors are measured on, and as many others to choose the filters'
    /// parameters on.
    #[arg(long, default_value_t = 16)]
    patches: usize,
    /// Noise levels, separated by commas.
    #[arg(long, value_delimiter = ',', default_values_t = DenoisingTest::levels())]
    levels: Vec<f64>,
    /// Decides the noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write a picture of the errors, as .png.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(plan: &Plan, as_json: bool) -> Result<()> {
    let mut denoiser = TrainedNetwork::open(&plan.weights, plan.place.device)?;
    let progress = Progress::new("denoise-check");
    progress.say("volumes");
    let all = PatchSet::of(&plan.volumes, plan.patch, plan.patch, false, plan.seed)?;
    if denoiser.padding() == Padding::Periodic && !all.are_whole() {
        // Opposite faces of a part do not meet, as those of the volume that it is from do.
        denoiser = denoiser.with_padding(Padding::Replicate);
    }
    let mut tuning = all.evenly(2 * plan.patches);
    if tuning.len() < 2 {
        let problem = "the volumes hold one patch; two are needed, one to choose the filters' \
                       parameters on: a smaller --patch, or more volumes";
        return Err(Error::Usage(problem.into()));
    }
    // Patches come in the order of their places: the two lists are from the volumes' two ends.
    let held_out = tuning.split_off(tuning.len() / 2);
    progress.say("filters");
    let test = DenoisingTest::new(&tuning, &held_out, &plan.levels, plan.seed)?;
    progress.say("model");
    let found = test.measure("model", &denoiser)?;
    if let Some(path) = &plan.picture {
        denoising_chart(&found, &plan.weights.display().to_string())
            .picture()?
            .save(path)?;
    }
    let beaten = found.beaten_at();
    if as_json {
        let mut value = serde_json::to_value(&found).map_err(|e| Error::Usage(e.to_string()))?;
        value["beaten_at"] = beaten.into();
        println!("{value}");
    } else {
        print!("{found}");
        match beaten[..] {
            [] => println!("The model has the least error at every level."),
            _ => println!("At {beaten:?} another way has less error than the model."),
        }
    }
    Ok(())
}
