//! How generated fields compare with an experiment's.

use super::{Progress, volumes};
use crate::{Error, Result};
use clap::Args;
use polymicros::training::Source;
use polymicros_prelude::{Field, Realism, RealismSettings};
use std::path::PathBuf;

/// How generated neighbourhoods compare with an experiment's: orientation gradient, chord
/// lengths and interior voxels, with two halves of the experiment as the yardstick.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example:\n  polymicros realism out/*.npz --source volume.h5\n  \
        polymicros realism field.npz --source stand-in:columnar:64:9 --json\n\n\
        A ratio of about 1: not to be told from the experiment.\n\
        Exit code 0: compared. 1: it was not, and the message says why."
)]
pub(super) struct Plan {
    /// Generated fields, as .npz (array `field`: channel, x, y, z).
    #[arg(required = true, value_name = "FIELD")]
    fields: Vec<PathBuf>,
    /// Volumes of the experiment: files in any format that is read, parts of them where all voxels
    /// are valid as FILE[x0:x1,y0:y1,z0:z1], stand-in:NAME:EDGE:SEED, or dataset:DIR.
    #[arg(long, required = true, num_args = 1.., value_name = "VOLUME")]
    source: Vec<Source>,
    /// Voxels along each edge of a patch.
    #[arg(long, default_value_t = RealismSettings::default().patch)]
    patch: usize,
    /// Neighbouring voxels closer than this in ROGSH are of one grain.
    #[arg(long, default_value_t = RealismSettings::default().threshold)]
    threshold: f64,
}

pub(super) fn run(plan: &Plan, as_json: bool) -> Result<()> {
    let progress = Progress::new("realism");
    progress.say("source");
    let source = volumes::all(&plan.source)?;
    let fields = plan
        .fields
        .iter()
        .map(|path| Ok(Field::open(path)?))
        .collect::<Result<Vec<Field>>>()?;
    progress.say("neighbourhoods");
    let settings = RealismSettings {
        patch: plan.patch,
        threshold: plan.threshold,
    };
    let found = Realism::compare(&source, &fields, settings)?;
    if as_json {
        let mut value = serde_json::to_value(&found).map_err(|e| Error::Usage(e.to_string()))?;
        value["worst"] = found.worst().into();
        println!("{value}");
    } else {
        print!("{found}");
        println!(
            "{} patches of {}^3 in each sample",
            found.patches, plan.patch
        );
    }
    Ok(())
}
