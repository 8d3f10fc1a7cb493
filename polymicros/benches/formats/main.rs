//! What reading a stack of `.ang` slices costs, alone or side by side with numpy and orix.
//!
//! ```text
//! cargo bench -p polymicros --bench formats              our side
//! cargo bench -p polymicros --bench formats -- --peers   both sides in turn, and the ratios
//! ```
//!
//! The stack, 100 slices of 200 x 200 points, is written into a temporary folder. Each run is a
//! process of its own, which times the reading alone and tells the most memory it held; runs of the
//! sides follow each other. We read with two threads; numpy's `loadtxt` and orix have one each. With
//! `--peers` a Python environment is made under `target/format_peers` if it is not there (200 MB).

#[path = "../python/mod.rs"]
mod python;
mod stack;

use polymicros::microstructure::Microstructure;
use polymicros::microstructure::format::numbered_slices;
use polymicros::{Error, Result, peak_memory};
use python::{environment, failed};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const THREADS: usize = 2;
const RUNS: usize = 5;
const PACKAGES: [&str; 2] = ["numpy", "orix"];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().position(|argument| argument == "--once") {
        Some(at) => once(Path::new(arguments.get(at + 1).map_or("", String::as_str))),
        None => compare(arguments.iter().any(|argument| argument == "--peers")),
    }
}

/// One reader, and what its runs said.
struct Side {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<PathBuf>,
    runs: Vec<Run>,
}

/// What one process says: seconds, peak memory in bytes, bytes of the result, the sum of the image
/// quality over all points.
#[derive(Clone, Copy)]
struct Run {
    seconds: f64,
    peak: f64,
    result: f64,
    sum: f64,
}

impl Side {
    fn run(&self, folder: &Path) -> Result<Run> {
        // Some environments pin OpenBLAS to old kernels; nothing here needs them.
        let output = Command::new(&self.program)
            .args(&self.arguments)
            .arg(folder)
            .env_remove("OPENBLAS_CORETYPE")
            .env_remove("OPENBLAS_L2_SIZE")
            .output()
            .map_err(failed)?;
        let (said, complaint) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        let line = said.lines().last().unwrap_or_default();
        let numbers: Vec<f64> = line
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        match numbers[..] {
            [seconds, peak, result, sum] => Ok(Run {
                seconds,
                peak,
                result,
                sum,
            }),
            _ => Err(failed(format!("{}: {said}{complaint}", self.name))),
        }
    }

    fn seconds(&self) -> Vec<f64> {
        let mut seconds: Vec<f64> = self.runs.iter().map(|run| run.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        seconds
    }

    fn median(&self) -> f64 {
        let seconds = self.seconds();
        seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

fn compare(peers: bool) -> Result<()> {
    let folder = tempfile::tempdir().map_err(failed)?;
    let bytes = stack::write(folder.path())?;
    println!(
        "{} slices of {} x {} points, {:.0} MB of text",
        stack::SLICES,
        stack::EDGE,
        stack::EDGE,
        bytes as f64 / 1e6
    );
    let mut sides = vec![Side {
        name: "polymicros",
        program: std::env::current_exe().map_err(failed)?,
        arguments: vec!["--once".into()],
        runs: Vec::new(),
    }];
    if peers {
        let python = environment("format_peers", &PACKAGES, "import numpy, orix.io")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/formats/peers.py");
        for (name, job) in [("numpy.loadtxt", "loadtxt"), ("orix.io.load", "orix")] {
            sides.push(Side {
                name,
                program: python.clone(),
                arguments: vec![script.clone(), job.into()],
                runs: Vec::new(),
            });
        }
    }
    // The first round does not count: it brings the files into the system's cache.
    for round in 0..=RUNS {
        for side in &mut sides {
            let run = side.run(folder.path())?;
            if round > 0 {
                side.runs.push(run);
            }
        }
    }
    report(&sides)
}

fn report(sides: &[Side]) -> Result<()> {
    println!(
        "\n{:<16} {:>9} {:>9} {:>14} {:>10} {:>10} {:>14}",
        "", "least", "median", "median / ours", "peak", "result", "peak / result"
    );
    let ours = sides[0].median();
    let expected = sides[0].runs[0].sum;
    for side in sides {
        let most = |what: fn(&Run) -> f64| side.runs.iter().map(what).fold(0.0, f64::max);
        let (peak, result) = (most(|run| run.peak), most(|run| run.result));
        println!(
            "{:<16} {:>7.2} s {:>7.2} s {:>14.2} {:>7.0} MB {:>7.0} MB {:>14.2}",
            side.name,
            side.seconds().first().copied().unwrap_or(f64::NAN),
            side.median(),
            side.median() / ours,
            peak / 1e6,
            result / 1e6,
            peak / result
        );
        if side
            .runs
            .iter()
            .any(|run| (run.sum / expected - 1.0).abs() > 1e-5)
        {
            let problem = format!("{} and {} read other numbers", sides[0].name, side.name);
            return Err(failed(problem));
        }
    }
    let fastest = sides[1..].iter().map(Side::median).reduce(f64::min);
    if let Some(fastest) = fastest {
        println!(
            "\n{:.2} times as fast as the faster of the others",
            fastest / ours
        );
    }
    Ok(())
}

/// Reads the stack once and says what it took.
fn once(folder: &Path) -> Result<()> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(THREADS)
        .build_global()
        .map_err(failed)?;
    let start = Instant::now();
    let slices = numbered_slices(folder, "ang")?;
    let volume = Microstructure::open_stack(&slices, stack::STEP)?;
    let seconds = start.elapsed().as_secs_f64();
    let quality = volume
        .properties()
        .get("image quality")
        .ok_or_else(|| Error::value("stack", "no image quality"))?;
    let sum: f64 = quality.iter().map(|&value| f64::from(value)).sum();
    let numbers = 4 * (volume.euler().len() + volume.properties().len() * quality.len());
    let result = numbers + volume.phase().len() + volume.mask().len();
    let peak = peak_memory().unwrap_or(0);
    println!("{seconds} {peak} {result} {sum}");
    Ok(())
}
