//! What the statistics cost, alone or side by side with scipy, PyTorch and scikit-learn.
//!
//! ```text
//! cargo bench -p polymicros --bench statistics              our side
//! cargo bench -p polymicros --bench statistics -- --peers   both sides in turn, and the ratios
//! ```
//!
//! With `--peers` a Python environment is made under `target/peers` if it is not there (numpy,
//! scipy, scikit-learn, and PyTorch, whose packages take 6 GB), and each run of ours is followed by
//! one of each peer, on the same data, with two threads on either side.

mod peers;
#[path = "../python/mod.rs"]
mod python;
#[path = "../served/mod.rs"]
mod served;
#[path = "../times/mod.rs"]
mod times;

use ndarray::{Array2, Array4};
use peers::Peers;
use polymicros::microstructure::{Field, Grid};
use polymicros::statistics::{Pairs, Pca, TwoPoint, Vectors};
use polymicros::{Result, peak_memory};
use python::failed;
use std::cell::RefCell;
use std::time::{Duration, Instant};
use times::{Times, heading};

const THREADS: usize = 2;
const EDGE: usize = 128;
const SAMPLES: usize = 200;
const FEATURES: usize = 3 * 64 * 64 * 64;
const COMPONENTS: usize = 10;

/// What is measured where no result before has left its memory.
const KEPT: &str = "polymicros, all results kept";

fn main() -> Result<()> {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    rayon::ThreadPoolBuilder::new()
        .num_threads(THREADS)
        .build()
        .map_err(failed)?
        .install(|| match () {
            () if has("--peak") => peak(),
            () if has("--peers") => compare(),
            () => alone(),
        })
}

/// A field of three channels that is neither smooth nor white.
fn field() -> Result<Field> {
    let data = Array4::from_shape_fn((3, EDGE, EDGE, EDGE), |(c, x, y, z)| {
        let grain = (x / 9 * 31 + y / 11 * 17 + z / 7 * 13 + c * 5) % 101;
        grain as f32 / 101.0 - 0.4 + 0.1 * ((x + 2 * y + 3 * z) as f32 * 0.37).sin()
    });
    Field::new(Grid::cube(EDGE)?, ["a", "b", "c"], data)
}

/// Vectors with a spectrum that decays, on a mean.
fn vectors() -> Array2<f32> {
    let noise = |i: usize, j: usize| {
        let mix = (i * 0x9E37_79B9 + j + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        ((mix ^ (mix >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 40) as f32 / 16_777_216.0 - 0.5
    };
    Array2::from_shape_fn((SAMPLES, FEATURES), |(i, j)| {
        let strong: f32 = (0..12)
            .map(|k| noise(1000 + k, i) * noise(2000 + k, j) * 6.0 / (1 + k) as f32)
            .sum();
        strong + noise(i, j) + (j % 13) as f32 * 0.1
    })
}

fn correlate(field: &Field) -> Result<TwoPoint> {
    TwoPoint::periodic(field, &Pairs::All)
}

fn decompose(vectors: &Vectors) -> Result<Pca> {
    let mut pca = Pca::fit(vectors)?;
    pca.compute_components(vectors, COMPONENTS)?;
    Ok(pca)
}

fn timed<R>(work: impl FnOnce() -> Result<R>) -> Result<(Duration, R)> {
    let start = Instant::now();
    let result = work()?;
    Ok((start.elapsed(), result))
}

fn alone() -> Result<()> {
    let field = field()?;
    let (mut times, mut kept) = (Times::default(), Times::default());
    let mut all = Vec::new();
    correlate(&field)?;
    for _ in 0..15 {
        times.0.push(timed(|| correlate(&field).map(drop))?.0);
    }
    for _ in 0..15 {
        let (time, made) = timed(|| correlate(&field))?;
        kept.0.push(time);
        all.push(made);
    }
    drop(all);
    heading("six correlations of 3 x 128^3, f32");
    times.row("polymicros", &times);
    kept.row(KEPT, &times);

    let vectors = Vectors::from_rows(vectors())?;
    let (mut fit, mut whole) = (Times::default(), Times::default());
    decompose(&vectors)?;
    for _ in 0..7 {
        fit.0.push(timed(|| Pca::fit(&vectors))?.0);
        whole.0.push(timed(|| decompose(&vectors))?.0);
    }
    heading("PCA of 200 vectors of 3 x 64^3, f32");
    whole.row("polymicros, 10 components", &whole);
    fit.row("polymicros, scores and variances only", &whole);
    report_peak()
}

fn compare() -> Result<()> {
    let (field, matrix) = (field()?, vectors());
    let ours = correlate(&field)?;
    let mut peers = Peers::start(
        &field.data().to_owned().into_dyn(),
        &ours.values().to_owned().into_dyn(),
        &matrix.clone().into_dyn(),
    )?;
    println!("{}", peers.versions);
    println!(
        "largest difference between the correlations: {}",
        peers.difference
    );
    let vectors = Vectors::from_rows(matrix)?;

    heading("six correlations of 3 x 128^3, f32, two threads each");
    let jobs = peers.among(&["scipy", "torch"]);
    let all = RefCell::new(Vec::new());
    let kept = || {
        all.borrow_mut().push(correlate(&field)?);
        Ok(())
    };
    let (mine_kept, _) = in_turn(&mut peers, &[], 15, &[&kept])?;
    drop(all);
    let dropped = || correlate(&field).map(drop);
    let (mine, theirs) = in_turn(&mut peers, &jobs, 15, &[&dropped])?;
    let ours = &mine[0];
    ours.row("polymicros", ours);
    mine_kept[0].row(KEPT, ours);
    for (job, times) in jobs.iter().zip(&theirs) {
        times.row(job, ours);
    }
    heading("PCA of 200 vectors of 3 x 64^3, f32, 10 components, two threads each");
    let jobs = peers.among(&["randomized", "arpack"]);
    let ours = || decompose(&vectors).map(drop);
    let (mine, theirs) = in_turn(&mut peers, &jobs, 7, &[&ours])?;
    let ours = &mine[0];
    ours.row("polymicros (all scores, 10 components)", ours);
    for (job, times) in jobs.iter().zip(&theirs) {
        times.row(&format!("scikit-learn, {job}"), ours);
    }
    println!(
        "scikit-learn, covariance_eigh: not run, its matrix of {FEATURES}^2 needs {:.1} TB",
        (FEATURES as f64).powi(2) * 4.0 / 1e12
    );
    let variance = decompose(&vectors)?.explained_variance()[..3].to_vec();
    println!(
        "first variances: ours {variance:.4?}, scikit-learn {:.4?}",
        peers.variances
    );
    report_peak()
}

/// Runs of each of ours and of each job, one after the other, after one of each that does not count.
fn in_turn(
    peers: &mut Peers,
    jobs: &[String],
    runs: usize,
    ours: &[&dyn Fn() -> Result<()>],
) -> Result<(Vec<Times>, Vec<Times>)> {
    let mut mine = vec![Times::default(); ours.len()];
    let mut theirs = vec![Times::default(); jobs.len()];
    for run in 0..=runs {
        for (work, times) in ours.iter().zip(&mut mine) {
            let time = timed(work)?.0;
            if run > 0 {
                times.0.push(time);
            }
        }
        for (job, times) in jobs.iter().zip(&mut theirs) {
            let time = peers.run(job)?;
            if run > 0 {
                times.0.push(time);
            }
        }
    }
    Ok((mine, theirs))
}

/// Says how much memory a process takes that makes a field and its six correlations.
fn report_peak() -> Result<()> {
    let this = std::env::current_exe().map_err(failed)?;
    let said = std::process::Command::new(this)
        .arg("--peak")
        .output()
        .map_err(failed)?;
    println!("\n{}", String::from_utf8_lossy(&said.stdout).trim_end());
    Ok(())
}

fn peak() -> Result<()> {
    let field = field()?;
    let statistics = correlate(&field)?;
    let size = 4 * (field.data().len() + statistics.values().len());
    match peak_memory().map(|peak| peak as f64) {
        Some(peak) => println!(
            "peak memory of a process with one such call: {:.0} MB, {:.2} times input and output ({:.0} MB)",
            peak / 1e6,
            peak / size as f64,
            size as f64 / 1e6
        ),
        None => println!("peak memory: the system does not tell"),
    }
    Ok(())
}
