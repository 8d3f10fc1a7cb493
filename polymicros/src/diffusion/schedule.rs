//! Which noise levels a sampler visits.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// EDM's schedule: from `sigma_max` to `sigma_min` in equal steps of `sigma^(1/rho)`, then zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Number of steps, N of Algorithm 2.
    pub steps: usize,
    /// The lowest level before zero.
    pub sigma_min: f64,
    /// The first level.
    pub sigma_max: f64,
    /// The larger, the more steps are spent at low levels.
    pub rho: f64,
}

impl Default for Schedule {
    /// The paper's: 25 steps from 80 to 0.002, rho 7.
    fn default() -> Self {
        Schedule {
            steps: 25,
            sigma_min: 0.002,
            sigma_max: 80.0,
            rho: 7.0,
        }
    }
}

impl Schedule {
    /// The levels `t_0 … t_N`; the last is zero.
    ///
    /// # Errors
    /// When there are no steps, or the levels are not positive and in order.
    pub fn levels(&self) -> Result<Vec<f64>> {
        let Schedule {
            steps,
            sigma_min,
            sigma_max,
            rho,
        } = *self;
        let ordered = sigma_min > 0.0 && sigma_max >= sigma_min && sigma_max.is_finite();
        if steps == 0 || !ordered || !(rho.is_finite() && rho > 0.0) {
            return Err(Error::value(
                "noise schedule",
                format!(
                    "{steps} steps from {sigma_max} to {sigma_min} with rho {rho}: needs at least \
                     one step, 0 < sigma_min <= sigma_max and rho > 0"
                ),
            ));
        }
        let (high, low) = (sigma_max.powf(1.0 / rho), sigma_min.powf(1.0 / rho));
        let last = (steps - 1).max(1) as f64;
        let mut levels: Vec<f64> = (0..steps)
            .map(|i| (high + i as f64 / last * (low - high)).powf(rho))
            .collect();
        levels.push(0.0);
        Ok(levels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_run_from_sigma_max_to_sigma_min_and_zero() {
        let levels = Schedule::default().levels().unwrap();
        assert_eq!(levels.len(), 26);
        assert!((levels[0] - 80.0).abs() < 1e-9);
        assert!((levels[24] - 0.002).abs() < 1e-12);
        assert_eq!(levels[25], 0.0);
        assert!(levels.windows(2).all(|pair| pair[1] < pair[0]));
        // Equal steps of the seventh root.
        let roots: Vec<f64> = levels[..25].iter().map(|t| t.powf(1.0 / 7.0)).collect();
        let step = roots[0] - roots[1];
        assert!(roots.windows(2).all(|r| (r[0] - r[1] - step).abs() < 1e-12));
    }

    #[test]
    fn levels_out_of_order_are_refused() {
        let schedule = Schedule {
            sigma_min: 90.0,
            ..Schedule::default()
        };
        assert!(
            schedule
                .levels()
                .unwrap_err()
                .to_string()
                .contains("sigma_min <= sigma_max")
        );
        let none = Schedule {
            steps: 0,
            ..Schedule::default()
        };
        assert!(none.levels().is_err());
    }
}
