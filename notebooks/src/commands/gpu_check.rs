//! The first run on a GPU.

use super::Progress;
use crate::{Error, Result};
use polymicros::device_check::{Report, Timing, check};
use polymicros::network::cost::Passes;
use polymicros::network::{Device, Facts};
use serde_json::json;

/// Whether a GPU computes what the processor does, and how fast.
///
/// Runs every operation of the network with its gradients, a training step and a sample on the
/// GPU and on the processor, and times the paper's local model; takes some minutes.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:\n  polymicros gpu-check\n  \
        polymicros gpu-check --device cuda:1 --json\n\n\
        Exit code 0: every result agrees with the processor's. 1: one or more do not, or there is \
        no such device.")]
pub(super) struct Plan {
    /// Which device: cuda:0, cuda:1, …; cpu shows what the report looks like.
    #[arg(long, default_value_t = Device::Cuda(0))]
    device: Device,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    let report = {
        let progress = Progress::new("gpu-check");
        check(plan.device, &mut |what| progress.say(what))?
    };
    if json {
        println!("{}", object(&report));
    } else {
        print(&report);
    }
    let wrong = report.comparisons.iter().filter(|one| !one.holds()).count();
    match wrong {
        0 => Ok(()),
        _ => Err(Error::Usage(format!(
            "{wrong} of {} results on {} differ from the processor's: do not train on it",
            report.comparisons.len(),
            report.device
        ))),
    }
}

fn print(report: &Report) {
    println!("{}", report.device);
    if let Some(facts) = &report.facts {
        let Facts {
            fp32,
            bandwidth,
            memory,
            ..
        } = facts;
        println!(
            "  at its peak {:.1} TFLOP/s in FP32, {:.2} TB/s, {:.0} GB",
            fp32 / 1e12,
            bandwidth / 1e12,
            memory / 1e9
        );
    }
    println!("\n{:<70} {:>9} {:>9}", "", "error", "allowed");
    for one in &report.comparisons {
        let mark = if one.holds() { "" } else { "  WRONG" };
        println!(
            "{:<70} {:>9.1e} {:>9.0e}{mark}",
            one.what, one.error, one.tolerance
        );
    }
    println!(
        "\n{:<44} {:>10} {:>10} {:>8} {:>10} {:>10}",
        "", "time", "TFLOP/s", "of peak", "kept", "by model"
    );
    for timing in &report.timings {
        let model = timing.workload.memory(timing.passes).kept;
        println!(
            "{:<44} {:>8.1}ms {:>10.3} {:>8} {:>10} {:>10}",
            timing.what,
            1e3 * timing.seconds,
            timing.rate() / 1e12,
            share(report, timing).map_or("-".into(), |share| format!("{:.0} %", 100.0 * share)),
            timing.kept.map_or("-".into(), gigabytes),
            match timing.passes {
                Passes::Training => gigabytes(model),
                Passes::Evaluation => "-".into(),
            },
        );
    }
    for untimed in &report.untimed {
        println!("{:<44} not timed: {}", untimed.what, untimed.why);
    }
    println!("\n{}", verdict(report));
}

/// The last line: whether the device may be used.
fn verdict(report: &Report) -> String {
    let (device, results) = (report.device, report.comparisons.len());
    if !report.agrees() {
        return format!("BAD: {device} does not compute what it should.");
    }
    match device {
        Device::Cuda(_) => {
            format!("GOOD: all {results} results on {device} agree with the processor's.")
        }
        _ => format!(
            "All {results} results agree: the processor with itself. No GPU has been checked."
        ),
    }
}

/// The share of the card's peak in FP32.
fn share(report: &Report, timing: &Timing) -> Option<f64> {
    report.facts.map(|facts| timing.rate() / facts.fp32)
}

fn gigabytes(bytes: f64) -> String {
    format!("{:.2} GB", bytes / 1e9)
}

fn object(report: &Report) -> serde_json::Value {
    let comparisons: Vec<_> = report
        .comparisons
        .iter()
        .map(|one| {
            // JSON has no infinity.
            let error = one.error.is_finite().then_some(one.error);
            json!({
                "what": one.what,
                "error": error,
                "allowed": one.tolerance,
                "holds": one.holds(),
            })
        })
        .collect();
    let timings: Vec<_> = report
        .timings
        .iter()
        .map(|timing| {
            json!({
                "what": timing.what,
                "seconds": timing.seconds,
                "operations_per_second": timing.rate(),
                "share_of_peak": share(report, timing),
                "kept_bytes": timing.kept,
                "kept_bytes_by_model": timing.workload.memory(timing.passes).kept,
            })
        })
        .collect();
    let untimed: Vec<_> = report
        .untimed
        .iter()
        .map(|untimed| json!({ "what": untimed.what, "why": untimed.why }))
        .collect();
    let card = report.facts.map(|facts| {
        json!({
            "fp32": facts.fp32,
            "bandwidth": facts.bandwidth,
            "memory_bytes": facts.memory,
        })
    });
    json!({
        "device": report.device,
        "card": card,
        "comparisons": comparisons,
        "timings": timings,
        "untimed": untimed,
        "agrees": report.agrees(),
        "verdict": verdict(report),
    })
}
