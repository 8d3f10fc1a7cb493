//! What one operation costs: multiplications, and numbers moved between a card's memory and its
//! processors, both for each member of the batch.

use super::SLAB;
use super::graph::Operation;
use crate::network::attention::{FEATURES, HIDDEN};

/// Times that dfdx's operations read or write a number of its tensors until a kernel may read it: the
/// square of it (2), two new gradients (2) of which one is filled (1), and the derivative (4).
const TAKE: u64 = 9;

/// Times that they read or write a number until what a kernel has written is a tensor of dfdx's: a
/// tensor and a gradient of its shape (2), and a copy (2).
const GIVE: u64 = 4;

/// Times that dfdx's operations read or write a weight to standardise it, and in the backward pass.
const STANDARDISE: [u64; 2] = [10, 20];

/// One direction of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::network) enum Direction {
    Forward,
    Backward,
}
use Direction::{Backward, Forward};

impl Operation {
    /// Numbers that are learnt.
    pub fn parameters(&self) -> u64 {
        match *self {
            Operation::Convolution { outputs, .. } => self.weights() + outputs,
            Operation::GroupNorm { channels, .. } => 2 * channels,
            Operation::Attention { channels, .. } => self.weights() + channels,
            Operation::Halving { outputs, .. } | Operation::Linear { outputs, .. } => {
                self.weights() + outputs
            }
        }
    }

    /// Numbers in its matrices.
    pub fn weights(&self) -> u64 {
        match *self {
            Operation::Convolution {
                inputs,
                outputs,
                edge,
                ..
            } => inputs * outputs * edge.pow(3),
            Operation::GroupNorm { .. } => 0,
            Operation::Attention { channels, .. } => 4 * hidden() * channels,
            Operation::Halving {
                inputs, outputs, ..
            } => 8 * inputs * outputs,
            Operation::Linear { inputs, outputs } => inputs * outputs,
        }
    }

    /// Multiplications, each with an addition, in matrix products.
    pub fn multiplications(&self, direction: Direction) -> u64 {
        let matrices = match *self {
            Operation::Convolution { voxels, .. } | Operation::Halving { voxels, .. } => {
                voxels * self.weights()
            }
            Operation::GroupNorm { .. } => 0,
            Operation::Attention { voxels, channels } => {
                // For each voxel q, k, v and the result, and the means of v; then what is made of the
                // means. The backward pass makes q, k and v anew.
                let (through, means, small) = match direction {
                    Forward => (4, 1, 1),
                    Backward => (11, 2, 3),
                };
                let features = FEATURES as u64;
                let of_voxel = hidden() * (through * channels + means * features);
                return voxels * of_voxel + small * hidden() * channels * features;
            }
            Operation::Linear { .. } => self.weights(),
        };
        match direction {
            Forward => matrices,
            // With respect to the input, and with respect to the weights.
            Backward => 2 * matrices,
        }
    }

    /// Numbers that kernels read and write, for a whole batch.
    pub fn moved(&self, direction: Direction, batch: u64) -> u64 {
        match *self {
            Operation::Convolution {
                voxels,
                inputs,
                outputs,
                edge,
                upsample,
                standardised,
            } => {
                let voxels = voxels * batch;
                let x = inputs * if upsample { voxels / 8 } else { voxels };
                // The unfolded input, or its gradient, is written and read.
                let unfolded = if edge == 1 {
                    0
                } else {
                    2 * edge.pow(3) * inputs * voxels
                };
                let y = outputs * voxels;
                // Room for it is zeroed once.
                let room = unfolded.min(2 * slab(voxels, inputs, batch)) / 2;
                // Weights are rearranged for 3 x 3 x 3 kernels, and their gradient back.
                let weights = self.weights();
                let [of_forward, of_backward] = if edge == 1 {
                    [weights, 4 * weights]
                } else {
                    [4 * weights, 11 * weights]
                };
                let [forth, back] = STANDARDISE.map(|times| {
                    if standardised {
                        times * self.weights()
                    } else {
                        0
                    }
                });
                match direction {
                    // The result is zeroed, and holds the bias before products are added to it.
                    Forward => x + unfolded + room + 4 * y + of_forward + forth,
                    Backward => 4 * x + 2 * unfolded + room + 3 * y + of_backward + back,
                }
            }
            Operation::GroupNorm {
                voxels,
                channels,
                residual,
            } => {
                let x = batch * voxels * channels;
                let residual = u64::from(residual) * x;
                match direction {
                    // Read for the moments, and again to be normalised; the result is zeroed first.
                    Forward => 4 * x + residual,
                    // Through SiLU with sums, then the gradient, which is zeroed first; the
                    // residual's is a copy.
                    Backward => 8 * x + 3 * residual,
                }
            }
            Operation::Attention { voxels, channels } => {
                let x = batch * voxels * channels;
                let hidden = batch * voxels * hidden();
                match direction {
                    // k and v are made, k becomes its exponential and is summed, both are
                    // multiplied; q is made, softmaxed and multiplied. Room for them is zeroed.
                    Forward => 6 * x + (2 + 4 + 2) * hidden + 4 * hidden + 3 * hidden,
                    // All three anew, and the gradients of each, with room for both.
                    Backward => 12 * x + (4 + 15) * hidden + (2 + 10) * hidden,
                }
            }
            Operation::Halving {
                voxels,
                inputs,
                outputs,
            } => {
                let (x, y) = (8 * batch * voxels * inputs, batch * voxels * outputs);
                match direction {
                    // Two permutations that copy.
                    Forward => 5 * x + 4 * y,
                    Backward => 12 * x + 6 * y,
                }
            }
            Operation::Linear { .. } => 4 * self.weights(),
        }
    }

    /// Numbers that dfdx's operations read and write, for a whole batch, so that kernels may take its
    /// tensors, and give it theirs: the weights, and what dfdx's own operations halve. Vectors, and
    /// the few channels at both ends of the network, do not count.
    pub fn exchanged(&self, batch: u64) -> u64 {
        match *self {
            Operation::Convolution { .. } | Operation::Attention { .. } => TAKE * self.weights(),
            Operation::Halving {
                voxels,
                inputs,
                outputs,
            } => batch * voxels * (GIVE * 8 * inputs + TAKE * outputs),
            Operation::GroupNorm { .. } | Operation::Linear { .. } => 0,
        }
    }
}

/// Numbers of the largest slab of an unfolded input, at `voxels` voxels of the whole batch.
fn slab(voxels: u64, inputs: u64, batch: u64) -> u64 {
    let whole = 27 * inputs * voxels;
    let plane = whole / batch / ((voxels / batch) as f64).cbrt().round() as u64;
    whole.min(plane.max(SLAB / 4))
}

fn hidden() -> u64 {
    HIDDEN as u64
}
