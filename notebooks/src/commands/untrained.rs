//! A network for tests of commands, in which nothing but the way is tested.

use polymicros::Result;
use polymicros::diffusion::{NetworkDenoiser, Preconditioning};
use polymicros::network::weights::Precision;
use polymicros::network::{Cpu, Padding, UNet, UNetConfig};
use std::path::Path;

/// Writes the weights of a tiny network as it is before training, the same each time.
pub(super) fn save_untrained(path: impl AsRef<Path>) -> Result<()> {
    NetworkDenoiser {
        network: UNet::initial(UNetConfig::tiny(), 1, &Cpu::default())?,
        preconditioning: Preconditioning::default(),
        padding: Padding::Replicate,
    }
    .save(path, Precision::F32)
}
