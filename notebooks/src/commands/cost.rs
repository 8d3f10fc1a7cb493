//! What training and sampling cost on a card.

use crate::{Error, Result};
use polymicros::network::UNetConfig;
use polymicros::network::cost::{Arithmetic, Card, Claim, Passes, Workload, claims};
use serde_json::{Value, json};

/// What a training step and a sample cost on NVIDIA's cards, beside the paper's times.
///
/// Counts products, bytes and memory of a network, and the time that they take at a share of
/// the peak of an A100, an H100 and an H200. Nothing is run.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:\n  polymicros cost paper-local\n  \
        polymicros cost paper-foundation --edge 128 --batch 3 --share 0.4 --json")]
pub(super) struct Plan {
    /// tiny, desk, paper-local or paper-foundation.
    preset: String,
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
    let workload = Workload::new(UNetConfig::named(&plan.preset)?, plan.edge, plan.batch);
    workload.check()?;
    if !(plan.share > 0.0 && plan.share <= 1.0) {
        let share = plan.share;
        return Err(Error::Usage(format!(
            "--share {share}: it must be above 0 and at most 1"
        )));
    }
    let stated: Vec<Claim> = claims()
        .into_iter()
        .filter(|claim| claim.workload.network == workload.network)
        .collect();
    if json {
        println!("{}", object(plan, &workload, &stated));
        return Ok(());
    }
    println!(
        "{}: {} parameters, {} x {}^3",
        plan.preset,
        workload.parameters(),
        plan.batch,
        plan.edge
    );
    println!();
    let columns = [Passes::Training, Passes::Evaluation];
    let row = |name: &str, value: &dyn Fn(Passes) -> String| {
        let [training, evaluation] = columns.map(value);
        println!("{name:<32} {training:>14} {evaluation:>14}");
    };
    row("", &|passes| name(passes).to_owned());
    row("operations in products", &|p| {
        format!("{:.2} TFLOP", workload.cost(p).operations / 1e12)
    });
    row("read and written by kernels", &|p| {
        gigabytes(workload.cost(p).bytes)
    });
    row("besides, for dfdx's tensors", &|p| {
        gigabytes(workload.cost(p).exchanged)
    });
    row("kept for the backward pass", &|p| {
        gigabytes(workload.memory(p).kept)
    });
    row("memory at most", &|p| gigabytes(workload.memory(p).peak));
    for card in Card::ALL {
        for arithmetic in Arithmetic::ALL {
            let what = format!(
                "{}, {}, {:.0} % of peak",
                card.name,
                arithmetic.name(),
                100.0 * plan.share
            );
            row(&what, &|p| {
                let seconds = workload.seconds(p, &card, arithmetic, plan.share);
                let fits = workload.memory(p).peak <= card.memory;
                format!("{}{}", time(seconds), if fits { "" } else { " *" })
            });
        }
    }
    println!("* more memory than the card has");
    for claim in &stated {
        println!();
        println!("{}", claim.what);
        let cards = format!("{} x {}", claim.cards, claim.card.name);
        println!("  the paper: {} on {cards}", time(claim.seconds));
        for arithmetic in Arithmetic::ALL {
            println!(
                "  {}: products alone are {:.0} % of the peak in that time; all of it at {:.0} % \
                 of peak: {}",
                arithmetic.name(),
                100.0 * claim.share(arithmetic),
                100.0 * plan.share,
                time(claim.at_peak(arithmetic) / plan.share),
            );
        }
    }
    Ok(())
}

fn name(passes: Passes) -> &'static str {
    match passes {
        Passes::Training => "training step",
        Passes::Evaluation => "evaluation",
    }
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

fn object(plan: &Plan, workload: &Workload, stated: &[Claim]) -> Value {
    let passes = |passes: Passes| {
        let (cost, memory) = (workload.cost(passes), workload.memory(passes));
        let seconds: Vec<Value> = Card::ALL
            .iter()
            .flat_map(|card| Arithmetic::ALL.map(|arithmetic| (card, arithmetic)))
            .map(|(card, arithmetic)| {
                let seconds = workload.seconds(passes, card, arithmetic, plan.share);
                json!({ "card": card.name, "arithmetic": arithmetic.name(), "seconds": seconds })
            })
            .collect();
        json!({
            "operations": cost.operations,
            "bytes": cost.bytes,
            "bytes_for_dfdx": cost.exchanged,
            "kept_bytes": memory.kept,
            "peak_bytes": memory.peak,
            "seconds": seconds,
        })
    };
    let paper: Vec<Value> = stated
        .iter()
        .map(|claim| {
            let shares = Arithmetic::ALL.map(|a| claim.share(a));
            let ours = Arithmetic::ALL.map(|a| claim.at_peak(a) / plan.share);
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
        "preset": plan.preset,
        "edge": plan.edge,
        "batch": plan.batch,
        "share": plan.share,
        "parameters": workload.parameters(),
        "training_step": passes(Passes::Training),
        "evaluation": passes(Passes::Evaluation),
        "paper": paper,
    })
}
