//! Executes every notebook and compares its outputs with those that the repository holds.
//!
//! `UPDATE=1 cargo test --release -p polymicros-tests --test notebooks` rewrites them.

use libtest_mimic::{Arguments, Failed, Trial};
use polymicros_notebooks::document::Document;
use polymicros_notebooks::execute::{Job, execute};
use polymicros_notebooks::kernel::{KernelFolder, hook};
use polymicros_notebooks::places::notebooks_dir;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

fn main() -> ExitCode {
    hook();
    let mut arguments = Arguments::from_args();
    // Two notebooks at once would only take each other's processor.
    arguments.test_threads = Some(1);
    let folder: Arc<Mutex<Option<KernelFolder>>> = Arc::default();
    let notebooks = match notebooks_dir().and_then(|folder| Document::all(&folder)) {
        Ok(notebooks) => notebooks,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let trials = notebooks
        .into_iter()
        .map(|notebook| {
            let folder = Arc::clone(&folder);
            let name = notebook.file_stem().unwrap_or_default().to_string_lossy();
            Trial::test(name.into_owned(), move || run(&notebook, &folder))
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The copy of the kernel's folder is removed when dropped, which `exit` would not wait for.
    drop(folder);
    conclusion.exit_code()
}

fn run(notebook: &Path, folder: &Mutex<Option<KernelFolder>>) -> Result<(), Failed> {
    let mut folder = folder.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = match &mut *folder {
        Some(folder) => folder,
        none => none.insert(KernelFolder::warm()?),
    };
    let output = scratch(notebook)?;
    let job = Job {
        notebook: notebook.to_owned(),
        output: output.clone(),
        measure_latency: false,
    };
    // The outputs in the repository must not depend on what the machine happens to have.
    let environment = [
        ("POLYMICROS_DATA", None),
        ("POLYMICROS_FILES", None),
        ("POLYMICROS_SCALE", None),
    ];
    execute(&job, folder, &environment, &mut |_| {})?;
    let mut executed = Document::open(&output)?;
    if std::env::var_os("UPDATE").is_some() {
        executed.save(notebook)?;
        return Ok(());
    }
    compare(&Document::open(notebook)?, &executed)
}

fn compare(expected: &Document, found: &Document) -> Result<(), Failed> {
    let as_json = |outputs: &[nbformat::v4::Output]| {
        outputs
            .iter()
            .map(serde_json::to_value)
            .collect::<Result<Vec<_>, _>>()
    };
    let mut differences = Vec::new();
    let code = expected.code();
    let cells = expected.outputs().into_iter().zip(found.outputs());
    for (index, (expected, found)) in cells.enumerate() {
        let (expected, found) = (as_json(expected)?, as_json(found)?);
        if let Some(difference) = polymicros_tests::difference(&expected, &found) {
            let first_line = code[index].lines().next().unwrap_or_default();
            differences.push(format!("cell {} (`{first_line}`): {difference}", index + 1));
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} differs from what the repository holds:\n{}\nexecuted: {}\nIf the new outputs are \
         right, run again with UPDATE=1.",
        expected.path().display(),
        differences.join("\n"),
        found.path().display()
    )
    .into())
}

fn scratch(notebook: &Path) -> Result<PathBuf, Failed> {
    let folder = polymicros_notebooks::places::target_dir()?.join("notebook-tests");
    Ok(folder.join(notebook.file_name().ok_or("a notebook has a name")?))
}
