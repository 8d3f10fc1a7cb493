//! The worker's side: one notebook, one evcxr context.

use super::output::{failed, shown};
use super::{Event, Job, Latency};
use crate::document::Document;
use crate::kernel::Session;
use crate::{Error, Result};

/// Environment variable that holds the [`Job`] as JSON.
pub(crate) const JOB: &str = "POLYMICROS_JOB";
/// Environment variable that holds `:dep` lines to build, one after the other; no notebook is run.
pub(crate) const WARM_UP: &str = "POLYMICROS_WARM_UP";

/// Cells that do next to nothing, measured at a notebook's end.
const PLAIN_CELL: &str = "1 + 1";
const PRELUDE_CELL: &str = "Grid::cube(4)?.voxels()";
const LATENCY_REPEATS: usize = 5;

pub(crate) fn run() -> Result<()> {
    if let Ok(lines) = std::env::var(WARM_UP) {
        return warm_up(&lines);
    }
    let job = std::env::var(JOB).map_err(|_| Error::Kernel(format!("{JOB} is not set")))?;
    let job: Job = serde_json::from_str(&job)
        .map_err(|error| Error::Kernel(format!("{JOB} is not a job: {error}")))?;
    run_notebook(&job)
}

fn warm_up(lines: &str) -> Result<()> {
    let mut session = Session::start()?;
    for line in lines.lines() {
        if let Some(problem) = session.execute(line).failure {
            return Err(Error::Kernel(format!("{line}\n{problem}")));
        }
    }
    Ok(())
}

fn run_notebook(job: &Job) -> Result<()> {
    let mut document = Document::open(&job.notebook)?;
    document.clear_outputs();
    let code = document.code();
    let cells = code.len();
    let mut session = Session::start()?;
    for (index, source) in code.iter().enumerate() {
        let cell = index + 1;
        report(&Event::Started { cell, cells });
        let outcome = session.execute(source);
        let mut outputs = shown(&outcome, cell)?;
        if let Some(problem) = &outcome.failure {
            outputs.push(failed(problem)?);
            document.set_outputs(index, outputs);
            document.save(&job.output)?;
            report(&Event::Failed {
                cell,
                cells,
                problem: problem.clone(),
            });
            return Ok(());
        }
        document.set_outputs(index, outputs);
        report(&Event::Ended {
            cell,
            cells,
            seconds: outcome.seconds,
        });
    }
    document.save(&job.output)?;
    if job.measure_latency {
        let plain = median_seconds(&mut session, PLAIN_CELL)?;
        let prelude = median_seconds(&mut session, PRELUDE_CELL)?;
        report(&Event::Latency(Latency { plain, prelude }));
    }
    Ok(())
}

fn median_seconds(session: &mut Session, source: &str) -> Result<f64> {
    let mut seconds = Vec::with_capacity(LATENCY_REPEATS);
    for _ in 0..=LATENCY_REPEATS {
        let outcome = session.execute(source);
        if let Some(problem) = outcome.failure {
            return Err(Error::Kernel(format!("`{source}`: {problem}")));
        }
        seconds.push(outcome.seconds);
    }
    // The first one may still have something to set up.
    let mut rest = seconds.split_off(1);
    rest.sort_by(f64::total_cmp);
    Ok(rest[LATENCY_REPEATS / 2])
}

fn report(event: &Event) {
    // Where nobody listens any more, the notebook is still worth finishing.
    if let Ok(line) = serde_json::to_string(event) {
        use std::io::Write;
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}
