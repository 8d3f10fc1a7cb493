//! A trade-off that took long, kept as a file.

use super::TradeOff;
use crate::Result;
use crate::generation::LocalGlobal;
use crate::json_file::read_json;
use crate::training::Source;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What `polymicros trade-off --json` prints: the trade-off of one model on one grid, and how it
/// was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTradeOff {
    /// The file of the model's weights.
    pub model: String,
    /// What neighbourhoods were compared with.
    pub source: Vec<Source>,
    /// Voxels along each edge of a structure.
    pub edge: usize,
    /// How many sets of statistics there were, and the seed that they were drawn from.
    pub sets: usize,
    /// The seed.
    pub seed: u64,
    /// How structures were made, but for `skip`.
    pub local_global: LocalGlobal,
    /// Seconds for all structures together.
    pub seconds: f64,
    /// The most memory that the process took, in bytes, where the system tells.
    pub peak_memory: Option<u64>,
    /// One for each `skip`.
    pub points: Vec<TradeOff>,
}

impl StoredTradeOff {
    /// Reads a JSON file.
    ///
    /// # Errors
    /// When it cannot be read, or holds something else.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        read_json(path.as_ref())
    }
}
