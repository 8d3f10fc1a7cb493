//! The embedded evcxr kernel: where cells are compiled and run.
//!
//! One process plays several parts, told apart by [`hook`], which every program that executes
//! notebooks calls first:
//!
//! * the program itself, which starts a *worker* process for each notebook;
//! * the worker, which owns an evcxr context (evcxr takes its folder and the place of the standard
//!   library's sources from the process environment, so each notebook gets a process of its own);
//! * the process that loads and runs the compiled cells, and the wrapper around `rustc`, both of
//!   which evcxr starts;
//! * the Jupyter kernel, when the kernelspec that [`lab`](crate::lab) writes starts it: one process
//!   that prepares a folder, and evcxr's own kernel in it.

mod copy;
mod folder;
mod session;
mod sources;

pub use folder::KernelFolder;
pub use session::{CellOutcome, Line, Session};
pub use sources::standard_library_sources;

use crate::{Error, Result};
use std::path::Path;
use std::process::Command;

/// Names the part that a started process plays.
pub(crate) const ROLE: &str = "POLYMICROS_ROLE";

/// Plays the part that this process was started for, if it was started for one; else returns.
///
/// Must be the first thing that `main` does.
pub fn hook() {
    evcxr::runtime_hook();
    let Some(role) = std::env::var_os(ROLE) else {
        return;
    };
    let outcome = match role.to_str() {
        Some("worker") => crate::execute::worker::run(),
        Some("kernel") => match std::env::args_os().nth(1) {
            Some(control_file) => crate::lab::kernel(Path::new(&control_file)),
            None => Err(Error::Kernel("the kernelspec names no control file".into())),
        },
        Some("jupyter") => {
            evcxr_jupyter::main().map_err(|error| Error::Kernel(format!("{error:#}")))
        }
        _ => Err(Error::Kernel(format!(
            "{ROLE}={role:?} is not a known part"
        ))),
    };
    match outcome {
        Ok(()) => std::process::exit(0),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

/// A command that starts this program again in another part, in the folder that relative paths of
/// `:dep` lines are meant from.
pub(crate) fn start_as(role: &str, folder: &KernelFolder, directory: &Path) -> Result<Command> {
    let program = std::env::current_exe()
        .map_err(|source| Error::io("the running program's own path", source))?;
    let mut command = Command::new(program);
    command.env(ROLE, role).current_dir(directory);
    folder.give_to(&mut command)?;
    Ok(command)
}
