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
//! dataset stand three [references](Reference) that the library makes itself, and a control; the stand-ins of the
//! experiments are projected into the same components.
//!
//! # What chance adds
//!
//! The covariances of one volume scatter about those that it was drawn from, the more the fewer
//! grains it holds, and this scatter has many directions: structures of one and the same statistics
//! need many components too. How many, a control tells, whose structures have the statistics of the
//! dataset's first one and differ by chance alone. The volume that the control spans is what chance
//! alone spans.
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
pub use comparison::{Comparison, DiversitySettings, Role, SetDiversity};
pub use covariances::{Extent, Scale};
pub use references::Reference;
