//! What the network costs, alone or side by side with PyTorch.
//!
//! ```text
//! cargo bench -p polymicros --bench network              our side
//! cargo bench -p polymicros --bench network -- --peers   both sides in turn, and the ratios
//! ```
//!
//! With `--peers` a Python environment with PyTorch is made under `target/peers` if it is not
//! there. The same network (`unet.py` beside this file) runs on either side, with two threads and
//! in f32, each run of ours followed by one of theirs.

mod jobs;
mod peers;
#[path = "../python/mod.rs"]
mod python;
#[path = "../served/mod.rs"]
mod served;

use faer::Mat;
use peers::Peers;
use polymicros::Result;
use python::failed;
use std::time::{Duration, Instant};

const THREADS: usize = 2;

/// A pause before each run: OpenMP's threads spin for a while after their work.
const PAUSE: Duration = Duration::from_millis(250);

fn main() -> Result<()> {
    let with_peers = std::env::args().any(|argument| argument == "--peers");
    rayon::ThreadPoolBuilder::new()
        .num_threads(THREADS)
        .build_global()
        .map_err(failed)?;
    let mut peers = with_peers.then(Peers::start).transpose()?;
    let mut peak = product_rate();
    println!("a product of matrices by faer: {:.0} GFLOP/s", peak / 1e9);
    if let Some(peers) = &mut peers {
        let seconds = middle(
            (0..6)
                .map(|_| peers.run("product 3000"))
                .collect::<Result<_>>()?,
        );
        let rate = 2.0 * 3000f64.powi(3) / seconds;
        println!("by {}: {:.0} GFLOP/s", peers.version, rate / 1e9);
        peak = peak.max(rate);
    }
    println!(
        "{:<44} {:>11} {:>11} {:>7} {:>8} {:>8}",
        "median of runs in turn, two threads each",
        "polymicros",
        "PyTorch",
        "ratio",
        "GFLOP/s",
        "of peak"
    );
    for (job, runs) in jobs::jobs() {
        let mut work = job.prepare()?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for run in 0..=runs {
            std::thread::sleep(PAUSE);
            let start = Instant::now();
            work()?;
            let seconds = start.elapsed().as_secs_f64();
            if let Some(peers) = &mut peers {
                std::thread::sleep(PAUSE);
                let peer = peers.run(&job.for_peers())?;
                if run > 0 {
                    theirs.push(peer);
                }
            }
            if run > 0 {
                ours.push(seconds);
            }
        }
        let (ours, theirs) = (middle(ours), middle(theirs));
        let rate = job.operations() / ours;
        println!(
            "{:<44} {:>8.1} ms {:>8.1} ms {:>7.2} {:>8.0} {:>6.0} %",
            job.name(),
            1e3 * ours,
            1e3 * theirs,
            theirs / ours,
            rate / 1e9,
            100.0 * rate / peak
        );
    }
    Ok(())
}

/// Operations a second of a large matrix product: what this machine can do at its best.
fn product_rate() -> f64 {
    const N: usize = 2048;
    let a = Mat::<f32>::from_fn(N, N, |i, j| (0.1 * (i + 2 * j) as f32).sin());
    let times = (0..6).map(|_| {
        let start = Instant::now();
        std::hint::black_box(&a * &a);
        start.elapsed().as_secs_f64()
    });
    2.0 * (N as f64).powi(3) / times.fold(f64::INFINITY, f64::min)
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
