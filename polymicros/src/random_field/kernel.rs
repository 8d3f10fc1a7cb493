//! The multi-output spectral mixture kernel: parameters to covariances.

use super::density::Density;
use super::separable::Separable;
use super::term::Term;
use super::{MosmParameters, channel_names, full};
use crate::microstructure::Grid;
use crate::statistics::{Moment, Pairs, TwoPoint};
use crate::{Error, Result};
use ndarray::Array4;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How many widths of its Gaussians a kernel's frequencies reach beyond their means.
const WIDTHS: f64 = 3.0;

/// Which of a displacement's periodic images count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Images {
    /// The sum over all images: what a field on the periodic domain has. Its spectral matrices are
    /// positive semi-definite exactly.
    #[default]
    All,
    /// The nearest alone, `-π ≤ r < π`: Eq. 2 as it stands. Where the kernel has not decayed at
    /// the boundary the cut leaves spectral matrices that are slightly indefinite.
    Nearest,
}

/// A multi-output spectral mixture (MOSM) kernel: the covariances `k_βγ(r)` between `H` channels as
/// functions of the displacement (paper Eqs. 2 and 13 to 18, with Eq. 14 corrected: register of
/// readings, R6).
///
/// The domain is `-π` to `π` along each axis of a grid, whatever its number of voxels. `k_βγ(r)`
/// is the covariance of channel `β` at `s` and channel `γ` at `s + r`, as in Eq. 1.
#[derive(Debug, Clone, PartialEq)]
pub struct MosmKernel {
    channels: usize,
    /// `(β, γ)` with `β ≤ γ`.
    pairs: Vec<(usize, usize)>,
    /// The mixtures' terms of each of the pairs.
    pub(super) terms: Vec<Vec<Term>>,
}

impl MosmKernel {
    /// The kernel with these parameters.
    ///
    /// # Errors
    /// When the parameters are not [valid](MosmParameters::validate).
    pub fn new(parameters: &MosmParameters) -> Result<Self> {
        parameters.validate()?;
        let channels = parameters.channels();
        let pairs = Pairs::All.among(channels)?;
        let of_pair = |&(b, g): &(usize, usize)| {
            let mixtures = parameters.mixtures.iter();
            mixtures
                .map(|m| Term::between(&m.channels[b], &m.channels[g]))
                .collect()
        };
        Ok(MosmKernel {
            channels,
            terms: pairs.iter().map(of_pair).collect(),
            pairs,
        })
    }

    /// The number of channels, `H`.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// `k_βγ(r)` at a displacement in radians of the domain, which is not wrapped (Eq. 2).
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn at(&self, (b, g): (usize, usize), r: [f64; 3]) -> Result<f64> {
        // k_γβ(r) = k_βγ(-r).
        let (pair, r) = if b <= g {
            ((b, g), r)
        } else {
            ((g, b), r.map(|r| -r))
        };
        Ok(self.terms_of(pair)?.iter().map(|term| term.at(r)).sum())
    }

    /// The variance of each channel, `k_ββ(0)`.
    pub fn variance(&self) -> Vec<f64> {
        let pairs = self.pairs.iter().zip(&self.terms);
        pairs
            .filter(|((b, g), _)| b == g)
            .map(|(_, terms)| terms.iter().map(|term| term.at([0.0; 3])).sum())
            .collect()
    }

    /// The covariances of these pairs for every displacement on a periodic grid of any shape.
    ///
    /// Each term is the real part of a product of three one-dimensional factors, so the cost is
    /// two multiplications a mixture and voxel.
    ///
    /// # Errors
    /// When a pair names no channel, or the grid is too coarse ([`resolved_on`](Self::resolved_on)).
    pub fn covariance(&self, grid: &Grid, pairs: &Pairs, images: Images) -> Result<TwoPoint> {
        self.resolved_on(grid.shape)?;
        let [nx, ny, nz] = grid.shape;
        let list = pairs.among(self.channels)?;
        let mut values = Array4::zeros((list.len(), nx, ny, nz));
        for (&(b, g), mut map) in list.iter().zip(values.outer_iter_mut()) {
            let sum = self.on_grid((b.min(g), b.max(g)), grid.shape, images)?;
            let map = map
                .as_slice_mut()
                .expect("an array just made is contiguous");
            map.par_chunks_exact_mut(nz)
                .enumerate()
                .for_each(|(row, values)| {
                    if b <= g {
                        sum.add_real(row, 0..nz, values);
                    } else {
                        let (x, y) = (row / ny, row % ny);
                        let mirror = (nx - x) % nx * ny + (ny - y) % ny;
                        sum.add_real(mirror, 0..nz, values);
                        values[1..].reverse();
                    }
                });
        }
        TwoPoint::new(
            *grid,
            channel_names(self.channels),
            pairs,
            Moment::Covariance,
            vec![0.0; self.channels],
            values,
        )
    }

    /// The covariances of all pairs at a few displacements, one after the other: too few to
    /// transform, enough to compare kernels by.
    pub(super) fn sampled(&self, shape: [usize; 3]) -> Result<Vec<f32>> {
        let voxels: usize = shape.iter().product();
        let mut values = vec![0.0; voxels * self.pairs.len()];
        for (&pair, values) in self.pairs.iter().zip(values.chunks_exact_mut(voxels)) {
            let sum = self.on_grid(pair, shape, Images::Nearest)?;
            for (row, values) in values.chunks_exact_mut(shape[2]).enumerate() {
                sum.add_real(row, 0..shape[2], values);
            }
        }
        Ok(values)
    }

    /// All pairs `(β, γ)` with `β ≤ γ`.
    pub(super) fn pairs(&self) -> &[(usize, usize)] {
        &self.pairs
    }

    fn on_grid(
        &self,
        pair: (usize, usize),
        shape: [usize; 3],
        images: Images,
    ) -> Result<Separable<f32>> {
        Ok(Separable::new(self.terms_of(pair)?.iter().map(|term| {
            let [mut x, y, z] =
                std::array::from_fn(|axis| term.axes[axis].line(shape[axis], images));
            x.iter_mut().for_each(|value| *value *= term.amplitude);
            [x, y, z]
        })))
    }

    /// Checks that a grid is fine enough for the kernel's frequencies: along each axis longer than
    /// one, half its voxels must be at least `|ς| + 3 √A` of every Gaussian.
    ///
    /// # Errors
    /// When it is not; the message says which axis is too short, and how long it must be.
    pub fn resolved_on(&self, shape: [usize; 3]) -> Result<()> {
        let gaussians = self.terms.iter().flatten();
        let needed = gaussians.fold([0.0f64; 3], |needed, term| {
            std::array::from_fn(|axis| {
                let factor = &term.axes[axis];
                let highest = factor.mean.abs() + WIDTHS * factor.covariance.sqrt();
                needed[axis].max(2.0 * highest)
            })
        });
        for axis in 0..3 {
            if shape[axis] > 1 && (shape[axis] as f64) < needed[axis] {
                return Err(Error::value(
                    "grid shape",
                    format!(
                        "{shape:?} is too small for the kernel: its frequencies need {} voxels \
                         along {}",
                        needed[axis].ceil(),
                        ["x", "y", "z"][axis]
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The smallest and the largest eigenvalue of the `H x H` spectral matrices over all
    /// frequencies of a grid: a field exists where the smallest is not negative. Takes some
    /// microseconds a frequency.
    ///
    /// # Errors
    /// When the grid is too coarse.
    pub fn eigenvalue_range(&self, shape: [usize; 3], images: Images) -> Result<[f64; 2]> {
        let density = Density::of_kernel(self, shape, &Pairs::All, images)?;
        full::eigenvalue_range(&density, self.channels)
    }

    /// The terms of a pair `(β, γ)` with `β ≤ γ`.
    pub(super) fn terms_of(&self, pair: (usize, usize)) -> Result<&[Term]> {
        let position = self.pairs.iter().position(|stored| *stored == pair);
        position.map(|i| &*self.terms[i]).ok_or_else(|| {
            Error::value(
                "channel pair",
                format!("{pair:?} of a kernel with {} channels", self.channels),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameters::tests::within_bounds;
    use super::*;
    use crate::random_field::{Bounds, SpectralGaussian};
    use proptest::prelude::*;
    use std::f64::consts::TAU;

    /// Eqs. 2 and 13 to 18 word for word, with dense 3 x 3 matrices; Eq. 14 with its indices as
    /// Parra and Tobar have them.
    fn plainly(parameters: &MosmParameters, (b, g): (usize, usize), r: [f64; 3]) -> f64 {
        let diagonal = |d: [f64; 3]| {
            let mut m = [[0.0; 3]; 3];
            (0..3).for_each(|i| m[i][i] = d[i]);
            m
        };
        let times = |a: [[f64; 3]; 3], b: [[f64; 3]; 3]| -> [[f64; 3]; 3] {
            std::array::from_fn(|i| {
                std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum())
            })
        };
        let apply = |a: [[f64; 3]; 3], v: [f64; 3]| -> [f64; 3] {
            std::array::from_fn(|i| (0..3).map(|j| a[i][j] * v[j]).sum())
        };
        let dot = |a: [f64; 3], b: [f64; 3]| -> f64 { (0..3).map(|i| a[i] * b[i]).sum() };
        let add = |a: [f64; 3], b: [f64; 3]| -> [f64; 3] { std::array::from_fn(|i| a[i] + b[i]) };
        let minus = |a: [f64; 3], b: [f64; 3]| -> [f64; 3] { std::array::from_fn(|i| a[i] - b[i]) };
        let one = |p: &SpectralGaussian, q: &SpectralGaussian| {
            let (a_p, a_q) = (diagonal(p.covariance), diagonal(q.covariance));
            let inverse = diagonal(std::array::from_fn(|i| {
                1.0 / (p.covariance[i] + q.covariance[i])
            }));
            let mut a = times(times(a_p, inverse), a_q);
            a.iter_mut().flatten().for_each(|v| *v *= 2.0);
            let mean = apply(inverse, add(apply(a_p, q.mean), apply(a_q, p.mean)));
            let apart = minus(p.mean, q.mean);
            let w = p.weight * q.weight * (-0.25 * dot(apart, apply(inverse, apart))).exp();
            let alpha = w * TAU.powf(1.5) * (a[0][0] * a[1][1] * a[2][2]).sqrt();
            let u = add(r, minus(p.delay, q.delay));
            let decay = (-0.5 * dot(u, apply(a, u))).exp();
            alpha * decay * (dot(u, mean) + p.phase - q.phase).cos()
        };
        let mixtures = parameters.mixtures.iter();
        mixtures.map(|m| one(&m.channels[b], &m.channels[g])).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn covariances_on_a_grid_are_equation_2(parameters in within_bounds(3, 2)) {
            let kernel = MosmKernel::new(&parameters).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let grid = Grid::new([24, 25, 27]).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let pairs = Pairs::Chosen(vec![(0, 0), (1, 0), (1, 1)]);
            let maps = [Images::Nearest, Images::All]
                .map(|images| kernel.covariance(&grid, &pairs, images));
            let [Ok(nearest), Ok(all)] = maps else {
                return Err(TestCaseError::fail("no covariances"));
            };
            for (p, &(b, g)) in nearest.pairs().iter().enumerate() {
                for index in [[0, 0, 0], [1, 24, 3], [20, 2, 26], [11, 12, 13], [13, 0, 9]] {
                    let r = nearest.displacement(index);
                    let radians = |image: [isize; 3]| -> [f64; 3] {
                        std::array::from_fn(|a| {
                            let turns = r[a] as f64 / grid.shape[a] as f64 + image[a] as f64;
                            turns * TAU
                        })
                    };
                    let expected = plainly(&parameters, (b, g), radians([0; 3]));
                    let found = f64::from(nearest.values()[[p, index[0], index[1], index[2]]]);
                    // The grid's -n/2 is n/2 to a pair in the other order.
                    let edge = (0..3).any(|a| 2 * index[a] == grid.shape[a]);
                    prop_assert!(edge || (found - expected).abs() < 2e-7, "{} {}", found, expected);
                    let direct = kernel.at((b, g), radians([0; 3])).unwrap_or(f64::NAN);
                    prop_assert!((direct - expected).abs() < 1e-13);
                    let mut sum = 0.0;
                    for image in 0..125 {
                        let image = [image / 25 - 2, image / 5 % 5 - 2, image % 5 - 2];
                        sum += plainly(&parameters, (b, g), radians(image));
                    }
                    let found = f64::from(all.values()[[p, index[0], index[1], index[2]]]);
                    prop_assert!((found - sum).abs() < 2e-7, "{} {}", found, sum);
                }
            }
        }
    }

    /// The smallest over the largest eigenvalue of a dozen kernels within the paper's bounds: the
    /// median and the worst.
    fn definiteness(
        change: impl Fn(&mut MosmKernel, &MosmParameters),
        images: Images,
    ) -> Result<[f64; 2]> {
        let mut ratios = Vec::new();
        for set in Bounds::paper().latin_hypercube(12, 14)? {
            let mut kernel = MosmKernel::new(&set)?;
            change(&mut kernel, &set);
            let [smallest, largest] = kernel.eigenvalue_range([24; 3], images)?;
            ratios.push(smallest / largest);
        }
        ratios.sort_by(f64::total_cmp);
        Ok([ratios[6], ratios[0]])
    }

    /// Eq. 14 as it is printed: each mean with its own covariance.
    fn as_printed(kernel: &mut MosmKernel, set: &MosmParameters) {
        for (&(b, g), terms) in kernel.pairs.iter().zip(&mut kernel.terms) {
            for (term, mixture) in terms.iter_mut().zip(&set.mixtures) {
                let (b, g) = (&mixture.channels[b], &mixture.channels[g]);
                for axis in 0..3 {
                    let (a_b, a_g) = (b.covariance[axis], g.covariance[axis]);
                    term.axes[axis].mean = (a_b * b.mean[axis] + a_g * g.mean[axis]) / (a_b + a_g);
                }
            }
        }
    }

    #[test]
    fn spectral_matrices_are_semi_definite_and_those_of_the_printed_equation_14_are_not()
    -> Result<()> {
        let all = definiteness(|_, _| {}, Images::All)?;
        let nearest = definiteness(|_, _| {}, Images::Nearest)?;
        let printed = definiteness(as_printed, Images::Nearest)?;
        println!(
            "smallest / largest eigenvalue, median and worst: all images {all:?}, nearest {nearest:?}, printed {printed:?}"
        );
        // Rounding; what the box leaves; and what is no covariance at all.
        assert!(all[1] > -1e-12, "{all:?}");
        assert!(nearest[0] > -2e-4 && nearest[1] > -3e-3, "{nearest:?}");
        assert!(printed[0] < -3e-3 && printed[1] < -3e-2, "{printed:?}");
        Ok(())
    }

    #[test]
    fn variances_are_the_values_at_zero_and_coarse_grids_are_refused() -> Result<()> {
        let gaussian = SpectralGaussian {
            covariance: [2.0, 3.0, 4.0],
            mean: [1.0, -2.0, 5.0],
            delay: [0.1, 0.2, 0.3],
            weight: -0.5,
            phase: 1.0,
        };
        let parameters = MosmParameters::from_vector(1, &gaussian.to_array())?;
        let kernel = MosmKernel::new(&parameters)?;
        let expected = 0.25 * TAU.powf(1.5) * 24f64.sqrt();
        assert!((kernel.variance()[0] - expected).abs() < 1e-12);
        // 2 (5 + 3 √4) = 22 along z, 2 (2 + 3 √3) = 14.4 along y.
        assert!(kernel.resolved_on([12, 15, 22]).is_ok());
        assert!(kernel.resolved_on([12, 15, 1]).is_ok());
        let text = kernel
            .resolved_on([30, 30, 20])
            .map_or_else(|e| e.to_string(), |()| String::new());
        assert!(text.contains("22 voxels along z"), "{text}");
        assert!(
            kernel
                .covariance(&Grid::cube(20)?, &Pairs::All, Images::All)
                .is_err()
        );
        assert!(kernel.at((0, 1), [0.0; 3]).is_err());
        Ok(())
    }
}
