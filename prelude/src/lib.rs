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

mod pictures;
mod volumes;

pub use pictures::{
    field_cubes, inverse_pole_colour, ipf_cube, ipf_cubes, rogsh_cubes, rows, two_point_maps,
};
pub use polymicros;
pub use polymicros::display::{
    Chart, ExplainedVariance, Figure, Figures, Histogram, PcScatter, Picture, bar_chart, charts,
    ipf_key, stated,
};
pub use polymicros::microstructure::{
    Chords, Field, Grain, Grains, Grid, LengthUnit, Microstructure, Origin, Phase, StandIn, ToldBy,
};
pub use polymicros::orientation::{
    CUBIC_ROTATIONS, Euler, Quaternion, ROGSH_NAMES, ROGSH_RANGE, Rodrigues, RogshInverse,
    disorientation, disorientation_up_to_rogsh, ipf_colour, mean_orientation, preimages,
    random_orientations, rogsh, to_fundamental_zone,
};
pub use polymicros::random_field::{
    Acceptance, Bounds, Design, Diversity, Findings, Fit, FitSettings, Guidelines, Images, Mixture,
    Mogrf, MosmKernel, MosmParameters, Sampler, SpectralGaussian, Verdict, grains_worth, with_mean,
};
pub use polymicros::statistics::{Cutoff, OnePoint, Pairs, Pca, TwoPoint, Vectors};
pub use polymicros::{Error, Result};
#[cfg(feature = "tables")]
pub use polymicros_tables::{
    Table, explained_variance_table, grain_list_table, grain_table, one_point_table, scores_table,
};
pub use volumes::{edge, real_volumes, stand_ins, user_volumes};
