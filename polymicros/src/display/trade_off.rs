//! Statistics kept and neighbourhoods gained, over the steps that are skipped.

use super::realism::ratios;
use super::{Chart, Picture, charts};
use crate::Result;
use crate::generation::{Realism, TradeOff};

/// What is kept of the statistics, and how far each realism measure is from its yardstick, over
/// the number of steps that were skipped.
///
/// # Errors
/// When there is nothing to draw.
pub fn trade_off_charts(found: &[TradeOff]) -> Result<Picture> {
    let skips: Vec<f64> = found.iter().map(|one| one.skip as f64).collect();
    let line = |chart: Chart, name: &str, of: &dyn Fn(&TradeOff) -> f64| {
        let y: Vec<f64> = found.iter().map(of).collect();
        chart.line(name, &skips, &y).points(name, &skips, &y)
    };
    let mut kept = Chart::new("steps skipped", "").title("Statistics kept");
    kept = line(kept, "cosine to the field's", &|one| one.kept.cosine);
    kept = line(kept, "error against the field's", &|one| one.kept.error);
    kept = line(kept, "correlation with the field", &|one| {
        one.kept.correlation
    });
    let realism: Vec<&Realism> = found.iter().map(|one| &one.realism).collect();
    let real = ratios("steps skipped", &skips, &realism).title("Neighbourhoods");
    charts(&[kept, real], 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::display::realism::tests::twice;
    use crate::generation::KeptStatistics;

    #[test]
    fn both_sides_of_the_trade_are_drawn() -> Result<()> {
        let at = |skip: usize| TradeOff {
            skip,
            sigma: 1.0,
            kept: KeptStatistics {
                error: 0.3,
                cosine: 0.9,
                error_to_kernel: 0.5,
                field_error_to_kernel: 0.4,
                correlation: 0.1 * skip as f64,
            },
            realism: twice(),
        };
        let text = trade_off_charts(&[at(5), at(8)])?;
        let text = text.alt();
        for name in ["Statistics kept", "Neighbourhoods", "interior voxels"] {
            assert!(text.contains(name), "{text}");
        }
        assert!(trade_off_charts(&[]).is_err());
        Ok(())
    }
}
