//! A full volume from a stack of slices.

use super::Progress;
use super::inputs::with_digest;
use super::names::Place;
use crate::{Error, Result};
use clap::{Args, ValueEnum};
use polymicros::diffusion::{Sampler, Schedule};
use polymicros::reconstruction::{
    Consistency, Inpainting, Interpolation, Model, Projection, Reconstruction, Stack, Start,
};
use polymicros_prelude::{Field, Microstructure};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Make a stack of slices several times as many (super-resolution, section 5.2).
///
/// OUT gets volume.npz (orientations: each missing voxel takes one that the slices show nearby, the
/// one that samples agree on best), mean.npz (mean ROGSH values) and, with a network,
/// sample_000.npz and so on, spread.npz (how far samples differ, per voxel), observed.npz and
/// settings.toml. A run that was stopped goes on when the same command is given again.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  polymicros superres slices.dream3d out --weights \
        fixtures/models/pretrained.safetensors --factor 4 --axis z --samples 8\n  \
        polymicros superres slices.ang out --start shape --axis z\n\n\
        Without --weights missing slices are interpolated as --start says.\n\
        Exit code 0: written. 1: it was not, and the message says why."
)]
pub(super) struct Plan {
    /// The slices as a volume, in any format that is read; its spacing across them is their
    /// distance.
    #[arg(value_name = "IN")]
    pub(super) input: PathBuf,
    /// The folder for the results.
    pub(super) out: PathBuf,
    /// The trained network; without one, missing slices are interpolated.
    #[arg(long)]
    pub(super) weights: Option<PathBuf>,
    /// How many times the slices are to become.
    #[arg(long, default_value_t = 4)]
    pub(super) factor: usize,
    /// The axis across the slices.
    #[arg(long, value_enum, default_value = "z")]
    pub(super) axis: AxisName,
    /// How many samples are drawn.
    #[arg(long, default_value_t = 8)]
    pub(super) samples: usize,
    /// Decides all that is random.
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
    #[command(flatten)]
    pub(super) way: Way,
    /// Edge of the overlapping cubes that larger volumes are cut into, in voxels.
    #[arg(long, default_value_t = 64)]
    pub(super) tile: usize,
    #[command(flatten)]
    place: Place,
}

/// How missing voxels are filled in.
#[derive(Debug, Clone, Args)]
pub(super) struct Way {
    /// How samples are made to keep to the known slices.
    #[arg(long, value_enum, default_value = "gradient")]
    pub(super) method: Method,
    /// The first share of the steps in which they are.
    #[arg(long, default_value_t = 1.0)]
    pub(super) theta: f64,
    /// What sampling begins with, and the interpolation where there is no network.
    #[arg(long, value_enum, default_value = "shape")]
    pub(super) start: StartName,
    /// The noise level that is added to an interpolation.
    #[arg(long, default_value_t = 1.0)]
    pub(super) sigma: f64,
    /// Noise levels of a sample from noise.
    #[arg(long, default_value_t = 18)]
    pub(super) steps: usize,
    /// How often each step is repeated.
    #[arg(long, default_value_t = 1)]
    pub(super) resampling: usize,
    /// The noise level of a last unconditional pass.
    #[arg(long)]
    pub(super) polish: Option<f64>,
}

/// An axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AxisName {
    X,
    Y,
    Z,
}

impl AxisName {
    pub(super) fn name(self) -> &'static str {
        ["x", "y", "z"][self as usize]
    }
}

/// How samples are made to keep to what is known.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Method {
    /// Clean values after each step: Algorithm 4 as printed.
    AsPrinted,
    /// Values with noise of the step's level after each step.
    NoiseConsistent,
    /// Values in the denoised estimate.
    Replaced,
    /// And a step along the gradient of the misfit.
    Gradient,
}

/// What sampling begins with.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum StartName {
    /// Noise, as in the paper.
    Noise,
    Nearest,
    Linear,
    Shape,
}

impl StartName {
    fn interpolation(self) -> Option<Interpolation> {
        match self {
            StartName::Noise => None,
            StartName::Nearest => Some(Interpolation::Nearest),
            StartName::Linear => Some(Interpolation::Linear),
            StartName::Shape => Some(Interpolation::Shape),
        }
    }
}

impl Way {
    pub(super) fn sampler(&self) -> Sampler {
        Sampler {
            schedule: Schedule {
                steps: self.steps,
                ..Schedule::default()
            },
            resampling: self.resampling,
            ..Sampler::default()
        }
    }

    pub(super) fn inpainting(&self) -> Inpainting {
        let sigma = self.sigma;
        Inpainting {
            sampler: self.sampler(),
            consistency: match self.method {
                Method::AsPrinted => Consistency::AsPrinted,
                Method::NoiseConsistent => Consistency::NoiseConsistent,
                Method::Replaced => Consistency::Replaced,
                Method::Gradient => Consistency::Guided { iterations: 1 },
            },
            theta: self.theta,
            start: match self.start.interpolation() {
                None => Start::Noise,
                Some(of) => Start::Interpolation { of, sigma },
            },
            polish: self.polish,
            projection: None,
        }
    }
}

pub(super) fn run(plan: &Plan, as_json: bool) -> Result<()> {
    let slices = Microstructure::open(&plan.input)?;
    let stack = Stack::new(*slices.grid(), plan.axis as usize, plan.factor)?;
    let observed = stack.place(&slices.rogsh()?)?;
    let out = &plan.out;
    std::fs::create_dir_all(out).map_err(|source| Error::io(out, source))?;
    let start = Instant::now();
    let mut progress = Progress::new(&out.display().to_string());
    progress.keep(&format!("{} to {}", slices.grid(), stack.grid()));
    let (sources, drawn) = match &plan.weights {
        Some(weights) => sampled(plan, weights, &observed, &mut progress)?,
        None => interpolated(plan, &observed)?,
    };
    let volume = out.join("volume.npz");
    stack.oriented(&slices, &sources)?.save(&volume)?;
    let seconds = start.elapsed().as_secs_f64();
    progress.keep(&format!("{seconds:.1} s"));
    if as_json {
        println!(
            "{}",
            json!({
                "out": out,
                "volume": volume,
                "mean": out.join("mean.npz"),
                "shape": stack.grid().shape,
                "spacing": stack.grid().spacing,
                "drawn": drawn,
                "seconds": seconds,
            })
        );
    } else {
        println!("orientations: {}", volume.display());
        println!("results: {}", out.display());
    }
    Ok(())
}

/// Where each voxel of the volume takes its orientation from, and nothing about samples.
fn interpolated(plan: &Plan, observed: &Field) -> Result<(Vec<u32>, Value)> {
    let Some(interpolation) = plan.way.start.interpolation() else {
        return Err(Error::Usage(
            "--start noise needs a network: say which with --weights".into(),
        ));
    };
    let mean = interpolation.fill(observed)?;
    mean.save(plan.out.join("mean.npz"))?;
    let sources = Projection::default().sources(observed, &[mean])?;
    Ok((sources, Value::Null))
}

/// Where each voxel of the volume takes its orientation from, and what there is to say of the
/// samples.
fn sampled(
    plan: &Plan,
    weights: &Path,
    observed: &Field,
    progress: &mut Progress,
) -> Result<(Vec<u32>, Value)> {
    let model = Model::open_on(weights, plan.place.device)?.with_tile(plan.tile);
    let reconstruction = Reconstruction {
        denoiser: format!("{}, tiles of {}", with_digest(weights)?, plan.tile),
        samples: plan.samples,
        seed: plan.seed,
        inpainting: plan.way.inpainting(),
    };
    let evaluations = reconstruction.inpainting.evaluations()?;
    let ensemble = reconstruction.run(&model, observed, &plan.out, &mut |now| {
        progress.say(&format!(
            "sample {} of {}, step {} of {}",
            now.sample + 1,
            now.samples,
            now.step,
            now.steps
        ));
        Ok(())
    })?;
    let spread = ensemble.spread()?;
    let values = spread.as_slice().iter().map(|s| f64::from(*s));
    let drawn = json!({
        "samples": ensemble.samples().len(),
        "evaluations": evaluations,
        "mean_spread": values.sum::<f64>() / spread.grid().voxels() as f64,
        "spread": plan.out.join("spread.npz"),
    });
    progress.say("orientations");
    let sources = Projection::default().sources(observed, ensemble.samples())?;
    Ok((sources, drawn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::untrained::untrained;
    use ndarray::Axis;
    use polymicros::network::Device;
    use polymicros_prelude::{Grid, Origin, StandIn};

    fn plan(folder: &Path, weights: Option<PathBuf>) -> Plan {
        Plan {
            input: folder.join("slices.npz"),
            out: folder.join("out"),
            weights,
            factor: 4,
            axis: AxisName::Y,
            samples: 2,
            seed: 1,
            way: Way {
                method: Method::Replaced,
                theta: 1.0,
                start: StartName::Shape,
                sigma: 0.2,
                steps: 25,
                resampling: 1,
                polish: None,
            },
            tile: 12,
            place: Place {
                device: Device::Cpu,
            },
        }
    }

    /// Every fourth slice of a stand-in, as a file.
    fn slices(folder: &Path) -> Result<Microstructure> {
        let full = StandIn::Recrystallised.generate([10, 13, 16], 1)?;
        let kept: Vec<usize> = (0..13).step_by(4).collect();
        let mut grid: Grid = *full.grid();
        grid.shape[1] = kept.len();
        grid.spacing[1] *= 4.0;
        let euler = full.euler().select(Axis(2), &kept);
        let slices = Microstructure::new("slices", Origin::Synthetic("test".into()), grid, euler)?;
        slices.save(folder.join("slices.npz"))?;
        Ok(full)
    }

    #[test]
    fn slices_become_a_volume_with_and_without_a_network() -> Result<()> {
        let (folder, weights) = untrained()?;
        let full = slices(folder.path())?;
        for weights in [None, Some(weights)] {
            let plan = plan(folder.path(), weights.clone());
            run(&plan, true)?;
            let made = Microstructure::open(plan.out.join("volume.npz"))?;
            assert_eq!(made.grid().shape, full.grid().shape);
            assert_eq!(made.grid().spacing, full.grid().spacing);
            // Known slices are as they were, and others hold orientations of theirs.
            for k in 0..4 {
                let of = |m: &Microstructure| m.euler().index_axis(Axis(2), 4 * k).to_owned();
                assert_eq!(of(&made), of(&full));
            }
            assert_eq!(plan.out.join("sample_001.npz").exists(), weights.is_some());
            assert_eq!(
                Field::open(plan.out.join("mean.npz"))?.grid().shape,
                [10, 13, 16]
            );
        }
        let noise = Plan {
            way: Way {
                start: StartName::Noise,
                ..plan(folder.path(), None).way
            },
            ..plan(folder.path(), None)
        };
        assert!(run(&noise, true).is_err_and(|e| e.to_string().contains("--weights")));
        Ok(())
    }
}
