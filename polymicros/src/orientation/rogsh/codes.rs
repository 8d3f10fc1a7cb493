//! A 16-bit code of ROGSH values: the number of the nearest one of a table.

use super::super::random_orientations;
use super::body::solve;
use super::inverse::{RogshInverse, refuse_what_is_not_finite};
use super::newton::distance;
use super::rogsh;
use crate::{Error, Result};
use kiddo::{ImmutableKdTree, SquaredEuclidean};
use ndarray::{Array3, Array4, ArrayView3, ArrayView4};
use rayon::prelude::*;
use std::sync::Arc;

/// Half the edge of the lattice's cubic cell: as small as 16 bits allow.
const HALF: f64 = 0.011_3;

/// Orientations whose values are tried against the lattice, to find where the body is too thin for
/// it.
const TRIED: usize = 200_000;

/// The lattice is turned by this angle about this axis, so that no two of its points share a
/// coordinate, which the search tree could not tell apart.
const AXIS: [f64; 3] = [1.0, std::f64::consts::SQRT_2, 1.732_050_807_568_877_2];
const ANGLE: f64 = 1.0;

/// Whether some orientation has ROGSH values within `tolerance` of these, in the Euclidean norm.
///
/// Fields of mean zero, as Algorithm 3 makes them, have values that are none: a mean must be added
/// first, and even then the random part may lead out of the body that the values fill.
///
/// The orientation is found in closed form, without a search for the nearest one. Of values just
/// outside it is not the nearest: at the body's sharp end near the identity, where single
/// precision leads outside by 1e-8, it may be 5e-4 away. So a tolerance below 1e-3 refuses some
/// values that were rounded.
pub fn is_rogsh(value: [f64; 3], tolerance: f64) -> bool {
    value.iter().all(|v| v.is_finite())
        && solve(value).any(|orientation| distance(rogsh(orientation), value) < tolerance)
}

/// A table of valid ROGSH values, and for any value the number of the nearest in it: a field of
/// three `f32` a voxel as one `u16` a voxel.
///
/// The table's points are those of a body-centred cubic lattice that lie in the body which ROGSH
/// values fill; on its surface, the nearest to lattice points just outside; and where the body is
/// thinner than a cell, values further than a spacing from all others. A valid value is at most
/// about one and a half [spacings](Self::SPACING) from an entry. A value that no orientation has
/// gets the entry that is nearest to it, and loses whatever separates it from the body.
///
/// A clone shares the table.
#[derive(Clone)]
pub struct RogshCodes {
    table: Arc<Table>,
}

struct Table {
    values: Vec<[f32; 3]>,
    tree: ImmutableKdTree<f64, 3>,
}

impl std::fmt::Debug for RogshCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RogshCodes")
            .field("entries", &self.table.values.len())
            .finish()
    }
}

impl RogshCodes {
    /// The code of no value: tables are shorter than this.
    pub const NONE: u16 = u16::MAX;

    /// The distance of an entry's nearest neighbours in the table's inside.
    pub const SPACING: f64 = HALF * 1.732_050_807_568_877_2;

    /// The table, computed in about a second.
    ///
    /// # Errors
    /// Never with the lattice of this library; the type says so because the tree may refuse its
    /// points.
    pub fn new() -> Result<Self> {
        let mut values = lattice(&RogshInverse::new()?);
        values.extend(thin_parts(&Self::from_values(values.clone())?));
        Self::from_values(values)
    }

    /// A table that was written to a file.
    ///
    /// # Errors
    /// When it is empty, too long for 16 bits, or holds a number that is not finite.
    pub fn from_values(values: Vec<[f32; 3]>) -> Result<Self> {
        let what = "table of ROGSH values";
        if values.is_empty() || values.len() > usize::from(Self::NONE) {
            let expected = format!("1 to {} entries", Self::NONE);
            return Err(Error::shape(what, expected, values.len()));
        }
        if let Some(at) = values.iter().position(|v| v.iter().any(|v| !v.is_finite())) {
            let problem = format!("entry {at} is {:?}: values must be finite", values[at]);
            return Err(Error::value(what, problem));
        }
        let points: Vec<[f64; 3]> = values.iter().map(|v| v.map(f64::from)).collect();
        let tree = ImmutableKdTree::new_from_slice(&points)
            .map_err(|e| Error::numerical(what, e.to_string()))?;
        Ok(RogshCodes {
            table: Arc::new(Table { values, tree }),
        })
    }

    /// The values that the codes stand for, in their order.
    pub fn values(&self) -> &[[f32; 3]] {
        &self.table.values
    }

    /// The code of the nearest entry, in the Euclidean norm.
    pub fn nearest(&self, value: [f64; 3]) -> u16 {
        let nearest = self.table.tree.query(&value);
        let nearest = nearest.nearest_one::<SquaredEuclidean<f64>>().execute();
        nearest.item as u16
    }

    /// The codes of a field, of shape `(x, y, z)` from values of shape `(3, x, y, z)`, in parallel.
    ///
    /// # Errors
    /// When the first axis does not have length 3, or a value is not finite.
    pub fn encode(&self, values: ArrayView4<'_, f32>) -> Result<Array3<u16>> {
        let (channels, x, y, z) = values.dim();
        if channels != 3 {
            return Err(Error::shape("ROGSH values", [3, x, y, z], values.shape()));
        }
        refuse_what_is_not_finite(values)?;
        let values = values.as_standard_layout();
        let data = values.as_slice().expect("as_standard_layout is contiguous");
        let voxels = x * y * z;
        let codes: Vec<u16> = (0..voxels)
            .into_par_iter()
            .map(|at| self.nearest([0, 1, 2].map(|c| f64::from(data[c * voxels + at]))))
            .collect();
        Array3::from_shape_vec((x, y, z), codes)
            .map_err(|e| Error::numerical("codes of ROGSH values", e.to_string()))
    }

    /// The values of a field of codes, of shape `(3, x, y, z)` from codes of shape `(x, y, z)`.
    ///
    /// # Errors
    /// When a code is not in the table.
    pub fn decode(&self, codes: ArrayView3<'_, u16>) -> Result<Array4<f32>> {
        let (x, y, z) = codes.dim();
        let mut values = Array4::zeros((3, x, y, z));
        for ((x, y, z), code) in codes.indexed_iter() {
            let found = self.values().get(usize::from(*code)).ok_or_else(|| {
                let entries = self.values().len();
                let problem = format!("{code} at {:?}: the table has {entries}", [x, y, z]);
                Error::value("code of ROGSH values", problem)
            })?;
            for (channel, value) in found.iter().enumerate() {
                values[[channel, x, y, z]] = *value;
            }
        }
        Ok(values)
    }
}

/// What counts as inside when the table is made.
const INSIDE: f64 = 1e-9;

/// The points of the lattice inside the body, and those of its surface that are nearest to points
/// outside which have a neighbour inside.
fn lattice(inverse: &RogshInverse) -> Vec<[f32; 3]> {
    let turn = turned();
    let at = |[i, j, k]: [i32; 3]| -> [f64; 3] {
        let point = [i, j, k].map(|n| HALF * f64::from(n));
        turn.map(|row| row.iter().zip(point).map(|(t, p)| t * p).sum())
    };
    // All values are within one of the origin.
    let reach = (1.0 / HALF).ceil() as i32;
    let slabs: Vec<Vec<[f32; 3]>> = (-reach..=reach)
        .into_par_iter()
        .map(|i| {
            let mut slab = Vec::new();
            for j in -reach..=reach {
                for k in -reach..=reach {
                    // All even or all odd: a body-centred cubic lattice.
                    if (i ^ j) & 1 == 1 || (j ^ k) & 1 == 1 {
                        continue;
                    }
                    let point = at([i, j, k]);
                    if is_rogsh(point, INSIDE) {
                        slab.push(point.map(|v| v as f32));
                    } else if NEIGHBOURS
                        .iter()
                        .any(|[a, b, c]| is_rogsh(at([i + a, j + b, k + c]), INSIDE))
                    {
                        slab.push(inverse.project(point).map(|v| v as f32));
                    }
                }
            }
            slab
        })
        .collect();
    slabs.concat()
}

/// To the eight nearest points of a body-centred cubic lattice.
const NEIGHBOURS: [[i32; 3]; 8] = [
    [1, 1, 1],
    [1, 1, -1],
    [1, -1, 1],
    [1, -1, -1],
    [-1, 1, 1],
    [-1, 1, -1],
    [-1, -1, 1],
    [-1, -1, -1],
];

/// Values of orientations that are further than a spacing from all entries, and from each other.
fn thin_parts(known: &RogshCodes) -> Vec<[f32; 3]> {
    let far = |value: [f64; 3], from: &[[f32; 3]]| {
        let apart = |v: &[f32; 3]| distance(v.map(f64::from), value) > RogshCodes::SPACING;
        from.iter().all(apart)
    };
    let candidates: Vec<[f64; 3]> = random_orientations(TRIED, 0)
        .into_par_iter()
        .map(rogsh)
        .filter(|&value| far(value, &[known.values()[usize::from(known.nearest(value))]]))
        .collect();
    let mut found = Vec::new();
    for value in candidates {
        if far(value, &found) {
            found.push(value.map(|v| v as f32));
        }
    }
    found
}

/// The rows of the rotation by [`ANGLE`] about [`AXIS`] (Rodrigues' formula).
fn turned() -> [[f64; 3]; 3] {
    let length = AXIS.iter().map(|a| a * a).sum::<f64>().sqrt();
    let n = AXIS.map(|a| a / length);
    let (sin, cos) = ANGLE.sin_cos();
    let cross = [[0.0, -n[2], n[1]], [n[2], 0.0, -n[0]], [-n[1], n[0], 0.0]];
    std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            let one = if i == j { cos } else { 0.0 };
            one + (1.0 - cos) * n[i] * n[j] + sin * cross[i][j]
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::random_orientations;
    use super::*;
    use crate::orientation::ROGSH_RANGE;

    #[test]
    fn sixteen_bits_are_used_and_every_entry_is_valid() -> Result<()> {
        let codes = RogshCodes::new()?;
        let entries = codes.values().len();
        println!("{entries} entries");
        assert!((60_000..65_535).contains(&entries), "{entries}");
        let inverse = RogshInverse::new()?;
        for value in codes.values().iter().step_by(37) {
            let residual = inverse.invert(value.map(f64::from)).residual;
            assert!(residual < 1e-6, "{value:?} {residual}");
        }
        // Written and read, it is the same table.
        let read = RogshCodes::from_values(codes.values().to_vec())?;
        for (code, value) in codes.values().iter().enumerate().step_by(101) {
            let found = read.nearest(value.map(f64::from));
            assert_eq!(read.values()[usize::from(found)], *value, "{code}");
        }
        Ok(())
    }

    /// Of orientations all over SO(3): the nearest entry as brute force finds it, and no further
    /// than the lattice's covering radius, with what the surface adds.
    #[test]
    fn values_of_orientations_lose_little() -> Result<()> {
        let codes = RogshCodes::new()?;
        let (mut square, mut largest) = (0.0, 0.0f64);
        let orientations = random_orientations(4_000, 5);
        for (i, e) in orientations.iter().enumerate() {
            let value = rogsh(*e);
            let rounded = value.map(|v| f64::from(v as f32));
            assert!(is_rogsh(rounded, 1e-3), "{value:?}");
            let found = codes.values()[usize::from(codes.nearest(value))].map(f64::from);
            let lost = distance(found, value);
            if i % 40 == 0 {
                let all = codes
                    .values()
                    .iter()
                    .map(|v| distance(v.map(f64::from), value));
                assert!((all.fold(f64::INFINITY, f64::min) - lost).abs() < 1e-12);
            }
            square += lost * lost;
            largest = largest.max(lost);
        }
        let rms = (square / orientations.len() as f64).sqrt();
        println!("rms {rms:.5}, largest {largest:.5}");
        assert!(rms < 0.01, "{rms}");
        assert!(largest < 1.5 * RogshCodes::SPACING, "{largest}");
        Ok(())
    }

    #[test]
    fn fields_come_back_and_what_is_no_value_comes_back_as_one() -> Result<()> {
        let codes = RogshCodes::new()?;
        let field = Array4::from_shape_fn((3, 4, 3, 5), |(c, x, y, z)| {
            let [low, high] = ROGSH_RANGE[c];
            (low + (high - low) * ((7 * x + 3 * y + 5 * z + 2 * c) % 11) as f64 / 10.0) as f32
        });
        let coded = codes.encode(field.view())?;
        let decoded = codes.decode(coded.view())?;
        assert_eq!(codes.encode(decoded.view())?, coded);
        for lane in decoded.lanes(ndarray::Axis(0)) {
            assert!(
                is_rogsh([0, 1, 2].map(|c| f64::from(lane[c])), 1e-3),
                "{lane}"
            );
        }
        assert!(!is_rogsh([0.4, 0.7, -0.4], 0.1));
        assert!(
            codes
                .decode(Array3::from_elem((1, 1, 1), RogshCodes::NONE).view())
                .is_err()
        );
        assert!(codes.encode(Array4::zeros((2, 1, 1, 1)).view()).is_err());
        assert!(
            codes
                .encode(Array4::from_elem((3, 1, 1, 1), f32::NAN).view())
                .is_err()
        );
        assert!(RogshCodes::from_values(Vec::new()).is_err());
        Ok(())
    }
}
