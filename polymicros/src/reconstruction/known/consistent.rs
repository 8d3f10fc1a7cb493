//! Known values are put into the denoised estimate.

use super::Known;
use super::replacement::conditioned_steps;
use crate::diffusion::{Batch, Denoiser, Sampler};
use crate::{Error, Result};

/// A denoiser whose estimates keep to the known values.
///
/// Given a noisy field `x` of level `sigma`, the clean field has mean `D(x)` and, by Tweedie's
/// formula, covariance `sigma^2 J` with `J` the derivative of `D`. Were it Gaussian, its mean given
/// the known values `y` as well would be `D + J u`, where `u` sits on the known voxels and solves
/// `(J u)_k = y - D_k`: the same gradient of the misfit as in DPS and Pi-GDM, with the covariance
/// as it is where those take a number for it. Conjugate gradients solve for `u`. They need nothing
/// of `J` but products, and a covariance is symmetric, so that `J v` stands for the product with
/// the transpose, for which one would go backwards through the network. `J v` is the difference
/// of two denoised fields: each iteration costs one more evaluation, and no derivatives.
///
/// Whatever misfit is left after the iterations is removed by putting `y` into the estimate.
/// Without any iteration that is all that happens.
pub struct ConsistentDenoiser<'a> {
    denoiser: &'a dyn Denoiser,
    known: &'a Known,
    iterations: usize,
    /// Estimates at this noise level and below are left as they are.
    floor: f64,
}

/// Length of the step for a directional derivative, root mean square over the known voxels, in
/// units of the noise level: small against the noise, and large against rounding errors.
const STEP: f64 = 0.05;

/// Iterations end when the misfit has fallen by this factor.
const SOLVED: f64 = 1e-4;

impl<'a> ConsistentDenoiser<'a> {
    /// `iterations` of conjugate gradients at each evaluation; at every noise level at which a step
    /// of this sampler begins in the first share `theta` of the steps. The corrector of the last of
    /// them, which looks at the level of the next, is left alone.
    ///
    /// # Errors
    /// When the schedule makes no sense.
    pub fn new(
        denoiser: &'a dyn Denoiser,
        known: &'a Known,
        iterations: usize,
        theta: f64,
        sampler: &Sampler,
    ) -> Result<Self> {
        let schedule = &sampler.schedule;
        // Steps begin with the churn, which leads to higher levels than the schedule's.
        let floor = sampler.churned(schedule.levels()?[conditioned_steps(theta, schedule.steps)]);
        Ok(ConsistentDenoiser {
            denoiser,
            known,
            iterations,
            floor,
        })
    }

    /// `J v` for `v` on the known voxels, which is scaled for each field of the batch so that the
    /// difference is meaningful.
    fn derivative(&self, x: &Batch, d: &Batch, v: &Batch, sigma: f64) -> Result<Batch> {
        let known = (self.known.mask().count() * self.known.values().shape()[0]) as f64;
        let steps: Vec<f64> = v
            .outer_iter()
            .map(|v| {
                let square: f64 = v.iter().map(|&v| f64::from(v).powi(2)).sum();
                STEP * sigma / (square / known).sqrt().max(f64::MIN_POSITIVE)
            })
            .collect();
        let mut moved = x.clone();
        for ((mut moved, v), step) in moved.outer_iter_mut().zip(v.outer_iter()).zip(&steps) {
            moved.scaled_add(*step as f32, &v);
        }
        let mut derivative = self.denoiser.denoise(&moved, sigma)?;
        for ((mut j, d), step) in derivative.outer_iter_mut().zip(d.outer_iter()).zip(&steps) {
            let scale = (1.0 / step) as f32;
            j.zip_mut_with(&d, |j, d| *j = (*j - d) * scale);
        }
        Ok(derivative)
    }

    /// `y - D` on the known voxels, zero elsewhere.
    fn misfit(&self, d: &Batch) -> Result<Batch> {
        let mut misfit = self.on_known(d)?;
        self.known.each(&mut misfit, |d, y| *d = y - *d)?;
        Ok(misfit)
    }

    fn on_known(&self, values: &Batch) -> Result<Batch> {
        let mut kept = Batch::zeros(values.dim());
        self.known.each(&mut kept, |kept, _| *kept = 1.0)?;
        kept.zip_mut_with(values, |kept, value| *kept *= value);
        Ok(kept)
    }

    fn solve(&self, x: &Batch, mut d: Batch, sigma: f64) -> Result<Batch> {
        let start = d.clone();
        let mut misfit = self.misfit(&d)?;
        let mut direction = misfit.clone();
        let mut square = squares(&misfit, &misfit);
        let solved: Vec<f64> = square.iter().map(|s| s * SOLVED * SOLVED).collect();
        for _ in 0..self.iterations {
            let response = self.derivative(x, &start, &direction, sigma)?;
            let known = self.on_known(&response)?;
            let curvature = squares(&direction, &known);
            let before = square.clone();
            let mut going = false;
            for field in 0..d.shape()[0] {
                // A network's derivative is a covariance only nearly; where it isn't, a step along
                // this direction makes no sense.
                let sensible = curvature[field] > 0.0 && curvature[field].is_finite();
                if before[field] <= solved[field] || !sensible {
                    continue;
                }
                let step = (before[field] / curvature[field]) as f32;
                at(&mut d, field).scaled_add(step, &at_ref(&response, field));
                at(&mut misfit, field).scaled_add(-step, &at_ref(&known, field));
                going = true;
            }
            if !going {
                break;
            }
            square = squares(&misfit, &misfit);
            for field in 0..d.shape()[0] {
                let keep = (square[field] / before[field].max(f64::MIN_POSITIVE)) as f32;
                let rest = at_ref(&misfit, field);
                at(&mut direction, field).zip_mut_with(&rest, |p, r| *p = r + keep * *p);
            }
        }
        Ok(d)
    }
}

fn at(x: &mut Batch, field: usize) -> ndarray::ArrayViewMut4<'_, f32> {
    x.index_axis_mut(ndarray::Axis(0), field)
}

fn at_ref(x: &Batch, field: usize) -> ndarray::ArrayView4<'_, f32> {
    x.index_axis(ndarray::Axis(0), field)
}

/// The scalar product of each field of one batch with that of the other.
fn squares(a: &Batch, b: &Batch) -> Vec<f64> {
    a.outer_iter()
        .zip(b.outer_iter())
        .map(|(a, b)| {
            let products = a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b));
            products.sum()
        })
        .collect()
}

impl Denoiser for ConsistentDenoiser<'_> {
    fn denoise(&self, x: &Batch, sigma: f64) -> Result<Batch> {
        let mut d = self.denoiser.denoise(x, sigma)?;
        if d.dim() != x.dim() {
            return Err(Error::shape("denoised fields", x.shape(), d.shape()));
        }
        if sigma <= self.floor {
            return Ok(d);
        }
        if self.iterations > 0 {
            d = self.solve(x, d, sigma)?;
        }
        self.known.each(&mut d, |d, y| *d = y)?;
        Ok(d)
    }
}
