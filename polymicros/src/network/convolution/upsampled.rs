//! Forward and backward passes of 3 x 3 x 3 convolutions after upsampling, on the CPU.

use super::padding::pad;
use super::planes::{fold, gradients, planes, spread};
use super::stencil::{Phase, Stencil};
use super::weights::{pack, pack_transposed, weight_gradient};
use super::{Gradients, Sizes};
use crate::buffer::Buffer;
use crate::network::kernel::{Outer, Product, Segment, Start, column_sums, dispatch, total};
use rayon::prelude::*;

/// Voxels to add up before sums leave the registers.
const RUN: usize = 128;

/// Voxels in a part of the sums over all voxels, and most parts.
const PART: usize = 2048;
const PARTS: usize = 16;

/// Room on each side of the gradient along z: the widest reach of a stencil.
const MARGIN: usize = 2;

pub(super) fn forward(
    sizes: &Sizes,
    stencil: &Stencil,
    parts: &[&[f32]],
    weight: &[f32],
    bias: &[f32],
) -> Buffer {
    let [nx, ny, nz] = sizes.grid;
    let (inputs, outputs, scale) = (sizes.inputs(), sizes.outputs, stencil.scale);
    let padded = pad(sizes, parts);
    let packed: Vec<_> = stencil
        .phases
        .iter()
        .map(|phase| pack(sizes, stencil, phase, weight))
        .collect();
    let row = scale * nz * outputs;
    let plane = scale * ny * row;
    let mut output = Buffer::stale(sizes.batch * nx * scale * plane);
    output
        .par_chunks_exact_mut(scale * plane)
        .enumerate()
        .for_each(|(index, planes)| {
            let (b, x) = (index / nx, index % nx);
            for (phase, weights) in stencil.phases.iter().zip(&packed) {
                let [px, py, pz] = phase.output;
                dispatch(Product {
                    input: &padded,
                    stride: inputs,
                    line_stride: (nz + 2) * inputs,
                    segments: &segments(sizes, stencil, phase, [b, x, 0]),
                    weights,
                    start: Start::Bias(bias),
                    rows: nz,
                    lines: ny,
                    output: &mut planes[px * plane + py * row + pz * outputs..],
                    output_stride: scale * outputs,
                    output_line: scale * row,
                });
            }
        });
    output
}

/// The runs of the padded input that the first voxel of a row sees: along z neighbours and
/// channels follow each other.
fn segments(
    sizes: &Sizes,
    stencil: &Stencil,
    phase: &Phase,
    [b, x, y]: [usize; 3],
) -> Vec<Segment> {
    let [nx, ny, nz] = sizes.grid;
    let (width, inputs) = (stencil.width, sizes.inputs());
    let [ox, oy, oz] = phase.offset;
    let mut segments = Vec::with_capacity(width * width);
    for tx in 0..width {
        for ty in 0..width {
            let line = (b * (nx + 2) + x + ox + tx) * (ny + 2) + y + oy + ty;
            segments.push(Segment {
                input: (line * (nz + 2) + oz) * inputs,
                weights: (tx * width + ty) * width * inputs,
                depth: width * inputs,
            });
        }
    }
    segments
}

pub(super) fn backward(
    sizes: &Sizes,
    stencil: &Stencil,
    parts: &[&[f32]],
    weight: &[f32],
    gradient: &[f32],
) -> Gradients {
    let by_phase = by_phase(sizes, stencil, gradient);
    let matrices = matrix_gradients(sizes, stencil, &pad(sizes, parts), &by_phase);
    Gradients {
        parts: input_gradients(sizes, stencil, weight, &by_phase),
        weight: weight_gradient(sizes, stencil, &matrices),
        bias: column_sums(gradient, sizes.outputs),
    }
}

/// The gradient with its voxels sorted by phase, and [`MARGIN`] zeros on both sides along z, in
/// shape `phase, batch, x, y, z + 2 MARGIN, channel`.
fn by_phase(sizes: &Sizes, stencil: &Stencil, gradient: &[f32]) -> Buffer {
    let [nx, ny, nz] = sizes.grid;
    let (outputs, scale) = (sizes.outputs, stencil.scale);
    let row = (nz + 2 * MARGIN) * outputs;
    let mut sorted = Buffer::stale(stencil.phases.len() * sizes.batch * nx * ny * row);
    sorted
        .par_chunks_exact_mut(ny * row)
        .enumerate()
        .for_each(|(index, plane)| {
            let (phase, plane_index) = (index / (sizes.batch * nx), index % (sizes.batch * nx));
            let [px, py, pz] = stencil.phases[phase].output;
            for (y, row) in plane.chunks_exact_mut(row).enumerate() {
                let line = (plane_index * scale + px) * ny * scale + y * scale + py;
                let from = &gradient[line * nz * scale * outputs..][..nz * scale * outputs];
                let (before, row) = row.split_at_mut(MARGIN * outputs);
                let (row, after) = row.split_at_mut(nz * outputs);
                before.fill(0.0);
                after.fill(0.0);
                if scale == 1 {
                    row.copy_from_slice(from);
                } else {
                    let voxels = from.chunks_exact(outputs).skip(pz).step_by(scale);
                    for (to, from) in row.chunks_exact_mut(outputs).zip(voxels) {
                        to.copy_from_slice(from);
                    }
                }
            }
        });
    sorted
}

/// Gradients of the phases' matrices, one after the other.
///
/// On a fine grid each piece of work sums all of the matrices over some planes, on a coarse one a
/// few rows of them over all planes: then the matrices are larger than the activations.
fn matrix_gradients(sizes: &Sizes, stencil: &Stencil, padded: &[f32], by_phase: &[f32]) -> Buffer {
    let [nx, ny, nz] = sizes.grid;
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let row = (nz + 2 * MARGIN) * outputs;
    let planes = sizes.batch * nx;
    let block = (RUN / nz).clamp(1, ny);
    let parts = (sizes.voxels() / PART).clamp(1, PARTS).min(planes);
    // The lines of neighbours of all phases; each has rows of its own.
    let lines = stencil.width * stencil.width;
    let size = stencil.width * inputs * outputs;
    let whole = stencil.phases.len() * lines;
    let together = if parts < PARTS / 2 { 1 } else { whole };
    let mut sums = Buffer::zeros(parts * whole * size);
    sums.par_chunks_exact_mut(together * size)
        .enumerate()
        .for_each(|(index, sums)| {
            let (part, first) = (index * together / whole, index * together % whole);
            for plane in part * planes / parts..(part + 1) * planes / parts {
                for y in (0..ny).step_by(block) {
                    for (line, sums) in (first..).zip(sums.chunks_exact_mut(size)) {
                        let (index, line) = (line / lines, line % lines);
                        let at = [plane / nx, plane % nx, y];
                        let seen = segments(sizes, stencil, &stencil.phases[index], at)[line];
                        let from = ((index * planes + plane) * ny + y) * row + MARGIN * outputs;
                        dispatch(Outer {
                            input: padded,
                            stride: inputs,
                            line_stride: (nz + 2) * inputs,
                            segments: &[Segment { weights: 0, ..seen }],
                            gradient: &by_phase[from..],
                            gradient_stride: outputs,
                            gradient_line: row,
                            rows: nz,
                            lines: block.min(ny - y),
                            sums,
                            columns: outputs,
                            arithmetic: sizes.arithmetic,
                        });
                    }
                }
            }
        });
    total(sums, parts)
}

/// Gradients of the parts of the input: of every voxel of the padded input, with what lies beyond
/// the edge added to the voxel that it was taken from.
fn input_gradients(
    sizes: &Sizes,
    stencil: &Stencil,
    weight: &[f32],
    by_phase: &[f32],
) -> Vec<Buffer> {
    let [nx, ny, nz] = sizes.grid;
    let inputs = sizes.inputs();
    let weights = pack_transposed(sizes, stencil, weight);
    let row = (nz + 2) * inputs;
    let mut parts = gradients(sizes);
    planes(sizes, &mut parts)
        .par_iter_mut()
        .enumerate()
        .for_each_init(
            || Buffer::stale(ny * row),
            |padded, (index, pieces)| {
                let (b, x) = (index / nx, index % nx);
                for [y, lines] in alike(ny) {
                    let segments = transposed_segments(sizes, stencil, [b, x, y]);
                    dispatch(Product {
                        input: by_phase,
                        stride: sizes.outputs,
                        line_stride: (nz + 2 * MARGIN) * sizes.outputs,
                        segments: &segments,
                        weights: &weights,
                        start: Start::Zero,
                        rows: nz + 2,
                        lines,
                        output: &mut padded[y * row..],
                        output_stride: inputs,
                        output_line: row,
                    });
                }
                for (y, row) in padded.chunks_exact_mut(row).enumerate() {
                    fold(sizes, row);
                    spread(sizes, &row[inputs..], y, true, pieces);
                }
            },
        );
    parts
}

/// First and number of lines that see the same neighbours: those inside, and each at an edge.
fn alike(n: usize) -> impl Iterator<Item = [usize; 2]> {
    let inside = n.saturating_sub(2);
    let last = (n > 1).then(|| [n - 1, 1]);
    let inside = (inside > 0).then_some([1, inside]);
    std::iter::once([0, 1]).chain(inside).chain(last)
}

/// The runs of the gradient that the first voxel of a row of the input contributed to, itself or
/// as what lies beyond the edge.
fn transposed_segments(sizes: &Sizes, stencil: &Stencil, [b, x, y]: [usize; 3]) -> Vec<Segment> {
    let [nx, ny, nz] = sizes.grid;
    let (width, outputs) = (stencil.width, sizes.outputs);
    let row = (nz + 2 * MARGIN) * outputs;
    let padded = |at: usize, n: usize| {
        (0..n + 2).filter(move |&padded| sizes.padding.source(padded, n) == Some(at))
    };
    let mut segments = Vec::new();
    for (index, phase) in stencil.phases.iter().enumerate() {
        let [ox, oy, oz] = phase.offset;
        for (px, tx) in padded(x, nx).flat_map(|px| (0..width).map(move |tx| (px, tx))) {
            let Some(x) = px.checked_sub(ox + tx).filter(|&x| x < nx) else {
                continue;
            };
            for (py, ty) in padded(y, ny).flat_map(|py| (0..width).map(move |ty| (py, ty))) {
                let Some(y) = py.checked_sub(oy + ty).filter(|&y| y < ny) else {
                    continue;
                };
                let line = ((index * sizes.batch + b) * nx + x) * ny + y;
                segments.push(Segment {
                    input: line * row + (MARGIN - oz - (width - 1)) * outputs,
                    weights: ((index * width + tx) * width + ty) * width * outputs,
                    depth: width * outputs,
                });
            }
        }
    }
    segments
}
