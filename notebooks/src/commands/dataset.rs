//! What is in a dataset, and whether it is as it was made.

use super::names::Place;
use super::{Progress, generate, interrupt};
use crate::{Error, Result};
use polymicros::generation::dataset::{Check, Dataset, LocalModels};
use polymicros::network::Device;
use polymicros_prelude::dataset_table_with_parameters;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Check, repair or list a dataset.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Look at every byte; with --repair, make again what is missing or damaged.
    #[command(after_help = "Examples:\n  polymicros dataset check dataset\n  \
            polymicros dataset check dataset --repair\n\n\
            Weights are looked for where the settings say, from the working directory.\n\
            Exit code 0: all is as it should be, or is again. 1: something is not.")]
    Check {
        /// The folder of the dataset.
        folder: PathBuf,
        /// Make again what is missing or damaged.
        #[arg(long)]
        repair: bool,
        #[command(flatten)]
        place: Place,
    },
    /// A table of all structures: parameters, statistics, grain counts.
    #[command(after_help = "Example:\n  polymicros dataset table dataset --out table.csv")]
    Table {
        /// The folder of the dataset.
        folder: PathBuf,
        /// The file to write, .csv.
        #[arg(long)]
        out: PathBuf,
    },
}

pub(super) fn run(command: &Command, json: bool) -> Result<()> {
    match command {
        Command::Check {
            folder,
            repair,
            place,
        } => check(folder, *repair, place.device, json),
        Command::Table { folder, out } => table(folder, out, json),
    }
}

fn check(folder: &Path, repair: bool, device: Device, json: bool) -> Result<()> {
    let dataset = Dataset::described(folder)?;
    let mut progress = Progress::new(&folder.display().to_string());
    let look = |progress: &Progress| {
        dataset.check(|done| progress.say(&format!("structure {done} of {}", dataset.count())))
    };
    let mut found = look(&progress)?;
    for (structure, fault) in &found.structures {
        progress.keep(&format!("structure {structure}: {fault}"));
    }
    for (name, fault) in &found.files {
        progress.keep(&format!("{name}: {fault}"));
    }
    let mut repaired = 0;
    if repair && !found.is_sound() {
        let mut models = LocalModels::new(dataset.settings())?.on(device);
        interrupt::listen();
        let start = Instant::now();
        repaired = dataset.repair(&found, &mut models, |made| {
            generate::tell(&mut progress, made, start);
            interrupt::wish()
        })?;
        found = look(&progress)?;
    }
    if json {
        println!("{}", told(folder, dataset.count(), &found, repaired));
    }
    if found.is_sound() {
        if !json {
            println!("{} structures, as they were made", dataset.count());
        }
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{}: of {} structures {} missing and {} damaged, and {} other files; --repair makes them \
         again",
        folder.display(),
        dataset.count(),
        found.missing(),
        found.damaged(),
        found.files.len()
    )))
}

fn told(folder: &Path, count: usize, found: &Check, repaired: usize) -> serde_json::Value {
    let structures = found
        .structures
        .iter()
        .map(|(structure, fault)| json!({ "structure": structure, "fault": fault.to_string() }));
    let files = found
        .files
        .iter()
        .map(|(name, fault)| json!({ "file": name, "fault": fault.to_string() }));
    json!({
        "folder": folder,
        "count": count,
        "sound": found.is_sound(),
        "repaired": repaired,
        "structures": structures.collect::<Vec<_>>(),
        "files": files.collect::<Vec<_>>(),
    })
}

fn table(folder: &Path, out: &Path, json: bool) -> Result<()> {
    let table = dataset_table_with_parameters(&Dataset::open(folder)?)?;
    table.to_csv(out)?;
    let (rows, columns) = (table.rows(), table.frame().width());
    if json {
        println!(
            "{}",
            json!({ "out": out, "rows": rows, "columns": columns })
        );
    } else {
        println!("{rows} structures, {columns} columns: {}", out.display());
    }
    Ok(())
}
