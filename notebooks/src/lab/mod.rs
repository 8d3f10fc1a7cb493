//! JupyterLab on the notebooks, with everything that it needs below `target/lab`.

mod check;
mod environment;

use crate::kernel::{KernelFolder, start_as};
use crate::places::notebooks_dir;
use crate::{Error, Result};
pub use check::check;
use environment::Environment;
use std::path::Path;

/// Sets up what is missing and opens JupyterLab.
///
/// # Errors
/// When Python, a package or the kernel's library cannot be set up.
pub fn open() -> Result<()> {
    let environment = Environment::with(&["jupyterlab"])?;
    // The first notebook should not have to wait for the library to build.
    KernelFolder::prepare()?;
    let notebooks = notebooks_dir()?;
    eprintln!(
        "opening JupyterLab on {}; stop it with Ctrl-C",
        notebooks.display()
    );
    environment.run(
        "jupyter",
        &["lab", "--notebook-dir", &notebooks.to_string_lossy()],
    )
}

/// The kernel that the kernelspec starts: a warm folder, and evcxr's Jupyter kernel in it.
pub(crate) fn kernel(control_file: &Path) -> Result<()> {
    let here = std::env::current_dir().map_err(|source| Error::io(".", source))?;
    let folder = KernelFolder::warm()?;
    let status = start_as("jupyter", &folder, &here)?
        .arg("--control_file")
        .arg(control_file)
        // evcxr's kernel rewrites a kernelspec named `rust` that it finds there, as its own.
        .env_remove("JUPYTER_PATH")
        .env("XDG_DATA_HOME", folder.config_dir())
        .status()
        .map_err(|source| Error::io("the Jupyter kernel", source))?;
    // Jupyter ends a kernel by a signal as often as by a message; both are an end, not a failure.
    match status.code() {
        None | Some(0) => Ok(()),
        Some(code) => Err(Error::Kernel(format!(
            "the Jupyter kernel ended with {code}"
        ))),
    }
}
