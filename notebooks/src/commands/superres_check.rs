//! Which way of filling in slices is the best, on a volume that is known in full.

use super::inputs::with_digest;
use super::names::Place;
use super::superres::{AxisName, Way};
use super::{Progress, volumes};
use crate::{Error, Result};
use clap::Args;
use polymicros::diffusion::{Denoiser, TrainedNetwork};
use polymicros::network::Arithmetic;
use polymicros::reconstruction::comparison::{
    Candidate, Row, StoredComparison, averaged, candidates, compare_candidate,
    compare_interpolations, theta_ablation,
};
use polymicros::reconstruction::{Mask, Model};
use polymicros::training::Source;
use polymicros_prelude::{Field, comparison_table};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::PathBuf;

/// Remove slices from a full volume, fill them in in every way, and compare.
///
/// A table of all ways to fill in: the interpolations and, with a network, what it samples under
/// each kind of condition; errors are means over the missing voxels of all cubes and axes.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  polymicros superres-check volume.h5 --edge 0\n  \
        polymicros superres-check \"stand-in:bimodal ferrite:64:7\" --weights network.safetensors \
        --crops 2 --log check.jsonl\n  \
        polymicros superres-check volume.h5 --weights network.safetensors --thetas \
        0.6,0.7,0.75,0.8,0.9,1 --axes z\n\n\
        Exit code 0: compared. 1: something failed, and the message says what."
)]
pub(super) struct Plan {
    /// A volume in any format that is read, or a part of it as FILE[x0:x1,y0:y1,z0:z1], or
    /// stand-in:NAME:EDGE:SEED.
    pub(super) volume: String,
    /// The trained network; without one, interpolations are compared.
    #[arg(long)]
    pub(super) weights: Option<PathBuf>,
    /// How the network's matrix products are computed: f32, or bf16, which is faster on processors
    /// with AMX and slower on others.
    #[arg(long, default_value = "f32")]
    pub(super) precision: Arithmetic,
    /// Every how manieth slice is kept.
    #[arg(long, default_value_t = 4)]
    pub(super) factor: usize,
    /// The axes across the slices, each in turn.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "x,y,z")]
    pub(super) axes: Vec<AxisName>,
    /// Edge of the cubes that are cut from the volume; 0 takes all of it.
    #[arg(long, default_value_t = 32)]
    pub(super) edge: usize,
    /// How many cubes are cut.
    #[arg(long, default_value_t = 1)]
    pub(super) crops: usize,
    /// How many samples are drawn of each.
    #[arg(long, default_value_t = 2)]
    pub(super) samples: usize,
    /// Decides all that is random.
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
    /// Compare Algorithm 4 with these shares of conditioned steps in place of all ways.
    #[arg(long, value_delimiter = ',')]
    pub(super) thetas: Vec<f64>,
    /// Only the ways whose name contains this.
    #[arg(long)]
    pub(super) only: Option<String>,
    /// The one way that --method, --start, --sigma and --polish describe, in place of the list,
    /// for which they count for nothing.
    #[arg(long, conflicts_with = "thetas")]
    pub(super) one: bool,
    #[command(flatten)]
    pub(super) way: Way,
    /// Edge of the overlapping cubes that larger volumes are sampled in, in voxels.
    #[arg(long, default_value_t = 64)]
    pub(super) tile: usize,
    /// A file of what is done, as JSON lines, from which a stopped comparison goes on.
    #[arg(long)]
    pub(super) log: Option<PathBuf>,
    /// The table as CSV.
    #[arg(long)]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// What is printed as JSON: what notebooks read, and all rows.
#[derive(Debug, Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    comparison: StoredComparison,
    rows: &'a [Line],
}

/// A row with what it is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    /// Volume, network and numbers that the row depends on.
    of: String,
    axis: String,
    crop: usize,
    candidate: String,
    row: Row,
}

pub(super) fn run(plan: &Plan, as_json: bool) -> Result<()> {
    let volume = volumes::only(&plan.volume.parse()?, &plan.volume)?;
    let crops = crops(&volume, plan)?;
    let mut progress = Progress::new(&plan.volume);
    let mut done = Log::open(plan.log.clone())?;
    let of = plan.depends_on()?;
    let mut lines = Vec::new();
    let model = match &plan.weights {
        Some(weights) => {
            let network = TrainedNetwork::open_in(weights, plan.place.device, plan.precision)?;
            Some(Model::new(network).with_tile(plan.tile))
        }
        None => None,
    };
    for (crop, truth) in crops.iter().enumerate() {
        for axis in &plan.axes {
            let mask = Mask::slices(truth.grid().shape, *axis as usize, plan.factor, 0)?;
            let mut comparison = Comparison {
                plan,
                truth,
                mask,
                axis: axis.name(),
                crop,
                of: &of,
                done: &mut done,
            };
            progress.say(&format!("crop {crop}, axis {}", axis.name()));
            lines.extend(comparison.interpolations()?);
            if let Some(model) = &model {
                lines.extend(comparison.candidates(model, &mut progress)?);
            }
        }
    }
    let rows: Vec<Row> = lines.iter().map(|line| line.row.clone()).collect();
    let means = averaged(&rows);
    let table = comparison_table(&means)?;
    if let Some(out) = &plan.out {
        table.to_csv(out)?;
    }
    if as_json {
        let report = Report {
            comparison: StoredComparison {
                volume: plan.volume.clone(),
                factor: plan.factor,
                shape: crops[0].grid().shape,
                means,
                peak_memory: polymicros::peak_memory(),
            },
            rows: &lines,
        };
        println!("{}", json!(report));
    } else {
        println!("{table}");
    }
    Ok(())
}

/// Cubes spread over the volume's diagonal; or all of it.
fn crops(volume: &Field, plan: &Plan) -> Result<Vec<Field>> {
    if plan.edge == 0 {
        return Ok(vec![volume.clone()]);
    }
    let shape = volume.grid().shape;
    if shape.iter().any(|&n| n < plan.edge) {
        return Err(Error::Usage(format!(
            "--edge {}: the volume has only {shape:?} voxels",
            plan.edge
        )));
    }
    let count = plan.crops.max(1);
    (0..count)
        .map(|k| {
            let ranges = shape.map(|n| {
                let first = (n - plan.edge) * (2 * k + 1) / (2 * count);
                first..first + plan.edge
            });
            Ok(volume.crop(ranges)?)
        })
        .collect()
}

/// The ways that are compared.
fn chosen(plan: &Plan) -> Vec<Candidate> {
    let sampler = plan.way.sampler();
    let mut list = if plan.one {
        vec![Candidate {
            name: "as asked".into(),
            inpainting: plan.way.inpainting(),
        }]
    } else if plan.thetas.is_empty() {
        candidates(sampler, plan.way.theta)
    } else {
        theta_ablation(sampler, &plan.thetas)
    };
    if let Some(part) = &plan.only {
        list.retain(|candidate| candidate.name.contains(part.as_str()));
    }
    list
}

/// One crop with slices across one axis.
struct Comparison<'a> {
    plan: &'a Plan,
    truth: &'a Field,
    mask: Mask,
    axis: &'static str,
    crop: usize,
    /// All that rows depend on beside axis, crop and candidate.
    of: &'a str,
    done: &'a mut Log,
}

impl Comparison<'_> {
    fn interpolations(&self) -> Result<Vec<Line>> {
        let rows = compare_interpolations(self.truth, &self.mask)?;
        Ok(self.lines("", rows))
    }

    fn lines(&self, candidate: &str, rows: Vec<Row>) -> Vec<Line> {
        let line = |row| Line {
            of: self.of.into(),
            axis: self.axis.into(),
            crop: self.crop,
            candidate: candidate.into(),
            row,
        };
        rows.into_iter().map(line).collect()
    }

    fn candidates(
        &mut self,
        denoiser: &dyn Denoiser,
        progress: &mut Progress,
    ) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        for candidate in chosen(self.plan) {
            let same = |line: &&Line| {
                line.of == self.of
                    && (line.axis.as_str(), line.crop) == (self.axis, self.crop)
                    && line.candidate == candidate.name
            };
            let known: Vec<Line> = self.done.lines.iter().filter(same).cloned().collect();
            if known.is_empty() {
                let new = self.compare(&candidate, denoiser, progress)?;
                self.done.add(&new)?;
                lines.extend(new);
            } else {
                lines.extend(known);
            }
        }
        Ok(lines)
    }

    fn compare(
        &self,
        candidate: &Candidate,
        denoiser: &dyn Denoiser,
        progress: &mut Progress,
    ) -> Result<Vec<Line>> {
        let here = format!("crop {}, axis {}", self.crop, self.axis);
        let (samples, seed) = (self.plan.samples, self.plan.seed);
        let say = &mut |now: polymicros::reconstruction::Progress| {
            let (sample, step, steps) = (now.sample + 1, now.step, now.steps);
            let name = &candidate.name;
            progress.say(&format!(
                "{here}, {name}: sample {sample}, step {step} of {steps}"
            ));
            Ok(())
        };
        let rows = compare_candidate(
            self.truth, &self.mask, denoiser, candidate, samples, seed, say,
        )?;
        for row in &rows {
            let error = 100.0 * row.measures.mean_absolute_error;
            progress.keep(&format!("{here}, {}: {error:.2} %", row.method));
        }
        Ok(self.lines(&candidate.name, rows))
    }
}

impl Plan {
    /// All that a row depends on, beside its axis, crop and candidate.
    fn depends_on(&self) -> Result<String> {
        let Plan {
            volume,
            weights,
            precision,
            factor,
            edge,
            crops,
            samples,
            seed,
            tile,
            ..
        } = self;
        let (steps, resampling) = (self.way.steps, self.way.resampling);
        let way = self.one.then_some(&self.way);
        let volume = match volume.parse()? {
            Source::File { file, crop } => format!("{}, {crop:?}", with_digest(&file)?),
            _ => volume.clone(),
        };
        let weights = weights.as_deref().map(with_digest).transpose()?;
        Ok(format!(
            "{volume}, {weights:?}, {precision:?}, factor {factor}, {crops} of {edge}, \
             {samples} samples, seed {seed}, tile {tile}, {steps} steps taken {resampling} times, \
             {way:?}"
        ))
    }
}

/// What is done, in memory and in a file.
struct Log {
    path: Option<PathBuf>,
    lines: Vec<Line>,
}

impl Log {
    fn open(path: Option<PathBuf>) -> Result<Self> {
        let mut lines = Vec::new();
        if let Some(path) = path.as_ref().filter(|path| path.exists()) {
            let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
            for (number, line) in text.lines().enumerate() {
                let line = serde_json::from_str(line).map_err(|e| {
                    let place = format!("line {}", number + 1);
                    polymicros::Error::format(path, place, e.to_string())
                })?;
                lines.push(line);
            }
        }
        Ok(Log { path, lines })
    }

    /// The file is written anew, whole or not at all.
    fn add(&mut self, new: &[Line]) -> Result<()> {
        self.lines.extend_from_slice(new);
        let Some(path) = &self.path else {
            return Ok(());
        };
        let mut text = String::new();
        for line in &self.lines {
            text += &json!(line).to_string();
            text.push('\n');
        }
        Ok(polymicros::save_whole(path, text.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::untrained::{parsed, untrained};

    fn plan(arguments: &[&str]) -> Plan {
        let first = ["stand-in:coarse beta:24:0", "--edge", "12"];
        parsed(&[&first[..], arguments].concat())
    }

    #[test]
    fn a_stopped_comparison_goes_on_from_its_log() -> Result<()> {
        let (folder, weights) = untrained()?;
        let path = |name: &str| folder.path().join(name);
        let plan = Plan {
            weights: Some(weights),
            log: Some(path("log.jsonl")),
            out: Some(path("table.csv")),
            ..plan(&[
                "--axes", "x,z", "--crops", "2", "--thetas", "0.6,1", "--steps", "3",
            ])
        };
        run(&plan, true)?;
        let log = Log::open(plan.log.clone())?;
        // Two crops, two axes, two shares, each mean and projected.
        assert_eq!(log.lines.len(), 2 * 2 * 2 * 2);
        let read = |name: &str| std::fs::read_to_string(path(name)).unwrap_or_default();
        assert_eq!(read("table.csv").lines().count(), 1 + 4 + 4);

        // Lines of a log are believed: only what is missing is computed again.
        let mut changed = log.lines.clone();
        changed[0].row.measures.mean_absolute_error = 0.5;
        let last = changed.pop();
        let mut shorter = Log {
            path: plan.log.clone(),
            lines: Vec::new(),
        };
        shorter.add(&changed[..14])?;
        run(&plan, true)?;
        let again = Log::open(plan.log.clone())?.lines;
        assert_eq!(again.len(), 16);
        assert_eq!(again[0].row.measures.mean_absolute_error, 0.5);
        let measures = |line: &Line| line.row.measures;
        assert_eq!(again.last().map(measures), last.as_ref().map(measures));
        Ok(())
    }

    #[test]
    fn what_is_compared_is_chosen() {
        let all = chosen(&plan(&[])).len();
        assert!(all > 10);
        let some = chosen(&plan(&["--only", "gradient"])).len();
        assert!(some > 0 && some < all);
        assert_eq!(chosen(&plan(&["--one"])).len(), 1);
        let large = plan(&["--edge", "32"]);
        assert!(run(&large, true).is_err_and(|e| e.to_string().contains("--edge 32")));
    }
}
