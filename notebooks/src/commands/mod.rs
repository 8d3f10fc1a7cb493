//! The command line, one file a command.

mod convert;
mod design;
mod field;
mod info;
mod network;
mod progress;
#[cfg(feature = "evcxr")]
mod reproduce;
mod stats;
mod train;

use crate::Result;
use clap::{Parser, Subcommand, ValueEnum};
use polymicros::network::Padding;
use polymicros_prelude::Sampler;
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
        polymicros design design.json    draw 2,000 sets of statistics\n  \
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
    #[command(
        after_help = "Examples:\n  polymicros train local.toml --out runs/local\n  \
            polymicros train local.toml --out runs/local --resume\n\n\
            A configuration:\n  batch = 8\n  steps = 1000\n  rate = 2e-4\n  \
            network = { base = 16, multipliers = [1, 2, 4] }\n  [data]\n  patch = 16\n  \
            stride = 8\n  volumes = [{ file = \"volume.h5\" }]"
    )]
    Train {
        /// The settings; with --resume those in OUT hold.
        config: PathBuf,
        /// The folder of the run.
        #[arg(long)]
        out: PathBuf,
        /// Go on from the last checkpoint.
        #[arg(long)]
        resume: bool,
    },
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
    },
}

/// What convolutions see beyond the edge.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Edge {
    Replicate,
    Periodic,
    Zero,
}

impl From<Edge> for Padding {
    fn from(edge: Edge) -> Self {
        match edge {
            Edge::Replicate => Padding::Replicate,
            Edge::Periodic => Padding::Periodic,
            Edge::Zero => Padding::Zero,
        }
    }
}

/// How a field is drawn.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum SamplerName {
    Algorithm1,
    Full,
}

impl From<SamplerName> for Sampler {
    fn from(name: SamplerName) -> Self {
        match name {
            SamplerName::Algorithm1 => Sampler::Algorithm1,
            SamplerName::Full => Sampler::Full,
        }
    }
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
            }) => train::run(&train::Plan {
                config,
                out,
                resume,
                json: self.json,
            }),
            Some(Command::Sample {
                weights,
                out,
                edge,
                steps,
                seed,
                padding,
            }) => network::sample(&network::Plan {
                weights,
                out,
                edge,
                steps,
                seed,
                padding: padding.into(),
                json: self.json,
            }),
            Some(Command::Network(NetworkCommand::Apply {
                weights,
                input,
                output,
                padding,
            })) => network::apply(&weights, &input, &output, padding.into()),
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
