//! The log of a run: a JSON object a line.

use super::DenoisingError;
use crate::{Error, Result, save_whole};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// What is known of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// The step, counted from one.
    pub step: usize,
    /// The loss, averaged over the step's batches.
    pub loss: f64,
    /// The learning rate.
    pub rate: f64,
    /// Length of the gradient before clipping.
    pub gradient: f64,
    /// Seconds that the step took.
    pub seconds: f64,
    /// Patches a second.
    pub samples_per_second: f64,
    /// The most memory that the process has held so far, in bytes, where the system tells.
    #[serde(default)]
    pub peak_memory: Option<u64>,
    /// The averaged network's errors on held-out patches, where they were measured after this step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denoising: Option<DenoisingError>,
}

/// Reads the log of a run; a last line that a killed process left unfinished is left out.
///
/// # Errors
/// When the file cannot be read, or another line is no log line.
pub fn read_log(path: impl AsRef<Path>) -> Result<Vec<LogLine>> {
    let path = path.as_ref();
    let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
    let finished = text.rfind('\n').map_or("", |end| &text[..end]);
    finished
        .lines()
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_str(line)
                .map_err(|e| Error::format(path, format!("line {}", index + 1), e.to_string()))
        })
        .collect()
}

pub(super) fn append(path: &Path, line: &LogLine) -> Result<()> {
    let io = |e| Error::io(path, e);
    let text = serde_json::to_string(line).map_err(|e| Error::value("log", e.to_string()))?;
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(io)?;
    writeln!(file, "{text}").map_err(io)
}

/// Takes away the lines after `step`: they are written again.
pub(super) fn cut(path: &Path, step: usize) -> Result<()> {
    let mut text = String::new();
    if path.exists() {
        for line in read_log(path)?.iter().take_while(|line| line.step <= step) {
            let line = serde_json::to_string(line);
            text += &line.map_err(|e| Error::value("log", e.to_string()))?;
            text.push('\n');
        }
    }
    save_whole(path, text.as_bytes())
}
