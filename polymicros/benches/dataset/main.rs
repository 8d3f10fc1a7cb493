//! What the dataset's store costs, alone or with Python as its reader.
//!
//! ```text
//! cargo bench -p polymicros --bench dataset              our side
//! cargo bench -p polymicros --bench dataset -- --peers   zarr-python and xarray read it as well
//! cargo bench -p polymicros --bench dataset -- --edge 128
//! ```
//!
//! Random fields stand for structures; they are drawn beforehand. Writing includes each
//! structure's record (grains and 2-point statistics). With `--peers` a Python environment is made
//! under `target/zarr` if it is not there; both libraries must find the values that this library
//! reads, or the benchmark fails.

#[path = "../python/mod.rs"]
mod python;

use polymicros::Result;
use polymicros::generation::dataset::{
    Dataset, DatasetSettings, Encoding, Generator, Recipe, Shard,
};
use polymicros::microstructure::{Field, Grid};
use polymicros::random_field::{Images, Mogrf, MosmKernel, MosmParameters, Sampler};
use python::{environment, failed, succeed};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const COUNT: usize = 12;
const PACKAGES: [&str; 3] = ["numpy", "xarray", "zarr"];

/// Fields that are there already.
struct Ready {
    fields: Vec<Field>,
}

impl Generator for Ready {
    fn make(
        &mut self,
        recipe: &Recipe,
        _: &MosmParameters,
        _: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<Field> {
        Ok(self.fields[recipe.structure].clone())
    }

    fn weights(&self) -> Vec<Option<String>> {
        vec![None]
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let peers = arguments.iter().any(|a| a == "--peers");
    let edge = arguments.iter().position(|a| a == "--edge");
    let edge = edge.and_then(|at| arguments.get(at + 1)?.parse().ok());
    let edge: usize = edge.unwrap_or(64);
    let folder = tempfile::tempdir().map_err(failed)?;
    println!("{COUNT} structures of {edge}^3, random fields");
    for encoding in [Encoding::Values, Encoding::Codes] {
        let path = folder.path().join(format!("{encoding:?}"));
        measure(encoding, edge, &path)?;
        if peers {
            read_by_python(&path, edge)?;
        }
    }
    Ok(())
}

fn measure(encoding: Encoding, edge: usize, path: &Path) -> Result<()> {
    let text = format!("count = {COUNT}\nedge = {edge}\nmodels = [{{ name = \"field\" }}]");
    let settings = DatasetSettings::from_toml(&text)?;
    let settings = DatasetSettings {
        encoding,
        ..settings
    };
    let design = settings.design()?;
    let fields = design.parameters.iter().enumerate().map(|(i, set)| {
        let kernel = MosmKernel::new(set)?;
        let field = Mogrf::of_kernel(&kernel, &Grid::cube(edge)?, Images::All)?;
        field.sample(Sampler::Algorithm1, i as u64)
    });
    let mut ready = Ready {
        fields: fields.collect::<Result<_>>()?,
    };
    let raw = (COUNT * 12 * edge.pow(3)) as f64;
    let start = Instant::now();
    let dataset = Dataset::create(settings, &ready, path)?;
    let begun = start.elapsed().as_secs_f64();
    let start = Instant::now();
    dataset.make(
        &mut ready,
        Shard::WHOLE,
        None,
        |_| ControlFlow::Continue(()),
    )?;
    let written = start.elapsed().as_secs_f64();
    let start = Instant::now();
    for structure in 0..COUNT {
        dataset.field(structure)?;
    }
    let read = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let check = Dataset::described(path)?.check(|_| {})?;
    let checked = start.elapsed().as_secs_f64();
    let records = dataset.records()?;
    let bytes: usize = records.iter().map(|record| record.bytes).sum();
    println!(
        "{encoding:?}: begun in {begun:.2} s; written with records at {:.0} MB/s of values, read \
         at {:.0} MB/s, all checked in {checked:.2} s (sound: {}); {:.0} kB a structure, {:.2} of \
         {:.0} kB of values",
        raw / written / 1e6,
        raw / read / 1e6,
        check.is_sound(),
        bytes as f64 / COUNT as f64 / 1e3,
        bytes as f64 / raw,
        raw / COUNT as f64 / 1e3
    );
    let lost: Vec<_> = records.iter().filter_map(|record| record.lost).collect();
    if !lost.is_empty() {
        let mean = |of: fn(&polymicros::generation::dataset::Lost) -> f64| {
            lost.iter().map(of).sum::<f64>() / lost.len() as f64
        };
        println!(
            "  codes: rms {:.4} ({:.4} where valid), {:.0} % of voxels not valid before",
            mean(|l| l.rms),
            mean(|l| l.rms_of_valid),
            100.0 * mean(|l| l.invalid)
        );
    }
    Ok(())
}

/// zarr-python and xarray must read what we read.
fn read_by_python(path: &Path, edge: usize) -> Result<()> {
    let python = environment("zarr", &PACKAGES, "import xarray, zarr")?;
    let dataset = Dataset::open(path)?;
    let ours = path.join("ours.npy");
    let field = dataset.field(COUNT - 1)?;
    ndarray_npy::write_npy(&ours, &field.data().to_owned()).map_err(failed)?;
    let vector = path.join("parameters.npy");
    let parameters = ndarray::Array1::from(dataset.parameters(COUNT - 1)?.to_vector());
    ndarray_npy::write_npy(&vector, &parameters).map_err(failed)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/dataset/peers.py");
    let store = path.join("structures.zarr");
    succeed(
        Command::new(python)
            .arg(script)
            .args([&store, &ours, &vector])
            .arg(edge.to_string()),
    )
}
