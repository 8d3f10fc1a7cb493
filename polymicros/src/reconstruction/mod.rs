//! Reconstruction from what an experiment could measure (paper 5.2, 5.3 and appendix D).
//!
//! [`sections`] goes from three orthogonal 2D maps to 3D volumes (5.3, D.2).

pub mod sections;
