//! Histograms, with a density over them.

use super::{Chart, Picture};
use crate::{Error, Result};

/// A histogram of values as a probability density, so that densities can be drawn over it.
///
/// On a logarithmic axis the density is that of the natural logarithm of the value: bars of equal
/// width on the page then count equally, and a lognormal distribution is a bell.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    title: String,
    label: String,
    values: Vec<f64>,
    bins: Option<usize>,
    log: bool,
    lognormal: bool,
    densities: Vec<(String, Vec<f64>, Vec<f64>)>,
}

impl Histogram {
    /// A histogram of values; `label` says what they are: `grain size / µm`.
    pub fn new(label: &str, values: &[f64]) -> Self {
        Histogram {
            title: String::new(),
            label: label.into(),
            values: values.to_vec(),
            bins: None,
            log: false,
            lognormal: false,
            densities: Vec::new(),
        }
    }

    /// The same histogram under a title.
    pub fn title(mut self, title: &str) -> Self {
        self.title = title.into();
        self
    }

    /// The same histogram with so many bins, instead of a number that suits the data.
    pub fn bins(mut self, bins: usize) -> Self {
        self.bins = Some(bins);
        self
    }

    /// The same histogram over a logarithmic axis.
    pub fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// The same histogram with the lognormal density of the values' own logarithmic mean and
    /// standard deviation, which the legend names.
    pub fn lognormal_fit(mut self) -> Self {
        self.lognormal = true;
        self
    }

    /// The same histogram with a density of the value (also on a logarithmic axis), given at
    /// points.
    pub fn density(mut self, name: &str, x: &[f64], density: &[f64]) -> Self {
        self.densities
            .push((name.into(), x.to_vec(), density.to_vec()));
        self
    }

    /// Draws the histogram.
    ///
    /// # Errors
    /// When there are no values, one is not finite, or one is not positive where logarithms are
    /// taken.
    pub fn picture(&self) -> Result<Picture> {
        self.chart()?.picture()
    }

    /// The histogram as a plot, to be put beside others.
    ///
    /// # Errors
    /// As [`Histogram::picture`].
    pub fn chart(&self) -> Result<Chart> {
        let need_log = self.log || self.lognormal;
        let bad = |v: &f64| !v.is_finite() || (need_log && *v <= 0.0);
        if let Some(index) = self.values.iter().position(bad) {
            let need = if need_log { "positive" } else { "finite" };
            return Err(Error::value(
                self.label.clone(),
                format!(
                    "value {index} is {}: {need} values needed",
                    self.values[index]
                ),
            ));
        }
        if self.values.is_empty() {
            return Err(Error::value(self.label.clone(), "no values to count"));
        }
        let (edges, heights) = self.count();
        let quantity = self.label.split(" / ").next().unwrap_or_default();
        let y_label = if self.log {
            format!("density of ln({quantity})")
        } else {
            "probability density".into()
        };
        let mut chart = Chart::new(&self.label, &y_label)
            .title(&self.title)
            .bars("", &edges, &heights);
        if self.log {
            chart = chart.log_x();
        }
        if self.lognormal {
            chart = self.with_fit(chart, &edges);
        }
        for (name, x, density) in &self.densities {
            // d(ln x) = dx / x.
            let scaled = density
                .iter()
                .zip(x)
                .map(|(p, x)| if self.log { p * x } else { *p });
            chart = chart.line(name, x, &scaled.collect::<Vec<_>>());
        }
        Ok(chart)
    }

    /// Bin edges in the values' unit, and densities.
    fn count(&self) -> (Vec<f64>, Vec<f64>) {
        let axis = |value: f64| if self.log { value.ln() } else { value };
        let mut sorted: Vec<f64> = self.values.iter().map(|v| axis(*v)).collect();
        sorted.sort_by(f64::total_cmp);
        let (mut low, mut high) = (sorted[0], sorted[sorted.len() - 1]);
        if (high - low).is_nan() || high - low <= 1e-9 * low.abs().max(high.abs()) {
            let half = if low == 0.0 { 0.5 } else { low.abs() / 10.0 };
            (low, high) = (low - half, high + half);
        }
        let bins = self
            .bins
            .unwrap_or_else(|| suitable_bins(&sorted, high - low))
            .clamp(1, 400);
        let width = (high - low) / bins as f64;
        let mut counts = vec![0usize; bins];
        for value in &sorted {
            counts[(((value - low) / width) as usize).min(bins - 1)] += 1;
        }
        let edges = (0..=bins).map(|k| {
            let edge = low + k as f64 * width;
            if self.log { edge.exp() } else { edge }
        });
        let total = sorted.len() as f64 * width;
        let heights = counts.iter().map(|count| *count as f64 / total);
        (edges.collect(), heights.collect())
    }

    fn with_fit(&self, chart: Chart, edges: &[f64]) -> Chart {
        let logs: Vec<f64> = self.values.iter().map(|v| v.ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let variance = logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / logs.len() as f64;
        let deviation = variance.sqrt();
        if deviation == 0.0 {
            return chart; // One value only has no density.
        }
        let (low, high) = (edges[0], edges[edges.len() - 1]);
        let x: Vec<f64> = (0..=200)
            .map(|k| low * (high / low).powf(f64::from(k) / 200.0))
            .collect();
        let y = x.iter().map(|x| {
            let z = (x.ln() - mean) / deviation;
            let bell = (-z * z / 2.0).exp() / (deviation * std::f64::consts::TAU.sqrt());
            if self.log { bell } else { bell / x }
        });
        let y: Vec<f64> = y.collect();
        let name = format!("lognormal, median {:.3}, σ(ln) {deviation:.2}", mean.exp());
        chart
            .line(&name, &x, &y)
            .coloured(super::colour::series_colour(1))
    }
}

/// The rule of Freedman and Diaconis: bins of twice the interquartile range over the cube root of
/// the number of values.
fn suitable_bins(sorted: &[f64], range: f64) -> usize {
    let quartile = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
    let width = 2.0 * (quartile(0.75) - quartile(0.25)) / (sorted.len() as f64).cbrt();
    if width > 0.0 {
        (range / width).clamp(6.0, 60.0) as usize
    } else {
        10
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, LogNormal};

    #[test]
    fn bars_are_a_density() -> Result<()> {
        let law = LogNormal::new(1.0, 0.4).map_err(|e| Error::value("law", e.to_string()))?;
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let values: Vec<f64> = (0..40_000).map(|_| law.sample(&mut random)).collect();
        for histogram in [
            Histogram::new("size", &values),
            Histogram::new("size", &values).log(),
        ] {
            let (edges, heights) = histogram.count();
            assert_eq!(edges.len(), heights.len() + 1);
            let axis = |x: f64| if histogram.log { x.ln() } else { x };
            let area: f64 = heights
                .iter()
                .zip(edges.windows(2))
                .map(|(height, edge)| height * (axis(edge[1]) - axis(edge[0])))
                .sum();
            assert!((area - 1.0).abs() < 1e-9, "{area}");
            // Against the closed form of the density at the middle of each bin.
            for (height, edge) in heights.iter().zip(edges.windows(2)) {
                let x: f64 = if histogram.log {
                    (edge[0] * edge[1]).sqrt()
                } else {
                    (edge[0] + edge[1]) / 2.0
                };
                let z = (x.ln() - 1.0) / 0.4;
                let bell = (-z * z / 2.0).exp() / (0.4 * std::f64::consts::TAU.sqrt());
                let expected = if histogram.log { bell } else { bell / x };
                assert!((height - expected).abs() < 0.05, "{x}: {height} {expected}");
            }
            histogram.lognormal_fit().picture()?;
        }
        Ok(())
    }

    #[test]
    fn what_cannot_be_counted_is_named() -> Result<()> {
        assert!(Histogram::new("size", &[]).picture().is_err());
        assert!(Histogram::new("size", &[1.0, f64::NAN]).picture().is_err());
        assert!(Histogram::new("size", &[1.0, 0.0]).log().picture().is_err());
        Histogram::new("size", &[2.0, 2.0])
            .lognormal_fit()
            .picture()?;
        Histogram::new("size", &[0.0]).bins(0).picture()?;
        Ok(())
    }
}
