use super::*;
use crate::network::agreement::{
    assert_close, assert_derivative, assert_near, differentiate, gradient, mapped, random, round,
    traced,
};
use crate::network::tensor::{Volume, tensor};
use dfdx::prelude::NoneTape;
use proptest::prelude::*;

/// The CPU's version from tensor to tensor.
fn halve<T: Tape<f32, Cpu>>(
    x: Volume<Cpu, T>,
    weight: Filter<Cpu>,
    bias: Vector<Cpu>,
) -> Result<Volume<Cpu, T>> {
    halve_in(Arithmetic::F32, x, weight, bias)
}

fn halve_in<T: Tape<f32, Cpu>>(
    arithmetic: Arithmetic,
    x: Volume<Cpu, T>,
    weight: Filter<Cpu>,
    bias: Vector<Cpu>,
) -> Result<Volume<Cpu, T>> {
    Cpu::space_to_depth(Activation::enter(x)?, weight, bias, arithmetic)?.leave()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn both_versions_agree(
        seed in 0..1000u64,
        batch in 1..3usize,
        half in [1..4usize, 1..4usize, 1..9usize],
        inputs in 1..7usize,
        outputs in 1..20usize,
    ) {
        let [nx, ny, nz] = half;
        let x = random(seed, [batch, 2 * nx, 2 * ny, 2 * nz, inputs]);
        let weight = random(seed + 1, [outputs, 8 * inputs, 1, 1, 1]);
        let bias = random(seed + 2, (outputs,));
        let y = halve(traced(&x), weight.clone(), bias.clone()).unwrap();
        let (ours, g) = differentiate(y);
        let sizes = check(*x.shape(), &weight, &bias, Arithmetic::F32).unwrap();
        let y = reference::space_to_depth(traced(&x), weight.clone(), bias.clone(), sizes);
        let (theirs, r) = differentiate(y.unwrap());
        assert_close("values", &ours, &theirs, 1e-5);
        assert_close("by x", &gradient(&g, &x), &gradient(&r, &x), 1e-4);
        assert_close("by weight", &gradient(&g, &weight), &gradient(&r, &weight), 1e-4);
        assert_close("by bias", &gradient(&g, &bias), &gradient(&r, &bias), 1e-4);
        // Rounded operands, beside the exact products of what they are rounded to.
        let y = halve_in(Arithmetic::Bf16, traced(&x), weight.clone(), bias.clone());
        let (near, g) = differentiate(y.unwrap());
        let (rounded_x, rounded_weight) = (mapped(&x, round), mapped(&weight, round));
        let y = halve(rounded_x, rounded_weight, bias.clone());
        assert_close("rounded values", &near, &read(&y.unwrap()), 1e-5);
        assert_near("by x", &gradient(&g, &x), &gradient(&r, &x), 0.02);
        assert_near("by weight", &gradient(&g, &weight), &gradient(&r, &weight), 0.02);
    }
}

#[test]
fn the_channel_varies_slowest_then_x_y_z() {
    // One input channel and the identity as weights: outputs are the voxels of the block.
    let mut identity = vec![0.0; 64];
    (0..8).for_each(|i| identity[9 * i] = 1.0);
    let device = Cpu::default();
    let x = tensor(&device, (0..8).map(|i| i as f32).collect(), [1, 2, 2, 2, 1]).unwrap();
    let weight = tensor(&device, identity, [8, 8, 1, 1, 1]).unwrap();
    let bias = tensor(&device, vec![0.0; 8], (8,)).unwrap();
    let y = halve::<NoneTape>(x, weight, bias).unwrap();
    assert_eq!(read(&y), (0..8).map(|i| i as f32).collect::<Vec<_>>());
}

#[test]
fn gradients_are_derivatives() {
    let x = random(1, [2, 4, 2, 6, 3]);
    let weight = random(2, [5, 24, 1, 1, 1]);
    let bias = random(3, (5,));
    let y = halve(traced(&x), weight.clone(), bias.clone());
    let (_, g) = differentiate(y.unwrap());
    let run = |x, weight, bias| halve::<NoneTape>(x, weight, bias).unwrap();
    assert_derivative("x", &x, &gradient(&g, &x), |x| {
        run(x, weight.clone(), bias.clone())
    });
    assert_derivative("weight", &weight, &gradient(&g, &weight), |weight| {
        run(x.clone(), weight, bias.clone())
    });
    assert_derivative("bias", &bias, &gradient(&g, &bias), |bias| {
        run(x.clone(), weight.clone(), bias)
    });
}

#[test]
fn an_odd_edge_is_refused() {
    let x = random(1, [1, 4, 3, 4, 2]);
    let error = halve::<NoneTape>(x, random(2, [4, 16, 1, 1, 1]), random(3, (4,)));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("[4, 3, 4] is not even")
    );
}
