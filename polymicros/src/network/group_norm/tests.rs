use super::*;
use crate::network::agreement::{
    assert_close, assert_derivative, differentiate, gradient, random, traced,
};
use crate::network::tensor::{Volume, tensor};
use dfdx::prelude::NoneTape;
use proptest::prelude::*;

/// The CPU's version from tensor to tensor.
fn normalise<T: Tape<f32, Cpu>>(
    x: Volume<Cpu, T>,
    parameters: [Vector<Cpu>; 2],
    modulation: Option<Matrix<Cpu, T>>,
    residual: Option<Volume<Cpu, T>>,
    how: GroupNorm,
) -> Result<Volume<Cpu, T>> {
    let residual = residual.map(Activation::enter).transpose()?;
    Cpu::group_norm(Activation::enter(x)?, parameters, modulation, residual, how)?.leave()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn both_versions_agree(
        seed in 0..1000u64,
        batch in 1..4usize,
        grid in [1..9usize, 1..6usize, 2..9usize],
        groups in 1..5usize,
        width in 1..8usize,
        [silu, modulated, added] in any::<[bool; 3]>(),
    ) {
        let [nx, ny, nz] = grid;
        let channels = groups * width;
        let shape = [batch, nx, ny, nz, channels];
        let x = random(seed, shape);
        let parameters = [random(seed + 1, (channels,)), random(seed + 2, (channels,))];
        let modulation = modulated.then(|| random(seed + 3, (batch, 2 * channels)));
        let residual = added.then(|| random(seed + 4, shape));
        let how = GroupNorm { groups, silu };
        let on_tape = || (
            traced(&x),
            parameters.clone(),
            modulation.as_ref().map(traced),
            residual.as_ref().map(traced),
        );
        let (x1, p, m, r) = on_tape();
        let (ours, g) = differentiate(normalise(x1, p, m, r, how).unwrap());
        let (x1, p, m, r) = on_tape();
        let (theirs, t) = differentiate(reference::group_norm(x1, p, m, r, how).unwrap());
        assert_close("values", &ours, &theirs, 2e-5);
        // A group of two voxels is nearly a sign: its derivative is a small difference.
        assert_close("by x", &gradient(&g, &x), &gradient(&t, &x), 1e-3);
        for p in &parameters {
            assert_close("by parameters", &gradient(&g, p), &gradient(&t, p), 1e-4);
        }
        if let Some(m) = &modulation {
            assert_close("by modulation", &gradient(&g, m), &gradient(&t, m), 1e-4);
        }
        if let Some(r) = &residual {
            assert_close("by residual", &gradient(&g, r), &gradient(&t, r), 1e-6);
        }
    }
}

#[test]
fn gradients_are_derivatives() {
    let how = GroupNorm {
        groups: 2,
        silu: true,
    };
    let shape = [2, 3, 4, 5, 6];
    let x = random(1, shape);
    let [gamma, beta] = [random(2, (6,)), random(3, (6,))];
    let modulation = random(4, (2, 12));
    let y = normalise(
        traced(&x),
        [gamma.clone(), beta.clone()],
        Some(traced(&modulation)),
        None,
        how,
    );
    let (_, g) = differentiate(y.unwrap());
    let run = |x, gamma, beta, modulation| {
        normalise::<NoneTape>(x, [gamma, beta], Some(modulation), None, how).unwrap()
    };
    assert_derivative("x", &x, &gradient(&g, &x), |x| {
        run(x, gamma.clone(), beta.clone(), modulation.clone())
    });
    assert_derivative("gamma", &gamma, &gradient(&g, &gamma), |gamma| {
        run(x.clone(), gamma, beta.clone(), modulation.clone())
    });
    assert_derivative("beta", &beta, &gradient(&g, &beta), |beta| {
        run(x.clone(), gamma.clone(), beta, modulation.clone())
    });
    assert_derivative("modulation", &modulation, &gradient(&g, &modulation), |m| {
        run(x.clone(), gamma.clone(), beta.clone(), m)
    });
}

#[test]
fn a_mean_far_from_zero_costs_no_digits() {
    // Without gamma and beta the result has mean 0 and variance 1, however far x lies from zero.
    let values: Vec<f32> = read(&random(7, [1, 8, 8, 8, 4]));
    let moved = values.iter().map(|v| 3000.0 + v).collect();
    let x = tensor(&Cpu::default(), moved, [1, 8, 8, 8, 4]).unwrap();
    let one = tensor(&Cpu::default(), vec![1.0; 4], (4,)).unwrap();
    let zero = tensor(&Cpu::default(), vec![0.0; 4], (4,)).unwrap();
    let how = GroupNorm {
        groups: 1,
        silu: false,
    };
    let y = normalise::<NoneTape>(x, [one, zero], None, None, how).unwrap();
    let y = read(&y);
    let n = y.len() as f64;
    let mean = y.iter().map(|&y| f64::from(y)).sum::<f64>() / n;
    let variance = y
        .iter()
        .map(|&y| (f64::from(y) - mean).powi(2))
        .sum::<f64>()
        / n;
    assert!(mean.abs() < 1e-3, "{mean}");
    assert!((variance - 1.0).abs() < 1e-3, "{variance}");
}

#[test]
fn groups_that_do_not_divide_the_channels_are_refused() {
    let how = GroupNorm {
        groups: 4,
        silu: false,
    };
    let parameters = [random(1, (6,)), random(2, (6,))];
    let x = random(3, [1, 2, 2, 2, 6]);
    let error = normalise::<NoneTape>(x, parameters, None, None, how).unwrap_err();
    assert!(error.to_string().contains("4 does not divide 6"), "{error}");
}
