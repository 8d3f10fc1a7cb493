use super::*;
use proptest::prelude::*;

fn objective(x: &Array4<f32>, u: &Array4<f32>, weight: f64) -> f64 {
    let distance = u - x;
    let lengths = lengths(&gradient(u));
    let variation: f64 = lengths.iter().map(|l| f64::from(*l)).sum();
    0.5 * product(&distance, &distance) + weight * variation
}

fn volume(values: Vec<f32>, channels: usize) -> Array4<f32> {
    Array4::from_shape_vec((channels, 3, 4, 2), values).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// No direction leads down from the result, by brute force; and the difference to the input is
    /// what the optimality condition `x - u = weight ∇ᵀp` allows: a field of zero sum.
    #[test]
    fn no_direction_leads_below_the_result(
        values in prop::collection::vec(-1.0..1.0f32, 48),
        directions in prop::collection::vec(prop::collection::vec(-1.0..1.0f32, 48), 20),
        weight in 0.02..1.0f64,
    ) {
        let x = volume(values, 2);
        let u = filter(x.view(), weight);
        let found = objective(&x, &u, weight);
        for direction in directions {
            let direction = volume(direction, 2);
            for size in [1e-3, 1e-2, 0.1, 1.0] {
                let there = objective(&x, &(&u + &(&direction * size)), weight);
                prop_assert!(there >= found * (1.0 - 2e-4), "{there} {found}");
            }
            // Towards the input and towards its mean as well.
            for share in [0.01, 0.1, 0.5] {
                let nearer = &u + &((&x - &u) * share);
                prop_assert!(objective(&x, &nearer, weight) >= found * (1.0 - 2e-4));
            }
        }
        for (x, u) in x.outer_iter().zip(u.outer_iter()) {
            prop_assert!((x.sum() - u.sum()).abs() < 1e-4);
        }
    }

    /// `<∇u, p> = <u, ∇ᵀp>`.
    #[test]
    fn the_transpose_is_one(
        u in prop::collection::vec(-1.0..1.0f32, 24), p in prop::collection::vec(-1.0..1.0f32, 72),
    ) {
        let u = volume(u, 1);
        let p: Gradient = std::array::from_fn(|axis| volume(p[24 * axis..24 * (axis + 1)].to_vec(), 1));
        let left: f64 = gradient(&u).iter().zip(&p).map(|(a, b)| product(a, b)).sum();
        prop_assert!((left - product(&u, &transposed(&p))).abs() < 1e-5);
    }
}

/// Two half spaces move towards each other by the weight over their widths, along the line between
/// their values; when they meet they stay at the mean.
#[test]
fn two_half_spaces_are_drawn_together() {
    let (a, b) = ([0.1f32, -0.4], [0.4f32, 0.0]);
    let x = Array4::from_shape_fn((2, 8, 3, 3), |(c, x, _, _)| if x < 3 { a[c] } else { b[c] });
    for weight in [0.03, 0.3, 2.0] {
        let u = filter(x.view(), weight);
        let weight = weight as f32;
        for c in 0..2 {
            // Their distance is 0.5.
            let unit = (b[c] - a[c]) / 0.5;
            let mean = (3.0 * a[c] + 5.0 * b[c]) / 8.0;
            let meet = weight / 3.0 + weight / 5.0 >= 0.5;
            let expected = |left: bool| match (meet, left) {
                (true, _) => mean,
                (false, true) => a[c] + unit * weight / 3.0,
                (false, false) => b[c] - unit * weight / 5.0,
            };
            for ((_, x, _, _), value) in u.indexed_iter().filter(|(at, _)| at.0 == c) {
                assert!(
                    (value - expected(x < 3)).abs() < 3e-3,
                    "{weight} {c} {x}: {value}"
                );
            }
        }
    }
    assert_eq!(filter(x.view(), 0.0), x);
}
