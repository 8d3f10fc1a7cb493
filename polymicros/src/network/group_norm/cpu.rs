//! Forward and backward passes of group normalisation on the CPU.
//!
//! Once mean and deviation of a group are known, everything up to SiLU is one factor and one
//! summand for each channel, so that the forward pass reads the input twice and the backward pass
//! twice.

use super::{EPSILON, Sizes};
use crate::network::kernel::{sigmoid, vectorised};
use rayon::prelude::*;

/// Voxels in a piece of work, whatever the number of threads.
const BLOCK: usize = 1024;

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
    pub input: Vec<f32>,
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
    pub modulation: Vec<f32>,
}

/// Moments of each group of each member of the batch.
pub(super) fn moments(sizes: &Sizes, x: &[f32]) -> Vec<Moments> {
    let &Sizes {
        voxels, channels, ..
    } = sizes;
    let width = channels / sizes.groups;
    let mut moments = Vec::with_capacity(sizes.batch * sizes.groups);
    for member in x.chunks_exact(voxels * channels) {
        // Sums of differences from a value of the channel: a mean far from zero costs no digits.
        let pivots = &member[..channels];
        let sums = channel_sums(sizes, |block, sums| {
            let values = &member[block * BLOCK * channels..];
            let values = &values[..values.len().min(BLOCK * channels)];
            let (first, second) = sums.split_at_mut(channels);
            for voxel in values.chunks_exact(channels) {
                for (((x, pivot), first), second) in
                    voxel.iter().zip(pivots).zip(&mut *first).zip(&mut *second)
                {
                    let d = x - pivot;
                    *first += d;
                    *second += d * d;
                }
            }
        });
        let (first, second) = sums.split_at(channels);
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

/// Two sums for each channel, of blocks of voxels of one member of the batch.
fn channel_sums(sizes: &Sizes, add: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f64> {
    let channels = 2 * sizes.channels;
    let blocks: Vec<Vec<f32>> = (0..sizes.voxels.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let mut sums = vec![0.0; channels];
            vectorised(|| add(block, &mut sums));
            sums
        })
        .collect();
    let mut total = vec![0.0; channels];
    for sums in blocks {
        for (total, sum) in total.iter_mut().zip(sums) {
            *total += f64::from(sum);
        }
    }
    total
}

/// The factor and the summand of each channel that normalisation, gamma and beta, scale and shift
/// come to.
fn affine(sizes: &Sizes, member: usize, at: &Parameters, moments: &[Moments]) -> [Vec<f32>; 2] {
    let channels = sizes.channels;
    let width = channels / sizes.groups;
    (0..channels)
        .map(|c| {
            let Moments { mean, rate } = moments[member * sizes.groups + c / width];
            let (scale, shift) = modulation(at, member, c, channels);
            let factor = rate * at.gamma[c];
            (factor * scale, (at.beta[c] - mean * factor) * scale + shift)
        })
        .unzip::<f32, f32, Vec<f32>, Vec<f32>>()
        .into()
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
    mut x: Vec<f32>,
    residual: Option<Vec<f32>>,
    at: &Parameters,
    moments: &[Moments],
) -> Vec<f32> {
    let channels = sizes.channels;
    for (member, x) in x.chunks_exact_mut(sizes.voxels * channels).enumerate() {
        let [factor, summand] = affine(sizes, member, at, moments);
        x.par_chunks_mut(BLOCK * channels)
            .enumerate()
            .for_each(|(block, x)| {
                let residual = residual.as_ref().map(|residual| {
                    let first = (member * sizes.voxels + block * BLOCK) * channels;
                    &residual[first..first + x.len()]
                });
                vectorised(|| apply(sizes.silu, x, residual, &factor, &summand));
            });
    }
    x
}

#[inline(always)]
fn apply(silu: bool, x: &mut [f32], residual: Option<&[f32]>, factor: &[f32], summand: &[f32]) {
    let channels = factor.len();
    for voxel in x.chunks_exact_mut(channels) {
        let parameters = factor.iter().zip(summand);
        if silu {
            for (x, (factor, summand)) in voxel.iter_mut().zip(parameters) {
                let z = *x * factor + summand;
                *x = z * sigmoid(z);
            }
        } else {
            for (x, (factor, summand)) in voxel.iter_mut().zip(parameters) {
                *x = *x * factor + summand;
            }
        }
    }
    if let Some(residual) = residual {
        for (x, residual) in x.iter_mut().zip(residual) {
            *x += residual;
        }
    }
}

pub(super) fn backward(
    sizes: &Sizes,
    mut x: Vec<f32>,
    mut gradient: Vec<f32>,
    at: &Parameters,
    moments: &[Moments],
) -> Gradients {
    let &Sizes {
        voxels, channels, ..
    } = sizes;
    let width = channels / sizes.groups;
    let mut found = Gradients {
        input: Vec::new(),
        gamma: vec![0.0; channels],
        beta: vec![0.0; channels],
        modulation: Vec::with_capacity(sizes.batch * 2 * channels),
    };
    let members = x
        .chunks_exact_mut(voxels * channels)
        .zip(gradient.chunks_exact_mut(voxels * channels));
    for (member, (x, gradient)) in members.enumerate() {
        let [factor, summand] = affine(sizes, member, at, moments);
        if sizes.silu {
            gradient
                .par_chunks_mut(BLOCK * channels)
                .zip(x.par_chunks(BLOCK * channels))
                .for_each(|(gradient, x)| {
                    vectorised(|| through_silu(gradient, x, &factor, &summand));
                });
        }
        let (x_here, gradient_here) = (&*x, &*gradient);
        let sums = channel_sums(sizes, |block, sums| {
            let here = block * BLOCK * channels;
            let end = (here + BLOCK * channels).min(x_here.len());
            let (first, second) = sums.split_at_mut(channels);
            for (x, g) in x_here[here..end]
                .chunks_exact(channels)
                .zip(gradient_here[here..end].chunks_exact(channels))
            {
                for (((x, g), first), second) in x.iter().zip(g).zip(&mut *first).zip(&mut *second)
                {
                    *first += g;
                    *second += g * x;
                }
            }
        });
        let (first, second) = sums.split_at(channels);
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
        x.par_chunks_mut(BLOCK * channels)
            .zip(gradient.par_chunks(BLOCK * channels))
            .for_each(|(x, gradient)| {
                vectorised(|| combine(x, gradient, &factor, &slope, &offset));
            });
    }
    found.input = x;
    found
}

/// The gradient before SiLU.
#[inline(always)]
fn through_silu(gradient: &mut [f32], x: &[f32], factor: &[f32], summand: &[f32]) {
    let channels = factor.len();
    for (gradient, x) in gradient
        .chunks_exact_mut(channels)
        .zip(x.chunks_exact(channels))
    {
        for (((gradient, x), factor), summand) in
            gradient.iter_mut().zip(x).zip(factor).zip(summand)
        {
            let z = x * factor + summand;
            let s = sigmoid(z);
            *gradient *= s + z * s * (1.0 - s);
        }
    }
}

/// The gradient with respect to the input, in the place of the input.
#[inline(always)]
fn combine(x: &mut [f32], gradient: &[f32], factor: &[f32], slope: &[f32], offset: &[f32]) {
    let channels = factor.len();
    for (x, gradient) in x
        .chunks_exact_mut(channels)
        .zip(gradient.chunks_exact(channels))
    {
        for ((((x, gradient), factor), slope), offset) in x
            .iter_mut()
            .zip(gradient)
            .zip(factor)
            .zip(slope)
            .zip(offset)
        {
            *x = gradient * factor + *x * slope + offset;
        }
    }
}
