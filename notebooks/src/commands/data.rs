//! The statistics notebook on the user's own files.

use super::reproduce;
use crate::Result;
use std::path::PathBuf;

/// Execute the statistics notebook on your own files.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:\n  polymicros data scan.ang volume.h5")]
pub(super) struct Plan {
    /// Orientation maps or volumes in any format that is read.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The folder for the executed notebook and the report, below the checkout.
    #[arg(long, default_value = "target/data")]
    out: PathBuf,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    let plan = reproduce::Plan {
        names: vec!["02".into()],
        out: plan.out.clone(),
        files: plan.files.clone(),
    };
    reproduce::run(&plan, json)
}
