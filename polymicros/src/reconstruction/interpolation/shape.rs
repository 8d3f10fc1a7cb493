//! Shape-based interpolation of grains between slices.

use super::nearest;
use crate::microstructure::{Field, Grains, Grid};
use crate::reconstruction::{Distances, Mask};
use crate::{Error, Result};
use ndarray::{Array4, ArrayView2, ArrayView4, Axis};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Neighbouring voxels whose ROGSH values are nearer than this are in one grain, within a slice and
/// from a slice to the next: one to two degrees.
const ONE_GRAIN: f64 = 0.05;

pub(super) fn fill(observed: &Field) -> Result<Field> {
    let Some((axis, slices)) = Mask::of(observed).stack() else {
        return Err(Error::value(
            "shape-based interpolation",
            "the known voxels are not slices of a stack; the other two interpolations take any",
        ));
    };
    let stack = known_slices(observed, axis, &slices)?;
    let grains = Grains::by_rogsh(&stack, ONE_GRAIN, false)?;
    let spacing: Vec<f64> = (0..3)
        .filter(|a| *a != axis)
        .map(|a| observed.grid().spacing[a])
        .collect();
    let pairs: Vec<usize> = (0..slices.len() - 1).collect();
    let between = pairs
        .into_par_iter()
        .map(|k| {
            let of = |k: usize| Slice {
                labels: grains.labels().index_axis(Axis(axis), k),
                spacing: [spacing[0], spacing[1]],
            };
            interpolate(&of(k), &of(k + 1), slices[k + 1] - slices[k])
        })
        .collect::<Result<Vec<_>>>()?;
    // Beyond the first and the last slice, and for voxels that a known slice lacks.
    let mut filled = nearest::fill(observed)?.data().to_owned();
    let known = stack.data();
    for (k, slices_between) in between.iter().enumerate() {
        for (step, sources) in slices_between.iter().enumerate() {
            let share = (step + 1) as f64 / (slices[k + 1] - slices[k]) as f64;
            put(
                filled
                    .view_mut()
                    .index_axis_move(Axis(axis + 1), slices[k] + step + 1),
                [k, k + 1].map(|k| known.view().index_axis_move(Axis(axis + 1), k)),
                sources,
                share,
            );
        }
    }
    Field::new(*observed.grid(), observed.channels(), filled)
}

/// The known slices alone, as a thinner volume.
fn known_slices(observed: &Field, axis: usize, slices: &[usize]) -> Result<Field> {
    let select = |view: ArrayView4<'_, f32>| -> Array4<f32> { view.select(Axis(axis + 1), slices) };
    let mut shape = observed.grid().shape;
    shape[axis] = slices.len();
    let grid = Grid {
        shape,
        ..*observed.grid()
    };
    let mask = Mask::of(observed).known().select(Axis(axis), slices);
    Field::new(grid, observed.channels(), select(observed.data().view()))?
        .with_mask(mask.into_shared())
}

/// The grains in one slice.
struct Slice<'a> {
    labels: ArrayView2<'a, u32>,
    spacing: [f64; 2],
}

/// A slice between two: for each pixel the pixel of the slice below and of the one above that it
/// takes its values from, each the nearest of its grain.
type Sources = Vec<[Option<u32>; 2]>;

/// The slices between two that are `gap` apart.
fn interpolate<'a>(below: &Slice<'a>, above: &Slice<'a>, gap: usize) -> Result<Vec<Sources>> {
    let pixels = below.labels.len();
    let mut largest = vec![vec![f64::NEG_INFINITY; pixels]; gap - 1];
    let mut sources: Vec<Sources> = vec![vec![[None; 2]; pixels]; gap - 1];
    let share = |step: usize| (step + 1) as f64 / gap as f64;
    let (in_below, in_above) = (below.grains(), above.grains());
    for grain in in_below.intersection(&in_above) {
        let (a, b) = (below.outline(*grain)?, above.outline(*grain)?);
        for (step, (largest, sources)) in largest.iter_mut().zip(&mut sources).enumerate() {
            let share = share(step);
            for at in 0..pixels {
                let distance = (1.0 - share) * a.distance[at] + share * b.distance[at];
                if distance > largest[at] {
                    largest[at] = distance;
                    sources[at] = [Some(a.nearest[at]), Some(b.nearest[at])];
                }
            }
        }
    }
    for (is_below, slice, own, other) in [
        (true, below, &in_below, &in_above),
        (false, above, &in_above, &in_below),
    ] {
        for grain in own.difference(other) {
            let outline = slice.outline(*grain)?;
            let widest = outline.distance.iter().copied().fold(0.0, f64::max);
            for (step, sources) in sources.iter_mut().enumerate() {
                let away = if is_below {
                    share(step)
                } else {
                    1.0 - share(step)
                };
                for (at, distance) in outline.distance.iter().enumerate() {
                    // It shrinks as if its distance fell evenly, to nothing half way.
                    if *distance > 2.0 * away * widest {
                        let itself = Some(at as u32);
                        sources[at] = if is_below {
                            [itself, None]
                        } else {
                            [None, itself]
                        };
                    }
                }
            }
        }
    }
    Ok(sources)
}

/// A grain in a slice.
struct Outline {
    /// The distance of each pixel to the grain's boundary, positive within.
    distance: Vec<f64>,
    /// The pixel of the grain that is nearest to each pixel.
    nearest: Vec<u32>,
}

impl Slice<'_> {
    fn grains(&self) -> BTreeSet<u32> {
        let labels = self.labels.iter().copied();
        labels.filter(|label| *label > 0).collect()
    }

    /// A grain that the slice shows.
    fn outline(&self, grain: u32) -> Result<Outline> {
        let inside: Vec<bool> = self.labels.iter().map(|label| *label == grain).collect();
        let (rows, columns) = self.labels.dim();
        let shape = [1, rows, columns];
        let [p, q] = self.spacing;
        let spacing = [1.0, p, q];
        // The boundary is half a pixel before the first centre beyond it.
        let half = 0.5 * p.min(q);
        let to = Distances::to(&inside, shape, spacing)?;
        let distance = if inside.contains(&false) {
            let outside: Vec<bool> = inside.iter().map(|inside| !inside).collect();
            let away = Distances::to(&outside, shape, spacing)?;
            let signed = |(to, away): (&f64, &f64)| match *to > 0.0 {
                true => half - to.sqrt(),
                false => away.sqrt() - half,
            };
            to.squared.iter().zip(&away.squared).map(signed).collect()
        } else {
            // A grain that fills its slice has its boundary somewhere beyond.
            vec![p.mul_add(rows as f64, q * columns as f64); inside.len()]
        };
        Ok(Outline {
            distance,
            nearest: to.nearest,
        })
    }
}

/// Puts the values of an interpolated slice in their place.
fn put(
    mut target: ndarray::ArrayViewMut3<'_, f32>,
    [below, above]: [ndarray::ArrayView3<'_, f32>; 2],
    sources: &Sources,
    share: f64,
) {
    let columns = target.len_of(Axis(2));
    for (c, mut channel) in target.axis_iter_mut(Axis(0)).enumerate() {
        let value = |slice: &ndarray::ArrayView3<'_, f32>, at: u32| {
            let at = at as usize;
            f64::from(slice[[c, at / columns, at % columns]])
        };
        for (pixel, from) in channel.iter_mut().zip(sources) {
            *pixel = match *from {
                [Some(a), Some(b)] => (1.0 - share) * value(&below, a) + share * value(&above, b),
                [Some(a), None] => value(&below, a),
                [None, Some(b)] => value(&above, b),
                // Neither slice shows any grain here; the nearest known voxel stays.
                [None, None] => continue,
            } as f32;
        }
    }
}
