//! JSON files: written whole or not at all, and read with the place of what is wrong.

use crate::{Error, Result, save_whole};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use std::path::Path;

/// [`save_whole`] of a value as JSON.
///
/// # Errors
/// When the value has a part that JSON cannot hold, or the system refuses.
pub(crate) fn save_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|e| Error::format(path, "JSON", e.to_string()))?;
    save_whole(path, text.as_bytes())
}

/// A number that JSON has null for, since it was infinite or not a number: not a number.
///
/// # Errors
/// When it is neither a number nor null.
pub(crate) fn number_or_null<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
}

/// A value from a JSON file.
///
/// # Errors
/// When the file cannot be read, or holds something else: where, and what was expected.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
    serde_json::from_str(&text).map_err(|e| {
        let place = format!("line {}, column {}", e.line(), e.column());
        Error::format(path, place, e.to_string())
    })
}
