//! The command `polymicros`: the notebooks that reproduce the paper, and batch commands.

use clap::Parser;
use polymicros_notebooks::commands::Arguments;
use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "evcxr")]
    polymicros_notebooks::kernel::hook();
    match Arguments::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
