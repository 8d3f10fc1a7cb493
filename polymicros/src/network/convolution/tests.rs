use super::*;
use crate::network::agreement::{
    assert_close, assert_derivative, differentiate, gradient, random, traced,
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
        let how = Convolution { padding, upsample: kind == 2 };
        versions_agree(&case(seed, size, if kind == 0 { 1 } else { 3 }, how));
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
        let how = Convolution { padding, upsample };
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
    let how = Convolution {
        padding: Padding::Replicate,
        upsample: false,
    };
    let case = case(5, [1, 9, 6, 7, 5, 4, 18], 3, how);
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
