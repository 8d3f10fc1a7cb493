//! Datasets in one call.

use polymicros::generation::dataset::{Check, Dataset, DatasetSettings, LocalModels, Shard};
use polymicros::generation::diversity::{Comparison, DiversitySettings};
use polymicros::{Error, Result};
use std::ops::ControlFlow;

/// Begins a dataset in a folder, or goes on with it, and makes at most `most` of the structures
/// that are not there.
///
/// # Errors
/// When the folder holds another dataset, or a structure cannot be made.
pub fn make_dataset(settings: &DatasetSettings, folder: &str, most: usize) -> Result<Dataset> {
    let mut models = LocalModels::new(settings)?;
    let dataset = Dataset::create(settings.clone(), &models, folder)?;
    let on = |_: &_| ControlFlow::Continue(());
    dataset.make(&mut models, Shard::WHOLE, Some(most), on)?;
    Ok(dataset)
}

/// Looks at every byte of the dataset of a folder.
///
/// # Errors
/// When there is none.
pub fn check_dataset(folder: &str) -> Result<Check> {
    Dataset::described(folder)?.check(|_| {})
}

/// Makes again what is missing or damaged in the dataset of a folder, and tells how many
/// structures that were.
///
/// # Errors
/// When the weights are not those that the dataset was made with, or a structure comes out
/// differently.
pub fn repair_dataset(folder: &str) -> Result<usize> {
    let dataset = Dataset::described(folder)?;
    let mut models = LocalModels::new(dataset.settings())?;
    let check = dataset.check(|_| {})?;
    dataset.repair(&check, &mut models, |_| ControlFlow::Continue(()))
}

/// A dataset beside as many structures of each reference.
///
/// # Errors
/// When the dataset has fewer than three structures, or one cannot be read.
pub fn compare_diversity(dataset: &Dataset, settings: &DiversitySettings) -> Result<Comparison> {
    Comparison::of_dataset(dataset, settings, |_, _| {})
}

/// A new folder for the time of a notebook, below the system's folder for temporary files.
///
/// # Errors
/// When it cannot be made.
pub fn scratch_folder(name: &str) -> Result<String> {
    let path = std::env::temp_dir().join(format!("polymicros-{}-{name}", std::process::id()));
    if path.exists() {
        std::fs::remove_dir_all(&path).map_err(|e| Error::io(&path, e))?;
    }
    std::fs::create_dir_all(&path).map_err(|e| Error::io(&path, e))?;
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Error::value("folder", format!("{path:?} is no text")))
}
