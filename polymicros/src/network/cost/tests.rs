//! The counts against the parameters of the network and against what the kernels on the processor
//! really do.

use super::*;
use crate::network::agreement::{differentiate, random, traced};
use crate::network::kernel::count;
use crate::network::{Cpu, Padding, UNet, layout};
use dfdx::prelude::NoneTape;

const PRESETS: [&str; 4] = ["tiny", "desk", "paper-local", "paper-foundation"];

#[test]
fn operations_have_all_parameters_of_the_network() {
    for name in PRESETS {
        let network = UNetConfig::named(name).unwrap();
        let all: usize = layout(&network)
            .iter()
            .map(|entry| entry.shape.iter().product::<usize>())
            .sum();
        let workload = Workload::new(network, 32, 1);
        assert_eq!(workload.parameters(), all as u64, "{name}");
    }
}

/// Multiplications that the kernels do in `work`, on one thread.
fn counted(work: impl FnOnce() + Send) -> u64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.unwrap().install(|| {
        let before = count::done();
        work();
        count::done() - before
    })
}

/// Multiplications of an operation on the processor, for a member of the batch, where they are other
/// than a card's.
fn on_the_processor(operation: &Operation, direction: Direction) -> u64 {
    let all = operation.multiplications(direction);
    match *operation {
        Operation::Convolution {
            voxels,
            edge: 3,
            upsample,
            ..
        } => {
            let edge = (voxels as f64).cbrt().round() as u64;
            let (products, edge) = if upsample {
                // Those with the 2 x 2 x 2 voxels that the 3 x 3 x 3 neighbours are copies of.
                (all / 27 * 8, edge / 2)
            } else {
                // Minimal filtering: six products for four voxels, with weights of three.
                (all / edge * edge.div_ceil(4) * 6 / 3, edge)
            };
            match direction {
                Direction::Forward => products,
                // The gradient of the input is computed for the padding along an axis as well.
                Direction::Backward => products + products / 2 / edge * 2,
            }
        }
        // Without v: what a feature takes of the input is multiplied by its weights.
        Operation::Attention { voxels, channels } => {
            let (of_voxel, small) = match direction {
                Direction::Forward => (4, 2),
                Direction::Backward => (10, 5),
            };
            let hidden = HIDDEN as u64 * channels;
            hidden * (of_voxel * voxels + small * FEATURES as u64)
        }
        // dfdx computes these.
        Operation::Linear { .. } => 0,
        _ => all,
    }
}

/// Those of a whole batch.
fn modelled(workload: &Workload, direction: Direction) -> u64 {
    let nodes = workload.nodes();
    let of = |node: &Node| on_the_processor(&node.operation, direction);
    nodes.iter().map(of).sum::<u64>() * workload.batch as u64
}

#[test]
fn the_kernels_do_as_many_multiplications_as_the_model_says() {
    for (name, edge, batch) in [("tiny", 16, 2), ("desk", 8, 1)] {
        let config = UNetConfig::named(name).unwrap();
        let workload = Workload::new(config.clone(), edge, batch);
        let network = UNet::initial(config, 1, &Cpu::default()).unwrap();
        let x = random(2, [batch, edge, edge, edge, 3]);
        let t = random(3, (batch,));
        let forward = counted(|| {
            let (x, t) = (x.clone(), t.clone());
            let y = network.forward::<NoneTape>(x, t, Padding::Replicate);
            drop(y.unwrap());
        });
        assert_eq!(forward, modelled(&workload, Direction::Forward), "{name}");
        let both = counted(|| {
            let y = network.forward(traced(&x), t.clone(), Padding::Replicate);
            differentiate(y.unwrap());
        });
        let backward = modelled(&workload, Direction::Backward);
        assert_eq!(both - forward, backward, "{name}");
    }
}

#[test]
fn the_papers_times_are_below_the_peak_of_its_cards() {
    for claim in claims() {
        let share = claim.share(MathMode::Tf32);
        assert!(share > 0.0 && share < 1.0, "{}: {share}", claim.what);
    }
}

#[test]
fn memory_and_time_grow_with_the_batch() {
    let workload = |batch| Workload::new(UNetConfig::paper_local(), 32, batch);
    for passes in [Passes::Evaluation, Passes::Training] {
        let (one, two) = (workload(8), workload(16));
        assert!(two.memory(passes).peak > one.memory(passes).peak);
        let seconds = |w: &Workload| w.seconds(passes, &Card::H100, MathMode::Fp32, 0.5);
        // Weights are read, and gradients carried, once for all members.
        let ratio = seconds(&two) / seconds(&one);
        assert!(1.5 < ratio && ratio <= 2.0, "{ratio}");
    }
    assert!(Workload::new(UNetConfig::tiny(), 6, 1).check().is_err());
}
