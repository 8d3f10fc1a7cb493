//! A table of a dataset's structures.

use crate::{Columns, Table};
use polymicros::Result;
use polymicros::generation::dataset::{Dataset, Lost, Record};
use polymicros::orientation::ROGSH_NAMES;
use polymicros::random_field::{Guidelines, MosmKernel};

/// The numbers of a spectral Gaussian, in the order of its array.
const PARAMETERS: [&str; 11] = [
    "A x", "A y", "A z", "mean x", "mean y", "mean z", "delay x", "delay y", "delay z", "weight",
    "phase",
];

/// The structures of a dataset that are there: model, set of statistics, grains, the kernel's
/// measures, and what their code has lost (empty where values are stored).
///
/// # Errors
/// When a record is damaged.
pub fn dataset_table(dataset: &Dataset) -> Result<Table> {
    columns(dataset, &dataset.records()?)?.table()
}

/// [`dataset_table`], with every parameter of each structure's kernel in a column of its own.
///
/// # Errors
/// When a record is damaged.
pub fn dataset_table_with_parameters(dataset: &Dataset) -> Result<Table> {
    let records = dataset.records()?;
    let mut columns = columns(dataset, &records)?;
    let vectors = records
        .iter()
        .map(|record| Ok(dataset.parameters(record.structure)?.to_vector()))
        .collect::<Result<Vec<_>>>()?;
    let bounds = &dataset.settings().bounds;
    for mixture in 0..bounds.mixtures {
        for (channel, channel_name) in ROGSH_NAMES.iter().enumerate() {
            for (k, parameter) in PARAMETERS.iter().enumerate() {
                let at = (mixture * bounds.channels + channel) * PARAMETERS.len() + k;
                columns = columns.number(
                    &format!("{parameter} of mixture {}, {channel_name}", mixture + 1),
                    vectors.iter().map(|vector| vector[at]).collect(),
                );
            }
        }
    }
    columns.table()
}

fn columns(dataset: &Dataset, records: &[Record]) -> Result<Columns> {
    let whole = |of: fn(&Record) -> usize| records.iter().map(|r| of(r) as i64).collect();
    let text = |of: fn(&Record) -> String| records.iter().map(of).collect();
    let mut columns = Table::new()
        .integer("structure", whole(|r| r.structure))
        .text("model", text(|r| r.model.clone()))
        .integer("statistics", whole(|r| r.statistics))
        .integer("repeat", whole(|r| r.repeat))
        // A seed may be larger than the integers of a table.
        .text("field seed", text(|r| r.seeds.random_field.to_string()))
        .text("refinement seed", text(|r| r.seeds.refinement.to_string()))
        .integer("grains", whole(|r| r.grains))
        .number(
            "grains' worth",
            records.iter().map(|r| r.grains_worth).collect(),
        );
    let findings = records
        .iter()
        .map(|record| {
            let kernel = MosmKernel::new(dataset.parameters(record.structure)?)?;
            Ok(Guidelines::default().check(&kernel))
        })
        .collect::<Result<Vec<_>>>()?;
    columns = columns
        .number(
            "grains' worth asked for",
            findings.iter().map(|f| f.grains).collect(),
        )
        .number(
            "highest frequency",
            findings.iter().map(|f| f.frequency).collect(),
        );
    for (channel, name) in ROGSH_NAMES.iter().enumerate() {
        let values = records.iter().map(|r| r.deviation.get(channel).copied());
        let values = values.map(|value| value.unwrap_or(f64::NAN));
        columns = columns.number(&format!("deviation {name}"), values.collect());
    }
    let lost = |of: fn(&Lost) -> f64| {
        let values = records.iter().map(|r| r.lost.as_ref().map_or(f64::NAN, of));
        values.collect()
    };
    Ok(columns
        .number("code rms", lost(|l| l.rms))
        .number("code rms of valid", lost(|l| l.rms_of_valid))
        .number("invalid share", lost(|l| l.invalid)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use polymicros::Error;
    use polymicros::generation::dataset::{DatasetSettings, LocalModels, Shard};
    use std::ops::ControlFlow;

    #[test]
    fn a_row_a_structure_and_a_column_a_parameter() -> Result<()> {
        let folder = tempfile::tempdir().map_err(|e| Error::io("temporary folder", e))?;
        let text = "count = 3\nedge = 32\nmodels = [{ name = \"field\" }]";
        let settings = DatasetSettings::from_toml(text)?;
        let mut models = LocalModels::new(&settings)?;
        let dataset = Dataset::create(settings, &models, folder.path().join("dataset"))?;
        let go = |_: &_| ControlFlow::Continue(());
        dataset.make(&mut models, Shard::WHOLE, Some(2), go)?;
        let table = dataset_table(&dataset)?;
        assert_eq!(table.rows(), 2);
        let all = dataset_table_with_parameters(&dataset)?;
        assert_eq!(all.frame().width(), table.frame().width() + 132);
        let column = all.frame().columns().last().map(|c| c.get(1).ok());
        let phase = dataset.parameters(1)?.to_vector()[131];
        let expected = Some(Some(polars::prelude::AnyValue::Float64(phase)));
        assert_eq!(column, expected);
        Ok(())
    }
}
