//! The kernels against their definitions, on every instruction set that this machine has.

use super::definition::{numbers, outer_cases, product_cases};
use super::*;
use crate::network::Arithmetic;
use proptest::prelude::*;
use pulp::Scalar;

/// Instructions to run a kernel with.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Set {
    Best,
    Avx2,
    Portable,
}

const SETS: [Set; 3] = [Set::Best, Set::Avx2, Set::Portable];

/// Runs a kernel with some instructions, or the best where this machine lacks them.
fn run<W: WithSimd<Output = ()>>(set: Set, work: W) {
    match set {
        Set::Portable => return work.with_simd(Scalar),
        #[cfg(target_arch = "x86_64")]
        Set::Avx2 => {
            if let Some(v3) = pulp::x86::V3::try_new() {
                return pulp::Simd::vectorize(v3, work);
            }
        }
        _ => {}
    }
    dispatch(work);
}

/// A map on contiguous values: points tile by tile, voxels along z.
fn transform<'a>(
    map: Map<'a>,
    input: &'a [f32],
    output: &'a mut [f32],
    tiles: usize,
    channels: usize,
) -> Transform<'a> {
    let voxels = TILE * channels;
    let points = POINTS * channels;
    let (input_tile, output_tile) = match map {
        Map::Input | Map::OutputAdjoint { .. } => (voxels, points),
        Map::InputAdjoint | Map::Output { .. } => (points, voxels),
    };
    Transform {
        map,
        input,
        input_stride: channels,
        input_tile,
        output,
        output_stride: channels,
        output_tile,
        tiles,
        channels,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_product_is_its_definition(case in product_cases(40, 15)) {
        for set in SETS {
            for found in case.found(Arithmetic::F32, |product| run(set, product))? {
                let sum: f32 = found.of.iter().map(|(a, b)| a * b).sum();
                prop_assert!((found.sum - sum).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn an_outer_sum_is_its_definition(case in outer_cases(20)) {
        for set in SETS {
            for found in case.found(Arithmetic::F32, |outer| run(set, outer)) {
                let sum: f32 = found.of.iter().map(|(a, b)| a * b).sum();
                prop_assert!((found.sum - sum).abs() < 1e-4);
            }
        }
    }

    /// Four outputs of a filter of three, tile by tile, and all maps against their transposes.
    #[test]
    fn minimal_filtering_filters(
        tiles in 1..4usize,
        channels in 1..40usize,
        missing in 0..4usize,
        filter in [-1.0..1.0f32, -1.0..1.0, -1.0..1.0],
    ) {
        let valid = tiles * TILE - missing;
        let seen = numbers((tiles * TILE + 2) * channels, 1);
        let bias = numbers(channels, 2);
        for set in SETS {
            let mut points = vec![0.0; tiles * POINTS * channels];
            run(set, transform(Map::Input, &seen, &mut points, tiles, channels));
            for (place, values) in points.chunks_exact_mut(channels).enumerate() {
                let factors = FILTER[place % POINTS];
                let factor: f32 = factors.iter().zip(&filter).map(|(a, b)| a * b).sum();
                values.iter_mut().for_each(|value| *value *= factor);
            }
            let mut y = vec![f32::NAN; valid * channels];
            let map = Map::Output { bias: &bias, valid };
            run(set, transform(map, &points, &mut y, tiles, channels));
            for (i, y) in y.iter().enumerate() {
                let sum: f32 = (0..3).map(|k| filter[k] * seen[i + k * channels]).sum();
                prop_assert!((y - bias[i % channels] - sum).abs() < 2e-5, "{i}: {y} {sum}");
            }
        }
    }

    /// `<y, M x> = <Mᵀ y, x>`.
    #[test]
    fn adjoint_maps_are_adjoint(tiles in 1..4usize, channels in 1..40usize, missing in 0..4usize) {
        let valid = tiles * TILE - missing;
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let zero = vec![0.0; channels];
        let points = numbers(tiles * POINTS * channels, 1);
        let seen = numbers((tiles * TILE + 2) * channels, 2);
        let given = numbers(valid * channels, 3);
        for set in SETS {
            let apply = |map, from: &[f32], len: usize| {
                let mut to = vec![0.0; len];
                run(set, transform(map, from, &mut to, tiles, channels));
                to
            };
            let there = apply(Map::Input, &seen, points.len());
            let back = apply(Map::InputAdjoint, &points, seen.len());
            let (a, b) = (dot(&there, &points), dot(&seen, &back));
            prop_assert!((a - b).abs() < 1e-4 * points.len() as f32, "{a} {b}");
            let there = apply(Map::Output { bias: &zero, valid }, &points, given.len());
            let back = apply(Map::OutputAdjoint { valid }, &given, points.len());
            let (a, b) = (dot(&there, &given), dot(&points, &back));
            prop_assert!((a - b).abs() < 1e-4 * points.len() as f32, "{a} {b}");
        }
    }

    #[test]
    fn exp_is_within_three_units(x in -86.0..86.0f32) {
        let exact = f64::from(x).exp();
        let relative = (f64::from(exp(x)) / exact - 1.0).abs();
        prop_assert!(relative < 3.0 * f64::from(f32::EPSILON), "{x}: {relative}");
    }
}

#[test]
fn exp_and_sigmoid_are_tame_far_out() {
    assert!(exp(-1000.0) < 1e-37 && exp(-1000.0) >= 0.0);
    assert!(exp(1000.0).is_finite());
    assert!(exp(f32::NAN).is_nan());
    assert_eq!(sigmoid(200.0), 1.0);
    assert!(sigmoid(-200.0) < 1e-37);
    assert_eq!(sigmoid(0.0), 0.5);
}

#[test]
fn parts_add_up_to_the_whole() {
    let values = numbers(7 * 3001, 5);
    let sums = column_sums(&values, 7);
    for (column, sum) in sums.iter().enumerate() {
        let exact: f64 = values
            .iter()
            .skip(column)
            .step_by(7)
            .map(|&v| f64::from(v))
            .sum();
        assert!((f64::from(*sum) - exact).abs() < 1e-3);
    }
}
