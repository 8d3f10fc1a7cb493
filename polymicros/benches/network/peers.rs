//! PyTorch, in a process of its own.

use crate::THREADS;
use crate::python::{environment, failed};
use crate::served::Served;
use polymicros::Result;
use std::process::Command;

/// The Python process of the other side.
pub struct Peers {
    process: Served,
    pub version: String,
}

impl Peers {
    pub fn start() -> Result<Self> {
        let python = environment("peers", &["numpy", "torch"], "import torch")?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/network/unet.py");
        let mut command = Command::new(python);
        command.args([script, "--serve"]);
        let mut process = Served::start(command, THREADS)?;
        let version = process.line()?;
        Ok(Peers { process, version })
    }

    pub fn run(&mut self, job: &str) -> Result<f64> {
        self.process.ask(job)?.parse().map_err(failed)
    }
}
