//! Several samples of one volume, each a file of a folder.

use crate::diffusion::Denoiser;
use crate::microstructure::Field;
use crate::reconstruction::{Ensemble, Inpainting};
use crate::{Error, Result, save_whole};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Several samples of a volume of which some voxels are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconstruction {
    /// What draws them, in words: the file of the weights with its digest and whatever else its
    /// answers depend on, or the name of a method. A run is not continued with another one.
    pub denoiser: String,
    /// How many.
    pub samples: usize,
    /// Decides all that is random: sample `k`, counted from 0, is drawn with `seed + k`.
    #[serde(default)]
    pub seed: u64,
    /// How one is drawn.
    #[serde(default)]
    pub inpainting: Inpainting,
}

/// How far a reconstruction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The sample in hand, counted from 0.
    pub sample: usize,
    /// How many there are to be.
    pub samples: usize,
    /// Steps done of it.
    pub step: usize,
    /// How many it takes.
    pub steps: usize,
}

impl Reconstruction {
    /// Draws the samples in memory.
    ///
    /// # Errors
    /// As [`Inpainting::sample`], and when no sample is asked for.
    pub fn draw(
        &self,
        denoiser: &dyn Denoiser,
        observed: &Field,
        progress: &mut dyn FnMut(Progress) -> Result<()>,
    ) -> Result<Ensemble> {
        self.gather(|k| self.sample(denoiser, observed, k, progress))
    }

    /// Draws the samples into a folder: `sample_000.npz` and so on, each as soon as it is done,
    /// `observed.npz` (what is known), `settings.toml`, and at the end `mean.npz` and `spread.npz`.
    /// A run that was stopped goes on with the samples that are not there; more samples may be asked
    /// of one that has ended.
    ///
    /// # Errors
    /// As [`draw`](Self::draw), and when the folder holds another run, or cannot be written.
    pub fn run(
        &self,
        denoiser: &dyn Denoiser,
        observed: &Field,
        folder: impl AsRef<Path>,
        progress: &mut dyn FnMut(Progress) -> Result<()>,
    ) -> Result<Ensemble> {
        let folder = folder.as_ref();
        self.settle(observed, folder)?;
        let ensemble = self.gather(|k| {
            let path = sample_path(folder, k);
            if path.exists() {
                return Field::open(path);
            }
            let sample = self.sample(denoiser, observed, k, progress)?;
            sample.save(path)?;
            Ok(sample)
        })?;
        ensemble.mean()?.save(folder.join("mean.npz"))?;
        ensemble.spread()?.save(folder.join("spread.npz"))?;
        Ok(ensemble)
    }

    /// Begins the folder, or makes sure that it holds this run.
    fn settle(&self, observed: &Field, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        let (settings, known) = (folder.join("settings.toml"), folder.join("observed.npz"));
        if settings.exists() {
            let text = std::fs::read_to_string(&settings).map_err(|e| Error::io(&settings, e))?;
            let before: Reconstruction = toml::from_str(&text)
                .map_err(|e| Error::format(&settings, "settings", e.to_string()))?;
            let same = Reconstruction {
                samples: self.samples,
                ..before
            };
            if same != *self || Field::open(&known)? != *observed {
                return Err(Error::value(
                    "folder of a run",
                    format!(
                        "{} holds samples of another volume, or with other settings: name another \
                         folder, or delete it",
                        folder.display()
                    ),
                ));
            }
        }
        observed.save(&known)?;
        let text = toml::to_string(self).map_err(|e| Error::value("settings", e.to_string()))?;
        save_whole(&settings, text.as_bytes())
    }

    fn sample(
        &self,
        denoiser: &dyn Denoiser,
        observed: &Field,
        sample: usize,
        progress: &mut dyn FnMut(Progress) -> Result<()>,
    ) -> Result<Field> {
        let seed = self.seed.wrapping_add(sample as u64);
        let mut heard = |step, steps| {
            progress(Progress {
                sample,
                samples: self.samples,
                step,
                steps,
            })
        };
        self.inpainting.sample(denoiser, observed, seed, &mut heard)
    }

    fn gather(&self, mut sample: impl FnMut(usize) -> Result<Field>) -> Result<Ensemble> {
        if self.samples == 0 {
            return Err(Error::value("samples", "none asked for"));
        }
        let mut ensemble = Ensemble::new(sample(0)?);
        for k in 1..self.samples {
            ensemble.add(sample(k)?)?;
        }
        Ok(ensemble)
    }
}

fn sample_path(folder: &Path, k: usize) -> PathBuf {
    folder.join(format!("sample_{k:03}.npz"))
}
