//! Principal components: scores and explained variance (paper 5.1, Fig. 3).

use super::chart::charts_under;
use super::{Chart, Picture};
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2};

/// Scatter plots of principal component scores, one panel for each pair of components.
#[derive(Debug, Clone, PartialEq)]
pub struct PcScatter {
    title: String,
    explained: Vec<f64>,
    groups: Vec<Group>,
    pairs: Vec<[usize; 2]>,
}

#[derive(Debug, Clone, PartialEq)]
struct Group {
    name: String,
    colour: Option<[u8; 3]>,
    scores: Array2<f64>,
}

impl PcScatter {
    /// No groups yet. `explained` is the share of the variance that each component explains, of 1;
    /// it goes into the axes' labels and may be empty.
    pub fn new(explained: &[f64]) -> Self {
        PcScatter {
            title: String::new(),
            explained: explained.to_vec(),
            groups: Vec::new(),
            pairs: vec![[0, 1], [0, 2]],
        }
    }

    /// The same plots with a group of points, drawn over those before it. `scores` has one row for
    /// each sample and one column for each component.
    pub fn group(mut self, name: &str, scores: ArrayView2<'_, f64>) -> Self {
        self.groups.push(Group {
            name: name.into(),
            colour: None,
            scores: scores.to_owned(),
        });
        self
    }

    /// The same plots with another colour for the group given last.
    pub fn coloured(mut self, colour: [u8; 3]) -> Self {
        if let Some(group) = self.groups.last_mut() {
            group.colour = Some(colour);
        }
        self
    }

    /// The same plots for these pairs of components, counted from 0; PC 1 with PC 2 and PC 1 with
    /// PC 3 if not said otherwise.
    pub fn pairs(mut self, pairs: &[[usize; 2]]) -> Self {
        self.pairs = pairs.to_vec();
        self
    }

    /// The same plots under a title.
    pub fn title(mut self, title: &str) -> Self {
        self.title = title.into();
        self
    }

    /// Draws the plots.
    ///
    /// # Errors
    /// When there is no group, a group is empty or has too few components, or a score is not
    /// finite.
    pub fn picture(&self) -> Result<Picture> {
        if self.groups.is_empty() {
            return Err(Error::value("PC scatter", "no group of points"));
        }
        let mut panels = Vec::new();
        for [first, second] in &self.pairs {
            let mut chart = Chart::new(&self.label(*first), &self.label(*second));
            for Group {
                name,
                colour,
                scores,
            } in &self.groups
            {
                let needed = 1 + (*first).max(*second);
                if scores.ncols() < needed {
                    return Err(Error::shape(
                        format!("scores of `{name}`"),
                        format!("at least {needed} components"),
                        scores.ncols(),
                    ));
                }
                let column = |index: usize| scores.column(index).to_vec();
                chart = chart.points(name, &column(*first), &column(*second));
                if let Some(colour) = colour {
                    chart = chart.coloured(*colour);
                }
            }
            panels.push(chart);
        }
        let columns = if panels.len() == 4 { 2 } else { 3 };
        charts_under(&self.title, &panels, columns)
    }

    fn label(&self, component: usize) -> String {
        match self.explained.get(component) {
            Some(share) => format!("PC {} ({:.1} %)", component + 1, 100.0 * share),
            None => format!("PC {}", component + 1),
        }
    }
}

/// Curves of the variance that the first components explain together, one for each set of data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExplainedVariance {
    title: String,
    sets: Vec<(String, Vec<f64>)>,
    log: bool,
}

impl ExplainedVariance {
    /// No curves yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same curves and one more, from the share that each component explains, of 1.
    pub fn set(mut self, name: &str, explained: &[f64]) -> Self {
        self.sets.push((name.into(), explained.to_vec()));
        self
    }

    /// The same curves over a logarithmic number of components.
    pub fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// The same curves under a title.
    pub fn title(mut self, title: &str) -> Self {
        self.title = title.into();
        self
    }

    /// Draws the curves, with lines at 90 and 99 %.
    ///
    /// # Errors
    /// When there is no curve or an empty one, or a share is not finite.
    pub fn picture(&self) -> Result<Picture> {
        self.chart().picture()
    }

    /// The curves as a plot, to be put beside others.
    pub fn chart(&self) -> Chart {
        let mut chart = Chart::new("principal components", "explained variance / %")
            .title(&self.title)
            .level(90.0, "90 %")
            .level(99.0, "99 %");
        for (name, shares) in &self.sets {
            let x: Vec<f64> = (1..=shares.len()).map(|k| k as f64).collect();
            let mut sum = 0.0;
            let y: Vec<f64> = shares
                .iter()
                .map(|share| {
                    sum += 100.0 * share;
                    sum
                })
                .collect();
            chart = chart.line(name, &x, &y);
            // A few components are points, not a curve.
            if x.len() <= 12 {
                chart = chart.points(name, &x, &y);
            }
        }
        if self.log { chart.log_x() } else { chart }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_and_shares_are_drawn() -> Result<()> {
        let scores = Array2::from_shape_fn((30, 4), |(i, j)| ((i * (j + 2)) % 7) as f64);
        let plots = PcScatter::new(&[0.41, 0.2, 0.1]).group("synthetic", scores.view());
        let picture = plots.clone().picture()?;
        assert!(picture.alt().contains("PC 2 (20.0 %) over PC 1 (41.0 %)"));
        assert_eq!(plots.clone().label(3), "PC 4");
        assert!(plots.clone().pairs(&[[0, 4]]).picture().is_err());
        assert!(plots.pairs(&[]).picture().is_err());
        assert!(PcScatter::new(&[]).picture().is_err());
        Ok(())
    }

    #[test]
    fn curves_are_cumulative() -> Result<()> {
        let curves = ExplainedVariance::new().set("a", &[0.5, 0.3, 0.2]).log();
        let direct = Chart::new("principal components", "explained variance / %")
            .level(90.0, "90 %")
            .level(99.0, "99 %")
            .line("a", &[1.0, 2.0, 3.0], &[50.0, 80.0, 100.0])
            .points("a", &[1.0, 2.0, 3.0], &[50.0, 80.0, 100.0])
            .log_x();
        assert_eq!(curves.picture()?.png(), direct.picture()?.png());
        assert!(ExplainedVariance::new().picture().is_err());
        assert!(ExplainedVariance::new().set("a", &[]).picture().is_err());
        Ok(())
    }
}
