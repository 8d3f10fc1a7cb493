//! Where a run stands, on disk.

use super::{Average, Optimiser, Settings};
use crate::network::weights::{Precision, parse, save_tensors, values};
use crate::network::{Entry, layout};
use crate::{Error, Result};
use std::collections::HashMap;
use std::path::Path;

/// All that a run needs to go on. Order of the data and noise follow from the seed and the step.
pub(super) struct State {
    /// Steps done.
    pub step: usize,
    pub weights: Vec<Vec<f32>>,
    pub average: Average,
    pub optimiser: Optimiser,
}

/// The four sets of numbers, each as large as the network.
const SETS: [&str; 4] = ["weights", "average", "first", "second"];

impl State {
    pub fn save(&self, path: &Path, settings: &Settings) -> Result<()> {
        let entries = layout(&settings.network);
        let [first, second] = self.optimiser.moments();
        let sets = [&self.weights, &self.average.values, first, second];
        let tensors = SETS.iter().zip(sets).flat_map(|(set, values)| {
            let named = entries.iter().zip(values);
            named.map(move |(Entry { name, shape, .. }, values)| {
                (format!("{set}/{name}"), shape.clone(), values.as_slice())
            })
        });
        let metadata = HashMap::from([("step".to_owned(), self.step.to_string())]);
        save_tensors(path, tensors, metadata, Precision::F32)
    }

    pub fn load(path: &Path, settings: &Settings) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        let (file, metadata) = parse(path, &bytes)?;
        let step = metadata
            .get("step")
            .and_then(|step| step.parse().ok())
            .ok_or_else(|| Error::format(path, "metadata step", "missing, or no number"))?;
        let entries = layout(&settings.network);
        let read = |set: &str| -> Result<Vec<Vec<f32>>> {
            let of = |Entry { name, shape, .. }: &Entry| {
                let name = format!("{set}/{name}");
                let (found, values) = values(path, &file, &name)?;
                if &found != shape {
                    let problem = format!("expected shape {shape:?}, found {found:?}");
                    return Err(Error::format(path, format!("tensor {name}"), problem));
                }
                Ok(values)
            };
            entries.iter().map(of).collect()
        };
        let [weights, average, first, second] = SETS;
        Ok(State {
            step,
            weights: read(weights)?,
            average: Average {
                decay: settings.average,
                values: read(average)?,
            },
            optimiser: Optimiser::new(settings.optimiser, &entries, settings.weight_decay)
                .resumed(step as u64, [read(first)?, read(second)?]),
        })
    }
}
