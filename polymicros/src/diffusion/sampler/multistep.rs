//! A second-order multistep solver: one evaluation a step.

use super::{Batch, Denoiser, Noise};
use crate::Result;

/// DPM-Solver++(2M) (Lu et al. 2022, arXiv 2211.01095) for EDM's noise, where signals are not
/// scaled down: in `λ = -ln t` the flow `dx/dt = (x - D(x; t)) / t` is
/// `x(t') = t'/t x + t' ∫ exp(λ) D dλ`, whose linear part is solved exactly. `D` is taken as the
/// line through its values at this level and the one before, so that it is evaluated once.
///
/// With `eta` above zero the same is done to the stochastic equation that takes away `1 + eta`
/// times as much noise and adds the difference anew (SDE-DPM-Solver++(2M)).
#[derive(Default)]
pub(super) struct Multistep {
    /// `-ln t` of the step before, and what was denoised there.
    before: Option<(f64, Batch)>,
}

impl Multistep {
    /// From noise level `t` to `t_next`; to level zero the denoised field itself is the step.
    pub fn step(
        &mut self,
        denoiser: &(impl Denoiser + ?Sized),
        mut x: Batch,
        [t, t_next]: [f64; 2],
        eta: f64,
        noise: &mut Noise,
    ) -> Result<Batch> {
        let denoised = denoiser.denoise(&x, t)?;
        if t_next <= 0.0 {
            return Ok(denoised);
        }
        let (lambda, h) = (-t.ln(), (t / t_next).ln());
        let kept = t_next / t * (-eta * h).exp();
        let gained = -(-(1.0 + eta) * h).exp_m1();
        let slope = self
            .before
            .as_ref()
            .map(|(lambda_before, before)| (0.5 * h / (lambda - lambda_before), before));
        x.zip_mut_with(&denoised, |x, d| {
            *x = (kept * f64::from(*x) + gained * f64::from(*d)) as f32;
        });
        if let Some((ahead, before)) = slope {
            // The line's value half a step ahead, less its value here.
            let ahead = (gained * ahead) as f32;
            ndarray::Zip::from(&mut x)
                .and(&denoised)
                .and(before)
                .for_each(|x, now, before| *x += ahead * (now - before));
        }
        noise.add(&mut x, t_next * (-(-2.0 * eta * h).exp_m1()).sqrt());
        self.before = Some((lambda, denoised));
        Ok(x)
    }
}
