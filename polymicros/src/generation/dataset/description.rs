//! What a dataset is made of, on disk.

use super::DatasetSettings;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Raised whenever the same settings would give other bits: a dataset is not continued with
/// another procedure than it was begun with.
pub(super) const PROCEDURE: u32 = 1;

/// Its file in the dataset's folder.
pub(super) const DESCRIPTION: &str = "dataset.json";

/// What a dataset is made of: two of equal description have the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The version of this library.
    pub polymicros: String,
    /// The version of the procedure; another one makes other bits of the same settings.
    pub procedure: u32,
    /// The settings.
    pub settings: DatasetSettings,
    /// The SHA-256 of each model's weights; null where it has none.
    pub weights: Vec<Option<String>>,
}

impl Description {
    pub(super) fn new(settings: DatasetSettings, weights: Vec<Option<String>>) -> Self {
        Description {
            polymicros: env!("CARGO_PKG_VERSION").to_owned(),
            procedure: PROCEDURE,
            settings,
            weights,
        }
    }

    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join(DESCRIPTION)
    }

    /// The description of the dataset in a folder.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = Self::path(folder);
        let bytes = std::fs::read(&path).map_err(|e| Error::io(&path, e))?;
        let description: Description = serde_json::from_slice(&bytes)
            .map_err(|e| Error::format(&path, format!("line {}", e.line()), e.to_string()))?;
        description.settings.check()?;
        Ok(description)
    }

    /// Refuses what another procedure than this program's has begun.
    pub(super) fn is_of_this_procedure(&self, folder: &Path) -> Result<()> {
        if self.procedure == PROCEDURE {
            return Ok(());
        }
        let problem = format!(
            "{}, this program's is {PROCEDURE}: polymicros {} made it",
            self.procedure, self.polymicros
        );
        Err(Error::format(Self::path(folder), "procedure", problem))
    }

    /// Refuses another description than that of the folder, and says what differs.
    pub(super) fn agrees_with(&self, wanted: &Description, folder: &Path) -> Result<()> {
        let value = |description: &Description| {
            serde_json::to_value(description).map_err(|e| Error::value("settings", e.to_string()))
        };
        match first_difference("", &value(self)?, &value(wanted)?) {
            None => Ok(()),
            Some(difference) => {
                let folder = folder.display();
                let problem =
                    format!("{folder} holds another one: {difference}; choose another folder");
                Err(Error::value("dataset", problem))
            }
        }
    }
}

/// The place of the first difference of two JSON values, and both sides.
fn first_difference(place: &str, there: &Value, wanted: &Value) -> Option<String> {
    use Value::{Array, Object};
    match (there, wanted) {
        _ if there == wanted => None,
        (Object(there), Object(wanted)) => there.iter().find_map(|(key, value)| {
            let inner = wanted.get(key).unwrap_or(&Value::Null);
            first_difference(&format!("{place}.{key}"), value, inner)
        }),
        (Array(there), Array(wanted)) if there.len() == wanted.len() => there
            .iter()
            .zip(wanted)
            .enumerate()
            .find_map(|(i, (a, b))| first_difference(&format!("{place}[{i}]"), a, b)),
        _ => Some(format!(
            "`{}` is {there} there and {wanted} now",
            place.trim_start_matches('.')
        )),
    }
}
