use super::*;
use proptest::prelude::*;
use rand::SeedableRng;

fn ball() -> impl Strategy<Value = ([f64; 3], f64)> {
    (prop::array::uniform3(0.0..1.0f64), 0.05..0.3f64)
}

proptest! {
    /// Each voxel by itself, over the 27 nearest images of each ball.
    #[test]
    fn each_voxel_belongs_to_the_ball_of_least_power(
        balls in prop::collection::vec(ball(), 1..8),
        stretch in prop::array::uniform3(0.5..2.0f64),
    ) {
        let edges = [8.0, 6.0, 5.0];
        let balls: Vec<_> = balls
            .into_iter()
            .map(|(at, r)| (std::array::from_fn(|a| at[a] * edges[a]), 5.0 * r))
            .collect();
        let labels = Tessellation::new(edges, stretch, balls.clone())
            .unwrap()
            .labels(&Grid::new([8, 6, 5]).unwrap());
        for ((x, y, z), &label) in labels.indexed_iter() {
            let power = |(centre, radius): &([f64; 3], f64)| {
                let mut least = f64::INFINITY;
                for image in 0..27 {
                    let turns = [image / 9, image / 3 % 3, image % 3];
                    let square: f64 = (0..3)
                        .map(|a| {
                            let at = [x, y, z][a] as f64 + 0.5;
                            let moved = centre[a] + (turns[a] as f64 - 1.0) * edges[a];
                            ((at - moved) / stretch[a]).powi(2)
                        })
                        .sum();
                    least = least.min(square);
                }
                least - radius * radius
            };
            let least = balls.iter().map(power).fold(f64::INFINITY, f64::min);
            prop_assert!(power(&balls[label as usize]) <= least + 1e-9);
        }
    }
}

/// Balls that do not touch, in a packing that leaves room for that, each have the voxels inside.
#[test]
fn a_loose_packing_does_not_overlap_and_larger_balls_have_larger_cells() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let radii = [vec![6.0; 2], vec![3.0; 6]].concat();
    let packing = Tessellation::packed([32.0; 3], [1.0; 3], &radii, &mut rng).unwrap();
    for (i, (a, r)) in packing.balls.iter().enumerate() {
        for (b, s) in &packing.balls[..i] {
            let square: f64 = (0..3).map(|k| packing.square_along(k, a[k] - b[k])).sum();
            assert!(square.sqrt() >= r + s);
        }
    }
    let labels = packing.labels(&Grid::cube(32).unwrap());
    let mut sizes = vec![0; radii.len()];
    labels.iter().for_each(|&label| sizes[label as usize] += 1);
    for (size, (_, radius)) in sizes.iter().zip(&packing.balls) {
        let ball = 4.0 / 3.0 * std::f64::consts::PI * radius.powi(3);
        assert!(
            f64::from(*size) > 0.9 * ball,
            "{size} voxels, a ball of {ball:.0}"
        );
    }
}

#[test]
fn nothing_and_no_size_are_refused() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    assert!(Tessellation::packed([8.0; 3], [1.0; 3], &[], &mut rng).is_err());
    assert!(Tessellation::packed([8.0; 3], [1.0; 3], &[1.0, -1.0], &mut rng).is_err());
    assert!(Tessellation::new([8.0; 3], [0.0; 3], vec![([0.0; 3], 1.0)]).is_err());
}
