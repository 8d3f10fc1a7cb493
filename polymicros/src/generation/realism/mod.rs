//! Are generated neighbourhoods like those of the experiment that a model learned from?
//!
//! Patches are compared in distributions of numbers that a materials scientist would look at, and
//! the yardstick is how far two halves of the experiment's own volume are apart in the same
//! numbers.

mod distribution;
mod experiment;
mod loss;
mod neighbourhood;
#[cfg(test)]
mod tests;

pub(super) use experiment::Experiment;
pub use loss::RealismLoss;

use crate::json_file::number_or_null;
use crate::microstructure::Field;
use crate::training::{PatchSet, centred};
use crate::{Error, Result};
use neighbourhood::Neighbourhood;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A number that neighbourhoods have a distribution of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The norm of the local orientation gradient in ROGSH, in units per voxel: forward
    /// differences along the three axes of all three channels,
    /// `sqrt(Σ_a Σ_β (m^β(s + e_a) - m^β(s))²)`, in each voxel of a patch that has a next one along
    /// every axis.
    Gradient,
    /// The lengths, in voxels, of chords along x of the grains that ROGSH distance tells apart.
    /// Chords that a patch's face cuts short count as long as they are seen: so coarse structures,
    /// too, are told from each other in small patches.
    ChordX,
    /// The same along y.
    ChordY,
    /// The same along z.
    ChordZ,
    /// The share of a patch's voxels that are no further than the threshold from each of their
    /// neighbours: one number a patch.
    Interior,
}

impl Measure {
    /// All of them.
    pub const ALL: [Measure; 5] = [
        Measure::Gradient,
        Measure::ChordX,
        Measure::ChordY,
        Measure::ChordZ,
        Measure::Interior,
    ];

    /// What it is called in a table.
    pub fn name(self) -> &'static str {
        match self {
            Measure::Gradient => "orientation gradient",
            Measure::ChordX => "chord length, x",
            Measure::ChordY => "chord length, y",
            Measure::ChordZ => "chord length, z",
            Measure::Interior => "interior voxels",
        }
    }
}

/// How neighbourhoods are cut and grains told apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RealismSettings {
    /// Voxels along each edge of a patch.
    pub patch: usize,
    /// Neighbouring voxels whose ROGSH values are closer than this are of one grain; the values
    /// span about 1.
    pub threshold: f64,
}

impl Default for RealismSettings {
    fn default() -> Self {
        RealismSettings {
            patch: 16,
            threshold: 0.1,
        }
    }
}

/// How generated neighbourhoods compare with an experiment's in one measure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The measure.
    pub measure: Measure,
    /// Its mean in the experiment.
    pub source: f64,
    /// Its mean in what was generated.
    pub generated: f64,
    /// The Wasserstein-1 distance of generated neighbourhoods and the experiment's, in units of the
    /// experiment's standard deviation. Not finite where the experiment does not vary.
    #[serde(deserialize_with = "number_or_null")]
    pub distance: f64,
    /// The same of two halves of the experiment.
    #[serde(deserialize_with = "number_or_null")]
    pub yardstick: f64,
    /// `distance / yardstick`: about 1 for what cannot be told from the experiment. Not finite where
    /// the halves agree exactly.
    #[serde(deserialize_with = "number_or_null")]
    pub ratio: f64,
}

/// How generated neighbourhoods compare with an experiment's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Realism {
    /// How it was measured.
    pub settings: RealismSettings,
    /// Patches in each sample that was compared.
    pub patches: usize,
    /// One for each measure, in the order of [`Measure::ALL`].
    pub comparisons: Vec<Comparison>,
}

impl Realism {
    /// Compares generated fields with volumes of an experiment that the model did not learn from,
    /// or did; which one it was is to be said with the result. Both are ROGSH fields, cut into
    /// patches side by side; means are taken away.
    ///
    /// The experiment is halved along each axis that has two patches or more (of an odd number the
    /// middle ones are left out). Distances are the mean over these splits: between the halves, and
    /// between generated patches and either half. All samples have equally many patches, so that
    /// chance counts alike in each; where more were generated, they make several samples.
    ///
    /// # Errors
    /// When there is nothing to compare, the experiment holds fewer than two patches along every
    /// axis, fields are not of three channels, have invalid voxels or are smaller than a patch, or
    /// the threshold is not positive.
    pub fn compare(
        source: &[Field],
        generated: &[Field],
        settings: RealismSettings,
    ) -> Result<Self> {
        Experiment::new(source, settings)?.compare(generated)
    }

    /// The largest ratio: below 2 was the goal.
    pub fn worst(&self) -> f64 {
        self.comparisons.iter().fold(0.0, |w, c| c.ratio.max(w))
    }
}

impl std::fmt::Display for Realism {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "{:<22}{:>10}{:>11}{:>10}{:>11}{:>8}",
            "measure", "source", "generated", "distance", "yardstick", "ratio"
        )?;
        for c in &self.comparisons {
            writeln!(
                f,
                "{:<22}{:>10.3}{:>11.3}{:>10.3}{:>11.3}{:>8.2}",
                c.measure.name(),
                c.source,
                c.generated,
                c.distance,
                c.yardstick,
                c.ratio
            )?;
        }
        Ok(())
    }
}

fn neighbourhoods(
    fields: &[Field],
    settings: RealismSettings,
) -> Result<(PatchSet, Vec<Neighbourhood>)> {
    if settings.patch < 2 {
        let problem = format!("{} voxel: one alone has no gradient", settings.patch);
        return Err(Error::value("patch of the comparison", problem));
    }
    let volumes = fields.iter().map(centred).collect::<Result<Vec<_>>>()?;
    let set = PatchSet::new(volumes, settings.patch, settings.patch, false, 0)?;
    let measured = (0..set.len())
        .into_par_iter()
        .map(|at| Neighbourhood::measure(set.patch(at), settings.threshold))
        .collect::<Result<Vec<_>>>()?;
    Ok((set, measured))
}
