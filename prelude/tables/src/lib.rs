//! Results as tables: polars data frames that show themselves in a notebook.
//!
//! A [`Table`] is built from named columns of plain numbers and texts, so that a notebook cell
//! compiles no generic code of polars; [`Table::frame`] hands out the data frame to whoever wants
//! to go on with polars.

mod domain;
mod render;
mod table;

pub use domain::{
    explained_variance_table, grain_list_table, grain_table, one_point_table, scores_table,
};
pub use table::{Columns, Table};
