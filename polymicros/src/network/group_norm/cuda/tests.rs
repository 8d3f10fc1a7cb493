//! The kernels' sources, run on the processor, against the CPU's kernels.

use super::*;
use crate::network::agreement::{assert_close, assert_moved};
use crate::network::cost::{Direction, Operation};
use crate::network::cuda::emulator::Emulator;
use crate::network::group_norm::cpu;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn agree(queue: &Emulator, seed: u64, sizes: Sizes, [modulated, added]: [bool; 2]) {
    let Sizes {
        batch,
        voxels,
        channels,
        ..
    } = sizes;
    let count = batch * voxels * channels;
    // A mean that is not zero, so that the pivots matter.
    let x: Vec<f32> = numbers(seed, count).iter().map(|x| x + 3.0).collect();
    let gradient = numbers(seed + 1, count);
    let at = cpu::Parameters {
        gamma: numbers(seed + 2, channels),
        beta: numbers(seed + 3, channels),
        modulation: modulated.then(|| numbers(seed + 4, batch * 2 * channels)),
    };
    let residual = added.then(|| numbers(seed + 5, count));
    let moments = cpu::moments(&sizes, &x);
    let expected = cpu::forward(&sizes, &x, residual.as_deref(), &at, &moments);
    let by = cpu::backward(&sizes, &x, gradient.clone().into(), &at, &moments);

    let [x, gamma, beta] = [&x, &at.gamma, &at.beta].map(|numbers| queue.upload(numbers));
    let modulation = at.modulation.as_ref().map(|m| queue.upload(m));
    let residual = residual.map(|residual| queue.upload(&residual));
    let inputs = Inputs {
        x: &x,
        gamma: &gamma,
        beta: &beta,
        modulation: modulation.as_ref(),
    };
    let mut y = queue.zeros(count).unwrap();
    let saved = forward(queue, &sizes, &inputs, residual.as_ref(), &mut y).unwrap();
    assert_close("values", &queue.download(&y), &expected, 3e-5);
    // Gradients are added to what is there.
    let one = |count: usize| queue.upload(&vec![1.0; count]);
    let mut slots = Slots {
        x: one(count),
        gamma: one(channels),
        beta: one(channels),
        modulation: modulated.then(|| one(batch * 2 * channels)),
    };
    let mut gradient = queue.upload(&gradient);
    backward(queue, &sizes, &inputs, &saved, &mut gradient, &mut slots).unwrap();
    let found = |slot| -> Vec<f32> { queue.download(slot).iter().map(|g| g - 1.0).collect() };
    // A group of two voxels is nearly a sign: its derivative is a small difference.
    assert_close("by x", &found(&slots.x), &by.input, 2e-3);
    assert_close("by gamma", &found(&slots.gamma), &by.gamma, 2e-4);
    assert_close("by beta", &found(&slots.beta), &by.beta, 2e-4);
    if let Some(slot) = &slots.modulation {
        assert_close("by modulation", &found(slot), &by.modulation, 2e-4);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_kernels_agree_with_those_of_the_processor(
        seed in 0..1000u64,
        batch in 1..4usize,
        voxels in 2..300usize,
        groups in 1..5usize,
        width in 1..12usize,
        [silu, modulated, added] in any::<[bool; 3]>(),
    ) {
        if let Some(queue) = Emulator::start() {
            let sizes = Sizes { batch, voxels, channels: groups * width, groups, silu };
            agree(&queue, seed, sizes, [modulated, added]);
        }
    }
}

/// More channels than a block has threads, and more voxels than it adds up at once.
#[test]
fn large_sizes_agree_as_well() {
    let Some(queue) = Emulator::start() else {
        return;
    };
    for (voxels, channels, groups) in [(150, 640, 2), (3000, 8, 4)] {
        let sizes = Sizes {
            batch: 2,
            voxels,
            channels,
            groups,
            silu: true,
        };
        agree(&queue, 7, sizes, [true, true]);
    }
}

/// The numbers that the cost model counts, with a gradient of the input that begins with zeros.
/// What is added has its gradient from the tape, which is not run here.
#[test]
fn as_much_is_read_and_written_as_the_model_says() {
    let Some(queue) = Emulator::start() else {
        return;
    };
    let (batch, voxels, channels) = (1, 4096, 32);
    let sizes = Sizes {
        batch,
        voxels,
        channels,
        groups: 4,
        silu: true,
    };
    let operation = Operation::GroupNorm {
        voxels: voxels as u64,
        channels: channels as u64,
        residual: false,
    };
    let of = |count: usize| queue.zeros(count).unwrap();
    let count = batch * voxels * channels;
    let (x, gamma, beta) = (of(count), of(channels), of(channels));
    let inputs = Inputs {
        x: &x,
        gamma: &gamma,
        beta: &beta,
        modulation: None,
    };
    let start = queue.moved();
    let mut y = of(count);
    let saved = forward(&queue, &sizes, &inputs, None, &mut y).unwrap();
    let moved = queue.moved() - start;
    assert_moved("forward", moved, operation.moved(Direction::Forward, 1));
    let start = queue.moved();
    let mut slots = Slots {
        x: of(count),
        gamma: of(channels),
        beta: of(channels),
        modulation: None,
    };
    backward(&queue, &sizes, &inputs, &saved, &mut y, &mut slots).unwrap();
    let moved = queue.moved() - start;
    assert_moved("backward", moved, operation.moved(Direction::Backward, 1));
}
