//! Volumes from three orthogonal sections.

use super::inputs::with_digest;
use super::names::Place;
use super::{Progress, interrupt};
use crate::{Error, Result};
use clap::ValueEnum;
use polymicros::generation::LocalModel;
use polymicros::network::Arithmetic;
use polymicros::orientation::RogshInverse;
use polymicros::reconstruction::sections::{
    Ensemble, EnsembleErrors, EnsembleSettings, Estimate, Expansion, ExpansionReport, Floor,
    Matched, MeasuredErrors, Morphology, OrthogonalStatistics, ReachSettings, Reachable,
    SectionSettings, WholeErrors,
};
use polymicros::training::Source;
use polymicros_prelude::{Field, Microstructure, field_cubes, orthogonal_maps};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Volumes from three orthogonal sections (Algorithm 5): an ensemble whose 2-point statistics
/// along the three planes are the sections'.
///
/// XY, XZ and YZ are maps of the three planes; their axes are the plane's, in this order, and
/// their orientations are given in the volume's frame. They may be of different sizes and
/// spacings, and from different places. OUT gets sample_00.npz and so on (array `field`:
/// channel, x, y, z), pictures, and report.json. A run that was stopped goes on with the same
/// command.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  polymicros expand xy.ang xz.ang yz.ang OUT --weights \
        foundation.safetensors --edge 64 --samples 6\n  polymicros expand --volume volume.h5 \
        OUT --weights foundation.safetensors\n\n\
        Errors are absolute, of 2-point statistics over the three planes; the mean square is \
        over the six pairs of channels.\n\
        Exit code 0: all samples are there, or Ctrl-C stopped. 1: something failed, and the \
        message says what."
)]
pub(super) struct Plan {
    /// The three sections and the folder for the results; with --volume the folder alone.
    #[arg(required = true, num_args = 1..=4, value_name = "XY XZ YZ OUT")]
    paths: Vec<PathBuf>,
    /// Take the statistics along the planes of this volume, the cube in its middle, as if it
    /// repeated itself: what the paper's figures are of. A file, or stand-in:NAME:EDGE:SEED.
    #[arg(long, value_name = "FILE")]
    volume: Option<PathBuf>,
    /// The network, as training writes it.
    #[arg(long)]
    weights: PathBuf,
    /// How the network's matrix products are computed: f32, or bf16, which is faster on processors
    /// with AMX and slower on others.
    #[arg(long, default_value = "f32")]
    precision: Arithmetic,
    /// Voxels along each edge of the volumes; may be more than the sections have.
    #[arg(long, default_value_t = 64)]
    edge: usize,
    /// How many volumes.
    #[arg(long, default_value_t = 6)]
    samples: usize,
    /// What is matched in each step: the field, as in Algorithm 5, the field with its noise counted
    /// in, or the network's estimate, which leaves more to the network.
    #[arg(long, value_enum, default_value = "estimate")]
    matched: MatchedName,
    /// Noise levels on the way; without it, 50 where estimates are matched and 25 otherwise.
    #[arg(long)]
    steps: Option<usize>,
    /// Be content with this mean square error; without it, the largest error goes below 1e-5, the
    /// paper's. Grains suffer from what is matched more closely than it is known; for three
    /// sections that is the error that no volume avoids, which is printed.
    #[arg(long, value_name = "MEAN SQUARE")]
    tolerance: Option<f64>,
    /// Decides all that is random; each volume has the next seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The edge of a voxel in the sections' unit; without it, their finest spacing.
    #[arg(long)]
    spacing: Option<f64>,
    /// Take sections that fill the volume's faces to repeat themselves, as the paper does,
    /// in place of an estimate without bias.
    #[arg(long)]
    wrapped: bool,
    #[command(flatten)]
    place: Place,
}

/// What is matched with the target.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum MatchedName {
    Field,
    Noisy,
    Estimate,
}

impl From<MatchedName> for Matched {
    fn from(name: MatchedName) -> Self {
        match name {
            MatchedName::Field => Matched::Field,
            MatchedName::Noisy => Matched::Noisy,
            MatchedName::Estimate => Matched::Estimate,
        }
    }
}

/// Neighbouring voxels whose ROGSH values are closer than this are of one grain.
const SAME_GRAIN: f64 = 0.05;

/// What the volumes are to have, and what is known beside it.
struct Target {
    statistics: OrthogonalStatistics,
    /// What the maps have, and what no volume does better than.
    measured: Option<(OrthogonalStatistics, Floor)>,
    truth: Option<Field>,
    words: String,
}

pub(super) fn run(plan: &Plan, json: bool) -> Result<()> {
    let mut progress = Progress::new("expand");
    progress.say("target");
    let (out, target) = target(plan)?;
    if let Some((_, floor)) = &target.measured {
        progress.keep(&format!(
            "no volume has these sections' statistics: mean square error at least {:.2e}, the \
             nearest has {:.2e}, largest error {:.2e}",
            floor.at_least, floor.mean_square, floor.maximum
        ));
    }
    let settings = settings(plan, &target)?;
    let steps = settings.expansion.sampler.schedule.steps;
    let ensemble = Ensemble::open(out, settings.clone())?;
    let model = LocalModel::open_in(&plan.weights, plan.place.device, plan.precision)?;
    interrupt::listen();
    for index in ensemble.missing(plan.samples) {
        let number = index + 1;
        let mut stopped = false;
        let made = ensemble.make(index, &model, &target.statistics, |step| {
            progress.say(&format!(
                "sample {number} of {}, step {step} of {steps}",
                plan.samples
            ));
            stopped = interrupt::wish().is_break();
            match stopped {
                true => Err(polymicros::Error::value("expansion", "stopped")),
                false => Ok(()),
            }
        });
        if stopped {
            if json {
                println!("{}", json!({ "out": out, "stopped_in": index }));
            } else {
                println!("stopped in sample {number}; the same command goes on with it");
            }
            return Ok(());
        }
        let made = made?;
        progress.keep(&format!(
            "sample {number} of {}, {:.1} s, of which matching {:.1} s",
            plan.samples,
            made.seconds,
            made.matching_seconds()
        ));
    }
    report(plan, out, &ensemble, settings, &target, json)
}

fn target(plan: &Plan) -> Result<(&Path, Target)> {
    match (&plan.volume, &plan.paths[..]) {
        (Some(volume), [out]) => {
            let field = middle(&opened(volume)?, plan.edge)?;
            let target = Target {
                statistics: OrthogonalStatistics::of_volume(&field)?,
                measured: None,
                words: format!("volume {}, {}", with_digest(volume)?, field.grid()),
                truth: Some(field),
            };
            Ok((out, target))
        }
        (None, [xy, xz, yz, out]) => {
            let maps = [opened(xy)?, opened(xz)?, opened(yz)?];
            let settings = SectionSettings {
                shape: [plan.edge; 3],
                spacing: plan.spacing,
                estimate: match plan.wrapped {
                    true => Estimate::Wrapped,
                    false => Estimate::Tapered,
                },
            };
            let measured = OrthogonalStatistics::of_sections(maps.each_ref(), &settings)?;
            let nearest = Reachable::nearest(&measured, &ReachSettings::default())?;
            let files = [with_digest(xy)?, with_digest(xz)?, with_digest(yz)?].join(", ");
            let target = Target {
                words: format!(
                    "sections {files}, {}, {:?}",
                    measured.grid(),
                    settings.estimate
                ),
                statistics: nearest.statistics,
                measured: Some((measured, nearest.floor)),
                truth: None,
            };
            Ok((out, target))
        }
        (Some(_), _) => Err(Error::Usage(
            "with --volume, name the folder for the results and nothing else".into(),
        )),
        (None, _) => Err(Error::Usage(
            "name the three sections xy, xz and yz and the folder for the results, \
             or a volume with --volume"
                .into(),
        )),
    }
}

/// A file of orientations, or of a field of three channels, or a stand-in.
fn opened(path: &Path) -> Result<Field> {
    if let Some(text) = path.to_str().filter(|text| text.starts_with("stand-in:")) {
        return Ok(text.parse::<Source>()?.fields()?.swap_remove(0));
    }
    match Microstructure::open(path) {
        Ok(map) => Ok(map.rogsh()?),
        // A file that holds neither is told as one without orientations.
        Err(error) => Ok(Field::open(path).map_err(|_| error)?),
    }
}

/// The cube in the middle of a volume.
fn middle(field: &Field, edge: usize) -> Result<Field> {
    let shape = field.grid().shape;
    let ranges = shape.map(|n| {
        let first = n.saturating_sub(edge) / 2;
        first..first + edge
    });
    Ok(field.crop(ranges)?)
}

fn settings(plan: &Plan, target: &Target) -> Result<EnsembleSettings> {
    let matched = plan.matched.into();
    let mut expansion = match matched {
        Matched::Field | Matched::Noisy => Expansion::default(),
        Matched::Estimate => Expansion::of_estimates(),
    };
    expansion.matching.matched = matched;
    if let Some(steps) = plan.steps {
        expansion.sampler.schedule.steps = steps;
    }
    if let Some(tolerance) = plan.tolerance {
        if !(tolerance > 0.0 && tolerance.is_finite()) {
            let problem = format!("--tolerance {tolerance}: a mean square error is positive");
            return Err(Error::Usage(problem));
        }
        expansion = expansion.with_tolerance(tolerance);
    }
    Ok(EnsembleSettings {
        expansion,
        seed: plan.seed,
        target: target.words.clone(),
        model: with_digest(&plan.weights)?,
        precision: plan.precision,
    })
}

/// Pictures and numbers of the whole ensemble.
fn report(
    plan: &Plan,
    out: &Path,
    ensemble: &Ensemble,
    settings: EnsembleSettings,
    target: &Target,
    json: bool,
) -> Result<()> {
    let members = (0..plan.samples)
        .map(|index| ensemble.field(index))
        .collect::<polymicros::Result<Vec<Field>>>()?;
    let logs = (0..plan.samples)
        .map(|index| ensemble.log(index))
        .collect::<polymicros::Result<Vec<_>>>()?;
    let errors = EnsembleErrors::of(&members, &target.statistics)?;
    let statistics = members
        .iter()
        .map(OrthogonalStatistics::of_volume)
        .collect::<polymicros::Result<Vec<_>>>()?;
    let mean = OrthogonalStatistics::mean_of(&statistics)?;
    let title = "orthogonal 2-point statistics: target, ensemble mean, difference";
    orthogonal_maps(&target.statistics, &mean, &[(0, 0), (0, 1), (0, 2)], title)?
        .save(out.join("statistics.png"))?;
    let titles: Vec<String> = (1..=members.len()).map(|i| format!("sample {i}")).collect();
    field_cubes(&members, &titles)?.save(out.join("samples.png"))?;
    let measured = match &target.measured {
        Some((measured, floor)) => {
            let against = EnsembleErrors::of(&members, measured)?;
            Some(MeasuredErrors {
                maximum: against.maximum,
                mean_square: against.mean_square,
                floor: *floor,
            })
        }
        None => None,
    };
    let whole = match &target.truth {
        Some(truth) => Some(
            members
                .iter()
                .map(|member| WholeErrors::of(member, truth))
                .collect::<polymicros::Result<Vec<_>>>()?,
        ),
        None => None,
    };
    let inverse = RogshInverse::new()?;
    let morphology = members
        .iter()
        .map(|member| Morphology::of(member, SAME_GRAIN, &inverse))
        .collect::<polymicros::Result<Vec<_>>>()?;
    let seconds: f64 = logs.iter().map(|log| log.seconds).sum();
    let matching: f64 = logs.iter().map(|log| log.matching_seconds).sum();
    let report = ExpansionReport {
        target: target.words.clone(),
        out: out.to_owned(),
        samples: (0..plan.samples).map(|i| ensemble.path(i)).collect(),
        grid: *target.statistics.grid(),
        errors,
        measured,
        whole,
        settings: Some(settings),
        morphology,
        seconds,
        matching_seconds: matching,
    };
    report.save(out.join("report.json"))?;
    if json {
        println!("{}", json!(report));
        return Ok(());
    }
    let errors = &report.errors;
    println!(
        "{:>6} {:>12} {:>12} {:>12}",
        "pair", "largest", "mean", "mean square"
    );
    for (pair, mean) in errors.mean.iter().enumerate() {
        let members = || errors.members.iter().map(|member| &member[pair]);
        let count = members().count().max(1) as f64;
        println!(
            "{:>6} {:>12.2e} {:>12.2e} {:>12.2e}",
            format!("{}{}", mean.pair.0, mean.pair.1),
            members().map(|e| e.maximum).fold(0.0, f64::max),
            members().map(|e| e.mean).sum::<f64>() / count,
            members().map(|e| e.mean_square).sum::<f64>() / count,
        );
    }
    let within = report.morphology.iter().map(|one| one.within_grains);
    println!(
        "neighbouring voxels within one grain: {:.1} %",
        100.0 * within.sum::<f64>() / report.morphology.len().max(1) as f64
    );
    println!(
        "{}: {} samples of {}, {seconds:.0} s, of which matching {:.0} %",
        out.display(),
        plan.samples,
        target.statistics.grid(),
        100.0 * matching / seconds
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::untrained::untrained;
    use polymicros::network::Device;
    use polymicros_prelude::StandIn;

    fn plan(paths: Vec<PathBuf>, weights: &Path) -> Plan {
        Plan {
            paths,
            volume: None,
            weights: weights.to_owned(),
            precision: Arithmetic::F32,
            edge: 16,
            samples: 2,
            matched: MatchedName::Estimate,
            steps: Some(3),
            tolerance: None,
            seed: 1,
            spacing: None,
            wrapped: false,
            place: Place {
                device: Device::Cpu,
            },
        }
    }

    #[test]
    fn sections_and_volumes_become_ensembles_that_resume() -> Result<()> {
        let (folder, weights) = untrained()?;
        let volume = folder.path().join("volume.npz");
        let made = StandIn::CoarseBeta.generate([20; 3], 1)?;
        made.save(&volume)?;
        let field = made.rogsh()?;
        assert_eq!(
            opened(Path::new("stand-in:coarse beta:20:1"))?,
            opened(&volume)?
        );
        let mut paths = Vec::new();
        for (name, axis) in [("xy", 2), ("xz", 1), ("yz", 0)] {
            let (mut first, mut shape) = ([0; 3], [20; 3]);
            (first[axis], shape[axis]) = (7, 1);
            paths.push(folder.path().join(format!("{name}.npz")));
            field
                .crop(std::array::from_fn(|axis| {
                    first[axis]..first[axis] + shape[axis]
                }))?
                .save(&paths[paths.len() - 1])?;
        }
        let out = folder.path().join("sections");
        paths.push(out.clone());
        let of_sections = plan(paths, &weights);
        run(&of_sections, true)?;
        let sample = |i: usize| Field::open(out.join(format!("sample_{i:02}.npz")));
        let first = sample(0)?;
        assert_eq!(first.grid().shape, [16; 3]);
        assert!(out.join("statistics.png").is_file() && out.join("samples.png").is_file());
        // A third sample leaves the others as they are.
        let three = Plan {
            samples: 3,
            ..of_sections.clone()
        };
        run(&three, true)?;
        assert_eq!(sample(0)?, first);
        assert_ne!(sample(2)?.data(), first.data());
        let other = Plan {
            seed: 9,
            ..of_sections.clone()
        };
        assert!(run(&other, true).is_err_and(|e| e.to_string().contains("other settings")));

        let out = folder.path().join("volume");
        let of_volume = Plan {
            volume: Some(volume),
            samples: 1,
            ..plan(vec![out.clone()], &weights)
        };
        run(&of_volume, true)?;
        let report = ExpansionReport::open(out.join("report.json"))?;
        assert!(report.errors.maximum < 1e-5 && report.samples.len() == 1);
        let loosely = folder.path().join("loosely");
        let tolerant = Plan {
            paths: vec![loosely.clone()],
            tolerance: Some(1e-5),
            ..of_volume.clone()
        };
        run(&tolerant, true)?;
        // A folder of a tolerance goes on as others do.
        run(
            &Plan {
                samples: 2,
                ..tolerant.clone()
            },
            true,
        )?;
        let report = ExpansionReport::open(loosely.join("report.json"))?;
        assert!((1e-8..1.01e-5).contains(&report.errors.mean_square));
        assert_eq!([report.samples.len(), report.morphology.len()], [2, 2]);
        let impossible = Plan {
            tolerance: Some(0.0),
            ..tolerant
        };
        assert!(run(&impossible, true).is_err_and(|e| e.to_string().contains("tolerance")));
        let nothing = run(&plan(vec![out], &weights), true);
        assert!(nothing.is_err_and(|e| e.to_string().contains("xy, xz")));
        Ok(())
    }
}
