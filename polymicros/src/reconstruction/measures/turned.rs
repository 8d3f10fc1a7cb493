//! Errors in degrees.

use super::values::comparable;
use crate::Result;
use crate::microstructure::Field;
use crate::orientation::{RogshInverse, disorientation_up_to_rogsh};
use crate::reconstruction::Mask;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};

/// The bits of three ROGSH values.
type Bits = [u32; 3];

/// The disorientation of what was made to the truth, in degrees, at the voxels of `at`; NaN
/// elsewhere. It is the smallest over all orientations that have the same ROGSH values: 16 as a
/// rule. Values that no orientation has stand for the nearest that one has.
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
    let orientations: HashMap<Bits, _> = values
        .into_par_iter()
        .map(|bits| {
            let value = bits.map(|b| f64::from(f32::from_bits(b)));
            (bits, inverse.invert(value).orientation)
        })
        .collect();
    let degrees: HashMap<(Bits, Bits), f32> = pairs
        .into_par_iter()
        .map(|pair| {
            let (truth, made) = (orientations[&pair.0], orientations[&pair.1]);
            let turned = if pair.0 == pair.1 {
                0.0
            } else {
                disorientation_up_to_rogsh(truth, made)
            };
            (pair, turned.to_degrees() as f32)
        })
        .collect();
    let mut found = vec![f32::NAN; voxels];
    for v in compared {
        found[v] = degrees[&pair(v)];
    }
    Ok(found)
}
