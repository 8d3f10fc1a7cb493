//! Against values worked out by hand, brute force and known statistics.

use super::*;
use crate::microstructure::{Grid, StandIn};
use crate::orientation::{
    Euler, ROGSH_NAMES, ROGSH_RANGE, Rodrigues, preimages, random_orientations, rogsh,
};
use crate::reconstruction::Interpolation;
use ndarray::{Array3, Array4};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

fn field(shape: [usize; 3], value: impl Fn(usize, [usize; 3]) -> f64) -> Field {
    let [x, y, z] = shape;
    let data = Array4::from_shape_fn((3, x, y, z), |(c, x, y, z)| value(c, [x, y, z]) as f32);
    Field::new(Grid::new(shape).unwrap(), ROGSH_NAMES, data).unwrap()
}

fn everywhere(shape: [usize; 3]) -> Mask {
    Mask::slices(shape, 0, 1, 0).unwrap()
}

#[test]
fn errors_of_values_are_what_a_hand_calculation_gives() -> Result<()> {
    let shape = [2, 2, 2];
    let truth = field(shape, |c, [x, ..]| {
        [0.2, -0.4, 0.1][c] * (1.0 - 2.0 * x as f64)
    });
    let made = field(shape, |c, at| {
        let truth = [0.2, -0.4, 0.1][c] * (1.0 - 2.0 * at[0] as f64);
        truth + if at[1] == 0 { 0.05 } else { 0.0 }
    });
    let at = everywhere(shape);
    let width = |c: usize| ROGSH_RANGE[c][1] - ROGSH_RANGE[c][0];
    let expected = (0..3).map(|c| 0.025 / width(c)).sum::<f64>() / 3.0;
    assert!((mean_absolute_error(&truth, &made, &at)? - expected).abs() < 1e-7);
    // 0.05 over 0.2, 0.4 and 0.1, at every other voxel.
    let expected = 0.5 * (0.25 + 0.125 + 0.5) / 3.0;
    assert!((mean_absolute_percentage_error(&truth, &made, &at)? - expected).abs() < 1e-6);
    let right = Mask::missing_block(shape, [0..2, 0..1, 0..2])?;
    assert!(mean_absolute_error(&truth, &made, &right)? < 1e-7);
    assert!(mean_absolute_error(&truth, &made, &at.complement()).is_err());
    Ok(())
}

#[test]
fn misorientations_are_those_of_the_orientations_up_to_what_rogsh_tells() -> Result<()> {
    let crystals = random_orientations(60, 5);
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    // Each is turned by a known angle about a random axis, and then replaced by another orientation
    // of the same values.
    let turned: Vec<(f64, Euler)> = crystals
        .iter()
        .map(|e| {
            let axis: [f64; 3] = std::array::from_fn(|_| StandardNormal.sample(&mut rng));
            let length = axis.iter().map(|a| a * a).sum::<f64>().sqrt();
            let angle = rng.random_range(0.01..0.12f64);
            let turn = Rodrigues(axis.map(|a| a / length * (0.5 * angle).tan()));
            let turn = crate::orientation::Quaternion::from(turn);
            let there = Euler::from(turn * crate::orientation::Quaternion::from(*e));
            let same = preimages(there);
            (angle, same[rng.random_range(0..same.len())])
        })
        .collect();
    let shape = [60, 1, 1];
    let truth = field(shape, |c, at| rogsh(crystals[at[0]])[c]);
    let made = field(shape, |c, at| rogsh(turned[at[0]].1)[c]);
    let at = Mask::missing_block(shape, [7..8, 0..1, 0..1])?;
    let found = misorientations(&truth, &made, &at)?;
    assert!(found[7].is_nan());
    let mut close = 0;
    for (k, degrees) in found.iter().enumerate().filter(|(k, _)| *k != 7) {
        let angle = turned[k].0.to_degrees();
        // No larger than the turn; smaller, where another orientation of the same values is nearer.
        // Single precision tells angles to about a tenth of a degree where the functions fold.
        assert!(f64::from(*degrees) < angle + 0.15, "{k}: {degrees} {angle}");
        close += usize::from((f64::from(*degrees) - angle).abs() < 0.15);
    }
    // Most turns are too small for another of the 16 to come nearer.
    assert!(2 * close > found.len(), "{close}");
    assert_eq!(misorientations(&truth, &truth, &at)?[0], 0.0);
    Ok(())
}

#[test]
fn boundaries_are_near_within_three_voxels() -> Result<()> {
    let shape = [20, 5, 6];
    let truth = field(shape, |_, [x, ..]| f64::from(u8::from(x >= 9)) * 0.3);
    let near = near_boundaries(&truth)?;
    // Voxels 8 and 9 are at the boundary.
    let expected = Array3::from_shape_fn(shape, |(x, ..)| (5..=12).contains(&x));
    assert_eq!(near, Mask::new(expected));
    assert_eq!(near_boundaries(&field(shape, |_, _| 0.1))?.count(), 0);
    Ok(())
}

#[test]
fn a_seam_is_the_jump_at_known_slices() -> Result<()> {
    let shape = [13, 4, 5];
    let known = Mask::slices(shape, 0, 4, 0)?;
    let missing = known.complement();
    // A ramp of 0.1 a voxel in channel 0, and known slices 0.3 higher in channel 1.
    let made = field(shape, |c, [x, ..]| match c {
        0 => 0.1 * x as f64,
        1 => f64::from(u8::from(x % 4 == 0)) * 0.3,
        _ => 0.0,
    });
    let seam = Seam::of(&made, &known, &missing)?;
    assert!((seam.across.unwrap() - 0.1f64.hypot(0.3)).abs() < 1e-6);
    assert!((seam.elsewhere.unwrap() - 0.1).abs() < 1e-6);
    assert!((seam.ratio().unwrap() - 10f64.sqrt()).abs() < 1e-5);
    let alternate = Mask::slices(shape, 0, 2, 0)?;
    let seam = Seam::of(&made, &alternate, &alternate.complement())?;
    assert_eq!(seam.elsewhere, None);
    assert_eq!(seam.ratio(), None);
    Ok(())
}

/// Truth and samples of one distribution, whose deviation differs from voxel to voxel: the table
/// lies on its diagonal. With a spread that says nothing it does not.
#[test]
fn samples_of_the_true_distribution_are_calibrated() -> Result<()> {
    let shape = [30, 30, 30];
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut draw = || {
        field(shape, |_, _| 0.0)
            .data()
            .to_owned()
            .indexed_iter()
            .map(|((_, x, ..), _)| {
                let normal: f64 = StandardNormal.sample(&mut rng);
                (0.01 * (1 + x) as f64 * normal) as f32
            })
            .collect::<Vec<f32>>()
    };
    let mut sample = || -> Result<Field> {
        let data = Array4::from_shape_vec((3, 30, 30, 30), draw()).unwrap();
        Field::new(Grid::new(shape)?, ROGSH_NAMES, data)
    };
    let truth = sample()?;
    let mut ensemble = crate::reconstruction::Ensemble::new(sample()?);
    for _ in 1..8 {
        ensemble.add(sample()?)?;
    }
    let (mean, spread) = (ensemble.mean()?, ensemble.spread()?);
    let table = Calibration::of(&truth, &mean, &spread, &everywhere(shape), 6)?;
    assert_eq!(table.bins.iter().map(|b| b.voxels).sum::<usize>(), 27_000);
    for bin in &table.bins {
        let expected = bin.spread * (1.0f64 + 1.0 / 8.0).sqrt();
        // Bins are made by the estimated spread, which favours overestimates in the last one.
        assert!((bin.error / expected - 1.0).abs() < 0.15, "{table:?}");
    }
    assert!(table.rank_correlation > 0.5, "{}", table.rank_correlation);
    let silent = Field::new(
        *spread.grid(),
        ["spread"],
        Array4::from_elem((1, 30, 30, 30), 0.1),
    )?;
    let table = Calibration::of(&truth, &mean, &silent, &everywhere(shape), 6)?;
    assert_eq!(table.rank_correlation, 0.0);
    assert!(Calibration::of(&truth, &mean, &mean, &everywhere(shape), 6).is_err());
    Ok(())
}

/// Spearman's own formula, which holds without ties.
#[test]
fn ranks_correlate_as_spearman_has_it() -> Result<()> {
    let shape = [7, 1, 1];
    let errors = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6, 5.0];
    let stated = [2.0, 0.5, 7.0, 1.8, 2.8, 3.5, 4.0];
    let truth = field(shape, |_, _| 0.0);
    let mean = field(shape, |c, [x, ..]| if c == 0 { errors[x] } else { 0.0 });
    let data = Array4::from_shape_fn((1, 7, 1, 1), |(_, x, ..)| stated[x]);
    let spread = Field::new(Grid::new(shape)?, ["spread"], data)?;
    let table = Calibration::of(&truth, &mean, &spread, &everywhere(shape), 1)?;
    let rank = |all: &[f64], x: f64| all.iter().filter(|v| **v < x).count() as f64;
    let stated = stated.map(f64::from);
    let d2: f64 = (0..7)
        .map(|k| (rank(&errors, errors[k]) - rank(&stated, stated[k])).powi(2))
        .sum();
    let expected = 1.0 - 6.0 * d2 / (7.0 * 48.0);
    assert!((table.rank_correlation - expected).abs() < 1e-12);
    Ok(())
}

#[test]
fn a_perfect_reconstruction_has_no_errors_and_worse_ones_more() -> Result<()> {
    let truth = StandIn::Recrystallised.generate([24; 3], 3)?.rogsh()?;
    let known = Mask::slices([24; 3], 2, 4, 0)?;
    let perfect = Measures::of(&truth, &known, &truth)?;
    assert_eq!(perfect.mean_absolute_error, 0.0);
    assert_eq!((perfect.mape, perfect.boundary_error), (0.0, Some(0.0)));
    assert_eq!(
        (perfect.same_orientation, perfect.covariance_error),
        (1.0, 0.0)
    );
    assert_eq!(perfect.seam, perfect.true_seam);
    let of = |factor: usize| -> Result<Measures> {
        let known = Mask::slices([24; 3], 2, factor, 0)?;
        let made = Interpolation::Nearest.fill(&known.observe(&truth)?)?;
        Measures::of(&truth, &known, &made)
    };
    let (fine, coarse) = (of(2)?, of(6)?);
    assert!(coarse.mean_absolute_error > fine.mean_absolute_error);
    assert!(coarse.same_orientation < fine.same_orientation);
    assert!(coarse.covariance_error > fine.covariance_error);
    assert!(coarse.boundary_error > fine.boundary_error);
    // Mistakes of the nearest slice are at boundaries.
    assert!(fine.boundary_error > Some(1.0 - fine.same_orientation));
    // Values jump half way between slices only, never next to a known one.
    assert_eq!(coarse.seam, Some(0.0));
    assert!(coarse.true_seam.unwrap() > 0.5);
    Ok(())
}
