//! Compares the outputs of an executed notebook with those that the repository holds.
//!
//! Text must agree exactly, numbers in it within [`text::RELATIVE_TOLERANCE`], pictures in size and
//! within a perceptual distance ([`picture`]).

mod cell;
pub mod picture;
pub mod text;

pub use cell::difference;
