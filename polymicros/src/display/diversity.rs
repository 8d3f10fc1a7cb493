//! How diverse a dataset is beside others (paper 5.1, Fig. 3).

use super::colour::series_colour;
use super::{ExplainedVariance, PcScatter, Picture};
use crate::generation::diversity::Comparison;
use crate::{Error, Result};
use ndarray::Array2;

/// The variance that the first components of each set explain together: the slower a curve rises,
/// the more directions the set's structures differ in.
///
/// # Errors
/// When the picture cannot be drawn.
pub fn diversity_curves(comparison: &Comparison) -> Result<Picture> {
    let mut curves = ExplainedVariance::new().log().title(&format!(
        "Components of {} structures of {}³ voxels each",
        comparison.count, comparison.edge
    ));
    for set in &comparison.sets {
        curves = curves.set(&set.name, &set.explained);
    }
    curves.picture()
}

/// The structures of all sets, and the experiments' stand-ins, in the first components of all sets
/// together.
///
/// # Errors
/// When there are fewer than three components, or the picture cannot be drawn.
pub fn diversity_scatter(comparison: &Comparison) -> Result<Picture> {
    let mut scatter = PcScatter::new(&comparison.explained)
        .pairs(&[[0, 1], [0, 2], [1, 2]])
        .title("Covariances in common principal components");
    // The dataset goes over the references; colours are those of the curves.
    for (i, set) in comparison.sets.iter().enumerate().rev() {
        let group = scatter.group(&set.name, set.scores.view());
        scatter = group.coloured(series_colour(i));
    }
    let columns = comparison.experiments.first().map_or(0, |(_, s)| s.len());
    if columns > 0 {
        let all = comparison.experiments.iter().flat_map(|(_, scores)| scores);
        let rows = comparison.experiments.len();
        let scores = Array2::from_shape_vec((rows, columns), all.copied().collect())
            .map_err(|e| Error::value("scores of the experiments", e.to_string()))?;
        let colour = series_colour(comparison.sets.len());
        let group = scatter.group("experiments (stand-ins)", scores.view());
        scatter = group.coloured(colour);
    }
    scatter.picture()
}
