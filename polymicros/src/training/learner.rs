//! A network that learns, in memory.

use super::checkpoint::State;
use super::{Average, LogLine, Objective, Optimiser, PatchSet, Settings, clip};
use crate::diffusion::{Batch, NetworkDenoiser};
use crate::network::{NetworkDevice, Parameters, UNet, UNetConfig};
use crate::{Error, Result, peak_memory};
use ndarray::Axis;
use std::path::Path;
use std::time::Instant;

/// A network, and what its optimiser and its average know.
pub struct Learner<D: NetworkDevice> {
    pub(super) settings: Settings,
    pub(super) network: UNet<D>,
    pub(super) state: State,
}

impl<D: NetworkDevice> Learner<D> {
    /// A network before its first step.
    ///
    /// # Errors
    /// When the settings make no sense, or the weights to start from cannot be read.
    pub fn new(settings: Settings, device: &D) -> Result<Self> {
        settings.check()?;
        let network = match &settings.start_from {
            Some(path) => started_from(path, &settings.network, device)?,
            None => UNet::initial(settings.network.clone(), settings.seed, device)?,
        };
        let network = network.with(settings.precision)?;
        let weights = network.parameters().values();
        let state = State {
            step: 0,
            average: Average::new(settings.average, &weights),
            optimiser: Optimiser::new(
                settings.optimiser,
                network.parameters().entries(),
                settings.weight_decay,
            ),
            weights,
        };
        Ok(Learner {
            settings,
            network,
            state,
        })
    }

    /// A network as it was after some steps.
    pub(super) fn resumed(settings: Settings, state: State, device: &D) -> Result<Self> {
        let parameters = Parameters::from_values(&settings.network, state.weights.clone(), device)?;
        let network = UNet::new(settings.network.clone(), parameters)?.with(settings.precision)?;
        Ok(Learner {
            settings,
            network,
            state,
        })
    }

    /// A denoiser with the averaged weights.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn averaged(&self) -> Result<NetworkDenoiser<D>> {
        let device = self.network.parameters().device();
        let values = self.state.average.values.clone();
        let averaged = Parameters::from_values(&self.settings.network, values, device)?;
        Ok(NetworkDenoiser {
            network: UNet::new(self.settings.network.clone(), averaged)?,
            preconditioning: self.settings.preconditioning,
            padding: self.settings.network.padding,
        })
    }

    /// One step on the next patches.
    ///
    /// # Errors
    /// When the patches do not fit the network, or the loss is not a number.
    pub fn step(&mut self, data: &mut PatchSet) -> Result<LogLine> {
        let start = Instant::now();
        let (settings, step) = (&self.settings, self.state.step);
        let objective = Objective {
            preconditioning: settings.preconditioning,
            padding: settings.network.padding,
        };
        let parts = (0..settings.accumulate).map(|part| {
            let place = step * settings.accumulate + part;
            let batch = batch(data, place * settings.batch, settings.batch)?;
            Ok((batch, place as u64))
        });
        let (loss, mut total) = objective.mean_gradients(&self.network, parts, settings.seed)?;
        let gradient = clip(&mut total, settings.clip);
        let rate = settings.rate_at(step);
        let state = &mut self.state;
        state.optimiser.step(&mut state.weights, &total, rate);
        state.average.update(&state.weights);
        state.step += 1;
        self.network.parameters_mut().set_all(&state.weights);
        let seconds = start.elapsed().as_secs_f64();
        let samples = (settings.batch * settings.accumulate) as f64;
        Ok(LogLine {
            step: state.step,
            loss,
            rate,
            gradient,
            seconds,
            samples_per_second: samples / seconds,
            peak_memory: peak_memory(),
            denoising: None,
        })
    }
}

/// The network of a file, to go on with as `config` says.
fn started_from<D: NetworkDevice>(path: &Path, config: &UNetConfig, device: &D) -> Result<UNet<D>> {
    let found = UNet::load(path, device)?;
    let same = UNetConfig {
        padding: config.padding,
        ..found.config().clone()
    };
    if same != *config {
        let problem = format!(
            "its network is {:?}, the settings say {config:?}",
            found.config()
        );
        return Err(Error::format(path, "configuration", problem));
    }
    UNet::new(same, found.parameters().clone())
}

/// The patches from `first` on.
fn batch(data: &mut PatchSet, first: usize, count: usize) -> Result<Batch> {
    let patches: Vec<_> = (first..first + count)
        .map(|place| data.draw(place))
        .collect();
    let views: Vec<_> = patches.iter().map(|patch| patch.view()).collect();
    ndarray::stack(Axis(0), &views).map_err(|e| Error::value("patches", e.to_string()))
}
