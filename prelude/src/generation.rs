//! Local models and what is made with them, without anything generic left for a cell to compile.

use polymicros::diffusion::{Batch, Sampler, Solver};
use polymicros::generation::{
    LocalGlobal, LocalModel, RealismLoss, RealismSettings, Seeds, Structure, TradeOff,
};
use polymicros::microstructure::{Field, Grid, StandIn};
use polymicros::orientation::ROGSH_NAMES;
use polymicros::random_field::MosmParameters;
use polymicros::training::{DenoisingError, DenoisingTest, LogLine, PatchSet, centred, read_log};
use polymicros::{Error, Result};
use std::path::PathBuf;

/// A structure by local-global sampling (Algorithm 3): [`LocalGlobal::structure`].
///
/// # Errors
/// As there.
pub fn sample_structure(
    local_global: &LocalGlobal,
    parameters: &MosmParameters,
    model: &LocalModel,
    grid: &Grid,
    seeds: Seeds,
) -> Result<Structure> {
    local_global.structure(parameters, model, grid, seeds, |_| Ok(()))
}

/// The local model of a stand-in that ships with the project.
///
/// # Errors
/// When there is none of this stand-in, as of the one that is held out.
pub fn local_model(stand_in: StandIn) -> Result<LocalModel> {
    LocalModel::open(shipped(&file_name(stand_in), "safetensors"))
}

/// The log of the training of the model that [`local_model`] opens.
///
/// # Errors
/// As there.
pub fn training_log(stand_in: StandIn) -> Result<Vec<LogLine>> {
    read_log(shipped(&file_name(stand_in), "jsonl"))
}

fn file_name(stand_in: StandIn) -> String {
    stand_in.name().replace(' ', "_")
}

/// A file of a model that ships, wherever the notebook is.
pub(crate) fn shipped(name: &str, ending: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/models");
    PathBuf::from(folder).join(format!("{name}.{ending}"))
}

/// A field that a model makes of noise alone (Algorithm 2, in 25 steps), `edge` voxels along each
/// axis.
///
/// # Errors
/// When the model is not of ROGSH fields, or cannot take this edge.
pub fn sample_field(model: &LocalModel, edge: usize, solver: Solver, seed: u64) -> Result<Field> {
    let sampler = Sampler {
        solver,
        ..Sampler::default()
    };
    let channels = model.channels();
    if channels != ROGSH_NAMES.len() {
        let expected = ROGSH_NAMES.len();
        return Err(Error::shape("channels of the model", expected, channels));
    }
    let x = Batch::zeros((1, channels, edge, edge, edge));
    let x = sampler.sample(model, x, seed, None, |_| Ok(()))?;
    let data = x.index_axis_move(ndarray::Axis(0), 0);
    Field::new(Grid::cube(edge)?, ROGSH_NAMES, data)
}

/// A model's denoising error on patches of one volume, beside those of filters whose parameters
/// are chosen on patches of another.
///
/// # Errors
/// When a volume has invalid voxels or is smaller than a patch.
pub fn denoising_error(
    model: &LocalModel,
    tuning: &Field,
    held_out: &Field,
    patch: usize,
    patches: usize,
) -> Result<DenoisingError> {
    let cut = |field: &Field| -> Result<Vec<ndarray::Array4<f32>>> {
        let set = PatchSet::new(vec![centred(field)?], patch, patch, false, 0)?;
        Ok(set.evenly(patches))
    };
    let levels = DenoisingTest::levels();
    DenoisingTest::new(&cut(tuning)?, &cut(held_out)?, &levels, 0)?.measure(model.name(), model)
}

/// What local-global sampling keeps of the statistics and how real its neighbourhoods are, for
/// each number of skipped steps: [`TradeOff::measure`].
///
/// # Errors
/// As there.
pub fn measure_trade_off(
    local_global: &LocalGlobal,
    parameters: &[MosmParameters],
    model: &LocalModel,
    grid: &Grid,
    skips: &[usize],
    source: &[Field],
) -> Result<Vec<TradeOff>> {
    let settings = RealismSettings::default();
    let to = (source, settings);
    TradeOff::measure(local_global, parameters, model, grid, skips, to, |_| Ok(()))
}

/// How real a volume of the experiment still is when noise of each level has been added to it and
/// the model has taken it off again: [`RealismLoss::measure`], with the paper's schedule.
///
/// # Errors
/// As there.
pub fn measure_realism_loss(
    model: &LocalModel,
    volume: &Field,
    levels: &[f64],
    solver: Solver,
    source: &[Field],
) -> Result<Vec<RealismLoss>> {
    let sampler = Sampler {
        solver,
        ..Sampler::default()
    };
    let to = (source, RealismSettings::default());
    RealismLoss::measure(&sampler, model, volume, levels, to, 1, |_| Ok(()))
}
