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
    /// How structures were made, but for `skip`, which is each point's own.
    pub local_global: LocalGlobal,
    /// The edge of the tiles that they were refined in, where they were not refined whole.
    pub tile: Option<usize>,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Those that ship, and what is said where one is damaged.
    #[test]
    fn stored_trade_offs_are_read_and_damage_is_told() -> Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/trade_off");
        for edge in [32, 64, 128] {
            let stored = StoredTradeOff::open(folder.join(format!("recrystallised_{edge}.json")))?;
            assert_eq!(stored.edge, edge);
            let kept = |skip: usize| {
                let point = stored.points.iter().find(|point| point.skip == skip);
                point.map(|point| point.kept.cosine)
            };
            assert!(kept(12) < kept(15) && kept(15) < kept(18));
        }
        let damaged = tempfile::tempdir().map_err(|e| crate::Error::io("a folder", e))?;
        let path = damaged.path().join("trade_off.json");
        std::fs::write(&path, "{\"edge\": 32}").map_err(|e| crate::Error::io(&path, e))?;
        let problem = StoredTradeOff::open(&path).map_err(|e| e.to_string());
        assert!(problem.is_err_and(|e| e.contains("trade_off.json") && e.contains("model")));
        Ok(())
    }
}
