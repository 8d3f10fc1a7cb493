//! What a notebook imports in one line.
//!
//! ```text
//! :dep polymicros-prelude = { path = "../prelude" }
//! use polymicros_prelude::*;
//! ```
//!
//! Tables as polars data frames make every cell slower to compile, so a notebook asks for them:
//! `{ path = "../prelude", features = ["tables"] }`.
//!
//! Everything here is a concrete type or a non-generic function of an already compiled library, so
//! that a cell has next to nothing to compile.

mod datasets;
mod denoisers;
mod foundation;
mod generation;
mod pictures;
mod reconstruction;
mod sections;
mod volumes;

pub use datasets::{
    check_dataset, compare_diversity, make_dataset, repair_dataset, scratch_folder,
};
pub use denoisers::{ShortTraining, TrainedDenoiser, preconditioning_curves, seam, train_denoiser};
pub use foundation::{foundation_model, inpainting_model};
pub use generation::{
    denoising_error, local_model, measure_realism_loss, measure_trade_off, sample_field,
    sample_structure, training_log,
};
pub use pictures::{
    field_cubes, inverse_pole_colour, ipf_cube, ipf_cubes, orthogonal_maps, rogsh_cubes, rows,
    two_point_maps,
};
pub use polymicros;
pub use polymicros::diffusion::{Preconditioning, Schedule, Solver};
pub use polymicros::display::{
    Chart, ExplainedVariance, Figure, Figures, Histogram, PcScatter, Picture, bar_chart, charts,
    denoising_chart, diversity_curves, diversity_scatter, ipf_key, realism_loss_chart, stated,
    trade_off_charts,
};
pub use polymicros::generation::dataset::{
    Check, Dataset, DatasetSettings, Encoding, Fault, Lost, Record,
};
pub use polymicros::generation::diversity::{
    Comparison as DiversityComparison, DiversitySettings, Extent, Interval, Reference, Role, Scale,
    SetDiversity,
};
pub use polymicros::generation::{
    Comparison, KeptStatistics, LocalGlobal, LocalModel, Measure, Realism, RealismLoss,
    RealismSettings, Seeds, StoredTradeOff, Structure, Tiling, TradeOff,
};
pub use polymicros::microstructure::{
    Chords, Field, Grain, Grains, Grid, LengthUnit, Microstructure, Origin, Phase, StandIn, ToldBy,
};
pub use polymicros::network::{Padding, UNetConfig};
pub use polymicros::orientation::{
    CUBIC_ROTATIONS, Euler, Quaternion, ROGSH_NAMES, ROGSH_RANGE, Rodrigues, RogshInverse,
    disorientation, disorientation_up_to_rogsh, ipf_colour, mean_orientation, preimages,
    random_orientations, rogsh, to_fundamental_zone,
};
pub use polymicros::random_field::{
    Acceptance, Bounds, Design, Diversity, Findings, Fit, FitSettings, Guidelines, Images, Mixture,
    Mogrf, MosmKernel, MosmParameters, Sampler, SpectralGaussian, Verdict, grains_worth, with_mean,
};
pub use polymicros::reconstruction::comparison::{
    Candidate, Row, StoredComparison, averaged, candidates, compare_interpolations, theta_ablation,
};
pub use polymicros::reconstruction::measures::{Calibration, Measures, near_boundaries};
pub use polymicros::reconstruction::sections::{
    CorrelationError, EnsembleErrors, Estimate, Expansion, ExpansionReport, Floor, Goal,
    MatchSettings, Matched, MeanField, Morphology, Optimiser, OrthogonalStatistics, Outcome,
    ReachSettings, Reachable, Sample, SectionSettings, Thresholds, WholeErrors, similarity,
    without_model,
};
pub use polymicros::reconstruction::{
    Consistency, Ensemble, Inpainting, Interpolation, Mask, Model, Projection, Reconstruction,
    Stack, Start,
};
pub use polymicros::statistics::{Cutoff, OnePoint, Pairs, Pca, TwoPoint, Vectors};
pub use polymicros::training::{DenoisingError, LogLine, read_log};
pub use polymicros::{Error, Result};
#[cfg(feature = "tables")]
pub use polymicros_tables::{
    Columns, Table, calibration_table, comparison_table, correlation_error_table, dataset_table,
    dataset_table_with_parameters, denoising_table, diversity_table, explained_variance_table,
    grain_list_table, grain_table, morphology_table, one_point_table, realism_table, scores_table,
};
pub use reconstruction::{compare_way, field_slices, fill_in, reliability};
pub use sections::{expand, sections_through};
pub use volumes::{covariances, edge, real_volumes, stand_ins, user_volumes};
