//! What matching with orthogonal statistics costs, alone or beside PyTorch's autograd.
//!
//! ```text
//! cargo bench -p polymicros --bench sections              our side
//! cargo bench -p polymicros --bench sections -- --peers   one gradient beside PyTorch
//! ```
//!
//! With `--peers` a Python environment is made under `target/peers` if it is not there, and each
//! run of ours is followed by one of PyTorch's on the same data, with two threads on either side.

mod peer;
#[path = "../python/mod.rs"]
mod python;
#[path = "../served/mod.rs"]
mod served;
#[path = "../times/mod.rs"]
mod times;

use ndarray::{Array4, ArrayD};
use peer::Peer;
use polymicros::Result;
use polymicros::microstructure::{Field, Grid, StandIn};
use polymicros::reconstruction::sections::{
    Goal, Mismatch, Optimiser, OrthogonalStatistics, without_model,
};
use python::failed;
use std::time::Instant;
use times::{Times, heading};

const THREADS: usize = 2;
/// Of the volume whose gradient is timed.
const EDGE: usize = 128;
/// Of the volume that is matched.
const MATCHED: usize = 64;
const RUNS: usize = 11;

fn main() -> Result<()> {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    rayon::ThreadPoolBuilder::new()
        .num_threads(THREADS)
        .build()
        .map_err(failed)?
        .install(|| match () {
            () if has("--peak") => peak(),
            () => {
                gradients(has("--peers"))?;
                convergence()
            }
        })
}

/// A volume, and the statistics of another to match.
fn problem(edge: usize) -> Result<(Field, OrthogonalStatistics)> {
    let volume = |seed| StandIn::HELD_OUT.generate([edge; 3], seed)?.rogsh();
    Ok((volume(1)?, OrthogonalStatistics::of_volume(&volume(2)?)?))
}

fn gradients(peers: bool) -> Result<()> {
    let (field, target) = problem(EDGE)?;
    let mut mismatch = Mismatch::<f32>::new(&target)?;
    let mut gradient = vec![0.0; field.as_slice().len()];
    let error = mismatch.value_and_gradient(field.as_slice(), &mut gradient)?;
    let mut peer = match peers {
        true => Some(Peer::start(&arrays(&field, &target, &gradient)?)?),
        false => None,
    };
    let (mut ours, mut theirs) = (Times::default(), Times::default());
    for _ in 0..RUNS {
        let start = Instant::now();
        mismatch.value_and_gradient(field.as_slice(), &mut gradient)?;
        ours.0.push(start.elapsed());
        if let Some(peer) = &mut peer {
            theirs.0.push(peer.run()?);
        }
    }
    heading(&format!(
        "one gradient of the mismatch at {EDGE}^3, f32, {THREADS} threads"
    ));
    ours.row("polymicros", &ours);
    let [before, most] = child_memory()?;
    println!(
        "memory: {before:.0} MiB before, {most:.0} MiB at most, {:.0} MiB more",
        most - before
    );
    if let Some(peer) = &peer {
        theirs.row(&peer.version, &ours);
        let [before, most] = peer.memory;
        println!(
            "memory: {before:.0} MiB before, {most:.0} MiB at most, {:.0} MiB more",
            most - before
        );
        println!(
            "mismatch: ours {error:.6e}, theirs {:.6e}; largest difference of the gradients over \
             the largest value: {:.1e}",
            peer.error, peer.difference
        );
    }
    Ok(())
}

fn arrays(
    field: &Field,
    target: &OrthogonalStatistics,
    gradient: &[f32],
) -> Result<Vec<ArrayD<f32>>> {
    let values = field.data().to_owned();
    let gradient = ArrayD::from_shape_vec(values.shape(), gradient.to_vec()).map_err(failed)?;
    let mut arrays = vec![values.into_owned().into_dyn()];
    for axis in 0..3 {
        arrays.push(target.plane(axis)?.mapv(|value| value as f32).into_dyn());
    }
    arrays.push(gradient);
    Ok(arrays)
}

/// Resident memory of this process in MiB, now and at most.
fn memory() -> Result<[f64; 2]> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(failed)?;
    let entry = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.strip_suffix("kB")?.trim().parse::<f64>().ok()
    };
    match (entry("VmRSS:"), entry("VmHWM:")) {
        (Some(now), Some(most)) => Ok([now / 1024.0, most / 1024.0]),
        _ => Err(failed("/proc/self/status does not tell the memory")),
    }
}

/// One gradient in a process of its own, and what it took.
fn peak() -> Result<()> {
    let values = |i: usize| ((i as f32) * 0.37).sin();
    let data = Array4::from_shape_fn((3, EDGE, EDGE, EDGE), |(c, x, y, z)| {
        values(((c * EDGE + x) * EDGE + y) * EDGE + z)
    });
    let field = Field::new(Grid::cube(EDGE)?, ["a", "b", "c"], data)?;
    let [before, _] = memory()?;
    // The target takes less than the gradient, and is done before.
    let target = OrthogonalStatistics::of_volume(&field)?;
    let mut mismatch = Mismatch::<f32>::new(&target)?;
    let mut gradient = vec![0.0; field.as_slice().len()];
    mismatch.value_and_gradient(field.as_slice(), &mut gradient)?;
    let [_, most] = memory()?;
    println!("{before} {most}");
    Ok(())
}

fn child_memory() -> Result<[f64; 2]> {
    let this = std::env::current_exe().map_err(failed)?;
    let said = std::process::Command::new(this)
        .arg("--peak")
        .output()
        .map_err(failed)?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map_while(|word| word.parse().ok())
        .collect();
    <[f64; 2]>::try_from(numbers).map_err(|_| failed(format!("--peak said {text:?}")))
}

/// Iterations and seconds of each optimiser, from the same noise to a mean square of 1e-7 on a
/// volume's own statistics.
fn convergence() -> Result<()> {
    let (_, target) = problem(MATCHED)?;
    println!(
        "\nfrom noise to a volume's own statistics at {MATCHED}^3, {THREADS} threads\n{:<36} {:>12} {:>12} {:>12} {:>12}",
        "", "mean square", "iterations", "evaluations", "seconds"
    );
    let goal = Goal {
        iterations: 5_000,
        ..Goal::mean_square(1e-7)
    };
    let rates = [30.0, 10.0, 3.0]
        .map(|rate| (format!("descent, rate {rate}"), Optimiser::Descent { rate }));
    let others = [
        ("L-BFGS".to_owned(), Optimiser::lbfgs()),
        ("scaling".to_owned(), Optimiser::Scaling),
    ];
    for (name, optimiser) in rates.into_iter().chain(others) {
        match without_model(&target, &optimiser, &goal, 3) {
            Ok((_, outcome)) => println!(
                "{name:<36} {:>12.2e} {:>12} {:>12} {:>12.2}",
                outcome.mean_square,
                outcome.history.len(),
                outcome.evaluations,
                outcome.elapsed.as_secs_f64()
            ),
            Err(error) => println!("{name:<36} {error}"),
        }
    }
    let (_, outcome) = without_model(&target, &Optimiser::Scaling, &Goal::maximum(1e-5), 3)?;
    println!(
        "{:<36} {:>12.2e} {:>12} {:>12} {:>12.2}",
        "scaling, to a largest error of 1e-5",
        outcome.mean_square,
        outcome.history.len(),
        outcome.evaluations,
        outcome.elapsed.as_secs_f64()
    );
    Ok(())
}
