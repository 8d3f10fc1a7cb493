//! Folders in which evcxr compiles cells, with the dependencies already built.
//!
//! evcxr builds the prelude with a profile of its own and needs one folder for each kernel. So one
//! folder, `target/kernels/warm`, is kept built; every kernel gets a copy of it and compiles
//! nothing but its cells.

use super::copy::copy_built;
use super::{standard_library_sources, start_as};
use crate::document::Document;
use crate::places::{notebooks_dir, target_dir, workspace};
use crate::{Error, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Cells call into a library that computes: it is built without the checks that evcxr's own
/// profile asks for. That profile's level of optimisation, 2, will do for what the library stands on
/// (a level for all packages would hold for procedural macros too, which then take minutes to
/// build). Polars only arranges tables, and is by far the largest: it is built quickly.
const PROFILE: &str = r#"[profile.dev.package."*"]
debug-assertions = false
overflow-checks = false

[profile.dev.package.polymicros]
opt-level = 3

[profile.dev.package.polars]
opt-level = 0
[profile.dev.package.polars-arrow]
opt-level = 0
[profile.dev.package.polars-buffer]
opt-level = 0
[profile.dev.package.polars-compute]
opt-level = 0
[profile.dev.package.polars-config]
opt-level = 0
[profile.dev.package.polars-core]
opt-level = 0
[profile.dev.package.polars-dtype]
opt-level = 0
[profile.dev.package.polars-error]
opt-level = 0
[profile.dev.package.polars-row]
opt-level = 0
[profile.dev.package.polars-schema]
opt-level = 0
[profile.dev.package.polars-utils]
opt-level = 0
"#;

/// The beginning of the names of copies.
const RUN: &str = "run-";

/// A folder for one kernel at a time, removed when dropped.
#[derive(Debug)]
pub struct KernelFolder {
    path: PathBuf,
    config: PathBuf,
    /// The folder's owner holds this lock; an unlocked folder is a leftover of a killed kernel.
    _lock: File,
    temporary: bool,
}

impl KernelFolder {
    /// Builds what the notebooks' `:dep` lines ask for, where that is not done yet.
    ///
    /// # Errors
    /// When a dependency does not build, or the disk refuses.
    pub fn prepare() -> Result<()> {
        Self::prepared().map(drop)
    }

    /// A folder for one kernel: prepares where that is not done yet, and copies the result.
    ///
    /// # Errors
    /// When a dependency does not build, or the disk refuses.
    pub fn warm() -> Result<Self> {
        let warm = Self::prepared()?;
        let kernels = warm.path.parent().unwrap_or(&warm.path).to_owned();
        let (own_lock, lock_path) = tempfile::Builder::new()
            .prefix(RUN)
            .suffix(".lock")
            .tempfile_in(&kernels)
            .map_err(|source| Error::io(&kernels, source))?
            .keep()
            .map_err(|error| Error::io(&kernels, error.error))?;
        own_lock
            .lock()
            .map_err(|source| Error::io(&lock_path, source))?;
        let copy = KernelFolder {
            path: lock_path.with_extension(""),
            config: warm.config.clone(),
            _lock: own_lock,
            temporary: true,
        };
        copy_built(&warm.path, &copy.path)?;
        Ok(copy)
    }

    /// The folder that copies are made of, locked until dropped.
    fn prepared() -> Result<Self> {
        let kernels = target_dir()?.join("kernels");
        let config = kernels.join("config");
        make_dir(&config)?;
        make_dir(&kernels.join(".cargo"))?;
        write_if_changed(&kernels.join(".cargo/config.toml"), PROFILE)?;
        // An evcxr.toml of the user's own must not change what a notebook shows.
        write_if_changed(&config.join("evcxr.toml"), "[evcxr]\n")?;
        remove_leftovers(&kernels)?;
        let warm = KernelFolder {
            path: kernels.join("warm"),
            config,
            _lock: lock(&kernels.join("warm.lock"))?,
            temporary: false,
        };
        make_dir(&warm.path)?;
        warm.take_versions_of_workspace()?;
        warm.build_dependencies()?;
        Ok(warm)
    }

    /// The folder with evcxr's own settings.
    pub(crate) fn config_dir(&self) -> &Path {
        &self.config
    }

    /// Sets the environment in which any evcxr program uses this folder: the worker, the Jupyter
    /// kernel, or the terminal REPL.
    ///
    /// # Errors
    /// When the sources of the standard library are nowhere to be had.
    pub fn give_to(&self, command: &mut Command) -> Result<()> {
        command
            .env("EVCXR_TMPDIR", &self.path)
            .env("EVCXR_CONFIG_DIR", &self.config)
            // How the caller was built must not decide how cells are.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        // `cargo run` and `cargo test` put the workspace's own build of the prelude where the loader
        // looks first; cells are linked against the kernel's build.
        if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
            let others = std::env::split_paths(&path)
                .filter(|folder| !folder.join("libpolymicros_prelude.so").exists());
            match std::env::join_paths(others) {
                Ok(path) => command.env("LD_LIBRARY_PATH", path),
                Err(_) => command.env_remove("LD_LIBRARY_PATH"),
            };
        }
        if let Some(sources) = standard_library_sources()? {
            command.env("RUST_SRC_PATH", sources);
        }
        Ok(())
    }

    /// Gives evcxr the versions of the workspace's `Cargo.lock`, so that a notebook computes with
    /// the very libraries that the tests ran on.
    fn take_versions_of_workspace(&self) -> Result<()> {
        let source = workspace()?.join("Cargo.lock");
        let versions = fs::read_to_string(&source).map_err(|error| Error::io(&source, error))?;
        let taken = self.path.join("workspace.lock");
        if fs::read_to_string(&taken).is_ok_and(|text| text == versions) {
            return Ok(());
        }
        write(&self.path.join("Cargo.lock"), &versions)?;
        write(&taken, &versions)
    }

    fn build_dependencies(&self) -> Result<()> {
        let notebooks = notebooks_dir()?;
        let lines = dependency_lines(&notebooks)?;
        eprintln!("preparing the notebook kernel (the first time builds the library: minutes)");
        let status = start_as("worker", self, &notebooks)?
            .env(crate::execute::worker::WARM_UP, lines.join("\n"))
            .stdout(Stdio::null())
            .status()
            .map_err(|source| Error::io("the kernel's worker process", source))?;
        if status.success() {
            Ok(())
        } else {
            Err(Error::Kernel(
                "the notebooks' dependencies do not build: see the messages above".into(),
            ))
        }
    }
}

impl Drop for KernelFolder {
    fn drop(&mut self) {
        if self.temporary {
            // A folder that cannot be removed now is removed by the next start.
            let _ = fs::remove_dir_all(&self.path);
            let _ = fs::remove_file(self.path.with_extension("lock"));
        }
    }
}

/// The different `:dep` lines of all notebooks, in order.
fn dependency_lines(notebooks: &Path) -> Result<Vec<String>> {
    let mut lines: Vec<String> = Vec::new();
    for path in Document::all(notebooks)? {
        for source in Document::open(&path)?.code() {
            for line in source.lines().filter(|line| line.starts_with(":dep ")) {
                if !lines.iter().any(|known| known == line) {
                    lines.push(line.to_owned());
                }
            }
        }
    }
    Ok(lines)
}

fn remove_leftovers(kernels: &Path) -> Result<()> {
    let entries = fs::read_dir(kernels).map_err(|source| Error::io(kernels, source))?;
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let is_run = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(RUN));
        if is_run && path.is_dir() {
            let lock = path.with_extension("lock");
            let unused = File::open(&lock).is_ok_and(|file| file.try_lock().is_ok());
            if unused || !lock.exists() {
                let _ = fs::remove_dir_all(&path);
                let _ = fs::remove_file(lock);
            }
        }
    }
    Ok(())
}

fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).map_err(|source| Error::io(path, source))?;
    file.lock().map_err(|source| Error::io(path, source))?;
    Ok(file)
}

fn make_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|source| Error::io(path, source))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|source| Error::io(path, source))
}

/// Cargo rebuilds what depends on a file that is newer, even where its text is the same.
fn write_if_changed(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    write(path, text)
}
