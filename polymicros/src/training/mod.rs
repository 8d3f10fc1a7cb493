//! Training of denoisers (paper 3.2, 4 and appendix C).
//!
//! A run lives in a folder: its settings, a log of JSON lines, the last checkpoint and the averaged
//! network. It may be interrupted or killed at any moment and resumed; the resumed run has the same
//! bits as one that was not interrupted, on any number of threads. Whether a model is fit to sample
//! from says its [`DenoisingError`], which a run can log.

mod average;
mod checkpoint;
mod data;
mod denoising_error;
mod learner;
mod log;
mod objective;
mod optimiser;
mod patches;
mod run;
mod settings;
mod symmetry;

pub use average::Average;
pub use data::{DataSettings, Source};
pub use denoising_error::{DenoisingError, DenoisingRow, DenoisingSettings, DenoisingTest, Filter};
pub use learner::Learner;
pub use log::{LogLine, read_log};
pub use objective::Objective;
pub use optimiser::{Optimiser, Rule, clip};
pub use patches::{PatchSet, centred};
pub use run::Run;
pub use settings::{RateSchedule, Settings};
pub use symmetry::Symmetry;
