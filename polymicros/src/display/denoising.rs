//! Denoising errors over the noise level.

use super::Chart;
use crate::training::DenoisingError;

/// The error of each way to denoise over the noise level, as a share of the noise: at 1 a denoiser
/// does nothing.
pub fn denoising_chart(found: &DenoisingError, title: &str) -> Chart {
    let mut chart = Chart::new("noise level σ", "error / σ")
        .title(title)
        .log_x();
    for row in &found.rows {
        let errors = row.errors.iter().zip(&found.levels);
        let shares: Vec<f64> = errors.map(|(error, sigma)| error / sigma).collect();
        chart =
            chart
                .line(&row.way, &found.levels, &shares)
                .points(&row.way, &found.levels, &shares);
    }
    chart
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Result;
    use crate::training::DenoisingRow;

    #[test]
    fn every_way_is_a_line_of_the_chart() -> Result<()> {
        let row = |way: &str, error: f64| DenoisingRow {
            way: way.into(),
            errors: vec![error, 2.0 * error],
            parameters: Vec::new(),
        };
        let found = DenoisingError {
            patches: 1,
            edge: 8,
            levels: vec![0.1, 1.0],
            rows: vec![row("nothing", 0.1), row("model", 0.02)],
        };
        let text = denoising_chart(&found, "errors").picture()?;
        let text = text.alt();
        assert!(text.contains("nothing") && text.contains("model"), "{text}");
        Ok(())
    }
}
