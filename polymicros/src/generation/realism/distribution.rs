//! Distributions of one number, and how far two are apart.

/// A distribution of finite values, each with a weight.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Distribution {
    /// In ascending order.
    values: Vec<(f64, f64)>,
    total: f64,
}

impl Distribution {
    /// From values and their weights, in any order.
    pub fn new(values: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut values: Vec<(f64, f64)> = values.into_iter().collect();
        values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let total = values.iter().map(|(_, weight)| weight).sum();
        Distribution { values, total }
    }

    pub fn mean(&self) -> f64 {
        let sum: f64 = self.values.iter().map(|(v, weight)| v * weight).sum();
        sum / self.total
    }

    pub fn deviation(&self) -> f64 {
        let mean = self.mean();
        let squares = self.values.iter().map(|(v, w)| w * (v - mean).powi(2));
        (squares.sum::<f64>() / self.total).sqrt()
    }

    /// The Wasserstein-1 distance: the area between the cumulative distributions. It is what it
    /// costs to turn one into the other, at the price of share times distance, and has the unit of
    /// the values.
    pub fn wasserstein(&self, other: &Self) -> f64 {
        let (mut i, mut j) = (0, 0);
        let (mut below, mut below_other) = (0.0, 0.0);
        let mut last: Option<f64> = None;
        let mut area = 0.0;
        loop {
            let here = self.values.get(i).map(|v| v.0);
            let there = other.values.get(j).map(|v| v.0);
            let next = match (here, there) {
                (Some(a), Some(b)) => a.min(b),
                (Some(a), None) | (None, Some(a)) => a,
                (None, None) => return area,
            };
            if let Some(last) = last {
                area += (below / self.total - below_other / other.total).abs() * (next - last);
            }
            while let Some((_, weight)) = self.values.get(i).filter(|v| v.0 == next) {
                below += weight;
                i += 1;
            }
            while let Some((_, weight)) = other.values.get(j).filter(|v| v.0 == next) {
                below_other += weight;
                j += 1;
            }
            last = Some(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Distribution {
        Distribution::new(values.iter().map(|v| (*v, 1.0)))
    }

    proptest! {
        /// For as many values each, the cheapest assignment pairs them in order.
        #[test]
        fn equals_the_cheapest_assignment(
            mut pairs in prop::collection::vec((-5.0..5.0f64, -5.0..5.0f64), 1..30),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            let found = of(&a).wasserstein(&of(&b));
            let (mut a, mut b) = (a, b);
            a.sort_by(f64::total_cmp);
            b.sort_by(f64::total_cmp);
            let costs = a.iter().zip(&b).map(|(a, b)| (a - b).abs());
            let expected = costs.sum::<f64>() / a.len() as f64;
            prop_assert!((found - expected).abs() < 1e-9);
            // Any other assignment costs no less.
            pairs.rotate_left(1);
            let other = pairs.iter().zip(&a).map(|((_, b), a)| (a - b).abs());
            prop_assert!(other.sum::<f64>() / a.len() as f64 >= found - 1e-9);
        }

        /// A metric; a shift costs its length; weights count as repetitions.
        #[test]
        fn is_a_metric(
            a in prop::collection::vec(-5.0..5.0f64, 1..20),
            b in prop::collection::vec(-5.0..5.0f64, 1..20),
            c in prop::collection::vec(-5.0..5.0f64, 1..20),
            shift in -3.0..3.0f64,
        ) {
            let shifted: Vec<f64> = a.iter().map(|v| v + shift).collect();
            let twice = Distribution::new(a.iter().map(|v| (*v, 2.0)));
            let repeated = of(&[a.clone(), a.clone()].concat());
            let (a, b, c) = (of(&a), of(&b), of(&c));
            prop_assert!((a.wasserstein(&of(&shifted)) - shift.abs()).abs() < 1e-9);
            prop_assert!((a.wasserstein(&b) - b.wasserstein(&a)).abs() < 1e-12);
            prop_assert!(a.wasserstein(&c) <= a.wasserstein(&b) + b.wasserstein(&c) + 1e-9);
            prop_assert!(twice.wasserstein(&repeated) < 1e-12);
            prop_assert!(a.wasserstein(&a) == 0.0);
        }
    }

    /// Two exponential distributions of means m and n are |m - n| apart, since their cumulative
    /// distributions never cross.
    #[test]
    fn exponential_distributions_are_as_far_apart_as_their_means() {
        let quantiles = |mean: f64| {
            let at = |i: u32| -mean * (1.0 - (f64::from(i) + 0.5) / 20_000.0).ln();
            of(&(0..20_000).map(at).collect::<Vec<_>>())
        };
        let (a, b) = (quantiles(1.0), quantiles(2.5));
        assert!((a.wasserstein(&b) - 1.5).abs() < 2e-3);
        assert!((b.mean() - 2.5).abs() < 2e-3 && (b.deviation() - 2.5).abs() < 2e-2);
    }
}
