//! Parameters and designs as JSON files.

use super::{Design, MosmParameters};
use crate::json_file::{read_json, save_json};
use crate::{Error, Result};
use std::path::Path;

impl MosmParameters {
    /// Reads parameters that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// When the file cannot be read, is not such a JSON object (the message names the line), or the
    /// parameters are not [valid](Self::validate).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let parameters: Self = read_json(path)?;
        valid(path, "mixtures", &parameters)?;
        Ok(parameters)
    }

    /// Writes the parameters as JSON with all their digits, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        save_json(path.as_ref(), self)
    }
}

impl Design {
    /// Reads a design that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// As [`MosmParameters::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let design: Self = read_json(path)?;
        for (set, parameters) in design.parameters.iter().enumerate() {
            valid(path, &format!("parameters[{set}]"), parameters)?;
        }
        Ok(design)
    }

    /// Writes the design as JSON with all digits, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        save_json(path.as_ref(), self)
    }
}

fn valid(path: &Path, place: &str, parameters: &MosmParameters) -> Result<()> {
    let named = |error: Error| Error::format(path, place, error.to_string());
    parameters.validate().map_err(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random_field::{Acceptance, Bounds};
    use crate::save_whole;

    #[test]
    fn files_keep_every_bit_and_bad_ones_are_named() -> Result<()> {
        let folder = tempfile::tempdir().map_err(|e| Error::io("temporary folder", e))?;
        let path = folder.path().join("design.json");
        let design = Design::draw(&Bounds::paper(), &Acceptance::default(), 3, 4)?;
        design.save(&path)?;
        assert_eq!(Design::open(&path)?, design);
        let one = folder.path().join("set.json");
        design.parameters[1].save(&one)?;
        assert_eq!(MosmParameters::open(&one)?, design.parameters[1]);
        let text = std::fs::read_to_string(&one).map_err(|e| Error::io(&one, e))?;
        let message = |text: &str| -> Result<String> {
            save_whole(&one, text.as_bytes())?;
            Ok(MosmParameters::open(&one).map_or_else(|e| e.to_string(), |_| String::new()))
        };
        let found = message(&text.replacen("\"weight\"", "\"wait\"", 1))?;
        assert!(
            found.contains("set.json") && found.contains("wait"),
            "{found}"
        );
        let found = message("{\"mixtures\": []}")?;
        assert!(found.contains("at least one mixture"), "{found}");
        let found = message(&text[..text.len() / 2])?;
        assert!(found.contains("line "), "{found}");
        assert!(MosmParameters::open(folder.path().join("none.json")).is_err());
        Ok(())
    }
}
