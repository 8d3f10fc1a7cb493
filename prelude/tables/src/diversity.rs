//! A table of how diverse sets are.

use crate::Table;
use polymicros::Result;
use polymicros::generation::diversity::{Comparison, Interval, SetDiversity};

/// A row a set: how many components explain 90 and 99 % of its variance, and the volume that it
/// spans among the components of all sets, each with its interval of 95 %.
///
/// # Errors
/// Never with a comparison of this library.
pub fn diversity_table(comparison: &Comparison) -> Result<Table> {
    let sets = &comparison.sets;
    let figures: [(&str, fn(&SetDiversity) -> Interval); 3] = [
        ("components for 90 %", |set| set.components_90),
        ("components for 99 %", |set| set.components_99),
        ("log volume", |set| set.log_volume),
    ];
    let names = sets.iter().map(|set| set.name.clone()).collect();
    let mut columns = Table::new().text("set", names);
    for (name, of) in figures {
        let column = |end: fn(Interval) -> f64| sets.iter().map(|set| end(of(set))).collect();
        columns = columns
            .number(name, column(|i| i.value))
            .number(&format!("{name}, low"), column(|i| i.low))
            .number(&format!("{name}, high"), column(|i| i.high));
    }
    columns.table()
}
