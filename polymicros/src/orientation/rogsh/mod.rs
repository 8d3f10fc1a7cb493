//! Reduced-order generalised spherical harmonics for cubic crystals (paper A.2, Eqs. 8 to 10).
//!
//! Three of the symmetrised harmonics `T_l^{mu nu}(g)` of Eq. 4 stand for an orientation. The paper
//! prints a bracket of Eq. 8 in the wrong place; the functions here are the corrected ones, which
//! all 24 rotations of the crystal leave unchanged. They leave out the factor `2l + 1` of Eq. 7.
//!
//! # Geometry
//!
//! Let `n` be the sample's z axis in the crystal, `e2 = x²y² + y²z² + z²x²` and `e3 = x²y²z²` its
//! cubic invariants. Then
//!
//! * `T(4,0,1) = √21/6 (1 - 5 e2)`,
//! * `T(12,0,2) = k (2 - 78 e2 - 912 e3 + 777 e2² + 4266 e2 e3 - 2050 e2³ - 4053 e3²)`, where
//!   `k = √166305594/39360`,
//! * `Re T(4,-4,1) = Re(B exp(4i φ1)) = |B| cos(4 φ1 + arg B)`, where
//!   `|B|² = 5/24 ((1 - e2)² - 12 e3)`.
//!
//! The first two lines are Eqs. 9 and 10, a cubic harmonic of degree 4 and one of degree 12, written
//! as polynomials in the invariants. That costs three sines and cosines for all three functions.
//! So the values fill a solid body: over each value of the last two, `|T(4,-4,1)| <= |B|`.

mod body;
mod codes;
mod inverse;
mod newton;
mod preimages;

pub use codes::{RogshCodes, is_rogsh};
pub use inverse::{InverseSettings, Inverted, RogshInverse};
pub use preimages::{disorientation_up_to_rogsh, preimages};

use super::Euler;
use crate::{Error, Result};
use ndarray::{Array4, ArrayView4};
use rayon::prelude::*;

/// The names of the three channels, in the order of [`rogsh`].
pub const ROGSH_NAMES: [&str; 3] = ["T4,-4,1", "T4,0,1", "T12,0,2"];

/// The smallest and the largest value of each function over all orientations.
///
/// The first is symmetric, `±√(5/24)`; the upper ends of the other two, `√21/6` and
/// `√166305594/19680`, are reached at the identity. The paper gives `[-1, 1]` for all.
pub const ROGSH_RANGE: [[f64; 2]; 3] = [
    [-0.456_435_464_587_638_4, 0.456_435_464_587_638_4],
    [-0.509_175_077_217_315_6, 0.763_762_615_825_973_3],
    [-0.455_659_254_639, 0.655_282_145_369_954_7],
];

/// `√30/192`, the factor of Eq. 8.
const K4_4: f64 = 0.028_527_216_536_727_4;
/// `√21/6`.
const K4_0: f64 = 0.763_762_615_825_973_3;
/// `√166305594/39360`.
const K12: f64 = 0.327_641_072_684_977_35;

/// The three ROGSH values of an orientation: `Re T(4,-4,1)`, `T(4,0,1)` and `T(12,0,2)`.
///
/// They are not one-to-one, see [`preimages`].
pub fn rogsh(orientation: Euler) -> [f64; 3] {
    let angles = Angles::new(orientation);
    let (e2, e3) = angles.invariants();
    let (re, im) = angles.b();
    [
        K4_4 * (re * angles.c1 - im * angles.s1),
        t4_0(e2),
        t12(e2, e3),
    ]
}

/// The derivatives of [`rogsh`]: row `k` is function `k`, the columns are `phi1`, `Phi`, `phi2`.
///
/// The rank drops where the values lie on the surface of their body: where `4 φ1 + arg B` is a
/// multiple of π, and where the sample's z axis lies in a mirror plane of the crystal.
pub fn rogsh_jacobian(orientation: Euler) -> [[f64; 3]; 3] {
    newton::expand(orientation).jacobian
}

/// The ROGSH values of a whole field of Euler angles, in parallel.
///
/// `euler` has shape `(3, x, y, z)`: `phi1, Phi, phi2` in radians. So has the result, in the order
/// of [`ROGSH_NAMES`].
///
/// # Errors
/// When the first axis does not have length 3.
pub fn rogsh_of_field(euler: ArrayView4<'_, f32>) -> Result<Array4<f32>> {
    map_field("Euler angles", euler, |angles| rogsh(angles.into()))
}

/// `N` channels from three channels, voxel by voxel and in parallel.
fn map_field<const N: usize>(
    what: &str,
    input: ArrayView4<'_, f32>,
    function: impl Fn([f64; 3]) -> [f64; N] + Sync,
) -> Result<Array4<f32>> {
    let (channels, x, y, z) = input.dim();
    if channels != 3 {
        return Err(Error::shape(what, [3, x, y, z], input.shape()));
    }
    let input = input.as_standard_layout();
    let data = input.as_slice().expect("as_standard_layout is contiguous");
    let voxels = x * y * z;
    let mut output = Array4::zeros((N, x, y, z));
    const BLOCK: usize = 2048;
    let mut channels: Vec<_> = output
        .as_slice_mut()
        .expect("a new array is contiguous")
        .chunks_mut(voxels.max(1))
        .map(|channel| channel.chunks_mut(BLOCK))
        .collect();
    let blocks: Vec<Vec<&mut [f32]>> = (0..voxels.div_ceil(BLOCK))
        .map(|_| channels.iter_mut().filter_map(Iterator::next).collect())
        .collect();
    blocks
        .into_par_iter()
        .enumerate()
        .for_each(|(block, mut parts)| {
            for i in 0..parts[0].len() {
                let voxel = block * BLOCK + i;
                let value = function([0, 1, 2].map(|k| f64::from(data[k * voxels + voxel])));
                for (part, v) in parts.iter_mut().zip(value) {
                    part[i] = v as f32;
                }
            }
        });
    Ok(output)
}

/// `T(4,0,1)` from the first cubic invariant.
fn t4_0(e2: f64) -> f64 {
    K4_0 * (1.0 - 5.0 * e2)
}

/// `T(12,0,2)` from both cubic invariants.
fn t12(e2: f64, e3: f64) -> f64 {
    K12 * (2.0
        + e2 * (-78.0 + e2 * (777.0 - 2050.0 * e2))
        + e3 * (-912.0 + 4266.0 * e2 - 4053.0 * e3))
}

/// The sines and cosines that all three functions are made of.
struct Angles {
    s1: f64,
    c1: f64,
    s: f64,
    c: f64,
    s2: f64,
    c2: f64,
}

impl Angles {
    fn new(e: Euler) -> Self {
        let (s1, c1) = (4.0 * e.phi1).sin_cos();
        let (s, c) = e.big_phi.sin_cos();
        let (s2, c2) = (4.0 * e.phi2).sin_cos();
        Angles {
            s1,
            c1,
            s,
            c,
            s2,
            c2,
        }
    }

    /// The cubic invariants `e2` and `e3` of the sample's z axis in the crystal.
    fn invariants(&self) -> (f64, f64) {
        let (ss, cc) = (self.s * self.s, self.c * self.c);
        // x²y²
        let q = 0.125 * ss * ss * (1.0 - self.c2);
        (q + cc * ss, cc * q)
    }

    /// Real and imaginary part of `B / K4_4`, by expanding `(cos Φ ± 1)^4` in Eq. 8.
    fn b(&self) -> (f64, f64) {
        let (ss, cc) = (self.s * self.s, self.c * self.c);
        (
            14.0 * ss * ss + (2.0 + cc * (12.0 + 2.0 * cc)) * self.c2,
            8.0 * self.c * (1.0 + cc) * self.s2,
        )
    }
}

#[cfg(test)]
mod tests;
