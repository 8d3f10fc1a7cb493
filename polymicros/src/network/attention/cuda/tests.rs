//! The kernels' sources, run on the processor, against the CPU's kernels.

use super::*;
use crate::network::Arithmetic;
use crate::network::agreement::{assert_close, assert_moved};
use crate::network::attention::cpu;
use crate::network::cost::{Direction, Operation};
use crate::network::cuda::emulator::Emulator;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn agree(queued: &Queued<Emulator>, seed: u64, size_of_x: f32) {
    let Sizes {
        batch,
        voxels,
        channels,
        ..
    } = *queued.sizes;
    let x: Vec<f32> = numbers(seed, batch * voxels * channels)
        .iter()
        .map(|x| size_of_x * x)
        .collect();
    let parameters = cpu::Parameters {
        qkv: numbers(seed + 1, 3 * HIDDEN * channels),
        out: numbers(seed + 2, channels * HIDDEN),
        bias: numbers(seed + 3, channels),
    };
    let gradient = numbers(seed + 4, x.len());
    let (values, contexts) = cpu::forward(queued.sizes, &x, &parameters);
    let by = cpu::backward(queued.sizes, &x, &parameters, &contexts, &gradient);

    let queue = queued.queue;
    let zeros = |numbers: &[f32]| queue.zeros(numbers.len()).unwrap();
    let mut slots = Slots {
        x: zeros(&x),
        qkv: zeros(&parameters.qkv),
        out: zeros(&parameters.out),
        bias: zeros(&parameters.bias),
    };
    let mut y = zeros(&x);
    let cpu::Parameters { qkv, out, bias } = &parameters;
    let [x, qkv, out, bias] = [&x, qkv, out, bias].map(|numbers| queue.upload(numbers));
    let at = Inputs {
        x: &x,
        qkv: &qkv,
        out: &out,
        bias: &bias,
    };
    // The products that the cost model counts.
    let operation = Operation::Attention {
        voxels: voxels as u64,
        channels: channels as u64,
    };
    let counted = |direction| batch as u64 * operation.multiplications(direction);
    let contexts = queued.forward(&at, &mut y).unwrap();
    let forward = counted(Direction::Forward);
    assert_eq!(queue.multiplications(), forward);
    assert_close("values", &queue.download(&y), &values, 3e-5);
    let gradient = queue.upload(&gradient);
    queued
        .backward(&at, &contexts, &gradient, &mut slots)
        .unwrap();
    let both = forward + counted(Direction::Backward);
    assert_eq!(queue.multiplications(), both);
    assert_close("by x", &queue.download(&slots.x), &by.input, 2e-4);
    assert_close("by qkv", &queue.download(&slots.qkv), &by.qkv, 2e-4);
    assert_close("by out", &queue.download(&slots.out), &by.out, 2e-4);
    assert_close("by bias", &queue.download(&slots.bias), &by.bias, 2e-4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_kernels_agree_with_those_of_the_processor(
        seed in 0..1000u64,
        batch in 1..3usize,
        voxels in 1..200usize,
        channels in 1..20usize,
        slab in 1..250usize,
    ) {
        if let Some(queue) = Emulator::start() {
            let arithmetic = Arithmetic::F32;
            let sizes = Sizes { batch, voxels, channels, arithmetic };
            let queued = Queued { queue: &queue, sizes: &sizes, slab };
            agree(&queued, seed, 1.0);
        }
    }
}

/// Softmaxes over values that exp of which overflows, in slabs of which later ones have larger
/// values.
#[test]
fn large_inputs_do_not_overflow() {
    let Some(queue) = Emulator::start() else {
        return;
    };
    let sizes = Sizes {
        batch: 1,
        voxels: 40,
        channels: 2,
        arithmetic: Arithmetic::F32,
    };
    let queued = Queued {
        queue: &queue,
        sizes: &sizes,
        slab: 7,
    };
    agree(&queued, 3, 300.0);
}

/// The numbers that the cost model counts, with a gradient of the input that begins with zeros.
#[test]
fn as_much_is_read_and_written_as_the_model_says() {
    let Some(queue) = Emulator::start() else {
        return;
    };
    let (batch, voxels, channels) = (1, 1500, 24);
    let sizes = Sizes {
        batch,
        voxels,
        channels,
        arithmetic: Arithmetic::F32,
    };
    let queued = Queued {
        queue: &queue,
        sizes: &sizes,
        slab: voxels,
    };
    let operation = Operation::Attention {
        voxels: voxels as u64,
        channels: channels as u64,
    };
    let of = |count: usize| queue.zeros(count).unwrap();
    let count = batch * voxels * channels;
    let (x, qkv, out, bias) = (
        of(count),
        of(3 * HIDDEN * channels),
        of(HIDDEN * channels),
        of(channels),
    );
    let at = Inputs {
        x: &x,
        qkv: &qkv,
        out: &out,
        bias: &bias,
    };
    let start = queue.moved();
    let mut y = of(count);
    let contexts = queued.forward(&at, &mut y).unwrap();
    let forward = queue.moved() - start;
    assert_moved("forward", forward, operation.moved(Direction::Forward, 1));
    let start = queue.moved();
    let mut slots = Slots {
        x: of(count),
        qkv: of(3 * HIDDEN * channels),
        out: of(HIDDEN * channels),
        bias: of(channels),
    };
    queued.backward(&at, &contexts, &y, &mut slots).unwrap();
    let backward = queue.moved() - start;
    assert_moved(
        "backward",
        backward,
        operation.moved(Direction::Backward, 1),
    );
}
