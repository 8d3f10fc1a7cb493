//! One process under varied conditions: columnar grains with a fibre texture along the building
//! direction z, as additive manufacturing makes them.

use super::{between, between_logarithms, field, orientations};
use crate::Result;
use crate::microstructure::Field;
use crate::microstructure::stand_in::{grown, renumber};
use crate::orientation::{Euler, Quaternion};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

/// Over the edge of the box.
const WIDTH: [f64; 2] = [0.11, 0.29];
const ELONGATION: [f64; 2] = [1.0, 4.0];
const SHARE: [f64; 2] = [0.0, 0.8];
/// Degrees.
const SCATTER: [f64; 2] = [5.0, 20.0];

pub(super) fn structure(edge: usize, rng: &mut ChaCha8Rng) -> Result<Field> {
    let width = edge as f64 * between_logarithms(WIDTH, rng);
    let elongation = between(ELONGATION, rng);
    let (labels, grains) = renumber(&grown([edge; 3], width, [1.0, 1.0, elongation], rng));
    let (share, scatter) = (between(SHARE, rng), between(SCATTER, rng).to_radians());
    let fibre = |rng: &mut ChaCha8Rng| -> Quaternion {
        Euler::new(TAU * rng.random::<f64>(), 0.0, 0.0).into()
    };
    let orientations = orientations(grains.len(), share, scatter, fibre, rng)?;
    field(edge, &labels, &orientations)
}
