//! Voxelised microstructures (paper 2.1): the grid, fields on it, orientation maps, and grains.

mod field;
pub mod format;
mod grains;
mod grid;
mod orientation_map;
mod packing;
mod rogsh_field;
pub(crate) mod stand_in;
mod tessellation;

pub use field::Field;
pub(crate) use field::shift_channels;
pub use grains::{Chords, Grain, Grains, LEAST_CONTACT, ToldBy};
pub use grid::{Grid, LengthUnit};
pub use orientation_map::{Microstructure, Origin, Phase};
pub(crate) use packing::{filling_radii, pack};
pub use stand_in::StandIn;
pub use tessellation::Tessellation;
