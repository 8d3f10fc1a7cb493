//! Products of rounded values against their definition.

use super::tiles::{Block, Form};
use super::*;
use crate::network::Arithmetic;
use crate::network::agreement::round;
use crate::network::kernel::definition::{Found, numbers, outer_cases, product_cases};
use crate::network::kernel::dispatch;
use proptest::prelude::*;

/// The nearest bf16 is within 2^-8 of a value, so that a product is within little more than 2^-7; what
/// is rounded is then summed in f32.
fn check(found: &Found) -> Result<(), TestCaseError> {
    let sum = |of: fn(f32, f32) -> f64| found.of.iter().map(|(a, b)| of(*a, *b)).sum::<f64>();
    let plain = sum(|a, b| f64::from(a) * f64::from(b));
    let rounded = sum(|a, b| f64::from(round(a)) * f64::from(round(b)));
    let size = sum(|a, b| f64::from(a.abs()) * f64::from(b.abs()));
    let found = f64::from(found.sum);
    prop_assert!(
        (found - rounded).abs() < 1e-5 * size + 1e-6,
        "{found} {rounded}"
    );
    let bound = (2.01 / 256.0 + 1e-5) * size + 1e-6;
    prop_assert!((found - plain).abs() < bound, "{found} {plain}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_rounded_product_is_its_definition(case in product_cases(70, 70)) {
        for found in case.found(Arithmetic::Bf16, |product| dispatch(product))? {
            check(&found)?;
        }
    }

    #[test]
    fn a_rounded_outer_sum_is_its_definition(case in outer_cases(70)) {
        for found in case.found(Arithmetic::Bf16, |outer| dispatch(outer)) {
            check(&found)?;
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
        -7.3,
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
