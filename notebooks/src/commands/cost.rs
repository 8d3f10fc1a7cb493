//! What training and sampling cost on a card.

use crate::{Error, Result};
use polymicros::diffusion::Sampler;
use polymicros::network::UNetConfig;
use polymicros::network::cost::{Card, Claim, MathMode, Passes, Workload, claims};
use serde_json::{Value, json};

/// What a training step and a sample cost on NVIDIA's cards, beside the paper's times.
///
/// Counts products, bytes and memory of a network, and the time that they take at a share of
/// the peak of an A100, an H100 and an H200. Nothing is run.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:\n  polymicros cost paper-local\n  \
        polymicros cost paper-foundation --edge 128 --batch 3 --share 0.4 --json")]
pub(super) struct Plan {
    /// tiny, desk, paper-local, paper-foundation; without one, all of them.
    #[arg(value_name = "PRESET")]
    presets: Vec<String>,
    /// Voxels along each edge of the input.
    #[arg(long, default_value_t = 32)]
    edge: usize,
    /// Members of the batch.
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Which share of the card's peak is reached.
    #[arg(long, default_value_t = 0.5)]
    share: f64,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    if !(plan.share > 0.0 && plan.share <= 1.0) {
        let share = plan.share;
        return Err(Error::Usage(format!(
            "--share {share}: it must be above 0 and at most 1"
        )));
    }
    let presets = match plan.presets.is_empty() {
        true => PRESETS.map(str::to_owned).to_vec(),
        false => plan.presets.clone(),
    };
    let counted = presets
        .iter()
        .map(|preset| Counted::new(plan, preset))
        .collect::<Result<Vec<_>>>()?;
    match (json, &counted[..]) {
        (true, [one]) => println!("{}", object(plan, one)),
        (true, all) => {
            let all: Vec<Value> = all.iter().map(|one| object(plan, one)).collect();
            println!("{}", json!({ "presets": all }));
        }
        (false, all) => all.iter().for_each(|one| print(plan, one)),
    }
    Ok(())
}

const PRESETS: [&str; 4] = ["tiny", "desk", "paper-local", "paper-foundation"];

/// A network, and what the paper says of it.
struct Counted {
    preset: String,
    workload: Workload,
    stated: Vec<Claim>,
}

impl Counted {
    fn new(plan: &Plan, preset: &str) -> Result<Self> {
        let workload = Workload::new(UNetConfig::named(preset)?, plan.edge, plan.batch);
        workload.check()?;
        Ok(Counted {
            preset: preset.to_owned(),
            stated: claims()
                .into_iter()
                .filter(|claim| claim.workload.network == workload.network)
                .collect(),
            workload,
        })
    }
}

/// Evaluations in a sample by Algorithm 2, with the paper's 25 noise levels.
fn evaluations() -> usize {
    Sampler::default().evaluations()
}

/// A column of the table.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    passes: Passes,
    /// How many of these passes.
    times: f64,
}

fn columns() -> [Column; 3] {
    let of = |name, passes, times| Column {
        name,
        passes,
        times,
    };
    [
        of("training step", Passes::Training, 1.0),
        of("evaluation", Passes::Evaluation, 1.0),
        of("sample", Passes::Evaluation, evaluations() as f64),
    ]
}

fn print(plan: &Plan, of: &Counted) {
    let workload = &of.workload;
    println!(
        "{}: {} parameters, {} x {}^3; a sample is {} evaluations",
        of.preset,
        workload.parameters(),
        plan.batch,
        plan.edge,
        evaluations()
    );
    println!();
    let row = |name: &str, value: &dyn Fn(Column) -> String| {
        let [training, evaluation, sample] = columns().map(value);
        println!("{name:<32} {training:>14} {evaluation:>14} {sample:>14}");
    };
    row("", &|c| c.name.to_owned());
    row("operations in products", &|c| {
        let operations = c.times * workload.cost(c.passes).operations;
        format!("{:.2} TFLOP", operations / 1e12)
    });
    row("read and written by kernels", &|c| {
        gigabytes(c.times * workload.cost(c.passes).bytes)
    });
    row("besides, for dfdx's tensors", &|c| {
        gigabytes(c.times * workload.cost(c.passes).exchanged)
    });
    row("to and from the processor", &|c| {
        gigabytes(c.times * workload.cost(c.passes).carried)
    });
    row("kept for the backward pass", &|c| {
        gigabytes(workload.memory(c.passes).kept)
    });
    row("memory at most", &|c| {
        gigabytes(workload.memory(c.passes).peak)
    });
    for card in Card::ALL {
        for mode in MathMode::ALL {
            let what = format!(
                "{}, {}, {:.0} % of peak",
                card.name,
                mode.name(),
                100.0 * plan.share
            );
            row(&what, &|c| {
                let seconds = c.times * workload.seconds(c.passes, &card, mode, plan.share);
                let fits = workload.memory(c.passes).peak <= card.memory;
                format!("{}{}", time(seconds), if fits { "" } else { " *" })
            });
        }
    }
    println!("* more memory than the card has");
    for claim in &of.stated {
        println!();
        println!("{}", claim.what);
        let cards = format!("{} x {}", claim.cards, claim.card.name);
        println!("  the paper: {} on {cards}", time(claim.seconds));
        for mode in MathMode::ALL {
            println!(
                "  {}: products alone are {:.0} % of the peak in that time; all of it at {:.0} % \
                 of peak: {}",
                mode.name(),
                100.0 * claim.share(mode),
                100.0 * plan.share,
                time(claim.at_peak(mode) / plan.share),
            );
        }
    }
    println!();
}

fn gigabytes(bytes: f64) -> String {
    format!("{:.2} GB", bytes / 1e9)
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{:.1} ms", 1e3 * s),
        s if s < 300.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

fn object(plan: &Plan, of: &Counted) -> Value {
    let workload = &of.workload;
    let passes = |passes: Passes| {
        let (cost, memory) = (workload.cost(passes), workload.memory(passes));
        let seconds: Vec<Value> = Card::ALL
            .iter()
            .flat_map(|card| MathMode::ALL.map(|mode| (card, mode)))
            .map(|(card, mode)| {
                let seconds = workload.seconds(passes, card, mode, plan.share);
                json!({ "card": card.name, "mode": mode.name(), "seconds": seconds })
            })
            .collect();
        json!({
            "operations": cost.operations,
            "bytes": cost.bytes,
            "bytes_for_dfdx": cost.exchanged,
            "bytes_to_and_from_the_processor": cost.carried,
            "kept_bytes": memory.kept,
            "peak_bytes": memory.peak,
            "seconds": seconds,
        })
    };
    let paper: Vec<Value> = of
        .stated
        .iter()
        .map(|claim| {
            let shares = MathMode::ALL.map(|a| claim.share(a));
            let ours = MathMode::ALL.map(|a| claim.at_peak(a) / plan.share);
            json!({
                "what": claim.what,
                "card": claim.card.name,
                "cards": claim.cards,
                "seconds": claim.seconds,
                "share_of_peak": { "fp32": shares[0], "tf32": shares[1] },
                "modelled_seconds": { "fp32": ours[0], "tf32": ours[1] },
            })
        })
        .collect();
    json!({
        "preset": of.preset,
        "edge": plan.edge,
        "batch": plan.batch,
        "share": plan.share,
        "parameters": workload.parameters(),
        "training_step": passes(Passes::Training),
        "evaluation": passes(Passes::Evaluation),
        "evaluations_of_a_sample": evaluations(),
        "paper": paper,
    })
}
