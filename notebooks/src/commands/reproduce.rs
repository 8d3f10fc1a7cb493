//! Executes notebooks and reports what came of them.

use super::Progress;
use crate::document::{Document, write_whole};
use crate::execute::{Event, Execution, Job, execute, pick};
use crate::kernel::KernelFolder;
use crate::places::{notebooks_dir, workspace};
use crate::report::{Stated, stated, table, write_page};
use crate::{Error, Result};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The folder for all notebooks.
const OUT: &str = "target/reproduction";

/// What to execute, and where the results go.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// The beginnings of the notebooks' names; all notebooks where empty.
    pub(super) names: Vec<String>,
    /// The folder for executed notebooks and the report.
    pub(super) out: PathBuf,
    /// The user's own files, which the statistics notebook then shows.
    pub(super) files: Vec<PathBuf>,
}

/// Everything.
pub(super) fn all(json: bool) -> Result<()> {
    let plan = Plan {
        names: Vec::new(),
        out: OUT.into(),
        files: Vec::new(),
    };
    run(&plan, json)
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    let out = workspace()?.join(&plan.out);
    let notebooks = pick(&notebooks_dir()?, &plan.names)?;
    let files = absolute(&plan.files)?;
    let folder = KernelFolder::warm()?;
    let mut executions: Vec<(String, Result<Execution>)> = Vec::new();
    for notebook in &notebooks {
        let file_name = notebook.file_name().unwrap_or_default();
        let job = Job {
            notebook: notebook.clone(),
            output: out.join(file_name),
            measure_latency: true,
        };
        // What an earlier run left there must not be taken for this one's.
        remove_if_there(&job.output)?;
        let name = notebook.file_stem().unwrap_or_default().to_string_lossy();
        let mut progress = Progress::new(&name);
        let environment: &[_] = &[("POLYMICROS_FILES", files.as_deref())];
        let environment = if files.is_some() { environment } else { &[] };
        let execution = execute(&job, &folder, environment, &mut |event| match event {
            Event::Started { cell, cells } => progress.say(&format!("cell {cell} of {cells}")),
            Event::Ended {
                cell,
                cells,
                seconds,
            } => progress.keep(&format!("cell {cell} of {cells}  {seconds:.1} s")),
            Event::Failed { cell, cells, .. } => {
                progress.keep(&format!("cell {cell} of {cells}  FAILED"));
            }
            Event::Latency(latency) => progress.keep(&format!(
                "latency: plain cell {:.2} s, prelude cell {:.2} s",
                latency.plain, latency.prelude
            )),
        });
        executions.push((name.into_owned(), execution));
    }
    report(&out, &executions, json)
}

fn remove_if_there(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(path, source))
        }
        _ => Ok(()),
    }
}

/// Notebooks run in another folder: paths are made absolute, and joined as the prelude splits them.
fn absolute(files: &[PathBuf]) -> Result<Option<String>> {
    if files.is_empty() {
        return Ok(None);
    }
    let absolute = files
        .iter()
        .map(|file| {
            file.canonicalize()
                .map_err(|source| Error::io(file, source))
        })
        .collect::<Result<Vec<_>>>()?;
    let joined = std::env::join_paths(absolute)
        .map_err(|error| Error::Usage(format!("a file's name holds a colon: {error}")))?;
    joined
        .into_string()
        .map(Some)
        .map_err(|_| Error::Usage("a file's name is not valid UTF-8".into()))
}

fn report(out: &Path, executions: &[(String, Result<Execution>)], as_json: bool) -> Result<()> {
    let mut documents = Vec::new();
    let mut figures: Vec<(String, Stated)> = Vec::new();
    let mut summary = Vec::new();
    for (name, execution) in executions {
        let path = out.join(format!("{name}.ipynb"));
        if let Ok(document) = Document::open(&path) {
            figures.extend(stated(&document).into_iter().map(|f| (name.clone(), f)));
            documents.push(document);
        }
        summary.push(match execution {
            Ok(execution) => json!({
                "notebook": name,
                "cells": execution.seconds.len(),
                "seconds": execution.seconds.iter().sum::<f64>(),
                "latency": execution.latency,
            }),
            Err(error) => json!({ "notebook": name, "failed": error.to_string() }),
        });
    }
    let page = out.join("report.html");
    write_page(&page, &documents, &figures)?;
    let listed: Vec<_> = figures
        .iter()
        .map(|(notebook, f)| {
            json!({"notebook": notebook, "name": f.name, "paper": f.paper, "here": f.here,
                   "note": f.note})
        })
        .collect();
    let summary = json!({ "notebooks": summary, "figures": listed });
    let text =
        serde_json::to_string_pretty(&summary).map_err(|error| Error::Kernel(error.to_string()))?;
    write_whole(&out.join("summary.json"), text.as_bytes())?;
    if as_json {
        println!("{text}");
    } else {
        println!("{}", table(&figures));
        println!("report: {}", page.display());
    }
    let failures: Vec<String> = executions
        .iter()
        .filter_map(|(_, execution)| Some(execution.as_ref().err()?.to_string()))
        .collect();
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Error::Usage(format!(
            "{} of {} notebooks failed\n{}",
            failures.len(),
            executions.len(),
            failures.join("\n")
        )))
    }
}
