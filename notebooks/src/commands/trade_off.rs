//! What local-global sampling keeps of the statistics, against how real it is.

use super::local_global::model;
use super::names::{Place, SamplerName, SolverName};
use super::{Progress, volumes};
use crate::Result;
use clap::Args;
use polymicros::training::Source;
use polymicros_prelude::{
    Acceptance, Bounds, Design, Grid, LocalGlobal, RealismSettings, StoredTradeOff, TradeOff,
};
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

/// What structures keep of their random fields' statistics, and how real their neighbourhoods are,
/// for each number of skipped steps.
///
/// Structures are made of accepted sets of statistics by local-global sampling (Algorithm 3), the
/// same random fields and noise for each number of steps.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  polymicros trade-off model.safetensors --source volume.h5 --edge \
        64 --skips 9,12,15,18\n  \
        polymicros trade-off model.safetensors --source stand-in:columnar:64:9 --edge 128 --tile 64 \
        --solver multistep --json\n\n\
        Cosine, relative error and correlation compare a structure with the random field that it \
        was made from; the next two columns are the relative errors of the structure and of that \
        field to the kernel that the field was drawn from.\n\
        Exit code 0: measured. 1: it was not, and the message says why."
)]
pub(super) struct Plan {
    /// The local model, as training writes it.
    weights: PathBuf,
    /// Volumes of the experiment: files in any format that is read, parts of them where all voxels
    /// are valid as FILE[x0:x1,y0:y1,z0:z1], stand-in:NAME:EDGE:SEED, or dataset:DIR.
    #[arg(long, required = true, num_args = 1.., value_name = "VOLUME")]
    source: Vec<Source>,
    /// Voxels along each edge.
    #[arg(long, default_value_t = 64)]
    edge: usize,
    /// How many of the sampler's 25 steps are left out, separated by commas.
    #[arg(long, value_delimiter = ',', default_values_t = [9, 12, 15, 18, 21])]
    skips: Vec<usize>,
    /// How many sets of statistics, a structure each.
    #[arg(long, default_value_t = 1)]
    sets: usize,
    /// Decides the statistics.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How random fields are drawn.
    #[arg(long, value_enum, default_value = "algorithm1")]
    sampler: SamplerName,
    /// Heun's method, as in the paper, or one of half as many evaluations.
    #[arg(long, value_enum, default_value = "heun")]
    solver: SolverName,
    /// Refine in overlapping tiles of this edge, at a memory that does not grow with the
    /// structure.
    #[arg(long, value_name = "EDGE")]
    tile: Option<usize>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(plan: &Plan, as_json: bool) -> Result<()> {
    let model = model(&plan.weights, plan.place, plan.tile)?;
    let source = volumes::all(&plan.source)?;
    let mut local_global = LocalGlobal {
        random_field: plan.sampler.into(),
        ..LocalGlobal::default()
    };
    local_global.refinement.solver = plan.solver.into();
    let design = Design::draw(
        &Bounds::paper(),
        &Acceptance::default(),
        plan.sets,
        plan.seed,
    )?;
    let mut progress = Progress::new("trade-off");
    let all = plan.sets * plan.skips.len();
    let start = Instant::now();
    let points = TradeOff::measure(
        &local_global,
        &design.parameters,
        &model,
        &Grid::cube(plan.edge)?,
        &plan.skips,
        (&source, RealismSettings::default()),
        |done| {
            progress.say(&format!("structure {done} of {all}"));
            Ok(())
        },
    )?;
    let stored = StoredTradeOff {
        model: plan.weights.display().to_string(),
        source: plan.source.clone(),
        edge: plan.edge,
        sets: plan.sets,
        seed: plan.seed,
        local_global,
        tile: plan.tile,
        seconds: start.elapsed().as_secs_f64(),
        peak_memory: polymicros::peak_memory(),
        points,
    };
    progress.keep(&format!("{all} structures, {:.0} s", stored.seconds));
    if as_json {
        println!("{}", json!(stored));
        return Ok(());
    }
    println!(
        "{:>5}{:>9}{:>8}{:>7}{:>13}{:>12}{:>12}   distance / yardstick",
        "skip", "sigma", "cosine", "error", "correlation", "to kernel", "field's own"
    );
    for point in &stored.points {
        let kept = point.kept;
        let ratios: Vec<String> = point
            .realism
            .comparisons
            .iter()
            .map(|one| format!("{} {:.1}", one.measure.name(), one.ratio))
            .collect();
        println!(
            "{:>5}{:>9.3}{:>8.3}{:>7.3}{:>13.3}{:>12.3}{:>12.3}   {}",
            point.skip,
            point.sigma,
            kept.cosine,
            kept.error,
            kept.correlation,
            kept.error_to_kernel,
            kept.field_error_to_kernel,
            ratios.join("; ")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::untrained::{parsed, untrained};

    #[test]
    fn a_trade_off_is_measured_and_what_cannot_be_is_refused() -> Result<()> {
        let (_folder, weights) = untrained()?;
        let weights = weights.display().to_string();
        let measure = |skips: &str| {
            let first = [&weights, "--source", "stand-in:twinned:32:1"];
            let rest = ["--edge", "32", "--skips", skips, "--solver", "multistep"];
            run(&parsed(&[&first[..], &rest[..]].concat()), true)
        };
        measure("22,24")?;
        assert!(measure("25").is_err());
        Ok(())
    }
}
