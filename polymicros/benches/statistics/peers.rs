//! The Python process that the peers run in.

use super::python::{environment, failed};
use super::served::Served;
use super::times::PAUSE;
use ndarray::ArrayD;
use polymicros::Result;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PACKAGES: [&str; 4] = ["numpy", "scipy", "scikit-learn", "torch"];

pub struct Peers {
    process: Served,
    jobs: Vec<String>,
    /// The versions of what runs.
    pub versions: String,
    /// How far their correlations are from ours.
    pub difference: String,
    /// The first variances of the last decomposition.
    pub variances: Vec<f64>,
    _folder: tempfile::TempDir,
}

impl Peers {
    /// Starts the peers on a field, our correlations of it to compare with, and vectors.
    pub fn start(field: &ArrayD<f32>, ours: &ArrayD<f32>, vectors: &ArrayD<f32>) -> Result<Self> {
        let python = environment("peers", &PACKAGES, "import sklearn, scipy.fft, torch")?;
        let folder = tempfile::tempdir().map_err(failed)?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/statistics/peers.py");
        let mut command = Command::new(python);
        command.arg(script);
        for (name, array) in [("field", field), ("ours", ours), ("vectors", vectors)] {
            let path = folder.path().join(format!("{name}.npy"));
            ndarray_npy::write_npy(&path, array).map_err(failed)?;
            command.arg(path);
        }
        let mut process = Served::start(command, super::THREADS)?;
        let versions = process.line()?;
        let jobs = process.line()?.split(' ').map(str::to_owned).collect();
        let difference = process.line()?;
        Ok(Peers {
            process,
            jobs,
            versions,
            difference,
            variances: Vec::new(),
            _folder: folder,
        })
    }

    /// Those of the jobs that can be run.
    pub fn among(&self, jobs: &[&str]) -> Vec<String> {
        self.jobs
            .iter()
            .filter(|job| jobs.contains(&job.as_str()))
            .cloned()
            .collect()
    }

    /// Runs a job once; the time is the peers' own.
    pub fn run(&mut self, job: &str) -> Result<Duration> {
        std::thread::sleep(PAUSE);
        let line = self.process.ask(job)?;
        let mut numbers = line
            .split(' ')
            .map(|word| word.parse::<f64>().map_err(failed));
        let seconds = numbers.next().unwrap_or_else(|| Err(failed("no time")))?;
        let variances = numbers.collect::<Result<Vec<f64>>>()?;
        if !variances.is_empty() {
            self.variances = variances;
        }
        std::thread::sleep(PAUSE);
        Ok(Duration::from_secs_f64(seconds))
    }
}
