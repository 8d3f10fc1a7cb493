//! Weights between PyTorch's order and right operands.

use super::super::Sizes;
use super::{LINES, TAPS, WIDTH, depth};
use crate::network::kernel::COLUMNS;
use crate::network::kernel::bf16::Panels;

/// A row for each line of neighbours, neighbour along z and input channel.
pub(super) fn pack(sizes: &Sizes, weight: &[f32]) -> Panels {
    let inputs = sizes.inputs();
    let depth = depth(inputs);
    Panels::filled(LINES * depth, sizes.outputs, |first, width, panel| {
        fill(Panel {
            weights: &weight[first * inputs * TAPS..],
            rows: inputs,
            row_stride: TAPS,
            column_stride: inputs * TAPS,
            width,
            place: |tap| [tap / WIDTH, tap % WIDTH],
            panel,
        });
    })
}

/// The same for the gradient with respect to the input, with rows for output channels: along y and z
/// the neighbours come in the opposite order, because that is how the gradient lies in memory.
pub(super) fn pack_transposed(sizes: &Sizes, weight: &[f32]) -> Panels {
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let depth = depth(outputs);
    Panels::filled(LINES * depth, inputs, |first, width, panel| {
        fill(Panel {
            weights: &weight[first * TAPS..],
            rows: outputs,
            row_stride: inputs * TAPS,
            column_stride: TAPS,
            width,
            place: |tap| {
                let (plane, back) = (tap / LINES, LINES - 1 - tap % LINES);
                [plane * WIDTH + back / WIDTH, back % WIDTH]
            },
            panel,
        });
    })
}

/// A panel to be filled.
struct Panel<'a> {
    /// From the panel's first column on.
    weights: &'a [f32],
    rows: usize,
    /// From one channel of the rows, or of the columns, to the next.
    row_stride: usize,
    column_stride: usize,
    width: usize,
    /// The line that a tap is in, and its neighbour along z.
    place: fn(usize) -> [usize; 2],
    panel: &'a mut [f32],
}

fn fill(work: Panel) {
    let depth = depth(work.rows);
    let (panel, _) = work.panel.as_chunks_mut::<COLUMNS>();
    for row in 0..work.rows {
        // Reading goes along the taps of each column, writing along the columns of each tap.
        let mut taps = [[0.0; COLUMNS]; TAPS];
        for column in 0..work.width {
            let from = row * work.row_stride + column * work.column_stride;
            let weights = &work.weights[from..from + TAPS];
            for (taps, weight) in taps.iter_mut().zip(weights) {
                taps[column] = *weight;
            }
        }
        for (tap, values) in taps.into_iter().enumerate() {
            let [line, z] = (work.place)(tap);
            panel[line * depth + z * work.rows + row] = values;
        }
    }
}
