//! Results as tables: polars data frames that show themselves in a notebook.
//!
//! A [`Table`] is built from named columns of plain numbers and texts, so that a notebook cell
//! compiles no generic code of polars; [`Table::frame`] hands out the data frame to whoever wants
//! to go on with polars.

mod dataset;
mod diversity;
mod domain;
mod models;
mod reconstruction;
mod render;
mod sections;
mod table;

pub use dataset::{dataset_table, dataset_table_with_parameters};
pub use diversity::diversity_table;
pub use domain::{
    explained_variance_table, grain_list_table, grain_table, one_point_table, scores_table,
};
pub use models::{denoising_table, realism_table};
pub use reconstruction::{calibration_table, comparison_table};
pub use sections::{correlation_error_table, morphology_table};
pub use table::{Columns, Table};
