//! The command line, one file a command.

mod convert;
mod cost;
mod dataset;
mod denoise_check;
mod design;
mod diversity;
mod expand;
mod field;
mod generate;
mod gpu_check;
mod info;
mod interrupt;
mod local_global;
mod names;
mod network;
mod network_bench;
mod progress;
mod realism;
#[cfg(feature = "evcxr")]
mod reproduce;
mod stats;
mod superres;
mod superres_check;
mod train;

use crate::Result;
use clap::{Parser, Subcommand};
use names::{Edge, PrecisionName, SamplerName, SolverName};
use polymicros::network::{Arithmetic, Device, UNetConfig};
use progress::Progress;
use std::path::PathBuf;

/// Reproduce the paper PolyMicros in notebooks, and run its stages on your own files.
///
/// Without a command, every notebook is executed in order; executed notebooks, an HTML report and
/// a summary are written below target/reproduction/.
#[derive(Debug, Parser)]
#[command(
    name = "polymicros",
    version,
    after_help = "Examples:\n  \
        polymicros                       execute every notebook\n  \
        polymicros notebook 02           execute one\n  \
        polymicros data map.ang          the statistics notebook on your own file\n  \
        polymicros stats *.npz --out out statistics of files, in batch\n  \
        polymicros info map.ang          what is in a file\n  \
        polymicros convert map.ang m.vti write it in another format\n  \
        polymicros field field.npz       draw a random field of 128^3\n  \
        polymicros expand XY XZ YZ OUT   volumes from three sections\n  \
        polymicros design design.json    draw 2,000 sets of statistics\n  \
        polymicros generate …            make a dataset of synthetic structures\n  \
        polymicros lab                   open the notebooks in JupyterLab\n\n\
        Exit code 0: everything ran. 1: something failed, and the message says what. \
        2: the command line was not understood."
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print a JSON object at the end instead of a table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Execute one or several notebooks.
    #[cfg(feature = "evcxr")]
    #[command(after_help = "Example:\n  polymicros notebook 02")]
    Notebook {
        /// The beginnings of their names, such as 02, or paths of notebooks.
        #[arg(required = true)]
        names: Vec<String>,
        /// The folder for the executed notebooks and the report, below the checkout.
        #[arg(long, default_value = REPRODUCTION)]
        out: PathBuf,
    },
    /// Execute the statistics notebook on your own files.
    #[cfg(feature = "evcxr")]
    #[command(after_help = "Example:\n  polymicros data scan.ang volume.h5")]
    Data {
        /// Orientation maps or volumes in any format that is read.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The folder for the executed notebook and the report, below the checkout.
        #[arg(long, default_value = "target/data")]
        out: PathBuf,
    },
    /// Statistics, covariances, principal components and pictures of files.
    ///
    /// For each file: 2-point statistics and covariances of the three ROGSH values as .npz (array
    /// `field`, one channel a pair, zero displacement in the middle), and pictures. For all:
    /// one_point.csv, and for two or more of one shape pca_scores.csv and explained_variance.csv.
    #[command(after_help = "Example:\n  polymicros stats scan1.ang scan2.ang --out statistics")]
    Stats {
        /// Orientation maps or volumes in any format that is read.
        #[arg(required = true, value_name = "IN")]
        files: Vec<PathBuf>,
        /// The folder for the results.
        #[arg(long)]
        out: PathBuf,
        /// Treat the volumes as periodic, as synthetic ones are; specimens are not.
        #[arg(long)]
        periodic: bool,
    },
    /// What files hold: format, grid, phases, indexed share, grains; or why they do not read.
    #[command(after_help = "Examples:\n  polymicros info scan.ang volume.h5\n  \
            polymicros info *.ctf --json\n\n\
            Exit code 0: all files read. 1: one or more did not; the others are still told.")]
    Info {
        /// Files in any format that is read.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Write a file in another format: .npz, .vti (ParaView, DAMASK) or .dream3d, by its ending.
    #[command(
        after_help = "Examples:\n  polymicros convert scan.ang scan.dream3d\n  \
            polymicros convert slices/ volume.vti --spacing-z 0.25\n\n\
            Exit code 0: written. 1: it was not, and an older file of that name is as it was."
    )]
    Convert {
        /// A file in any format that is read, or a folder of numbered slices.
        #[arg(value_name = "IN")]
        input: PathBuf,
        /// The file to write.
        #[arg(value_name = "OUT")]
        output: PathBuf,
        /// The distance of the slices of a folder, in their unit.
        #[arg(long)]
        spacing_z: Option<f64>,
        /// The ending of the slices of a folder.
        #[arg(long, default_value = "ang")]
        slices: String,
    },
    /// Draw a random field from the parameters of its kernel (Algorithm 1).
    ///
    /// OUT gets the array `field`, float32 of shape (3, edge, edge, edge): axes channel, x, y, z;
    /// the channels are the three ROGSH values, of mean zero, and the domain is periodic. Beside it
    /// OUT with the ending .parameters.json gets the 132 parameters.
    #[command(
        after_help = "Examples:\n  polymicros field --edge 128 --seed 7 field.npz\n  \
            polymicros field --parameters design.json --set 12 --sampler full field.npz\n  \
            polymicros field --seed 7 --statistics target.npz field.npz --json\n\n\
            With --json the last line holds field_ms: parameters to field, without writing it.\n\
            Exit code 0: written. 1: it was not, and the message says why."
    )]
    Field {
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
    },
    /// Draw a design of diverse statistics: accepted sets of kernel parameters, as JSON.
    #[command(
        after_help = "Examples:\n  polymicros design --count 2000 design.json\n  \
            polymicros design --count 200 --spread 4 design.json\n\n\
            Exit code 0: written. 1: it was not, and the message says why."
    )]
    Design {
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
    },
    /// Train a denoiser (appendix C); a stopped or killed run goes on with --resume.
    ///
    /// OUT gets settings.toml, log.jsonl (a line a step), checkpoint.safetensors and
    /// network.safetensors, the averaged weights. Ctrl-C ends after the step in hand.
    #[command(after_help = "Examples:\n  polymicros train local.toml\n  \
            polymicros train local.toml --resume\n\n\
            A configuration:\n  batch = 8\n  steps = 1000\n  rate = 2e-4\n  \
            network = { base = 16, multipliers = [1, 2, 4] }\n  [data]\n  patch = 16\n  \
            stride = 8\n  volumes = [{ file = \"volume.h5\" }]")]
    Train {
        /// The settings; with --resume those in OUT hold.
        config: PathBuf,
        /// The folder of the run; without it, CONFIG without its ending.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Go on from the last checkpoint.
        #[arg(long)]
        resume: bool,
        /// Where it runs: auto (a GPU where there is one), cpu, or cuda:0.
        #[arg(long, default_value_t = Device::Auto)]
        device: Device,
    },
    /// Make a dataset of synthetic structures (Algorithm 3); the same command goes on with it.
    Generate(generate::Plan),
    /// Check, repair or list a dataset.
    #[command(subcommand)]
    Dataset(dataset::Command),
    /// Compare a dataset's diversity with that of other kinds of sets (Fig. 3).
    Diversity(diversity::Plan),
    /// Sample a field from a trained network (Algorithm 2).
    #[command(
        after_help = "Example:\n  polymicros sample network.safetensors field.npz --edge 64 \
            --seed 7 --padding periodic"
    )]
    Sample {
        /// The network, as training writes it or as converted from the authors' weights.
        weights: PathBuf,
        /// The field, as .npz (array `field`: channel, x, y, z).
        out: PathBuf,
        /// Voxels along each edge.
        #[arg(long, default_value_t = 64)]
        edge: usize,
        /// Noise levels on the way.
        #[arg(long, default_value_t = 25)]
        steps: usize,
        /// Decides all that is random.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// What convolutions see beyond the edge.
        #[arg(long, value_enum, default_value = "replicate")]
        padding: Edge,
        /// Heun's method, as in the paper, or one of half as many evaluations.
        #[arg(long, value_enum, default_value = "heun")]
        solver: SolverName,
        /// Where it runs: auto (a GPU where there is one), cpu, or cuda:0.
        #[arg(long, default_value_t = Device::Auto)]
        device: Device,
    },
    /// Whether a GPU computes what the processor does, and how fast.
    ///
    /// Runs every operation of the network with its gradients, a training step and a sample on the
    /// GPU and on the processor, and times the paper's local model; takes some minutes.
    GpuCheck(gpu_check::Plan),
    /// What a training step and a sample cost on NVIDIA's cards, beside the paper's times.
    ///
    /// Counts products, bytes and memory of a network, and the time that they take at a share of
    /// the peak of an A100, an H100 and an H200. Nothing is run.
    Cost(cost::Plan),
    /// Make a stack of slices several times as many (super-resolution, section 5.2).
    ///
    /// OUT gets volume.npz (orientations: each missing voxel takes one that the slices show nearby),
    /// mean.npz (mean ROGSH values) and, with a network, sample_000.npz and so on, spread.npz (how
    /// far samples differ, per voxel), observed.npz and settings.toml. A run that was stopped goes
    /// on when the same command is given again.
    #[command(
        after_help = "Examples:\n  polymicros superres slices.dream3d out --weights \
            fixtures/models/foundation.safetensors --factor 4 --axis z --samples 8\n  \
            polymicros superres slices.ang out --start shape --axis z\n\n\
            Without --weights missing slices are interpolated as --start says.\n\
            Exit code 0: written. 1: it was not, and the message says why."
    )]
    Superres(superres::Plan),
    /// Remove slices from a full volume, fill them in in every way, and compare.
    ///
    /// A table of all ways to fill in: the interpolations and, with a network, what it samples under
    /// each kind of condition; errors are means over the missing voxels of all cubes and axes.
    #[command(
        after_help = "Examples:\n  polymicros superres-check volume.h5 --edge 0\n  \
            polymicros superres-check \"bimodal ferrite\" --weights network.safetensors --crops 2 \
            --log check.jsonl\n  \
            polymicros superres-check volume.h5 --weights network.safetensors --thetas \
            0.6,0.7,0.75,0.8,0.9,1 --axes z\n\n\
            Exit code 0: compared. 1: something failed, and the message says what."
    )]
    SuperresCheck(superres_check::Plan),
    /// Make a structure by local-global sampling (Algorithm 3): a random field with the statistics
    /// of its parameters, whose neighbourhoods a local model refines.
    ///
    /// OUT gets the array `field`, float32 of shape (3, edge, edge, edge): axes channel, x, y, z;
    /// the channels are the three ROGSH values, of mean zero, and the domain is periodic. Beside it
    /// OUT with the ending .parameters.json gets the 132 parameters.
    #[command(
        after_help = "Examples:\n  polymicros local-global model.safetensors out.npz --edge 64 \
            --seed 7\n  \
            polymicros local-global model.safetensors out.npz --parameters design.json --set 3 \
            --skip 14 --solver multistep\n  \
            polymicros local-global model.safetensors out.npz --edge 128 --tile 64 --json\n\n\
            Exit code 0: written. 1: it was not, and the message says why."
    )]
    LocalGlobal(local_global::Plan),
    /// The denoising error of a network at each noise level, beside those of filters (Gaussian,
    /// median, total variation) at their best and of doing nothing.
    #[command(
        after_help = "Examples:\n  polymicros denoise-check model.safetensors held_out.h5\n  \
            polymicros denoise-check model.safetensors stand-in:columnar:64:9 --picture \
            errors.png --json\n\n\
            Patches from the first half of the volumes choose the filters' parameters, those of \
            the other half give the errors.\n\
            Exit code 0: measured, whoever was better. 1: it was not, and the message says why."
    )]
    DenoiseCheck(denoise_check::Plan),
    /// How generated neighbourhoods compare with an experiment's: orientation gradient, chord
    /// lengths and interior voxels, with two halves of the experiment as the yardstick.
    #[command(
        after_help = "Example:\n  polymicros realism out/*.npz --source volume.h5\n  \
            polymicros realism field.npz --source stand-in:columnar:64:9 --json\n\n\
            A ratio of about 1: not to be told from the experiment.\n\
            Exit code 0: compared. 1: it was not, and the message says why."
    )]
    Realism(realism::Plan),
    /// Volumes from three orthogonal sections (Algorithm 5): an ensemble whose 2-point statistics
    /// along the three planes are the sections'.
    ///
    /// XY, XZ and YZ are maps of the three planes; their axes are the plane's, in this order, and
    /// their orientations are given in the volume's frame. They may be of different sizes and
    /// spacings, and from different places. OUT gets sample_00.npz and so on (array `field`:
    /// channel, x, y, z), pictures, and report.json. A run that was stopped goes on with the same
    /// command.
    #[command(
        after_help = "Examples:\n  polymicros expand xy.ang xz.ang yz.ang OUT --weights \
            foundation.safetensors --edge 64 --samples 6\n  polymicros expand --volume volume.h5 \
            OUT --weights foundation.safetensors\n\n\
            Errors are absolute, of 2-point statistics over the three planes; the mean square is \
            over the six pairs of channels.\n\
            Exit code 0: all samples are there, or Ctrl-C stopped. 1: something failed, and the \
            message says what."
    )]
    Expand {
        /// The three sections and the folder for the results; with --volume the folder alone.
        #[arg(required = true, num_args = 1..=4, value_name = "XY XZ YZ OUT")]
        paths: Vec<PathBuf>,
        /// Take the statistics along the planes of this volume, the cube in its middle, as if it
        /// repeated itself: what the paper's figures are of.
        #[arg(long, value_name = "FILE")]
        volume: Option<PathBuf>,
        /// The network, as training writes it.
        #[arg(long)]
        weights: PathBuf,
        /// Voxels along each edge of the volumes; may be more than the sections have.
        #[arg(long, default_value_t = 64)]
        edge: usize,
        /// How many volumes.
        #[arg(long, default_value_t = 6)]
        samples: usize,
        /// Noise levels on the way.
        #[arg(long, default_value_t = 25)]
        steps: usize,
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
        /// Count the noise that a field still has into its statistics.
        #[arg(long)]
        noise: bool,
    },
    /// The bare network, for comparison with other implementations.
    #[command(subcommand)]
    Network(NetworkCommand),
    /// Open the notebooks in JupyterLab; sets up what is missing below target/lab.
    #[cfg(feature = "evcxr")]
    #[command(after_help = "Example:\n  polymicros lab --check")]
    Lab {
        /// Only check that the first notebook runs through the Jupyter kernel.
        #[arg(long)]
        check: bool,
    },
}

#[derive(Debug, Subcommand)]
enum NetworkCommand {
    /// Write weights in another precision; how they were trained stays with them.
    #[command(
        after_help = "Example:\n  polymicros network convert runs/local/network.safetensors \
            local.safetensors --precision f16"
    )]
    Convert {
        /// The network; a file without metadata is read as the authors'.
        weights: PathBuf,
        /// The file to write.
        output: PathBuf,
        /// How a weight is stored.
        #[arg(long, value_enum, default_value = "f16")]
        precision: PrecisionName,
    },
    /// Apply it to tensors: x (batch, channel, x, y, z) and t (batch) give y.
    #[command(
        after_help = "Example:\n  polymicros network apply weights.safetensors in.safetensors \
            out.safetensors --padding zero"
    )]
    Apply {
        /// The network; a file without metadata is read as the authors'.
        weights: PathBuf,
        /// A safetensors file with x and t.
        input: PathBuf,
        /// The file to write y to.
        output: PathBuf,
        /// What convolutions see beyond the edge.
        #[arg(long, value_enum, default_value = "replicate")]
        padding: Edge,
        /// Where it runs: auto (a GPU where there is one), cpu, or cuda:0.
        #[arg(long, default_value_t = Device::Auto)]
        device: Device,
    },
    /// Time a forward pass and a training step of a network with random weights, and take the peak
    /// of memory of each.
    #[command(
        after_help = "Examples:\n  polymicros network bench --base 16 --mults 1,2,4 --edge 32 \
            --batch 1 --threads 2\n  \
            polymicros network bench --base 32 --mults 4,8,16 --edge 64 --forward --json"
    )]
    Bench {
        /// Channels of the first level.
        #[arg(long, default_value_t = 16)]
        base: usize,
        /// Channels of the following levels, in multiples of base.
        #[arg(long, value_delimiter = ',', default_value = "1,2,4")]
        mults: Vec<usize>,
        /// Voxels along each edge.
        #[arg(long, default_value_t = 32)]
        edge: usize,
        /// Fields at a time.
        #[arg(long, default_value_t = 1)]
        batch: usize,
        /// Threads; without it, one for each processor core.
        #[arg(long)]
        threads: Option<usize>,
        /// Runs after a warm-up; their median is told.
        #[arg(long, default_value_t = 7)]
        runs: usize,
        /// What convolutions see beyond the edge.
        #[arg(long, value_enum, default_value = "replicate")]
        padding: Edge,
        /// How matrix products are computed: f32, or bf16 with sums in f32.
        #[arg(long, default_value = "f32")]
        precision: Arithmetic,
        /// Leave out the training step, and with it the memory that it takes.
        #[arg(long)]
        forward: bool,
    },
}

#[cfg(feature = "evcxr")]
const REPRODUCTION: &str = "target/reproduction";

impl Arguments {
    /// Runs the command.
    ///
    /// # Errors
    /// When it fails; the message says what to do.
    pub fn run(self) -> Result<()> {
        #[cfg(feature = "evcxr")]
        let plan = reproduce::Plan {
            out: REPRODUCTION.into(),
            json: self.json,
            ..reproduce::Plan::default()
        };
        match self.command {
            #[cfg(feature = "evcxr")]
            None => reproduce::run(&plan),
            #[cfg(not(feature = "evcxr"))]
            None => Err(crate::Error::Usage(
                "this build has no notebooks (feature `evcxr`): --help lists the commands".into(),
            )),
            #[cfg(feature = "evcxr")]
            Some(Command::Notebook { names, out }) => {
                reproduce::run(&reproduce::Plan { names, out, ..plan })
            }
            #[cfg(feature = "evcxr")]
            Some(Command::Data { files, out }) => reproduce::run(&reproduce::Plan {
                names: vec!["02".into()],
                files,
                out,
                ..plan
            }),
            Some(Command::Stats {
                files,
                out,
                periodic,
            }) => stats::run(&stats::Plan {
                files,
                out,
                periodic,
                json: self.json,
            }),
            Some(Command::Train {
                config,
                out,
                resume,
                device,
            }) => train::run(&train::Plan {
                out: out.unwrap_or_else(|| config.with_extension("")),
                config,
                resume,
                device,
                json: self.json,
            }),
            Some(Command::Generate(plan)) => generate::run(&plan, self.json),
            Some(Command::Dataset(command)) => dataset::run(&command, self.json),
            Some(Command::Diversity(plan)) => diversity::run(&plan, self.json),
            Some(Command::Sample {
                weights,
                out,
                edge,
                steps,
                seed,
                padding,
                solver,
                device,
            }) => network::sample(&network::Plan {
                weights,
                out,
                edge,
                steps,
                seed,
                padding: padding.into(),
                solver: solver.into(),
                device,
                json: self.json,
            }),
            Some(Command::GpuCheck(plan)) => gpu_check::run(&plan, self.json),
            Some(Command::Cost(plan)) => cost::run(&plan, self.json),
            Some(Command::Network(NetworkCommand::Convert {
                weights,
                output,
                precision,
            })) => network::convert(&weights, &output, precision.into()),
            Some(Command::Superres(plan)) => superres::run(&plan, self.json),
            Some(Command::SuperresCheck(plan)) => superres_check::run(&plan, self.json),
            Some(Command::LocalGlobal(plan)) => local_global::run(&plan, self.json),
            Some(Command::DenoiseCheck(plan)) => denoise_check::run(&plan, self.json),
            Some(Command::Realism(plan)) => realism::run(&plan, self.json),
            Some(Command::Expand {
                paths,
                volume,
                weights,
                edge,
                samples,
                steps,
                seed,
                spacing,
                wrapped,
                noise,
            }) => expand::run(&expand::Plan {
                paths,
                volume,
                weights,
                edge,
                samples,
                steps,
                seed,
                spacing,
                wrapped,
                noise,
                json: self.json,
            }),
            Some(Command::Network(NetworkCommand::Apply {
                weights,
                input,
                output,
                padding,
                device,
            })) => network::apply(&network::Application {
                weights,
                input,
                output,
                padding: padding.into(),
                device,
            }),
            Some(Command::Network(NetworkCommand::Bench {
                base,
                mults,
                edge,
                batch,
                threads,
                runs,
                padding,
                precision,
                forward,
            })) => network_bench::run(&network_bench::Plan {
                config: UNetConfig {
                    base,
                    multipliers: mults,
                    ..UNetConfig::desk()
                },
                edge,
                batch,
                threads,
                runs,
                padding: padding.into(),
                precision,
                forward,
                json: self.json,
            }),
            Some(Command::Info { files }) => info::run(&files, self.json),
            Some(Command::Convert {
                input,
                output,
                spacing_z,
                slices,
            }) => convert::run(&convert::Plan {
                input,
                output,
                spacing_z,
                slices,
                json: self.json,
            }),
            Some(Command::Field {
                edge,
                seed,
                parameters,
                set,
                sampler,
                statistics,
                out,
            }) => field::run(&field::Plan {
                edge,
                seed,
                parameters,
                set,
                sampler: sampler.into(),
                statistics,
                out,
                json: self.json,
            }),
            Some(Command::Design {
                count,
                seed,
                spread,
                out,
            }) => design::run(&design::Plan {
                count,
                seed,
                spread,
                out,
                json: self.json,
            }),
            #[cfg(feature = "evcxr")]
            Some(Command::Lab { check: false }) => crate::lab::open(),
            #[cfg(feature = "evcxr")]
            Some(Command::Lab { check: true }) => {
                println!("{}", crate::lab::check()?);
                Ok(())
            }
        }
    }
}
