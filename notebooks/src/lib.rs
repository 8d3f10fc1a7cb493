//! Runs the notebooks that reproduce the paper, and the batch commands.

pub mod commands;
pub mod document;
mod error;
#[cfg(feature = "evcxr")]
pub mod execute;
#[cfg(feature = "evcxr")]
pub mod kernel;
#[cfg(feature = "evcxr")]
pub mod lab;
pub mod places;
pub mod report;

pub use error::{Error, Result};
