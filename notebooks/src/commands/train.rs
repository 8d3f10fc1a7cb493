//! Training in batch.

use super::{Progress, interrupt};
use crate::{Error, Result};
use polymicros::network::{Device, DeviceWork, NetworkDevice};
use polymicros::training::{LogLine, Run, Settings};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// What to train, and where.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) config: PathBuf,
    pub(super) out: PathBuf,
    pub(super) resume: bool,
    pub(super) device: Device,
    pub(super) json: bool,
}

pub(super) fn run(plan: &Plan) -> Result<()> {
    plan.device.run(plan)
}

impl DeviceWork for &Plan {
    type Output = ();
    type Error = Error;

    fn on<D: NetworkDevice>(self, device: &D) -> Result<()> {
        train(self, device)
    }
}

fn train<D: NetworkDevice>(plan: &Plan, device: &D) -> Result<()> {
    let mut run = if plan.resume {
        Run::resume(&plan.out, device)?
    } else {
        Run::start(Settings::read(&plan.config)?, &plan.out, device)?
    };
    interrupt::listen();
    let settings = run.settings().clone();
    let mut progress = Progress::new("train");
    let mut data = settings.data.patches(settings.seed)?;
    let device = plan.device.resolve();
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
    let network = plan.out.join("network.safetensors");
    if plan.json {
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
