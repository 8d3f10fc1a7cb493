//! What a notebook imports in one line.
//!
//! ```text
//! :dep polymicros-prelude = { path = "../prelude" }
//! use polymicros_prelude::*;
//! ```
//!
//! Everything here is a concrete type or a non-generic function of an already compiled library, so
//! that a cell has next to nothing to compile.

mod pictures;
mod volumes;

pub use pictures::{inverse_pole_colour, ipf_cube, ipf_cubes, rogsh_cubes, rows, two_point_maps};
pub use polymicros;
pub use polymicros::display::{
    Chart, ExplainedVariance, Figure, Figures, Histogram, PcScatter, Picture, bar_chart, charts,
    ipf_key, stated,
};
pub use polymicros::microstructure::{
    Field, GrainSizes, Grid, LengthUnit, Microstructure, Origin, Phase, StandIn,
};
pub use polymicros::orientation::{
    CUBIC_ROTATIONS, Euler, Quaternion, ROGSH_NAMES, ROGSH_RANGE, Rodrigues, RogshInverse,
    disorientation, disorientation_up_to_rogsh, ipf_colour, preimages, random_orientations, rogsh,
    to_fundamental_zone,
};
pub use polymicros::statistics::{Cutoff, OnePoint, Pairs, Pca, TwoPoint, Vectors};
pub use polymicros::{Error, Result};
pub use volumes::{edge, real_volumes, stand_ins, user_volumes};
