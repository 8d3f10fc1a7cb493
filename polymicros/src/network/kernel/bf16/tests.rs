//! Products of rounded values against their definition.

use super::tiles::{Block, Form};
use super::*;
use crate::network::Arithmetic;
use crate::network::agreement::round;
use crate::network::kernel::{Outer, Packed, Product, Segment, Start, dispatch};
use proptest::prelude::*;

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 37 + seed * 101) as f32 * 0.618).sin())
        .collect()
}

/// A sum of products: of the values, of what they are rounded to, and of their sizes.
#[derive(Default)]
struct Exact {
    plain: f64,
    rounded: f64,
    size: f64,
}

impl Exact {
    fn add(&mut self, a: f32, b: f32) {
        self.plain += f64::from(a) * f64::from(b);
        self.rounded += f64::from(round(a)) * f64::from(round(b));
        self.size += f64::from(a.abs()) * f64::from(b.abs());
    }

    /// The nearest bf16 is within 2^-8 of a value, so that a product is within little more than 2^-7;
    /// what is rounded is then summed in f32.
    fn check(&self, found: f32) -> Result<(), TestCaseError> {
        let found = f64::from(found);
        let bound = 1e-5 * self.size + 1e-6;
        prop_assert!(
            (found - self.rounded).abs() < bound,
            "{found} {}",
            self.rounded
        );
        let bound = (2.01 / 256.0 + 1e-5) * self.size + 1e-6;
        prop_assert!((found - self.plain).abs() < bound, "{found} {}", self.plain);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_rounded_product_is_its_definition(
        [rows, lines] in [1..70usize, 1..4usize],
        columns in 1..70usize,
        depths in prop::collection::vec(1..70usize, 1..4),
        [stride, gap] in [1..70usize, 0..5usize],
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
        let input = numbers(5 * depths.len() + lines * line_stride + 70, 1);
        let matrix = numbers(depth * columns, 2);
        let packed = Packed::new(depth, columns, |r, c| matrix[r * columns + c]);
        let bias = numbers(columns, 3);
        let before = numbers(lines * output_line, 4);
        let mut output = before.clone();
        dispatch(Product {
            input: &input,
            stride,
            line_stride,
            segments: &segments,
            weights: &packed.with(Arithmetic::Bf16),
            start: [Start::Zero, Start::Bias(&bias), Start::Output][start],
            rows,
            lines,
            output: &mut output,
            output_stride: columns,
            output_line,
        });
        for (l, r, c) in (0..lines * rows * columns)
            .map(|i| (i / (rows * columns), i / columns % rows, i % columns))
        {
            let at = l * output_line + r * columns + c;
            let mut exact = Exact::default();
            for s in &segments {
                for k in 0..s.depth {
                    let value = input[s.input + l * line_stride + r * stride + k];
                    exact.add(value, matrix[(s.weights + k) * columns + c]);
                }
            }
            exact.check(output[at] - [0.0, bias[c], before[at]][start])?;
        }
        // What lies between the lines stays.
        for (l, g) in (0..lines).flat_map(|l| (0..gap).map(move |g| (l, g))) {
            let at = l * output_line + rows * columns + g;
            prop_assert_eq!(output[at], before[at]);
        }
    }

    #[test]
    fn a_rounded_outer_sum_is_its_definition(
        rows in 1..70usize,
        lines in 1..5usize,
        columns in 1..40usize,
        depths in prop::collection::vec(1..40usize, 1..3),
        stride in 1..40usize,
    ) {
        let mut segments = Vec::new();
        let mut depth = 0;
        for (i, &d) in depths.iter().enumerate() {
            segments.push(Segment { input: 3 * i, weights: depth, depth: d });
            depth += d;
        }
        let line = rows * stride + 2;
        let input = numbers(lines * line + 50, 1);
        let gradient = numbers(lines * rows * columns, 2);
        let before = numbers(depth * columns, 3);
        let mut sums = before.clone();
        dispatch(Outer {
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
            arithmetic: Arithmetic::Bf16,
        });
        for s in &segments {
            for (k, c) in (0..s.depth * columns).map(|i| (i / columns, i % columns)) {
                let at = (s.weights + k) * columns + c;
                let mut exact = Exact::default();
                for (l, r) in (0..lines * rows).map(|i| (i / rows, i % rows)) {
                    let value = input[s.input + k + l * line + r * stride];
                    exact.add(value, gradient[(l * rows + r) * columns + c]);
                }
                exact.check(sums[at] - before[at])?;
            }
        }
    }

    /// Whatever this machine has does what the portable loop does.
    #[test]
    fn both_ways_of_multiplying_tiles_agree(
        steps in prop::collection::vec((0..300usize, 0..5usize), 0..9),
        stride in 32..100usize,
        blocks in prop::collection::vec(([0..600usize, 0..600, 0..600, 0..600], [0..5usize, 0..5]), 1..4),
        square in any::<bool>(),
    ) {
        let rounded = |count, seed| -> Vec<u16> {
            numbers(count, seed).iter().map(|v| (v.to_bits() >> 16) as u16).collect()
        };
        let operands = (rounded(900 + 16 * stride, 1), rounded(10 * TILE, 2));
        let steps: Vec<Step> = steps
            .into_iter()
            .map(|(left, right)| Step { left, right: right * TILE })
            .collect();
        let product = TileProduct {
            left: &operands.0,
            stride,
            right: &operands.1,
            steps: &steps,
        };
        let blocks: Vec<Block> = blocks
            .into_iter()
            .enumerate()
            .map(|(index, (left, right))| Block {
                left,
                right: right.map(|right| right * TILE),
                output: [0, 1, 2, 3].map(|tile| index * 17 * 70 + tile * SIDE),
            })
            .collect();
        let form = if square { Form::Square } else { Form::Tall };
        let run = |portably| {
            let mut values = vec![0.25; blocks.len() * 17 * 70];
            let mut target = Target {
                values: &mut values,
                stride: 70,
            };
            match portably {
                true => super::portable::run(&product, form, &blocks, &mut target),
                false => product.run_blocks(form, &blocks, &mut target),
            }
            values
        };
        for (best, portable) in run(false).iter().zip(run(true)) {
            prop_assert!((best - portable).abs() < 1e-3, "{best} {portable}");
        }
    }
}

#[test]
fn transposing_turns_pairs_into_columns() {
    let tile: [u16; TILE] = std::array::from_fn(|i| i as u16);
    for (row, values) in transpose(&tile).iter().enumerate() {
        for (column, value) in values.iter().enumerate() {
            let (pair, half) = (column / 2, column % 2);
            assert_eq!(usize::from(*value), pair * DEPTH + row * 2 + half);
        }
    }
}

#[test]
fn each_tile_is_made() {
    let steps = [Step { left: 0, right: 0 }];
    for (rows, columns) in [(1, 1), (9, 1), (2, 2), (5, 3), (1, 8), (7, 4), (40, 5)] {
        // A left tile of ones, and right tiles of one number each.
        let one = 0x3f80;
        let numbers: Vec<u16> = (0..columns)
            .flat_map(|column| [(column as f32).to_bits().wrapping_shr(16) as u16; TILE])
            .collect();
        let product = TileProduct {
            left: &[one; TILE],
            stride: DEPTH,
            right: &numbers,
            steps: &steps,
        };
        let stride = columns * SIDE;
        let mut values = vec![-1.0; rows * SIDE * stride];
        let mut target = Target {
            values: &mut values,
            stride,
        };
        let output = |row, column| (row * stride + column) * SIDE;
        product.run(
            [rows, columns],
            |_| 0,
            |column| column * TILE,
            output,
            &mut target,
        );
        for (place, value) in values.iter().enumerate() {
            assert_eq!(*value, (place % stride / SIDE * DEPTH) as f32);
        }
    }
}

#[test]
#[should_panic(expected = "a left tile ends")]
fn a_tile_beyond_its_operand_is_refused() {
    beyond(TILE - 1, SIDE * SIDE);
}

#[test]
#[should_panic(expected = "an output tile ends")]
fn a_tile_beyond_the_target_is_refused() {
    beyond(TILE, SIDE * SIDE - 1);
}

fn beyond(left: usize, sums: usize) {
    let product = TileProduct {
        left: &vec![0; left],
        stride: DEPTH,
        right: &[0; TILE],
        steps: &[Step { left: 0, right: 0 }],
    };
    let mut target = Target {
        values: &mut vec![0.0; sums],
        stride: SIDE,
    };
    product.run([1, 1], |_| 0, |_| 0, |_, _| 0, &mut target);
}

#[test]
fn rounding_is_to_the_nearest_and_to_even() {
    let values = [
        1.0,
        1.0 + 1.0 / 256.0,
        1.0 + 3.0 / 256.0,
        -3.3,
        1e-40,
        1e38,
        f32::INFINITY,
        0.0,
    ];
    let mut ours = [0; 8];
    let round_rows = |from: &[f32], to: &mut [u16]| {
        dispatch(RoundRows {
            from,
            width: from.len(),
            to,
            stride: from.len(),
        });
    };
    round_rows(&values, &mut ours);
    for (ours, value) in ours.iter().zip(values) {
        assert_eq!(*ours, half::bf16::from_f32(value).to_bits(), "{value}");
    }
    round_rows(&[f32::NAN], &mut ours);
    assert!(half::bf16::from_bits(ours[0]).is_nan());
}
