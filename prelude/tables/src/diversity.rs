//! A table of how diverse sets are.

use crate::{Columns, Table};
use polymicros::Result;
use polymicros::generation::diversity::{Comparison, Interval, SetDiversity};

/// A row a set: how many components explain 90 and 99 % of its variance, and the volume that it
/// spans among the components of all sets, each with its interval of 95 %.
///
/// # Errors
/// Never with a comparison of this library.
pub fn diversity_table(comparison: &Comparison) -> Result<Table> {
    let sets = &comparison.sets;
    let names = sets.iter().map(|set| set.name.clone()).collect();
    let figure = |of: fn(&SetDiversity) -> Interval| sets.iter().map(of).collect();
    let mut columns = Table::new().text("set", names);
    columns = with(columns, "components, 90 %", 0, figure(|s| s.components_90));
    columns = with(columns, "components, 99 %", 0, figure(|s| s.components_99));
    with(columns, "log volume", 2, figure(|s| s.log_volume)).table()
}

/// A figure's column, and one of its intervals.
fn with(columns: Columns, name: &str, decimals: usize, values: Vec<Interval>) -> Columns {
    let ends = values
        .iter()
        .map(|Interval { low, high, .. }| format!("{low:.decimals$} to {high:.decimals$}"));
    columns
        .number(name, values.iter().map(|value| value.value).collect())
        .text(&format!("95 % of {name}"), ends.collect())
}
