//! A design of many diverse statistics.

use super::Progress;
use crate::Result;
use polymicros_prelude::{Acceptance, Bounds, Design};
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

/// Draw a design of diverse statistics: accepted sets of kernel parameters, as JSON.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  polymicros design --count 2000 design.json\n  \
        polymicros design --count 200 --spread 4 design.json\n\n\
        Exit code 0: written. 1: it was not, and the message says why."
)]
pub(super) struct Plan {
    /// How many accepted sets.
    #[arg(long, default_value_t = 2000)]
    count: usize,
    /// Decides all that is random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Draw this many times as many, and choose those whose statistics are the furthest apart.
    #[arg(long, default_value_t = 1)]
    spread: usize,
    /// The file to write.
    out: PathBuf,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    let mut progress = Progress::new(&plan.out.display().to_string());
    progress.say("drawing");
    let start = Instant::now();
    let (bounds, rule) = (Bounds::paper(), Acceptance::default());
    let design = if plan.spread > 1 {
        Design::spread(&bounds, &rule, plan.count, plan.spread, plan.seed)?
    } else {
        Design::draw(&bounds, &rule, plan.count, plan.seed)?
    };
    let design_ms = start.elapsed().as_secs_f64() * 1e3;
    design.save(&plan.out)?;
    let rejected = 100.0 * design.rejection_rate();
    progress.keep(&format!("{} sets, {design_ms:.0} ms", plan.count));
    if json {
        println!(
            "{}",
            json!({
                "out": plan.out,
                "count": design.parameters.len(),
                "drawn": design.drawn,
                "out_of_range": design.out_of_range,
                "not_periodic": design.not_periodic,
                "rejection_rate": design.rejection_rate(),
                "paper_rejection_rate": 0.08,
                "seed": plan.seed,
                "spread": plan.spread,
                "design_ms": design_ms,
            })
        );
    } else {
        println!(
            "{} of {} sets, {rejected:.1} % rejected (paper: about 8 %): {}",
            design.parameters.len(),
            design.drawn,
            plan.out.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn a_design_is_written_with_how_it_came_about() -> Result<()> {
        let folder =
            tempfile::tempdir().map_err(|source| Error::io("a temporary folder", source))?;
        let plan = Plan {
            count: 30,
            seed: 2,
            spread: 1,
            out: folder.path().join("design.json"),
        };
        run(&plan, false)?;
        let drawn = Design::open(&plan.out)?;
        assert_eq!(drawn.parameters.len(), 30);
        assert_eq!(drawn.drawn, 30 + drawn.out_of_range + drawn.not_periodic);
        let spread = Plan {
            spread: 3,
            ..plan.clone()
        };
        run(&spread, false)?;
        assert_eq!(Design::open(&plan.out)?.parameters.len(), 30);
        assert_ne!(Design::open(&plan.out)?, drawn);
        Ok(())
    }
}
