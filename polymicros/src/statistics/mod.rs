//! Spatial statistics (paper 2.1.1, A.4, 5.1).
