//! Making the structures of a dataset, one after the other.

use super::description::DESCRIPTION;
use super::record::json;
use super::{
    Dataset, Generator, MANIFEST, RECORDS, Record, STORE, Shard, layout, record_name, sha256,
};
use crate::{Error, Result, UNFINISHED, save_whole};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

/// How far the making of structures is; told after every step of a refinement, and after every
/// structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The structure in hand.
    pub structure: usize,
    /// How many are done here.
    pub done: usize,
    /// How many there were to make.
    pub of: usize,
    /// The steps of the refinement that are done, those skipped included.
    pub step: usize,
    /// Its record, once it is there.
    pub record: Option<Record>,
    /// Seconds since it was begun.
    pub seconds: f64,
}

/// The SHA-256 of every file of a complete dataset but its own, by path from the dataset's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) structures: usize,
    pub(super) files: BTreeMap<String, String>,
}

impl Dataset {
    /// Makes those structures of a shard that are not there, at most `limit` of them, and completes
    /// the dataset when it has them all. `report` hears of every step and structure, and may end
    /// the work by breaking; the structure in hand is then lost, and made again another time.
    ///
    /// Returns how many structures were made.
    ///
    /// # Errors
    /// When a structure cannot be made, or the folder cannot be written; those made before stay.
    pub fn make(
        &self,
        generator: &mut dyn Generator,
        shard: Shard,
        limit: Option<usize>,
        mut report: impl FnMut(&Made) -> ControlFlow<()>,
    ) -> Result<usize> {
        let missing = (0..self.count()).filter(|&i| shard.contains(i) && !self.is_made(i));
        let missing: Vec<usize> = missing.take(limit.unwrap_or(usize::MAX)).collect();
        self.make_these(generator, &missing, &|_| None, &mut report)
    }

    /// Makes these structures, and completes the dataset when all are there. Where it is known
    /// what a structure's chunk was (its SHA-256), another one is not written.
    pub(super) fn make_these(
        &self,
        generator: &mut dyn Generator,
        structures: &[usize],
        known: &dyn Fn(usize) -> Option<String>,
        report: &mut dyn FnMut(&Made) -> ControlFlow<()>,
    ) -> Result<usize> {
        self.knows(generator)?;
        let of = structures.len();
        for (done, &structure) in structures.iter().enumerate() {
            let begun = Made {
                structure,
                done,
                of,
                step: 0,
                record: None,
                seconds: 0.0,
            };
            let start = Instant::now();
            let Some((record, bytes)) = self.make_one(generator, &begun, report)? else {
                return Ok(done);
            };
            if known(structure).is_some_and(|known| known != record.sha256) {
                let what = format!("structure {structure}");
                let problem = "made again, it came out differently than it was";
                return Err(Error::numerical(what, problem));
            }
            self.keep(&record, &bytes)?;
            let made = Made {
                done: done + 1,
                record: Some(record),
                seconds: start.elapsed().as_secs_f64(),
                ..begun
            };
            if report(&made).is_break() {
                return Ok(done + 1);
            }
        }
        self.complete()?;
        Ok(of)
    }

    /// Refuses models and procedures that the dataset was not begun with.
    fn knows(&self, generator: &dyn Generator) -> Result<()> {
        self.description().is_of_this_procedure(self.folder())?;
        let (found, expected) = (generator.weights(), &self.description().weights);
        match (0..expected.len()).find(|&at| found.get(at) != expected.get(at)) {
            None => Ok(()),
            Some(at) => {
                let what = format!("weights of {}", self.settings().models[at].name);
                let problem = "not those that the dataset was made with";
                Err(Error::value(what, problem))
            }
        }
    }

    /// A structure's record and the bytes of its chunk; none where `report` broke off.
    pub(super) fn make_one(
        &self,
        generator: &mut dyn Generator,
        begun: &Made,
        report: &mut dyn FnMut(&Made) -> ControlFlow<()>,
    ) -> Result<Option<(Record, Vec<u8>)>> {
        let structure = begun.structure;
        let recipe = self.settings().recipe(structure)?;
        let model = &self.settings().models[recipe.model];
        let start = Instant::now();
        let mut stopped = false;
        let mut progress = |step: usize| {
            let so_far = Made {
                step,
                seconds: start.elapsed().as_secs_f64(),
                ..begun.clone()
            };
            stopped = report(&so_far).is_break();
            match stopped {
                true => Err(Error::value("generation", "stopped")),
                false => Ok(()),
            }
        };
        let made = generator.make(&recipe, self.parameters(structure)?, &mut progress);
        if stopped {
            return Ok(None);
        }
        let of_structure =
            |e: Error| Error::numerical(format!("structure {structure}"), e.to_string());
        let field = made.map_err(of_structure)?;
        let (voxels, lost) = self.coder.encode(&field, model.mean)?;
        let bytes = layout::encode(&self.voxels(), structure, &voxels)?;
        let threshold = self.settings().grain_threshold;
        let record = Record::new(&recipe, &model.name, &field, threshold, lost, &bytes)?;
        Ok(Some((record, bytes)))
    }

    /// Writes a structure: its chunk first, and last the record, which says that it is there.
    pub(super) fn keep(&self, record: &Record, bytes: &[u8]) -> Result<()> {
        save_whole(self.chunk_path(record.structure), bytes)?;
        save_whole(self.record_path(record.structure), &record.to_json()?)
    }

    /// Writes what a complete dataset has beside its structures: arrays of their records, and the
    /// manifest. Returns whether it is complete.
    ///
    /// # Errors
    /// When a record is damaged, or the folder cannot be written.
    pub fn complete(&self) -> Result<bool> {
        let made = self.made();
        if made.len() < self.count() {
            return Ok(false);
        }
        let records = self.records()?;
        let files = self.files(Some(&records))?;
        self.write_files(&files)?;
        self.sweep(files.keys())?;
        let manifest = json(&self.manifest(&records, &files)?)?;
        let path = self.folder().join(MANIFEST);
        if std::fs::read(&path).is_ok_and(|found| found == manifest) {
            return Ok(true);
        }
        save_whole(path, &manifest)?;
        Ok(true)
    }

    pub(super) fn manifest(
        &self,
        records: &[Record],
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Manifest> {
        let mut hashes = BTreeMap::new();
        hashes.insert(DESCRIPTION.to_owned(), sha256(&json(self.description())?));
        for (key, bytes) in files {
            hashes.insert(format!("{STORE}/{key}"), sha256(bytes));
        }
        for record in records {
            let chunk = format!("{STORE}/{}", self.voxels().key(record.structure));
            hashes.insert(chunk, record.sha256.clone());
            hashes.insert(record_name(record.structure), sha256(&record.to_json()?));
        }
        Ok(Manifest {
            structures: records.len(),
            files: hashes,
        })
    }

    /// Takes away what killed processes have left unfinished, wherever files of a dataset are.
    /// Nobody is at work any more when all structures are there.
    fn sweep<'a>(&self, files: impl Iterator<Item = &'a String>) -> Result<()> {
        let store = self.folder().join(STORE);
        let mut folders = BTreeSet::from([
            self.folder().to_owned(),
            self.folder().join(RECORDS),
            store.join(self.voxels().name),
        ]);
        folders.extend(files.filter_map(|key| Some(store.join(key).parent()?.to_owned())));
        for folder in folders {
            for name in names(&folder)? {
                if name.starts_with(UNFINISHED) {
                    let path = folder.join(name);
                    std::fs::remove_file(&path).map_err(|e| Error::io(&path, e))?;
                }
            }
        }
        Ok(())
    }
}

impl Manifest {
    /// The manifest of a dataset that was complete; none where there is none to be read.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let bytes = std::fs::read(folder.join(MANIFEST)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let io = |e| Error::io(folder, e);
    let entries = std::fs::read_dir(folder).map_err(io)?;
    entries
        .map(|entry| {
            Ok(entry
                .map_err(io)?
                .file_name()
                .to_string_lossy()
                .into_owned())
        })
        .collect()
}
