//! The mean of orientations.

use super::{CUBIC_ROTATIONS, Euler, Quaternion};
use crate::{Error, Result};

/// The mean of cubic orientations that are near one another, as in one grain.
///
/// Each is described by that of its 24 equivalents, and of the two signs of a quaternion, which is
/// nearest to the mean so far, starting from the first; the normalised sum is the next mean. That
/// is the quaternion average with symmetry reduction. It has no meaning for orientations scattered
/// over the whole of the fundamental zone.
///
/// # Errors
/// When there is no orientation, or an angle is not finite.
pub fn mean_orientation(orientations: &[Euler]) -> Result<Euler> {
    let Some(&first) = orientations.first() else {
        return Err(Error::value("mean orientation", "of no orientation"));
    };
    if orientations.iter().all(|other| *other == first) {
        return Ok(first);
    }
    let quaternions: Vec<Quaternion> = orientations.iter().map(|&e| e.into()).collect();
    let mut mean = quaternions[0];
    for _ in 0..PASSES {
        let mut sum = [0.0; 4];
        for q in &quaternions {
            for (sum, c) in sum.iter_mut().zip(nearest(*q, mean).components()) {
                *sum += c;
            }
        }
        let next = Quaternion::new(sum)?;
        let moved = (next * mean.conjugate()).angle();
        mean = next;
        if moved < SETTLED {
            break;
        }
    }
    Ok(mean.into())
}

/// The first pass leaves little to do; a few more settle ties.
const PASSES: usize = 8;

/// A mean that moves by less, in radians, has settled.
const SETTLED: f64 = 1e-10;

/// The equivalent of `q`, in the sign, that is nearest to `reference`.
fn nearest(q: Quaternion, reference: Quaternion) -> Quaternion {
    let dot = |a: Quaternion| {
        let pairs = a.components().into_iter().zip(reference.components());
        pairs.map(|(a, b)| a * b).sum::<f64>()
    };
    let mut best = (q, dot(q));
    for symmetry in &CUBIC_ROTATIONS[1..] {
        let candidate = *symmetry * q;
        let near = dot(candidate);
        if near.abs() > best.1.abs() {
            best = (candidate, near);
        }
    }
    match best {
        (q, near) if near < 0.0 => Quaternion::unit(q.components().map(|c| -c)),
        (q, _) => q,
    }
}

#[cfg(test)]
mod tests {
    use super::super::disorientation;
    use super::super::quaternion::tests::any_quaternion;
    use super::*;
    use faer::{Mat, Side};
    use proptest::prelude::*;

    fn failed(error: impl std::fmt::Display) -> TestCaseError {
        TestCaseError::fail(error.to_string())
    }

    /// Turns by up to `spread` radians about many axes.
    fn scatter(spread: f64) -> impl Strategy<Value = Vec<Quaternion>> {
        let turn = (prop::array::uniform3(-1.0..1.0f64), 0.0..spread);
        let made = turn.prop_filter_map("an axis needs a direction", |(axis, angle)| {
            Quaternion::from_axis_angle(axis, angle).ok()
        });
        prop::collection::vec(made, 2..30)
    }

    /// The mean that minimises the sum of squared chords: the first eigenvector of the sum of
    /// `q qᵀ`.
    fn by_eigenvector(near: &[Quaternion]) -> Result<Quaternion> {
        let sum = Mat::from_fn(4, 4, |i, j| {
            let products = near.iter().map(|q| q.components()[i] * q.components()[j]);
            products.sum::<f64>()
        });
        let eigen = sum
            .self_adjoint_eigen(Side::Lower)
            .map_err(|e| Error::numerical("eigenvectors", format!("{e:?}")))?;
        let largest = eigen.U().col(3);
        Quaternion::new(std::array::from_fn(|k| largest[k]))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whichever of the 24 descriptions each orientation comes in.
        #[test]
        fn it_is_the_first_eigenvector_whatever_the_descriptions(
            centre in any_quaternion(), turns in scatter(0.15),
            picks in prop::collection::vec(0usize..24, 30),
        ) {
            let near: Vec<Quaternion> = turns.iter().map(|t| *t * centre).collect();
            let described: Vec<Euler> = near.iter().zip(&picks)
                .map(|(q, &k)| (CUBIC_ROTATIONS[k] * *q).into()).collect();
            let mean = mean_orientation(&described).map_err(failed)?;
            let expected = by_eigenvector(&near).map_err(failed)?;
            // The two differ in the third order of the spread.
            prop_assert!(disorientation(mean, expected.into()) < 2e-3);
        }

        /// In closed form: turns by opposite angles about each axis leave the centre.
        #[test]
        fn opposite_turns_cancel(centre in any_quaternion(), turns in scatter(0.3)) {
            let both = turns.iter().flat_map(|t| [*t * centre, t.conjugate() * centre]);
            let both: Vec<Euler> = both.map(Euler::from).collect();
            let mean = mean_orientation(&both).map_err(failed)?;
            prop_assert!(disorientation(mean, centre.into()) < 1e-7);
        }
    }

    #[test]
    fn one_orientation_is_its_own_mean_to_the_last_bit_and_none_has_none() -> Result<()> {
        let e = Euler::new(0.1, 0.2, 0.3);
        assert_eq!(mean_orientation(&[e; 5])?, e);
        assert!(mean_orientation(&[]).is_err());
        assert!(mean_orientation(&[e, Euler::new(f64::NAN, 0.0, 0.0)]).is_err());
        Ok(())
    }
}
