//! A notebook's outputs against those that the repository holds.

use libtest_mimic::Failed;
use polymicros_notebooks::document::Document;
use polymicros_notebooks::execute::{Job, execute};
use polymicros_notebooks::kernel::KernelFolder;
use polymicros_notebooks::places::target_dir;
use std::path::{Path, PathBuf};

/// Executes one notebook and compares; with `UPDATE` set, rewrites instead.
pub(crate) fn run(notebook: &Path, folder: &KernelFolder) -> Result<(), Failed> {
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
        ("POLYMICROS_FOUNDATION", None),
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
    let folder = target_dir()?.join("notebook-tests");
    Ok(folder.join(notebook.file_name().ok_or("a notebook has a name")?))
}
