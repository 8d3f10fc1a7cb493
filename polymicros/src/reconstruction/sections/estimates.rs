//! A denoiser whose estimates have a target's statistics.

use super::condition::MatchSections;
use crate::Result;
use crate::diffusion::{Batch, Condition, Denoiser};
use std::cell::{Cell, RefCell};

/// A denoiser, each of whose answers is matched before the sampler sees it; the condition counts
/// evaluations as steps.
pub(super) struct MatchedEstimates<'a, D: ?Sized> {
    denoiser: &'a D,
    condition: RefCell<MatchSections>,
    evaluations: Cell<usize>,
}

impl<'a, D: Denoiser + ?Sized> MatchedEstimates<'a, D> {
    pub(super) fn new(denoiser: &'a D, condition: MatchSections) -> Self {
        MatchedEstimates {
            denoiser,
            condition: RefCell::new(condition),
            evaluations: Cell::new(0),
        }
    }

    /// The condition, with what it has logged.
    pub(super) fn into_condition(self) -> MatchSections {
        self.condition.into_inner()
    }
}

impl<D: Denoiser + ?Sized> Denoiser for MatchedEstimates<'_, D> {
    fn denoise(&self, x: &Batch, sigma: f64) -> Result<Batch> {
        let mut denoised = self.denoiser.denoise(x, sigma)?;
        let evaluation = self.evaluations.replace(self.evaluations.get() + 1);
        let mut condition = self.condition.borrow_mut();
        condition.apply(&mut denoised, evaluation, sigma)?;
        Ok(denoised)
    }
}
