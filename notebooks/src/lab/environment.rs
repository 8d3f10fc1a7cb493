//! A Python environment and a kernelspec, below `target/lab` and nowhere else.

use crate::document::write_whole;
use crate::kernel::ROLE;
use crate::places::target_dir;
use crate::{Error, Result};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python virtual environment with a kernelspec that starts this program's kernel.
#[derive(Debug)]
pub(super) struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// The environment with these packages from PyPI; installs what is missing.
    pub(super) fn with(packages: &[&str]) -> Result<Self> {
        let environment = Environment {
            folder: target_dir()?.join("lab"),
        };
        let python = environment.program("python");
        if !python.is_file() {
            eprintln!(
                "making a Python environment in {}",
                environment.folder.display()
            );
            let folder = environment.folder.to_string_lossy().into_owned();
            succeed(
                Command::new("python3").args(["-m", "venv", &folder]),
                "python3 -m venv needs Python 3 with its venv module",
            )?;
        }
        let installed = |package: &str| {
            Command::new(&python)
                .args(["-m", "pip", "show", "--quiet", package])
                .output()
                .is_ok_and(|output| output.status.success())
        };
        let missing: Vec<&str> = packages
            .iter()
            .copied()
            .filter(|package| !installed(package))
            .collect();
        if !missing.is_empty() {
            eprintln!("installing {} from PyPI", missing.join(", "));
            succeed(
                Command::new(&python)
                    .args(["-m", "pip", "install", "--quiet"])
                    .args(&missing),
                "pip could not install it: is the network there?",
            )?;
        }
        environment.write_kernelspec()?;
        Ok(environment)
    }

    /// Runs a program of the environment, with its kernelspecs and no trace in the user's home.
    pub(super) fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(self.program(program));
        for (name, folder) in [
            ("JUPYTER_CONFIG_DIR", "config"),
            ("JUPYTER_DATA_DIR", "data"),
            ("JUPYTER_RUNTIME_DIR", "runtime"),
            ("IPYTHONDIR", "ipython"),
        ] {
            command.env(name, self.folder.join(folder));
        }
        command.env("JUPYTER_PATH", self.folder.join("share/jupyter"));
        succeed(command.args(arguments), program)
    }

    fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    fn write_kernelspec(&self) -> Result<()> {
        let program = std::env::current_exe()
            .map_err(|source| Error::io("the running program's own path", source))?;
        let kernelspec = json!({
            "argv": [program, "{connection_file}"],
            "env": { ROLE: "kernel" },
            "display_name": "Rust",
            "language": "rust",
            "interrupt_mode": "message",
        });
        let folder = self.folder.join("share/jupyter/kernels/rust");
        write_whole(
            &folder.join("kernel.json"),
            format!("{kernelspec:#}\n").as_bytes(),
        )
    }

    /// The environment's folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

fn succeed(command: &mut Command, hint: &str) -> Result<()> {
    let program = command.get_program().to_owned();
    let status = command
        .status()
        .map_err(|source| Error::io(&program, source))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Usage(format!(
            "{} ended with {status} ({hint})",
            Path::new(&program).display()
        )))
    }
}
