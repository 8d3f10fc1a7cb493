//! A table that took long, kept as a file.

use super::Row;
use crate::Result;
use crate::json_file::read_json;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What `polymicros superres-check --json` prints: rows averaged over axes and crops, and of what
/// they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredComparison {
    /// The volume's file, or the name of a stand-in.
    pub volume: String,
    /// Every how manieth slice was kept.
    pub factor: usize,
    /// Voxels of a crop along x, y and z.
    pub shape: [usize; 3],
    /// A row for each way of filling in.
    pub means: Vec<Row>,
    /// The most memory that the process took, in bytes, where the system tells.
    #[serde(default)]
    pub peak_memory: Option<u64>,
}

impl StoredComparison {
    /// Reads a JSON file.
    ///
    /// # Errors
    /// When it cannot be read, or holds something else.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        read_json(path.as_ref())
    }

    /// The row with the least mean absolute error of those that have samples (`true`) or are
    /// interpolations (`false`).
    pub fn best(&self, sampled: bool) -> Option<&Row> {
        let of_kind = self.means.iter().filter(|row| (row.samples > 0) == sampled);
        of_kind.min_by(|a, b| {
            let error = |row: &Row| row.measures.mean_absolute_error;
            error(a).total_cmp(&error(b))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microstructure::StandIn;
    use crate::reconstruction::Mask;
    use crate::reconstruction::comparison::compare_interpolations;

    #[test]
    fn what_is_written_is_read_and_the_best_is_found() {
        let truth = StandIn::Recrystallised.generate([12; 3], 2).unwrap();
        let truth = truth.rogsh().unwrap();
        let mask = Mask::slices([12; 3], 2, 4, 0).unwrap();
        let stored = StoredComparison {
            volume: "recrystallised".into(),
            factor: 4,
            shape: [12; 3],
            means: compare_interpolations(&truth, &mask).unwrap(),
            peak_memory: None,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stored.json");
        std::fs::write(&path, serde_json::to_string(&stored).unwrap()).unwrap();
        assert_eq!(StoredComparison::open(&path).unwrap(), stored);

        let best = stored.best(false).unwrap().measures.mean_absolute_error;
        let errors = stored.means.iter().map(|r| r.measures.mean_absolute_error);
        assert!(errors.clone().all(|error| best <= error));
        assert!(errors.into_iter().any(|error| best < error));
        assert_eq!(stored.best(true), None);

        std::fs::write(&path, "{\n\"volume\": 3}").unwrap();
        let error = StoredComparison::open(&path).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }
}
