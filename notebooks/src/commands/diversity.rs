//! How diverse a dataset is, beside sets of other kinds.

use super::Progress;
use crate::{Error, Result};
use polymicros::display::{diversity_curves, diversity_scatter};
use polymicros::generation::dataset::Dataset;
use polymicros::generation::diversity::{Comparison, DiversitySettings, Extent, Scale};
use polymicros_prelude::diversity_table;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Compare a dataset's diversity with that of other kinds of sets (Fig. 3).
///
/// As many structures of each reference are made as the dataset has (or --count says), on the same
/// grid: packed ellipsoids (the kind of DREAM.3D), two-phase random fields (MICRO2D) and a single
/// process (HT-EBSD). Principal components of all covariances tell in how many directions each set
/// differs and how far.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:\n  polymicros diversity dataset\n  \
        polymicros diversity dataset --sections --out figures --json\n\n\
        Exit code 0: compared, whatever came out. 1: it could not be, and the message says why.")]
pub(super) struct Plan {
    /// The folder of the dataset.
    folder: PathBuf,
    /// At most this many structures of each set.
    #[arg(long, default_value_t = DiversitySettings::default().count)]
    count: usize,
    /// Decides the references and the repetitions for the intervals.
    #[arg(long, default_value_t = DiversitySettings::default().seed)]
    seed: u64,
    /// Compare a plane of each volume instead of all of it.
    #[arg(long)]
    sections: bool,
    /// Compare correlations: how strongly the channels vary does not count.
    #[arg(long)]
    correlations: bool,
    /// A folder for explained_variance.png, scores.png, diversity.csv and diversity.json.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    let settings = DiversitySettings {
        count: plan.count,
        seed: plan.seed,
        extent: match plan.sections {
            true => Extent::Sections,
            false => Extent::Volumes,
        },
        scale: match plan.correlations {
            true => Scale::Correlations,
            false => Scale::Covariances,
        },
        ..DiversitySettings::default()
    };
    let dataset = Dataset::open(&plan.folder)?;
    let progress = Mutex::new(Progress::new(&plan.folder.display().to_string()));
    let compared = Comparison::of_dataset(&dataset, &settings, |set, done| {
        if let Ok(progress) = progress.lock() {
            progress.say(&format!("{set}: structure {done}"));
        }
    })?;
    drop(progress);
    if let Some(out) = &plan.out {
        save(&compared, out)?;
    }
    let needs_most = compared.needs_most();
    if json {
        println!(
            "{}",
            json!({ "needs_most": needs_most, "comparison": compared })
        );
        return Ok(());
    }
    println!("{}", diversity_table(&compared)?);
    for (share, most) in [90, 99].into_iter().zip(needs_most) {
        let said = if most {
            "needs"
        } else {
            "does not clearly need"
        };
        println!("{share} %: this dataset {said} more components than every reference");
    }
    Ok(())
}

fn save(compared: &Comparison, out: &Path) -> Result<()> {
    std::fs::create_dir_all(out).map_err(|e| Error::io(out, e))?;
    diversity_curves(compared)?.save(out.join("explained_variance.png"))?;
    diversity_scatter(compared)?.save(out.join("scores.png"))?;
    diversity_table(compared)?.to_csv(out.join("diversity.csv"))?;
    compared.save(out.join("diversity.json"))?;
    Ok(())
}
