//! Spatial statistics (paper 2.1.1, A.4, 5.1).

mod circular;
mod correlator;
mod estimate;
mod fft;
mod one_point;
mod pairs;
mod pca;
mod two_point;

pub use correlator::Correlator;
pub use estimate::Cutoff;
pub use fft::{Complex, Real, RealFft};
pub use one_point::OnePoint;
pub(crate) use one_point::means;
pub use pairs::Pairs;
pub(crate) use pca::eigenvalues;
pub use pca::{Pca, Vectors};
pub(crate) use two_point::signed;
pub use two_point::{Moment, TwoPoint};
