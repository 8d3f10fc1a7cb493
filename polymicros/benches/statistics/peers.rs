//! The Python process that the peers run in.

use super::python::{environment, failed};
use ndarray::ArrayD;
use polymicros::Result;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

const PACKAGES: [&str; 4] = ["numpy", "scipy", "scikit-learn", "torch"];

/// A pause before each run on either side: OpenMP's threads spin for a while after their work, and
/// would be timed against us.
const PAUSE: Duration = Duration::from_millis(250);

pub struct Peers {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
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
        // Some environments pin OpenBLAS to old kernels; the peers shall have its best ones.
        let mut process = command
            .env_remove("OPENBLAS_CORETYPE")
            .env_remove("OPENBLAS_L2_SIZE")
            .env("OPENBLAS_NUM_THREADS", super::THREADS.to_string())
            .env("OMP_NUM_THREADS", super::THREADS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(to), Some(from)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(failed("no pipe to the peers"));
        };
        let mut peers = Peers {
            process,
            to,
            from: BufReader::new(from),
            jobs: Vec::new(),
            versions: String::new(),
            difference: String::new(),
            variances: Vec::new(),
            _folder: folder,
        };
        peers.versions = peers.line()?;
        peers.jobs = peers.line()?.split(' ').map(str::to_owned).collect();
        peers.difference = peers.line()?;
        Ok(peers)
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
        writeln!(self.to, "{job}").map_err(failed)?;
        self.to.flush().map_err(failed)?;
        let line = self.line()?;
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

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.from.read_line(&mut line).map_err(failed)? {
            0 => Err(failed("the peers stopped")),
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
