//! What a training step and a sample cost on a card: multiplications, bytes and memory, and the
//! time that they take at a given share of the card's peak.
//!
//! Multiplications are those of matrix products; everything else takes as long as its numbers take
//! to and from memory. Both are counted from the sizes of the operations, for the kernels of this
//! library on a GPU; the tests compare them with the products that these ask for, with the numbers
//! that they read and write, and with what the kernels on the processor really do.

mod card;
mod graph;
mod operation;
mod paper;
#[cfg(test)]
mod tests;

pub use card::{Card, MathMode};
pub use paper::{Claim, claims};

use super::UNetConfig;
use super::attention::{FEATURES, HIDDEN};
use crate::Result;
use graph::Node;
pub(in crate::network) use graph::Operation;
pub(in crate::network) use operation::Direction;
use std::collections::{HashMap, HashSet};

/// A convolution on a GPU unfolds its input in slabs of at most this many bytes, or of one plane
/// where that is more.
pub(in crate::network) const SLAB: u64 = 1 << 29;

/// Bytes of a number.
const NUMBER: f64 = 4.0;

/// A network and the input of one pass.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The network.
    pub network: UNetConfig,
    /// Voxels along each edge of the input.
    pub edge: usize,
    /// Members of the batch.
    pub batch: usize,
}

/// Which passes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passes {
    /// One evaluation, as in sampling.
    Evaluation,
    /// Forward and backward, as in training.
    Training,
}

/// What passes cost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// Additions and multiplications in matrix products.
    pub operations: f64,
    /// Bytes that kernels read and write.
    pub bytes: f64,
    /// Bytes that are read and written besides, so that kernels may take dfdx's tensors and give it
    /// theirs.
    pub exchanged: f64,
    /// Bytes between the card and the processor: where the optimiser works, gradients go and
    /// weights come from. Its own time is not counted.
    pub carried: f64,
}

/// Bytes of a card's memory.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Memory {
    /// The weights.
    pub weights: f64,
    /// Their gradients.
    pub gradients: f64,
    /// What the backward pass reads again, at the end of the forward pass.
    pub kept: f64,
    /// All of these and what is in between, at the moment when it is most.
    pub peak: f64,
}

impl Workload {
    /// A network on cubes of `edge` voxels along each axis, `batch` of them together.
    pub fn new(network: UNetConfig, edge: usize, batch: usize) -> Self {
        Workload {
            network,
            edge,
            batch,
        }
    }

    /// # Errors
    /// When no network has this size, or it takes no cube of this edge.
    pub fn check(&self) -> Result<()> {
        self.network.check()?;
        let multiple = self.network.coarsening();
        if self.batch == 0 || self.edge == 0 || !self.edge.is_multiple_of(multiple) {
            let problem = format!(
                "batches of {} cubes of edge {}: neither may be zero, and the edge must be a \
                 multiple of {multiple}",
                self.batch, self.edge
            );
            return Err(crate::Error::value("workload", problem));
        }
        Ok(())
    }

    fn nodes(&self) -> Vec<Node> {
        graph::nodes(&self.network, self.edge as u64)
    }

    /// Numbers that the network learns.
    pub fn parameters(&self) -> u64 {
        self.nodes()
            .iter()
            .map(|node| node.operation.parameters())
            .sum()
    }

    /// What the passes cost for the whole batch.
    pub fn cost(&self, passes: Passes) -> Cost {
        let none = Cost {
            carried: self.carried(passes),
            ..Cost::default()
        };
        self.nodes().iter().fold(none, |sum, node| {
            let cost = self.of(node, passes);
            Cost {
                operations: sum.operations + cost.operations,
                bytes: sum.bytes + cost.bytes,
                exchanged: sum.exchanged + cost.exchanged,
                carried: sum.carried,
            }
        })
    }

    fn carried(&self, passes: Passes) -> f64 {
        match passes {
            Passes::Evaluation => 0.0,
            Passes::Training => 2.0 * NUMBER * self.parameters() as f64,
        }
    }

    fn of(&self, node: &Node, passes: Passes) -> Cost {
        let directions: &[Direction] = match passes {
            Passes::Evaluation => &[Direction::Forward],
            Passes::Training => &[Direction::Forward, Direction::Backward],
        };
        let total = |count: &dyn Fn(Direction) -> u64| -> f64 {
            let count: u64 = directions.iter().map(|&direction| count(direction)).sum();
            count as f64
        };
        let (operation, batch) = (&node.operation, self.batch as u64);
        Cost {
            operations: 2.0 * total(&|direction| batch * operation.multiplications(direction)),
            bytes: NUMBER * total(&|direction| operation.moved(direction, batch)),
            exchanged: NUMBER * operation.exchanged(batch) as f64,
            carried: 0.0,
        }
    }

    /// Seconds on a card that reaches a `share` of its peak, in products, in bytes and on its way
    /// to the processor: each operation takes as long as the slower of products and bytes.
    pub fn seconds(&self, passes: Passes, card: &Card, mode: MathMode, share: f64) -> f64 {
        let nodes = self.nodes();
        let of_nodes = nodes.iter().map(|node| {
            let cost = self.of(node, passes);
            let products = cost.operations / card.peak(mode);
            let bytes = cost.bytes / card.bandwidth;
            products.max(bytes) + cost.exchanged / card.bandwidth
        });
        (of_nodes.sum::<f64>() + self.carried(passes) / card.bus) / share
    }

    /// Memory of the passes on a card.
    pub fn memory(&self, passes: Passes) -> Memory {
        let weights = NUMBER * self.parameters() as f64;
        let nodes = self.nodes();
        let batch = NUMBER * self.batch as f64;
        let workspace = |node: &Node, copies: u64| match node.operation {
            Operation::Convolution {
                voxels,
                inputs,
                edge: 3,
                ..
            } => {
                let whole = NUMBER * (27 * inputs * voxels) as f64;
                let plane = whole / (voxels as f64).cbrt();
                (whole * self.batch as f64).min(plane.max(SLAB as f64))
            }
            // Copies for dfdx's operations.
            Operation::Halving { voxels, inputs, .. } => {
                (copies * 8 * voxels * inputs) as f64 * batch
            }
            _ => 0.0,
        };
        if passes == Passes::Evaluation {
            let most = Living::forward(&nodes, |node| workspace(node, 3), batch);
            return Memory {
                weights,
                peak: weights + most,
                ..Memory::default()
            };
        }
        let kept = kept(&nodes, batch);
        let most = backward(&nodes, |node| workspace(node, 1), batch);
        Memory {
            weights,
            gradients: weights,
            kept,
            peak: 2.0 * weights + most,
        }
    }
}

/// Bytes that an operation keeps beside values: weights as its kernels take them; of an attention
/// also what the softmax over voxels came to for each member of the batch.
fn beside(node: &Node, batch: f64) -> f64 {
    let weights = NUMBER * node.operation.weights() as f64;
    match node.operation {
        Operation::Convolution { .. } => weights,
        Operation::Attention { .. } => weights + (HIDDEN * (FEATURES + 2)) as f64 * batch,
        _ => 0.0,
    }
}

/// What the backward pass reads again: inputs of operations, each once.
fn kept(nodes: &[Node], batch: f64) -> f64 {
    let mut seen = HashSet::new();
    let values = nodes.iter().flat_map(|node| &node.reads);
    let numbers: u64 = values
        .filter(|value| seen.insert(value.id))
        .map(|value| value.numbers)
        .sum();
    let beside: f64 = nodes.iter().map(|node| beside(node, batch)).sum();
    numbers as f64 * batch + beside
}

/// What lives during a pass.
struct Living {
    bytes: HashMap<usize, f64>,
    most: f64,
}

impl Living {
    fn new() -> Self {
        Living {
            bytes: HashMap::new(),
            most: 0.0,
        }
    }

    fn see(&mut self, besides: f64) {
        let now = self.bytes.values().sum::<f64>() + besides;
        self.most = self.most.max(now);
    }

    /// The most that lives in a pass without a tape: values, until their last reader is done.
    fn forward(nodes: &[Node], workspace: impl Fn(&Node) -> f64, batch: f64) -> f64 {
        let mut living = Living::new();
        let mut last = HashMap::new();
        for (place, node) in nodes.iter().enumerate() {
            for value in node.reads.iter().chain(&node.adds) {
                last.insert(value.id, place);
            }
        }
        for (place, node) in nodes.iter().enumerate() {
            for value in node.reads.iter().chain([&node.makes]) {
                living.bytes.insert(value.id, value.numbers as f64 * batch);
            }
            living.see(workspace(node) + beside(node, batch));
            living
                .bytes
                .retain(|id, _| last.get(id).is_some_and(|&last| last > place));
        }
        living.most
    }
}

/// The most that lives in the backward pass: what is kept until its operations are done, and
/// gradients of values from their last reader to their maker.
fn backward(nodes: &[Node], workspace: impl Fn(&Node) -> f64, batch: f64) -> f64 {
    let mut gradients = Living::new();
    let mut first = HashMap::new();
    for (place, node) in nodes.iter().enumerate() {
        for value in &node.reads {
            first.entry(value.id).or_insert((place, value.numbers));
        }
    }
    let mut others: f64 = nodes.iter().map(|node| beside(node, batch)).sum();
    for (place, node) in nodes.iter().enumerate().rev() {
        let held: u64 = first
            .values()
            .filter(|(first, _)| *first <= place)
            .map(|(_, numbers)| numbers)
            .sum();
        for value in node.reads.iter().chain(&node.adds).chain([&node.makes]) {
            gradients
                .bytes
                .insert(value.id, value.numbers as f64 * batch);
        }
        gradients.see(held as f64 * batch + others + beside(node, batch) + workspace(node));
        gradients.bytes.remove(&node.makes.id);
        others -= beside(node, batch);
    }
    gradients.most
}
