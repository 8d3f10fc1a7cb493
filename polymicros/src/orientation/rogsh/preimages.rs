//! Which orientations share their ROGSH values.

use super::super::{Euler, disorientation};
use super::body::{Direction, other_sheet, turn_of};
use super::rogsh;

/// All orientations, modulo the 24 rotations of the crystal, with the ROGSH values of `orientation`;
/// itself is the first.
///
/// There are 16 generically, as is easily seen from the module's geometry: two mirror images of
/// the direction `n`; for each, eight `phi1`, since only `cos(4 phi1 + arg B)` enters. Half of the
/// eight come from quarter turns of the specimen. The other half are `phi1' = -phi1 - arg(B)/2`
/// plus quarter turns, which no operation of the specimen produces for all orientations alike;
/// with the mirror image of `n` the same holds, and those with the sign of `phi1` changed together
/// with that of `phi2` complete the sample group 422.
///
/// That is not all. For 6.5% of orientations there are 32 (measured by sampling, and confirmed by
/// a search that doesn't use the geometry): for them a second direction, up to 24° away, has the
/// same `T(4,0,1)` and `T(12,0,2)`, because the latter isn't monotonic along a line of equal
/// `T(4,0,1)`. Orientations on the surface of the values' body have fewer, since some coincide.
/// Where the sample's z axis is a <111> of the crystal, `B` is 0 and every `phi1` gives the same
/// values; 16 turns, of the infinitely many, are then returned, or as many as are distinct.
pub fn preimages(orientation: Euler) -> Vec<Euler> {
    let mut distinct: Vec<Euler> = Vec::with_capacity(32);
    for candidate in with_duplicates(orientation) {
        if distinct
            .iter()
            .all(|known| disorientation(*known, candidate) > SAME)
        {
            distinct.push(candidate);
        }
    }
    distinct
}

/// Two preimages nearer than this, in radians, count as one: angles near a fold of the functions
/// are only known to the square root of the rounding error.
const SAME: f64 = 1e-6;

/// The smallest disorientation, in radians, between two orientations when ROGSH values are all that
/// is known of one of them: the minimum over its [`preimages`].
///
/// Zero for an orientation and what the inverse makes of its values. The preimages aren't images
/// of one another under a rotation of the specimen alone, so the minimum is taken over those of
/// `a` and over those of `b`, which makes the result symmetric.
pub fn disorientation_up_to_rogsh(a: Euler, b: Euler) -> f64 {
    let smallest = |a: Euler, b: Euler| {
        with_duplicates(a)
            .map(|preimage| disorientation(preimage, b))
            .fold(f64::MAX, f64::min)
    };
    smallest(a, b).min(smallest(b, a))
}

fn with_duplicates(e: Euler) -> impl Iterator<Item = Euler> {
    let first = (Direction::new(e.big_phi, e.phi2), turn_of(e));
    let value = rogsh(e)[0];
    let second = other_sheet(e)
        .map(|(direction, _)| direction)
        .filter(|direction| value.abs() <= direction.amplitude)
        .map(|direction| (direction, (value / direction.amplitude).acos()));
    let others = std::iter::once(first)
        .chain(second)
        .flat_map(|(direction, turn)| {
            [
                direction.orientation(turn),
                direction.orientation(-turn),
                direction.mirrored().orientation(turn),
                direction.mirrored().orientation(-turn),
            ]
        })
        .flat_map(|e| {
            (0..4).map(move |quarter| {
                let phi1 = e.phi1 + std::f64::consts::FRAC_PI_2 * f64::from(quarter);
                Euler { phi1, ..e }
            })
        });
    std::iter::once(e).chain(others)
}

#[cfg(test)]
mod tests {
    use super::super::super::{CUBIC_ROTATIONS, Quaternion, random_orientations};
    use super::super::newton::{REACHED, descend, distance};
    use super::*;
    use std::f64::consts::{FRAC_PI_2, PI};

    /// The eight rotations of the sample group 422: quarter turns about z, half turns across it.
    fn sample_group() -> Vec<Quaternion> {
        CUBIC_ROTATIONS
            .into_iter()
            .filter(|q| q.apply([0.0, 0.0, 1.0])[2].abs() > 0.5)
            .collect()
    }

    #[test]
    fn preimages_share_the_values_and_are_16_or_32() {
        let (mut sixteen, mut thirty_two) = (0, 0);
        for e in random_orientations(1_500, 31) {
            let found = preimages(e);
            for p in &found {
                assert!(distance(rogsh(*p), rogsh(e)) < 1e-11);
            }
            assert_eq!(found[0], e);
            sixteen += usize::from(found.len() == 16);
            thirty_two += usize::from(found.len() == 32);
        }
        // 6.5% by dense sampling: 97 of 1500, give or take three standard deviations.
        assert!((68..127).contains(&thirty_two), "{thirty_two}");
        assert_eq!(sixteen + thirty_two, 1_500);
    }

    #[test]
    fn a_blind_search_finds_the_same_ones() {
        // Descents from orientations all over, which know nothing of sheets, mirrors or turns.
        let starts = random_orientations(2_000, 32);
        let mut counts = [0; 2];
        for e in random_orientations(40, 33) {
            let mut found: Vec<Euler> = Vec::new();
            for start in &starts {
                let end = descend(*start, rogsh(e));
                let new = || {
                    found
                        .iter()
                        .all(|f| disorientation(*f, end.orientation) > 1e-5)
                };
                if end.residual < REACHED && new() {
                    found.push(end.orientation);
                }
            }
            let expected = preimages(e);
            assert_eq!(found.len(), expected.len(), "{e:?}");
            for p in expected {
                assert!(found.iter().any(|f| disorientation(*f, p) < 1e-5));
            }
            counts[found.len() / 32] += 1;
        }
        // Both kinds were among them.
        assert!(counts[0] > 0 && counts[1] > 0, "{counts:?}");
    }

    #[test]
    fn half_of_the_sixteen_come_from_the_sample_group_and_half_from_the_mirrored_turn() {
        let group = sample_group();
        assert_eq!(group.len(), 8);
        for e in random_orientations(200, 34) {
            let by_group = |e: Euler| -> Vec<Euler> {
                let q = Quaternion::from(e);
                group.iter().map(|s| (q * *s).into()).collect()
            };
            let mirrored_phi1 = -e.phi1 - 0.5 * Direction::new(e.big_phi, e.phi2).phase;
            let mirrored = Euler {
                phi1: mirrored_phi1,
                ..e
            };
            let found = preimages(e);
            let both = [by_group(e), by_group(mirrored)].concat();
            for p in &both {
                assert!(found.iter().any(|f| disorientation(*f, *p) < 1e-9));
            }
            // The mirrored turn isn't among the group's images.
            assert!(
                by_group(e)
                    .iter()
                    .all(|p| disorientation(*p, mirrored) > 1e-6)
            );
            for (i, p) in both.iter().enumerate() {
                assert!(both[..i].iter().all(|q| disorientation(*p, *q) > 1e-6));
            }
        }
    }

    #[test]
    fn special_orientations_have_fewer() {
        // At the identity turns are multiples of 90°, all of them symmetries of the crystal.
        assert_eq!(preimages(Euler::default()).len(), 1);
        assert_eq!(preimages(Euler::new(PI / 4.0, 0.0, 0.0)).len(), 1);
        // A cube turned about z by any other angle: the turn and its mirror image.
        assert_eq!(preimages(Euler::new(0.3, 0.0, 0.0)).len(), 2);
    }

    #[test]
    fn what_rogsh_cannot_tell_apart_is_no_distance() {
        let crystals = random_orientations(100, 35);
        for pair in crystals.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let d = disorientation_up_to_rogsh(a, b);
            assert!(d <= disorientation(a, b));
            assert_eq!(d, disorientation_up_to_rogsh(b, a));
            for p in preimages(a) {
                assert!(disorientation_up_to_rogsh(a, p) < 1e-6);
            }
            // A small turn of the specimen's part is still seen as a small one.
            let turned = Euler::new(a.phi1 + 0.01 + FRAC_PI_2, a.big_phi, a.phi2);
            let seen = disorientation_up_to_rogsh(a, turned);
            assert!(seen > 1e-4 && seen < 0.010_001, "{seen}");
        }
    }
}
