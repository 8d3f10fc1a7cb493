//! The operations of one pass through the network, in order, with their sizes.

use crate::network::UNetConfig;

/// What a pass computes between operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    /// Counts the values of a pass.
    pub id: usize,
    /// Numbers for each member of the batch.
    pub numbers: u64,
    /// Channels of a voxel.
    pub channels: u64,
}

/// What is computed, with the sizes for one member of the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::network) enum Operation {
    /// A convolution with a cubic kernel, at `voxels` voxels of its output.
    Convolution {
        voxels: u64,
        inputs: u64,
        outputs: u64,
        /// Voxels along the edge of the kernel.
        edge: u64,
        /// Whether the input is first made twice as fine.
        upsample: bool,
        /// Whether the weights are standardised first.
        standardised: bool,
    },
    /// A group normalisation and what follows it.
    GroupNorm {
        voxels: u64,
        channels: u64,
        /// Whether something is added at the end.
        residual: bool,
    },
    /// Linear attention.
    Attention { voxels: u64, channels: u64 },
    /// 2 x 2 x 2 voxels to one, of which there are then `voxels`.
    Halving {
        voxels: u64,
        inputs: u64,
        outputs: u64,
    },
    /// A linear layer for each member of the batch, of the time embedding.
    Linear { inputs: u64, outputs: u64 },
}

/// An operation between values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub operation: Operation,
    /// What it reads again in the backward pass.
    pub reads: Vec<Value>,
    /// What is added to its result; of that only the gradient is wanted.
    pub adds: Option<Value>,
    pub makes: Value,
}

/// One pass on a cube of `edge` voxels along each axis.
pub(super) fn nodes(config: &UNetConfig, edge: u64) -> Vec<Node> {
    let mut walk = Walk {
        nodes: Vec::new(),
        values: 0,
        edge,
    };
    let widths: Vec<u64> = config.widths().iter().map(|&width| width as u64).collect();
    let (base, channels) = (config.base as u64, config.channels as u64);
    let time = config.time_features() as u64;
    walk.linear(base, time);
    walk.linear(time, time);
    let x = walk.value(0, channels);
    let first = walk.convolution(&[x], 0, base, 1);
    let (mut x, mut skips) = (first, Vec::new());
    let levels = widths.len() - 1;
    for level in 0..levels {
        x = walk.residual_block(&[x], level, widths[level], time);
        skips.push(x);
        x = walk.residual_block(&[x], level, widths[level], time);
        x = walk.attention(x, level);
        skips.push(x);
        x = if level + 1 < levels {
            walk.halving(x, level + 1, widths[level + 1])
        } else {
            walk.convolution(&[x], level, widths[level + 1], 3)
        };
    }
    x = walk.residual_block(&[x], levels - 1, widths[levels], time);
    x = walk.norm(x, levels - 1, Some(x));
    x = walk.residual_block(&[x], levels - 1, widths[levels], time);
    for up in 0..levels {
        let (level, width) = (levels - 1 - up, widths[levels - up]);
        for _ in 0..2 {
            let parts: Vec<Value> = std::iter::once(x).chain(skips.pop()).collect();
            x = walk.residual_block(&parts, level, width, time);
        }
        x = walk.attention(x, level);
        let next = widths[levels - up - 1];
        x = if level > 0 {
            walk.upsampling(x, level - 1, next)
        } else {
            walk.convolution(&[x], 0, next, 3)
        };
    }
    x = walk.residual_block(&[x, first], 0, base, time);
    walk.convolution(&[x], 0, channels, 1);
    walk.nodes
}

struct Walk {
    nodes: Vec<Node>,
    values: usize,
    edge: u64,
}

impl Walk {
    fn voxels(&self, level: usize) -> u64 {
        (self.edge >> level).pow(3)
    }

    fn value(&mut self, level: usize, channels: u64) -> Value {
        self.values += 1;
        Value {
            id: self.values - 1,
            numbers: self.voxels(level) * channels,
            channels,
        }
    }

    fn add(
        &mut self,
        operation: Operation,
        reads: &[Value],
        adds: Option<Value>,
        makes: Value,
    ) -> Value {
        self.nodes.push(Node {
            operation,
            reads: reads.to_vec(),
            adds,
            makes,
        });
        makes
    }

    fn linear(&mut self, inputs: u64, outputs: u64) {
        // A few hundred numbers: not worth a value of their own.
        let none = Value {
            id: usize::MAX,
            numbers: 0,
            channels: 0,
        };
        self.add(Operation::Linear { inputs, outputs }, &[], None, none);
    }

    fn any_convolution(
        &mut self,
        parts: &[Value],
        level: usize,
        outputs: u64,
        edge: u64,
        [upsample, standardised]: [bool; 2],
    ) -> Value {
        let operation = Operation::Convolution {
            voxels: self.voxels(level),
            inputs: parts.iter().map(|part| part.channels).sum(),
            outputs,
            edge,
            upsample,
            standardised,
        };
        let made = self.value(level, outputs);
        self.add(operation, parts, None, made)
    }

    fn convolution(&mut self, parts: &[Value], level: usize, outputs: u64, edge: u64) -> Value {
        self.any_convolution(parts, level, outputs, edge, [false; 2])
    }

    /// To the finer grid of `level`.
    fn upsampling(&mut self, x: Value, level: usize, outputs: u64) -> Value {
        self.any_convolution(&[x], level, outputs, 3, [true, false])
    }

    /// To the coarser grid of `level`.
    fn halving(&mut self, x: Value, level: usize, outputs: u64) -> Value {
        let operation = Operation::Halving {
            voxels: self.voxels(level),
            inputs: x.channels,
            outputs,
        };
        let made = self.value(level, outputs);
        self.add(operation, &[x], None, made)
    }

    fn norm(&mut self, x: Value, level: usize, residual: Option<Value>) -> Value {
        let operation = Operation::GroupNorm {
            voxels: self.voxels(level),
            channels: x.channels,
            residual: residual.is_some(),
        };
        let made = self.value(level, x.channels);
        self.add(operation, &[x], residual, made)
    }

    fn residual_block(&mut self, parts: &[Value], level: usize, width: u64, time: u64) -> Value {
        let inputs: u64 = parts.iter().map(|part| part.channels).sum();
        let shortcut = match parts {
            [x] if inputs == width => *x,
            _ => self.convolution(parts, level, width, 1),
        };
        let standardised = [false, true];
        let x = self.any_convolution(parts, level, width, 3, standardised);
        self.linear(time, 2 * width);
        let x = self.norm(x, level, None);
        let x = self.any_convolution(&[x], level, width, 3, standardised);
        self.norm(x, level, Some(shortcut))
    }

    fn attention(&mut self, x: Value, level: usize) -> Value {
        let same = x;
        let x = self.norm(x, level, None);
        let operation = Operation::Attention {
            voxels: self.voxels(level),
            channels: x.channels,
        };
        let made = self.value(level, x.channels);
        let x = self.add(operation, &[x], None, made);
        self.norm(x, level, Some(same))
    }
}
