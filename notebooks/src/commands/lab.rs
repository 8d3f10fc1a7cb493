//! The notebooks in JupyterLab.

use crate::Result;
use crate::lab;

/// Open the notebooks in JupyterLab; sets up what is missing below target/lab.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:\n  polymicros lab --check")]
pub(super) struct Plan {
    /// Only check that the first notebook runs through the Jupyter kernel.
    #[arg(long)]
    check: bool,
}

pub(super) fn run(plan: &Plan) -> Result<()> {
    if plan.check {
        println!("{}", lab::check()?);
        return Ok(());
    }
    lab::open()
}
