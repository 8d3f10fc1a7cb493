//! Training in batch.

use super::names::Place;
use super::{Progress, interrupt};
use crate::{Error, Result};
use polymicros::network::{DeviceWork, NetworkDevice};
use polymicros::training::{LogLine, Run, Settings};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// Train a denoiser (appendix C); a stopped or killed run goes on with --resume.
///
/// OUT gets settings.toml, log.jsonl (a line a step), checkpoint.safetensors and
/// network.safetensors, the averaged weights. Ctrl-C ends after the step in hand.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:\n  polymicros train local.toml\n  \
        polymicros train local.toml --resume\n\n\
        A configuration:\n  batch = 8\n  steps = 1000\n  rate = 2e-4\n  \
        network = { base = 16, multipliers = [1, 2, 4] }\n  [data]\n  patch = 16\n  \
        stride = 8\n  volumes = [{ file = \"volume.h5\" }]")]
pub(super) struct Plan {
    /// The settings; with --resume those in OUT hold.
    config: PathBuf,
    /// The folder of the run; without it, CONFIG without its ending.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Go on from the last checkpoint.
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    plan.place.device.run(Work { plan, json })
}

struct Work<'a> {
    plan: &'a Plan,
    json: bool,
}

impl DeviceWork for Work<'_> {
    type Output = ();
    type Error = Error;

    fn on<D: NetworkDevice>(self, device: &D) -> Result<()> {
        train(self.plan, self.json, device)
    }
}

fn train<D: NetworkDevice>(plan: &Plan, json: bool, device: &D) -> Result<()> {
    let out = match &plan.out {
        Some(out) => out.clone(),
        None => plan.config.with_extension(""),
    };
    let mut run = if plan.resume {
        Run::resume(&out, device)?
    } else {
        Run::start(Settings::read(&plan.config)?, &out, device)?
    };
    interrupt::listen();
    let settings = run.settings().clone();
    let mut progress = Progress::new("train");
    let mut data = settings.data.patches(settings.seed)?;
    let device = plan.place.device.resolve();
    progress.keep(&format!("{} patches, on {device}", data.len()));
    let mut last = None;
    run.train(&mut data, |line| {
        progress.say(&told(line, settings.steps));
        last = Some(line.clone());
        interrupt::wish()
    })?;
    if let Some(line) = &last {
        progress.keep(&told(line, settings.steps));
    }
    let network = out.join("network.safetensors");
    if json {
        println!(
            "{}",
            json!({ "network": network, "step": run.step(), "last": last })
        );
    } else if run.step() < settings.steps {
        println!("stopped after step {}; --resume goes on", run.step());
    } else {
        println!("network: {}", network.display());
    }
    Ok(())
}

fn told(line: &LogLine, steps: usize) -> String {
    let left = (steps - line.step.min(steps)) as f64 * line.seconds;
    let left = Duration::from_secs(left as u64);
    format!(
        "step {} of {steps}, loss {:.4}, {:.1} patches/s, {left:?} left",
        line.step, line.loss, line.samples_per_second
    )
}
