//! What a run leaves behind for a reader: one self-contained HTML page, and the table
//! "paper, here" of every figure that a notebook states.

mod markdown;
mod page;
mod stated;

pub use page::write_page;
pub use stated::{Stated, stated, table};
