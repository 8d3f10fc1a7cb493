//! How far neighbourhoods are from an experiment's, measure by measure.

use super::Chart;
use crate::generation::{Measure, Realism, RealismLoss};

/// How far each realism measure is from its yardstick after noise of a level was added and taken
/// off again, over the level. The volume itself, at level zero, has no place on a logarithmic axis.
pub fn realism_loss_chart(found: &[RealismLoss], title: &str) -> Chart {
    let noisy = || found.iter().filter(|one| one.sigma > 0.0);
    let levels: Vec<f64> = noisy().map(|one| one.sigma).collect();
    let realism: Vec<&Realism> = noisy().map(|one| &one.realism).collect();
    ratios("noise level σ", &levels, &realism)
        .title(title)
        .log_x()
}

/// The ratio of each measure over `x`.
pub(super) fn ratios(x_label: &str, x: &[f64], found: &[&Realism]) -> Chart {
    let chart = Chart::new(x_label, "distance / yardstick")
        .log_y()
        .level(1.0, "as two halves of the source");
    let lines = Measure::ALL.into_iter().enumerate();
    lines.fold(chart, |chart, (index, measure)| {
        let of = |one: &&Realism| {
            let comparison = one.comparisons.get(index);
            comparison.map_or(f64::NAN, |comparison| comparison.ratio)
        };
        let y: Vec<f64> = found.iter().map(of).collect();
        chart
            .line(measure.name(), x, &y)
            .points(measure.name(), x, &y)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Result;
    use crate::generation::{Comparison, RealismSettings};

    /// Twice the yardstick in every measure.
    pub(in crate::display) fn twice() -> Realism {
        Realism {
            settings: RealismSettings::default(),
            patches: 4,
            comparisons: Measure::ALL
                .map(|measure| Comparison {
                    measure,
                    source: 1.0,
                    generated: 1.1,
                    distance: 0.2,
                    yardstick: 0.1,
                    ratio: 2.0,
                })
                .to_vec(),
        }
    }

    #[test]
    fn every_measure_is_drawn_over_the_levels() -> Result<()> {
        let at = |sigma: f64| RealismLoss {
            sigma,
            realism: twice(),
        };
        let picture = realism_loss_chart(&[at(0.0), at(0.1), at(1.0)], "columnar").picture()?;
        for text in [
            "columnar",
            "noise level σ",
            "orientation gradient",
            "chord length, z",
        ] {
            assert!(picture.alt().contains(text), "{}", picture.alt());
        }
        assert!(realism_loss_chart(&[at(0.0)], "").picture().is_err());
        Ok(())
    }
}
