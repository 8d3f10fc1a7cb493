//! Against all pairs.

use super::*;
use proptest::prelude::*;

fn position([_, ny, nz]: [usize; 3], at: usize) -> [f64; 3] {
    [at / (ny * nz), at / nz % ny, at % nz].map(|c| c as f64)
}

fn squared(shape: [usize; 3], spacing: [f64; 3], a: usize, b: usize) -> f64 {
    let (a, b) = (position(shape, a), position(shape, b));
    (0..3).map(|k| ((a[k] - b[k]) * spacing[k]).powi(2)).sum()
}

proptest! {
    #[test]
    fn distances_are_the_smallest_over_all_marks(
        shape in [1usize..7, 1usize..7, 1usize..9],
        spacing in [0.3..3.0f64, 0.3..3.0f64, 0.3..3.0f64],
        density in 0.02..0.6f64,
        seed in 0u64..1000,
    ) {
        let voxels: usize = shape.iter().product();
        // A simple congruential sequence, which knows nothing of the grid.
        let mut state = seed.wrapping_mul(6364136223846793005).wrapping_add(1);
        let mut marked: Vec<bool> = (0..voxels).map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((state >> 33) as f64) < density * (1u64 << 31) as f64
        }).collect();
        marked[seed as usize % voxels] = true;
        let found = Distances::to(&marked, shape, spacing).unwrap();
        for at in 0..voxels {
            let best = (0..voxels)
                .filter(|&to| marked[to])
                .map(|to| squared(shape, spacing, at, to))
                .fold(f64::INFINITY, f64::min);
            let nearest = found.nearest[at] as usize;
            prop_assert!((found.squared[at] - best).abs() < 1e-9 * best.max(1.0));
            prop_assert!(marked[nearest]);
            prop_assert!((squared(shape, spacing, at, nearest) - best).abs() < 1e-9 * best.max(1.0));
        }
    }
}

#[test]
fn of_two_at_one_distance_the_lower_is_taken() -> Result<()> {
    let marked: Vec<bool> = (0..9).map(|at| at % 4 == 0).collect();
    for shape in [[9, 1, 1], [1, 9, 1], [1, 1, 9]] {
        let found = Distances::to(&marked, shape, [1.0; 3])?;
        assert_eq!(found.nearest, [0, 0, 0, 4, 4, 4, 4, 8, 8]);
    }
    // (1, 0, 0), (0, 1, 0) and (0, 0, 1): the lowest x, then the lowest y.
    let marked = [false, true, true, false, true, false, false, false];
    assert_eq!(Distances::to(&marked, [2, 2, 2], [1.0; 3])?.nearest[0], 1);
    Ok(())
}

#[test]
fn nothing_marked_and_wrong_sizes_are_refused() {
    assert!(Distances::to(&[false; 8], [2, 2, 2], [1.0; 3]).is_err());
    assert!(Distances::to(&[true; 7], [2, 2, 2], [1.0; 3]).is_err());
}
