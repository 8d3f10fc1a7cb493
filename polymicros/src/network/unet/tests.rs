//! The network as a whole.

use super::*;
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
