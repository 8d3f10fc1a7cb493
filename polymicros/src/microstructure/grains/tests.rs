use super::*;
use crate::microstructure::format::shared_data;
use crate::microstructure::{LengthUnit, Origin, Phase, StandIn};
use crate::orientation::{preimages, random_orientations};
use ndarray::Array4;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const DEGREE: f64 = std::f64::consts::PI / 180.0;

fn failed(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// A volume whose voxels have one of these orientations each.
fn volume(
    shape: [usize; 3],
    orientations: &[Euler],
    which: impl Fn([usize; 3]) -> usize,
) -> Result<Microstructure> {
    let [x, y, z] = shape;
    let euler = Array4::from_shape_fn((3, x, y, z), |(c, x, y, z)| {
        <[f64; 3]>::from(orientations[which([x, y, z])])[c] as f32
    });
    let grid = Grid::with_spacing(shape, [0.5, 1.0, 2.0], LengthUnit::Micrometre)?;
    Microstructure::new("made", Origin::Synthetic("made".into()), grid, euler)
}

/// Connected parts of equal numbers by breadth-first search, the textbook's way; zero is outside.
fn by_search(shape: [usize; 3], numbers: &[usize], periodic: bool) -> Vec<u32> {
    let index = |p: [usize; 3]| (p[0] * shape[1] + p[1]) * shape[2] + p[2];
    let mut labels = vec![0; numbers.len()];
    let mut count = 0;
    for x in 0..shape[0] {
        for y in 0..shape[1] {
            for z in 0..shape[2] {
                if labels[index([x, y, z])] != 0 || numbers[index([x, y, z])] == 0 {
                    continue;
                }
                count += 1;
                labels[index([x, y, z])] = count;
                let mut queue = VecDeque::from([[x, y, z]]);
                while let Some(here) = queue.pop_front() {
                    for axis in 0..3 {
                        for back in [false, true] {
                            let mut there = here;
                            let edge = shape[axis];
                            there[axis] = match (back, here[axis]) {
                                (true, 0) if !periodic => continue,
                                (true, at) => (at + edge - 1) % edge,
                                (false, at) if at + 1 == edge && !periodic => continue,
                                (false, at) => (at + 1) % edge,
                            };
                            let (a, b) = (index(here), index(there));
                            if labels[b] == 0 && numbers[a] == numbers[b] {
                                labels[b] = count;
                                queue.push_back(there);
                            }
                        }
                    }
                }
            }
        }
    }
    labels
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Against a breadth-first search: three orientations and voxels of none, scattered.
    #[test]
    fn grains_are_the_connected_parts(
        shape in prop::array::uniform3(1usize..6), periodic: bool,
        numbers in prop::collection::vec(0usize..4, 125),
    ) {
        let voxels = shape.iter().product::<usize>();
        prop_assume!(numbers[..voxels].iter().any(|n| *n > 0));
        let index = |[x, y, z]: [usize; 3]| (x * shape[1] + y) * shape[2] + z;
        let orientations = [Euler::default(), Euler::from_degrees(0.0, 0.0, 0.0),
            Euler::from_degrees(20.0, 0.0, 0.0), Euler::from_degrees(10.0, 30.0, 5.0)];
        let mask = Array3::from_shape_fn(shape, |(x, y, z)| numbers[index([x, y, z])] > 0);
        let made = volume(shape, &orientations, |at| numbers[index(at)]).map_err(failed)?
            .with_mask(mask).map_err(failed)?;
        let grains = Grains::by_disorientation(&made, 5.0 * DEGREE, periodic).map_err(failed)?;
        let expected = by_search(shape, &numbers[..voxels], periodic);
        prop_assert_eq!(grains.labels().as_slice(), Some(&expected[..]));
        let total: usize = grains.list().iter().map(|grain| grain.voxels).sum();
        prop_assert_eq!(total, numbers[..voxels].iter().filter(|n| **n > 0).count());
        // Every chord is a run of one grain, whole or not, so their voxels are those of the grains.
        for axis in 0..3 {
            let chords = grains.chords(axis).map_err(failed)?;
            let voxels: usize = chords.counts.iter().chain(&chords.cut).map(|(n, c)| n * c).sum();
            prop_assert_eq!(voxels, total);
        }
    }
}

/// Two half spaces and a bar, by hand: 6 x 4 x 2 voxels of 0.5 x 1 x 2.
#[test]
fn sizes_neighbours_and_chords_by_hand() -> Result<()> {
    let orientations = [
        Euler::from_degrees(0.0, 0.0, 0.0),
        Euler::from_degrees(30.0, 0.0, 0.0),
        Euler::from_degrees(15.0, 40.0, 0.0),
    ];
    // Along x: two voxels of the first, two of the second, two of the third.
    let made = volume([6, 4, 2], &orientations, |[x, _, _]| x / 2)?;
    let open = Grains::by_disorientation(&made, 10.0 * DEGREE, false)?;
    assert_eq!(open.count(), 3);
    assert_eq!(open.told_by(), ToldBy::Disorientation(10.0 * DEGREE));
    for (grain, neighbours) in open.list().iter().zip([&[2][..], &[1, 3], &[2]]) {
        assert_eq!((grain.voxels, grain.size), (16, 16.0));
        let diameter = (6.0 * 16.0 / std::f64::consts::PI).cbrt();
        assert!((grain.diameter - diameter).abs() < 1e-12);
        assert_eq!(grain.neighbours, neighbours);
        assert!(grain.cut);
        let mean = grain.orientation.map(<[f64; 3]>::from);
        let expected = <[f64; 3]>::from(orientations[grain.id as usize - 1]);
        for (a, b) in mean.unwrap_or_default().iter().zip(expected) {
            assert!((a - b).abs() < 1e-6);
        }
    }
    let along = open.chords(0)?;
    // Of the three chords of a line, the middle one has two boundaries.
    assert_eq!(along.counts, BTreeMap::from([(2, 8)]));
    assert_eq!(along.cut, BTreeMap::from([(2, 16)]));
    assert_eq!(along.distribution(), [(1.0, 1.0)]);
    // Lines of 3 um with two boundaries: four halves of an intercept.
    assert_eq!(along.mean_intercept, Some(1.5));
    assert_eq!(open.chords(1)?.mean_intercept, None);
    assert!(open.chords(3).is_err());

    let closed = Grains::by_disorientation(&made, 10.0 * DEGREE, true)?;
    for grain in closed.list() {
        assert_eq!(grain.neighbours.len(), 2);
        assert!(!grain.cut);
    }
    assert_eq!(closed.chords(0)?.counts, BTreeMap::from([(2, 24)]));
    assert_eq!(closed.chords(0)?.mean_intercept, Some(1.0));
    // 30 degrees about z and the turn to the third are both within 45 degrees.
    assert_eq!(
        Grains::by_disorientation(&made, 45.0 * DEGREE, false)?.count(),
        1
    );
    assert!(Grains::by_disorientation(&made, 0.0, false).is_err());
    assert!(Grains::of_source(&made, false).is_err());
    Ok(())
}

#[test]
fn phases_and_other_symmetries_are_kept_apart() -> Result<()> {
    let made = volume([4, 3, 3], &[Euler::default()], |_| 0)?;
    let phase = Array3::from_shape_fn((4, 3, 3), |(x, _, _)| 1 + (x / 2) as u8);
    let named = |laue_group: &str| Phase {
        name: laue_group.into(),
        laue_group: laue_group.into(),
        lattice: None,
    };
    let two = made
        .clone()
        .with_phases(vec![named("m-3m"), named("432")], phase.clone())?;
    let grains = Grains::by_disorientation(&two, DEGREE, false)?;
    assert_eq!(grains.count(), 2);
    assert_eq!(grains.list()[1].phase, 2);
    let other = made.with_phases(vec![named("m-3m"), named("6/mmm")], phase.clone())?;
    let text = Grains::by_disorientation(&other, DEGREE, false)
        .map_or_else(|e| e.to_string(), |g| g.count().to_string());
    assert!(text.contains("6/mmm"), "{text}");
    // The source may know grains of any symmetry; only their mean orientation is not known.
    let known = other.with_grain_ids(phase.mapv(|k| 10 * u32::from(k)))?;
    let grains = Grains::of_source(&known, false)?;
    assert_eq!(
        grains.list().iter().map(|g| g.id).collect::<Vec<_>>(),
        [10, 20]
    );
    assert!(grains.list()[0].orientation.is_some() && grains.list()[1].orientation.is_none());
    Ok(())
}

/// The diameter in a map is that of a circle.
#[test]
fn maps_have_areas() -> Result<()> {
    let made = volume([8, 5, 1], &[Euler::default()], |_| 0)?;
    let grains = Grains::by_disorientation(&made, DEGREE, false)?;
    let grain = &grains.list()[0];
    assert_eq!(grain.size, 20.0);
    assert!((grain.diameter - (80.0 / std::f64::consts::PI).sqrt()).abs() < 1e-12);
    Ok(())
}

/// Segmentation finds what growth made, where no two neighbours are within the threshold.
#[test]
fn the_grains_of_a_stand_in_are_found_by_either_way() -> Result<()> {
    let made = StandIn::Recrystallised.generate([32; 3], 4)?;
    let source = Grains::of_source(&made, true)?;
    let found = Grains::by_disorientation(&made, 0.01 * DEGREE, true)?;
    let rogsh = Grains::by_rogsh(&made.rogsh()?, 1e-4, true)?;
    let ids: Vec<usize> = slice(source.labels().as_slice())
        .iter()
        .map(|&id| id as usize)
        .collect();
    let expected = by_search([32; 3], &ids, true);
    for grains in [&found, &rogsh] {
        assert_eq!(grains.labels().as_slice(), Some(&expected[..]));
    }
    assert!(
        rogsh
            .list()
            .iter()
            .all(|g| g.orientation.is_none() && g.rogsh.is_some())
    );
    Ok(())
}

/// A volume in which each voxel has another of the orientations with its ROGSH values, as an
/// inverse may give them: disorientation sees grains of single voxels, ROGSH the true ones.
#[test]
fn orientations_that_are_not_unique_are_segmented_by_rogsh() -> Result<()> {
    let orientations = random_orientations(3, 8);
    let sixteen: Vec<Vec<Euler>> = orientations.iter().map(|&e| preimages(e)).collect();
    let all: Vec<Euler> = sixteen.iter().flatten().copied().collect();
    let starts: Vec<usize> = sixteen
        .iter()
        .scan(0, |start, some| {
            *start += some.len();
            Some(*start - some.len())
        })
        .collect();
    let which = |[x, y, z]: [usize; 3]| {
        let grain = x / 3;
        starts[grain] + (5 * x + 3 * y + 7 * z) % sixteen[grain].len()
    };
    let made = volume([9, 6, 6], &all, which)?;
    let grains = Grains::by_rogsh(&made.rogsh()?, 1e-3, false)?;
    assert_eq!(grains.count(), 3);
    for (grain, e) in grains.list().iter().zip(&orientations) {
        let mean = grain.rogsh.unwrap_or_default();
        for (a, b) in mean.iter().zip(crate::orientation::rogsh(*e)) {
            assert!((a - b).abs() < 1e-5);
        }
    }
    assert!(Grains::by_disorientation(&made, 5.0 * DEGREE, false)?.count() > 100);
    Ok(())
}

/// Poisson-Voronoi cells of density ρ have a mean chord of 0.6872 ρ^(-1/3) (S. Meijering 1953:
/// their faces have an area of 2.9104 ρ^(1/3) in a unit of volume, and a chord is twice its
/// inverse).
#[test]
fn the_mean_intercept_of_voronoi_cells_is_meijerings() -> Result<()> {
    use rand::{RngExt, SeedableRng};
    let (edge, count) = (48usize, 110);
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(11);
    let seeds: Vec<[f32; 3]> = (0..count)
        .map(|_| std::array::from_fn(|_| rng.random::<f32>() * edge as f32))
        .collect();
    let ids = Array3::from_shape_fn((edge, edge, edge), |(x, y, z)| {
        let at = [x as f32, y as f32, z as f32];
        let squared = |seed: &[f32; 3]| {
            let apart = |axis: usize| {
                let d = (at[axis] - seed[axis]).abs();
                d.min(edge as f32 - d)
            };
            (0..3).map(|axis| apart(axis).powi(2)).sum::<f32>()
        };
        let nearest = seeds
            .iter()
            .enumerate()
            .min_by(|a, b| squared(a.1).total_cmp(&squared(b.1)));
        nearest.map_or(0, |(k, _)| k as u32 + 1)
    });
    let grid = Grid::cube(edge)?;
    let euler = Array4::zeros((3, edge, edge, edge));
    let made = Microstructure::new("cells", Origin::Synthetic("Voronoi".into()), grid, euler)?
        .with_grain_ids(ids)?;
    let grains = Grains::of_source(&made, true)?;
    let expected = 0.6872 * edge as f64 / f64::from(count).cbrt();
    for axis in 0..3 {
        let found = grains.chords(axis)?.mean_intercept.unwrap_or(f64::NAN);
        assert!((found / expected - 1.0).abs() < 0.06, "{found} {expected}");
    }
    Ok(())
}

/// Grains, neighbours and intercepts by h5py, NumPy and SciPy (`ndimage.label`).
#[test]
fn the_aluminium_volume() -> Result<()> {
    let Some(path) = shared_data("crispy_labdct_al1050/lab_dct_Al1050.h5") else {
        return Ok(());
    };
    let made = Microstructure::open(path)?;
    let source = Grains::of_source(&made, false)?;
    assert_eq!(source.count(), 105);
    let pairs: usize = source
        .list()
        .iter()
        .map(|grain| grain.neighbours.len())
        .sum();
    assert_eq!(pairs, 2 * 429);
    for (axis, expected) in [
        0.057246531653643754,
        0.05733613364850188,
        0.05116630084661213,
    ]
    .into_iter()
    .enumerate()
    {
        let found = source.chords(axis)?.mean_intercept.unwrap_or(f64::NAN);
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
    // Every grain has one orientation, and no two that touch the same: segmentation gives the
    // connected parts of the source's grains, 241 with all single voxels.
    let found = Grains::by_disorientation(&made, 0.1 * DEGREE, false)?;
    assert_eq!(found.count(), 241);
    let pairs: BTreeSet<(u32, u32)> = slice(found.labels().as_slice())
        .iter()
        .copied()
        .zip(slice(source.labels().as_slice()).iter().copied())
        .collect();
    // Each part lies in one grain (and what is no part in none).
    assert_eq!(pairs.len(), 242);
    let largest = |grains: &Grains| grains.list().iter().map(|g| g.voxels).max();
    assert_eq!(largest(&found), Some(124_614));
    Ok(())
}
