//! The command line, one file a command.

mod convert;
mod cost;
#[cfg(feature = "evcxr")]
mod data;
mod dataset;
mod denoise_check;
mod design;
mod diversity;
mod expand;
mod field;
mod generate;
mod gpu_check;
mod info;
mod inputs;
mod interrupt;
#[cfg(feature = "evcxr")]
mod lab;
mod local_global;
mod names;
mod network;
#[cfg(feature = "evcxr")]
mod notebook;
mod progress;
mod realism;
mod realism_loss;
#[cfg(feature = "evcxr")]
mod reproduce;
mod sample;
mod stats;
mod superres;
mod superres_check;
mod trade_off;
mod train;
#[cfg(test)]
mod untrained;
mod volumes;

use crate::Result;
use clap::{Parser, Subcommand};
use progress::Progress;

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

// What each does is said in its file: a comment here would take the place of the help there.
#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "evcxr")]
    Notebook(notebook::Plan),
    #[cfg(feature = "evcxr")]
    Data(data::Plan),
    Stats(stats::Plan),
    Info(info::Plan),
    Convert(convert::Plan),
    Field(field::Plan),
    Design(design::Plan),
    Train(train::Plan),
    Generate(generate::Plan),
    #[command(subcommand)]
    Dataset(dataset::Command),
    Diversity(diversity::Plan),
    Sample(sample::Plan),
    GpuCheck(gpu_check::Plan),
    Cost(cost::Plan),
    Superres(superres::Plan),
    SuperresCheck(superres_check::Plan),
    LocalGlobal(local_global::Plan),
    TradeOff(trade_off::Plan),
    DenoiseCheck(denoise_check::Plan),
    Realism(realism::Plan),
    RealismLoss(realism_loss::Plan),
    Expand(expand::Plan),
    #[command(subcommand)]
    Network(network::Command),
    #[cfg(feature = "evcxr")]
    Lab(lab::Plan),
}

impl Arguments {
    /// Runs the command.
    ///
    /// # Errors
    /// When it fails; the message says what to do.
    pub fn run(self) -> Result<()> {
        let json = self.json;
        let Some(command) = self.command else {
            #[cfg(feature = "evcxr")]
            return reproduce::all(json);
            #[cfg(not(feature = "evcxr"))]
            return Err(crate::Error::Usage(
                "this build has no notebooks (feature `evcxr`): --help lists the commands".into(),
            ));
        };
        match &command {
            #[cfg(feature = "evcxr")]
            Command::Notebook(plan) => notebook::run(plan, json),
            #[cfg(feature = "evcxr")]
            Command::Data(plan) => data::run(plan, json),
            Command::Stats(plan) => stats::run(plan, json),
            Command::Info(plan) => info::run(plan, json),
            Command::Convert(plan) => convert::run(plan, json),
            Command::Field(plan) => field::run(plan, json),
            Command::Design(plan) => design::run(plan, json),
            Command::Train(plan) => train::run(plan, json),
            Command::Generate(plan) => generate::run(plan, json),
            Command::Dataset(command) => dataset::run(command, json),
            Command::Diversity(plan) => diversity::run(plan, json),
            Command::Sample(plan) => sample::run(plan, json),
            Command::GpuCheck(plan) => gpu_check::run(plan, json),
            Command::Cost(plan) => cost::run(plan, json),
            Command::Superres(plan) => superres::run(plan, json),
            Command::SuperresCheck(plan) => superres_check::run(plan, json),
            Command::LocalGlobal(plan) => local_global::run(plan, json),
            Command::TradeOff(plan) => trade_off::run(plan, json),
            Command::DenoiseCheck(plan) => denoise_check::run(plan, json),
            Command::Realism(plan) => realism::run(plan, json),
            Command::RealismLoss(plan) => realism_loss::run(plan, json),
            Command::Expand(plan) => expand::run(plan, json),
            Command::Network(command) => network::run(command, json),
            #[cfg(feature = "evcxr")]
            Command::Lab(plan) => lab::run(plan),
        }
    }
}
