//! Finding what is missing or damaged in a dataset, and making it again.

use super::making::Manifest;
use super::record::json;
use super::voxels::Coder;
use super::{
    Dataset, Description, Generator, MANIFEST, Made, RECORDS, Record, STORE, make_folder,
    record_name, sha256,
};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

/// What is wrong with a file or a structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It is not what it was, or not what it should be.
    Damaged(String),
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Check {
    /// Structures that are missing or damaged, in order.
    pub structures: Vec<(usize, Fault)>,
    /// Other files that are, by path from the dataset's folder.
    pub files: Vec<(String, Fault)>,
}

impl Check {
    /// Whether all is there and as it should be.
    pub fn is_sound(&self) -> bool {
        self.structures.is_empty() && self.files.is_empty()
    }

    /// How many structures are missing.
    pub fn missing(&self) -> usize {
        let missing = self.structures.iter().filter(|(_, f)| *f == Fault::Missing);
        missing.count()
    }

    /// How many structures are damaged.
    pub fn damaged(&self) -> usize {
        self.structures.len() - self.missing()
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Missing => write!(f, "missing"),
            Fault::Damaged(how) => write!(f, "damaged: {how}"),
        }
    }
}

impl Dataset {
    /// The dataset that a folder's description describes, whatever else is in the folder:
    /// parameters and codes are computed, not read. For checks and repairs.
    ///
    /// # Errors
    /// When there is no description, or another version of the procedure made the dataset.
    pub fn described(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let description = Description::read(folder)?;
        description.is_of_this_procedure(folder)?;
        Ok(Dataset {
            folder: folder.to_owned(),
            design: description.settings.design()?.parameters,
            coder: Coder::new(description.settings.encoding)?,
            description,
        })
    }

    /// Looks at every byte of the dataset. `report` hears how many structures are done.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn check(&self, mut report: impl FnMut(usize)) -> Result<Check> {
        let manifest = Manifest::read(self.folder());
        let mut check = Check::default();
        let mut records = Vec::new();
        for structure in 0..self.count() {
            match self.look_at(structure, manifest.as_ref())? {
                Ok(record) => records.push(record),
                Err(fault) => check.structures.push((structure, fault)),
            }
            report(structure + 1);
        }
        // What follows from the records is not known before they are all there.
        let whole = check.structures.is_empty();
        let mut files = self.files(whole.then_some(&records[..]))?;
        if whole {
            let manifest = json(&self.manifest(&records, &files)?)?;
            check.compare(self.folder(), MANIFEST, &manifest)?;
        } else {
            files.remove("zarr.json");
        }
        let in_store = files
            .into_iter()
            .map(|(key, bytes)| (format!("{STORE}/{key}"), bytes));
        for (name, bytes) in in_store.collect::<BTreeMap<_, _>>() {
            check.compare(self.folder(), &name, &bytes)?;
        }
        Ok(check)
    }

    /// Makes again what a check found missing or damaged, and completes the dataset. `report` hears
    /// of every step and structure, and may end the work by breaking.
    ///
    /// Returns how many structures were made.
    ///
    /// # Errors
    /// When the models are not the dataset's, or a structure comes out differently than the
    /// manifest or its record says that it was: then the program or the machine is not the one
    /// that made it, and the structure is not written.
    pub fn repair(
        &self,
        check: &Check,
        generator: &mut dyn Generator,
        mut report: impl FnMut(&Made) -> ControlFlow<()>,
    ) -> Result<usize> {
        make_folder(&self.folder().join(RECORDS))?;
        self.write_files(&self.files(None)?)?;
        let manifest = Manifest::read(self.folder());
        let known = |structure| self.known_hash(structure, manifest.as_ref());
        let structures: Vec<usize> = check.structures.iter().map(|(i, _)| *i).collect();
        self.make_these(generator, &structures, &known, &mut report)
    }

    /// What the chunk of a structure was, as far as anything left says.
    fn known_hash(&self, structure: usize, manifest: Option<&Manifest>) -> Option<String> {
        let chunk = format!("{STORE}/{}", self.voxels().key(structure));
        match manifest {
            Some(manifest) => manifest.files.get(&chunk).cloned(),
            None => {
                let record = self.record(structure).ok();
                let record = record.filter(|record| record.structure == structure);
                record.map(|record| record.sha256)
            }
        }
    }

    /// The record of a structure that is as it should be, or what is wrong with it.
    fn look_at(
        &self,
        structure: usize,
        manifest: Option<&Manifest>,
    ) -> Result<std::result::Result<Record, Fault>> {
        let damaged = |how: &str| Ok(Err(Fault::Damaged(how.to_owned())));
        let Some(bytes) = read(&self.record_path(structure))? else {
            return Ok(Err(Fault::Missing));
        };
        let Ok(record) = serde_json::from_slice::<Record>(&bytes) else {
            return damaged("the record is not one");
        };
        let recorded = manifest.and_then(|m| m.files.get(&record_name(structure)));
        if recorded.is_some_and(|hash| *hash != sha256(&bytes)) {
            return damaged("the record is not the manifest's");
        }
        let recipe = self.settings().recipe(structure)?;
        let model = &self.settings().models[recipe.model].name;
        if (record.structure, record.seeds, &record.model) != (structure, recipe.seeds, model) {
            return damaged("the record is another structure's");
        }
        match read(&self.chunk_path(structure))? {
            None => Ok(Err(Fault::Missing)),
            Some(bytes) if sha256(&bytes) != record.sha256 => {
                damaged("the voxels are not the record's")
            }
            Some(_) => Ok(Ok(record)),
        }
    }
}

impl Check {
    fn compare(&mut self, folder: &Path, name: &str, expected: &[u8]) -> Result<()> {
        match read(&folder.join(name))? {
            None => self.files.push((name.to_owned(), Fault::Missing)),
            Some(bytes) if bytes != expected => {
                let how = "not what settings and records make of it".to_owned();
                self.files.push((name.to_owned(), Fault::Damaged(how)));
            }
            Some(_) => {}
        }
        Ok(())
    }
}

/// A file's bytes; none where there is no such file.
fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io(path, e)),
    }
}
