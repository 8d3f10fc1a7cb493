//! Errors in degrees.

use super::values::comparable;
use crate::Result;
use crate::microstructure::Field;
use crate::orientation::{
    CUBIC_ROTATIONS, Euler, Quaternion, RogshInverse, disorientation, disorientation_up_to_rogsh,
    preimages,
};
use crate::reconstruction::Mask;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};

/// The bits of three ROGSH values.
type Bits = [u32; 3];

/// The disorientation of what was made to the truth, in degrees, at the voxels of `at`; NaN
/// elsewhere. It is the smallest over all orientations that have the ROGSH values of the one and of
/// the other: 16 each, as a rule. Values that no orientation has stand for the nearest that one has.
///
/// # Errors
/// When the fields are not ROGSH fields of one shape.
pub fn misorientations(truth: &Field, made: &Field, at: &Mask) -> Result<Vec<f32>> {
    comparable(truth, made)?;
    at.fits(truth.grid().shape)?;
    let voxels = truth.grid().voxels();
    let bits = |field: &Field, v: usize| -> Bits {
        [0, 1, 2].map(|c| field.as_slice()[c * voxels + v].to_bits())
    };
    // Voxels of one grain have much in common, and an inversion costs more than a look-up.
    let compared: Vec<usize> = (0..voxels).filter(|v| at.as_slice()[*v]).collect();
    let pair = |v: usize| (bits(truth, v), bits(made, v));
    let pairs: BTreeSet<(Bits, Bits)> = compared.iter().map(|v| pair(*v)).collect();
    let values: BTreeSet<Bits> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let inverse = RogshInverse::new()?;
    let orientations: HashMap<Bits, Euler> = values
        .into_par_iter()
        .map(|bits| {
            let value = bits.map(|b| f64::from(f32::from_bits(b)));
            (bits, inverse.invert(value).orientation)
        })
        .collect();
    let truths: BTreeSet<Bits> = pairs.iter().map(|(truth, _)| *truth).collect();
    let kinds: HashMap<Bits, Vec<Euler>> = truths
        .into_par_iter()
        .map(|bits| (bits, kinds(orientations[&bits])))
        .collect();
    let degrees: HashMap<(Bits, Bits), f32> = pairs
        .into_par_iter()
        .map(|pair| {
            let (truth, made) = pair;
            let turned = kinds[&truth]
                .iter()
                .map(|truth| disorientation_up_to_rogsh(*truth, orientations[&made]))
                .fold(f64::INFINITY, f64::min);
            (
                pair,
                if truth == made {
                    0.0
                } else {
                    turned.to_degrees() as f32
                },
            )
        })
        .collect();
    let mut found = vec![f32::NAN; voxels];
    for v in compared {
        found[v] = degrees[&pair(v)];
    }
    Ok(found)
}

/// Of the orientations with the values of this one, those that no rotation of the sample group 422
/// takes into each other: such a rotation turns what was made as well, and changes no distance.
fn kinds(orientation: Euler) -> Vec<Euler> {
    let group: Vec<Quaternion> = CUBIC_ROTATIONS
        .into_iter()
        .filter(|q| q.apply([0.0, 0.0, 1.0])[2].abs() > 0.5)
        .collect();
    let mut kinds: Vec<Euler> = Vec::new();
    for one in preimages(orientation) {
        let turned = |kind: &Euler| {
            let kind = Quaternion::from(*kind);
            let mut images = group.iter().map(|q| Euler::from(kind * *q));
            images.any(|image| disorientation(image, one) < SAME)
        };
        if !kinds.iter().any(turned) {
            kinds.push(one);
        }
    }
    kinds
}

/// Orientations nearer than this, in radians, are one.
const SAME: f64 = 1e-6;
