//! Crystal orientations (paper 2.1, A.2).
//!
//! # Convention
//!
//! An orientation is the rotation `g` that takes the components of a vector in the sample frame to
//! its components in the crystal frame: `v_crystal = g v_sample` (passive, Bunge). It follows that
//!
//! * crystal symmetry acts on the left of `g` and sample symmetry on its right;
//! * the third column of `g` is the sample's z axis seen from the crystal;
//! * all four types here, [`Euler`], [`Quaternion`], [`Rodrigues`] and [`RotationMatrix`], name
//!   that same `g`, and products are read the same way in all of them: `a * b` first applies `b`.
//!
//! Bunge's angles are intrinsic ZXZ: the sample frame is turned by `phi1` about z, by `big_phi`
//! about the new x and by `phi2` about the new z, and has then become the crystal frame. That turns
//! the *axes*; components turn the other way, so the quaternion of `g` is
//! `(cos Φ/2 cos σ, -sin Φ/2 cos δ, -sin Φ/2 sin δ, -cos Φ/2 sin σ)` with `σ = (φ1 + φ2)/2` and
//! `δ = (φ1 - φ2)/2`. DREAM.3D and orix write the same quaternion. Software that stores the rotation
//! of the axes instead, crystal to sample, writes its conjugate: Xnovo's Rodrigues vectors are of
//! this kind, see [`Rodrigues::from_crystal_to_sample`].
//!
//! # Symmetry
//!
//! Everything here is for cubic crystals of Laue class m-3m, whose rotations are the 24 of the
//! group 432 ([`CUBIC_ROTATIONS`]).

mod cubic;
mod euler;
mod ipf;
mod matrix;
mod mean;
mod quaternion;
mod rodrigues;
mod rogsh;

pub use cubic::{
    AxisAngle, CUBIC_ROTATIONS, disorientation, disorientation_axis_angle, to_fundamental_zone,
};
pub use euler::Euler;
pub use ipf::{ipf_colour, ipf_rgb};
pub use matrix::RotationMatrix;
pub use mean::mean_orientation;
pub use quaternion::{Quaternion, random_orientations};
pub use rodrigues::Rodrigues;
pub use rogsh::{
    InverseSettings, Inverted, ROGSH_NAMES, ROGSH_RANGE, RogshCodes, RogshInverse,
    disorientation_up_to_rogsh, is_rogsh, preimages, rogsh, rogsh_jacobian, rogsh_of_field,
};
