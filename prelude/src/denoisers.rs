//! Denoisers in a notebook: trained under a live line, and sampled from.

use ndarray::{Axis, s};
use polymicros::diffusion::{
    Batch, Condition, Denoiser, MeanCorrection, Preconditioning, Sampler, Schedule, TrainedNetwork,
    with_noise,
};
use polymicros::microstructure::{Field, Grid, Microstructure};
use polymicros::network::{Device, DeviceWork, NetworkDevice, Padding, UNetConfig};
use polymicros::orientation::ROGSH_NAMES;
use polymicros::training::{
    DataSettings, Learner, LogLine, PatchSet, RateSchedule, Settings, centred,
};
use polymicros::{Error, Result};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A training that a notebook can wait for.
#[derive(Debug, Clone, PartialEq)]
pub struct ShortTraining {
    /// The network: `tiny` or `desk` in a notebook.
    pub network: String,
    /// Voxels along each edge of a patch, and from one to the next.
    pub patch: usize,
    /// Voxels from one patch to the next.
    pub stride: usize,
    /// Patches to a step.
    pub batch: usize,
    /// Steps of the optimiser.
    pub steps: usize,
    /// Learning rate at its highest; it falls along half a cosine.
    pub rate: f64,
    /// Decides all that is random.
    pub seed: u64,
}

impl Default for ShortTraining {
    fn default() -> Self {
        ShortTraining {
            network: "tiny".into(),
            patch: 16,
            stride: 4,
            batch: 4,
            steps: 400,
            rate: 2e-3,
            seed: 1,
        }
    }
}

impl ShortTraining {
    fn settings(&self) -> Result<Settings> {
        Ok(Settings {
            network: UNetConfig::named(&self.network)?,
            data: DataSettings {
                patch: self.patch,
                stride: self.stride,
                augment: false,
                volumes: Vec::new(),
            },
            batch: self.batch,
            accumulate: 1,
            steps: self.steps,
            rate: self.rate,
            schedule: RateSchedule::Cosine,
            average: 0.99,
            seed: self.seed,
            ..Settings::paper_local(1)
        })
    }
}

/// A trained denoiser; clones share their weights.
#[derive(Debug, Clone)]
pub struct TrainedDenoiser {
    network: TrainedNetwork,
    losses: Arc<Vec<f64>>,
}

impl TrainedDenoiser {
    /// Reads the network of a file, such as training writes, onto a GPU where there is one.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no network.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(TrainedDenoiser {
            network: TrainedNetwork::open(path, Device::Auto)?,
            losses: Arc::new(Vec::new()),
        })
    }

    /// The loss of each step, where it was trained here.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// Means of the loss over `count` runs of steps of equal length, and the last step of each.
    pub fn smooth_losses(&self, count: usize) -> [Vec<f64>; 2] {
        let size = self.losses.len().div_ceil(count.max(1)).max(1);
        let mean = |run: &[f64]| run.iter().sum::<f64>() / run.len() as f64;
        let ends = (0..self.losses.len()).step_by(size);
        [
            ends.map(|start| (start + size).min(self.losses.len()) as f64)
                .collect(),
            self.losses.chunks(size).map(mean).collect(),
        ]
    }

    /// Numbers in its network.
    pub fn parameters(&self) -> usize {
        self.network.parameters()
    }

    /// A field drawn by Algorithm 2 with 25 steps and mean correction.
    ///
    /// # Errors
    /// When the edge does not fit the network.
    pub fn sample(&self, edge: usize, seed: u64, padding: Padding) -> Result<Field> {
        let mut path = self.path(edge, seed, padding, &[Schedule::default().steps])?;
        path.pop()
            .ok_or_else(|| Error::value("sample", "no step was asked for"))
    }

    /// The fields that [`sample`](Self::sample) passes through after each of these steps (of 25;
    /// zero is the noise that it starts from).
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    pub fn path(
        &self,
        edge: usize,
        seed: u64,
        padding: Padding,
        steps: &[usize],
    ) -> Result<Vec<Field>> {
        let denoiser = self.network.clone().with_padding(padding);
        let channels = denoiser.config().channels;
        let mut keeper = Keeper {
            mean: MeanCorrection::zero(channels),
            steps: steps.to_vec(),
            kept: Vec::new(),
        };
        let x = Batch::zeros((1, channels, edge, edge, edge));
        if steps.contains(&0) {
            let start = Schedule::default().levels()?[0];
            keeper.kept.push(with_noise(&x, start, seed));
        }
        let sampler = Sampler::default();
        sampler.sample(&denoiser, x, seed, Some(&mut keeper), |_| Ok(()))?;
        keeper.kept.iter().map(|x| field(x, edge)).collect()
    }

    /// The corner of a volume, `edge` voxels along each axis, with noise of deviation `sigma`, and
    /// what the network makes of it.
    ///
    /// # Errors
    /// When the volume is smaller or the edge does not fit the network.
    pub fn denoise(&self, clean: &Field, edge: usize, sigma: f64, seed: u64) -> Result<[Field; 2]> {
        let shape = clean.grid().shape;
        if shape.iter().any(|&n| n < edge) {
            return Err(Error::shape("volume to take a corner of", [edge; 3], shape));
        }
        let clean = centred(clean)?;
        let corner = clean.slice(s![.., ..edge, ..edge, ..edge]).to_owned();
        let x = with_noise(&corner.insert_axis(Axis(0)), sigma, seed);
        let denoised = self.network.denoise(&x, sigma)?;
        Ok([field(&x, edge)?, field(&denoised, edge)?])
    }
}

/// Corrects means, and keeps what some steps have come to.
struct Keeper {
    mean: MeanCorrection,
    steps: Vec<usize>,
    kept: Vec<Batch>,
}

impl Condition for Keeper {
    fn apply(&mut self, x: &mut Batch, step: usize, sigma: f64) -> Result<()> {
        self.mean.apply(x, step, sigma)?;
        if self.steps.contains(&(step + 1)) {
            self.kept.push(x.clone());
        }
        Ok(())
    }
}

/// A field of the batch's first member.
fn field(x: &Batch, edge: usize) -> Result<Field> {
    let data = x.index_axis(Axis(0), 0).to_owned();
    Field::new(Grid::cube(edge)?, ROGSH_NAMES, data)
}

/// Trains a denoiser on neighbourhoods of volumes, on a GPU where there is one, under a line that
/// tells step, loss and the time left.
///
/// # Errors
/// When the settings make no sense, a volume is smaller than a patch or has voxels that are not
/// valid, or the loss is not a number.
pub fn train_denoiser(volumes: &[Microstructure], how: &ShortTraining) -> Result<TrainedDenoiser> {
    let fields = volumes
        .iter()
        .map(|volume| centred(&volume.rogsh()?))
        .collect::<Result<Vec<_>>>()?;
    let data = PatchSet::new(fields, how.patch, how.stride, false, how.seed)?;
    Device::Auto.run(Training {
        settings: how.settings()?,
        data,
    })
}

/// What is trained on what.
struct Training {
    settings: Settings,
    data: PatchSet,
}

impl DeviceWork for Training {
    type Output = TrainedDenoiser;
    type Error = Error;

    fn on<D: NetworkDevice>(mut self, device: &D) -> Result<TrainedDenoiser> {
        let steps = self.settings.steps;
        let mut learner = Learner::new(self.settings, device)?;
        let mut losses = Vec::with_capacity(steps);
        let (start, mut told) = (Instant::now(), Instant::now());
        while losses.len() < steps {
            let line = learner.step(&mut self.data)?;
            losses.push(line.loss);
            if told.elapsed() > SILENCE || losses.len() == steps {
                told = Instant::now();
                tell(&line, steps, start);
            }
        }
        eprintln!();
        Ok(TrainedDenoiser {
            network: learner.averaged()?.into(),
            losses: Arc::new(losses),
        })
    }
}

/// The line is written anew that often.
const SILENCE: Duration = Duration::from_millis(500);

/// Writes over the line before.
fn tell(line: &LogLine, steps: usize, start: Instant) {
    let left = start.elapsed().as_secs_f64() * (steps as f64 / line.step as f64 - 1.0);
    eprint!(
        "\rstep {} of {steps}, loss {:.4}, {left:.0} s left   ",
        line.step, line.loss
    );
}

/// The factors of EDM's preconditioning at noise levels between two, evenly spaced in their
/// logarithm: levels, `c_skip`, `c_out` and `c_in`.
pub fn preconditioning_curves(low: f64, high: f64, count: usize) -> [Vec<f64>; 4] {
    let p = Preconditioning::default();
    let last = count.saturating_sub(1).max(1) as f64;
    let levels: Vec<f64> = (0..count)
        .map(|i| low * (high / low).powf(i as f64 / last))
        .collect();
    let of = |f: fn(&Preconditioning, f64) -> f64| levels.iter().map(|&s| f(&p, s)).collect();
    let (skip, out, input) = (
        of(Preconditioning::c_skip),
        of(Preconditioning::c_out),
        of(Preconditioning::c_in),
    );
    [levels, skip, out, input]
}

/// How far opposite faces of a field differ, relative to neighbouring planes inside: near one
/// where it is periodic.
pub fn seam(field: &Field) -> f64 {
    let data = field.data();
    let (mut across, mut inside) = (0.0, 0.0);
    for axis in 1..4 {
        let n = data.len_of(Axis(axis));
        let squares = |a: usize, b: usize| -> f64 {
            let planes = data.index_axis(Axis(axis), a);
            let other = data.index_axis(Axis(axis), b);
            let differences = planes.iter().zip(other.iter());
            differences
                .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
                .sum()
        };
        across += squares(n - 1, 0) * (n - 1) as f64;
        inside += (1..n).map(|at| squares(at - 1, at)).sum::<f64>();
    }
    (across / inside).sqrt()
}
