//! What the pipeline's stages have to say, as tables.

use crate::Table;
use polymicros::Result;
use polymicros::microstructure::{Grain, Grains, Microstructure, Origin};
use polymicros::statistics::{OnePoint, Pca};

/// Components that a table of scores shows.
const COMPONENTS: usize = 5;

/// Mean and standard deviation of each channel (columns) of each field (rows).
///
/// # Errors
/// When names and fields differ in number, or fields in their channels.
pub fn one_point_table(names: &[String], fields: &[OnePoint]) -> Result<Table> {
    let mut columns = Table::new().text("field", names.to_vec());
    let channels = fields.first().map_or(&[][..], |field| &field.channels);
    for (channel, name) in channels.iter().enumerate() {
        let of = |value: fn(&OnePoint) -> Vec<f64>| {
            let values = fields
                .iter()
                .map(|field| value(field).get(channel).copied());
            values.map(|value| value.unwrap_or(f64::NAN)).collect()
        };
        columns = columns
            .number(&format!("mean {name}"), of(|field| field.mean.clone()))
            .number(&format!("deviation {name}"), of(OnePoint::deviation));
    }
    columns.table()
}

/// Number, size and neighbours of the grains of each volume that knows its grains. Neighbours are
/// counted across the faces of the box in stand-ins, which are periodic, and not in others.
///
/// # Errors
/// When a volume's grains cannot be counted.
pub fn grain_table(volumes: &[Microstructure]) -> Result<Table> {
    let known: Vec<&Microstructure> = volumes
        .iter()
        .filter(|volume| volume.grain_ids().is_some())
        .collect();
    let sizes = known
        .iter()
        .map(|volume| {
            let periodic = matches!(volume.origin, Origin::StandIn { .. });
            Grains::of_source(volume, periodic)
        })
        .collect::<Result<Vec<_>>>()?;
    let of = |value: fn(&Grains) -> f64| sizes.iter().map(value).collect();
    Table::new()
        .text("volume", known.iter().map(|v| v.name.clone()).collect())
        .integer("grains", sizes.iter().map(|s| s.count() as i64).collect())
        .number(
            "mean diameter / voxel",
            known
                .iter()
                .zip(&sizes)
                .map(|(volume, sizes)| {
                    sizes.diameters().iter().sum::<f64>()
                        / sizes.count() as f64
                        / volume.grid().spacing[0]
                })
                .collect(),
        )
        .number("lognormal sigma", of(Grains::lognormal_sigma))
        .number("mean neighbours", of(Grains::mean_neighbours))
        .table()
}

/// The grains one by one: size, equivalent diameter, mean orientation (Bunge, degrees; empty where
/// it is not unique or not known), number of neighbours, and whether the box cuts them.
///
/// # Errors
/// Never with grains of this library.
pub fn grain_list_table(grains: &Grains) -> Result<Table> {
    let list = grains.list();
    let number = |value: fn(&Grain) -> f64| list.iter().map(value).collect();
    let integer = |value: fn(&Grain) -> i64| list.iter().map(value).collect();
    let mut columns = Table::new()
        .integer("grain", integer(|grain| grain.id.into()))
        .integer("voxels", integer(|grain| grain.voxels as i64))
        .number("size", number(|grain| grain.size))
        .number("diameter", number(|grain| grain.diameter))
        .integer("phase", integer(|grain| grain.phase.into()));
    for (k, name) in ["phi1", "Phi", "phi2"].into_iter().enumerate() {
        let degrees = |grain: &Grain| {
            let angles = grain.orientation.map(|mean| mean.to_degrees()[k]);
            angles.unwrap_or(f64::NAN)
        };
        columns = columns.number(name, list.iter().map(degrees).collect());
    }
    columns
        .integer("neighbours", integer(|grain| grain.neighbours.len() as i64))
        .integer("cut", integer(|grain| grain.cut.into()))
        .table()
}

/// The first five PC scores of each structure.
///
/// # Errors
/// When names and structures differ in number.
pub fn scores_table(names: &[String], pca: &Pca) -> Result<Table> {
    let mut columns = Table::new().text("structure", names.to_vec());
    for (k, scores) in pca
        .scores()
        .columns()
        .into_iter()
        .take(COMPONENTS)
        .enumerate()
    {
        columns = columns.number(&format!("PC {}", k + 1), scores.to_vec());
    }
    columns.table()
}

/// Variance, share and cumulative share of each component, largest first.
///
/// # Errors
/// Never with a decomposition of this library.
pub fn explained_variance_table(pca: &Pca) -> Result<Table> {
    Table::new()
        .integer("component", (1..=pca.rank() as i64).collect())
        .number("explained variance", pca.explained_variance().to_vec())
        .number("share", pca.explained_ratio())
        .number("cumulative share", pca.cumulative_ratio())
        .table()
}

#[cfg(test)]
mod tests {
    use super::*;
    use polymicros::microstructure::StandIn;
    use polymicros::statistics::Vectors;

    #[test]
    fn rows_and_columns_are_those_of_the_results() -> Result<()> {
        let volume = StandIn::CoarseBeta.generate([16; 3], 1)?;
        let one = OnePoint::of(&volume.rogsh()?)?;
        let table = one_point_table(&["a".into(), "b".into()], &[one.clone(), one])?;
        assert_eq!((table.rows(), table.frame().width()), (2, 7));
        let grains = grain_table(std::slice::from_ref(&volume))?;
        assert_eq!(grains.rows(), 1);
        let grains = Grains::of_source(&volume, true)?;
        assert_eq!(grain_list_table(&grains)?.rows(), grains.count());
        Ok(())
    }

    #[test]
    fn shares_of_the_components_add_up() -> Result<()> {
        let rows = ndarray::Array2::from_shape_fn((4, 6), |(i, j)| ((i * 5 + j * j) % 7) as f32);
        let pca = Pca::fit(&Vectors::from_rows(rows)?)?;
        assert_eq!(explained_variance_table(&pca)?.rows(), pca.rank());
        let names: Vec<String> = (0..4).map(|i| i.to_string()).collect();
        assert_eq!(scores_table(&names, &pca)?.rows(), 4);
        assert!(scores_table(&names[..3], &pca).is_err());
        Ok(())
    }
}
