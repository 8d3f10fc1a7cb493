//! Covariances on three orthogonal planes, by their Fourier coefficients.

use super::hermitian::{Hermitian, PAIRS};
use crate::Result;
use crate::statistics::{Complex, RealFft};
use ndarray::Array3;

/// The axes that span the plane perpendicular to an axis, in order.
pub(super) const SPANNED: [[usize; 2]; 3] = [[1, 2], [0, 2], [0, 1]];

/// For each axis the coefficients of the covariances at displacements without a component along
/// it: `Σ^{βγ}_r = Σ_k conj(Q^{βγ}_k) exp(2πi k r / n)`, where `Q^{βγ}` is the sum of
/// `M^β conj(M^γ) / S²` over the frequencies along the axis.
///
/// The matrices of a plane are row-major: `(k_y, k_z)`, `(k_x, k_z)` and `(k_x, k_y)`. Of `k_z`
/// half is stored, as in the half-spectrum of a volume; `k_x` and `k_y` are stored whole.
#[derive(Debug, Clone)]
pub(super) struct Planes {
    shape: [usize; 3],
    matrices: [Vec<Hermitian>; 3],
}

impl Planes {
    pub(super) fn new(shape: [usize; 3], matrices: [Vec<Hermitian>; 3]) -> Self {
        Planes { shape, matrices }
    }

    pub(super) fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The matrices of the plane perpendicular to an axis.
    pub(super) fn of(&self, axis: usize) -> &[Hermitian] {
        &self.matrices[axis]
    }

    /// Each matrix changed by itself; `f` gets the axis as well.
    pub(super) fn map(&self, f: impl Fn(usize, &Hermitian) -> Hermitian) -> Self {
        let matrices =
            std::array::from_fn(|axis| self.matrices[axis].iter().map(|m| f(axis, m)).collect());
        Planes { matrices, ..*self }
    }

    /// The planes of the sum of a volume and white noise of this variance, on average.
    pub(super) fn with_noise(&self, variance: f64) -> Self {
        self.map(|axis, matrix| {
            // It has the same power at all frequencies.
            let each = variance / self.displacements(axis);
            matrix.plus(&Hermitian::multiple(each))
        })
    }

    pub(super) fn minus(&self, other: &Planes) -> Self {
        let matrices = std::array::from_fn(|axis| {
            let both = self.matrices[axis].iter().zip(&other.matrices[axis]);
            both.map(|(a, b)| a.minus(b)).collect()
        });
        Planes { matrices, ..*self }
    }

    /// The displacements of the plane perpendicular to an axis.
    pub(super) fn displacements(&self, axis: usize) -> f64 {
        displacements(self.shape, axis)
    }

    /// The number of values over which mean squares are taken: six pairs at the displacements of
    /// three planes.
    pub(super) fn values(&self) -> f64 {
        values(self.shape)
    }

    /// The mean square of the covariances over the six pairs and all displacements of the three
    /// planes, by Parseval's theorem.
    pub(super) fn mean_square(&self) -> f64 {
        self.product(self)
    }

    /// The mean product with other covariances.
    pub(super) fn product(&self, other: &Planes) -> f64 {
        let sum: f64 = (0..3)
            .map(|axis| self.displacements(axis) * self.product_on(other, axis))
            .sum();
        sum / self.values()
    }

    fn product_on(&self, other: &Planes, axis: usize) -> f64 {
        let columns = columns(self.shape, axis);
        let both = self.matrices[axis].iter().zip(&other.matrices[axis]);
        both.enumerate()
            .map(|(k, (a, b))| self.multiplicity(axis, k % columns) * a.product(b))
            .sum()
    }

    /// How many frequencies a stored one stands for.
    fn multiplicity(&self, axis: usize, column: usize) -> f64 {
        let n = self.shape[2];
        let own_mirror_image = column == 0 || 2 * column == n;
        if axis == 2 || own_mirror_image {
            1.0
        } else {
            2.0
        }
    }

    /// The covariances by displacement: for each axis `pair, r, r'` with zero displacement at
    /// index 0, pairs in the order of [`PAIRS`].
    pub(super) fn covariances(&self) -> Result<[Array3<f64>; 3]> {
        let mut all = [0, 1, 2].map(|axis| empty(self.shape, axis));
        for (axis, maps) in all.iter_mut().enumerate() {
            let (fft, stored) = (transform(self.shape, axis)?, columns(self.shape, axis));
            let half = fft.frequencies() / rows(self.shape, axis);
            let scale = self.displacements(axis);
            let (mut spectrum, mut real) = (fft.spectrum(), vec![0.0; fft.voxels()]);
            for (pair, mut map) in maps.outer_iter_mut().enumerate() {
                for (k, value) in spectrum.iter_mut().enumerate() {
                    let matrix = &self.matrices[axis][k / half * stored + k % half];
                    *value = matrix.pair(pair).conj() * scale;
                }
                fft.inverse(&mut spectrum, &mut real)?;
                map.iter_mut().zip(&real).for_each(|(to, from)| *to = *from);
            }
        }
        Ok(all)
    }

    /// The inverse of [`covariances`](Self::covariances). Of covariances that no real field can
    /// have, since those of a channel with itself differ at `r` and `-r`, the nearest that one can.
    pub(super) fn of_covariances(shape: [usize; 3], all: &[Array3<f64>; 3]) -> Result<Self> {
        let mut matrices =
            [0, 1, 2].map(|axis| vec![Hermitian::ZERO; rows(shape, axis) * columns(shape, axis)]);
        for (axis, (maps, matrices)) in all.iter().zip(&mut matrices).enumerate() {
            let (fft, stored) = (transform(shape, axis)?, columns(shape, axis));
            let (rows, half) = (rows(shape, axis), fft.frequencies() / rows(shape, axis));
            let scale = 1.0 / displacements(shape, axis);
            let (mut spectrum, mut real) = (fft.spectrum(), vec![0.0; fft.voxels()]);
            for (pair, map) in maps.outer_iter().enumerate() {
                real.iter_mut().zip(&map).for_each(|(to, from)| *to = *from);
                fft.forward(&real, &mut spectrum)?;
                for (k, value) in spectrum.iter().enumerate() {
                    let (row, column) = (k / half, k % half);
                    let value: Complex<f64> = value.conj() * scale;
                    matrices[row * stored + column].set_pair(pair, value);
                    // The plane that is stored whole has its mirror images as well.
                    if axis == 2 {
                        let mirrored = (rows - row) % rows * stored + (stored - column) % stored;
                        matrices[mirrored].set_pair(pair, value.conj());
                    }
                }
            }
        }
        Ok(Planes { shape, matrices })
    }
}

/// Zeros of the shape of one plane's covariances.
pub(super) fn empty(shape: [usize; 3], axis: usize) -> Array3<f64> {
    let [a, b] = SPANNED[axis].map(|axis| shape[axis]);
    Array3::zeros((PAIRS.len(), a, b))
}

fn displacements(shape: [usize; 3], axis: usize) -> f64 {
    SPANNED[axis]
        .iter()
        .map(|&axis| shape[axis] as f64)
        .product()
}

/// Six pairs at the displacements of three planes.
pub(super) fn values(shape: [usize; 3]) -> f64 {
    6.0 * (0..3).map(|axis| displacements(shape, axis)).sum::<f64>()
}

fn rows(shape: [usize; 3], axis: usize) -> usize {
    shape[SPANNED[axis][0]]
}

/// Stored frequencies along the second axis of a plane.
fn columns(shape: [usize; 3], axis: usize) -> usize {
    match SPANNED[axis][1] {
        2 => shape[2] / 2 + 1,
        other => shape[other],
    }
}

fn transform(shape: [usize; 3], axis: usize) -> Result<RealFft<f64>> {
    let [a, b] = SPANNED[axis].map(|axis| shape[axis]);
    RealFft::new([a, b, 1])
}
