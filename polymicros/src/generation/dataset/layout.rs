//! Which arrays a dataset's Zarr store has, and what is in them.

use super::voxels::{Coder, Voxels};
use super::zarr::{Files, Spec};
use super::{Description, Encoding, Lost, Recipe, Record};
use crate::orientation::{ROGSH_NAMES, RogshCodes};
use crate::random_field::{MosmParameters, SpectralGaussian};
use crate::{Error, Result};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The numbers of a [`SpectralGaussian`], in the order of its array.
const PARAMETERS: [&str; SpectralGaussian::COUNT] = [
    "covariance x",
    "covariance y",
    "covariance z",
    "mean x",
    "mean y",
    "mean z",
    "delay x",
    "delay y",
    "delay z",
    "weight",
    "phase",
];

/// How a structure read from the store becomes values of mean zero.
const HOW_TO_DECODE: &str = "table[codes[structure]] - mean[structure], per voxel; channel last";

/// The voxels of all structures, one chunk a structure.
pub(super) fn voxels(description: &Description) -> Spec {
    let settings = &description.settings;
    let (count, n) = (settings.count, settings.edge);
    let spec = match settings.encoding {
        Encoding::Values => Spec {
            chunk: vec![1, 3, n, n, n],
            ..Spec::whole(
                "rogsh",
                &[count, 3, n, n, n],
                &["structure", "channel", "x", "y", "z"],
                "ROGSH values of mean zero",
            )
        },
        Encoding::Codes => Spec {
            chunk: vec![1, n, n, n],
            ..Spec::whole(
                "codes",
                &[count, n, n, n],
                &["structure", "x", "y", "z"],
                "entries of the table of ROGSH values",
            )
        }
        .with("decode", HOW_TO_DECODE),
    };
    spec.with("channels", json!(ROGSH_NAMES))
        .with("coordinates", "model statistics repeat")
}

/// The bytes of a structure's chunk.
pub(super) fn encode(spec: &Spec, structure: usize, voxels: &Voxels) -> Result<Vec<u8>> {
    match voxels {
        Voxels::Values(values) => spec.encode(structure, values),
        Voxels::Codes(codes) => spec.encode(structure, codes),
    }
}

/// The voxels of a structure's chunk.
pub(super) fn decode(
    spec: &Spec,
    encoding: Encoding,
    structure: usize,
    bytes: Vec<u8>,
) -> Result<Voxels> {
    Ok(match encoding {
        Encoding::Values => Voxels::Values(spec.decode(structure, bytes)?),
        Encoding::Codes => Voxels::Codes(spec.decode(structure, bytes)?),
    })
}

/// The kernel parameters.
pub(super) fn parameters(description: &Description) -> Result<Spec> {
    let settings = &description.settings;
    let (sets, mixtures) = (settings.statistics()?, settings.bounds.mixtures);
    let shape = [sets, mixtures, settings.bounds.channels, PARAMETERS.len()];
    let dimensions = &["set", "mixture", "channel", "parameter"];
    let spec = Spec::whole(
        "parameters",
        &shape,
        dimensions,
        "parameters of the kernels",
    );
    Ok(spec.with("parameters", json!(PARAMETERS)))
}

/// The table of the codes.
pub(super) fn table(entries: usize) -> Spec {
    let dimensions = &["entry", "channel"];
    Spec::whole(
        "table",
        &[entries, 3],
        dimensions,
        "ROGSH values of the codes",
    )
}

/// All files of the store but the structures' chunks, by their paths in it. Once all structures
/// are there, their records are in it as well.
pub(super) fn files(
    description: &Description,
    design: &[MosmParameters],
    coder: &Coder,
    records: Option<&[Record]>,
) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = Files::default();
    let settings = &description.settings;
    let voxels = voxels(description);
    match settings.encoding {
        Encoding::Values => files.declare::<f32>(&voxels)?,
        Encoding::Codes => files.declare::<u16>(&voxels)?,
    }
    if let Coder::Codes(codes) = coder {
        files.put(&table(codes.values().len()), codes.values().as_flattened())?;
    }
    let vectors: Vec<f64> = design.iter().flat_map(MosmParameters::to_vector).collect();
    files.put(&parameters(description)?, &vectors)?;
    put_recipes(&mut files, description)?;
    if let Some(records) = records {
        put_records(&mut files, records)?;
    }
    files.finish(attributes(description))
}

/// A number for each structure.
fn each(name: &'static str, count: usize, about: &str) -> Spec {
    Spec::whole(name, &[count], &["structure"], about)
}

fn put_recipes(files: &mut Files, description: &Description) -> Result<()> {
    let settings = &description.settings;
    let count = settings.count;
    let recipes = (0..count)
        .map(|structure| settings.recipe(structure))
        .collect::<Result<Vec<_>>>()?;
    let names: Vec<&str> = settings.models.iter().map(|m| m.name.as_str()).collect();
    let numbers: Vec<usize> = (0..names.len()).collect();
    let model = each("model", count, "local model")
        .with("flag_values", json!(numbers))
        .with("flag_meanings", names.join(" "));
    let column = |of: fn(&Recipe) -> usize| recipes.iter().map(|r| of(r) as i32).collect();
    let columns: [(Spec, Vec<i32>); 3] = [
        (model, column(|r| r.model)),
        (
            each("statistics", count, "set of kernel parameters"),
            column(|r| r.statistics),
        ),
        (
            each("repeat", count, "how often this pair was made before"),
            column(|r| r.repeat),
        ),
    ];
    for (spec, values) in &columns {
        files.put(spec, values)?;
    }
    let seeds: [Vec<u64>; 2] = [
        recipes.iter().map(|r| r.seeds.random_field).collect(),
        recipes.iter().map(|r| r.seeds.refinement).collect(),
    ];
    let [random_field, refinement] = &seeds;
    let about = "seed of the random field";
    files.put(&each("random_field_seed", count, about), random_field)?;
    let about = "seed of the refinement";
    files.put(&each("refinement_seed", count, about), refinement)?;
    let means = recipes.iter().flat_map(|r| settings.models[r.model].mean);
    let mean = Spec::whole(
        "mean",
        &[count, 3],
        &["structure", "channel"],
        "to be added for the ROGSH values of orientations",
    );
    files.put(&mean, &means.collect::<Vec<f64>>())
}

fn put_records(files: &mut Files, records: &[Record]) -> Result<()> {
    let count = records.len();
    let grains: Vec<i32> = records.iter().map(|r| r.grains as i32).collect();
    files.put(&each("grains", count, "number of grains"), &grains)?;
    let worth: Vec<f64> = records.iter().map(|r| r.grains_worth).collect();
    let about = "grains that the covariances tell of";
    files.put(&each("grains_worth", count, about), &worth)?;
    let deviations: Vec<f64> = records.iter().flat_map(|r| r.deviation.clone()).collect();
    let deviation = Spec::whole(
        "deviation",
        &[count, 3],
        &["structure", "channel"],
        "standard deviation of the ROGSH values",
    );
    files.put(&deviation, &deviations)?;
    let lost: Option<Vec<_>> = records.iter().map(|r| r.lost).collect();
    let Some(lost) = lost else {
        return Ok(());
    };
    let column = |of: fn(&Lost) -> f64| -> Vec<f64> { lost.iter().map(of).collect() };
    let number = |name, about| each(name, count, about);
    for (spec, values) in [
        (
            number("lost_rms", "rms distance of codes from what was made"),
            column(|l| l.rms),
        ),
        (
            number("lost_rms_of_valid", "the same over valid voxels"),
            column(|l| l.rms_of_valid),
        ),
        (
            number("lost_largest", "largest distance"),
            column(|l| l.largest),
        ),
        (
            number("invalid_share", "share of voxels that were no ROGSH values"),
            column(|l| l.invalid),
        ),
    ] {
        files.put(&spec, &values)?;
    }
    Ok(())
}

/// What is said of the whole.
fn attributes(description: &Description) -> Map<String, Value> {
    let said = json!({
        "title": "synthetic polycrystalline microstructures (PolyMicros, Algorithm 3)",
        "description": description,
        "channels": ROGSH_NAMES,
    });
    match said {
        Value::Object(said) => said,
        _ => Map::new(),
    }
}

/// Kernel parameters from the numbers of their array.
pub(super) fn parameters_from(
    channels: usize,
    sets: usize,
    all: &[f64],
) -> Result<Vec<MosmParameters>> {
    let size = all.len() / sets.max(1);
    if size == 0 || !all.len().is_multiple_of(sets) {
        return Err(Error::shape("kernel parameters", sets, all.len()));
    }
    all.chunks_exact(size)
        .map(|vector| MosmParameters::from_vector(channels, vector))
        .collect()
}

/// The table of the codes from the numbers of its array.
pub(super) fn table_from(values: &[f32]) -> Result<RogshCodes> {
    let (values, rest) = values.as_chunks::<3>();
    if !rest.is_empty() {
        return Err(Error::shape(
            "table of ROGSH values",
            "three a row",
            rest.len(),
        ));
    }
    RogshCodes::from_values(values.to_vec())
}
