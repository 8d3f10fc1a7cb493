//! Circular correlations of real fields through their spectra.

use super::fft::{Complex, Real, RealFft};
use crate::{Error, Result};

/// Circular correlations of several real fields on one grid, with working memory that is kept.
///
/// Memory: one half-spectrum for each field, and one more.
#[derive(Debug, Clone)]
pub struct Correlator<T: Real> {
    fft: RealFft<T>,
    spectra: Vec<Vec<Complex<T>>>,
    work: Vec<Complex<T>>,
}

impl<T: Real> Correlator<T> {
    /// Plans the correlations of `fields` fields of this shape, axes `x, y, z`.
    ///
    /// # Errors
    /// As [`RealFft::new`].
    pub fn new(shape: [usize; 3], fields: usize) -> Result<Self> {
        let fft = RealFft::new(shape)?;
        Ok(Correlator {
            spectra: (0..fields).map(|_| fft.spectrum()).collect(),
            work: fft.spectrum(),
            fft,
        })
    }

    /// The transform that it uses.
    pub fn fft(&self) -> &RealFft<T> {
        &self.fft
    }

    /// Takes in the values of one field, `z` fastest.
    ///
    /// # Errors
    /// When there is no such field, or the length is not the grid's.
    pub fn set(&mut self, field: usize, values: &[T]) -> Result<()> {
        let fields = self.spectra.len();
        let spectrum = self
            .spectra
            .get_mut(field)
            .ok_or_else(|| out_of_range(field, fields))?;
        self.fft.forward(values, spectrum)
    }

    /// Writes `factor Σ_s a_s b_{s+r}` for each displacement `r`, zero first, where `s + r` wraps
    /// around the grid.
    ///
    /// # Errors
    /// When there is no such field, or the length of `values` is not the grid's.
    pub fn correlate(&mut self, (a, b): (usize, usize), factor: T, values: &mut [T]) -> Result<()> {
        let fields = self.spectra.len();
        let spectrum = |field: usize| {
            self.spectra
                .get(field)
                .ok_or_else(|| out_of_range(field, fields))
        };
        let (first, second) = (spectrum(a)?, spectrum(b)?);
        let factor = factor * self.fft.inverse_scale()?;
        self.fft.inverse_of(
            |range, segment| {
                let factors = first[range.clone()].iter().zip(&second[range]);
                for (value, (a, b)) in segment.iter_mut().zip(factors) {
                    *value = a.conj() * b * factor;
                }
            },
            &mut self.work,
            values,
        )
    }
}

fn out_of_range(field: usize, fields: usize) -> Error {
    Error::value("field to correlate", format!("{field} asked of {fields}"))
}
