use super::*;
use crate::network::agreement::{
    assert_close, assert_derivative, assert_near, differentiate, gradient, random, traced,
};
use crate::network::tensor::{Volume, tensor};
use dfdx::prelude::NoneTape;
use proptest::prelude::*;

type Weights = AttentionWeights<Filter<Cpu>, Vector<Cpu>>;

/// The CPU's version from tensor to tensor.
fn attend<T: Tape<f32, Cpu>>(x: Volume<Cpu, T>, weights: Weights) -> Volume<Cpu, T> {
    attend_in(Arithmetic::F32, x, weights)
}

fn attend_in<T: Tape<f32, Cpu>>(
    arithmetic: Arithmetic,
    x: Volume<Cpu, T>,
    weights: Weights,
) -> Volume<Cpu, T> {
    let y = Cpu::linear_attention(Activation::enter(x).unwrap(), weights, arithmetic);
    y.and_then(Activation::leave).unwrap()
}

fn weights(seed: u64, channels: usize) -> Weights {
    AttentionWeights {
        qkv: random(seed, [3 * HIDDEN, channels, 1, 1, 1]),
        out: random(seed + 1, [channels, HIDDEN, 1, 1, 1]),
        bias: random(seed + 2, (channels,)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn both_versions_agree(
        seed in 0..1000u64,
        batch in 1..3usize,
        grid in [1..7usize, 1..7usize, 1..12usize],
        channels in 1..20usize,
    ) {
        let [nx, ny, nz] = grid;
        let x = random(seed, [batch, nx, ny, nz, channels]);
        let weights = weights(seed + 1, channels);
        let y = attend(traced(&x), weights.clone());
        let (ours, g) = differentiate(y);
        let y = reference::linear_attention(traced(&x), weights.clone()).unwrap();
        let (theirs, r) = differentiate(y);
        assert_close("values", &ours, &theirs, 2e-5);
        assert_close("by x", &gradient(&g, &x), &gradient(&r, &x), 1e-4);
        let Weights { qkv, out, bias } = &weights;
        assert_close("by qkv", &gradient(&g, qkv), &gradient(&r, qkv), 1e-4);
        assert_close("by out", &gradient(&g, out), &gradient(&r, out), 1e-4);
        assert_close("by bias", &gradient(&g, bias), &gradient(&r, bias), 1e-4);
    }

    /// Rounding changes each factor by 2^-8 of itself at most, and what follows from k and q by a few
    /// times that.
    #[test]
    fn bf16_is_near(
        seed in 0..1000u64,
        batch in 1..3usize,
        grid in [1..7usize, 1..7usize, 1..12usize],
        channels in 1..40usize,
    ) {
        let [nx, ny, nz] = grid;
        let x = random(seed, [batch, nx, ny, nz, channels]);
        let weights = weights(seed + 1, channels);
        let (exact, r) = differentiate(attend(traced(&x), weights.clone()));
        let y = attend_in(Arithmetic::Bf16, traced(&x), weights.clone());
        let (ours, g) = differentiate(y);
        assert_near("values", &ours, &exact, 0.02);
        assert_near("by x", &gradient(&g, &x), &gradient(&r, &x), 0.05);
        let Weights { qkv, out, .. } = &weights;
        assert_near("by qkv", &gradient(&g, qkv), &gradient(&r, qkv), 0.05);
        assert_near("by out", &gradient(&g, out), &gradient(&r, out), 0.05);
    }
}

#[test]
fn gradients_are_derivatives() {
    let x = random(1, [2, 4, 5, 6, 3]);
    let at = weights(2, 3);
    let (_, g) = differentiate(attend(traced(&x), at.clone()));
    let run = |x, at: Weights| attend::<NoneTape>(x, at);
    assert_derivative("x", &x, &gradient(&g, &x), |x| run(x, at.clone()));
    assert_derivative("qkv", &at.qkv, &gradient(&g, &at.qkv), |qkv| {
        let at = at.clone();
        run(x.clone(), Weights { qkv, ..at })
    });
    assert_derivative("out", &at.out, &gradient(&g, &at.out), |out| {
        let at = at.clone();
        run(x.clone(), Weights { out, ..at })
    });
}

#[test]
fn large_inputs_do_not_overflow() {
    let x = read(&random(3, [1, 4, 4, 4, 2]));
    let x: Vec<f32> = x.iter().map(|x| 300.0 * x).collect();
    let x = tensor(&Cpu::default(), x, [1, 4, 4, 4, 2]).unwrap();
    let weights = weights(4, 2);
    let ours = read(&attend::<NoneTape>(x.clone(), weights.clone()));
    let theirs = read(&reference::linear_attention::<Cpu, NoneTape>(x, weights).unwrap());
    assert!(ours.iter().all(|y| y.is_finite()));
    assert_close("values", &ours, &theirs, 2e-5);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let x = random(1, [1, 9, 10, 12, 5]);
    let at = weights(2, 5);
    for arithmetic in [Arithmetic::F32, Arithmetic::Bf16] {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().unwrap().install(|| {
                let (y, g) = differentiate(attend_in(arithmetic, traced(&x), at.clone()));
                (y, gradient(&g, &x), gradient(&g, &at.qkv))
            })
        };
        assert_eq!(run(1), run(3));
    }
}
