//! A design of many diverse statistics.

use super::Progress;
use crate::Result;
use polymicros_prelude::{Acceptance, Bounds, Design};
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

/// How many sets to draw, and where they go.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) count: usize,
    pub(super) seed: u64,
    /// Choose from this many times as many.
    pub(super) spread: usize,
    pub(super) out: PathBuf,
    pub(super) json: bool,
}

pub(super) fn run(plan: &Plan) -> Result<()> {
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
    if plan.json {
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
            json: false,
        };
        run(&plan)?;
        let drawn = Design::open(&plan.out)?;
        assert_eq!(drawn.parameters.len(), 30);
        assert_eq!(drawn.drawn, 30 + drawn.out_of_range + drawn.not_periodic);
        run(&Plan {
            spread: 3,
            ..plan.clone()
        })?;
        assert_eq!(Design::open(&plan.out)?.parameters.len(), 30);
        assert_ne!(Design::open(&plan.out)?, drawn);
        Ok(())
    }
}
