//! What a training run does, as a TOML file says it.

use super::data::DataSettings;
use super::{DenoisingSettings, Rule};
use crate::diffusion::Preconditioning;
use crate::network::{Arithmetic, UNetConfig};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// All settings of a training run; the defaults are the paper's local models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The network.
    pub network: UNetConfig,
    /// What it learns from.
    pub data: DataSettings,
    /// Weights to start from, as training writes them; without, they are drawn from the seed. A
    /// relative path is looked for from the working directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_from: Option<PathBuf>,
    /// How the network's matrix products are computed.
    #[serde(default)]
    pub precision: Arithmetic,
    /// Noise levels and coefficients.
    #[serde(default)]
    pub preconditioning: Preconditioning,
    /// How many patches a batch has.
    pub batch: usize,
    /// How many batches make a step of the optimiser.
    #[serde(default = "one")]
    pub accumulate: usize,
    /// Steps of the optimiser.
    pub steps: usize,
    /// Learning rate, at its highest.
    pub rate: f64,
    /// How the rate goes on.
    #[serde(default)]
    pub schedule: RateSchedule,
    /// Steps over which the rate rises from zero.
    #[serde(default)]
    pub warm_up: usize,
    /// What makes steps of gradients.
    #[serde(default)]
    pub optimiser: Rule,
    /// Decoupled weight decay.
    #[serde(default = "weight_decay")]
    pub weight_decay: f32,
    /// Gradients longer than this are shortened to it.
    #[serde(default = "clip")]
    pub clip: f64,
    /// Decay of the averaged weights.
    #[serde(default = "average")]
    pub average: f32,
    /// Decides all that is random.
    #[serde(default)]
    pub seed: u64,
    /// Steps between checkpoints.
    #[serde(default = "checkpoint")]
    pub checkpoint_every: usize,
    /// Whether the log gets the averaged network's denoising error on held-out volumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denoising: Option<DenoisingSettings>,
}

fn one() -> usize {
    1
}

fn weight_decay() -> f32 {
    0.01
}

fn clip() -> f64 {
    1.0
}

fn average() -> f32 {
    0.9
}

fn checkpoint() -> usize {
    100
}

/// How the learning rate goes on after its rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RateSchedule {
    /// It stays.
    #[default]
    Constant,
    /// It falls to zero at the last step along half a cosine.
    Cosine,
}

impl Settings {
    /// The paper's local models (appendix C): rate 1e-5, batches of 16 accumulated 16 times, 200
    /// epochs of `patches` patches.
    pub fn paper_local(patches: usize) -> Self {
        Self::paper(UNetConfig::paper_local(), [16, 16], 200, patches, 32)
    }

    /// The pre-training of the paper's foundation model: effective batches of 3,072 (24, 16 times,
    /// on 8 devices), 200 epochs.
    pub fn paper_pretraining(patches: usize) -> Self {
        Self::paper(
            UNetConfig::paper_foundation(),
            [24, 16 * 8],
            200,
            patches,
            32,
        )
    }

    /// Its fine-tuning on whole volumes: effective batches of 1,536 (3, 64 times, on 8 devices), 50
    /// epochs.
    pub fn paper_fine_tuning(volumes: usize) -> Self {
        Self::paper(
            UNetConfig::paper_foundation(),
            [3, 64 * 8],
            50,
            volumes,
            128,
        )
    }

    fn paper(
        network: UNetConfig,
        size: [usize; 2],
        epochs: usize,
        patches: usize,
        edge: usize,
    ) -> Self {
        let [batch, accumulate] = size;
        Settings {
            network,
            data: DataSettings {
                patch: edge,
                stride: 8,
                augment: false,
                volumes: Vec::new(),
            },
            start_from: None,
            precision: Arithmetic::F32,
            preconditioning: Preconditioning::default(),
            batch,
            accumulate,
            steps: (epochs * patches).div_ceil(batch * accumulate),
            rate: 1e-5,
            schedule: RateSchedule::Constant,
            warm_up: 0,
            optimiser: Rule::default(),
            weight_decay: weight_decay(),
            clip: clip(),
            average: average(),
            seed: 0,
            checkpoint_every: checkpoint(),
            denoising: None,
        }
    }

    /// Reads a TOML file.
    ///
    /// # Errors
    /// When it cannot be read, has unknown or missing settings, or settings that make no sense.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
        let settings: Settings =
            toml::from_str(&text).map_err(|e| Error::format(path, "settings", e.to_string()))?;
        settings.check()?;
        Ok(settings)
    }

    /// # Errors
    /// When settings make no sense.
    pub fn check(&self) -> Result<()> {
        self.network.check()?;
        let positive = |what: &str, value: usize| match value {
            0 => Err(Error::value(what, "must not be zero")),
            _ => Ok(()),
        };
        positive("batch", self.batch)?;
        positive("accumulate", self.accumulate)?;
        positive("checkpoint_every", self.checkpoint_every)?;
        if let Some(denoising) = &self.denoising {
            denoising.check()?;
        }
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return Err(Error::value(
                "rate",
                format!("{} is not positive", self.rate),
            ));
        }
        if self.clip.is_nan() || self.clip <= 0.0 {
            return Err(Error::value(
                "clip",
                format!("{} is not positive", self.clip),
            ));
        }
        if !(0.0..1.0).contains(&self.average) {
            let problem = format!("{} is not in 0 .. 1", self.average);
            return Err(Error::value("average", problem));
        }
        Ok(())
    }

    /// Learning rate of a step, counted from zero.
    pub fn rate_at(&self, step: usize) -> f64 {
        if step < self.warm_up {
            return self.rate * (step + 1) as f64 / (self.warm_up + 1) as f64;
        }
        match self.schedule {
            RateSchedule::Constant => self.rate,
            RateSchedule::Cosine => {
                let left = self.steps.saturating_sub(self.warm_up).max(1) as f64;
                let done = (step - self.warm_up) as f64 / left;
                0.5 * self.rate * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_and_mistakes_are_named() {
        let settings = Settings::paper_local(10_000);
        assert_eq!(settings.steps, 7_813);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        let text = toml::to_string(&settings).unwrap();
        std::fs::write(&path, &text).unwrap();
        assert_eq!(Settings::read(&path).unwrap(), settings);
        std::fs::write(&path, text.replace("batch", "bath")).unwrap();
        let error = Settings::read(&path).unwrap_err().to_string();
        assert!(error.contains("bath"), "{error}");
        let backwards = Settings {
            rate: -1.0,
            ..settings
        };
        std::fs::write(&path, toml::to_string(&backwards).unwrap()).unwrap();
        let error = Settings::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("rate") && error.contains("not positive"),
            "{error}"
        );
    }

    #[test]
    fn the_rate_rises_and_falls() {
        let settings = Settings {
            schedule: RateSchedule::Cosine,
            warm_up: 3,
            steps: 103,
            rate: 1.0,
            ..Settings::paper_local(1)
        };
        assert_eq!(settings.rate_at(0), 0.25);
        assert_eq!(settings.rate_at(3), 1.0);
        assert!((settings.rate_at(53) - 0.5).abs() < 1e-12);
        assert!(settings.rate_at(103) < 1e-12);
    }
}
