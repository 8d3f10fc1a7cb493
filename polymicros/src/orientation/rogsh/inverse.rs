//! From ROGSH values back to an orientation.

use super::super::{Euler, ROGSH_NAMES};
use super::body::{Direction, other_sheet, solve, turn_of};
use super::newton::{Descent, REACHED, descend, distance};
use super::{map_field, rogsh};
use crate::{Error, Result};
use kiddo::{ImmutableKdTree, SquaredEuclidean};
use ndarray::{Array3, Array4, ArrayView4, Axis};
use std::f64::consts::PI;
use std::num::NonZero;
use std::sync::Arc;

/// How fine the table of a [`RogshInverse`] is. The defaults suit every use we know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InverseSettings {
    /// Steps along an edge of the standard triangle; the table has the square of this many
    /// directions.
    pub directions: usize,
    /// Turns about the sample's z axis for each direction.
    pub turns: usize,
    /// Table entries, the nearest ones, that descents start from; one of each cluster is used.
    pub neighbours: usize,
}

impl Default for InverseSettings {
    fn default() -> Self {
        InverseSettings {
            directions: 32,
            turns: 12,
            neighbours: 8,
        }
    }
}

/// An orientation found for given ROGSH values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inverted {
    /// An orientation, one of all those with the same values.
    pub orientation: Euler,
    /// The Euclidean distance of its values from the given ones: 0, up to rounding, for the values
    /// of an orientation, and otherwise how far the given values are from any.
    pub residual: f64,
}

/// The inverse of [`rogsh`]: from three values to an orientation that has them, or whose values are
/// nearest.
///
/// Values that some orientation has are solved in closed form: the second gives the invariant `e2`,
/// the third a quadratic equation for `e3`, a cubic one then the direction, and the first the turn
/// about the sample's z axis. Values that no orientation has, as in a generated field, have no such
/// solution. For them a table is searched for the nearest entries, and from there, and from what
/// the closed form comes up with, Newton descents lead to the nearest values. The table holds
/// orientations of one zone: the sample's z axis in the standard triangle of the crystal, and
/// `4 phi1 + arg B` between 0 and π, half of the period of 90° in `phi1`. It is computed, in
/// milliseconds, and not shipped.
///
/// # What is ambiguous
/// A value generically has 16 orientations, and some have 32: see [`super::preimages`]. The one
/// returned is in the zone of the table, `54.7° <= Phi <= 90°`, `45° <= phi2 <= 90°`, and where two
/// of the zone have the values, the one on the sheet of the smaller invariant `e3`. So near values
/// get near orientations, except across the end of that sheet. The round trip is exact in ROGSH,
/// not in orientation.
///
/// A clone shares the table.
#[derive(Clone)]
pub struct RogshInverse {
    table: Arc<Table>,
    neighbours: usize,
}

struct Table {
    tree: ImmutableKdTree<f64, 3>,
    orientations: Vec<Euler>,
}

impl std::fmt::Debug for RogshInverse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RogshInverse")
            .field("entries", &self.table.orientations.len())
            .field("neighbours", &self.neighbours)
            .finish()
    }
}

impl RogshInverse {
    /// The inverse with the default table, computed in milliseconds.
    ///
    /// # Errors
    /// Never with the default settings; the type says so because the tree may refuse its points.
    pub fn new() -> Result<Self> {
        Self::with_settings(InverseSettings::default())
    }

    /// The inverse with a table of another fineness.
    ///
    /// # Errors
    /// When a setting is zero, or the table would hold more than 10 million entries.
    pub fn with_settings(settings: InverseSettings) -> Result<Self> {
        let InverseSettings {
            directions,
            turns,
            neighbours,
        } = settings;
        let entries = directions
            .checked_mul(directions)
            .and_then(|n| n.checked_mul(turns))
            .unwrap_or(usize::MAX);
        if entries == 0 || entries > 10_000_000 || neighbours == 0 {
            return Err(Error::value(
                "ROGSH inverse settings",
                format!("{settings:?}: none may be zero, and the table at most 10 million long"),
            ));
        }
        let orientations = zone(directions, turns);
        let values: Vec<[f64; 3]> = orientations.iter().map(|e| rogsh(*e)).collect();
        let tree = ImmutableKdTree::new_from_slice(&values)
            .map_err(|e| Error::numerical("table of ROGSH values", e.to_string()))?;
        Ok(RogshInverse {
            table: Arc::new(Table { tree, orientations }),
            neighbours: neighbours.min(entries),
        })
    }

    /// An orientation with these ROGSH values, or with the nearest values that an orientation has.
    ///
    /// Values that aren't finite give the identity and a residual that is NaN.
    pub fn invert(&self, value: [f64; 3]) -> Inverted {
        if !value.iter().all(|v| v.is_finite()) {
            return Inverted {
                orientation: Euler::default(),
                residual: f64::NAN,
            };
        }
        for orientation in solve(value) {
            let residual = distance(rogsh(orientation), value);
            if residual < REACHED {
                return Inverted {
                    orientation,
                    residual,
                };
            }
        }
        canonical(self.nearest(value), value)
    }

    /// The nearest ROGSH values that an orientation has, in the Euclidean norm.
    ///
    /// The values fill a solid body, so those inside are returned as they are. Values that aren't
    /// finite come back as NaN.
    pub fn project(&self, value: [f64; 3]) -> [f64; 3] {
        let found = self.invert(value);
        if found.residual < 1e-9 {
            // Already valid; returning it untouched makes the projection idempotent to the bit.
            value
        } else if found.residual.is_nan() {
            [f64::NAN; 3]
        } else {
            rogsh(found.orientation)
        }
    }

    /// Orientations for a whole field of ROGSH values, in parallel.
    ///
    /// `values` has shape `(3, x, y, z)`, in the order of [`ROGSH_NAMES`]. The results are Euler
    /// angles of the same shape, in radians, and the residuals, of shape `(x, y, z)`.
    ///
    /// # Errors
    /// When the first axis doesn't have length 3, or a value isn't finite.
    pub fn invert_field(&self, values: ArrayView4<'_, f32>) -> Result<(Array4<f32>, Array3<f32>)> {
        refuse_what_is_not_finite(values)?;
        let mut found = map_field("ROGSH values", values, |value| {
            let Inverted {
                orientation: e,
                residual,
            } = self.invert(value);
            [e.phi1, e.big_phi, e.phi2, residual]
        })?;
        let residual = found.index_axis(Axis(0), 3).to_owned();
        found.slice_axis_inplace(Axis(0), ndarray::Slice::from(0..3));
        Ok((found, residual))
    }

    /// [`RogshInverse::project`] for a whole field of shape `(3, x, y, z)`, in parallel.
    ///
    /// # Errors
    /// When the first axis doesn't have length 3, or a value isn't finite.
    pub fn project_field(&self, values: ArrayView4<'_, f32>) -> Result<Array4<f32>> {
        refuse_what_is_not_finite(values)?;
        map_field("ROGSH values", values, |value| self.project(value))
    }

    /// The best of all descents, for a value that no orientation has.
    fn nearest(&self, value: [f64; 3]) -> Descent {
        // The closed form ends on a face of the zone, from which no descent would lead away.
        const OFF_THE_FACE: [f64; 3] = [0.01, -0.01, 0.003];
        let mut best = self.search(value);
        for e in solve(value) {
            let start = Euler::new(
                e.phi1 + OFF_THE_FACE[0],
                e.big_phi + OFF_THE_FACE[1],
                e.phi2 + OFF_THE_FACE[2],
            );
            let found = descend(start, value);
            if found.residual < best.residual {
                best = found;
            }
        }
        best
    }

    /// The best of the descents from the nearest table entries.
    fn search(&self, value: [f64; 3]) -> Descent {
        let mut best = Descent {
            orientation: Euler::default(),
            residual: f64::INFINITY,
        };
        let mut started: Vec<Euler> = Vec::with_capacity(self.neighbours);
        for start in self.entries_near(value, self.neighbours) {
            // Near values may belong to distant orientations, and then either may be the better
            // start. Near orientations lead to the same place.
            if started.iter().any(|s| in_one_basin(*s, start)) {
                continue;
            }
            started.push(start);
            let found = descend(start, value);
            if found.residual < best.residual {
                best = found;
            }
            if best.residual < REACHED {
                break;
            }
        }
        best
    }

    /// The orientations of the table whose values are nearest, the nearest first.
    fn entries_near(&self, value: [f64; 3], count: usize) -> impl Iterator<Item = Euler> {
        let count = NonZero::new(count).unwrap_or(NonZero::<usize>::MIN);
        self.table
            .tree
            .query(&value)
            .nearest_n::<SquaredEuclidean<f64>>(count)
            .execute()
            .into_iter()
            .map(|entry| self.table.orientations[entry.item as usize])
    }
}

/// Whether two entries of the table are neighbours in the zone: within a few cells of the default
/// table, in radians.
fn in_one_basin(a: Euler, b: Euler) -> bool {
    let near = |a: f64, b: f64, reach: f64| (a - b).abs() < reach;
    near(a.phi1, b.phi1, 0.15) && near(a.big_phi, b.big_phi, 0.06) && near(a.phi2, b.phi2, 0.06)
}

/// The orientation of the zone with the values of the one found.
fn canonical(found: Descent, value: [f64; 3]) -> Inverted {
    let e = found.orientation;
    let turn = turn_of(e).abs();
    let mut choices = Vec::with_capacity(2);
    choices.push(Direction::standard(e.sample_z()).orientation(turn));
    let first = rogsh(e)[0];
    if let Some((direction, true)) = other_sheet(e)
        && first.abs() <= direction.amplitude
    {
        choices.push(direction.orientation((first / direction.amplitude).acos()));
    }
    let mut chosen = Inverted {
        orientation: e,
        residual: found.residual,
    };
    for orientation in choices {
        let residual = distance(rogsh(orientation), value);
        if residual <= found.residual + REACHED {
            chosen = Inverted {
                orientation,
                residual,
            };
        }
    }
    chosen
}

pub(super) fn refuse_what_is_not_finite(values: ArrayView4<'_, f32>) -> Result<()> {
    match values.indexed_iter().find(|(_, v)| !v.is_finite()) {
        None => Ok(()),
        Some(((channel, x, y, z), v)) => Err(Error::value(
            format!("ROGSH values, channel {}", ROGSH_NAMES[channel.min(2)]),
            format!("{v} at (x, y, z) = ({x}, {y}, {z}): values must be finite"),
        )),
    }
}

/// The centres of the table's cells. None lies on the zone's faces: the Jacobian is singular there,
/// and a descent that starts on a face would stay on it.
fn zone(directions: usize, turns: usize) -> Vec<Euler> {
    let corners = [
        [1.0, 0.0, 0.0],
        [0.5f64.sqrt(), 0.5f64.sqrt(), 0.0],
        [1.0 / 3.0f64.sqrt(); 3],
    ];
    let n = directions as f64;
    let mut cells = Vec::with_capacity(directions * directions);
    for i in 0..directions {
        for j in 0..directions - i {
            // Small triangles that point up, and between them those that point down.
            cells.push((i as f64 + 1.0 / 3.0, j as f64 + 1.0 / 3.0));
            if i + j + 2 <= directions {
                cells.push((i as f64 + 2.0 / 3.0, j as f64 + 2.0 / 3.0));
            }
        }
    }
    cells
        .into_iter()
        .flat_map(|(a, b)| {
            let weights = [1.0 - (a + b) / n, a / n, b / n];
            let direction = Direction::standard([0, 1, 2].map(|k| {
                (0..3)
                    .map(|corner| weights[corner] * corners[corner][k])
                    .sum()
            }));
            (0..turns).map(move |t| direction.orientation(PI * (t as f64 + 0.5) / turns as f64))
        })
        .collect()
}

#[cfg(test)]
mod tests;
