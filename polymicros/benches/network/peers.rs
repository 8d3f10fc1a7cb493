//! PyTorch, in a process of its own.

use crate::THREADS;
use crate::python::{environment, failed};
use polymicros::Result;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The Python process of the other side.
pub struct Peers {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    pub version: String,
}

impl Peers {
    pub fn start() -> Result<Self> {
        let python = environment("peers", &["numpy", "torch"], "import torch")?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/network/unet.py");
        let mut process = Command::new(python)
            .args([script, "--serve"])
            .env("OMP_NUM_THREADS", THREADS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(to), Some(from)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(failed("no pipe to PyTorch"));
        };
        let mut peers = Peers {
            process,
            to,
            from: BufReader::new(from),
            version: String::new(),
        };
        peers.version = peers.line()?;
        Ok(peers)
    }

    pub fn run(&mut self, job: &str) -> Result<f64> {
        writeln!(self.to, "{job}").map_err(failed)?;
        self.to.flush().map_err(failed)?;
        self.line()?.parse().map_err(failed)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.from.read_line(&mut line).map_err(failed)? {
            0 => Err(failed("PyTorch stopped")),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
