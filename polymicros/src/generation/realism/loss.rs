//! At which noise level a model loses what is real about neighbourhoods.

use super::{Experiment, Realism, RealismSettings};
use crate::diffusion::{Denoiser, Sampler};
use crate::microstructure::Field;
use crate::training::centred;
use crate::{Error, Result};
use ndarray::Axis;
use serde::{Deserialize, Serialize};

/// How real a volume of the experiment still is when noise has been added to it and a model has
/// taken it off again.
///
/// A perfect denoiser loses nothing at any level: what it makes of a volume under noise is another
/// draw of what the volume was drawn from. So what is lost beyond the level before is the work of
/// the model at the levels between, which says where it is to learn more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RealismLoss {
    /// The noise level; zero for the volume as it is.
    pub sigma: f64,
    /// What came of it, against the experiment.
    pub realism: Realism,
}

impl RealismLoss {
    /// Adds noise of each level to `volume`, another one of the experiment than those of `source`,
    /// and runs what is left of the sampler's schedule from the first level that is not above it.
    /// The volume itself comes first, at level zero. `progress` hears how many levels are done.
    ///
    /// # Errors
    /// As [`Realism::compare`], [`Sampler::starting_at`] and [`Sampler::sample`], and when
    /// `progress` fails.
    pub fn measure(
        sampler: &Sampler,
        denoiser: &(impl Denoiser + ?Sized),
        volume: &Field,
        levels: &[f64],
        (source, settings): (&[Field], RealismSettings),
        seed: u64,
        mut progress: impl FnMut(usize) -> Result<()>,
    ) -> Result<Vec<Self>> {
        // All that can be refused is, before the minutes that samples may take.
        let experiment = Experiment::new(source, settings)?;
        experiment.takes(volume.grid().shape)?;
        let schedule = sampler.schedule.levels()?;
        let starts = levels
            .iter()
            .map(|&level| match sampler.starting_at(level)? {
                // A sampler that skips nothing starts from noise alone.
                whole if whole.skip == 0 => Err(Error::value(
                    "noise level",
                    format!("the schedule starts at {}; give lower ones", schedule[0]),
                )),
                part => Ok(part),
            })
            .collect::<Result<Vec<Sampler>>>()?;
        let clean = centred(volume)?.insert_axis(Axis(0));
        let mut found = vec![RealismLoss {
            sigma: 0.0,
            realism: experiment.compare(std::slice::from_ref(volume))?,
        }];
        for start in starts {
            let made = start.sample(denoiser, clean.clone(), seed, None, |_| Ok(()))?;
            let made = made.index_axis_move(Axis(0), 0);
            let field = Field::new(*volume.grid(), volume.channels().to_vec(), made)?;
            found.push(RealismLoss {
                sigma: schedule[start.skip],
                realism: experiment.compare(&[field])?,
            });
            progress(found.len() - 1)?;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::{Batch, Solver};
    use crate::microstructure::Grid;
    use crate::orientation::ROGSH_NAMES;
    use ndarray::Array4;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    const DEVIATION: f64 = 0.2;

    fn white(edge: usize, seed: u64) -> Result<Field> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let data = Array4::from_shape_simple_fn((3, edge, edge, edge), || {
            let value: f64 = StandardNormal.sample(&mut rng);
            (DEVIATION * value) as f32
        });
        Field::new(Grid::cube(edge)?, ROGSH_NAMES, data)
    }

    fn settings() -> RealismSettings {
        RealismSettings {
            patch: 8,
            ..RealismSettings::default()
        }
    }

    /// Worst ratios at levels zero, 0.02 and 2 with the optimal denoiser of white noise whose
    /// deviation is `believed`.
    fn worst(believed: f64) -> Result<[f64; 3]> {
        let denoiser = |x: &Batch, sigma: f64| -> Result<Batch> {
            let kept = believed.powi(2) / (believed.powi(2) + sigma * sigma);
            Ok(x.mapv(|value| (kept * f64::from(value)) as f32))
        };
        let mut sampler = Sampler {
            solver: Solver::Multistep { eta: 0.0 },
            ..Sampler::default()
        };
        sampler.schedule.steps = 60;
        let to = (&[white(48, 1)?][..], settings());
        let volume = white(48, 2)?;
        let found = RealismLoss::measure(
            &sampler,
            &denoiser,
            &volume,
            &[0.02, 2.0],
            to,
            3,
            |_| Ok(()),
        )?;
        assert_eq!(found[0].sigma, 0.0);
        assert!(found[1].sigma <= 0.02 && found[2].sigma <= 2.0);
        Ok([0, 1, 2].map(|at| found[at].realism.worst()))
    }

    #[test]
    fn a_perfect_denoiser_loses_nothing_and_a_wrong_one_more_at_higher_levels() -> Result<()> {
        let perfect = worst(DEVIATION)?;
        assert!(perfect.iter().all(|ratio| *ratio < 4.0), "{perfect:?}");
        let wrong = worst(0.5 * DEVIATION)?;
        assert_eq!(wrong[0], perfect[0]);
        assert!(wrong[2] > 10.0 && wrong[2] > 2.0 * wrong[1], "{wrong:?}");
        Ok(())
    }

    #[test]
    fn levels_that_the_schedule_does_not_have_are_refused() -> Result<()> {
        let none = |x: &Batch, _: f64| Ok(x.clone());
        let source = [white(16, 1)?];
        let volume = white(16, 2)?;
        for level in [1e-9, 80.0, f64::NAN] {
            let to = (&source[..], settings());
            let sampler = Sampler::default();
            let found = RealismLoss::measure(&sampler, &none, &volume, &[level], to, 1, |_| Ok(()));
            assert!(found.is_err(), "{level}");
        }
        Ok(())
    }
}
