//! The synthetic dataset (paper 3, B.2): structures on disk, with all that is known of them.
//!
//! # On disk
//!
//! | file | what it is |
//! | --- | --- |
//! | `dataset.json` | the [`Description`]: settings, hashes of the weights, version |
//! | `structures.zarr` | a Zarr v3 store, which xarray and zarr-python open |
//! | `records/00017.json` | the [`Record`] of structure 17 |
//! | `manifest.json` | once all structures are there: the SHA-256 of every other file |
//!
//! In the store, `rogsh` (`structure, channel, x, y, z`) or `codes` (`structure, x, y, z`) hold the
//! voxels, one chunk and so one file a structure. `parameters` holds the kernels' parameters, and
//! arrays along `structure` say which set of them each structure has, its local model, seeds and
//! mean; when all structures are there, grain counts and what the code has lost as well.
//!
//! # Whole or not at all
//!
//! A structure's chunk is written beside its place and renamed, and then its record is. A structure
//! that has a record is complete; any other is made (again), with the same bytes, since all that is
//! random in it follows from the settings and its number. All other files follow from the settings
//! and the records. So a process may be killed at any moment and loses at most the structure in
//! hand, several may work on parts of one dataset, in one folder or in several that are copied
//! together afterwards, and at the end all bytes are those of an undisturbed run. No file holds a
//! time, a path of the machine beyond those in the settings, or anything else that could differ.

mod check;
mod description;
mod generator;
mod layout;
mod making;
mod recipe;
mod record;
mod settings;
mod voxels;
mod zarr;

pub use check::{Check, Fault};
pub use description::Description;
pub use generator::{Generator, LocalModels};
pub use making::Made;
pub use recipe::{Order, Recipe, Shard};
pub use record::{Lost, Record};
pub use settings::{DatasetSettings, Encoding, ModelSettings};

use crate::microstructure::{Field, Grid};
use crate::orientation::ROGSH_NAMES;
use crate::random_field::MosmParameters;
use crate::{Error, Result, save_whole, sha256};
use record::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use voxels::Coder;

const STORE: &str = "structures.zarr";
const RECORDS: &str = "records";
const MANIFEST: &str = "manifest.json";

/// A dataset in a folder: to read, to [make](Dataset::make), or to
/// [check](Dataset::check).
#[derive(Debug, Clone)]
pub struct Dataset {
    folder: PathBuf,
    description: Description,
    design: Vec<MosmParameters>,
    coder: Coder,
}

impl Dataset {
    /// Begins a dataset in a folder, or goes on with the one that is there.
    ///
    /// # Errors
    /// When the settings make no sense, the folder holds another dataset (the message says what
    /// differs), or cannot be written.
    pub fn create(
        settings: DatasetSettings,
        generator: &dyn Generator,
        folder: impl AsRef<Path>,
    ) -> Result<Self> {
        settings.check()?;
        let folder = folder.as_ref();
        let description = Description::new(settings, generator.weights());
        if Description::path(folder).exists() {
            let found = Self::open(folder)?;
            found.description.agrees_with(&description, folder)?;
            return Ok(found);
        }
        let dataset = Dataset {
            folder: folder.to_owned(),
            design: description.settings.design()?.parameters,
            coder: Coder::new(description.settings.encoding)?,
            description,
        };
        make_folder(&folder.join(RECORDS))?;
        make_folder(&folder.join(STORE).join(dataset.voxels().name))?;
        dataset.write_files(&dataset.files(None)?)?;
        // Last: a folder with a description has all that reading needs.
        save_whole(Description::path(folder), &json(&dataset.description)?)?;
        Ok(dataset)
    }

    /// Opens the dataset of a folder, complete or not.
    ///
    /// # Errors
    /// When there is none, or what describes it is damaged.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let description = Description::read(folder)?;
        let store = folder.join(STORE);
        let read = |key: String| {
            let path = store.join(key);
            std::fs::read(&path).map_err(|e| Error::io(&path, e))
        };
        let spec = layout::parameters(&description)?;
        let vectors: Vec<f64> = spec.decode(0, read(spec.key(0))?)?;
        let (sets, channels) = (spec.shape[0], spec.shape[2]);
        let coder = match description.settings.encoding {
            Encoding::Values => Coder::Values,
            Encoding::Codes => {
                let metadata = read("table/zarr.json".to_owned())?;
                let spec = layout::table(entries(&store, &metadata)?);
                Coder::Codes(layout::table_from(
                    &spec.decode::<f32>(0, read(spec.key(0))?)?,
                )?)
            }
        };
        Ok(Dataset {
            folder: folder.to_owned(),
            design: layout::parameters_from(channels, sets, &vectors)?,
            coder,
            description,
        })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it is made of.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Its settings.
    pub fn settings(&self) -> &DatasetSettings {
        &self.description.settings
    }

    /// How many structures it has when it is complete.
    pub fn count(&self) -> usize {
        self.settings().count
    }

    /// The structures that are there, in order.
    pub fn made(&self) -> Vec<usize> {
        (0..self.count()).filter(|&i| self.is_made(i)).collect()
    }

    /// The parameters of each set of statistics.
    pub fn design(&self) -> &[MosmParameters] {
        &self.design
    }

    /// The kernel parameters of a structure.
    ///
    /// # Errors
    /// When there is no such structure.
    pub fn parameters(&self, structure: usize) -> Result<&MosmParameters> {
        let recipe = self.settings().recipe(structure)?;
        self.design.get(recipe.statistics).ok_or_else(|| {
            let problem = format!("{} asked of {}", recipe.statistics, self.design.len());
            Error::value("set of statistics", problem)
        })
    }

    /// A structure's record.
    ///
    /// # Errors
    /// When the structure is not there, or its record is damaged.
    pub fn record(&self, structure: usize) -> Result<Record> {
        Record::read(&self.record_path(structure))
    }

    /// The records of all structures that are there, in order.
    ///
    /// # Errors
    /// When one is damaged.
    pub fn records(&self) -> Result<Vec<Record>> {
        self.made().into_iter().map(|i| self.record(i)).collect()
    }

    /// A structure: three channels of ROGSH values, of mean zero where values are stored, and
    /// about so where codes are.
    ///
    /// # Errors
    /// When the structure is not there, or damaged.
    pub fn field(&self, structure: usize) -> Result<Field> {
        let settings = self.settings();
        let recipe = settings.recipe(structure)?;
        let path = self.chunk_path(structure);
        let bytes = std::fs::read(&path).map_err(|e| Error::io(&path, e))?;
        let voxels = layout::decode(&self.voxels(), settings.encoding, structure, bytes)
            .map_err(|e| Error::format(&path, "chunk", e.to_string()))?;
        let mean = settings.models[recipe.model].mean;
        let values = self.coder.decode(voxels, [settings.edge; 3], mean)?;
        Field::new(Grid::cube(settings.edge)?, ROGSH_NAMES, values)
    }

    /// A structure as the ROGSH values of orientations: with its model's mean added.
    ///
    /// # Errors
    /// As [`field`](Self::field).
    pub fn rogsh(&self, structure: usize) -> Result<Field> {
        let recipe = self.settings().recipe(structure)?;
        let mean = self.settings().models[recipe.model].mean;
        self.field(structure)?.shifted(&mean)
    }

    fn voxels(&self) -> zarr::Spec {
        layout::voxels(&self.description)
    }

    fn chunk_path(&self, structure: usize) -> PathBuf {
        self.folder.join(STORE).join(self.voxels().key(structure))
    }

    fn record_path(&self, structure: usize) -> PathBuf {
        self.folder.join(record_name(structure))
    }

    /// Whether a structure has a record and a chunk of its size. Whether its bytes are right,
    /// [`check`](Self::check) tells.
    fn is_made(&self, structure: usize) -> bool {
        let Ok(record) = self.record(structure) else {
            return false;
        };
        let chunk = std::fs::metadata(self.chunk_path(structure));
        chunk.is_ok_and(|chunk| chunk.len() == record.bytes as u64)
    }

    /// All files of the store but the structures' chunks.
    fn files(&self, records: Option<&[Record]>) -> Result<BTreeMap<String, Vec<u8>>> {
        layout::files(&self.description, &self.design, &self.coder, records)
    }

    /// Writes files of the store that are not there as they should be.
    fn write_files(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
        for (key, bytes) in files {
            let path = self.folder.join(STORE).join(key);
            if std::fs::read(&path).is_ok_and(|found| found == *bytes) {
                continue;
            }
            if let Some(parent) = path.parent() {
                make_folder(parent)?;
            }
            save_whole(&path, bytes)?;
        }
        Ok(())
    }
}

/// How many entries the table has, by its metadata.
fn entries(store: &Path, metadata: &[u8]) -> Result<usize> {
    let value: serde_json::Value = serde_json::from_slice(metadata).unwrap_or_default();
    let entries = value["shape"][0].as_u64();
    entries.map(|n| n as usize).ok_or_else(|| {
        Error::format(
            store.join("table/zarr.json"),
            "shape",
            "no number of entries",
        )
    })
}

fn record_name(structure: usize) -> String {
    format!("{RECORDS}/{structure:05}.json")
}

fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|e| Error::io(path, e))
}

#[cfg(test)]
mod tests;
