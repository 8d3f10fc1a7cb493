//! A training run in a folder.

use super::checkpoint::State;
use super::{DenoisingError, DenoisingSettings, DenoisingTest};
use super::{Learner, LogLine, PatchSet, Settings, log};
use crate::network::weights::Precision;
use crate::network::{NetworkDevice, UNet};
use crate::{Error, Result, save_whole};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// A training run. Its folder holds `settings.toml`, `log.jsonl`, `checkpoint.safetensors` and, with
/// each checkpoint, the averaged network as `network.safetensors`.
pub struct Run<D: NetworkDevice> {
    folder: PathBuf,
    learner: Learner<D>,
}

impl<D: NetworkDevice> Run<D> {
    /// Begins a run in a folder that holds none.
    ///
    /// # Errors
    /// When the settings make no sense, the folder holds a run, or cannot be written.
    pub fn start(settings: Settings, folder: impl AsRef<Path>, device: &D) -> Result<Self> {
        let folder = folder.as_ref().to_owned();
        if folder.join(SETTINGS).exists() {
            return Err(Error::value(
                "folder of a run",
                format!("{} holds one already: resume it", folder.display()),
            ));
        }
        let learner = Learner::new(settings, device)?;
        std::fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        let run = Run { folder, learner };
        run.checkpoint()?;
        let text =
            toml::to_string(run.settings()).map_err(|e| Error::value("settings", e.to_string()))?;
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
        let learner = Learner::resumed(settings, state, device)?;
        Ok(Run { folder, learner })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.learner.settings
    }

    /// Steps done.
    pub fn step(&self) -> usize {
        self.learner.state.step
    }

    /// The network as it is, not averaged.
    pub fn network(&self) -> &UNet<D> {
        &self.learner.network
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
        let (steps, every) = (self.settings().steps, self.settings().checkpoint_every);
        let mut test = None;
        while self.step() < steps {
            let mut line = self.learner.step(data).map_err(|e| {
                let last = self.step() / every * every;
                let what = format!("step {}", self.step() + 1);
                Error::numerical(what, format!("{e}; the last checkpoint is of step {last}"))
            })?;
            line.denoising = self.denoising(data, &mut test)?;
            log::append(&self.folder.join(LOG), &line)?;
            let stop = report(&line).is_break();
            let step = self.step();
            if stop || step == steps || step.is_multiple_of(every) {
                self.checkpoint()?;
            }
            if stop {
                break;
            }
        }
        Ok(())
    }

    fn checkpoint(&self) -> Result<()> {
        let averaged = self.learner.averaged()?;
        averaged.save(self.folder.join(NETWORK), Precision::F32)?;
        let learner = &self.learner;
        let path = self.folder.join(CHECKPOINT);
        learner.state.save(&path, &learner.settings)
    }

    /// The denoising error after this step, where the settings ask for it. The test, whose filters
    /// need no second tuning, is made when it is first needed.
    fn denoising(
        &self,
        data: &PatchSet,
        test: &mut Option<DenoisingTest>,
    ) -> Result<Option<DenoisingError>> {
        let (step, settings) = (self.step(), self.settings());
        let asked =
            |asked: &&DenoisingSettings| step == settings.steps || step.is_multiple_of(asked.every);
        let Some(asked) = settings.denoising.as_ref().filter(asked) else {
            return Ok(None);
        };
        let test = match test {
            Some(test) => test,
            None => test.insert(DenoisingTest::of_run(asked, data, settings.seed)?),
        };
        Ok(Some(test.measure("model", &self.learner.averaged()?)?))
    }
}

const SETTINGS: &str = "settings.toml";
const CHECKPOINT: &str = "checkpoint.safetensors";
const LOG: &str = "log.jsonl";
const NETWORK: &str = "network.safetensors";

#[cfg(test)]
mod tests {
    use super::super::read_log;
    use super::*;
    use crate::diffusion::NetworkDenoiser;
    use crate::network::{Arithmetic, Cpu, UNetConfig};
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
        for precision in [Arithmetic::F32, Arithmetic::Bf16] {
            killed_run(Settings {
                precision,
                ..settings(10)
            });
        }
    }

    fn killed_run(settings: Settings) {
        let folder = tempfile::tempdir().unwrap();
        let device = Cpu::default();
        let whole = folder.path().join("whole");
        let mut run = Run::start(settings.clone(), &whole, &device).unwrap();
        run.train(&mut data(), all).unwrap();

        // Six steps, of which two are lost with the process: the last checkpoint is of step four.
        let killed = folder.path().join("killed");
        let mut run = Run::start(settings, &killed, &device).unwrap();
        let one = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        one.install(|| {
            for _ in 0..6 {
                let line = run.learner.step(&mut data()).unwrap();
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

        for file in [CHECKPOINT, NETWORK, SETTINGS] {
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
    fn the_log_holds_denoising_errors_where_they_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let with_errors: Settings = Settings {
            denoising: Some(DenoisingSettings {
                every: 3,
                volumes: vec!["stand-in:twinned:8:5".parse().unwrap()],
                levels: vec![0.1, 0.5],
                patches: 1,
            }),
            ..settings(5)
        };
        let device = Cpu::default();
        let mut run = Run::start(with_errors, folder.path(), &device).unwrap();
        run.train(&mut data(), all).unwrap();
        let lines = read_log(folder.path().join(LOG)).unwrap();
        let measured: Vec<usize> = lines
            .iter()
            .filter(|line| line.denoising.is_some())
            .map(|line| line.step)
            .collect();
        assert_eq!(measured, [3, 5]);
        let last = lines[4].denoising.clone().unwrap();
        assert_eq!(last.levels, [0.1, 0.5]);
        assert_eq!(last.rows.len(), 5);
        // It is the network that is written that was measured.
        let test = DenoisingTest::of_run(
            run.settings().denoising.as_ref().unwrap(),
            &data(),
            run.settings().seed,
        );
        let written = NetworkDenoiser::load(folder.path().join(NETWORK), &device).unwrap();
        assert_eq!(test.unwrap().measure("model", &written).unwrap(), last);
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
    fn a_run_starts_from_the_weights_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let device = Cpu::default();
        let first = folder.path().join("first");
        let mut run = Run::start(settings(3), &first, &device).unwrap();
        run.train(&mut data(), all).unwrap();
        let mut next = settings(3);
        next.start_from = Some(first.join(NETWORK));
        let run = Run::start(next.clone(), folder.path().join("next"), &device).unwrap();
        let averaged = UNet::load(first.join(NETWORK), &device).unwrap();
        assert_eq!(
            run.network().parameters().values(),
            averaged.parameters().values()
        );
        next.network = UNetConfig::desk();
        let other = Run::start(next, folder.path().join("other"), &device);
        assert!(
            other
                .err()
                .is_some_and(|e| e.to_string().contains("the settings say"))
        );
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
