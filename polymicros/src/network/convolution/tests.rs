use super::*;
use crate::network::agreement::{
    assert_close, assert_derivative, assert_within, differentiate, differentiate_with, gradient,
    mapped, random, round, traced,
};
use crate::network::tensor::{Filter, Volume};
use dfdx::prelude::{NoneTape, PutTape, SplitTape};
use proptest::prelude::*;

/// The CPU's version from tensor to tensor, with the second input on the first one's tape so that
/// its gradient is found.
fn ours<T: Tape<f32, Cpu>>(
    x: Volume<Cpu, T>,
    skip: Option<Volume<Cpu>>,
    weight: Filter<Cpu, T>,
    bias: Vector<Cpu>,
    how: Convolution,
) -> Result<Volume<Cpu, T>> {
    let (x, mut tape) = x.split_tape();
    let mut second = None;
    if let Some(skip) = skip {
        let (values, own) = Activation::enter(skip.retaped::<T>())?.split();
        tape = tape.merge(own);
        let tape = NoneTape;
        second = Some(Activation { values, tape });
    }
    let x = Activation::enter(x.put_tape(tape))?;
    Cpu::convolution(x, second, Activation::enter(weight)?, bias, how)?.leave()
}

struct Case {
    x: Volume<Cpu>,
    skip: Option<Volume<Cpu>>,
    weight: Filter<Cpu>,
    bias: Vector<Cpu>,
    how: Convolution,
}

/// `[batch, x, y, z, channels, channels of the second input, outputs]`.
fn case(seed: u64, size: [usize; 7], edge: usize, how: Convolution) -> Case {
    let [batch, nx, ny, nz, first, second, outputs] = size;
    Case {
        x: random(seed, [batch, nx, ny, nz, first]),
        skip: (second > 0).then(|| random(seed + 1, [batch, nx, ny, nz, second])),
        weight: random(seed + 2, [outputs, first + second, edge, edge, edge]),
        bias: random(seed + 3, (outputs,)),
        how,
    }
}

fn versions_agree(case: &Case) {
    let Case {
        x,
        skip,
        weight,
        bias,
        how,
    } = case;
    let inputs = || (traced(x), skip.clone(), traced(weight), bias.clone(), *how);
    let (x1, s, w, b, h) = inputs();
    let (values, g) = differentiate(ours(x1, s, w, b, h).unwrap());
    let (x1, s, w, b, h) = inputs();
    let (theirs, r) = differentiate(reference::convolution(x1, s, w, b, h).unwrap());
    assert_close("values", &values, &theirs, 1e-5);
    assert_close("by x", &gradient(&g, x), &gradient(&r, x), 1e-4);
    if let Some(skip) = skip {
        assert_close("by skip", &gradient(&g, skip), &gradient(&r, skip), 1e-4);
    }
    assert_close(
        "by weight",
        &gradient(&g, weight),
        &gradient(&r, weight),
        1e-4,
    );
    assert_close("by bias", &gradient(&g, bias), &gradient(&r, bias), 1e-4);
}

/// The result, and the gradients of both inputs and the weights, in one row each, with every tensor
/// changed; the second input's is empty where there is none.
fn found(case: &Case, arithmetic: Arithmetic, value: fn(f32) -> f32) -> [Vec<f32>; 4] {
    let how = Convolution {
        arithmetic,
        ..case.how
    };
    let (x, weight) = (mapped(&case.x, value), mapped(&case.weight, value));
    let skip = case.skip.as_ref().map(|skip| mapped(skip, value));
    let bias = mapped(&case.bias, |_| 0.0);
    let y = ours(traced(&x), skip.clone(), traced(&weight), bias, how);
    let (values, of) = differentiate_with(y.unwrap(), value);
    let by_skip = skip.map_or(Vec::new(), |skip| gradient(&of, &skip));
    [values, gradient(&of, &x), by_skip, gradient(&of, &weight)]
}

/// Sums of rounded products beside the exact ones of the same values, and beside those of what these
/// are rounded to, where it is they that are rounded: before an upsampling sums of weights are.
fn bf16_is_near(case: &Case) {
    let near = found(case, Arithmetic::Bf16, |value| value);
    let exact = found(case, Arithmetic::F32, |value| value);
    let sizes = found(case, Arithmetic::F32, f32::abs);
    let rounded = found(case, Arithmetic::F32, round);
    // The nearest bf16 is within 2^-8 of a value, so that a product is within little more than 2^-7.
    const ROUNDING: f32 = 2.01 / 256.0;
    let names = ["values", "by x", "by skip", "by weight"];
    for (i, name) in names.into_iter().enumerate() {
        let bounds = |rate: f32| sizes[i].iter().map(move |size| rate * size + 1e-6);
        assert_within(name, &near[i], &exact[i], bounds(ROUNDING + 1e-5));
        if !case.how.upsample {
            let name = format!("{name}, rounded");
            assert_within(&name, &near[i], &rounded[i], bounds(2e-5));
        }
    }
}

fn padding() -> impl Strategy<Value = Padding> {
    prop::sample::select(vec![Padding::Zero, Padding::Replicate, Padding::Periodic])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn both_versions_agree(
        seed in 0..1000u64,
        batch in 1..3usize,
        grid in [1..8usize, 1..6usize, 1..20usize],
        first in 1..19usize,
        second in prop::option::of(1..9usize),
        outputs in 1..35usize,
        padding in padding(),
        kind in 0..3,
    ) {
        let [nx, ny, nz] = grid;
        let size = [batch, nx, ny, nz, first, second.unwrap_or(0), outputs];
        let how = Convolution { padding, upsample: kind == 2, arithmetic: Arithmetic::F32 };
        versions_agree(&case(seed, size, if kind == 0 { 1 } else { 3 }, how));
    }

    #[test]
    fn bf16_is_near_on_any_grid(
        seed in 0..1000u64,
        batch in 1..3usize,
        grid in [1..8usize, 1..8usize, 1..20usize],
        first in 1..40usize,
        second in prop::option::of(1..19usize),
        outputs in 1..50usize,
        padding in padding(),
        kind in 0..3,
    ) {
        let [nx, ny, nz] = grid;
        let size = [batch, nx, ny, nz, first, second.unwrap_or(0), outputs];
        let how = Convolution { padding, upsample: kind == 2, arithmetic: Arithmetic::Bf16 };
        bf16_is_near(&case(seed, size, if kind == 0 { 1 } else { 3 }, how));
    }
}

#[test]
fn gradients_are_derivatives() {
    for (index, (edge, upsample, padding)) in [
        (1, false, Padding::Zero),
        (3, false, Padding::Zero),
        (3, false, Padding::Replicate),
        (3, false, Padding::Periodic),
        (3, true, Padding::Replicate),
    ]
    .into_iter()
    .enumerate()
    {
        let how = Convolution {
            padding,
            upsample,
            arithmetic: Arithmetic::F32,
        };
        let Case {
            x,
            skip,
            weight,
            bias,
            ..
        } = case(index as u64, [2, 3, 4, 5, 3, 2, 6], edge, how);
        let run = |x, skip, weight, bias| ours::<NoneTape>(x, skip, weight, bias, how).unwrap();
        let (_, g) = differentiate(
            ours(traced(&x), skip.clone(), traced(&weight), bias.clone(), how).unwrap(),
        );
        assert_derivative("x", &x, &gradient(&g, &x), |x| {
            run(x, skip.clone(), weight.clone(), bias.clone())
        });
        let second = skip.clone().unwrap();
        assert_derivative("skip", &second, &gradient(&g, &second), |skip| {
            run(x.clone(), Some(skip), weight.clone(), bias.clone())
        });
        assert_derivative("weight", &weight, &gradient(&g, &weight), |weight| {
            run(x.clone(), skip.clone(), weight, bias.clone())
        });
        assert_derivative("bias", &bias, &gradient(&g, &bias), |bias| {
            run(x.clone(), skip.clone(), weight.clone(), bias)
        });
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for (arithmetic, upsample) in [
        (Arithmetic::F32, false),
        (Arithmetic::Bf16, false),
        (Arithmetic::Bf16, true),
    ] {
        number_of_threads(Convolution {
            padding: Padding::Replicate,
            upsample,
            arithmetic,
        });
    }
}

fn number_of_threads(how: Convolution) {
    // Large enough for several parts of the sums over voxels.
    let case = case(5, [2, 13, 12, 17, 5, 4, 18], 3, how);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let y = ours(
                traced(&case.x),
                case.skip.clone(),
                traced(&case.weight),
                case.bias.clone(),
                how,
            );
            let (values, g) = differentiate(y.unwrap());
            (values, gradient(&g, &case.x), gradient(&g, &case.weight))
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let how = Convolution {
        padding: Padding::Zero,
        upsample: false,
        arithmetic: Arithmetic::F32,
    };
    let wrong = |change: fn(&mut Case)| {
        let mut case = case(1, [1, 2, 2, 2, 3, 2, 4], 3, how);
        change(&mut case);
        let error = ours(case.x, case.skip, case.weight, case.bias, case.how);
        error.unwrap_err().to_string()
    };
    assert!(wrong(|case| case.weight = random(0, [4, 6, 3, 3, 3])).contains("input channels"));
    assert!(wrong(|case| case.weight = random(0, [4, 5, 2, 2, 2])).contains("kernel"));
    assert!(wrong(|case| case.bias = random(0, (5,))).contains("bias"));
    assert!(wrong(|case| case.skip = Some(random(0, [1, 2, 2, 3, 2]))).contains("second input"));
}
