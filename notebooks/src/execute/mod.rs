//! Executing a notebook, cell by cell, in a worker process.

mod output;
pub(crate) mod worker;

use crate::document::Document;
use crate::kernel::{KernelFolder, start_as};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What a worker is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// The notebook.
    pub notebook: PathBuf,
    /// Where the executed notebook goes.
    pub output: PathBuf,
    /// Also measure how long cells take that do next to nothing.
    pub measure_latency: bool,
}

/// What a worker reports, one JSON object a line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A cell is about to run.
    Started {
        /// The code cell, counted from 1.
        cell: usize,
        /// How many code cells there are.
        cells: usize,
    },
    /// A cell ran to its end.
    Ended {
        /// The code cell, counted from 1.
        cell: usize,
        /// How many code cells there are.
        cells: usize,
        /// Compilation and run.
        seconds: f64,
    },
    /// A cell failed; the notebook ends here.
    Failed {
        /// The code cell, counted from 1.
        cell: usize,
        /// How many code cells there are.
        cells: usize,
        /// The compiler's words, the panic, or the error.
        problem: String,
    },
    /// How long cells take that do next to nothing, at the notebook's end.
    Latency(Latency),
}

/// Median seconds of a cell that does next to nothing, after the first.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Latency {
    /// A plain cell: `1 + 1`.
    pub plain: f64,
    /// A cell that calls a function of the prelude.
    pub prelude: f64,
}

/// What came of a notebook.
#[derive(Debug, Clone)]
pub struct Execution {
    /// The executed notebook.
    pub output: PathBuf,
    /// Seconds of each code cell that ran.
    pub seconds: Vec<f64>,
    /// Measured where the job asked for it and every cell ran.
    pub latency: Option<Latency>,
}

/// Executes a notebook in a process of its own and writes it with its outputs, also where a cell
/// fails. `progress` hears of every event as it happens.
///
/// # Errors
/// When a cell fails (with the cell's number and its message) or the kernel does.
pub fn execute(
    job: &Job,
    folder: &KernelFolder,
    environment: &[(&str, Option<&str>)],
    progress: &mut dyn FnMut(&Event),
) -> Result<Execution> {
    let directory = job
        .notebook
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let described = serde_json::to_string(job).map_err(|error| Error::Kernel(error.to_string()))?;
    let mut command = start_as("worker", folder, directory)?;
    command
        .env(worker::JOB, described)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut child = command
        .spawn()
        .map_err(|source| Error::io("the kernel's worker process", source))?;
    let mut execution = Execution {
        output: job.output.clone(),
        seconds: Vec::new(),
        latency: None,
    };
    let mut failure = None;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(|line| line.ok()) {
            let Ok(event) = serde_json::from_str::<Event>(&line) else {
                continue;
            };
            progress(&event);
            match event {
                Event::Ended { seconds, .. } => execution.seconds.push(seconds),
                Event::Latency(latency) => execution.latency = Some(latency),
                Event::Failed {
                    cell,
                    cells,
                    problem,
                } => {
                    failure = Some(Error::Cell {
                        path: job.notebook.clone(),
                        cell,
                        cells,
                        problem,
                    });
                }
                Event::Started { .. } => {}
            }
        }
    }
    let status = child
        .wait()
        .map_err(|source| Error::io("the kernel's worker process", source))?;
    match failure {
        Some(failure) => Err(failure),
        None if status.success() => Ok(execution),
        None => Err(Error::Kernel(format!(
            "{}: the worker process ended with {status}",
            job.notebook.display()
        ))),
    }
}

/// The notebooks that a list of names picks; all of the folder where the list is empty.
///
/// # Errors
/// When a name picks none or several.
pub fn pick(folder: &Path, names: &[String]) -> Result<Vec<PathBuf>> {
    if names.is_empty() {
        Document::all(folder)
    } else {
        names
            .iter()
            .map(|name| Document::find(folder, name))
            .collect()
    }
}
