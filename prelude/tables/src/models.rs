//! What is known of models, as tables.

use crate::Table;
use polymicros::Result;
use polymicros::generation::{Measure, Realism};
use polymicros::training::DenoisingError;

/// The denoising error of each way (rows) at each noise level (columns).
///
/// # Errors
/// When a row has not one error for each level.
pub fn denoising_table(found: &DenoisingError) -> Result<Table> {
    let ways = found.rows.iter().map(|row| row.way.clone()).collect();
    let mut columns = Table::new().text("error at σ", ways);
    for (index, level) in found.levels.iter().enumerate() {
        let at = |errors: &Vec<f64>| errors.get(index).copied().unwrap_or(f64::NAN);
        let errors = found.rows.iter().map(|row| at(&row.errors)).collect();
        columns = columns.number(&format!("{level}"), errors);
    }
    columns.table()
}

/// How far each of several generated sets (rows) is from its source in each measure (columns): the
/// distance over that of two halves of the source.
///
/// # Errors
/// When names and results differ in number.
pub fn realism_table(names: &[String], found: &[Realism]) -> Result<Table> {
    let mut columns = Table::new().text("distance / yardstick", names.to_vec());
    for (index, measure) in Measure::ALL.into_iter().enumerate() {
        let of = |one: &Realism| one.comparisons.get(index).map_or(f64::NAN, |c| c.ratio);
        columns = columns.number(measure.name(), found.iter().map(of).collect());
    }
    columns.table()
}

#[cfg(test)]
mod tests {
    use super::*;
    use polymicros::generation::RealismSettings;
    use polymicros::microstructure::StandIn;
    use polymicros::training::DenoisingRow;

    #[test]
    fn tables_have_a_row_for_each_way_and_each_set() -> Result<()> {
        let row = |way: &str| DenoisingRow {
            way: way.into(),
            errors: vec![0.1, 0.2],
            parameters: Vec::new(),
        };
        let found = DenoisingError {
            patches: 1,
            edge: 8,
            levels: vec![0.1, 0.5],
            rows: vec![row("nothing"), row("model")],
        };
        let table = denoising_table(&found)?;
        assert_eq!((table.rows(), table.frame().width()), (2, 3));
        let volume = StandIn::Recrystallised.generate([16; 3], 1)?.rogsh()?;
        let settings = RealismSettings {
            patch: 8,
            ..RealismSettings::default()
        };
        let realism = Realism::compare(
            std::slice::from_ref(&volume),
            std::slice::from_ref(&volume),
            settings,
        )?;
        let table = realism_table(&["itself".into()], &[realism])?;
        assert_eq!((table.rows(), table.frame().width()), (1, 6));
        Ok(())
    }
}
