//! From three orthogonal 2D sections to 3D volumes (paper 5.3, D.2, Algorithm 5).
//!
//! Maps of three orthogonal planes say nothing of where they lie relative to each other, but their
//! 2-point statistics are those of the volume at displacements within each plane. A volume is
//! sampled with a diffusion model whose fields, or its estimates of them, are matched with these
//! statistics in each step.

mod baseline;
mod condition;
mod ensemble;
mod estimates;
mod hermitian;
mod independent;
mod measures;
mod mismatch;
mod optimise;
mod planes;
mod reachable;
mod report;
mod sample;
mod spectra;
mod statistics;

pub use baseline::MeanField;
pub use condition::{MatchSections, MatchSettings, MatchStep, Matched, Thresholds};
pub use ensemble::{Ensemble, EnsembleSettings, SampleLog};
pub use independent::{Estimate, SectionSettings};
pub use measures::{EnsembleErrors, Morphology, WholeErrors, similarity};
pub use mismatch::Mismatch;
pub use optimise::{Goal, Optimiser, Outcome};
pub use reachable::{Floor, ReachSettings, Reachable};
pub use report::{ExpansionReport, MeasuredErrors};
pub use sample::{Expansion, Sample, without_model};
pub use statistics::{CorrelationError, OrthogonalStatistics};

#[cfg(test)]
mod tests;
