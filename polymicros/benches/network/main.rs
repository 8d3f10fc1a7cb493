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

#[path = "../python/mod.rs"]
mod python;

use dfdx::prelude::{Cpu, TensorFromVec, Trace};
use polymicros::Result;
use polymicros::diffusion::{Batch, Preconditioning};
use polymicros::network::convolution::{Convolution, ConvolutionKernel};
use polymicros::network::tensor::{Filter, Vector, Volume};
use polymicros::network::{Padding, UNet, UNetConfig};
use polymicros::training::{AdamW, Objective};
use python::{environment, failed};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const THREADS: usize = 2;

/// A pause before each run: OpenMP's threads spin for a while after their work.
const PAUSE: Duration = Duration::from_millis(250);

/// A piece of work that both sides know.
enum Job {
    Forward { edge: usize, batch: usize },
    Step { edge: usize, batch: usize },
    Convolve { channels: usize, edge: usize },
    ConvolveBack { channels: usize, edge: usize },
}

impl Job {
    /// As `unet.py --serve` understands it.
    fn for_peers(&self) -> String {
        match self {
            Job::Forward { edge, batch } => format!("forward 16 1,2,4 {edge} {batch}"),
            Job::Step { edge, batch } => format!("step 16 1,2,4 {edge} {batch}"),
            Job::Convolve { channels, edge } => format!("conv {channels} {channels} {edge}"),
            Job::ConvolveBack { channels, edge } => {
                format!("conv-back {channels} {channels} {edge}")
            }
        }
    }

    fn name(&self) -> String {
        match self {
            Job::Forward { edge, batch } => format!("network, forward, {edge}^3, batch {batch}"),
            Job::Step { edge, batch } => format!("network, training step, {edge}^3, batch {batch}"),
            Job::Convolve { channels, edge } => {
                format!("convolution {channels} to {channels}, {edge}^3")
            }
            Job::ConvolveBack { channels, edge } => {
                format!("convolution {channels} to {channels}, {edge}^3, and back")
            }
        }
    }

    /// Multiplications and additions, where they are easily counted.
    fn operations(&self) -> Option<f64> {
        let of = |channels: &usize, edge: &usize| {
            54.0 * (channels * channels) as f64 * (edge * edge * edge) as f64
        };
        match self {
            Job::Convolve { channels, edge } => Some(of(channels, edge)),
            Job::ConvolveBack { channels, edge } => Some(3.0 * of(channels, edge)),
            _ => None,
        }
    }

    fn prepare(&self) -> Result<Box<dyn FnMut() -> Result<()>>> {
        let device = Cpu::default();
        match *self {
            Job::Forward { edge, batch } => {
                let network = UNet::initial(UNetConfig::desk(), 1, &device)?;
                Ok(Box::new(move || {
                    let x = device.tensor_from_vec(
                        numbers(batch * edge.pow(3) * 3),
                        [batch, edge, edge, edge, 3],
                    );
                    let t = device.tensor_from_vec(vec![0.0; batch], (batch,));
                    network.forward(x, t, Padding::Replicate).map(drop)
                }))
            }
            Job::Step { edge, batch } => {
                let mut network = UNet::initial(UNetConfig::desk(), 1, &device)?;
                let mut values = network.parameters().values();
                let mut optimiser = AdamW::new(values.iter().map(Vec::len), 0.01);
                let clean = Batch::from_elem((batch, 3, edge, edge, edge), 0.1);
                let objective = Objective {
                    preconditioning: Preconditioning::default(),
                    padding: Padding::Replicate,
                };
                let mut place = 0;
                Ok(Box::new(move || {
                    place += 1;
                    let (_, mut found) = objective.gradients(&network, &clean, 1, place)?;
                    let gradients = (0..values.len())
                        .map(|index| network.parameters().gradient(index, &mut found))
                        .collect::<Result<Vec<_>>>()?;
                    optimiser.step(&mut values, &gradients, 1e-4);
                    for (index, values) in values.iter().enumerate() {
                        network.parameters_mut().set(index, values);
                    }
                    Ok(())
                }))
            }
            Job::Convolve { channels, edge } => {
                let (x, weight, bias) = convolution(&device, channels, edge);
                Ok(Box::new(move || {
                    let (x, weight) = (x.clone(), weight.clone());
                    Cpu::convolution(x, None, weight, bias.clone(), PLAIN).map(drop)
                }))
            }
            Job::ConvolveBack { channels, edge } => {
                let (x, weight, bias) = convolution(&device, channels, edge);
                Ok(Box::new(move || {
                    use dfdx::prelude::{Backward, SumTo};
                    let (x, weight) = (x.leaky_trace(), weight.leaky_trace());
                    let y = Cpu::convolution(x, None, weight, bias.clone(), PLAIN)?;
                    drop(
                        y.sum::<(), dfdx::prelude::Axes5<0, 1, 2, 3, 4>>()
                            .backward(),
                    );
                    Ok(())
                }))
            }
        }
    }
}

const PLAIN: Convolution = Convolution {
    padding: Padding::Replicate,
    upsample: false,
};

fn convolution(
    device: &Cpu,
    channels: usize,
    edge: usize,
) -> (Volume<Cpu>, Filter<Cpu>, Vector<Cpu>) {
    let x = numbers(channels * edge.pow(3));
    let weight = numbers(27 * channels * channels);
    (
        device.tensor_from_vec(x, [1, edge, edge, edge, channels]),
        device.tensor_from_vec(weight, [channels, channels, 3, 3, 3]),
        device.tensor_from_vec(numbers(channels), (channels,)),
    )
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| (0.37 * i as f32).sin()).collect()
}

fn jobs() -> Vec<(Job, usize)> {
    let mut jobs = Vec::new();
    for (edge, batch) in [(32, 1), (16, 8)] {
        jobs.push((Job::Forward { edge, batch }, 9));
        jobs.push((Job::Step { edge, batch }, 7));
    }
    for (channels, edge) in [(16, 64), (32, 32), (128, 16)] {
        jobs.push((Job::Convolve { channels, edge }, 15));
        jobs.push((Job::ConvolveBack { channels, edge }, 11));
    }
    jobs
}

fn main() -> Result<()> {
    let with_peers = std::env::args().any(|argument| argument == "--peers");
    rayon::ThreadPoolBuilder::new()
        .num_threads(THREADS)
        .build_global()
        .map_err(failed)?;
    let mut peers = with_peers.then(Peers::start).transpose()?;
    if let Some(peers) = &mut peers {
        // A large matrix product by PyTorch: what this machine can do at its best.
        let seconds = median(6, || peers.run("product 3000"))?;
        let rate = 2.0 * 3000f64.powi(3) / seconds / 1e9;
        println!(
            "{}: a product of 3000 x 3000 matrices: {rate:.0} GFLOP/s",
            peers.version
        );
    }
    println!(
        "{:<44} {:>11} {:>11} {:>7} {:>9}",
        "median of runs in turn, two threads each", "polymicros", "PyTorch", "ratio", "GFLOP/s"
    );
    for (job, runs) in jobs() {
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
        let rate = job
            .operations()
            .map_or(String::new(), |n| format!("{:.0}", n / ours / 1e9));
        println!(
            "{:<44} {:>8.1} ms {:>8.1} ms {:>7.2} {rate:>9}",
            job.name(),
            1e3 * ours,
            1e3 * theirs,
            theirs / ours
        );
    }
    Ok(())
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

fn median(runs: usize, mut work: impl FnMut() -> Result<f64>) -> Result<f64> {
    (0..runs)
        .map(|_| work())
        .collect::<Result<Vec<_>>>()
        .map(middle)
}

/// The Python process of the other side.
struct Peers {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    version: String,
}

impl Peers {
    fn start() -> Result<Self> {
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

    fn run(&mut self, job: &str) -> Result<f64> {
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
