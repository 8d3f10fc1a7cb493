//! Forward and backward passes of the 3 x 3 x 3 convolutions on the CPU.

use super::padding::pad;
use super::stencil::{Phase, Stencil};
use super::weights::{pack, pack_transposed, phase_matrices, weight_gradient};
use super::{Gradients, Sizes};
use crate::network::kernel::{Outer, Product, Segment, Start, column_sums, dispatch, sum_of_parts};
use rayon::prelude::*;

/// Voxels to add up before sums leave the registers.
const RUN: usize = 128;

/// Room on each side of the gradient along z: the widest reach of a stencil.
const MARGIN: usize = 2;

pub(super) fn forward(
    sizes: &Sizes,
    stencil: &Stencil,
    parts: &[&[f32]],
    weight: &[f32],
    bias: &[f32],
) -> Vec<f32> {
    let [nx, ny, nz] = sizes.grid;
    let (inputs, outputs, scale) = (sizes.inputs(), sizes.outputs, stencil.scale);
    let padded = pad(sizes, parts);
    let packed: Vec<_> = phase_matrices(sizes, stencil, weight)
        .iter()
        .map(|matrix| pack(sizes, stencil, matrix))
        .collect();
    let row = scale * nz * outputs;
    let plane = scale * ny * row;
    let mut output = vec![0.0; sizes.batch * nx * scale * plane];
    output
        .par_chunks_exact_mut(scale * plane)
        .enumerate()
        .for_each(|(index, planes)| {
            let (b, x) = (index / nx, index % nx);
            for y in 0..ny {
                for (phase, weights) in stencil.phases.iter().zip(&packed) {
                    let segments = segments(sizes, stencil, phase, [b, x, y]);
                    let [px, py, pz] = phase.output;
                    let first = px * plane + (y * scale + py) * row + pz * outputs;
                    dispatch(Product {
                        input: &padded,
                        stride: inputs,
                        segments: &segments,
                        weights,
                        start: Start::Bias(bias),
                        rows: nz,
                        output: &mut planes[first..],
                        output_stride: scale * outputs,
                    });
                }
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
    let mut slices = Vec::with_capacity(stencil.phases.len());
    let size = stencil.taps() * sizes.inputs() * sizes.outputs;
    slices.extend(matrices.chunks_exact(size));
    Gradients {
        parts: input_gradients(sizes, stencil, weight, &by_phase),
        weight: weight_gradient(sizes, stencil, &slices),
        bias: column_sums(gradient, sizes.outputs),
    }
}

/// The gradient with its voxels sorted by phase, and [`MARGIN`] zeros on both sides along z, in
/// shape `phase, batch, x, y, z + 2 MARGIN, channel`.
fn by_phase(sizes: &Sizes, stencil: &Stencil, gradient: &[f32]) -> Vec<f32> {
    let [nx, ny, nz] = sizes.grid;
    let (outputs, scale) = (sizes.outputs, stencil.scale);
    let row = (nz + 2 * MARGIN) * outputs;
    let mut sorted = vec![0.0; stencil.phases.len() * sizes.batch * nx * ny * row];
    sorted
        .par_chunks_exact_mut(ny * row)
        .enumerate()
        .for_each(|(index, plane)| {
            let (phase, plane_index) = (index / (sizes.batch * nx), index % (sizes.batch * nx));
            let [px, py, pz] = stencil.phases[phase].output;
            for (y, row) in plane.chunks_exact_mut(row).enumerate() {
                let line = (plane_index * scale + px) * ny * scale + y * scale + py;
                let from = &gradient[line * nz * scale * outputs..][..nz * scale * outputs];
                let row = &mut row[MARGIN * outputs..][..nz * outputs];
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
fn matrix_gradients(
    sizes: &Sizes,
    stencil: &Stencil,
    padded: &[f32],
    by_phase: &[f32],
) -> Vec<f32> {
    let [nx, ny, nz] = sizes.grid;
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let size = stencil.taps() * inputs * outputs;
    let row = (nz + 2 * MARGIN) * outputs;
    let planes = sizes.batch * nx;
    let block = (RUN / nz).clamp(1, ny);
    sum_of_parts(planes, stencil.phases.len() * size, |planes_here, sums| {
        for plane in planes_here {
            let (b, x) = (plane / nx, plane % nx);
            for (index, (phase, sums)) in stencil
                .phases
                .iter()
                .zip(sums.chunks_exact_mut(size))
                .enumerate()
            {
                for y in (0..ny).step_by(block) {
                    let first = ((index * planes + plane) * ny + y) * row + MARGIN * outputs;
                    dispatch(Outer {
                        input: padded,
                        stride: inputs,
                        line_stride: (nz + 2) * inputs,
                        segments: &segments(sizes, stencil, phase, [b, x, y]),
                        gradient: &by_phase[first..],
                        gradient_stride: outputs,
                        gradient_line: row,
                        rows: nz,
                        lines: block.min(ny - y),
                        sums,
                        columns: outputs,
                    });
                }
            }
        }
    })
}

/// Gradients of the parts of the input: of every voxel of the padded input, with what lies beyond
/// the edge added to the voxel that it was taken from.
fn input_gradients(
    sizes: &Sizes,
    stencil: &Stencil,
    weight: &[f32],
    by_phase: &[f32],
) -> Vec<Vec<f32>> {
    let [nx, ny, nz] = sizes.grid;
    let inputs = sizes.inputs();
    let matrices = phase_matrices(sizes, stencil, weight);
    let weights = pack_transposed(sizes, stencil, &matrices);
    let plane = ny * nz * inputs;
    let mut whole = vec![0.0; sizes.batch * nx * plane];
    whole
        .par_chunks_exact_mut(plane)
        .enumerate()
        .for_each(|(index, plane)| {
            let (b, x) = (index / nx, index % nx);
            let mut row = vec![0.0; (nz + 2) * inputs];
            for px in (0..nx + 2).filter(|&px| sizes.padding.source(px, nx) == Some(x)) {
                for py in 0..ny + 2 {
                    let Some(y) = sizes.padding.source(py, ny) else {
                        continue;
                    };
                    let segments = transposed_segments(sizes, stencil, [b, px, py]);
                    dispatch(Product {
                        input: by_phase,
                        stride: sizes.outputs,
                        segments: &segments,
                        weights: &weights,
                        start: Start::Zero,
                        rows: nz + 2,
                        output: &mut row,
                        output_stride: inputs,
                    });
                    let to = &mut plane[y * nz * inputs..(y + 1) * nz * inputs];
                    for (pz, from) in row.chunks_exact(inputs).enumerate() {
                        if let Some(z) = sizes.padding.source(pz, nz) {
                            for (to, from) in to[z * inputs..].iter_mut().zip(from) {
                                *to += from;
                            }
                        }
                    }
                }
            }
        });
    split(sizes, whole)
}

/// The runs of the gradient that the first voxel of a row of the padded input contributed to.
fn transposed_segments(sizes: &Sizes, stencil: &Stencil, [b, px, py]: [usize; 3]) -> Vec<Segment> {
    let [nx, ny, nz] = sizes.grid;
    let (width, outputs) = (stencil.width, sizes.outputs);
    let row = (nz + 2 * MARGIN) * outputs;
    let mut segments = Vec::new();
    for (index, phase) in stencil.phases.iter().enumerate() {
        let [ox, oy, oz] = phase.offset;
        for tx in 0..width {
            let Some(x) = px.checked_sub(ox + tx).filter(|&x| x < nx) else {
                continue;
            };
            for ty in 0..width {
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

/// The parts of what lies beside each other.
fn split(sizes: &Sizes, whole: Vec<f32>) -> Vec<Vec<f32>> {
    if sizes.parts.len() == 1 {
        return vec![whole];
    }
    let inputs = sizes.inputs();
    let mut from = 0;
    let mut parts = Vec::with_capacity(sizes.parts.len());
    for &width in &sizes.parts {
        let mut part = vec![0.0; sizes.voxels() * width];
        part.par_chunks_mut(RUN * width)
            .zip(whole.par_chunks(RUN * inputs))
            .for_each(|(part, whole)| {
                let voxels = whole.chunks_exact(inputs);
                for (to, voxel) in part.chunks_exact_mut(width).zip(voxels) {
                    to.copy_from_slice(&voxel[from..from + width]);
                }
            });
        parts.push(part);
        from += width;
    }
    parts
}
