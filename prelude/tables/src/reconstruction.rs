//! Reconstructions as tables.

use crate::Table;
use polymicros::Result;
use polymicros::reconstruction::comparison::Row;
use polymicros::reconstruction::measures::Calibration;

/// Ways of filling in (rows) and how good they were (columns, shares in percent).
///
/// # Errors
/// Never with rows of this library.
pub fn comparison_table(rows: &[Row]) -> Result<Table> {
    let number = |value: &dyn Fn(&Row) -> f64| rows.iter().map(value).collect::<Vec<f64>>();
    let percent = |value: &dyn Fn(&Row) -> f64| number(&|row| 100.0 * value(row));
    let correlation = |row: &Row| {
        let calibration = row.calibration.as_ref();
        calibration.map_or(f64::NAN, |c| c.rank_correlation)
    };
    Table::new()
        .text("way", rows.iter().map(|row| row.method.clone()).collect())
        .number("error / %", percent(&|r| r.measures.mean_absolute_error))
        .number("MAPE / %", percent(&|r| r.measures.mape))
        .number("within 5° / %", percent(&|r| r.measures.same_orientation))
        .number(
            "wrong at boundaries / %",
            percent(&|r| r.measures.boundary_error.unwrap_or(f64::NAN)),
        )
        .number("covariances / %", percent(&|r| r.measures.covariance_error))
        .number("seam", number(&|r| r.measures.seam.unwrap_or(f64::NAN)))
        .number(
            "true seam",
            number(&|r| r.measures.true_seam.unwrap_or(f64::NAN)),
        )
        .number("spread and error", number(&correlation))
        .integer("samples", rows.iter().map(|r| r.samples as i64).collect())
        .integer(
            "evaluations",
            rows.iter().map(|r| r.evaluations as i64).collect(),
        )
        .number("seconds", number(&|r| r.seconds))
        .table()
}

/// The bins of a calibration, of the smallest spread first.
///
/// # Errors
/// Never with a calibration of this library.
pub fn calibration_table(calibration: &Calibration) -> Result<Table> {
    let bins = &calibration.bins;
    Table::new()
        .number("spread", bins.iter().map(|bin| bin.spread).collect())
        .number("error", bins.iter().map(|bin| bin.error).collect())
        .integer("voxels", bins.iter().map(|bin| bin.voxels as i64).collect())
        .table()
}

#[cfg(test)]
mod tests {
    use super::*;
    use polymicros::microstructure::StandIn;
    use polymicros::reconstruction::Mask;
    use polymicros::reconstruction::comparison::compare_interpolations;
    use polymicros::reconstruction::measures::CalibrationBin;

    #[test]
    fn each_way_is_a_row_and_each_bin_too() -> Result<()> {
        let truth = StandIn::CoarseBeta.generate([12; 3], 1)?.rogsh()?;
        let rows = compare_interpolations(&truth, &Mask::slices([12; 3], 0, 4, 0)?)?;
        assert_eq!(comparison_table(&rows)?.rows(), rows.len());
        let bin = CalibrationBin {
            spread: 0.1,
            error: 0.2,
            voxels: 7,
        };
        let calibration = Calibration {
            bins: vec![bin; 3],
            rank_correlation: 0.5,
        };
        assert_eq!(calibration_table(&calibration)?.rows(), 3);
        Ok(())
    }
}
