//! Local-global generation (paper 3, A.3 and B.2): synthetic structures from designed statistics
//! and a model of local neighbourhoods.
//!
//! A Gaussian random field carries the statistics over the whole volume; a [`LocalModel`], trained
//! on patches of one experiment, makes real neighbourhoods of it. [`LocalGlobal`] is that
//! combination, Algorithm 3.

pub mod dataset;
pub mod diversity;
mod local_global;
mod local_model;
mod realism;
mod tiles;
mod trade_off;

pub use local_global::{LocalGlobal, Seeds, Structure};
pub use local_model::LocalModel;
pub use realism::{Comparison, Measure, Realism, RealismLoss, RealismSettings};
pub use tiles::{Tiled, Tiling};
pub use trade_off::{KeptStatistics, StoredTradeOff, TradeOff};
