//! Forward and backward passes of group normalisation on the CPU.
//!
//! Once mean and deviation of a group are known, everything up to SiLU is one factor and one
//! summand for each channel, so that the forward pass reads the input twice and the backward pass
//! twice.

use super::{EPSILON, Sizes};
use crate::buffer::Buffer;
use crate::network::kernel::{Part, parts, pieces, sigmoid, vectorised};
use rayon::prelude::*;

/// Voxels in a piece of work, whatever the number of threads.
const BLOCK: usize = 512;

/// Values in a step of a loop: what belongs to channels is repeated up to that many.
const RUN: usize = 256;

pub(super) struct Parameters {
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
    /// Scales, then shifts, for each member of the batch.
    pub modulation: Option<Vec<f32>>,
}

/// Mean and one over the deviation of a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    pub mean: f32,
    pub rate: f32,
}

pub(super) struct Gradients {
    pub input: Buffer,
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
    pub modulation: Vec<f32>,
}

impl Sizes {
    fn parts(&self) -> Vec<Part> {
        parts(self.batch, self.voxels, BLOCK)
    }

    /// Channels of a group.
    fn width(&self) -> usize {
        self.channels / self.groups
    }

    /// How often values of the channels are repeated.
    fn repeats(&self) -> usize {
        (RUN / self.channels).max(1)
    }
}

/// Two sums for each channel.
struct ChannelSums {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl ChannelSums {
    /// Zeros, repeated.
    fn zeros(sizes: &Sizes) -> Self {
        let first = vec![0.0; sizes.repeats() * sizes.channels];
        ChannelSums {
            second: first.clone(),
            first,
        }
    }

    /// The sums of all parts of each member of the batch.
    fn of_members(sizes: &Sizes, parts: &[Part], sums: &[ChannelSums]) -> Vec<[Vec<f64>; 2]> {
        let zeros = vec![0.0; sizes.channels];
        let mut members = vec![[zeros.clone(), zeros]; sizes.batch];
        for (part, sums) in parts.iter().zip(sums) {
            for (total, sums) in members[part.member]
                .iter_mut()
                .zip([&sums.first, &sums.second])
            {
                for sums in sums.chunks_exact(sizes.channels) {
                    for (total, sum) in total.iter_mut().zip(sums) {
                        *total += f64::from(*sum);
                    }
                }
            }
        }
        members
    }
}

/// Moments of each group of each member of the batch.
pub(super) fn moments(sizes: &Sizes, x: &[f32]) -> Vec<Moments> {
    let &Sizes {
        voxels, channels, ..
    } = sizes;
    let parts = sizes.parts();
    // Sums of differences from a value of the channel: a mean far from zero costs no digits.
    let pivots = |member: usize| &x[member * voxels * channels..][..channels];
    let sums: Vec<ChannelSums> = parts
        .par_iter()
        .map(|part| {
            let pivots = pivots(part.member).repeat(sizes.repeats());
            let x = &x[part.values(channels)];
            let mut sums = ChannelSums::zeros(sizes);
            add_differences(x, &pivots, &mut sums);
            sums
        })
        .collect();
    let members = ChannelSums::of_members(sizes, &parts, &sums);
    let mut moments = Vec::with_capacity(sizes.batch * sizes.groups);
    let width = sizes.width();
    for (member, [first, second]) in members.iter().enumerate() {
        let pivots = pivots(member);
        for group in 0..sizes.groups {
            let here = group * width..(group + 1) * width;
            let n = voxels as f64;
            let mean = here
                .clone()
                .map(|c| f64::from(pivots[c]) + first[c] / n)
                .sum::<f64>()
                / width as f64;
            let variance = here
                .map(|c| {
                    let d = first[c] / n;
                    let between = f64::from(pivots[c]) + d - mean;
                    second[c] / n - d * d + between * between
                })
                .sum::<f64>()
                / width as f64;
            moments.push(Moments {
                mean: mean as f32,
                rate: (1.0 / (variance.max(0.0) + f64::from(EPSILON)).sqrt()) as f32,
            });
        }
    }
    moments
}

/// For each member of the batch, the factor and the summand of each channel that normalisation,
/// gamma and beta, scale and shift come to, repeated.
fn affine(sizes: &Sizes, at: &Parameters, moments: &[Moments]) -> Vec<[Vec<f32>; 2]> {
    let of_member = |member: usize| {
        let (factor, summand): (Vec<f32>, Vec<f32>) = (0..sizes.channels)
            .map(|c| {
                let Moments { mean, rate } = moments[member * sizes.groups + c / sizes.width()];
                let (scale, shift) = modulation(at, member, c, sizes.channels);
                let factor = rate * at.gamma[c];
                (factor * scale, (at.beta[c] - mean * factor) * scale + shift)
            })
            .unzip();
        [factor, summand].map(|values| values.repeat(sizes.repeats()))
    };
    (0..sizes.batch).map(of_member).collect()
}

/// `scale + 1` and `shift` of a channel.
fn modulation(at: &Parameters, member: usize, channel: usize, channels: usize) -> (f32, f32) {
    at.modulation.as_ref().map_or((1.0, 0.0), |values| {
        let values = &values[member * 2 * channels..];
        (values[channel] + 1.0, values[channels + channel])
    })
}

pub(super) fn forward(
    sizes: &Sizes,
    x: &[f32],
    residual: Option<&[f32]>,
    at: &Parameters,
    moments: &[Moments],
) -> Buffer {
    let affine = affine(sizes, at, moments);
    let parts = sizes.parts();
    let mut y = Buffer::stale(x.len());
    pieces(&parts, sizes.channels, &mut y)
        .into_par_iter()
        .zip(&parts)
        .for_each(|(y, part)| {
            let here = part.values(sizes.channels);
            let x = &x[here.clone()];
            let affine = &affine[part.member];
            let residual = residual.map(|residual| &residual[here]);
            apply(sizes.silu, x, affine, residual, y);
        });
    y
}

vectorised! {
    /// A part of the output.
    fn apply<'a>(
        silu: bool,
        x: &'a [f32],
        affine: &'a [Vec<f32>; 2],
        residual: Option<&'a [f32]>,
        y: &'a mut [f32],
    ) {
        let [factor, summand] = affine;
        let run = factor.len();
        for (x, y) in x.chunks(run).zip(y.chunks_mut(run)) {
            for (((x, y), factor), summand) in x.iter().zip(&mut *y).zip(factor).zip(summand) {
                *y = x * factor + summand;
            }
            if silu {
                for y in y.iter_mut() {
                    *y *= sigmoid(*y);
                }
            }
        }
        if let Some(residual) = residual {
            for (y, residual) in y.iter_mut().zip(residual) {
                *y += residual;
            }
        }
    }
}

vectorised! {
    /// Adds differences from the pivots, and their squares.
    fn add_differences<'a>(x: &'a [f32], pivots: &'a [f32], sums: &'a mut ChannelSums) {
        for x in x.chunks(pivots.len()) {
            let sums = sums.first.iter_mut().zip(&mut sums.second);
            for ((x, pivot), (first, second)) in x.iter().zip(pivots).zip(sums) {
                let d = x - pivot;
                *first += d;
                *second += d * d;
            }
        }
    }
}

vectorised! {
    /// Adds gradients, and their products with the input.
    fn add_products<'a>(x: &'a [f32], gradient: &'a [f32], sums: &'a mut ChannelSums) {
        let run = sums.first.len();
        for (x, g) in x.chunks(run).zip(gradient.chunks(run)) {
            let sums = sums.first.iter_mut().zip(&mut sums.second);
            for ((x, g), (first, second)) in x.iter().zip(g).zip(sums) {
                *first += g;
                *second += g * x;
            }
        }
    }
}

pub(super) fn backward(
    sizes: &Sizes,
    x: &[f32],
    mut gradient: Buffer,
    at: &Parameters,
    moments: &[Moments],
) -> Gradients {
    let &Sizes {
        voxels, channels, ..
    } = sizes;
    let affine = affine(sizes, at, moments);
    let parts = sizes.parts();
    let sums: Vec<ChannelSums> = pieces(&parts, channels, &mut gradient)
        .into_par_iter()
        .zip(&parts)
        .map(|(gradient, part)| {
            let x = &x[part.values(channels)];
            if sizes.silu {
                through_silu(gradient, x, &affine[part.member]);
            }
            let mut sums = ChannelSums::zeros(sizes);
            add_products(x, gradient, &mut sums);
            sums
        })
        .collect();
    let members = ChannelSums::of_members(sizes, &parts, &sums);
    let width = sizes.width();
    let mut found = Gradients {
        input: Buffer::default(),
        gamma: vec![0.0; channels],
        beta: vec![0.0; channels],
        modulation: Vec::with_capacity(sizes.batch * 2 * channels),
    };
    let mut combinations = Vec::with_capacity(sizes.batch);
    for (member, [first, second]) in members.iter().enumerate() {
        let mut pull = vec![[0.0; 2]; sizes.groups];
        let mut scales = vec![0.0; 2 * channels];
        for c in 0..channels {
            let Moments { mean, rate } = moments[member * sizes.groups + c / width];
            let (scale, _) = modulation(at, member, c, channels);
            let along = f64::from(rate) * (second[c] - f64::from(mean) * first[c]);
            let (gamma, beta) = (f64::from(at.gamma[c]), f64::from(at.beta[c]));
            found.gamma[c] += (f64::from(scale) * along) as f32;
            found.beta[c] += (f64::from(scale) * first[c]) as f32;
            scales[c] = (gamma * along + beta * first[c]) as f32;
            scales[channels + c] = first[c] as f32;
            let weight = gamma * f64::from(scale) / (voxels * width) as f64;
            pull[c / width][0] += weight * first[c];
            pull[c / width][1] += weight * along;
        }
        if at.modulation.is_some() {
            found.modulation.extend(&scales);
        }
        // d/dx: rate (gamma scale g - mean of it - n times the mean of n times it).
        let (slope, offset): (Vec<f32>, Vec<f32>) = (0..channels)
            .map(|c| {
                let Moments { mean, rate } = moments[member * sizes.groups + c / width];
                let [level, along] = pull[c / width];
                let slope = -f64::from(rate) * f64::from(rate) * along;
                let offset = -f64::from(rate) * level - f64::from(mean) * slope;
                (slope as f32, offset as f32)
            })
            .unzip();
        combinations.push([slope, offset].map(|values| values.repeat(sizes.repeats())));
    }
    pieces(&parts, channels, &mut gradient)
        .into_par_iter()
        .zip(&parts)
        .for_each(|(gradient, part)| {
            let x = &x[part.values(channels)];
            let factor = &affine[part.member][0];
            let combination = &combinations[part.member];
            combine(gradient, x, factor, combination);
        });
    found.input = gradient;
    found
}

vectorised! {
    /// The gradient before SiLU.
    fn through_silu<'a>(gradient: &'a mut [f32], x: &'a [f32], affine: &'a [Vec<f32>; 2]) {
        let [factor, summand] = affine;
        let run = factor.len();
        for (gradient, x) in gradient.chunks_mut(run).zip(x.chunks(run)) {
            for (((gradient, x), factor), summand) in
                gradient.iter_mut().zip(x).zip(factor).zip(summand)
            {
                let z = x * factor + summand;
                let s = sigmoid(z);
                *gradient *= s + z * s * (1.0 - s);
            }
        }
    }
}

vectorised! {
    /// The gradient with respect to the input, in the place of that with respect to the affine map.
    fn combine<'a>(gradient: &'a mut [f32], x: &'a [f32], factor: &'a [f32], combination: &'a [Vec<f32>; 2]) {
        let [slope, offset] = combination;
        let run = factor.len();
        for (gradient, x) in gradient.chunks_mut(run).zip(x.chunks(run)) {
            let values = gradient.iter_mut().zip(x);
            for ((((g, x), factor), slope), offset) in values.zip(factor).zip(slope).zip(offset) {
                *g = *g * factor + x * slope + offset;
            }
        }
    }
}
