//! A dataset whose process is killed again and again, beside one that nothing disturbs.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Structures without weights are random fields, which take no time.
const SETTINGS: &str = "count = 14\nedge = 48\nseed = 3\nencoding = \"codes\"\n\
    models = [{ name = \"first\" }, { name = \"second\", mean = [0.0, 0.1, 0.0] }]\n";

/// Longer than any step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

struct Made {
    folder: tempfile::TempDir,
}

impl Made {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("dataset.toml"), SETTINGS).unwrap();
        Made { folder }
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_polymicros"));
        command
            .args(["generate", "--config", "dataset.toml", "--out", "out"])
            .args(arguments)
            .current_dir(self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output
    }

    fn records(&self) -> usize {
        let names = std::fs::read_dir(self.out().join("records"));
        names.map_or(0, |names| {
            let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            names.filter(|name| name.ends_with(".json")).count()
        })
    }

    /// Starts, and comes back when one more structure is there.
    fn until_one_more(&self) -> Child {
        let before = self.records();
        let mut child = self
            .command(&["--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while self.records() == before {
            assert!(start.elapsed() < PATIENCE, "no structure was made");
            assert!(child.try_wait().unwrap().is_none(), "it ended too early");
            std::thread::sleep(Duration::from_millis(1));
        }
        child
    }
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap().to_owned();
                    all.insert(name, std::fs::read(path).unwrap());
                }
            }
        }
    }
    all
}

#[test]
fn killed_interrupted_and_in_parts_it_has_the_same_bytes() {
    let undisturbed = Made::new();
    undisturbed.run(&[]);

    let killed = Made::new();
    for kill in 0..5u64 {
        let mut child = killed.until_one_more();
        // Somewhere in the next structure, or between two of its files.
        std::thread::sleep(Duration::from_micros(700 * kill * kill));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!((5..14).contains(&killed.records()), "{}", killed.records());

    // Ctrl-C ends it in order.
    let child = killed.until_one_more();
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("\"complete\":false"), "{said}");

    // The rest in parts, on one thread.
    for part in ["2/2", "1/2"] {
        let mut command = killed.command(&["--shard", part]);
        assert!(
            command
                .env("RAYON_NUM_THREADS", "1")
                .status()
                .unwrap()
                .success()
        );
    }
    let (expected, found) = (contents(&undisturbed.out()), contents(&killed.out()));
    let names = |all: &BTreeMap<PathBuf, Vec<u8>>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&expected), names(&found));
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "{} differs", name.display());
    }
}

#[test]
fn a_damaged_dataset_is_told_and_repaired() {
    let made = Made::new();
    made.run(&["--limit", "13"]);
    let check = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_polymicros"))
            .args(["dataset", "check", "out", "--json"])
            .args(arguments)
            .current_dir(made.folder.path())
            .output()
            .unwrap()
    };
    let told = check(&[]);
    assert_eq!(told.status.code(), Some(1));
    let said: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(said["structures"][0]["structure"], 13);
    assert_eq!(said["structures"][0]["fault"], "missing");
    let told = check(&["--repair"]);
    assert!(told.status.success(), "{told:?}");
    let said: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(
        (&said["repaired"], &said["sound"]),
        (&1.into(), &true.into())
    );
    let undisturbed = Made::new();
    undisturbed.run(&[]);
    assert!(contents(&undisturbed.out()) == contents(&made.out()));
}
