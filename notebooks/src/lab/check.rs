//! Does the real Jupyter kernel run a notebook? Executed through nbclient, as JupyterLab would.

use super::environment::Environment;
use crate::document::{Document, write_whole};
use crate::kernel::KernelFolder;
use crate::places::notebooks_dir;
use crate::{Error, Result};
use nbformat::v4::Output;
use std::time::Instant;

const SCRIPT: &str = include_str!("check.py");

/// Sets up what is missing and executes the first notebook through the Jupyter kernel. Returns what
/// came of it, in words.
///
/// # Errors
/// When a cell fails, no cell shows anything, or the kernel does not start.
pub fn check() -> Result<String> {
    let environment = Environment::with(&["nbclient"])?;
    KernelFolder::prepare()?;
    let notebooks = notebooks_dir()?;
    let notebook = Document::find(&notebooks, "01")?;
    let script = environment.folder().join("check.py");
    write_whole(&script, SCRIPT.as_bytes())?;
    let executed = environment.folder().join("check.ipynb");
    let start = Instant::now();
    environment.run(
        "python",
        &[
            &script.to_string_lossy(),
            &notebook.to_string_lossy(),
            &executed.to_string_lossy(),
        ],
    )?;
    let document = Document::open(&executed)?;
    let outputs = document.outputs();
    let is_error = |output: &&Output| matches!(output, Output::Error(_));
    let errors = outputs.iter().copied().flatten().filter(is_error).count();
    let silent = outputs.iter().filter(|cell| cell.is_empty()).count();
    if errors > 0 || silent == outputs.len() {
        return Err(Error::notebook(
            &executed,
            format!(
                "{errors} errors, {silent} of {} cells without output through the Jupyter kernel",
                outputs.len()
            ),
        ));
    }
    Ok(format!(
        "{}: {} cells through the Jupyter kernel in {:.0} s, {} with output, no error",
        document.name(),
        outputs.len(),
        start.elapsed().as_secs_f64(),
        outputs.len() - silent
    ))
}
