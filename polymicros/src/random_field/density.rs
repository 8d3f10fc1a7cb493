//! Spectral densities: the discrete transforms of covariances, as matrices at each frequency.

use super::separable::Separable;
use super::term::Term;
use super::{Images, MosmKernel};
use crate::statistics::{Complex, Moment, Pairs, Real, RealFft, TwoPoint};
use crate::{Error, Result};
use std::ops::Range;

/// `F_βγ`, the discrete transforms of the covariances of pairs of channels, on the half-spectrum
/// of a [`RealFft`]. Its rows run along the halved axis.
#[derive(Debug, Clone)]
pub(super) struct Density<T> {
    /// The grid's shape.
    pub shape: [usize; 3],
    pub rows: usize,
    /// The number of frequencies in a row.
    pub row: usize,
    /// `(β, γ)` with `β ≤ γ`.
    pairs: Vec<(usize, usize)>,
    maps: Maps<T>,
}

#[derive(Debug, Clone)]
enum Maps<T> {
    /// Sums of products, evaluated where they are asked for.
    Separable(Vec<Separable<T>>),
    Stored(Vec<Vec<Complex<T>>>),
}

impl<T: Real> Density<T> {
    /// Those of a kernel's covariances, made from transforms of lines: a sum of products
    /// transforms axis by axis, so no volume is.
    pub fn of_kernel(
        kernel: &MosmKernel,
        shape: [usize; 3],
        pairs: &Pairs,
        images: Images,
    ) -> Result<Self> {
        kernel.resolved_on(shape)?;
        let pairs = pairs.among(kernel.channels())?;
        let maps = pairs
            .iter()
            .map(|&pair| {
                let terms = kernel.terms_of(pair)?.iter();
                Ok(Separable::new(
                    terms.flat_map(|term| transformed(term, shape, images)),
                ))
            })
            .collect::<Result<_>>()?;
        Self::new(shape, pairs, Maps::Separable(maps))
    }

    /// Those of periodic covariances on a grid.
    pub fn of_covariance(covariance: &TwoPoint, pairs: &Pairs) -> Result<Self> {
        let covariance = match covariance.moment() {
            Moment::Covariance => covariance.clone(),
            Moment::Statistics => covariance.to_covariance(),
        };
        let shape = covariance.grid().shape;
        if !covariance.is_periodic() || covariance.displacements() != shape {
            return Err(Error::shape(
                "covariances of a random field",
                format!("periodic ones at {shape:?} displacements"),
                covariance.displacements(),
            ));
        }
        let pairs = pairs.among(covariance.channels().len())?;
        let fft = RealFft::<T>::new(shape)?;
        let mut real = vec![T::zero(); fft.voxels()];
        let maps = pairs
            .iter()
            .map(|&pair| {
                let map = covariance.map(pair)?;
                for (to, from) in real.iter_mut().zip(&map) {
                    *to = T::from_f32(*from)
                        .filter(|_| from.is_finite())
                        .ok_or_else(|| {
                            Error::value(
                                format!("covariance {}", covariance.pair_name(pair)),
                                format!("{from} is no number to transform"),
                            )
                        })?;
                }
                let mut spectrum = fft.spectrum();
                fft.forward(&real, &mut spectrum)?;
                Ok(spectrum)
            })
            .collect::<Result<_>>()?;
        Self::new(shape, pairs, Maps::Stored(maps))
    }

    fn new(shape: [usize; 3], pairs: Vec<(usize, usize)>, maps: Maps<T>) -> Result<Self> {
        let fft = RealFft::<T>::new(shape)?;
        let row = halved_edge(shape) / 2 + 1;
        Ok(Density {
            shape,
            rows: fft.frequencies() / row,
            row,
            pairs,
            maps,
        })
    }

    pub fn pairs(&self) -> &[(usize, usize)] {
        &self.pairs
    }

    /// The number of voxels, `S`.
    pub fn voxels(&self) -> usize {
        self.shape.iter().product()
    }

    /// Where pair number `pair` has something in a row.
    pub fn support(&self, pair: usize, row: usize) -> Range<usize> {
        match &self.maps {
            Maps::Separable(sums) => sums[pair].support(row),
            Maps::Stored(_) => 0..self.row,
        }
    }

    /// Adds the real parts of `span` of a row: all there is of a channel with itself.
    pub fn add_real(&self, pair: usize, row: usize, span: Range<usize>, re: &mut [T]) {
        match &self.maps {
            Maps::Separable(sums) => sums[pair].add_real(row, span, re),
            Maps::Stored(maps) => {
                let from = row * self.row + span.start;
                for (re, value) in re.iter_mut().zip(&maps[pair][from..]) {
                    *re = *re + value.re;
                }
            }
        }
    }

    /// Adds `span` of a row.
    pub fn add(&self, pair: usize, row: usize, span: Range<usize>, re: &mut [T], im: &mut [T]) {
        match &self.maps {
            Maps::Separable(sums) => sums[pair].add(row, span, re, im),
            Maps::Stored(maps) => {
                let from = row * self.row + span.start;
                let parts = re.iter_mut().zip(im);
                for ((re, im), value) in parts.zip(&maps[pair][from..]) {
                    *re = *re + value.re;
                    *im = *im + value.im;
                }
            }
        }
    }

    /// A whole row of every pair, in the pairs' order; those of a channel with itself are real.
    pub fn row_of_all(&self, row: usize, values: &mut [Vec<Complex<T>>]) {
        let (mut re, mut im) = (vec![T::zero(); self.row], vec![T::zero(); self.row]);
        for (pair, values) in values.iter_mut().enumerate() {
            re.fill(T::zero());
            im.fill(T::zero());
            let (b, g) = self.pairs[pair];
            if b == g {
                self.add_real(pair, row, 0..self.row, &mut re);
            } else {
                self.add(pair, row, 0..self.row, &mut re, &mut im);
            }
            for (value, (re, im)) in values.iter_mut().zip(re.iter().zip(&im)) {
                *value = Complex::new(*re, *im);
            }
        }
    }

    /// Room for [`row_of_all`](Self::row_of_all).
    pub fn rows_of_all(&self) -> Vec<Vec<Complex<T>>> {
        vec![vec![Complex::new(T::zero(), T::zero()); self.row]; self.pairs.len()]
    }
}

/// The length of the axis that a half-spectrum halves: the last one longer than one.
pub(super) fn halved_edge(shape: [usize; 3]) -> usize {
    shape.into_iter().rev().find(|&edge| edge > 1).unwrap_or(1)
}

/// The two products that the real part of one transforms into:
/// `½ a Π G(k) + ½ conj(a) Π conj(G(-k))`.
fn transformed(term: &Term, shape: [usize; 3], images: Images) -> [[Vec<Complex<f64>>; 3]; 2] {
    let lines: [Vec<Complex<f64>>; 3] =
        std::array::from_fn(|axis| term.axes[axis].spectrum(shape[axis], images));
    let mirrored = lines.each_ref().map(|line| {
        let n = line.len();
        (0..n).map(|k| line[(n - k) % n].conj()).collect()
    });
    let half = term.amplitude * 0.5;
    let halved = (0..3).rev().find(|&axis| shape[axis] > 1);
    [(lines, half), (mirrored, half.conj())].map(|([mut x, mut y, mut z], factor)| {
        x.iter_mut().for_each(|value| *value *= factor);
        // Rows run along the halved axis; axes behind it have one voxel.
        match halved {
            Some(0) => {
                x.truncate(shape[0] / 2 + 1);
                x.iter_mut().for_each(|value| *value *= y[0] * z[0]);
                [vec![Complex::ONE], vec![Complex::ONE], x]
            }
            Some(1) => {
                y.truncate(shape[1] / 2 + 1);
                x.iter_mut().for_each(|value| *value *= z[0]);
                [x, vec![Complex::ONE], y]
            }
            _ => {
                z.truncate(shape[2] / 2 + 1);
                [x, y, z]
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::parameters::tests::within_bounds;
    use super::*;
    use crate::microstructure::Grid;
    use proptest::prelude::*;

    fn differ(kernel: &MosmKernel, shape: [usize; 3], images: Images) -> Result<f64> {
        let direct = Density::<f64>::of_kernel(kernel, shape, &Pairs::All, images)?;
        let maps = kernel.covariance(&Grid::new(shape)?, &Pairs::All, images)?;
        let through_fft = Density::<f64>::of_covariance(&maps, &Pairs::All)?;
        let (mut a, mut b) = (direct.rows_of_all(), through_fft.rows_of_all());
        let (mut difference, mut largest) = (0.0f64, 0.0f64);
        for row in 0..direct.rows {
            direct.row_of_all(row, &mut a);
            through_fft.row_of_all(row, &mut b);
            for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
                difference = difference.max((a - b).norm());
                largest = largest.max(b.norm());
            }
        }
        Ok(difference / largest)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]
        #[test]
        fn spectra_of_lines_are_the_transform_of_the_volume(parameters in within_bounds(2, 3)) {
            let kernel = MosmKernel::new(&parameters).map_err(|e| TestCaseError::fail(e.to_string()))?;
            for shape in [[24, 25, 26], [24, 24, 27], [25, 26, 1], [1, 24, 25], [24, 1, 1], [1, 1, 1]] {
                for images in [Images::All, Images::Nearest] {
                    let found = differ(&kernel, shape, images).unwrap_or(f64::NAN);
                    // The grid's values are rounded to f32.
                    prop_assert!(found < 1e-6, "{:?} {:?}: {}", shape, images, found);
                }
            }
        }
    }
}
