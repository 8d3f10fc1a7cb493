//! A full volume from a coarse stack of slices (paper 5.2), as a run in a folder.

mod run;
mod stack;
#[cfg(test)]
mod tests;

pub use run::{Progress, Reconstruction};
pub use stack::Stack;
