//! Spatial statistics (paper 2.1.1, A.4, 5.1).

mod fft;

pub use fft::{Complex, RealFft};
