//! How diverse a dataset is, beside sets of other kinds (paper 5.1, Fig. 3).
//!
//! A structure is what its covariances are: all auto- and cross-covariances of its three ROGSH
//! values, at all displacements. The principal components of a set's covariances say in how many
//! directions its structures differ: the more components it takes to explain 90 or 99 % of the
//! variance, the more diverse the set (the paper's measure). How far they differ is a second
//! question, answered by the volume that the set spans among the first components of all sets
//! together.
//!
//! Every set has the same number of structures on the same grid with the same channels. Beside the
//! dataset stand three [references](Reference) that the library makes itself; the stand-ins of the
//! experiments are projected into the same components.
//!
//! # Intervals
//!
//! Structures are drawn again with repetition, as often as they are many, and all figures are taken
//! anew (bootstrap). A sample with repetitions holds about 63 % of the structures, and fewer
//! structures differ in fewer directions; so the repetitions tell by how much a figure scatters, not
//! what it is. An interval is that scatter, the middle 95 % of it, about the figure of the whole
//! set. Numbers of components grow with the number of structures: they compare sets of equal counts
//! and say nothing on their own.

mod bootstrap;
mod comparison;
mod covariances;
mod references;
mod spread;

pub use bootstrap::Interval;
pub use comparison::{Comparison, DiversitySettings, SetDiversity};
pub use covariances::{Extent, Scale};
pub use references::Reference;
