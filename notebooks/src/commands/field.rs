//! One random field, from its parameters.

use super::Progress;
use super::names::SamplerName;
use super::stats::as_field;
use crate::{Error, Result};
use polymicros_prelude::{
    Acceptance, Bounds, Design, Grid, Guidelines, Images, Mogrf, MosmKernel, MosmParameters, Pairs,
};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Draw a random field from the parameters of its kernel (Algorithm 1).
///
/// OUT gets the array `field`, float32 of shape (3, edge, edge, edge): axes channel, x, y, z;
/// the channels are the three ROGSH values, of mean zero, and the domain is periodic. Beside it
/// OUT with the ending .parameters.json gets the 132 parameters.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  polymicros field --edge 128 --seed 7 field.npz\n  \
        polymicros field --parameters design.json --set 12 --sampler full field.npz\n  \
        polymicros field --seed 7 --statistics target.npz field.npz --json\n\n\
        With --json the last line holds field_ms: parameters to field, without writing it.\n\
        Exit code 0: written. 1: it was not, and the message says why."
)]
pub(super) struct Plan {
    /// Voxels along each edge.
    #[arg(long, default_value_t = 128)]
    edge: usize,
    /// Decides all that is random.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Parameters, or a design, as JSON; without it, an accepted set drawn from the seed.
    #[arg(long, value_name = "FILE")]
    parameters: Option<PathBuf>,
    /// Which set of a design, counted from 0.
    #[arg(long, default_value_t = 0)]
    set: usize,
    /// Algorithm 1 of the paper, or the one that enforces every covariance.
    #[arg(long, value_enum, default_value = "algorithm1")]
    sampler: SamplerName,
    /// Write the target covariances as well: one channel a pair, zero displacement in the
    /// middle.
    #[arg(long, value_name = "FILE")]
    statistics: Option<PathBuf>,
    /// The file to write, .npz.
    out: PathBuf,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    let grid = Grid::cube(plan.edge)?;
    let parameters = parameters(&ParametersOf {
        file: plan.parameters.as_deref(),
        set: plan.set,
        seed: plan.seed,
    })?;
    let beside = plan.out.with_extension("parameters.json");
    let mut progress = Progress::new(&plan.out.display().to_string());
    progress.say("field");
    let start = Instant::now();
    let kernel = MosmKernel::new(&parameters)?;
    let sampler = plan.sampler.into();
    let field = Mogrf::of_kernel(&kernel, &grid, Images::All)?.sample(sampler, plan.seed)?;
    let field_ms = start.elapsed().as_secs_f64() * 1e3;
    progress.say("writing");
    field.save(&plan.out)?;
    parameters.save(&beside)?;
    if let Some(path) = &plan.statistics {
        as_field(&kernel.covariance(&grid, &Pairs::All, Images::All)?)?.save(path)?;
    }
    progress.keep(&format!("{grid}, {field_ms:.0} ms"));
    let findings = Guidelines::default().check(&kernel);
    if json {
        println!(
            "{}",
            json!({
                "out": plan.out,
                "array": "field",
                "axes": ["channel", "x", "y", "z"],
                "shape": field.data().shape(),
                "dtype": "float32",
                "channels": field.channels(),
                "parameters": beside,
                "statistics": plan.statistics,
                "sampler": sampler,
                "seed": plan.seed,
                "field_ms": field_ms,
                "variance": kernel.variance(),
                "findings": findings,
            })
        );
    } else {
        println!(
            "{} ({:.0} grains' worth of structure) and {}",
            plan.out.display(),
            findings.grains,
            beside.display()
        );
    }
    Ok(())
}

/// Where the parameters of a field come from.
#[derive(Debug, Clone, Copy)]
pub(super) struct ParametersOf<'a> {
    pub(super) file: Option<&'a Path>,
    /// Which set of a design.
    pub(super) set: usize,
    pub(super) seed: u64,
}

/// Those of the file, or the first set that a design of this seed accepts.
pub(super) fn parameters(of: &ParametersOf) -> Result<MosmParameters> {
    let Some(path) = of.file else {
        let mut design = Design::draw(&Bounds::paper(), &Acceptance::default(), 1, of.seed)?;
        return Ok(design.parameters.remove(0));
    };
    if !is_design(path)? {
        return Ok(MosmParameters::open(path)?);
    }
    let design = Design::open(path)?;
    design.parameters.get(of.set).cloned().ok_or_else(|| {
        Error::Usage(format!(
            "{}: --set {}, but it holds sets 0 to {}",
            path.display(),
            of.set,
            design.parameters.len().saturating_sub(1)
        ))
    })
}

fn is_design(path: &Path) -> Result<bool> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::io(path, source))?;
    // What is no JSON is reported by the reader of parameters.
    let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    Ok(value.get("parameters").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use polymicros_prelude::Field;

    fn plan(folder: &Path, name: &str) -> Plan {
        Plan {
            edge: 32,
            seed: 3,
            parameters: None,
            set: 0,
            sampler: SamplerName::Algorithm1,
            statistics: Some(folder.join("target.npz")),
            out: folder.join(name),
        }
    }

    #[test]
    fn a_field_comes_again_from_its_parameters() -> Result<()> {
        let folder =
            tempfile::tempdir().map_err(|source| Error::io("a temporary folder", source))?;
        let first = plan(folder.path(), "one.npz");
        run(&first, true)?;
        let field = Field::open(&first.out)?;
        assert_eq!(field.data().shape(), [3, 32, 32, 32]);
        assert_eq!(
            Field::open(folder.path().join("target.npz"))?
                .channels()
                .len(),
            6
        );
        let again = Plan {
            parameters: Some(folder.path().join("one.parameters.json")),
            ..plan(folder.path(), "two.npz")
        };
        run(&again, true)?;
        assert_eq!(Field::open(&again.out)?, field);

        let design = folder.path().join("design.json");
        Design::draw(&Bounds::paper(), &Acceptance::default(), 2, 1)?.save(&design)?;
        let of_design = |set| Plan {
            parameters: Some(design.clone()),
            set,
            sampler: SamplerName::Full,
            ..plan(folder.path(), "three.npz")
        };
        run(&of_design(1), true)?;
        assert_ne!(Field::open(folder.path().join("three.npz"))?, field);
        assert!(run(&of_design(2), true).is_err_and(|e| e.to_string().contains("sets 0 to 1")));
        let coarse = Plan {
            edge: 8,
            ..plan(folder.path(), "four.npz")
        };
        assert!(run(&coarse, true).is_err_and(|e| e.to_string().contains("too small")));
        assert!(!folder.path().join("four.npz").exists());
        Ok(())
    }
}
