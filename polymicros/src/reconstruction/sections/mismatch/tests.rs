use super::*;
use crate::reconstruction::sections::tests::{cells, noise};
use crate::statistics::{Pairs, TwoPoint};
use dfdx::prelude::*;

fn doubles(field: &crate::microstructure::Field) -> Vec<f64> {
    field.as_slice().iter().map(|&v| f64::from(v)).collect()
}

#[test]
fn the_value_is_the_mean_square_over_six_pairs_and_three_planes() {
    let (one, other) = (noise([6, 5, 4], 1), cells([6, 5, 4], 4, 2));
    let target = OrthogonalStatistics::of_volume(&other).unwrap();
    let value = Mismatch::<f32>::new(&target)
        .unwrap()
        .value(one.as_slice())
        .unwrap();
    let of = |field| {
        TwoPoint::periodic(field, &Pairs::All)
            .unwrap()
            .to_covariance()
    };
    let (a, b) = (of(&one), of(&other));
    let (mut sum, mut count) = (0.0, 0.0);
    for axis in 0..3 {
        for &pair in a.pairs() {
            let difference = &a.slice(pair, axis).unwrap() - &b.slice(pair, axis).unwrap();
            sum += difference
                .iter()
                .map(|&d| f64::from(d).powi(2))
                .sum::<f64>();
            count += difference.len() as f64;
        }
    }
    assert!(
        (value / (sum / count) - 1.0).abs() < 1e-4,
        "{value} {}",
        sum / count
    );
}

#[test]
fn the_gradient_is_the_change_of_the_value() {
    for shape in [[6, 5, 4], [4, 3, 5], [2, 4, 6]] {
        let target = OrthogonalStatistics::of_volume(&cells(shape, 4, 2)).unwrap();
        let mut mismatch = Mismatch::<f64>::new(&target).unwrap();
        let at = doubles(&noise(shape, 1));
        let mut gradient = vec![0.0; at.len()];
        let value = mismatch.value_and_gradient(&at, &mut gradient).unwrap();
        assert!((mismatch.value(&at).unwrap() / value - 1.0).abs() < 1e-12);
        let largest = gradient.iter().fold(0.0f64, |most, g| most.max(g.abs()));
        for (i, slope) in gradient.iter().enumerate() {
            // Fourth order, since the value is a polynomial of fourth degree: exact but for
            // rounding.
            let mut along = |step: f64| {
                let mut moved = at.clone();
                moved[i] += step;
                mismatch.value(&moved).unwrap()
            };
            let h = 0.1;
            let found =
                (8.0 * (along(h) - along(-h)) - along(2.0 * h) + along(-2.0 * h)) / (12.0 * h);
            assert!(
                (found - slope).abs() < 1e-9 * largest,
                "{shape:?} {i}: {found} {slope}"
            );
        }
        // It does not move the means.
        for channel in gradient.chunks(shape.iter().product()) {
            assert!(channel.iter().sum::<f64>().abs() < 1e-12 * largest);
        }
    }
}

/// The same mismatch made of dfdx's operations: covariances at each displacement of the planes as
/// sums over voxels, each with the field moved by a gather, and the tape's gradient.
#[test]
fn dfdx_has_the_same_gradient() {
    let shape = [4usize, 3, 5];
    let voxels = 60;
    let (one, other) = (noise(shape, 3), cells(shape, 4, 5));
    let target = OrthogonalStatistics::of_volume(&other).unwrap();
    let mut gradient = vec![0.0f32; 3 * voxels];
    let mut mismatch = Mismatch::<f32>::new(&target).unwrap();
    let value = mismatch
        .value_and_gradient(one.as_slice(), &mut gradient)
        .unwrap();

    let device = Cpu::default();
    let field: Tensor<(usize, usize), f32, Cpu> =
        device.tensor_from_vec(one.as_slice().to_vec(), (3, voxels));
    let mut sum: Tensor<(), f32, Cpu, OwnedTape<f32, Cpu>> = device.zeros().leaky_traced();
    let channel = |c: usize| -> Tensor<(usize,), f32, Cpu, OwnedTape<f32, Cpu>> {
        let values = || field.leaky_trace().select(device.tensor(c));
        let mean = values().mean::<(), Axis<0>>();
        values() - mean.broadcast_like(&(voxels,))
    };
    let mut count = 0.0;
    for axis in 0..3 {
        let [i, j] = crate::reconstruction::sections::planes::SPANNED[axis];
        let plane = target.plane(axis).unwrap();
        for ((pair, a, b), wanted) in plane.indexed_iter() {
            let (first, second) = crate::reconstruction::sections::hermitian::PAIRS[pair];
            let moved: Vec<usize> = (0..voxels)
                .map(|s| {
                    let mut at = [s / 15, s / 5 % 3, s % 5];
                    at[i] = (at[i] + a) % shape[i];
                    at[j] = (at[j] + b) % shape[j];
                    (at[0] * 3 + at[1]) * 5 + at[2]
                })
                .collect();
            let indices = device.tensor_from_vec(moved, (voxels,));
            let product = channel(first) * channel(second).gather(indices);
            let error = product.mean::<(), Axis<0>>() - *wanted as f32;
            sum = sum + error.square();
            count += 1.0;
        }
    }
    let loss = sum / count as f32;
    assert!((f64::from(loss.array()) / value - 1.0).abs() < 1e-3);
    let found = loss.backward().get(&field).as_vec();
    let largest = gradient.iter().fold(0.0f32, |most, g| most.max(g.abs()));
    for (a, b) in gradient.iter().zip(&found) {
        assert!((a - b).abs() < 2e-4 * largest, "{a} {b}");
    }
}

#[test]
fn fields_of_another_shape_are_refused() {
    let target = OrthogonalStatistics::of_volume(&noise([4, 4, 4], 1)).unwrap();
    let mut mismatch = Mismatch::<f32>::new(&target).unwrap();
    assert!(mismatch.value(&[0.0; 3 * 63]).is_err());
    let flat = noise([4, 4, 1], 1);
    assert!(OrthogonalStatistics::of_volume(&flat).is_err());
}
