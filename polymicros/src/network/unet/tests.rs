//! The network as a whole.

use super::*;
use crate::network::agreement::{assert_near, differentiate, random, traced};
use dfdx::prelude::{Cpu, TensorFromVec};

#[test]
fn the_papers_networks_have_as_many_parameters_as_the_authors() {
    assert_eq!(UNetConfig::paper_local().parameter_count(), 94_649_027);
    assert_eq!(
        UNetConfig::paper_foundation().parameter_count(),
        259_021_251
    );
}

#[test]
fn a_grid_that_cannot_be_halved_is_refused() {
    let device = Cpu::default();
    let network = UNet::initial(UNetConfig::tiny(), 1, &device).unwrap();
    let x = device.tensor_from_vec(vec![0.0; 3 * 8 * 8 * 6], [1, 8, 8, 6, 3]);
    let t = device.tensor_from_vec(vec![0.0], (1,));
    let error = network.forward(x, t, Padding::Zero).unwrap_err();
    assert!(error.to_string().contains("multiple of 4"), "{error}");
}

/// The whole network in bf16 beside f32: what it gives, and the gradient of a sum of it.
#[test]
fn bf16_gives_nearly_the_same_network_and_gradient() {
    let device = Cpu::default();
    let exact = UNet::initial(UNetConfig::tiny(), 7, &device).unwrap();
    let near = exact.clone().with(Arithmetic::Bf16).unwrap();
    let run = |network: &UNet<Cpu>| {
        let x = random(1, [2, 8, 8, 12, 3]);
        let t = device.tensor_from_vec(vec![-0.3, 0.4], (2,));
        let y = network.forward(traced(&x), t, Padding::Replicate).unwrap();
        let (values, mut of) = differentiate(y);
        let all = 0..network.parameters().entries().len();
        let gradients: Vec<f32> = all
            .flat_map(|index| network.parameters().gradient(index, &mut of).unwrap())
            .collect();
        (values, gradients)
    };
    let ((values, gradients), (expected, exact)) = (run(&near), run(&exact));
    assert!(values != expected);
    assert_near("values", &values, &expected, 0.02);
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum()
    };
    let lengths = (dot(&gradients, &gradients) * dot(&exact, &exact)).sqrt();
    let cosine = dot(&gradients, &exact) / lengths;
    assert!(cosine > 0.999, "{cosine}");
}
