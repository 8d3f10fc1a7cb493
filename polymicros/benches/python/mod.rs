//! Python environments for whatever is compared with Python, below the target folder.

use polymicros::{Error, Result};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The Python of `target/NAME/venv`, made and filled if it is not there: complete is what can run
/// the statement `imports`.
///
/// # Errors
/// When there is no Python 3, or pip fails.
pub fn environment(name: &str, packages: &[&str], imports: &str) -> Result<PathBuf> {
    let this = std::env::current_exe().map_err(failed)?;
    let target = this
        .ancestors()
        .nth(3)
        .ok_or_else(|| failed("this program does not lie in a target folder"))?;
    let venv = target.join(name).join("venv");
    let python = venv.join("bin/python");
    if !python.exists() {
        println!("making {}", venv.display());
        succeed(Command::new("python3").arg("-m").arg("venv").arg(&venv))?;
    }
    let complete = Command::new(&python)
        .args(["-c", imports])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !complete {
        println!("installing {}", packages.join(", "));
        let mut pip = Command::new(&python);
        succeed(pip.args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    }
    Ok(python)
}

/// Runs a command that must succeed.
///
/// # Errors
/// When it does not.
pub fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(failed)?;
    if status.success() {
        Ok(())
    } else {
        Err(failed(format!("{command:?} ended with {status}")))
    }
}

/// Whatever went wrong beside the library.
pub fn failed(problem: impl std::fmt::Display) -> Error {
    Error::numerical("comparison", problem.to_string())
}
