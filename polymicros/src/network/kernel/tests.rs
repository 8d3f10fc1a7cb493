//! The kernels against their definitions, on every instruction set that this machine has.

use super::*;
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_product_is_its_definition(
        rows in 1..30usize,
        columns in 1..40usize,
        depths in prop::collection::vec(1..9usize, 1..4),
        stride in 1..9usize,
        start in 0..3usize,
    ) {
        let mut segments = Vec::new();
        let mut depth = 0;
        for (i, &d) in depths.iter().enumerate() {
            segments.push(Segment { input: 5 * i, weights: depth, depth: d });
            depth += d;
        }
        let input = numbers(5 * depths.len() + rows * stride + 9, 1);
        let matrix = numbers(depth * columns, 2);
        let packed = Packed::new(depth, columns, |r, c| matrix[r * columns + c]);
        let bias = numbers(columns, 3);
        let before = numbers(rows * columns, 4);
        for set in SETS {
            let mut output = before.clone();
            run(set, Product {
                input: &input,
                stride,
                segments: &segments,
                weights: &packed,
                start: [Start::Zero, Start::Bias(&bias), Start::Output][start],
                rows,
                output: &mut output,
                output_stride: columns,
            });
            for r in 0..rows {
                for c in 0..columns {
                    let mut sum = [0.0, bias[c], before[r * columns + c]][start];
                    for s in &segments {
                        for k in 0..s.depth {
                            sum += input[s.input + r * stride + k]
                                * matrix[(s.weights + k) * columns + c];
                        }
                    }
                    prop_assert!((output[r * columns + c] - sum).abs() < 1e-4);
                }
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
