//! The bare network on tensors.

use crate::commands::names::{Edge, Place};
use crate::{Error, Result};
use ndarray::Array5;
use polymicros::network::weights::{Precision, parse, save_tensors, values};
use polymicros::network::{DeviceWork, NetworkDevice, UNet};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Apply it to tensors: x (batch, channel, x, y, z) and t (batch) give y.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  polymicros network apply weights.safetensors in.safetensors \
        out.safetensors --padding zero"
)]
pub(in crate::commands) struct Plan {
    /// The network; a file without metadata is read as the authors'.
    weights: PathBuf,
    /// A safetensors file with x and t.
    input: PathBuf,
    /// The file to write y to.
    output: PathBuf,
    /// What convolutions see beyond the edge.
    #[arg(long, value_enum, default_value = "replicate")]
    padding: Edge,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(plan: &Plan) -> Result<()> {
    plan.place.device.run(plan)
}

impl DeviceWork for &Plan {
    type Output = ();
    type Error = Error;

    fn on<D: NetworkDevice>(self, device: &D) -> Result<()> {
        apply(self, device)
    }
}

fn apply<D: NetworkDevice>(plan: &Plan, device: &D) -> Result<()> {
    let (input, output): (&Path, &Path) = (&plan.input, &plan.output);
    let network = UNet::load(&plan.weights, device)?;
    let bytes = std::fs::read(input).map_err(|source| Error::io(input, source))?;
    let (file, _) = parse(input, &bytes)?;
    let (shape, x) = values(input, &file, "x")?;
    let [batch, channels, nx, ny, nz] = shape[..] else {
        return Err(Error::Usage(format!(
            "{}: x has shape {shape:?}; expected batch, channel, x, y, z",
            input.display()
        )));
    };
    let (_, t) = values(input, &file, "t")?;
    let x = Array5::from_shape_vec((batch, channels, nx, ny, nz), x)
        .map_err(|e| Error::Usage(e.to_string()))?;
    let y = network.apply(&x, &t, plan.padding.into())?;
    let values: Vec<f32> = y.iter().copied().collect();
    let tensors = std::iter::once(("y".to_owned(), shape, values.as_slice()));
    Ok(save_tensors(
        output,
        tensors,
        HashMap::new(),
        Precision::F32,
    )?)
}
