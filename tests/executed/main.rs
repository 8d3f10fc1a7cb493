//! Everything that is tested by executing cells: every notebook, the terminal REPL, and the real
//! Jupyter kernel.
//!
//! `UPDATE=1 cargo test --release -p polymicros-tests --test executed` rewrites the outputs that
//! the repository holds.

mod notebooks;
mod repl;

use libtest_mimic::{Arguments, Failed, Trial};
use polymicros_notebooks::document::Document;
use polymicros_notebooks::kernel::{KernelFolder, hook};
use polymicros_notebooks::places::notebooks_dir;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

/// The kernel's folder: made by the first test that needs it.
type SharedFolder = Arc<Mutex<Option<KernelFolder>>>;

fn main() -> ExitCode {
    hook();
    let mut arguments = Arguments::from_args();
    // Two kernels at once would only take each other's processor.
    arguments.test_threads = Some(1);
    let folder = SharedFolder::default();
    let paths = match notebooks_dir().and_then(|folder| Document::all(&folder)) {
        Ok(paths) => paths,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut trials: Vec<Trial> = paths
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = format!("notebook_{name}");
            with_folder(&name, &folder, move |folder| notebooks::run(&path, folder))
        })
        .collect();
    trials.push(with_folder("evcxr_repl", &folder, repl::run));
    trials.push(Trial::test("jupyter_kernel", || {
        println!("{}", polymicros_notebooks::lab::check()?);
        Ok(())
    }));
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The copy of the kernel's folder is removed when dropped, which `exit` would not wait for.
    drop(folder);
    conclusion.exit_code()
}

fn with_folder(
    name: &str,
    shared: &SharedFolder,
    test: impl FnOnce(&KernelFolder) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let shared = Arc::clone(shared);
    Trial::test(name, move || {
        let mut folder = shared.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *folder {
            Some(folder) => test(folder),
            none => test(none.insert(KernelFolder::warm()?)),
        }
    })
}
