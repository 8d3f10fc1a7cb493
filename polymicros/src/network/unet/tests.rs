//! The network as a whole.

use super::*;
use dfdx::prelude::{Cpu, TensorFromVec};

#[test]
fn the_papers_networks_have_as_many_parameters_as_the_authors() {
    let count = |config: UNetConfig| -> usize {
        layout(&config)
            .iter()
            .map(|entry| entry.shape.iter().product::<usize>())
            .sum()
    };
    assert_eq!(count(UNetConfig::paper_local()), 94_649_027);
    assert_eq!(count(UNetConfig::paper_foundation()), 259_021_251);
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
