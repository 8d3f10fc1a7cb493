//! Weights in another precision.

use crate::Result;
use crate::commands::names::PrecisionName;
use polymicros::diffusion::NetworkDenoiser;
use polymicros::network::Cpu;
use std::path::PathBuf;

/// Write weights in another precision; how they were trained stays with them.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  polymicros network convert runs/local/network.safetensors \
        local.safetensors --precision f16"
)]
pub(in crate::commands) struct Plan {
    /// The network; a file without metadata is read as the authors'.
    weights: PathBuf,
    /// The file to write.
    output: PathBuf,
    /// How a weight is stored.
    #[arg(long, value_enum, default_value = "f16")]
    precision: PrecisionName,
}

pub(super) fn run(plan: &Plan) -> Result<()> {
    let denoiser = NetworkDenoiser::load(&plan.weights, &Cpu::default())?;
    Ok(denoiser.save(&plan.output, plan.precision.into())?)
}
