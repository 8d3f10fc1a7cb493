//! A training run in a folder.

use super::checkpoint::State;
use super::{AdamW, Average, LogLine, Objective, PatchSet, Settings, clip, log};
use crate::diffusion::Batch;
use crate::network::{NetworkDevice, Parameters, UNet};
use crate::{Error, Result, save_whole};
use ndarray::Axis;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A training run. Its folder holds `settings.toml`, `log.jsonl`, `checkpoint.safetensors` and, with
/// each checkpoint, the averaged network as `network.safetensors`.
pub struct Run<D: NetworkDevice> {
    folder: PathBuf,
    settings: Settings,
    network: UNet<D>,
    state: State,
}

impl<D: NetworkDevice> Run<D> {
    /// Begins a run in a folder that holds none.
    ///
    /// # Errors
    /// When the settings make no sense, the folder holds a run, or cannot be written.
    pub fn start(settings: Settings, folder: impl AsRef<Path>, device: &D) -> Result<Self> {
        settings.check()?;
        let folder = folder.as_ref().to_owned();
        if folder.join(SETTINGS).exists() {
            return Err(Error::value(
                "folder of a run",
                format!("{} holds one already: resume it", folder.display()),
            ));
        }
        std::fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        let network = UNet::initial(settings.network.clone(), settings.seed, device)?;
        let weights = network.parameters().values();
        let state = State {
            step: 0,
            average: Average::new(settings.average, &weights),
            optimiser: AdamW::new(weights.iter().map(Vec::len), settings.weight_decay),
            weights,
        };
        let run = Run {
            folder,
            settings,
            network,
            state,
        };
        run.checkpoint()?;
        let text =
            toml::to_string(&run.settings).map_err(|e| Error::value("settings", e.to_string()))?;
        save_whole(run.folder.join(SETTINGS), text.as_bytes())?;
        Ok(run)
    }

    /// Goes on with the run of a folder from its last checkpoint.
    ///
    /// # Errors
    /// When the folder holds no run, or a damaged one.
    pub fn resume(folder: impl AsRef<Path>, device: &D) -> Result<Self> {
        let folder = folder.as_ref().to_owned();
        let settings = Settings::read(folder.join(SETTINGS))?;
        let state = State::load(&folder.join(CHECKPOINT), &settings)?;
        log::cut(&folder.join(LOG), state.step)?;
        let parameters = Parameters::from_values(&settings.network, state.weights.clone(), device)?;
        let network = UNet::new(settings.network.clone(), parameters)?;
        Ok(Run {
            folder,
            settings,
            network,
            state,
        })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Steps done.
    pub fn step(&self) -> usize {
        self.state.step
    }

    /// The network as it is, not averaged.
    pub fn network(&self) -> &UNet<D> {
        &self.network
    }

    /// Trains to the last step. `report` hears of each step, and may end the run with a checkpoint
    /// by breaking.
    ///
    /// # Errors
    /// When the data do not fit the network, the loss is not a number (the last checkpoint stays),
    /// or the folder cannot be written.
    pub fn train(
        &mut self,
        data: &mut PatchSet,
        mut report: impl FnMut(&LogLine) -> ControlFlow<()>,
    ) -> Result<()> {
        while self.state.step < self.settings.steps {
            let line = self.one_step(data).map_err(|e| {
                let last = self.state.step / self.settings.checkpoint_every;
                let last = last * self.settings.checkpoint_every;
                let what = format!("step {}", self.state.step + 1);
                Error::numerical(what, format!("{e}; the last checkpoint is of step {last}"))
            })?;
            log::append(&self.folder.join(LOG), &line)?;
            let stop = report(&line).is_break();
            let step = self.state.step;
            if stop
                || step == self.settings.steps
                || step.is_multiple_of(self.settings.checkpoint_every)
            {
                self.checkpoint()?;
            }
            if stop {
                break;
            }
        }
        Ok(())
    }

    fn one_step(&mut self, data: &mut PatchSet) -> Result<LogLine> {
        let start = Instant::now();
        let (settings, step) = (&self.settings, self.state.step);
        let objective = Objective {
            preconditioning: settings.preconditioning,
            padding: settings.network.padding,
        };
        let parameters = self.network.parameters();
        let share = 1.0 / settings.accumulate as f32;
        let mut total: Vec<Vec<f32>> = Vec::new();
        let mut loss = 0.0;
        for part in 0..settings.accumulate {
            let place = step * settings.accumulate + part;
            let batch = batch(data, place * settings.batch, settings.batch)?;
            let (value, mut found) =
                objective.gradients(&self.network, &batch, settings.seed, place as u64)?;
            loss += f64::from(value * share);
            for index in 0..parameters.entries().len() {
                let gradient = parameters.gradient(index, &mut found)?;
                match total.get_mut(index) {
                    None => total.push(gradient.iter().map(|g| g * share).collect()),
                    Some(sum) => {
                        for (sum, g) in sum.iter_mut().zip(&gradient) {
                            *sum += g * share;
                        }
                    }
                }
            }
        }
        let gradient = clip(&mut total, settings.clip);
        let rate = settings.rate_at(step);
        let state = &mut self.state;
        state.optimiser.step(&mut state.weights, &total, rate);
        state.average.update(&state.weights);
        state.step += 1;
        for (index, values) in state.weights.iter().enumerate() {
            self.network.parameters_mut().set(index, values);
        }
        let seconds = start.elapsed().as_secs_f64();
        let samples = (settings.batch * settings.accumulate) as f64;
        Ok(LogLine {
            step: state.step,
            loss,
            rate,
            gradient,
            seconds,
            samples_per_second: samples / seconds,
        })
    }

    fn checkpoint(&self) -> Result<()> {
        let device = self.network.parameters().device();
        let values = self.state.average.values.clone();
        let averaged = Parameters::from_values(&self.settings.network, values, device)?;
        UNet::new(self.settings.network.clone(), averaged)?
            .save(self.folder.join("network.safetensors"))?;
        self.state
            .save(&self.folder.join(CHECKPOINT), &self.settings)
    }
}

const SETTINGS: &str = "settings.toml";
const CHECKPOINT: &str = "checkpoint.safetensors";
const LOG: &str = "log.jsonl";

/// The patches from `first` on.
fn batch(data: &mut PatchSet, first: usize, count: usize) -> Result<Batch> {
    let patches: Vec<_> = (first..first + count)
        .map(|place| data.draw(place))
        .collect();
    let views: Vec<_> = patches.iter().map(|patch| patch.view()).collect();
    ndarray::stack(Axis(0), &views).map_err(|e| Error::value("patches", e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::read_log;
    use super::*;
    use crate::network::{Cpu, UNetConfig};
    use ndarray::Array4;

    fn settings(steps: usize) -> Settings {
        Settings {
            network: UNetConfig::tiny(),
            batch: 2,
            accumulate: 2,
            steps,
            rate: 2e-3,
            checkpoint_every: 4,
            ..Settings::paper_local(1)
        }
    }

    fn data() -> PatchSet {
        let volume = Array4::from_shape_fn((3, 10, 10, 10), |(c, x, y, z)| {
            0.4 * ((c + x / 3 + 2 * (y / 4) + 3 * (z / 5)) as f32).sin()
        });
        PatchSet::new(vec![volume], 8, 1, true, 3).unwrap()
    }

    fn all(_: &LogLine) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn a_killed_run_goes_on_with_the_same_bits_on_any_number_of_threads() {
        let folder = tempfile::tempdir().unwrap();
        let device = Cpu::default();
        let whole = folder.path().join("whole");
        let mut run = Run::start(settings(10), &whole, &device).unwrap();
        run.train(&mut data(), all).unwrap();

        // Six steps, of which two are lost with the process: the last checkpoint is of step four.
        let killed = folder.path().join("killed");
        let mut run = Run::start(settings(10), &killed, &device).unwrap();
        let one = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        one.install(|| {
            for _ in 0..6 {
                let line = run.one_step(&mut data()).unwrap();
                log::append(&killed.join(LOG), &line).unwrap();
                if run.step() == 4 {
                    run.checkpoint().unwrap();
                }
            }
        });
        drop(run);
        let mut run = Run::resume(&killed, &device).unwrap();
        assert_eq!(run.step(), 4);
        run.train(&mut data(), all).unwrap();

        for file in [CHECKPOINT, "network.safetensors", SETTINGS] {
            let read = |folder: &Path| std::fs::read(folder.join(file)).unwrap();
            assert!(read(&whole) == read(&killed), "{file}");
        }
        let losses = |folder: &Path| -> Vec<(usize, f64)> {
            let lines = read_log(folder.join(LOG)).unwrap();
            lines.iter().map(|line| (line.step, line.loss)).collect()
        };
        assert_eq!(losses(&whole), losses(&killed));
        assert_eq!(losses(&whole).len(), 10);
    }

    #[test]
    fn the_loss_falls() {
        let folder = tempfile::tempdir().unwrap();
        let mut run = Run::start(settings(60), folder.path(), &Cpu::default()).unwrap();
        let mut losses = Vec::new();
        run.train(&mut data(), |line| {
            losses.push(line.loss);
            ControlFlow::Continue(())
        })
        .unwrap();
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let (first, last) = (mean(&losses[..10]), mean(&losses[50..]));
        assert!(last < 0.8 * first, "{first} {last}");
    }

    #[test]
    fn a_stop_leaves_a_checkpoint_and_a_folder_is_not_begun_twice() {
        let folder = tempfile::tempdir().unwrap();
        let device = Cpu::default();
        let mut run = Run::start(settings(10), folder.path(), &device).unwrap();
        run.train(&mut data(), |line| match line.step {
            3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
        .unwrap();
        assert_eq!(Run::resume(folder.path(), &device).unwrap().step(), 3);
        let again = Run::start(settings(10), folder.path(), &device);
        assert!(
            again
                .err()
                .is_some_and(|e| e.to_string().contains("resume it"))
        );
    }
}
