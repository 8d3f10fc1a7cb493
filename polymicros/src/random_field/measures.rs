//! What a kernel's fields will look like: the paper's guidelines as numbers (B.1).

use super::MosmKernel;
use super::term::Term;
use crate::statistics::TwoPoint;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Grains for each independent value of a field. A polycrystal of `G` equal grains has the
/// correlation of the overlap of two balls, `1 - 3/2 x + 1/2 x³` over `x` diameters, whose square's
/// integral is 34/105 of a grain's volume.
const GRAINS_A_VALUE: f64 = 34.0 / 105.0;

/// The paper's guidelines for a field (B.1), as limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guidelines {
    /// The least number of [grains' worth](MosmKernel::grains) of structure.
    pub grains: f64,
    /// The largest [frequency](MosmKernel::frequency) along any axis, in periods of the domain.
    pub frequency: f64,
    /// The largest share of the variance at the boundary, see [`MosmKernel::coherence`].
    pub coherence: f64,
}

impl Default for Guidelines {
    /// 500 grains; 8 periods, an eighth of the highest frequency at 128 voxels; 5 %.
    fn default() -> Self {
        Guidelines {
            grains: 500.0,
            frequency: 8.0,
            coherence: 0.05,
        }
    }
}

/// How a kernel stands to the guidelines. Its mean is zero by construction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// [`MosmKernel::grains`].
    pub grains: f64,
    /// The largest of [`MosmKernel::frequency`].
    pub frequency: f64,
    /// [`MosmKernel::coherence`].
    pub coherence: f64,
    /// Whether there is enough structure.
    pub many_grains: bool,
    /// Whether spatial frequencies are low.
    pub low_frequency: bool,
    /// Whether the covariances decay before the boundary.
    pub periodic: bool,
}

impl Guidelines {
    /// Checks a kernel.
    pub fn check(&self, kernel: &MosmKernel) -> Findings {
        let grains = kernel.grains();
        let frequency = kernel.frequency().into_iter().fold(0.0, f64::max);
        let coherence = kernel.coherence();
        Findings {
            grains,
            frequency,
            coherence,
            many_grains: grains > self.grains,
            low_frequency: frequency <= self.frequency,
            periodic: coherence <= self.coherence,
        }
    }
}

impl MosmKernel {
    /// The largest share of the variance that is left of a covariance where the domain ends: a
    /// bound of `|k_βγ(r)| / √(k_ββ(0) k_γγ(0))` over all pairs and all displacements `r` on the
    /// boundary, which the paper asks to have decayed.
    pub fn coherence(&self) -> f64 {
        let variance = self.variance();
        let pairs = self.pairs().iter().zip(&self.terms);
        let of_pair = |(&(b, g), terms): (&(usize, usize), &Vec<Term>)| {
            let largest = (0..3).map(|axis| terms.iter().map(|term| boundary(term, axis)).sum());
            let largest = largest.fold(0.0, f64::max);
            let scale = (variance[b] * variance[g]).sqrt();
            if scale > 0.0 { largest / scale } else { 0.0 }
        };
        pairs.map(of_pair).fold(0.0, f64::max)
    }

    /// How many grains' worth of structure a field on the whole domain has.
    ///
    /// A random field has no grains to count. What can be counted are its independent values: the
    /// domain's volume over that of the squared correlation, `∫ρ(r)² dr`, with
    /// `ρ = Σ_β k_ββ(r) / Σ_β k_ββ(0)`. A polycrystal whose grains are equal and independent has
    /// 105/34 of them for each grain, so their number times 34/105 is that of grains: of a
    /// polycrystal it is the number that it has, see [`grains_worth`]. It does not depend on the
    /// number of voxels.
    pub fn grains(&self) -> f64 {
        // The power of the channels together is a sum of Gaussians around ±ς; so is its square.
        let waves: Vec<(f64, [f64; 3], [f64; 3])> = self
            .autos()
            .flat_map(|term| {
                let power = 0.5 * term.at([0.0; 3]);
                let [mean, covariance] =
                    [term.axes.map(|f| f.mean), term.axes.map(|f| f.covariance)];
                [
                    (power, mean, covariance),
                    (power, mean.map(|m| -m), covariance),
                ]
            })
            .collect();
        let total: f64 = waves.iter().map(|wave| wave.0).sum();
        let mut square = 0.0;
        for (p, s, a) in &waves {
            for (q, t, b) in &waves {
                let (mut exponent, mut volume) = (0.0, 1.0);
                for axis in 0..3 {
                    let width = a[axis] + b[axis];
                    exponent += (s[axis] - t[axis]).powi(2) / width;
                    volume *= 2.0 * PI * width;
                }
                square += p * q * (-0.5 * exponent).exp() / volume.sqrt();
            }
        }
        if square > 0.0 {
            GRAINS_A_VALUE * total * total / square
        } else {
            0.0
        }
    }

    /// The root mean square frequency of the channels together along `x, y, z`, in periods of the
    /// domain.
    pub fn frequency(&self) -> [f64; 3] {
        let (mut total, mut square) = (0.0, [0.0; 3]);
        for term in self.autos() {
            let power = term.at([0.0; 3]);
            total += power;
            for (square, factor) in square.iter_mut().zip(&term.axes) {
                *square += power * (factor.covariance + factor.mean * factor.mean);
            }
        }
        square.map(|s| if total > 0.0 { (s / total).sqrt() } else { 0.0 })
    }

    /// The terms of each channel with itself.
    fn autos(&self) -> impl Iterator<Item = &Term> {
        let pairs = self.pairs().iter().zip(&self.terms);
        pairs
            .filter(|((b, g), _)| b == g)
            .flat_map(|(_, terms)| terms)
    }
}

/// The largest magnitude of a term where `|r| = π` along an axis.
fn boundary(term: &Term, axis: usize) -> f64 {
    let factors = term.axes.iter().enumerate();
    factors
        .map(|(a, factor)| factor.envelope(if a == axis { PI } else { 0.0 }))
        .product::<f64>()
        * term.amplitude.norm()
}

/// How many grains' worth of structure covariances tell of, counted as [`MosmKernel::grains`] does;
/// they must hold every channel with itself, at displacements over the whole domain.
///
/// Of one field the number is too small by about two, since one field's covariances scatter about
/// those that it was drawn from; averaged over several fields it comes to the number of grains.
///
/// # Errors
/// When a channel is missing, a value is not a number, or the field is constant.
pub fn grains_worth(statistics: &TwoPoint) -> Result<f64> {
    let covariance = statistics.to_covariance();
    let mut sum = covariance.map((0, 0))?;
    for channel in 1..covariance.channels().len() {
        sum += &covariance.map((channel, channel))?;
    }
    let variance = f64::from(sum[[0, 0, 0]]);
    let square: f64 = sum.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
    let values = sum.len() as f64 * variance * variance / square;
    if values.is_finite() {
        Ok(GRAINS_A_VALUE * values)
    } else {
        Err(Error::value(
            "covariances",
            "grains cannot be counted where values are missing, or all are zero",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microstructure::{Grains, Grid, StandIn};
    use crate::random_field::{Bounds, Images, Mogrf, Sampler};
    use crate::statistics::{Moment, Pairs};

    #[test]
    fn closed_forms_agree_with_sums_over_the_grid() -> Result<()> {
        for set in Bounds::paper().latin_hypercube(3, 8)? {
            let kernel = MosmKernel::new(&set)?;
            let maps = kernel.covariance(&Grid::cube(32)?, &Pairs::All, Images::All)?;
            let found = grains_worth(&maps)?;
            assert!(
                (kernel.grains() / found - 1.0).abs() < 1e-3,
                "{found} {}",
                kernel.grains()
            );
            // -Σ ∂²k_ββ(0) / Σ k_ββ(0), by central differences.
            let step = 1e-3;
            for axis in 0..3 {
                let (mut curvature, mut total) = (0.0, 0.0);
                for channel in 0..3 {
                    let mut r = [0.0; 3];
                    let centre = kernel.at((channel, channel), r)?;
                    r[axis] = step;
                    curvature += 2.0 * (centre - kernel.at((channel, channel), r)?) / step.powi(2);
                    total += centre;
                }
                let expected = (curvature / total).sqrt();
                assert!((kernel.frequency()[axis] / expected - 1.0).abs() < 1e-4);
            }
            // The bound holds on the boundary.
            let variance = kernel.variance();
            for (x, y) in [(0.0, 0.0), (0.7, -1.3), (-2.0, 0.4)] {
                for (b, g) in [(0, 0), (0, 1), (2, 1)] {
                    for r in [[PI, x, y], [x, -PI, y], [y, x, PI]] {
                        let share = kernel.at((b, g), r)? / (variance[b] * variance[g]).sqrt();
                        assert!(share.abs() <= kernel.coherence() * (1.0 + 1e-12));
                    }
                }
            }
        }
        Ok(())
    }

    #[test]
    fn a_polycrystal_counts_its_grains() -> Result<()> {
        // Grains of random orientation: their number, from the covariances of several volumes.
        let mut sum = None;
        let (mut grains, volumes) = (0.0, 12);
        for seed in 0..volumes {
            let volume = StandIn::Recrystallised.generate([32; 3], seed)?;
            grains += Grains::of_source(&volume, true)?.count() as f64 / volumes as f64;
            let maps = TwoPoint::periodic(&volume.rogsh()?, &Pairs::All)?.to_covariance();
            sum = Some(match sum {
                None => maps.values().to_owned(),
                Some(sum) => sum + maps.values(),
            });
        }
        let grid = Grid::cube(32)?;
        let values = sum.unwrap_or_default();
        let names = ["a", "b", "c"];
        let mean = TwoPoint::new(
            grid,
            names,
            &Pairs::All,
            Moment::Covariance,
            vec![0.0; 3],
            values,
        )?;
        let found = grains_worth(&mean)?;
        println!("{found:.0} counted, {grains:.0} there");
        assert!((0.5..2.0).contains(&(found / grains)), "{found} {grains}");
        Ok(())
    }

    #[test]
    fn guidelines_find_what_fields_show() -> Result<()> {
        let set = &Bounds::paper().latin_hypercube(3, 1)?[0];
        let kernel = MosmKernel::new(set)?;
        let findings = Guidelines::default().check(&kernel);
        assert!(findings.low_frequency && findings.periodic);
        assert_eq!(findings.many_grains, findings.grains > 500.0);
        // One field counts half, as said at `grains_worth`.
        let field =
            Mogrf::of_kernel(&kernel, &Grid::cube(32)?, Images::All)?.sample(Sampler::Full, 1)?;
        let one = grains_worth(&TwoPoint::periodic(&field, &Pairs::All)?)?;
        assert!(
            (0.3..0.8).contains(&(one / findings.grains)),
            "{one} {}",
            findings.grains
        );
        Ok(())
    }
}
