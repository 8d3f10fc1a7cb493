//! A dataset of synthetic structures, in batch.

use super::names::Place;
use super::{Progress, interrupt};
use crate::Result;
use polymicros::generation::dataset::{Dataset, DatasetSettings, LocalModels, Made, Shard};
use serde_json::json;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Make a dataset of synthetic structures (Algorithm 3); the same command goes on with it.
///
/// OUT gets structures.zarr, a Zarr store that xarray opens; records/, a JSON file a structure;
/// dataset.json; and, once all structures are there, manifest.json. Structures that are there are
/// not made again: killed or stopped, the same command goes on, and ends with the same bytes (on
/// one kind of device: a GPU rounds otherwise than a processor). Ctrl-C drops the structure in hand.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  polymicros generate --config dataset.toml --out dataset\n  \
        polymicros generate --config dataset.toml --out dataset --shard 2/8\n\n\
        A configuration (what is left out is the paper's):\n  count = 300\n  edge = 64\n  \
        encoding = \"codes\"        # or \"values\"\n  order = \"turns\"           \
        # or { combined = 3 }: every set with every model, 3 times\n  [[models]]\n  \
        name = \"columnar\"\n  weights = \"columnar.safetensors\"\n  \
        mean = [0.0, 0.3, 0.0]    # of the volumes that it was trained on\n\n\
        Shards of one dataset may work in one folder, or in several that are copied together.\n\
        Exit code 0: made, or stopped. 1: it was not, and the message says why."
)]
pub(super) struct Plan {
    /// The settings, a TOML file.
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
    /// The folder of the dataset.
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Make only part I of N, for several machines.
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE)]
    pub(super) shard: Shard,
    /// Make at most this many structures now.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    let settings = DatasetSettings::read(&plan.config)?;
    let mut models = LocalModels::new(&settings)?.on(plan.place.device);
    let mut progress = Progress::new(&plan.out.display().to_string());
    progress.say("beginning");
    let dataset = Dataset::create(settings, &models, &plan.out)?;
    interrupt::listen();
    let start = Instant::now();
    let made = dataset.make(&mut models, plan.shard, plan.limit, |made| {
        tell(&mut progress, made, start);
        interrupt::wish()
    })?;
    let (there, count) = (dataset.made().len(), dataset.count());
    let seconds = start.elapsed().as_secs_f64();
    if json {
        println!(
            "{}",
            json!({
                "out": plan.out,
                "made": made,
                "there": there,
                "count": count,
                "complete": there == count,
                "seconds": seconds,
            })
        );
    } else if there == count {
        println!("{count} structures: {}", plan.out.display());
    } else {
        println!("{there} of {count} structures are there");
    }
    Ok(())
}

/// How far the work is.
pub(super) fn tell(progress: &mut Progress, made: &Made, start: Instant) {
    match &made.record {
        None => progress.say(&format!(
            "structure {} ({} of {}), step {}",
            made.structure,
            made.done + 1,
            made.of,
            made.step
        )),
        Some(record) => {
            let each = start.elapsed().as_secs_f64() / made.done as f64;
            let left = Duration::from_secs((each * (made.of - made.done) as f64) as u64);
            progress.keep(&format!(
                "structure {}, {}: {:.1} s, {} of {}, {left:?} left",
                made.structure, record.model, made.seconds, made.done, made.of
            ));
        }
    }
}
