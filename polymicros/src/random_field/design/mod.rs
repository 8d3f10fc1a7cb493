//! Designs of many diverse statistics (paper 3.1 and B.1).

mod acceptance;
mod bounds;
mod diversity;

pub use acceptance::{Acceptance, Verdict};
pub use bounds::Bounds;
pub use diversity::Diversity;

use super::{MosmKernel, MosmParameters};
use crate::{Error, Result};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// A design is given up when this many times as many sets were drawn as are wanted.
const PATIENCE: usize = 100;

/// A set of parameter sets, with how it came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// The box that was sampled.
    pub bounds: Bounds,
    /// The rule by which sets were accepted.
    pub acceptance: Acceptance,
    /// The seed.
    pub seed: u64,
    /// How many sets were drawn.
    pub drawn: usize,
    /// How many of them were rejected because a channel leaves its range.
    pub out_of_range: usize,
    /// How many because the covariances have not decayed at the boundary.
    pub not_periodic: usize,
    /// Those of the accepted sets that make the design.
    pub parameters: Vec<MosmParameters>,
}

impl Design {
    /// The paper's design: a Latin hypercube sample of `count` sets, of which those that are not
    /// accepted are replaced from further samples until there are `count`.
    ///
    /// # Errors
    /// When the bounds are none, or next to nothing within them is accepted.
    pub fn draw(bounds: &Bounds, acceptance: &Acceptance, count: usize, seed: u64) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut design = Design {
            bounds: bounds.clone(),
            acceptance: *acceptance,
            seed,
            drawn: 0,
            out_of_range: 0,
            not_periodic: 0,
            parameters: Vec::with_capacity(count),
        };
        while design.parameters.len() < count {
            if design.drawn > PATIENCE * count.max(10) {
                return Err(Error::value(
                    "design",
                    format!(
                        "only {} of {} sets were accepted ({} leave the range, {} are not \
                         periodic): narrower bounds or another rule are needed",
                        design.parameters.len(),
                        design.drawn,
                        design.out_of_range,
                        design.not_periodic
                    ),
                ));
            }
            for set in bounds.sample(count - design.parameters.len(), &mut rng)? {
                design.drawn += 1;
                match acceptance.judge(&MosmKernel::new(&set)?) {
                    Verdict::Accepted => design.parameters.push(set),
                    Verdict::OutOfRange => design.out_of_range += 1,
                    Verdict::NotPeriodic => design.not_periodic += 1,
                }
            }
        }
        Ok(design)
    }

    /// The share of the drawn sets that were rejected; the paper's is about 8 %.
    pub fn rejection_rate(&self) -> f64 {
        if self.drawn == 0 {
            return 0.0;
        }
        (self.out_of_range + self.not_periodic) as f64 / self.drawn as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_bounds_reject_about_what_the_paper_rejects() -> Result<()> {
        let design = Design::draw(&Bounds::paper(), &Acceptance::default(), 2000, 1)?;
        assert_eq!(design.parameters.len(), 2000);
        let rate = design.rejection_rate();
        println!(
            "rejected {:.1} %: {} out of range, {} not periodic, of {}",
            100.0 * rate,
            design.out_of_range,
            design.not_periodic,
            design.drawn
        );
        assert!((0.05..0.12).contains(&rate), "{rate}");
        assert_eq!(
            design,
            Design::draw(&Bounds::paper(), &Acceptance::default(), 2000, 1)?
        );
        for set in &design.parameters {
            let kernel = MosmKernel::new(set)?;
            assert!(kernel.variance().iter().all(|v| 3.2 * v.sqrt() <= 1.0));
        }
        // A tenth of the covariance reaches three times as far.
        let broad = Bounds {
            covariance: [0.15, 0.5],
            ..Bounds::paper()
        };
        let broad = Design::draw(&broad, &Acceptance::default(), 20, 1);
        assert!(broad.is_err() || broad.is_ok_and(|d| d.not_periodic > 20));
        let loud = Bounds {
            weight: [1.0, 2.0],
            ..Bounds::paper()
        };
        let error = Design::draw(&loud, &Acceptance::default(), 5, 1);
        assert!(error.is_err_and(|e| e.to_string().contains("leave the range")));
        Ok(())
    }

    #[test]
    fn a_spread_design_is_more_diverse() -> Result<()> {
        let (bounds, rule) = (Bounds::paper(), Acceptance::default());
        let drawn = Design::draw(&bounds, &rule, 150, 3)?;
        let spread = Design::spread(&bounds, &rule, 150, 4, 3)?;
        assert_eq!(spread.parameters.len(), 150);
        assert_eq!(spread, Design::spread(&bounds, &rule, 150, 4, 3)?);
        let measures = Diversity::compare(&[&drawn, &spread])?;
        println!("{measures:?}");
        assert!(measures[1].log_determinant > measures[0].log_determinant);
        assert!(measures[1].nearest > measures[0].nearest);
        Ok(())
    }
}
