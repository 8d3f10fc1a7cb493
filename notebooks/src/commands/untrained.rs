//! What tests of commands that run a network begin with. Nothing but the way is tested, so that the
//! network needs no training.

use crate::{Error, Result};
use clap::Args;
use polymicros::diffusion::{NetworkDenoiser, Preconditioning};
use polymicros::network::weights::Precision;
use polymicros::network::{Cpu, Padding, UNet, UNetConfig};
use std::path::PathBuf;
use tempfile::TempDir;

/// A temporary folder, and in it the weights of a tiny network as it is before training, the same
/// each time.
pub(super) fn untrained() -> Result<(TempDir, PathBuf)> {
    let folder = tempfile::tempdir().map_err(|source| Error::io("a temporary folder", source))?;
    let weights = folder.path().join("model.safetensors");
    NetworkDenoiser {
        network: UNet::initial(UNetConfig::tiny(), 1, &Cpu::default())?,
        preconditioning: Preconditioning::default(),
        padding: Padding::Replicate,
    }
    .save(&weights, Precision::F32)?;
    Ok((folder, weights))
}

/// A command's arguments, as these words say them; of those said twice the last counts.
pub(super) fn parsed<Plan: Args>(words: &[&str]) -> Plan {
    let command = Plan::augment_args(clap::Command::new("test").no_binary_name(true));
    let matches = command.args_override_self(true).get_matches_from(words);
    Plan::from_arg_matches(&matches).expect("clap has matched these arguments")
}
