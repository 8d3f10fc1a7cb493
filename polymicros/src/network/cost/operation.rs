//! What one operation costs: multiplications, and numbers moved between a card's memory and its
//! processors, both for each member of the batch.

use super::graph::Operation;
use crate::network::attention::{FEATURES, HIDDEN};

/// Times that dfdx's operations read or write a number of a tensor until a kernel may read it: the
/// square of it (2), two new gradients (2) of which one is filled (1), and the derivative (4).
const TAKE: u64 = 9;

/// Times that they read or write a number until what a kernel has written is a tensor: a tensor and
/// a gradient of its shape (2), and a copy (2).
const GIVE: u64 = 4;

/// Times that dfdx's operations read or write a weight to standardise it, and in the backward pass.
const STANDARDISE: [u64; 2] = [10, 20];

/// One direction of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
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

    /// Multiplications, each with an addition, in matrix products. With `phases`, a convolution
    /// after upsampling multiplies the 2 x 2 x 2 voxels that its 3 x 3 x 3 neighbours are copies of.
    pub fn multiplications(&self, direction: Direction, phases: bool) -> u64 {
        let matrices = match *self {
            Operation::Convolution {
                voxels, upsample, ..
            } => {
                let all = voxels * self.weights();
                if upsample && phases {
                    all / 27 * 8
                } else {
                    all
                }
            }
            Operation::GroupNorm { .. } => 0,
            Operation::Attention { voxels, channels } => {
                // q, k, v and the result; the means of v. The backward pass makes q, k and v anew.
                let (through, means) = match direction {
                    Forward => (4 * hidden(), 1),
                    Backward => (11 * hidden(), 2),
                };
                return voxels * (through * channels + means * hidden() * FEATURES as u64);
            }
            Operation::Halving { voxels, .. } => voxels * self.weights(),
            Operation::Linear { .. } => self.weights(),
        };
        match direction {
            Forward => matrices,
            // With respect to the input, and with respect to the weights.
            Backward => 2 * matrices,
        }
    }

    /// Numbers that kernels read and write.
    pub fn moved(&self, direction: Direction) -> u64 {
        match *self {
            Operation::Convolution {
                voxels,
                inputs,
                outputs,
                edge,
                upsample,
                standardised,
            } => {
                let x = inputs * if upsample { voxels / 8 } else { voxels };
                // The unfolded input, or its gradient, is written and read.
                let unfolded = if edge == 1 {
                    0
                } else {
                    2 * edge.pow(3) * inputs * voxels
                };
                let y = outputs * voxels;
                let [forth, back] = STANDARDISE.map(|times| {
                    if standardised {
                        times * self.weights()
                    } else {
                        0
                    }
                });
                match direction {
                    // The result holds the bias before products are added to it.
                    Forward => x + unfolded + 3 * y + 3 * self.weights() + forth,
                    Backward => 3 * x + 2 * unfolded + 3 * y + 6 * self.weights() + back,
                }
            }
            Operation::GroupNorm {
                voxels,
                channels,
                residual,
            } => {
                let x = voxels * channels;
                let residual = u64::from(residual) * x;
                match direction {
                    // Read for the moments, and again to be normalised.
                    Forward => 3 * x + residual,
                    // Through SiLU with sums, then the gradient; the residual's is a copy.
                    Backward => 7 * x + 3 * residual,
                }
            }
            Operation::Attention { voxels, channels } => {
                let x = voxels * channels;
                let hidden = voxels * hidden();
                match direction {
                    // k and v are made, k becomes its exponential, both are multiplied; the same
                    // for q, which is softmaxed in between.
                    Forward => 5 * x + (2 + 3 + 2) * hidden + 4 * hidden,
                    // All three anew, and the gradients of each.
                    Backward => 8 * x + 2 * (7 + 4) * hidden + 6 * hidden,
                }
            }
            Operation::Halving {
                voxels,
                inputs,
                outputs,
            } => {
                let (x, y) = (8 * voxels * inputs, voxels * outputs);
                match direction {
                    // Two permutations that copy.
                    Forward => 5 * x + 4 * y,
                    Backward => 12 * x + 6 * y,
                }
            }
            Operation::Linear { .. } => 4 * self.weights(),
        }
    }

    /// Numbers that dfdx's operations read and write so that kernels may take its tensors, and give
    /// it theirs. In the backward pass kernels work on dfdx's gradients themselves.
    pub fn exchanged(&self) -> u64 {
        match *self {
            Operation::Convolution {
                voxels,
                inputs,
                outputs,
                upsample,
                ..
            } => {
                let x = inputs * if upsample { voxels / 8 } else { voxels };
                TAKE * (x + self.weights()) + GIVE * outputs * voxels
            }
            Operation::GroupNorm {
                voxels,
                channels,
                residual,
            } => {
                let taken = 1 + u64::from(residual);
                (TAKE * taken + GIVE) * voxels * channels
            }
            Operation::Attention { voxels, channels } => (TAKE + GIVE) * voxels * channels,
            Operation::Halving { .. } | Operation::Linear { .. } => 0,
        }
    }
}

fn hidden() -> u64 {
    HIDDEN as u64
}
