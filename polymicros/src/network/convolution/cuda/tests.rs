//! The kernels' sources, run on the processor, against the CPU's kernels.

use super::*;
use crate::buffer::Buffer;
use crate::network::Arithmetic;
use crate::network::agreement::{assert_close, assert_moved};
use crate::network::convolution::{Gradients, Way};
use crate::network::cost::{Direction, Operation, SLAB};
use crate::network::cuda::emulator::{Emulator, Memory};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// What the CPU's kernels make of it: the result, and the gradients.
fn expected(
    queued: &Queued<Emulator>,
    parts: &[Vec<f32>],
    weight: &[f32],
    bias: &[f32],
    gradient: &[f32],
) -> (Buffer, Gradients) {
    let parts: Vec<&[f32]> = parts.iter().map(Vec::as_slice).collect();
    let way = Way::new(queued.edge, queued.upsample, queued.sizes.arithmetic);
    (
        way.forward(queued.sizes, &parts, weight, bias),
        way.backward(queued.sizes, &parts, weight, gradient),
    )
}

fn agree(queued: &Queued<Emulator>, seed: u64) {
    let sizes = queued.sizes;
    let (inputs, outputs) = (sizes.inputs(), sizes.outputs);
    let parts: Vec<Vec<f32>> = sizes
        .parts
        .iter()
        .zip(seed..)
        .map(|(width, seed)| numbers(seed, sizes.voxels() * width))
        .collect();
    let weight = numbers(seed + 3, inputs * outputs * queued.edge.pow(3));
    let bias = numbers(seed + 4, outputs);
    let result = sizes.batch * queued.fine().iter().product::<usize>() * outputs;
    let gradient = numbers(seed + 5, result);
    let (values, by) = expected(queued, &parts, &weight, &bias, &gradient);

    let queue = queued.queue;
    let ones = |numbers: &[f32]| queue.upload(&vec![1.0; numbers.len()]);
    // Gradients are added to what is there.
    let mut slots = Slots {
        parts: parts.iter().map(|part| ones(part)).collect(),
        weight: ones(&weight),
        bias: ones(&bias),
    };
    let parts: Vec<Memory> = parts.iter().map(|part| queue.upload(part)).collect();
    let parts: Vec<&Memory> = parts.iter().collect();
    let [weight, bias, gradient] = [&weight, &bias, &gradient].map(|numbers| queue.upload(numbers));
    let mut y = queue.zeros(result).unwrap();
    // The products that the cost model counts.
    let operation = Operation::Convolution {
        voxels: queued.fine().iter().product::<usize>() as u64,
        inputs: inputs as u64,
        outputs: outputs as u64,
        edge: queued.edge as u64,
        upsample: queued.upsample,
        standardised: false,
    };
    let counted = |direction| sizes.batch as u64 * operation.multiplications(direction);
    queued.forward(&parts, &weight, &bias, &mut y).unwrap();
    let forward = counted(Direction::Forward);
    assert_eq!(queue.multiplications(), forward);
    assert_close("values", &queue.download(&y), &values, 2e-5);
    queued
        .backward(&parts, &weight, &gradient, &mut slots)
        .unwrap();
    let both = forward + counted(Direction::Backward);
    assert_eq!(queue.multiplications(), both);
    let found = |slot| -> Vec<f32> { queue.download(slot).iter().map(|g| g - 1.0).collect() };
    for (slot, by) in slots.parts.iter().zip(&by.parts) {
        assert_close("by x", &found(slot), by, 1e-4);
    }
    assert_close("by weight", &found(&slots.weight), &by.weight, 1e-4);
    assert_close("by bias", &found(&slots.bias), &by.bias, 1e-4);
}

fn padding() -> impl Strategy<Value = Padding> {
    prop::sample::select(vec![Padding::Zero, Padding::Replicate, Padding::Periodic])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// With slabs from a plane to the whole batch.
    #[test]
    fn the_kernels_agree_with_those_of_the_processor(
        seed in 0..1000u64,
        batch in 1..4usize,
        grid in [1..6usize, 1..5usize, 1..7usize],
        parts in prop::collection::vec(1..6usize, 1..3),
        outputs in 1..8usize,
        padding in padding(),
        kind in 0..4,
        planes in 1..30usize,
    ) {
        let Some(queue) = Emulator::start() else {
            return Ok(());
        };
        let arithmetic = Arithmetic::F32;
        let sizes = Sizes { batch, grid, parts, outputs, padding, arithmetic };
        let upsample = kind == 3;
        let scale = if upsample { 2 } else { 1 };
        let plane = scale * grid[1] * scale * grid[2] * TAPS * sizes.inputs();
        let queued = Queued {
            queue: &queue,
            sizes: &sizes,
            edge: if kind == 0 { 1 } else { 3 },
            upsample,
            bound: planes * plane,
        };
        agree(&queued, seed);
    }
}

/// A whole convolution in slabs, each of which stays within its bound, sees every voxel once.
#[test]
fn slabs_cut_the_output_without_gap() {
    let Some(queue) = Emulator::start() else {
        return;
    };
    for (batch, nx, planes) in [(3, 5, 2), (3, 5, 5), (5, 4, 9), (2, 7, 1), (1, 3, 100)] {
        let sizes = Sizes {
            batch,
            grid: [nx, 2, 3],
            parts: vec![4],
            outputs: 2,
            padding: Padding::Periodic,
            arithmetic: Arithmetic::F32,
        };
        let plane = 2 * 3 * TAPS * 4;
        let queued = Queued {
            queue: &queue,
            sizes: &sizes,
            edge: 3,
            upsample: false,
            bound: planes * plane,
        };
        let mut next = 0;
        for slab in queued.slabs() {
            let [rows, first] = queued.voxels(&slab);
            assert_eq!(first, next);
            assert!(rows * TAPS * 4 <= queued.bound);
            next += rows;
        }
        assert_eq!(next, sizes.voxels());
    }
}

/// The numbers that the cost model counts, with a gradient of the input that begins with zeros.
#[test]
fn as_much_is_read_and_written_as_the_model_says() {
    let Some(queue) = Emulator::start() else {
        return;
    };
    for (edge, upsample) in [(3, false), (3, true), (1, false)] {
        let sizes = Sizes {
            batch: 2,
            grid: [6, 6, 6],
            parts: vec![12],
            outputs: 20,
            padding: Padding::Replicate,
            arithmetic: Arithmetic::F32,
        };
        let queued = Queued {
            queue: &queue,
            sizes: &sizes,
            edge,
            upsample,
            bound: (SLAB / 4) as usize,
        };
        let voxels = queued.fine().iter().product::<usize>();
        let operation = Operation::Convolution {
            voxels: voxels as u64,
            inputs: 12,
            outputs: 20,
            edge: edge as u64,
            upsample,
            standardised: false,
        };
        let of = |count: usize| queue.zeros(count).unwrap();
        let (weights, result) = (12 * 20 * edge.pow(3), 2 * voxels * 20);
        let (x, weight, bias) = (of(sizes.voxels() * 12), of(weights), of(20));
        let start = queue.moved();
        let mut y = of(result);
        queued.forward(&[&x], &weight, &bias, &mut y).unwrap();
        let forward = queue.moved() - start;
        let what = format!("edge {edge}, upsampled {upsample}");
        assert_moved(&what, forward, operation.moved(Direction::Forward, 2));
        let start = queue.moved();
        let mut slots = Slots {
            parts: vec![of(sizes.voxels() * 12)],
            weight: of(weights),
            bias: of(20),
        };
        queued.backward(&[&x], &weight, &y, &mut slots).unwrap();
        let backward = queue.moved() - start;
        assert_moved(&what, backward, operation.moved(Direction::Backward, 2));
    }
}
