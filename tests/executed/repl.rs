//! The terminal REPL `evcxr`, driven with the prelude as a user would.

use libtest_mimic::Failed;
use polymicros_notebooks::kernel::KernelFolder;
use polymicros_notebooks::places::{notebooks_dir, workspace};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// One line of set-up, a volume, a table, a picture.
const TYPED: &str = r#":dep polymicros-prelude = { path = "../prelude", features = ["tables"] }
use polymicros_prelude::*;
let volume = StandIn::Recrystallised.generate([24, 24, 24], 1)?;
grain_table(&[volume.clone()])?
ipf_cube(&volume, "typed")?
"#;

pub(crate) fn run(folder: &KernelFolder) -> Result<(), Failed> {
    let mut command = Command::new(build_repl()?);
    command
        .arg("--disable-readline")
        .current_dir(notebooks_dir()?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    folder.give_to(&mut command)?;
    let mut repl = command.spawn()?;
    let mut stdin = repl.stdin.take().ok_or("the REPL has a standard input")?;
    stdin.write_all(TYPED.as_bytes())?;
    // End of input ends the REPL.
    drop(stdin);
    let output = repl.wait_with_output()?;
    let shown = String::from_utf8_lossy(&output.stdout);
    for expected in ["mean neighbours", "recrystallised", "Picture"] {
        if !shown.contains(expected) {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(format!("`{expected}` is missing in:\n{shown}\n{errors}").into());
        }
    }
    Ok(())
}

/// The packages are named so that the REPL is built with the very features, and so from the very
/// artefacts, that `cargo test` has just built.
fn build_repl() -> Result<PathBuf, Failed> {
    let workspace = workspace()?;
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--bin", "evcxr"])
        .args(["-p", "polymicros", "-p", "polymicros-prelude"])
        .args(["-p", "polymicros-tables", "-p", "polymicros-notebooks"])
        .args(["-p", "polymicros-tests", "-p", "evcxr_repl"])
        .current_dir(&workspace)
        .status()?;
    if !built.success() {
        return Err("the terminal REPL does not build".into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| workspace.join("target"));
    Ok(target.join("release/evcxr"))
}
