//! What a random field costs, alone or beside the plain way in PyTorch.
//!
//! ```text
//! cargo bench -p polymicros --bench random_field              our side
//! cargo bench -p polymicros --bench random_field -- --peers   PyTorch as well, and the ratio
//! ```
//!
//! One field of three channels at 128^3, from its parameters: kernel and Algorithm 1. With
//! `--peers` a Python environment is made under `target/peers` if it is not there (PyTorch's
//! packages take 6 GB). Two threads on either side.

#[path = "../python/mod.rs"]
mod python;

use ndarray::Array1;
use polymicros::microstructure::{Field, Grid};
use polymicros::random_field::{
    Acceptance, Bounds, Design, Images, Mogrf, MosmKernel, MosmParameters, Sampler,
};
use polymicros::statistics::Pairs;
use polymicros::{Result, peak_memory};
use python::{environment, failed};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const THREADS: usize = 2;
const EDGE: usize = 128;
const RUNS: usize = 15;
const SETS: usize = 2000;
/// The paper's, on an A100.
const PAPER_SECONDS: f64 = 1.5;
const PACKAGES: [&str; 4] = ["numpy", "scipy", "scikit-learn", "torch"];

fn main() -> Result<()> {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    rayon::ThreadPoolBuilder::new()
        .num_threads(THREADS)
        .build()
        .map_err(failed)?
        .install(|| match () {
            () if has("--peak") => peak(),
            () => compare(has("--peers")),
        })
}

fn parameters() -> Result<MosmParameters> {
    let design = Design::draw(&Bounds::paper(), &Acceptance::default(), 1, 1)?;
    Ok(design.parameters[0].clone())
}

/// From parameters to field.
fn field(
    parameters: &MosmParameters,
    sampler: Sampler,
    images: Images,
    seed: u64,
) -> Result<Field> {
    let kernel = MosmKernel::new(parameters)?;
    Mogrf::of_kernel(&kernel, &Grid::cube(EDGE)?, images)?.sample(sampler, seed)
}

/// Seconds of some runs after one that does not count, in ascending order.
fn timed<R>(runs: usize, work: impl Fn(u64) -> Result<R>) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for run in 0..=runs {
        let start = Instant::now();
        let result = work(run as u64)?;
        let time = start.elapsed().as_secs_f64();
        drop(result);
        if run > 0 {
            times.push(time);
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn row(name: &str, times: &[f64]) {
    let ms = |seconds: Option<&f64>| format!("{:.1} ms", seconds.map_or(f64::NAN, |s| s * 1e3));
    println!(
        "{name:<52} {:>10} {:>10}",
        ms(times.first()),
        ms(times.get(times.len() / 2))
    );
}

fn compare(peers: bool) -> Result<()> {
    let set = parameters()?;
    println!(
        "{:<52} {:>10} {:>10}",
        "3 x 128^3, from parameters to field", "least", "median"
    );
    let ours = timed(RUNS, |seed| {
        field(&set, Sampler::Algorithm1, Images::All, seed)
    })?;
    row("polymicros, Algorithm 1", &ours);
    let nearest = timed(RUNS, |seed| {
        field(&set, Sampler::Algorithm1, Images::Nearest, seed)
    })?;
    row("polymicros, Algorithm 1, nearest images alone", &nearest);
    let full = timed(RUNS, |seed| field(&set, Sampler::Full, Images::All, seed))?;
    row("polymicros, full sampler", &full);
    let design = timed(5, |seed| {
        Design::draw(&Bounds::paper(), &Acceptance::default(), SETS, seed)
    })?;
    row(
        &format!("{SETS} accepted parameter sets, without fields"),
        &design,
    );
    println!("the paper's field takes {PAPER_SECONDS} s on an A100");
    if peers {
        let (said, theirs) = plain_way(&set)?;
        row("PyTorch, the plain way", &theirs);
        println!("{said}");
        let median = |times: &[f64]| times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
        println!(
            "the plain way takes {:.1} times as long as Algorithm 1 here ({:.1} by the medians)",
            theirs.first().copied().unwrap_or(f64::NAN) / ours.first().copied().unwrap_or(f64::NAN),
            median(&theirs) / median(&ours)
        );
    }
    let this = std::env::current_exe().map_err(failed)?;
    let told = Command::new(this).arg("--peak").output().map_err(failed)?;
    print!("{}", String::from_utf8_lossy(&told.stdout));
    Ok(())
}

/// What PyTorch says, and its seconds in ascending order. It compares its covariances with ours.
fn plain_way(set: &MosmParameters) -> Result<(String, Vec<f64>)> {
    let python = environment("peers", &PACKAGES, "import sklearn, scipy.fft, torch")?;
    let folder = tempfile::tempdir().map_err(failed)?;
    let at = |name: &str| folder.path().join(name);
    let kernel = MosmKernel::new(set)?;
    let maps = kernel.covariance(&Grid::cube(EDGE)?, &Pairs::WithFirst, Images::Nearest)?;
    ndarray_npy::write_npy(at("set.npy"), &Array1::from(set.to_vector())).map_err(failed)?;
    ndarray_npy::write_npy(at("ours.npy"), &maps.values().to_owned()).map_err(failed)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/random_field/peers.py");
    let output = Command::new(python)
        .arg(script)
        .args([at("set.npy"), at("ours.npy")])
        .args([THREADS, EDGE, RUNS].map(|number| number.to_string()))
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(failed)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let said = lines.next().unwrap_or_default().to_owned();
    let times = lines.next().unwrap_or_default().split(' ');
    let mut times = times
        .map(|word| word.parse().map_err(failed))
        .collect::<Result<Vec<f64>>>()?;
    times.sort_by(f64::total_cmp);
    Ok((said, times))
}

/// How much memory a process takes that makes one field.
fn peak() -> Result<()> {
    let made = field(&parameters()?, Sampler::Algorithm1, Images::All, 1)?;
    let size = 4.0 * made.data().len() as f64;
    match peak_memory().map(|peak| peak as f64) {
        Some(peak) => println!(
            "peak memory of a process that makes one: {:.0} MB, {:.2} times the field ({:.0} MB)",
            peak / 1e6,
            peak / size,
            size / 1e6
        ),
        None => println!("peak memory: the system does not tell"),
    }
    Ok(())
}
