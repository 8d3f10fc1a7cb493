//! Training of denoisers (paper 3.2, 4 and appendix C): neighbourhood sets, the objective and its
//! gradients, the optimiser and averaged weights.

mod average;
mod objective;
mod optimiser;
mod patches;
mod symmetry;

pub use average::Average;
pub use objective::Objective;
pub use optimiser::{AdamW, clip};
pub use patches::{PatchSet, centred};
pub use symmetry::Symmetry;
