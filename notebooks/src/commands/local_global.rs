//! Local-global sampling in batch: one structure.

use super::Progress;
use super::field::{ParametersOf, parameters};
use super::names::{Place, SamplerName, SolverName};
use crate::Result;
use clap::Args;
use polymicros_prelude::{
    Field, Grid, KeptStatistics, LocalGlobal, LocalModel, Seeds, Structure, Tiling,
};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Make a structure by local-global sampling (Algorithm 3): a random field with the statistics
/// of its parameters, whose neighbourhoods a local model refines.
///
/// OUT gets the array `field`, float32 of shape (3, edge, edge, edge): axes channel, x, y, z;
/// the channels are the three ROGSH values, of mean zero, and the domain is periodic. Beside it
/// OUT with the ending .parameters.json gets the 132 parameters.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  polymicros local-global model.safetensors out.npz --edge 64 \
        --seed 7\n  \
        polymicros local-global model.safetensors out.npz --parameters design.json --set 3 \
        --skip 14 --solver multistep\n  \
        polymicros local-global model.safetensors out.npz --edge 128 --tile 64 --json\n\n\
        Exit code 0: written. 1: it was not, and the message says why."
)]
pub(super) struct Plan {
    /// The local model, as training writes it.
    weights: PathBuf,
    /// The structure, as .npz (array `field`: channel, x, y, z).
    out: PathBuf,
    /// Voxels along each edge.
    #[arg(long, default_value_t = 64)]
    edge: usize,
    /// Decides the random field and, where no file of parameters is given, its parameters.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Decides the noise of the refinement; the same as --seed where not given.
    #[arg(long)]
    refinement_seed: Option<u64>,
    /// Parameters, or a design, as JSON; without it, an accepted set drawn from the seed.
    #[arg(long, value_name = "FILE")]
    parameters: Option<PathBuf>,
    /// Which set of a design, counted from 0.
    #[arg(long, default_value_t = 0)]
    set: usize,
    /// Refine this field (.npz) instead of drawing one.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["parameters", "edge"])]
    field: Option<PathBuf>,
    /// How the random field is drawn.
    #[arg(long, value_enum, default_value = "algorithm1")]
    sampler: SamplerName,
    /// Noise levels from 80 to 0.002.
    #[arg(long, default_value_t = 25)]
    steps: usize,
    /// How many of them are left out: the more, the more of the statistics is kept, and the less
    /// is done for the neighbourhoods. The paper's 12 belong to 128^3: on smaller grids they keep
    /// less (polymicros trade-off measures both).
    #[arg(long, default_value_t = 12)]
    skip: usize,
    /// Heun's method, as in the paper, or one of half as many evaluations.
    #[arg(long, value_enum, default_value = "heun")]
    solver: SolverName,
    /// Refine in overlapping tiles of this edge, at a memory that does not grow with the
    /// structure.
    #[arg(long, value_name = "EDGE")]
    tile: Option<usize>,
    /// Write the random field as well, as .npz.
    #[arg(long, value_name = "FILE")]
    random_field: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// A local model that cuts structures into tiles of this edge, where one is given.
pub(super) fn model(weights: &Path, place: Place, tile: Option<usize>) -> Result<LocalModel> {
    let model = LocalModel::open_on(weights, place.device)?;
    let Some(tile) = tile else { return Ok(model) };
    Ok(model.with_tiles(Tiling {
        tile,
        ..Tiling::default()
    })?)
}

pub(super) fn run(plan: &Plan, as_json: bool) -> Result<()> {
    let model = model(&plan.weights, plan.place, plan.tile)?;
    let mut local_global = LocalGlobal {
        random_field: plan.sampler.into(),
        ..LocalGlobal::default()
    };
    local_global.refinement.schedule.steps = plan.steps;
    local_global.refinement.skip = plan.skip;
    local_global.refinement.solver = plan.solver.into();
    let seeds = Seeds {
        random_field: plan.seed,
        refinement: plan.refinement_seed.unwrap_or(plan.seed),
    };
    let mut progress = Progress::new(&plan.out.display().to_string());
    let say = |step: usize| {
        progress.say(&format!("step {step} of {}", plan.steps));
        Ok(())
    };
    let (made, origin) = match &plan.field {
        Some(path) => {
            let random_field = Field::open(path)?;
            let start = Instant::now();
            let field = local_global.refine(&model, &random_field, seeds.refinement, say)?;
            let made = Structure {
                random_field,
                field,
                random_field_seconds: 0.0,
                refinement_seconds: start.elapsed().as_secs_f64(),
                evaluations: local_global.refinement.evaluations(),
            };
            (made, None)
        }
        None => {
            let parameters = parameters(&ParametersOf {
                file: plan.parameters.as_deref(),
                set: plan.set,
                seed: plan.seed,
            })?;
            let grid = Grid::cube(plan.edge)?;
            let made = local_global.structure(&parameters, &model, &grid, seeds, say)?;
            (made, Some(parameters))
        }
    };
    progress.keep(&format!(
        "{}, field {:.1} s, refinement {:.1} s, {} evaluations",
        made.field.grid(),
        made.random_field_seconds,
        made.refinement_seconds,
        made.evaluations
    ));
    made.field.save(&plan.out)?;
    if let Some(path) = &plan.random_field {
        made.random_field.save(path)?;
    }
    let beside = plan.out.with_extension("parameters.json");
    let kept = match &origin {
        Some(parameters) => {
            parameters.save(&beside)?;
            Some(KeptStatistics::of(&made, parameters)?)
        }
        None => None,
    };
    if as_json {
        println!(
            "{}",
            summary(
                plan,
                &made,
                origin.map(|_| beside),
                kept,
                &local_global,
                seeds
            )
        );
    } else if let Some(kept) = kept {
        println!(
            "statistics kept: cosine {:.3}, relative error {:.3} against the random field's",
            kept.cosine, kept.error
        );
    }
    Ok(())
}

fn summary(
    plan: &Plan,
    made: &Structure,
    parameters: Option<PathBuf>,
    kept: Option<KeptStatistics>,
    local_global: &LocalGlobal,
    seeds: Seeds,
) -> serde_json::Value {
    json!({
        "out": plan.out,
        "array": "field",
        "axes": ["channel", "x", "y", "z"],
        "shape": made.field.data().shape(),
        "dtype": "float32",
        "channels": made.field.channels(),
        "parameters": parameters,
        "model": plan.weights,
        "settings": local_global,
        "seeds": seeds,
        "random_field_seconds": made.random_field_seconds,
        "refinement_seconds": made.refinement_seconds,
        "evaluations": made.evaluations,
        "kept": kept,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::untrained::{parsed, untrained};

    #[test]
    fn a_structure_is_made_from_parameters_and_from_its_field() -> Result<()> {
        let (folder, weights) = untrained()?;
        let weights = weights.display().to_string();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let short = ["--steps", "4", "--skip", "2"];
        let make = |rest: &[&str]| run(&parsed(&[&[&weights[..]], rest, &short].concat()), true);
        let (one, start) = (at("one.npz"), at("start.npz"));
        make(&[
            &one,
            "--edge",
            "32",
            "--seed",
            "3",
            "--random-field",
            &start,
        ])?;
        let made = Field::open(&one)?;
        assert_eq!(made.data().shape(), [3, 32, 32, 32]);
        let again = at("again.npz");
        make(&[&again, "--field", &start, "--seed", "3"])?;
        assert_eq!(Field::open(&again)?, made);
        assert!(!folder.path().join("again.parameters.json").exists());
        let of_file = at("of_file.npz");
        let parameters = at("one.parameters.json");
        make(&[
            &of_file,
            "--edge",
            "32",
            "--seed",
            "3",
            "--parameters",
            &parameters,
        ])?;
        assert_eq!(Field::open(&of_file)?, made);
        let faster = at("faster.npz");
        let small = make(&[&faster, "--field", &start, "--tile", "16"]);
        assert!(small.is_err_and(|e| e.to_string().contains("overlap < tile")));
        make(&[
            &faster,
            "--field",
            &start,
            "--solver",
            "multistep",
            "--tile",
            "24",
        ])?;
        assert_ne!(Field::open(&faster)?, made);
        let all = parsed(&[&weights, "--steps", "4", "--skip", "4", &one]);
        assert!(run(&all, true).is_err());
        Ok(())
    }
}
