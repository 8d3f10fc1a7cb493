//! The Python process that PyTorch runs in.

use super::python::{environment, failed};
use ndarray::ArrayD;
use polymicros::Result;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A pause before each run on either side: OpenMP's threads spin for a while after their work, and
/// would be timed against us.
const PAUSE: Duration = Duration::from_millis(250);

pub struct Peer {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
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
        let mut process = command
            .env("OMP_NUM_THREADS", super::THREADS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(to), Some(from)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(failed("no pipe to PyTorch"));
        };
        let mut peer = Peer {
            process,
            to,
            from: BufReader::new(from),
            version: String::new(),
            error: 0.0,
            difference: 0.0,
            memory: [0.0; 2],
            _folder: folder,
        };
        peer.version = peer.line()?;
        let [error, difference, before, most] = peer.numbers()?;
        (peer.error, peer.difference) = (error, difference);
        peer.memory = [before, most];
        Ok(peer)
    }

    /// The time of one gradient.
    pub fn run(&mut self) -> Result<Duration> {
        std::thread::sleep(PAUSE);
        writeln!(self.to, "run").map_err(failed)?;
        let [seconds] = self.numbers()?;
        std::thread::sleep(PAUSE);
        Ok(Duration::from_secs_f64(seconds))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.from.read_line(&mut line).map_err(failed)? {
            0 => Err(failed("PyTorch ended")),
            _ => Ok(line.trim().to_owned()),
        }
    }

    fn numbers<const N: usize>(&mut self) -> Result<[f64; N]> {
        let line = self.line()?;
        let numbers: Vec<f64> = line
            .split(' ')
            .map_while(|word| word.parse().ok())
            .collect();
        numbers
            .try_into()
            .map_err(|_| failed(format!("PyTorch said {line:?}")))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
