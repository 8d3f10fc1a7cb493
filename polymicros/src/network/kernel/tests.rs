//! The kernels against their definitions, on every instruction set that this machine has.

use super::*;
use crate::network::Arithmetic;
use proptest::prelude::*;
use pulp::Scalar;

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 37 + seed * 101) as f32 * 0.618).sin())
        .collect()
}

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

/// All triples below these.
fn places(a: usize, b: usize, c: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..a * b * c).map(move |i| (i / (b * c), i / c % b, i % c))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_product_is_its_definition(
        [rows, lines] in [1..30usize, 1..4usize],
        columns in 1..40usize,
        depths in prop::collection::vec(1..9usize, 1..4),
        [stride, gap] in [1..9usize, 0..5usize],
        start in 0..3usize,
    ) {
        let mut segments = Vec::new();
        let mut depth = 0;
        for (i, &d) in depths.iter().enumerate() {
            segments.push(Segment { input: 5 * i, weights: depth, depth: d });
            depth += d;
        }
        let line_stride = rows * stride + gap;
        let output_line = rows * columns + gap;
        let input = numbers(5 * depths.len() + lines * line_stride + 9, 1);
        let matrix = numbers(depth * columns, 2);
        let packed = Packed::new(depth, columns, |r, c| matrix[r * columns + c]);
        let bias = numbers(columns, 3);
        let before = numbers(lines * output_line, 4);
        for set in SETS {
            let mut output = before.clone();
            run(set, Product {
                input: &input,
                stride,
                line_stride,
                segments: &segments,
                weights: &packed,
                start: [Start::Zero, Start::Bias(&bias), Start::Output][start],
                rows,
                lines,
                output: &mut output,
                output_stride: columns,
                output_line,
            });
            for (l, r, c) in places(lines, rows, columns) {
                let at = l * output_line + r * columns + c;
                let mut sum = [0.0, bias[c], before[at]][start];
                for s in &segments {
                    for k in 0..s.depth {
                        sum += input[s.input + l * line_stride + r * stride + k]
                            * matrix[(s.weights + k) * columns + c];
                    }
                }
                prop_assert!((output[at] - sum).abs() < 1e-4);
            }
            // What lies between the lines stays.
            for (l, g) in (0..lines).flat_map(|l| (0..gap).map(move |g| (l, g))) {
                let at = l * output_line + rows * columns + g;
                prop_assert_eq!(output[at], before[at]);
            }
        }
    }

    #[test]
    fn an_outer_sum_is_its_definition(
        rows in 1..20usize,
        lines in 1..4usize,
        columns in 1..40usize,
        depths in prop::collection::vec(1..15usize, 1..3),
        stride in 1..9usize,
    ) {
        let mut segments = Vec::new();
        let mut depth = 0;
        for (i, &d) in depths.iter().enumerate() {
            segments.push(Segment { input: 3 * i, weights: depth, depth: d });
            depth += d;
        }
        let line = rows * stride + 2;
        let input = numbers(lines * line + 40, 1);
        let gradient = numbers(lines * rows * columns, 2);
        let before = numbers(depth * columns, 3);
        for set in SETS {
            let mut sums = before.clone();
            run(set, Outer {
                input: &input,
                stride,
                line_stride: line,
                segments: &segments,
                gradient: &gradient,
                gradient_stride: columns,
                gradient_line: rows * columns,
                rows,
                lines,
                sums: &mut sums,
                columns,
                arithmetic: Arithmetic::F32,
            });
            for s in &segments {
                for k in 0..s.depth {
                    for c in 0..columns {
                        let at = (s.weights + k) * columns + c;
                        let mut sum = before[at];
                        for l in 0..lines {
                            for r in 0..rows {
                                sum += input[s.input + k + l * line + r * stride]
                                    * gradient[(l * rows + r) * columns + c];
                            }
                        }
                        prop_assert!((sums[at] - sum).abs() < 1e-4);
                    }
                }
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
