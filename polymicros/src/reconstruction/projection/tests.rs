//! Against a search over all voxels.

use super::*;
use crate::microstructure::Grid;
use ndarray::Array4;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn random(shape: [usize; 3], seed: u64) -> Field {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let [x, y, z] = shape;
    let data = Array4::from_shape_simple_fn((2, x, y, z), || rng.random::<f32>());
    Field::new(Grid::new(shape).unwrap(), ["a", "b"], data).unwrap()
}

fn position(at: usize, [_, ny, nz]: [usize; 3]) -> [f64; 3] {
    [at / (ny * nz), at / nz % ny, at % nz].map(|c| c as f64)
}

fn square(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|k| (a[k] - b[k]).powi(2)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn the_nearest_values_within_reach_are_found(
        seed in 0u64..1000, share in 0.1..0.9f64, reach in 1.0..5.0f64, count in 1u64..4,
    ) {
        let shape = [6, 5, 7];
        let full = random(shape, seed);
        let samples: Vec<Field> = (1..=count).map(|k| random(shape, seed + k)).collect();
        let mask = Mask::missing_at_random(shape, share, seed).unwrap();
        let observed = mask.observe(&full).unwrap();
        let sources = Projection { reach }.sources(&observed, &samples).unwrap();
        let voxels = sources.len();
        let difference = |from: usize, at: usize| -> f32 {
            let to = |sample: &Field| -> f32 {
                let square: f32 = [0, voxels].iter().map(|first| {
                    (full.as_slice()[first + from] - sample.as_slice()[first + at]).powi(2)
                }).sum();
                square.sqrt()
            };
            samples.iter().map(to).sum()
        };
        for (at, from) in sources.into_iter().enumerate() {
            let from = from as usize;
            prop_assert!(mask.as_slice()[from]);
            if mask.as_slice()[at] {
                prop_assert_eq!(from, at);
                continue;
            }
            let here = position(at, shape);
            let known = || (0..voxels).filter(|from| mask.as_slice()[*from]);
            let distance = |from: usize| square(position(from, shape), here).sqrt();
            if known().all(|from| distance(from) > 0.5 * reach) {
                continue;
            }
            let best = known()
                .filter(|from| distance(*from) <= reach)
                .map(|from| difference(from, at))
                .reduce(f32::min);
            prop_assert_eq!(Some(difference(from, at)), best);
        }
    }
}

#[test]
fn beyond_reach_the_surroundings_of_the_nearest_known_voxel_count() -> Result<()> {
    // A row: 0, 1 and 2 known, and 9 far from all of them.
    let mut data = Array4::zeros((1, 10, 1, 1));
    data.iter_mut()
        .zip([0.0, 0.5, 1.0])
        .for_each(|(v, known)| *v = known);
    let full = Field::new(Grid::new([10, 1, 1])?, ["a"], data)?;
    let mask = Mask::missing_block([10, 1, 1], [3..10, 0..1, 0..1])?;
    let wanted = Field::new(
        Grid::new([10, 1, 1])?,
        ["a"],
        Array4::from_elem((1, 10, 1, 1), 0.4),
    )?;
    let observed = mask.observe(&full)?;
    let of = |reach| Projection { reach }.sources(&observed, std::slice::from_ref(&wanted));
    assert_eq!(of(1.0)?, [0, 1, 2, 1, 1, 1, 1, 1, 1, 1]);
    assert_eq!(of(3.0)?[3..], [1; 7]);
    assert!(of(0.5).is_err() && of(f64::NAN).is_err());
    assert!(
        Projection::default()
            .apply(&observed, &[random([10, 1, 1], 1)])
            .is_err()
    );
    Ok(())
}

/// Where samples disagree, most of them decide; their mean may be the value of none of them.
#[test]
fn samples_vote() -> Result<()> {
    let row = |values: [f32; 4]| {
        let data = Array4::from_shape_vec((1, 4, 1, 1), values.to_vec());
        Field::new(Grid::new([4, 1, 1])?, ["a"], data.unwrap())
    };
    let observed = Mask::missing_block([4, 1, 1], [3..4, 0..1, 0..1])?;
    let observed = observed.observe(&row([0.0, 0.3, 1.0, 0.0])?)?;
    let samples = [1.0, 0.02, 0.01, 0.0, 0.99].map(|last| row([0.5, 0.5, 0.5, last]));
    let samples: Vec<Field> = samples.into_iter().collect::<Result<_>>()?;
    let mean = row([0.0, 0.0, 0.0, 0.404])?;
    let of = |samples: &[Field]| Projection::default().sources(&observed, samples);
    assert_eq!(of(&samples)?, [0, 1, 2, 0]);
    assert_eq!(of(&[mean])?, [0, 1, 2, 1]);
    assert!(of(&[]).is_err_and(|e| e.to_string().contains("none given")));
    Ok(())
}

#[test]
fn a_projected_field_holds_known_values_only() -> Result<()> {
    let full = random([8, 9, 10], 4);
    let observed = Mask::slices([8, 9, 10], 2, 4, 0)?.observe(&full)?;
    let made = Projection::default().apply(&observed, &[random([8, 9, 10], 5)])?;
    let voxels = 8 * 9 * 10;
    let pairs = |field: &Field| -> std::collections::BTreeSet<[u32; 2]> {
        let values = field.as_slice();
        let mask = Mask::of(field);
        let known = (0..voxels).filter(|at| mask.as_slice()[*at]);
        known
            .map(|at| [values[at].to_bits(), values[voxels + at].to_bits()])
            .collect()
    };
    assert!(pairs(&made).is_subset(&pairs(&observed)));
    assert!(made.mask().is_none());
    Ok(())
}
