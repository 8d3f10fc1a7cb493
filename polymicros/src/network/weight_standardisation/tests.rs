use super::*;
use crate::network::agreement::{
    assert_close, assert_derivative, differentiate, gradient, random, traced,
};
use dfdx::prelude::NoneTape;

/// The CPU's version from tensor to tensor.
fn standardise<T: Tape<f32, Cpu>>(
    weight: Filter<Cpu, T>,
    form: WeightStandardisation,
) -> Filter<Cpu, T> {
    let made = Cpu::standardise(weight, form);
    made.and_then(Activation::leave).unwrap()
}

const FORMS: [WeightStandardisation; 2] = [
    WeightStandardisation::Standard,
    WeightStandardisation::Authors,
];

#[test]
fn both_versions_agree_and_gradients_are_derivatives() {
    for form in FORMS {
        let weight = random(1, [5, 3, 3, 3, 3]);
        let (ours, g) = differentiate(standardise(traced(&weight), form));
        let (theirs, r) = differentiate(reference::standardise(traced(&weight), form).unwrap());
        assert_close("values", &ours, &theirs, 1e-5);
        let g = gradient(&g, &weight);
        assert_close("gradient", &g, &gradient(&r, &weight), 1e-5);
        assert_derivative("gradient", &weight, &g, |weight| {
            standardise::<NoneTape>(weight, form)
        });
    }
}

#[test]
fn deviations_become_one_or_their_square() {
    let weight = random(2, [1, 2, 3, 3, 3]);
    let deviation = |values: &[f32]| {
        let n = values.len() as f32;
        let mean = values.iter().sum::<f32>() / n;
        (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / n).sqrt()
    };
    let before = deviation(&read(&weight));
    let after = |form| deviation(&read(&standardise::<NoneTape>(weight.clone(), form)));
    let [standard, authors] = FORMS.map(after);
    assert!((standard - 1.0).abs() < 1e-3, "{standard}");
    assert!((authors - before * before).abs() < 1e-3, "{authors}");
}
