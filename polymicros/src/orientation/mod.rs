//! Crystal orientations (paper 2.1, A.2).
