//! What ensembles from sections have to say, as tables.

use crate::Table;
use polymicros::Result;
use polymicros::reconstruction::sections::{CorrelationError, Morphology};

/// The errors of each correlation (rows) of several sets of statistics, under the sets' names:
/// largest and mean absolute error and mean square error, and the target's largest value.
///
/// # Errors
/// When names and sets differ in number.
pub fn correlation_error_table(names: &[String], sets: &[Vec<CorrelationError>]) -> Result<Table> {
    let all = || sets.iter().flatten();
    let of = |value: fn(&CorrelationError) -> f64| all().map(value).collect();
    let sets = names.iter().zip(sets);
    let named = sets.flat_map(|(name, set)| set.iter().map(|_| name.clone()));
    Table::new()
        .text("set", named.collect())
        .text(
            "pair",
            all().map(|e| format!("{}{}", e.pair.0, e.pair.1)).collect(),
        )
        .number("largest error", of(|e| e.maximum))
        .number("mean error", of(|e| e.mean))
        .number("mean square error", of(|e| e.mean_square))
        .number("largest value of the target", of(|e| e.scale))
        .table()
}

/// What volumes (rows) are like in ways that no orthogonal statistics enforce.
///
/// # Errors
/// When names and volumes differ in number.
pub fn morphology_table(names: &[String], volumes: &[Morphology]) -> Result<Table> {
    let of = |value: fn(&Morphology) -> f64| volumes.iter().map(value).collect();
    let where_grains = |value: fn(&Morphology) -> Option<f64>| {
        let sizes = volumes.iter().map(value);
        sizes.map(|size| size.unwrap_or(f64::NAN)).collect()
    };
    Table::new()
        .text("volume", names.to_vec())
        .number("within grains", of(|volume| volume.within_grains))
        .number(
            "distance from orientations",
            of(|volume| volume.from_orientations),
        )
        .integer("grains", volumes.iter().map(|v| v.grains as i64).collect())
        .number("mean diameter", where_grains(|volume| volume.mean_diameter))
        .number(
            "lognormal sigma",
            where_grains(|volume| volume.lognormal_sigma),
        )
        .number("intercept x", where_grains(|volume| volume.intercepts[0]))
        .number("intercept y", where_grains(|volume| volume.intercepts[1]))
        .number("intercept z", where_grains(|volume| volume.intercepts[2]))
        .table()
}

#[cfg(test)]
mod tests {
    use super::*;
    use polymicros::microstructure::StandIn;
    use polymicros::orientation::RogshInverse;
    use polymicros::reconstruction::sections::OrthogonalStatistics;

    #[test]
    fn rows_are_pairs_of_sets_and_volumes() -> Result<()> {
        let field = StandIn::CoarseBeta.generate([16; 3], 1)?.rogsh()?;
        let statistics = OrthogonalStatistics::of_volume(&field)?;
        let errors = statistics.errors(&statistics)?;
        let names = ["a".to_owned(), "b".to_owned()];
        let table = correlation_error_table(&names, &[errors.clone(), errors])?;
        assert_eq!((table.rows(), table.frame().width()), (12, 6));
        let one = Morphology::of(&field, 0.05, &RogshInverse::new()?)?;
        assert_eq!(morphology_table(&names, &[one.clone(), one])?.rows(), 2);
        Ok(())
    }
}
