//! The bare network.

mod apply;
mod bench;
mod convert;

use crate::Result;

/// The bare network, for comparison with other implementations.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Convert(convert::Plan),
    Apply(apply::Plan),
    Bench(bench::Plan),
}

pub(super) fn run(command: &Command, json: bool) -> Result<()> {
    match command {
        Command::Convert(plan) => convert::run(plan),
        Command::Apply(plan) => apply::run(plan),
        Command::Bench(plan) => bench::run(plan, json),
    }
}
