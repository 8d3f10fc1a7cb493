//! What a notebook imports in one line.
//!
//! ```text
//! :dep polymicros-prelude = { path = "../prelude" }
//! use polymicros_prelude::*;
//! ```
//!
//! Tables as polars data frames cost every cell some time, so a notebook asks for them:
//! `{ path = "../prelude", features = ["tables"] }`.
//!
//! Everything here is a concrete type or a non-generic function of an already compiled library, so
//! that a cell has next to nothing to compile.

pub use polymicros;
pub use polymicros::microstructure::{Field, Grid, LengthUnit, Microstructure, Origin, Phase};
pub use polymicros::{Error, Result};
#[cfg(feature = "tables")]
pub use polymicros_tables;
