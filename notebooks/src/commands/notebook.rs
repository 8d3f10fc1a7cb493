//! Notebooks by their names.

use super::reproduce;
use crate::Result;
use std::path::PathBuf;

/// Execute one or several notebooks.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:\n  polymicros notebook 02")]
pub(super) struct Plan {
    /// The beginnings of their names, such as 02, or paths of notebooks.
    #[arg(required = true)]
    names: Vec<String>,
    /// The folder for the executed notebooks and the report, below the checkout.
    #[arg(long, default_value = "target/executed")]
    out: PathBuf,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    let plan = reproduce::Plan {
        names: plan.names.clone(),
        out: plan.out.clone(),
        files: Vec::new(),
    };
    reproduce::run(&plan, json)
}
