//! The Python process that PyTorch runs in.

use super::python::{environment, failed};
use super::served::Served;
use super::times::PAUSE;
use ndarray::ArrayD;
use polymicros::Result;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub struct Peer {
    process: Served,
    pub version: String,
    /// The mismatch that it finds.
    pub error: f64,
    /// The largest difference of the gradients over the largest value of ours.
    pub difference: f64,
    /// Resident memory in MiB: before the first gradient, and the most up to its end.
    pub memory: [f64; 2],
    _folder: tempfile::TempDir,
}

impl Peer {
    /// Starts it on a field, the target's planes, and our gradient.
    pub fn start(arrays: &[ArrayD<f32>]) -> Result<Self> {
        let python = environment("peers", &["numpy", "torch"], "import numpy, torch")?;
        let folder = tempfile::tempdir().map_err(failed)?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/sections/autograd.py");
        let mut command = Command::new(python);
        command.arg(script);
        for (index, array) in arrays.iter().enumerate() {
            let path = folder.path().join(format!("{index}.npy"));
            ndarray_npy::write_npy(&path, array).map_err(failed)?;
            command.arg(path);
        }
        let mut process = Served::start(command, super::THREADS)?;
        let version = process.line()?;
        let [error, difference, before, most] = numbers(&process.line()?)?;
        Ok(Peer {
            process,
            version,
            error,
            difference,
            memory: [before, most],
            _folder: folder,
        })
    }

    /// The time of one gradient.
    pub fn run(&mut self) -> Result<Duration> {
        std::thread::sleep(PAUSE);
        let [seconds] = numbers(&self.process.ask("run")?)?;
        std::thread::sleep(PAUSE);
        Ok(Duration::from_secs_f64(seconds))
    }
}

fn numbers<const N: usize>(line: &str) -> Result<[f64; N]> {
    let numbers: Vec<f64> = line
        .split(' ')
        .map_while(|word| word.parse().ok())
        .collect();
    numbers
        .try_into()
        .map_err(|_| failed(format!("PyTorch said {line:?}")))
}
