//! Pictures for notebooks and files: the paper's figures, and what stands around them.
//!
//! Everything drawn here ends as a [`Picture`]: PNG bytes with a size and a text that says what is
//! seen. A notebook shows it as the value of a cell, [`Picture::save`] writes it.
//!
//! | picture | made by |
//! | --- | --- |
//! | isometric cube of a volume, one or several | [`ColourVolume::cube`], [`cubes`] |
//! | slices and maps, in colours, numbers or phases | [`ColourVolume::slices`], [`scalar_slices`], [`phase_slices`], [`Maps`] |
//! | 2-point statistics, cut through zero displacement | [`TwoPointMaps`] |
//! | principal component scores, explained variance | [`PcScatter`], [`ExplainedVariance`] |
//! | diversity of a dataset beside others | [`diversity_curves`], [`diversity_scatter`] |
//! | lines, points, histograms, bars | [`Chart`], [`charts`], [`Histogram`], [`bar_chart`] |
//! | denoising errors, realism lost by level, local-global trade-off | [`denoising_chart`], [`realism_loss_chart`], [`trade_off_charts`] |
//! | inverse pole figure key, pole figures | [`ipf_key`], [`PoleFigures`] |
//!
//! Text is set in DejaVu Sans, which is linked into the library: no fonts need to be installed.
//! The same input gives the same bytes. Data that cannot be drawn (nothing, or not a number) is an
//! [`Error`](crate::Error), never a panic.

mod axes;
mod bars;
mod canvas;
mod chart;
mod colour;
pub mod content;
mod cube;
mod denoising;
mod diversity;
mod encode;
mod figure;
mod fonts;
mod histogram;
mod legend;
mod map;
mod maps;
mod picture;
mod principal;
mod realism;
mod slices;
mod stereographic;
mod ticks;
mod title;
mod trade_off;
mod two_point;
mod volume;

pub use bars::bar_chart;
pub use chart::{Chart, charts};
pub use colour::{ColourMap, ColourRange, ROGSH_RANGES};
pub use cube::{Cube, cubes};
pub use denoising::denoising_chart;
pub use diversity::{diversity_curves, diversity_scatter};
pub use figure::{FIGURE_MIME, Figure, Figures, stated};
pub use histogram::Histogram;
pub use map::{ColourBar, Map, Plane};
pub use maps::Maps;
pub use picture::Picture;
pub use principal::{ExplainedVariance, PcScatter};
pub use realism::realism_loss_chart;
pub use slices::{phase_slices, scalar_slices};
pub use stereographic::{PoleFigures, ipf_key};
pub use trade_off::trade_off_charts;
pub use two_point::TwoPointMaps;
pub use volume::ColourVolume;
